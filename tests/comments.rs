//! `-f pcapng`: comments on packets, and the order of blocks.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;

use common::{Output, tktdump};
use tktdump::capture::container::pcapng_editor::{Editor, Kind};
use tktdump::capture::container::pcapng_writer::{BlockWriter, ByteOrder, Packet};

const CASE: &str = "testdata/nginx48_tls12";
/// A connection with a client certificate that anybody can read.
const CERTIFICATE: &str = "testdata/nginx48_tls12_clientcert_rsa";

/// A block: what it is, and all of it.
type Block = (Kind, Vec<u8>);

fn blocks(file: &[u8]) -> Vec<Block> {
    let (mut editor, mut rest, mut blocks) = (Editor::default(), file, Vec::new());
    while let Some(head) = rest.first_chunk() {
        let (kind, length) = editor.next(head).unwrap();
        let (block, after) = rest.split_at(length as usize);
        blocks.push((kind, block.to_vec()));
        rest = after;
    }
    assert!(rest.is_empty());
    blocks
}

/// The packets and their comments, of a capture that is little-endian; a number is that of Wireshark.
fn packets(file: &[u8]) -> Vec<(Vec<u8>, Vec<String>)> {
    let is_packet = |block: &Block| matches!(block.0, Kind::Packet | Kind::SimplePacket);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte));
    let packets = blocks(file).into_iter().filter(is_packet).map(|(kind, block)| {
        if kind == Kind::SimplePacket {
            return (block[12..12 + number(&block[8..12])].to_vec(), Vec::new());
        }
        let length = number(&block[20..24]);
        let mut options = &block[28 + length.next_multiple_of(4)..block.len() - 4];
        let mut comments = Vec::new();
        while !options.is_empty() {
            let (code, size) = (options[0], number(&options[2..4]));
            if code == 1 {
                comments.push(String::from_utf8(options[4..4 + size].to_vec()).unwrap());
            }
            options = &options[4 + size.next_multiple_of(4)..];
        }
        (block[28..28 + length].to_vec(), comments)
    });
    packets.collect()
}

/// Every comment, its packet's number before it.
fn comments(file: &[u8]) -> Vec<String> {
    let numbered = (1..).zip(packets(file));
    numbered.flat_map(|(number, (_, all))| all.into_iter().map(move |text| format!("{number} {text}"))).collect()
}

fn run(case: &str, options: &[&str], capture: &[u8]) -> Output {
    let key = format!("{case}/ticket.key");
    let output = tktdump(&[&["-f", "pcapng", "--key", &key], options].concat(), capture);
    assert_eq!(output.status, Some(0), "{}", output.errors());
    output
}

fn capture(case: &str) -> Vec<u8> {
    fs::read(format!("{case}/capture.pcap")).unwrap()
}

/// The capture as pcapng, without anything else: the second interface stands where the format allows it to.
fn plain(order: ByteOrder, case: &str) -> Vec<u8> {
    let classic = capture(case);
    let (blocks, mut out) = (BlockWriter::new(order), Vec::new());
    blocks.section_header("someone else", &mut out).unwrap();
    blocks.interface(u16::from_le_bytes([classic[20], classic[21]]), 0, 6, &mut out).unwrap();
    let mut rest = &classic[24..];
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
    while !rest.is_empty() {
        let timestamp = u64::from(number(rest, 0)) * 1_000_000 + u64::from(number(rest, 4));
        let (data, after) = rest[16..].split_at(number(rest, 8) as usize);
        let packet = Packet { interface: 0, timestamp, original_length: number(rest, 12), data };
        blocks.packet(&packet, &mut out).unwrap();
        rest = after;
    }
    out
}

#[test]
fn tickets_and_connections_leave_comments() {
    let written = run(CASE, &[], &capture(CASE)).stdout;
    let found = comments(&written);
    let expected = [
        "6 tktdump: full handshake: the client brought no ticket and asked for one; it was given one",
        "9 tktdump: ticket issued, opens: key ",
        " tktdump: ticket offered, opens: key ",
        " tktdump: resumed: the server accepted the ticket",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}");
        assert!(found.chars().count() < 200 + 5, "{found}");
    }
    let ticket = &found[1];
    for part in ["(ticket.key #0, active); TLSv1.2 ECDHE-", "www.lab.test; 2026-11-23 "] {
        assert!(ticket.contains(part), "{ticket}");
    }
    assert!(found[2].ends_with("; issued in packet 9"), "{}", found[2]);
    // nothing else has changed
    let before: Vec<Vec<u8>> = packets(&plain(ByteOrder::Little, CASE)).into_iter().map(|it| it.0).collect();
    assert_eq!(packets(&written).into_iter().map(|it| it.0).collect::<Vec<_>>(), before);
}

