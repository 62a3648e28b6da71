//! `docs/json.md` against what the command prints.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{corpus_cases, tktdump};
use serde_json::Value;

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn every_key_is_documented() {
    let document = std::fs::read_to_string("docs/json.md").unwrap();
    let mut found = BTreeSet::new();
    let begin = || ["-q", "-f", "json", "--stats", "--no-verify"].map(str::to_owned).to_vec();
    // each with its own key: with all of them a ticket is slow that none of them opens
    for (_, case) in corpus_cases() {
        let (mut args, key) = (begin(), case.join("ticket.key"));
        if key.exists() {
            args.extend(["--key".to_owned(), key.to_str().unwrap().to_owned()]);
        }
        args.push(case.join("session.pem").to_str().unwrap().to_owned());
        tktdump(&args, b"").records().iter().for_each(|record| keys(record, &mut found));
    }
    let mut args = begin();
    for entry in std::fs::read_dir("testdata/sessions").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "der") {
            args.push(path.to_str().unwrap().to_owned());
        }
    }
    args.push("tests/cmd/damaged.hex".to_owned());
    tktdump(&args, b"").records().iter().for_each(|record| keys(record, &mut found));
    let listed = tktdump(&["keys", "-f", "json", "testdata/nginx48_tls12/ticket.key"], b"");
    listed.records().iter().for_each(|record| keys(record, &mut found));
    let others: [&[&str]; 4] = [
        &[
            "-f",
            "json",
            "-q",
            "--stats",
            "--key",
            "testdata/nginx80_tls13_0rtt/ticket.key",
            "testdata/nginx80_tls13_0rtt/capture.pcap",
        ],
        &["survey", "-f", "json", "testdata/nginx48_tls12_refused/capture.pcap", "testdata/nginx48_tls12/capture.pcap"],
        &[
            "audit",
            "-f",
            "json",
            "--stats",
            "--key",
            "testdata/nginx48_tls12/ticket.key",
            "testdata/nginx48_tls12/capture.pcap",
        ],
        &[
            "keyfind",
            "-f",
            "json",
            "testdata/keyfind/node22_default_tls13/image.bin",
            "--ticket",
            "testdata/keyfind/node22_default_tls13/ticket.bin",
        ],
    ];
    for args in others {
        let records = tktdump(args, b"").records();
        assert!(!records.is_empty(), "{args:?}");
        for record in &records {
            keys(record, &mut found);
        }
    }
    assert!(found.len() > 70, "{} keys found", found.len());
    let missing: Vec<_> = found.iter().filter(|key| !document.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "not in docs/json.md: {missing:?}");
}
