//! Four nginx servers through a rotation, against what their clients saw; and records of ours read back.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;

use common::tktdump;
use serde_json::Value;

const CAPTURE: &str = "testdata/fleet/capture.pcapng.gz";
const KEYS: [&str; 4] = ["-k", "testdata/fleet/ticket.2.key", "-k", "testdata/fleet/ticket.key"];

fn run(command: &[&str], input: &str, stdin: &[u8]) -> Vec<Value> {
    tktdump(&[command, &["-q", "-f", "json", "--stats"], &KEYS, &[input]].concat(), stdin).records()
}

fn of_type<'r>(records: &'r [Value], kind: &str) -> Vec<&'r Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

/// What a handshake is to be called, and why it went so, by what its client saw.
fn expected(handshake: &str) -> (&'static str, &'static [&'static str]) {
    match handshake {
        "full12" | "full13" => ("full", &["no_ticket_offered"]),
        "resumed12_ticket" => ("resumed_ticket", &["resumed"]),
        "resumed13_ticket" | "resumed13_0rtt" | "resumed13_stateful" => ("resumed_psk", &["resumed"]),
        "resumed12_session_id" => ("resumed_session_id", &["resumed"]),
        "refused12_ticket" | "refused13_ticket" | "refused13_0rtt" => ("full", &["other_key"]),
        "aborted" => ("incomplete", &["alert", "reset"]),
        other => panic!("{other}"),
    }
}

#[test]
fn every_connection_went_as_its_client_saw_it() {
    let records = run(&[], CAPTURE, b"");
    let connections: BTreeMap<&str, &Value> =
        of_type(&records, "connection").into_iter().map(|it| (it["client"].as_str().unwrap(), it)).collect();
    let truth = std::fs::read_to_string("testdata/fleet/truth.tsv").unwrap();
    let mut count = 0;
    for row in truth.lines().skip(1) {
        let row: Vec<&str> = row.split('\t').collect();
        let [phase, client, _, handshake, ticket] = row[..] else { panic!("{row:?}") };
        let found = connections[client];
        let (kind, reasons) = expected(handshake);
        assert_eq!(found["handshake"], kind, "{row:?}: {found}");
        assert!(reasons.contains(&found["reason"].as_str().unwrap()), "{row:?}: {found}");
        let early = match handshake {
            "resumed13_0rtt" => "accepted",
            "refused13_0rtt" => "rejected",
            _ => "none",
        };
        assert_eq!(found["early_data"], early, "{row:?}: {found}");
        let statuses: Vec<&Value> = of_type(&records, "ticket")
            .into_iter()
            .filter(|it| it["capture"]["client"] == client && it["capture"]["message"] != "new_session_ticket")
            .map(|it| &it["status"])
            .collect();
        match ticket {
            "A" | "B" => assert!(statuses.iter().all(|status| *status == "decrypted"), "{row:?}: {statuses:?}"),
            "foreign" => assert!(statuses.iter().all(|status| *status == "unknown_key"), "{row:?}: {statuses:?}"),
            "stateful" => assert!(statuses.iter().all(|status| *status == "stateful_id"), "{row:?}: {statuses:?}"),
            _ => assert!(statuses.is_empty(), "{row:?}: {statuses:?}"),
        }
        // in the first phase the servers had not been told of the key that comes first now
        let reload = found["why"].as_str().unwrap().contains("reload it");
        assert!(!reload || phase == "1", "{row:?}: {found}");
        count += 1;
    }
    assert_eq!((count, connections.len()), (44, 44));
}

#[test]
fn one_rotation_and_one_foreign_key_are_all_that_happened() {
    let records = tktdump(&["survey", "-f", "json", CAPTURE], b"").records();
    let named: Vec<&Value> = records.iter().filter(|group| group["key_name"].is_string()).collect();
    assert_eq!(named.len(), 3, "{records:?}");
    let replacing: Vec<&&Value> = named.iter().filter(|group| group["replaces"].is_string()).collect();
    let [newer] = replacing[..] else { panic!("{named:?}") };
    let older = named.iter().find(|group| group["key_name"] == newer["replaces"]).unwrap();
    assert!(newer["issued"].as_u64() > Some(0) && older["issued"].as_u64() > Some(0));
    let foreign = named.iter().find(|group| group["issued"] == 0).unwrap();
    assert_eq!((&foreign["accepted"], &foreign["servers"]), (&0.into(), &Value::Array(Vec::new())));
    assert!(named.iter().all(|group| group["alongside"].is_null()), "{named:?}");
}

/// Without what depends on the form of the input: its name, lines, and fractions of a microsecond.
fn plain(mut record: Value) -> Value {
    fn settle(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["source", "sources", "line", "file"] {
                    members.remove(name);
                }
                members.values_mut().for_each(settle);
            }
            Value::Array(items) => items.iter_mut().for_each(settle),
            Value::Number(number) => {
                if let Some(time) = number.as_f64().filter(|time| time.fract() != 0.0) {
                    #[allow(clippy::cast_possible_truncation)]
                    let milliseconds = (time * 1e4).round() as i64;
                    *value = milliseconds.into();
                }
            }
            _ => {}
        }
    }
    settle(&mut record);
    record
}

