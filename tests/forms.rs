//! Every form in which a ticket may come in, and every way in which a batch may be damaged.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};

use common::{Output, read, start, tktdump};

const KEY: &str = "testdata/nginx48_tls12/ticket.key";

fn ticket() -> Vec<u8> {
    read("testdata/nginx48_tls12/ticket.bin".as_ref())
}

fn open(input: &[u8]) -> Output {
    tktdump(&["-f", "json", "--key", KEY], input)
}

fn statuses(output: &Output) -> Vec<String> {
    output.records().iter().map(|record| record["status"].as_str().unwrap().to_owned()).collect()
}

/// Hex with `separator` between the bytes.
fn separated(bytes: &[u8], separator: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
}

/// Rows of `width` characters.
fn fold(text: &str, width: usize) -> String {
    text.as_bytes().chunks(width).map(|row| String::from_utf8_lossy(row).into_owned() + "\n").collect()
}

#[test]
fn every_form_opens_the_same_ticket() {
    let ticket = ticket();
    let hex = hex::encode(&ticket);
    let base64 = data_encoding::BASE64.encode(&ticket);
    let message = [&[4, 0, 0, 214, 0, 0, 1, 44, 0, 208][..], &ticket].concat();
    let forms = [
        ("hex", hex.clone()),
        ("line end", hex.clone() + "\n"),
        ("CRLF", hex.clone() + "\r\n"),
        ("upper case", hex.to_uppercase()),
        ("colons", separated(&ticket, ":")),
        ("blanks", separated(&ticket, " ")),
        ("0x", format!("0x{hex}")),
        ("quotes", format!("\"{hex}\"")),
        ("last column", format!("17\t1.5\t{hex}")),
        ("before an empty column", format!("{hex}\t\t")),
        ("missing fields around", format!("<MISSING>\n\n{hex}\n<MISSING>\n")),
        ("wrapped like xxd -p", fold(&hex, 60)),
        ("wrapped at the length of a session ID", fold(&hex, 64)),
        ("base64", base64.clone()),
        ("base64 for URLs", base64.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()),
        ("wrapped like base64", fold(&base64, 76)),
        ("a byte order mark", format!("\u{feff}{hex}\n")),
        ("a byte order mark before rows", format!("\u{feff}{}", fold(&hex, 60))),
        ("0x on every byte", format!("0x{}", separated(&ticket, " 0x"))),
        ("a NewSessionTicket message", hex::encode(&message)),
    ];
    for (form, text) in forms {
        let output = open(text.as_bytes());
        let records = output.records();
        assert_eq!(statuses(&output), ["decrypted"], "{form}: {}", output.errors());
        assert_eq!(records[0]["ticket"]["raw"], hex, "{form}");
        assert_eq!(output.status, Some(0), "{form}");
    }
    assert_eq!(statuses(&open(&message)), ["decrypted"], "a message in raw bytes");
    assert_eq!(statuses(&open(format!("{hex},{hex}\n{hex}").as_bytes())), ["decrypted"; 3], "several tickets");
}

#[test]
fn from_names_the_form() {
    let hex = hex::encode(ticket());
    let base64 = data_encoding::BASE64.encode(&ticket());
    let run = |from: &str, input: &[u8]| statuses(&tktdump(&["-f", "json", "-k", KEY, "--from", from], input));
    assert_eq!(run("raw", &ticket()), ["decrypted"]);
    assert_eq!(run("hex", hex.as_bytes()), ["decrypted"]);
    assert_eq!(run("hex", base64.as_bytes()), ["malformed"]);
    assert_eq!(run("base64", base64.as_bytes()), ["decrypted"]);
    assert_eq!(run("raw", hex.as_bytes()), ["unknown_key"]);
    assert_eq!(run("pem", &read("testdata/nginx48_tls12/session.pem".as_ref())), ["decrypted"]);
    assert_eq!(run("pem", &read("testdata/nginx48_tls12/expected.txt".as_ref())), ["decrypted"]);
    assert_eq!(run("der", &read("testdata/nginx48_tls12/plain.der".as_ref())), ["plain_session"]);
}

#[test]
fn named_forms_may_be_wrapped() {
    let hex = hex::encode(ticket());
    let base64 = data_encoding::BASE64.encode(&ticket());
    let run = |from: &str, input: &str| {
        let output = tktdump(&["-f", "json", "-k", KEY, "--from", from], input.as_bytes());
        output.records().iter().map(|record| record["ticket"]["raw"] == hex).collect::<Vec<_>>()
    };
    assert_eq!(run("hex", &fold(&hex, 60)), [true]);
    assert_eq!(run("base64", &fold(&base64, 76)), [true]);
    assert_eq!(run("base64", &format!("{base64}\n{base64}\n")), [true; 2]);
    assert_eq!(run("json", "\u{feff}{\"type\":\"summary\"}\n"), [true; 0]);
}

