//! No output shows what may be part of a secret: over the sizes of key files, the ways to write them, and the commands.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod seal;

use std::collections::HashSet;
use std::fs;

use common::tktdump;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use seal::random::Random;

/// As many consecutive bytes of a secret must never be seen.
const RUN: usize = 8;
const TICKET: &str = "testdata/nginx48_tls12/ticket.bin";

/// The stretches of `length` bytes that are secret in some reading, told anew from what the servers' documents say: keys
/// of 48 and of 80 bytes begin with a public name of 16, Go's keys of 32 and GnuTLS's key of 64 are nothing but secret,
/// and lighttpd puts 12 bytes before a key of 80.
fn secret_stretches(length: usize) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let mut keys = |start: usize, size: usize, name: usize| {
        let rest = length.saturating_sub(start) % size;
        if length > start && rest == 0 {
            stretches.extend((start..length).step_by(size).map(|at| (at + name, at + size)));
        }
    };
    keys(0, 48, 16);
    keys(0, 80, 16);
    keys(0, 32, 0);
    if length == 92 {
        keys(12, 80, 16);
    }
    stretches
}

/// Every run of secret bytes, as hex.
fn secret_runs(key: &[u8]) -> HashSet<String> {
    let stretches = secret_stretches(key.len());
    stretches.iter().flat_map(|&(from, to)| key[from..to].windows(RUN).map(hex::encode)).collect()
}

/// The first run of secret bytes that stands in a text.
fn shown<'t>(text: &'t str, runs: &HashSet<String>) -> Option<&'t str> {
    let windows = (0..text.len().saturating_sub(2 * RUN - 1)).filter_map(|at| text.get(at..at + 2 * RUN));
    windows.into_iter().find(|window| runs.contains(*window))
}

fn wrapped(text: &str, width: usize) -> String {
    text.as_bytes().chunks(width).map(|row| std::str::from_utf8(row).unwrap().to_owned() + "\n").collect()
}

/// The ways in which people write a key.
fn writings(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (digits, base64) = (hex::encode(key), BASE64.encode(key));
    let colons = key.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    let text = |text: String| text.into_bytes();
    vec![
        ("raw", key.to_vec()),
        ("raw with a newline", [key, b"\n"].concat()),
        ("hex", text(digits.clone())),
        ("upper-case hex with a newline", text(digits.to_uppercase() + "\r\n")),
        ("hex with colons", text(colons)),
        ("hex behind a comment", text(format!("# key\n{digits}\n"))),
        ("hex of xxd", text(wrapped(&digits, 60))),
        ("hex by keys of 48", text(wrapped(&digits, 96))),
        ("base64", text(base64.clone() + "\n")),
        ("base64url", text(BASE64URL_NOPAD.encode(key))),
        ("base64 of openssl", text(wrapped(&base64, 64))),
        ("base64 of coreutils", text(wrapped(&base64, 76))),
    ]
}

/// The documents in which people have keys.
fn documents(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (digits, base64) = (hex::encode(key), BASE64.encode(key));
    let text = |text: String| text.into_bytes();
    vec![
        ("a dump", text(dump(key))),
        ("an array of C", text(key.iter().map(|byte| format!("0x{byte:02x}, ")).collect::<Vec<_>>().concat())),
        ("YAML", text(format!("stringData:\n  ticket_key: {base64}\n"))),
        ("a Secret", text(format!("kind: Secret\nmetadata: {{name: t}}\ndata:\n  ticket.key: {base64}\n"))),
        ("JSON", text(format!("{{\"SessionTicketKey\": \"{digits}\"}}"))),
        ("an assignment", text(format!("TICKET_KEY={digits}\n"))),
        ("UTF-16", digits.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ]
}

/// What xxd prints.
fn dump(key: &[u8]) -> String {
    let row = |(number, row): (usize, &[u8])| {
        let pairs: Vec<String> = row.chunks(2).map(hex::encode).collect();
        format!("{:08x}: {}\n", number * 16, pairs.join(" "))
    };
    key.chunks(16).enumerate().map(row).collect::<Vec<_>>().concat()
}

/// Runs a command and gives what it printed.
fn printed(command: &[&str]) -> String {
    let output = tktdump(command, b"");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), output.errors())
}

#[test]
fn no_command_shows_what_may_be_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.key");
    let key_file = path.to_str().unwrap();
    let commands: [&[&str]; 7] = [
        &["keys", key_file],
        &["keys", "-f", "json", key_file],
        &["keys", "--key-format", "ats", key_file],
        &["-v", "-k", key_file, TICKET],
        &["-f", "json", "-k", key_file, TICKET],
        &["audit", "-k", key_file],
        &["audit", "-f", "json", "-k", key_file, "--expect-active", TICKET],
    ];
    let mut random = Random::new(12);
    for size in [48, 64, 80, 92, 96, 160, 240, 480] {
        let mut key = random.bytes(size);
        if size == 92 {
            // a version and times
            key[..4].fill(0);
        }
        let secret = secret_runs(&key);
        for (writing, content) in writings(&key).into_iter().chain(documents(&key)) {
            fs::write(&path, &content).unwrap();
            for command in commands {
                let text = printed(command);
                assert_eq!(shown(&text, &secret), None, "{size} bytes as {writing}: {command:?}\n{text}");
            }
        }
    }
}

