//! Nothing secret under `--redact`, however a session is damaged and whatever it is taken for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{read, tktdump};

/// Whether `bytes` stand in `text`, as hex of any case or as they are.
fn shows(text: &[u8], bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_lowercase();
    text.contains(&hex::encode(bytes)) || text.contains(&hex::encode(hex::encode(bytes)))
}

/// The session, and its master key without the ends.
fn session() -> (Vec<u8>, Vec<u8>) {
    let der = read("testdata/nginx48_tls12/plain.der".as_ref());
    let record = &tktdump(&["-f", "json"], &der).records()[0];
    let secret = hex::decode(record["session"]["master_key"].as_str().unwrap()).unwrap();
    (der, secret[4..12].to_vec())
}

fn assert_hidden(from: &str, input: &[u8], secret: &[u8]) {
    for format in ["json", "text", "brief"] {
        let output = tktdump(&["--redact", "-f", format, "--from", from], input);
        assert!(!shows(&output.stdout, secret), "{format}: {}", String::from_utf8_lossy(&output.stdout));
        assert!(!shows(&output.stderr, secret), "{format}: {}", output.errors());
        assert!(format != "json" || !output.records().is_empty(), "--from {from} gave no record");
    }
}

#[test]
fn damaged_sessions_show_no_secret() {
    let (der, secret) = session();
    let pem = read("testdata/nginx48_tls12/session.pem".as_ref());
    let client = read("testdata/nginx48_tls12/session.pem".as_ref());
    let mut changed = der.clone();
    changed[3] ^= 8;
    let mut longer = der.clone();
    longer.extend_from_slice(&[0; 16]);
    for bytes in [&der[..96], &der[..der.len() - 1], &changed, &longer] {
        assert_hidden("auto", bytes, &secret);
        assert_hidden("raw", bytes, &secret);
        assert_hidden("auto", hex::encode(bytes).as_bytes(), &secret);
        assert_hidden("base64", data_encoding::BASE64.encode(bytes).as_bytes(), &secret);
    }
    let master = &tktdump(&["-f", "json"], &client).records()[0];
    let secret = master["client_session"]["master_key"].as_str().unwrap().to_owned();
    let secret = &hex::decode(secret).unwrap()[4..12];
    assert_hidden("raw", &pem, secret);
    assert_hidden("base64", &pem, secret);
    // text that has the length of a ticket, with a secret in it
    let text = format!("{:0>96}", hex::encode(secret));
    assert_hidden("raw", text.as_bytes(), secret);
}

#[test]
fn tickets_stay_and_unknown_fields_keep_their_tags() {
    let ticket = read("testdata/nginx48_tls12/ticket.bin".as_ref());
    let output = tktdump(&["--redact", "-f", "json"], &ticket);
    assert_eq!(output.records()[0]["ticket"]["raw"], hex::encode(&ticket));
    let id = "c7".repeat(32);
    let output = tktdump(&["--redact", "-f", "json"], id.as_bytes());
    assert_eq!(output.records()[0]["ticket"]["raw"], id);
    let (mut der, _) = session();
    // a member with a tag that nobody has
    der.extend_from_slice(&[0xbf, 0x2a, 3, 4, 1, 0x77]);
    let (head, body) = der.split_at(if der[1] == 0x81 { 3 } else { 4 });
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let der = [&[0x30, 0x82, length[0], length[1]], body].concat();
    assert_eq!(head[0], 0x30);
    let output = tktdump(&["--redact", "-f", "json", "--from", "der"], &der);
    let expected = serde_json::json!([{"tag": 42, "der": "(redacted)"}]);
    assert_eq!(output.records()[0]["session"]["unknown_fields"], expected);
    let output = tktdump(&["--redact", "--from", "der"], &der);
    assert!(String::from_utf8(output.stdout).unwrap().contains("[42] (redacted)"));
}