#[test]
fn a_wrapped_ticket_may_be_as_large_as_any() {
    let large = vec![0xc5; 65_520];
    for rows in [fold(&hex::encode(&large), 60), fold(&data_encoding::BASE64.encode(&large), 76)] {
        let output = open(rows.as_bytes());
        assert_eq!(statuses(&output), ["unknown_key"], "{}", output.stdout.len());
    }
}

#[test]
fn results_come_though_the_first_lines_have_no_ticket() {
    for start in ["\n", "<MISSING>\n", "17\t<MISSING>\n17\t", "frame.number\tticket\n1\t"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
            .args(["-f", "json", "--key", KEY])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{start}{}", hex::encode(ticket())).unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(stdout));
            lines.map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let opened = std::iter::from_fn(|| receiver.recv_timeout(common::PATIENCE).ok())
            .any(|line| line.contains("\"decrypted\""));
        assert!(opened, "{start:?}");
        drop(stdin);
        child.wait().unwrap();
    }
}

#[test]
fn our_own_records_can_be_opened_later() {
    let split = tktdump(&["-f", "json"], hex::encode(ticket()).as_bytes());
    assert_eq!(statuses(&split), ["no_key"]);
    assert_eq!(statuses(&open(&split.stdout)), ["decrypted"]);
}

#[test]
fn a_transcript_is_one_ticket() {
    let pem = read("testdata/nginx48_tls12/session.pem".as_ref());
    let text = read("testdata/nginx48_tls12/expected.txt".as_ref());
    let transcript = [b"CONNECTED(00000003)\n---\n", &pem[..], &text, b"---\nclosed\n"].concat();
    let output = open(&transcript);
    assert_eq!(statuses(&output), ["decrypted"]);
    assert!(output.records()[0]["client_session"].is_object());
}

#[test]
fn every_bad_line_has_its_record_and_the_batch_goes_on() {
    let good = hex::encode(ticket());
    let mut bytes = ticket();
    bytes[100] ^= 1;
    let bad_mac = hex::encode(&bytes);
    bytes[0] ^= 1;
    let unknown = hex::encode(&bytes);
    let lines = [
        (good.as_str(), "decrypted"),
        ("not a ticket", "malformed"),
        (&good[..good.len() - 1], "malformed"),
        (&good[..100], "malformed"),
        (&bad_mac, "bad_mac"),
        (&unknown, "unknown_key"),
        (&good[..64], "stateful_id"),
        ("é", "malformed"),
        (&good, "decrypted"),
    ];
    let input = lines.map(|(line, _)| line).join("\n\n");
    let output = open(input.as_bytes());
    let expected: Vec<&str> = lines.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses(&output), expected);
    for (number, record) in output.records().iter().enumerate() {
        assert_eq!(record["index"], number);
        assert_eq!(record["line"], number * 2 + 1);
        assert_eq!(record.get("error").is_none(), record["status"] == "decrypted");
    }
    assert_eq!(output.status, Some(1));
    assert!(output.errors().contains("tktdump: error: -: line 3: "), "{}", output.errors());
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let endless = vec![b'a'; 5 << 20];
    let good = hex::encode(ticket());
    let input = [endless.as_slice(), b"\n", good.as_bytes()].concat();
    let output = open(&input);
    assert_eq!(statuses(&output), ["malformed", "decrypted"]);
    assert!(output.errors().contains("longer than"), "{}", output.errors());
}

#[test]
fn results_come_before_the_input_ends() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-f", "json", "--key", KEY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", hex::encode(ticket())).unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert!(line.contains("\"decrypted\""), "{line}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_pipe_is_no_error() {
    let lines = (hex::encode(ticket()) + "\n").repeat(5000);
    let mut child = start(&["-f", "json", "--key", KEY]);
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn unverified_sessions_are_marked_everywhere() {
    let mut bytes = ticket();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let run = |format: &str| tktdump(&["-f", format, "--no-verify", "-k", KEY], hex::encode(&bytes).as_bytes());
    let json = run("json");
    let record = &json.records()[0];
    assert_eq!((&record["status"], &record["key"]["mac_verified"]), (&"bad_mac".into(), &false.into()));
    assert_eq!(record["session"]["verified"], false);
    assert_eq!(record["session"]["hostname"], "www.lab.test");
    for format in ["text", "openssl", "pem"] {
        let output = run(format);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(text.to_lowercase().contains("unverified"), "{format}: {text}");
        assert_eq!(output.status, Some(1), "{format}");
    }
    assert!(run("der").errors().contains("unverified"));
    let without = tktdump(&["-f", "json", "-k", KEY], hex::encode(&bytes).as_bytes());
    assert!(without.records()[0].get("session").is_none());
}