#[test]
fn names_that_nothing_doubts_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.key");
    for (size, names) in [(48, vec![0]), (80, vec![0]), (144, vec![0, 48, 96]), (240, vec![0]), (92, vec![12])] {
        let mut key = Random::new(7).bytes(size);
        if size == 92 {
            key[..4].fill(0);
        }
        for content in [key.clone(), hex::encode(&key).into_bytes(), BASE64.encode(&key).into_bytes()] {
            fs::write(&path, &content).unwrap();
            let text = String::from_utf8(tktdump(&["keys", path.to_str().unwrap()], b"").stdout).unwrap();
            for at in (0..size - 15).step_by(4) {
                let name = hex::encode(&key[at..at + 16]);
                assert_eq!(text.contains(&name), names.contains(&at), "{size} bytes, at {at}: {text}");
            }
        }
    }
}

/// What is printed of a key that stands where a ticket should be; the run goes on with the next input.
fn refused(command: &[&str], stdin: &[u8], secret: &HashSet<String>) {
    let output = tktdump(command, stdin);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), output.errors());
    assert_eq!(shown(&text, secret), None, "{command:?}\n{text}");
    assert_eq!(output.status, Some(2), "{command:?}\n{text}");
    assert!(text.contains("is a ticket key file") && text.contains("--key FILE"), "{command:?}\n{text}");
}

#[test]
fn a_key_that_is_given_as_an_input_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, copy) = (path("one.key"), path("copy.key"));
    for size in [48, 64, 80, 96] {
        let key = Random::new(9).bytes(size);
        let secret = key.windows(RUN).map(hex::encode).collect();
        for (writing, content) in writings(&key) {
            if size == 96 && writing == "raw with a newline" {
                // tickets of 97 bytes exist
                continue;
            }
            fs::write(&one, &content).unwrap();
            for format in ["json", "text", "keylog"] {
                refused(&["-f", format, &one], b"", &secret);
            }
            for option in ["-q", "--redact"] {
                refused(&[option], &content, &secret);
            }
            refused(&["audit", &one], b"", &secret);
            refused(&["survey", &one], b"", &secret);
        }
    }
    // of any size, if it is one of the keys given
    for size in [32, 48, 80, 160, 240] {
        let key = Random::new(9).bytes(size);
        let secret = key.windows(RUN).map(hex::encode).collect();
        fs::write(&one, &key).unwrap();
        let digits = hex::encode(&key);
        for content in [&key[..], digits.as_bytes(), BASE64.encode(&key).as_bytes(), &[&key[..], b"\n"].concat()] {
            fs::write(&copy, content).unwrap();
            refused(&["-k", &one, &copy], b"", &secret);
            refused(&["-f", "json", "-k", &copy, &one], b"", &secret);
            refused(&["-k", &one, "--from", "raw", &one], b"", &secret);
            refused(&["audit", "-k", &one, &copy], b"", &secret);
        }
    }
}

#[test]
fn the_other_inputs_go_on_beside_a_key_file() {
    let key = "testdata/nginx80_tls12/ticket.key";
    let output = tktdump(&["-f", "json", "-k", "testdata/nginx48_tls12/ticket.key", key, TICKET], b"");
    let statuses: Vec<_> = output.records().iter().map(|record| record["status"].clone()).collect();
    assert_eq!((output.status, statuses), (Some(2), vec!["decrypted".into()]), "{}", output.errors());
    // in a list a line is refused alone
    let list = format!("{}\n{}\n", hex::encode(fs::read(TICKET).unwrap()), "a7".repeat(80));
    let output = tktdump(&["-f", "json", "-k", "testdata/nginx48_tls12/ticket.key"], list.as_bytes());
    let statuses: Vec<_> = output.records().iter().map(|record| record["status"].clone()).collect();
    assert_eq!((output.status, statuses), (Some(1), vec!["decrypted".into(), "malformed".into()]));
    assert!(!output.errors().contains("a7a7") && !String::from_utf8_lossy(&output.stdout).contains("a7a7"));
}

#[test]
fn a_record_whose_ticket_is_a_session_hides_its_secret() {
    let secret = [0x5a; 48];
    let mut sessions = seal::tickets::rare_sessions();
    let smallest = seal::session::smallest(&secret);
    sessions.extend([smallest.clone(), smallest[..80].to_vec(), seal::session::gnutls(&secret)]);
    for session in sessions {
        let raw = hex::encode(&session);
        let record = format!(r#"{{"type":"ticket","status":"no_key","ticket":{{"raw":"{raw}"}}}}"#);
        let place = if raw.contains(&"5a".repeat(8)) { "5a".repeat(8) } else { raw[40..56].to_owned() };
        for options in
            [&["-f", "json"][..], &["-f", "text"], &["-f", "json", "-k", "testdata/nginx48_tls12/ticket.key"]]
        {
            let arguments = [&["--redact"][..], options].concat();
            for input in [record.as_bytes(), raw.as_bytes(), &session] {
                let output = tktdump(&arguments, input);
                let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), output.errors());
                assert!(!text.contains(&place), "{options:?}: {text}");
            }
        }
    }
}
