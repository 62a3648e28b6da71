//! Inputs that are not what was said or meant: one sentence says what they are, and what to give instead.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Output, tktdump};

const CASE: &str = "testdata/nginx80_tls12";

/// What the command says of a file with that content.
fn run(args: &[&str], name: &str, content: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let args: Vec<&str> = args.iter().copied().chain([path.to_str().unwrap()]).collect();
    let mut output = tktdump(&args, b"");
    output.stderr = output.errors().replace(path.to_str().unwrap(), name).into_bytes();
    output
}

/// A frame of zstd whose one block is not compressed.
fn zstd(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let block = (length << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0][..], &length.to_le_bytes(), &block[..3], content].concat()
}

#[test]
fn zstd_is_read_as_gzip_is() {
    let key = format!("{CASE}/ticket.key");
    for name in ["ticket.hex", "session.pem", "capture.pcap", "ticket.bin"] {
        let content = fs::read(format!("{CASE}/{name}")).unwrap();
        let args = ["-q", "-f", "json", "--redact", "--key", &key];
        let (plain, packed) = (run(&args, "input", &content), run(&args, "input", &zstd(&content)));
        assert_eq!(plain.status, Some(0), "{name}: {}", plain.errors());
        let statuses = |output: &Output| -> Vec<serde_json::Value> {
            output.records().iter().map(|record| record["status"].clone()).collect()
        };
        assert_eq!((packed.status, statuses(&packed)), (Some(0), statuses(&plain)), "{name}: {}", packed.errors());
    }
    // a capture written again is read twice
    let content = fs::read(format!("{CASE}/capture.pcap")).unwrap();
    let args = ["-q", "-f", "pcapng", "--key", &key];
    assert_eq!(run(&args, "input", &zstd(&content)).stdout, run(&args, "input", &content).stdout);
    let damaged = zstd(&content);
    let output = run(&["--key", &key], "input", &damaged[..damaged.len() - 9]);
    assert_eq!(output.status, Some(2));
    assert!(output.errors().contains("zstd -t FILE"), "{}", output.errors());
}

#[test]
fn what_cannot_be_unpacked_is_told_with_the_command_that_does() {
    for (content, name, command) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "xz", "xz -dc FILE"),
        (b"BZh91AY&SY\0\0", "bzip2", "bzip2 -dc FILE"),
        (b"\x04\x22\x4d\x18\x60\x40\x82", "lz4", "lz4 -dc FILE"),
        (b"PK\x03\x04\x14\0", "zip", "unzip -p FILE"),
        (b"\x28\xb5\x2f\xfd\x00\x80\0\0\0\0\0\0\0\0", "zstd", "zstd -dc --long=31 FILE"),
    ] {
        for args in [&[][..], &["-f", "json"], &["survey"], &["audit"]] {
            let output = run(args, "input", content);
            assert_eq!(output.status, Some(2), "{name} {args:?}: {}", output.errors());
            assert!(output.errors().contains(name) && output.errors().contains(command), "{}", output.errors());
        }
    }
    // a ticket may begin like anything
    let mut ticket = fs::read(format!("{CASE}/ticket.bin")).unwrap();
    ticket[..3].copy_from_slice(b"BZh");
    assert_eq!(run(&["-q"], "input", &ticket).status, Some(0));
}

#[test]
fn a_form_that_does_not_fit_is_told_of() {
    let file = |name: &str| fs::read(format!("{CASE}/{name}")).unwrap();
    for (form, name, wanted) in [
        ("pcap", "session.pem", "the input is not a packet capture (pcap or pcapng): it seems to be a TLS session"),
        ("pcap", "ticket.bin", "the input is not a packet capture (pcap or pcapng)"),
        ("der", "session.pem", "the input is not a session in DER"),
        ("pem", "capture.pcap", "it seems to be a packet capture"),
        ("hex", "capture.pcap", "it seems to be a packet capture"),
        ("base64", "capture.pcap", "it seems to be a packet capture"),
        ("json", "session.pem", "it seems to be a TLS session"),
    ] {
        let output = run(&["--from", form], name, &file(name));
        assert_eq!(output.status, Some(2), "{form} {name}");
        assert!(output.errors().contains(wanted), "{form} {name}: {}", output.errors());
        assert!(output.errors().contains("without --from"), "{}", output.errors());
    }
    for (form, name) in [("raw", "ticket.bin"), ("hex", "ticket.hex"), ("pem", "session.pem"), ("pcap", "capture.pcap")]
    {
        assert_eq!(run(&["-q", "--from", form], name, &file(name)).status, Some(0), "{form}");
    }
}

#[test]
fn a_capture_without_a_handshake_says_how_many_packets_it_has() {
    let capture = fs::read(format!("{CASE}/capture.pcap")).unwrap();
    let length = |at: usize| u32::from_le_bytes(capture[at + 8..at + 12].try_into().unwrap()) as usize + 16;
    let two = 24 + length(24);
    let output = run(&[], "a.pcap", &capture[..two + length(two)]);
    assert!(output.errors().contains("a.pcap: 2 packets, no TLS handshake in them"), "{}", output.errors());
    assert_eq!(output.status, Some(1));
    let output = tktdump(&["testdata/variants/snaplen120.pcap"], b"");
    assert!(output.errors().contains("tcpdump -s 0"), "{}", output.errors());
}

#[test]
fn a_key_log_without_a_key_says_what_is_missing() {
    let output = tktdump(&["-f", "keylog", &format!("{CASE}/capture.pcap")], b"");
    assert_eq!(output.status, Some(1));
    assert!(output.errors().contains("hint: a key log is made with the server's ticket key: --key FILE"));
    let case = "testdata/nginx80_tls13_hrr";
    let args = ["-f", "keylog", "--key", &format!("{case}/ticket.key"), &format!("{case}/capture.pcap")];
    assert!(tktdump(&args, b"").errors().contains("SSLKEYLOGFILE"));
}

#[test]
fn swapped_arguments_are_seen() {
    for name in ["ticket.bin", "ticket.hex"] {
        let output = run(&["-k"], name, &fs::read(format!("{CASE}/{name}")).unwrap());
        // the key stands where an input should: what is read is standard input
        assert_eq!(output.status, Some(2), "{name}");
        assert!(output.errors().contains("it is an input and not a key"), "{name}: {}", output.errors());
    }
}
