//! `--keylog`: the tickets of TLS 1.3 that a capture of a real server holds, and what comes of a key log that is of no use.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs;

use common::{Output, tktdump};
use serde_json::Value;

/// A server in Go: a full connection, and one that brings the ticket of the first.
const CASE: &str = "testdata/go_tls13";
const LOG: &str = "testdata/go_tls13/client_keylog.txt";

fn run(command: &[&str], options: &[&str]) -> Output {
    let (capture, key) = (format!("{CASE}/capture.pcap"), format!("{CASE}/ticket.key"));
    tktdump(&[command, &["-f", "json", "--key", &key, &capture], options].concat(), b"")
}

fn tickets(output: &Output, message: &str) -> Vec<Value> {
    let is_it = |record: &Value| record["type"] == "ticket" && record["capture"]["message"] == message;
    output.records().into_iter().filter(is_it).collect()
}

#[test]
fn tickets_are_opened_and_offers_name_who_issued_them() {
    let output = run(&[], &["--keylog", LOG]);
    assert_eq!(output.status, Some(0), "{}", output.errors());
    let (issued, offered) = (tickets(&output, "new_session_ticket"), tickets(&output, "client_hello_psk"));
    assert_eq!((issued.len(), offered.len()), (2, 1));
    for record in &issued {
        assert_eq!((&record["status"], &record["ticket"]["lifetime"]), (&"decrypted".into(), &604_800.into()));
        assert!(record["ticket"]["age_add"].is_number() && record["ticket"]["nonce"].is_string(), "{record}");
    }
    let first = &issued[0]["capture"];
    assert_eq!(offered[0]["issued_by"]["packet"], first["packet"]);
    assert_eq!(offered[0]["issued_by"]["stream"], first["stream"]);
    assert_eq!(offered[0]["ticket"]["raw"], issued[0]["ticket"]["raw"]);
    let connections: Vec<Value> = output.records().into_iter().filter(|it| it["type"] == "connection").collect();
    assert!(connections.iter().all(|it| it["ticket_issued"] == true), "{connections:?}");
    assert!(connections[1]["why"].as_str().unwrap().contains("; connection 0 issued it (packet "));
    assert_eq!(connections[1]["ticket_renewed"], true);
    // without it, TLS 1.3 hides them
    let closed = run(&[], &[]);
    assert!(tickets(&closed, "new_session_ticket").is_empty());
    assert!(closed.records().iter().all(|record| record.get("ticket_issued").is_none()));
}

#[test]
fn the_key_log_in_a_capture_is_used_without_asking() {
    let inside = "fuzz/corpus/capture/with_secrets.pcapng";
    let key = format!("{CASE}/ticket.key");
    let read = tktdump(&["-f", "json", "--key", &key, inside], b"");
    // from a pipe too, where it comes in pieces
    let piped = tktdump(&["-f", "json", "--key", &key, "-"], &fs::read(inside).unwrap());
    for output in [&read, &piped] {
        assert_eq!((tickets(output, "new_session_ticket").len(), output.status), (2, Some(0)), "{}", output.errors());
    }
}

/// A connection that brought no ticket is not told that its binder does not verify.
#[test]
fn an_issued_ticket_is_no_reason_to_withhold_a_line() {
    for format in ["keylog", "pcapng"] {
        let (capture, key) = (format!("{CASE}/capture.pcap"), format!("{CASE}/ticket.key"));
        let output = tktdump(&["-f", format, "--keylog", LOG, "--key", &key, &capture], b"");
        assert!(!output.errors().contains("binder"), "{}", output.errors());
        assert!(output.errors().contains("Diffie-Hellman"), "{}", output.errors());
    }
}

#[test]
fn survey_and_audit_see_them() {
    let servers = |output: &Output| output.records()[0]["by_server"][0]["issued"].as_u64();
    assert_eq!(servers(&run(&["survey"], &["--keylog", LOG])), Some(2));
    assert_eq!(servers(&run(&["survey"], &[])), Some(0));
    let tickets = |output: &Output| output.records().iter().find_map(|record| record["tickets"].as_u64());
    assert_eq!(tickets(&run(&["audit"], &["--stats", "--keylog", LOG])), Some(3));
    assert_eq!(tickets(&run(&["audit"], &["--stats"])), Some(1));
}

#[test]
fn its_secrets_are_used_and_not_printed() {
    let log = fs::read_to_string(LOG).unwrap();
    let secrets: Vec<&str> = log.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(!secrets.is_empty());
    let (capture, key) = (format!("{CASE}/capture.pcap"), format!("{CASE}/ticket.key"));
    let derived = tktdump(&["-q", "-f", "keylog", "--key", &key, &capture], b"").stdout;
    for format in ["json", "text", "keylog", "pcapng"] {
        let arguments = ["-v", "-f", format, "--keylog", LOG, "--key", &key, &capture];
        let output = tktdump(&arguments, b"");
        let printed = [&output.stdout[..], &output.stderr].concat();
        let known = |secret: &&&str| !String::from_utf8_lossy(&derived).contains(**secret);
        for secret in secrets.iter().filter(known) {
            assert!(!printed.windows(secret.len()).any(|window| window == secret.as_bytes()), "{format}");
        }
    }
    assert_eq!(tktdump(&["-q", "-f", "keylog", "--keylog", LOG, "--key", &key, &capture], b"").stdout, derived);
}

#[test]
fn one_that_is_of_no_use_is_told() {
    let other = run(&[], &["--keylog", "testdata/nginx80_tls13_0rtt/client_keylog.txt"]);
    assert!(other.errors().contains("client_keylog.txt: the key log matches nothing"), "{}", other.errors());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let none = path("none.keys", format!("CLIENT_RANDOM {} {}\n", "00".repeat(32), "11".repeat(48)).as_bytes());
    let output = run(&[], &["--keylog", &none]);
    assert!(output.errors().contains("none of its 1 lines is a SERVER_TRAFFIC_SECRET_0"), "{}", output.errors());
    let broken = path("broken.keys", &[&fs::read(LOG).unwrap()[..], b"nonsense\n", &[b'x'; 5000], b"\n"].concat());
    let output = run(&[], &["--keylog", &broken]);
    assert_eq!((tickets(&output, "new_session_ticket").len(), output.status), (2, Some(0)));
    assert!(!output.errors().contains("matches nothing"), "{}", output.errors());
    for (name, content) in
        [("a.key", fs::read(format!("{CASE}/ticket.key")).unwrap()), ("text", b"no key log\n".to_vec())]
    {
        let output = run(&[], &["--keylog", &path(name, &content)]);
        assert_eq!(output.status, Some(2), "{name}: {}", output.errors());
        assert!(output.errors().contains("not a key log: line 1"), "{}", output.errors());
    }
    assert_eq!(run(&[], &["--keylog", "testdata"]).status, Some(2));
    assert_eq!(run(&[], &["--keylog", "no/such/file"]).status, Some(2));
    // it is not written over
    let log = path("kept.keys", &fs::read(LOG).unwrap());
    assert_eq!(run(&[], &["--keylog", &log, "-o", &log]).status, Some(2));
    assert_eq!(fs::read(&log).unwrap(), fs::read(LOG).unwrap());
}