#[test]
fn only_problems_or_nothing_at_all() {
    let case = "testdata/nginx48_tls12_refused";
    let all = comments(&run(case, &[], &capture(case)).stdout);
    let problems = comments(&run(case, &["--comments", "problems"], &capture(case)).stdout);
    assert!(problems.len() < all.len() && problems.iter().all(|text| all.contains(text)), "{problems:#?}");
    assert!(problems.iter().any(|text| text.contains("tktdump: not resumed: the server did not accept the ticket: ")));
    assert!(
        problems.iter().any(|text| text.contains("tktdump: ticket issued, unknown key: it begins with ac0abf7d")),
        "{all:?}"
    );
    assert_eq!(comments(&run(CASE, &["--comments", "problems"], &capture(CASE)).stdout), [""; 0]);
    // comments of an earlier run are taken out
    let commented = run(CASE, &[], &capture(CASE)).stdout;
    let bare = run(CASE, &["--comments", "none"], &capture(CASE)).stdout;
    assert_eq!(comments(&bare), [""; 0]);
    assert_eq!(run(CASE, &["--comments", "none"], &commented).stdout, bare);
}

#[test]
fn a_second_run_gives_the_identical_file() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let once = run(CASE, &[], &plain(order, CASE)).stdout;
        assert_eq!(run(CASE, &[], &once).stdout, once);
    }
    let once = run(CASE, &[], &capture(CASE)).stdout;
    assert_eq!(run(CASE, &[], &once).stdout, once);
    assert!(run(CASE, &[], &once).errors().is_empty());
}

#[test]
fn secrets_stand_behind_all_interfaces_that_come_first() {
    let plain = plain(ByteOrder::Little, CASE);
    let all = blocks(&plain);
    let mut secrets = Vec::new();
    BlockWriter::new(ByteOrder::Little).tls_key_log(b"# somebody's\n", &mut secrets).unwrap();
    // as this program once wrote it: secrets ahead of the interfaces; and one interface more, later on
    let (section, interface, rest) = (&all[0].1, &all[1].1, &all[2..]);
    let middle: Vec<u8> = rest[..2].iter().chain([&all[1]]).chain(&rest[2..]).flat_map(|it| it.1.clone()).collect();
    let file = [&section[..], &secrets, interface, interface, &middle].concat();
    let written = run(CASE, &[], &file).stdout;
    let kinds: Vec<Kind> = blocks(&written).iter().map(|block| block.0).take(8).collect();
    let expected = [Kind::Section, Kind::Interface, Kind::Interface, Kind::Secrets, Kind::Secrets, Kind::Packet];
    assert_eq!(kinds[..6], expected);
    assert_eq!(kinds[7], Kind::Interface, "one that comes after packets stays there");
    assert_eq!(blocks(&written)[4].1, secrets);
    assert_eq!(run(CASE, &[], &written).stdout, written);
    let kinds: Vec<Kind> = blocks(&run(CASE, &[], &capture(CASE)).stdout).iter().map(|block| block.0).take(4).collect();
    assert_eq!(kinds, [Kind::Section, Kind::Interface, Kind::Secrets, Kind::Packet]);
}

#[test]
fn a_redacted_capture_holds_no_secret() {
    let open = run(CERTIFICATE, &[], &capture(CERTIFICATE)).stdout;
    let output = run(CERTIFICATE, &["--redact"], &open);
    assert!(blocks(&output.stdout).iter().all(|block| block.0 != Kind::Secrets));
    assert_eq!(comments(&output.stdout), comments(&open));
    assert!(output.errors().contains("clients showed certificates in handshakes"), "{}", output.errors());
    assert!(comments(&open).iter().any(|text| text.contains("tktdump: session: client certificate ")));
    assert!(!output.errors().contains("decrypts"), "{}", output.errors());
    let other = run(CASE, &["--redact"], &capture(CASE));
    assert!(!other.errors().contains("certificates"), "{}", other.errors());
    // what follows damage may be secrets
    let damaged = [&open[..], &[0; 40], b"CLIENT_RANDOM"].concat();
    let output = tktdump(&["-f", "pcapng", "--redact"], &damaged);
    assert!(!output.stdout.windows(13).any(|window| window == b"CLIENT_RANDOM"));
}