fn assert_same(of_capture: &[Value], of_records: &[Value]) {
    assert_eq!(of_capture.len(), of_records.len());
    for (one, other) in of_capture.iter().zip(of_records) {
        if one["type"] != "summary" {
            assert_eq!(plain(one.clone()), plain(other.clone()));
        }
    }
}

#[test]
fn records_tell_what_the_capture_told() {
    let records = tktdump(&[&["-q", "-f", "json"][..], &KEYS, &[CAPTURE]].concat(), b"").stdout;
    let one = run(&[], CAPTURE, b"");
    let other = run(&[], "-", &records);
    assert_same(&one, &other);
    let [one, other] = [one.last().unwrap(), other.last().unwrap()];
    assert_eq!((&one["connections"], &one["decrypted"]), (&other["connections"], &other["decrypted"]));
    assert!(one["packets"].is_u64() && other["packets"].is_null(), "{one} {other}");
    let survey = |input: &str, stdin: &[u8]| tktdump(&["survey", "-f", "json", input], stdin).records();
    assert_same(&survey(CAPTURE, b""), &survey("-", &records));
    // without the records of connections nobody knows what became of an offer
    let tickets: Vec<&[u8]> = records
        .split_inclusive(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"{\"type\":\"ticket\""))
        .collect();
    let alone = survey("-", &tickets.concat());
    assert!(alone.iter().all(|group| group["accepted"] == 0 && group["refused"] == 0), "{alone:?}");
    assert!(alone.iter().any(|group| group["issued"].as_u64() > Some(0)), "{alone:?}");
    let text = tktdump(&["--color", "never", "-"], &records);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("as recorded: the server accepted the ticket\n"), "{text}");
}

#[test]
fn an_audit_of_records_finds_what_one_of_the_capture_does() {
    let records = tktdump(&[&["-q", "-f", "json"][..], &KEYS, &[CAPTURE]].concat(), b"").stdout;
    let (one, other) = (run(&["audit"], CAPTURE, b""), run(&["audit"], "-", &records));
    let rules = |records: &[Value]| {
        let mut count = BTreeMap::new();
        for finding in of_type(records, "finding") {
            *count.entry(finding["rule"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        count
    };
    assert_eq!(rules(&one), rules(&other));
    assert!(rules(&one).contains_key("tickets-refused"), "{:?}", rules(&one));
    let summary = one.last().unwrap();
    let times = [&summary["first"], &summary["last"]].map(|time| time.as_f64().unwrap());
    assert!(times[0] > 1_795_424_218.0 && times[0] < times[1] && times[1] < 1_795_424_230.0, "{summary}");
    assert_eq!(
        (&summary["packets"], &summary["dropped"], &summary["connections"]),
        (&669.into(), &0.into(), &44.into())
    );
}
