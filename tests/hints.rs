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

#[test]
fn a_format_that_is_not_the_files_is_told_by_the_ticket() {
    let case = |name: &str, format: &str, file: &str| {
        let (key, ticket) = (format!("testdata/{name}/{file}"), format!("testdata/{name}/ticket.bin"));
        let output = tktdump(&["-f", "json", "-k", &key, "--key-format", format, &ticket], b"");
        assert_eq!(output.status, Some(1));
        (output.records()[0]["status"].as_str().unwrap().to_owned(), hint(&output))
    };
    // the other order of the same bytes, and another split of them
    let (status, told) = case("nginx48_tls12", "apache", "ticket.key");
    assert_eq!(status, "bad_mac");
    assert!(told.contains("name16 aes16 hmac16: --key-format nginx"), "{told}");
    assert!(!told.contains("altered"), "{told}");
    for (name, named, right) in [
        ("nginx80_tls12", "unbound", "name16 hmac32 aes32: --key-format nginx"),
        ("dnsdist80x2_tls13", "go", "--key-format dnsdist"),
        ("gnutls_tls12", "go", "--key-format gnutls"),
    ] {
        let (_, told) = case(name, named, "ticket.key");
        assert!(told.contains(right), "{name} as {named}: {told}");
    }
    // no other format has it either
    let ticket = read("testdata/nginx80_tls13/ticket.bin".as_ref());
    let output = tktdump(&["-f", "json", "-k", KEY, "--key-format", "apache"], &ticket);
    assert!(!hint(&output).contains("--key-format"), "{}", hint(&output));
}