#[test]
fn comments_of_others_stay_and_simple_packets_have_none() {
    let plain = plain(ByteOrder::Little, CASE);
    let (mut file, mut number) = (Vec::new(), 0);
    for (kind, block) in blocks(&plain) {
        number += u32::from(kind == Kind::Packet);
        match (kind, number) {
            // the packet with the ticket in a block without options
            (Kind::Packet, 9) => {
                let length = u32::from_le_bytes(*block[20..].first_chunk().unwrap());
                let size = 16 + length.next_multiple_of(4);
                let body = &block[28..28 + length.next_multiple_of(4) as usize];
                let simple = [3_u32.to_le_bytes(), size.to_le_bytes(), length.to_le_bytes()].concat();
                file.extend([&simple[..], body, &size.to_le_bytes()].concat());
            }
            (Kind::Packet, 6 | 7) => {
                Editor::default().comment(&block, "none", &["theirs", "tktdump: old"], &mut file).unwrap();
            }
            _ => file.extend(block),
        }
    }
    let output = run(CASE, &[], &file);
    let found = packets(&output.stdout);
    assert!(found[5].1[0] == "theirs" && found[5].1[1].starts_with("tktdump: full handshake"), "{:?}", found[5].1);
    assert_eq!(found[5].1.len(), 2);
    assert_eq!(found[6].1, ["theirs"]);
    assert!(output.errors().contains("one comment was left out: its packet is in a block"), "{}", output.errors());
    assert_eq!(run(CASE, &[], &output.stdout).stdout, output.stdout);
}

#[test]
fn hostile_names_stay_text_of_one_line() {
    // the host name that the client asked for, as long as before
    let mut classic = capture(CASE);
    let hostile = b"a\0\x1b[2J\n\xe2\x80\xae\xff";
    let at: Vec<usize> = (0..classic.len() - 12).filter(|&at| &classic[at..at + 12] == b"www.lab.test").collect();
    for at in at {
        classic[at..at + hostile.len()].copy_from_slice(hostile);
    }
    let found = comments(&run(CASE, &[], &classic).stdout);
    assert_eq!(found.len(), 4, "{found:?}");
    for text in &found {
        assert!(text.chars().all(|character| !character.is_control() && character != '\u{202e}'), "{text:?}");
    }
}

#[test]
fn packets_are_counted_as_others_count_them() {
    let plain = plain(ByteOrder::Little, CASE);
    // a packet of an interface that there is not, ahead of all others
    let mut stray = Vec::new();
    let packet = Packet { interface: 7, timestamp: 0, original_length: 3, data: b"abc" };
    BlockWriter::new(ByteOrder::Little).packet(&packet, &mut stray).unwrap();
    let all = blocks(&plain);
    let ahead = all[0].1.len() + all[1].1.len();
    let file = [&plain[..ahead], &stray, &plain[ahead..]].concat();
    let (before, after) = (run(CASE, &[], &plain).stdout, run(CASE, &[], &file).stdout);
    let number = |text: &str| text.split_once(' ').unwrap().0.parse::<u64>().unwrap();
    let numbers = |file: &[u8]| comments(file).iter().map(|text| number(text)).collect::<Vec<_>>();
    let expected: Vec<u64> = numbers(&before).iter().map(|number| number + 1).collect();
    assert_eq!(numbers(&after), expected);
    let records = tktdump(&["-q", "-f", "json"], &file).records();
    assert_eq!(records[0]["capture"]["packet"], 10);
}

#[test]
fn without_a_key_there_are_comments() {
    let output = tktdump(&["-f", "pcapng"], &capture(CASE));
    assert_eq!(output.status, Some(0), "{}", output.errors());
    let found = comments(&output.stdout);
    assert!(found[1].contains("tktdump: ticket issued, no key given: it begins with "), "{found:?}");
    let output = tktdump(&["-f", "pcapng", "--comments", "none"], &capture(CASE));
    assert_eq!(output.status, Some(1), "{}", output.errors());
}
