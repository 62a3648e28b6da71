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

#[test]
fn a_key_file_that_was_cut_is_told_from_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.key");
    let key = read("testdata/nginx80_tls12/ticket.key".as_ref());
    for length in [20, 32, 48, 64, 70, 79] {
        std::fs::write(&path, &key[..length]).unwrap();
        let ticket = "testdata/nginx80_tls12/ticket.bin";
        let output = tktdump(&["-f", "json", "-k", path.to_str().unwrap(), ticket], b"");
        match length {
            48 => assert!(hint(&output).contains("the key file was cut"), "{length}"),
            32 | 64 => assert!(hint(&output).contains(&format!("has {length} bytes: it was cut")), "{length}"),
            _ => {
                assert_eq!((output.status, output.records().len()), (Some(2), 0), "{length}: no key file");
                assert!(output.errors().contains("the file was cut"), "{length}: {}", output.errors());
            }
        }
        assert!(!output.errors().contains(&hex::encode(&key[16..24])), "{length}");
    }
    // another file of 64 bytes is another key
    std::fs::write(&path, read("testdata/gnutls_tls12/ticket.key".as_ref())).unwrap();
    let other = tktdump(&["-f", "json", "-k", path.to_str().unwrap(), "testdata/nginx80_tls12/ticket.bin"], b"");
    assert!(!hint(&other).contains("cut"), "{}", hint(&other));
}

#[test]
fn the_clients_own_secret_is_not_in_the_text_of_a_ticket_that_did_not_open() {
    let secret = "b86cd5835d2791ef6558132feb25c02343f45dea3bfb33f861f788d13b7f5bd8";
    let session = "testdata/nginx80_tls13_0rtt/session.pem";
    let shown = |key: &[&str], format: &str| {
        let output = tktdump(&[key, &["-f", format, session]].concat(), b"");
        String::from_utf8(output.stdout).unwrap().contains(secret)
    };
    let wrong = ["-k", KEY];
    assert!(!shown(&wrong, "text"));
    assert!(shown(&wrong, "json") && shown(&[], "text"));
    assert!(shown(&["-k", "testdata/nginx80_tls13_0rtt/ticket.key"], "text"));
}
