//! `docs/record.schema.json` against what the command prints.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod wire;

use common::{corpus_cases, tktdump};
use serde_json::{Value, json};
use wire::Side::{Client, Server};
use wire::{Hello, Talk};

fn schema() -> Value {
    serde_json::from_slice(&std::fs::read("docs/record.schema.json").unwrap()).unwrap()
}

/// The schema with nothing allowed that it does not name.
fn strict(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
                members.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

fn check(validator: &jsonschema::Validator, records: &[Value]) {
    assert!(!records.is_empty());
    for record in records {
        if let Err(error) = validator.validate(record) {
            panic!("{error} at {}: {record}", error.instance_path());
        }
    }
}

#[test]
fn every_record_is_as_the_schema_says() {
    let validator = jsonschema::validator_for(&strict(schema())).unwrap();
    for (_, case) in corpus_cases() {
        let mut args: Vec<String> = ["-q", "-f", "json", "--stats", "--no-verify"].map(str::to_owned).to_vec();
        if case.join("ticket.key").exists() {
            args.extend(["--key".to_owned(), case.join("ticket.key").to_str().unwrap().to_owned()]);
        }
        for input in ["session.pem", "capture.pcap"] {
            if case.join(input).exists() {
                args.push(case.join(input).to_str().unwrap().to_owned());
            }
        }
        check(&validator, &tktdump(&args, b"").records());
        args.push("--redact".to_owned());
        check(&validator, &tktdump(&args, b"").records());
    }
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record()).send(Server, &wire::alert(2, 40)).close();
    check(&validator, &tktdump(&["-q", "-f", "json", "--stats"], &wire::pcap(101, &talk.packets)).records());
    let capture = "testdata/nginx48_tls12_refused/capture.pcap";
    let key = "testdata/nginx48_tls12/ticket.key";
    for args in [
        &["survey", "-f", "json", "--key", key, capture, "testdata/nginx48_tls12/capture.pcap"][..],
        &["audit", "-q", "-f", "json", "--stats", "--key", key, capture],
        &["keys", "-f", "json", key],
        &["-f", "json", "tests/cmd/damaged.hex"],
    ] {
        check(&validator, &tktdump(args, b"").records());
    }
}

#[test]
fn the_schema_names_every_reason_and_status() {
    let schema = schema();
    let words = |path: &str| {
        let words = schema.pointer(path).unwrap().as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let reasons = tktdump::resumption::Reason::ALL.map(tktdump::resumption::Reason::as_str);
    assert_eq!(words("/$defs/connection/properties/reason/enum"), reasons);
    assert_eq!(words("/$defs/pair/properties/reason/enum"), reasons);
    let document = std::fs::read_to_string("docs/json.md").unwrap();
    for reason in reasons {
        assert!(document.contains(&format!("| `{reason}` |")), "{reason}");
    }
    let mut listed = words("/$defs/ticket_record/properties/status/enum");
    let mut known = tktdump::record::Status::ALL.map(|status| status.as_str().to_owned()).to_vec();
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
}
