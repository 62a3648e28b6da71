//! The command on keys and tickets of every family: exit status, records, errors and hints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

fn tktdump(arguments: &[&str], key: &str, input: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.env_remove("TKTDUMP_REDACT").args(arguments);
    if !key.is_empty() {
        command.arg("--key").arg(data(key));
    }
    command.arg(input).output().unwrap()
}

fn record(output: &Output) -> Value {
    serde_json::from_slice(output.stdout.split(|&byte| byte == b'\n').next().unwrap()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn openssl_and_pem_refuse_other_dialects_and_der_does_not() {
    let ticket = data("go_tls12/ticket.bin");
    for format in ["openssl", "pem"] {
        let output = tktdump(&["-f", format], "go_tls12/ticket.key", &ticket);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert!(errors(&output).contains("the dialect go"), "{}", errors(&output));
    }
    let output = tktdump(&["-f", "der"], "go_tls12/ticket.key", &ticket);
    assert_eq!((output.status.code(), output.stdout), (Some(0), fs::read(data("go_tls12/plain.der")).unwrap()));
}

#[test]
fn records_have_what_the_dialect_has() {
    let output = tktdump(&["-f", "json"], "gnutls_tls13/ticket.key", &data("gnutls_tls13/ticket.bin"));
    let record = record(&output);
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(text("/session/dialect"), "gnutls");
    assert_eq!(text("/session/resumption_psk").len(), 96);
    assert_eq!(text("/session/resumption_master_secret").len(), 96);
    assert_eq!(text("/ticket/layout"), "name16 iv16 length2 ciphertext mac");
    assert_eq!(record.pointer("/key/slot"), Some(&Value::from(27_707)));
    let redacted = tktdump(&["-f", "json", "--redact"], "gnutls_tls13/ticket.key", &data("gnutls_tls13/ticket.bin"));
    let shown = String::from_utf8(redacted.stdout).unwrap();
    assert!(!shown.contains(&text("/session/resumption_psk")));
    assert!(!shown.contains(&text("/session/resumption_master_secret")));
}

/// Exim lets sessions live for 2 hours, so that its slots are 6 hours long.
#[test]
fn slots_of_exim_are_found() {
    let arguments = ["-f", "json", "--at", "1795858000"];
    let output = tktdump(&arguments, "gnutls_slots/exim.key", &data("gnutls_slots/exim.bin"));
    assert_eq!((output.status.code(), errors(&output)), (Some(0), String::new()));
}

#[test]
fn hints_name_the_family() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ticket");
    let length = |at: usize, total: usize, inner: u16| {
        let mut ticket = vec![0xe7; total];
        ticket.splice(at..at + 2, inner.to_be_bytes());
        ticket
    };
    for (ticket, status, hint) in [
        ([&[0x06, 0x8b, 0x5a, 0x9d, 0x39, 0x6c, 0, 0][..], &[1; 181]].concat(), "unknown_key", "Botan"),
        (length(16, 34 + 101, 101), "unknown_key", "Mbed TLS"),
        (length(32, 54 + 96, 96), "unknown_key", "GnuTLS"),
        (vec![0xe7; 113], "unknown_key", "Go's crypto/tls"),
        (vec![0xe7; 176], "unknown_key", "the keys given are named"),
        (vec![0xe7; 177], "unknown_key", "AEAD"),
        (vec![0xe7; 32], "stateful_id", "no ticket key opens it"),
    ] {
        fs::write(&file, &ticket).unwrap();
        let output = tktdump(&["-f", "json", "--from", "raw"], "nginx48_tls12/ticket.key", &file);
        let record = record(&output);
        assert_eq!((output.status.code(), record.get("status")), (Some(1), Some(&Value::from(status))), "{hint}");
        assert!(record.get("hint").and_then(Value::as_str).unwrap().contains(hint), "{record}");
    }
}

#[test]
fn a_ticket_that_is_cut_is_malformed_under_its_own_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ticket");
    let ticket = fs::read(data("nginx48_tls12/ticket.bin")).unwrap();
    fs::write(&file, ticket.get(..113).unwrap()).unwrap();
    let output = tktdump(&["-f", "json"], "nginx48_tls12/ticket.key", &file);
    assert_eq!(record(&output).get("status"), Some(&Value::from("malformed")));
}

