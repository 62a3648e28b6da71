//! Every case of the corpus through the command: what real servers sealed opens, and gives the client's secret.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;

use common::{corpus_cases, keys, read, tktdump};
use serde_json::Value;

/// Cases that do not open, and why.
const NEGATIVE: [(&str, &str); 4] = [
    ("nginx_tls13_stateful", "stateful_id"),
    ("sserver_tls13_stateful", "stateful_id"),
    ("sserver_tls12_unknownkey", "unknown_key"),
    ("sserver_tls12_noticket", "plain_session"),
];

/// The key layout that a case's server is known to have.
const LAYOUTS: [(&str, &str); 10] = [
    ("nginx48", "name16 aes16 hmac16"),
    ("nginx80", "name16 hmac32 aes32"),
    ("haproxy48", "name16 aes16 hmac16"),
    ("haproxy80", "name16 aes32 hmac32"),
    ("ats48", "name16 hmac16 aes16"),
    ("node", "name16 hmac16 aes16"),
    ("openssl80", "name16 hmac32 aes32"),
    ("envoy", "name16 hmac32 aes32"),
    ("unbound80", "name16 aes32 hmac32"),
    ("dnsdist80", "name16 aes32 hmac32"),
];

fn records(case: &Path, input: &str) -> (Vec<Value>, Option<i32>) {
    let input = case.join(input);
    let mut args = vec!["-f".to_owned(), "json".to_owned()];
    args.extend(keys(case));
    args.push(input.to_str().unwrap().to_owned());
    let output = tktdump(&args, b"");
    (output.records(), output.status)
}

fn secret(session: &Value) -> Option<&str> {
    session.get("master_key").or(session.get("resumption_psk"))?.as_str()
}

/// The secret in the text of `openssl sess_id`.
fn expected_secret(case: &Path) -> String {
    let text = String::from_utf8(read(&case.join("expected.txt"))).unwrap();
    let line = text.lines().find_map(|line| {
        line.trim_start().strip_prefix("Master-Key: ").or(line.trim_start().strip_prefix("Resumption PSK: "))
    });
    line.unwrap().to_lowercase()
}

#[test]
fn every_ticket_opens_in_every_form() {
    let mut opened = 0;
    for (name, case) in corpus_cases() {
        if NEGATIVE.iter().any(|(negative, _)| *negative == name) {
            continue;
        }
        for input in ["ticket.bin", "ticket.hex", "session.pem"] {
            let (records, status) = records(&case, input);
            let [record] = records.as_slice() else { panic!("{name}/{input}: {} records", records.len()) };
            assert_eq!(record["status"], "decrypted", "{name}/{input}: {record}");
            assert_eq!(status, Some(0), "{name}/{input}");
            assert_eq!(record["key"]["mac_verified"], true);
            assert_eq!(secret(&record["session"]), Some(expected_secret(&case).as_str()), "{name}/{input}");
            if input == "session.pem" {
                assert_eq!(secret(&record["client_session"]), secret(&record["session"]), "{name}");
            }
            // keys of several files may differ in size
            let layout = LAYOUTS.iter().find(|(prefix, _)| name.starts_with(prefix) && keys(&case).len() == 2);
            if let Some((_, layout)) = layout {
                assert_eq!(record["key"]["layout"], *layout, "{name}");
            }
            opened += 1;
        }
    }
    assert!(opened > 90, "{opened} opened");
}

#[test]
fn what_does_not_open_says_why() {
    for (name, expected) in NEGATIVE {
        let case = Path::new("testdata").join(name);
        let (records, status) = records(&case, "session.pem");
        let [record] = records.as_slice() else { panic!("{name}: {} records", records.len()) };
        assert_eq!(record["status"], expected, "{name}");
        let success = expected == "plain_session";
        assert_eq!(status, Some(i32::from(!success)), "{name}");
        assert_eq!(record.get("error").is_none(), success, "{name}");
    }
}

#[test]
fn openssl_text_and_der_are_the_servers_own() {
    let mut compared = 0;
    for (name, case) in corpus_cases() {
        let expected = case.join("expected_server.txt");
        if !expected.exists() {
            continue;
        }
        let run = |format: &str| {
            let mut args = vec!["-f".to_owned(), format.to_owned()];
            args.extend(keys(&case));
            args.push(case.join("ticket.bin").to_str().unwrap().to_owned());
            tktdump(&args, b"").stdout
        };
        assert_eq!(run("openssl"), read(&expected), "{name}");
        assert_eq!(run("der"), read(&case.join("plain.der")), "{name}");
        let pem = run("pem");
        let back = tktdump(&["-f", "der"], &pem);
        assert_eq!(back.stdout, read(&case.join("plain.der")), "{name}");
        compared += 1;
    }
    assert!(compared > 20, "{compared} compared");
}

#[test]
fn sealing_keys_are_told_from_those_that_only_open() {
    let role = |case: &str| {
        let (records, _) = records(&Path::new("testdata").join(case), "ticket.bin");
        (records[0]["key"]["index"].as_i64(), records[0]["key"]["role"].as_str().map(str::to_owned))
    };
    assert_eq!(role("haproxy80x5_tls13"), (Some(3), Some("active".to_owned())), "the penultimate line");
    assert_eq!(role("dnsdist80x2_tls13"), (Some(1), Some("active".to_owned())), "the last block");
    assert_eq!(role("ats48x2_tls12"), (Some(0), Some("active".to_owned())), "the first block");
    assert_eq!(role("nginx80_tls12_second_key"), (Some(0), Some("inactive".to_owned())), "not the first file");
}

#[test]
fn no_secret_survives_redaction() {
    for (name, case) in corpus_cases() {
        if NEGATIVE.iter().any(|(negative, _)| *negative == name) {
            continue;
        }
        let secret = expected_secret(&case);
        for format in ["text", "json", "openssl"] {
            let mut args = vec!["--redact".to_owned(), "-f".to_owned(), format.to_owned()];
            args.extend(keys(&case));
            args.push(case.join("session.pem").to_str().unwrap().to_owned());
            let output = tktdump(&args, b"");
            let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!shown.to_lowercase().contains(&secret), "{name} -f {format}");
            // other dialects have no OpenSSL text
            assert!(format == "openssl" || shown.contains("(redacted)"), "{name} -f {format}");
        }
    }
}
