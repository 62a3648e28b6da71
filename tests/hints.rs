//! Hints that depend on how a ticket came in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Output, read, tktdump};

const KEY: &str = "testdata/nginx48_tls12/ticket.key";

fn hint(output: &Output) -> String {
    let records = output.records();
    assert_eq!(records.len(), 1, "{}", output.errors());
    records[0]["hint"].as_str().unwrap().to_owned()
}

#[test]
fn no_verify_is_not_recommended_once_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("ticket.key");
    let mut bytes = read(KEY.as_ref());
    bytes[16..].iter_mut().for_each(|byte| *byte ^= 0x55);
    std::fs::write(&key, bytes).unwrap();
    let ticket = read("testdata/nginx48_tls12/ticket.bin".as_ref());
    let run = |arguments: &[&str]| {
        let arguments = [&["-f", "json", "-k", key.to_str().unwrap()], arguments].concat();
        hint(&tktdump(&arguments, &ticket))
    };
    assert!(run(&[]).contains("--no-verify"));
    let failed = run(&["--no-verify"]);
    assert!(failed.contains("gave nothing readable") && !failed.contains("--no-verify"), "{failed}");
}

#[test]
fn rows_of_the_length_of_a_session_id_may_be_a_ticket() {
    let id = "c7".repeat(32) + "\n";
    let output = tktdump(&["-f", "json"], id.repeat(5).as_bytes());
    assert_eq!(output.records().len(), 5);
    assert!(output.records()[0]["hint"].as_str().unwrap().contains("join them"));
    assert!(!hint(&tktdump(&["-f", "json"], &[0xc7; 32])).contains("join them"), "no line");
}

#[test]
fn a_line_end_behind_a_ticket_is_pointed_out() {
    let ticket = read("testdata/nginx48_tls12/ticket.bin".as_ref());
    for end in [b"\n".as_slice(), b"\r\n"] {
        let output = tktdump(&["-f", "json", "-k", KEY], &[&ticket, end].concat());
        assert_eq!(output.records()[0]["status"], "malformed");
        assert!(hint(&output).contains("line end"), "{}", hint(&output));
    }
    let session = read("testdata/nginx48_tls12/plain.der".as_ref());
    let output = tktdump(&["-f", "json"], &[&session, b"\n".as_slice()].concat());
    assert_eq!(output.records().len(), 1);
    assert_eq!((&output.records()[0]["status"], output.status), (&"plain_session".into(), Some(0)));
}