#[test]
fn keys_goes_on_after_a_bad_file() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.key");
    fs::write(&bad, b"x").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["keys", "-f", "json"])
        .args([&bad, &data("h2o_tls12_aes256/ticket.key"), &data("lighttpd_tls12/ticket.key")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("bad.key"), "{}", errors(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    let records: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers = |key| records.iter().map(|record| record.get(key).and_then(Value::as_i64)).collect::<Vec<_>>();
    assert_eq!(numbers("not_before"), [Some(1_795_420_688), Some(1_795_422_005)]);
    assert_eq!(numbers("not_after"), [Some(1_796_284_748), Some(1_796_286_305)]);
    assert!(records.iter().all(|record| record.get("type") == Some(&Value::from("key"))));
}

#[test]
fn mistakes_in_key_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("ticket.key");
    for (content, error) in [
        (
            &b"- name: 00\n  not_before: 1\n"[..],
            "line 1 is not a valid h2o ticket key: `name` has 2 hex digits, not 32",
        ),
        (b"[a]\nticketKeySecret = 00\n", "line 2 is not a valid stunnel ticket key: the secret has 1 bytes"),
        (&[7; 47], "unrecognised key file of 47 bytes; these are valid: 32, 48, 64, 80, 92, 96 raw bytes"),
    ] {
        fs::write(&key, content).unwrap();
        let output = tktdump(&["--key", key.to_str().unwrap()], "", &data("nginx48_tls12/ticket.bin"));
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(error), "{}", errors(&output));
    }
}

#[test]
fn a_configuration_of_nginx_stands_for_its_key_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sites")).unwrap();
    let main = "http {\n  include sites/*.conf;\n  include missing.conf;\n}\n";
    fs::write(path("nginx.conf"), main).unwrap();
    let site = "server {\n  ssl_session_ticket_key new.key;\n  ssl_session_ticket_key old.key; # the old one\n}\n";
    fs::write(path("sites/a.conf"), site).unwrap();
    fs::copy(data("nginx80_tls12/ticket.key"), path("new.key")).unwrap();
    fs::copy(data("nginx48_tls12/ticket.key"), path("old.key")).unwrap();
    let open = || {
        Command::new(env!("CARGO_BIN_EXE_tktdump"))
            .args(["-f", "json", "--key"])
            .args([path("nginx.conf"), data("nginx48_tls12/ticket.bin")])
            .output()
            .unwrap()
    };
    let record = record(&open());
    assert_eq!(record.get("status"), Some(&Value::from("decrypted")));
    let key = |name| record.pointer(&format!("/key/{name}")).and_then(Value::as_str).unwrap();
    assert!(key("file").ends_with("old.key"));
    assert_eq!((key("role"), key("format")), ("inactive", "nginx"));
    // a configuration that includes itself ends in an error
    fs::write(path("sites/b.conf"), "include sites/*.conf;\n").unwrap();
    let output = open();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("too deep") || errors(&output).contains("too many"), "{}", errors(&output));
    fs::write(path("sites/b.conf"), "").unwrap();
    fs::write(path("sites/a.conf"), "").unwrap();
    assert!(errors(&open()).contains("no ticket key is configured: the server makes its own in memory"));
}

#[test]
fn a_ticket_chosen_after_a_hello_retry_request_is_not_said_to_be_passed_over() {
    let folder = data("nginx80_tls13_hrr");
    let key = folder.join("ticket.key");
    let output = tktdump(&["-f", "keylog"], key.to_str().unwrap(), &folder.join("capture.pcap"));
    let said = errors(&output);
    assert!(said.contains("Diffie-Hellman"), "{said}");
    assert!(!said.contains("did not choose"), "{said}");
}

#[test]
fn the_summary_of_a_capture_counts_its_connections_though_there_are_none() {
    let whole = fs::read(data("nginx48_tls12/capture.pcap")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pcap");
    fs::write(&file, &whole[..24]).unwrap();
    let key = data("nginx48_tls12/ticket.key");
    let output = tktdump(&["-f", "json", "--stats"], key.to_str().unwrap(), &file);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"type\":\"summary\",\"tickets\":0,\"connections\":0,\"packets\":0,\"dropped\":0}\n"
    );
}
