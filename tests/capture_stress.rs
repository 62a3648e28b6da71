//! Hostile captures: memory stays within bounds, nothing crashes, and what can be read is read.

#![cfg(target_os = "linux")]
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

fn pcap_header() -> Vec<u8> {
    let mut header = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    header.extend([0; 8]);
    header.extend(65535_u32.to_le_bytes());
    header.extend(101_u32.to_le_bytes());
    header
}

/// A TCP segment from a client whose number tells its address and port.
fn segment(client: u32, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend((0x0a00_0000 + client / 50_000).to_be_bytes());
    packet.extend([192, 168, 0, 1]);
    packet.extend(u16::try_from(1024 + client % 50_000).unwrap().to_be_bytes());
    packet.extend(443_u16.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    let mut record = vec![0; 8];
    record.extend(u32::from(length).to_le_bytes());
    record.extend(u32::from(length).to_le_bytes());
    record.extend(packet);
    record
}

const SYN: u8 = 2;
const PUSH: u8 = 0x18;

/// Feeds a capture through a pipe; gives the peak of memory in KiB, the output, and the exit status.
fn run(feed: impl FnOnce(&mut dyn Write)) -> (u64, String, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-q", "-f", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut out = String::new();
        stdout.read_to_string(&mut out).unwrap();
        out
    });
    feed(&mut stdin);
    let _ = stdin.flush();
    // the pipe stays open until the memory was looked at
    common::settle(child.id());
    let peak = common::peak_memory(child.id());
    drop(stdin);
    let code = child.wait().unwrap().code().expect("no signal");
    (peak.unwrap_or(0), reader.join().unwrap(), code)
}

/// Feeds a capture, and one of ten times its length, in which nothing is found; the memory must not grow with it.
fn run_longer(count: u32, feed: impl Fn(&mut dyn Write, u32)) {
    let [few, many] = [count, 10 * count].map(|count| {
        let (peak, out, code) = run(|pipe| {
            let _ = pipe.write_all(&pcap_header());
            feed(pipe, count);
        });
        assert_eq!((out.contains("\"ticket\""), code), (false, 1), "{out}");
        peak
    });
    common::assert_level(few, many);
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn half_open_connections() {
    run_longer(100_000, |pipe, count| {
        for client in 0..count {
            let _ = pipe.write_all(&segment(client, 1, SYN, &[]));
        }
    });
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn hellos_that_never_end() {
    let mut hello = vec![22, 3, 1, 0x40, 0, 1, 1, 0, 0, 3, 3];
    hello.resize(600, 7);
    run_longer(60_000, |pipe, count| {
        for client in 0..count {
            let _ = pipe.write_all(&segment(client, 1, PUSH, &hello));
        }
    });
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn holes_that_are_never_filled() {
    // enough for all that may be held
    run_longer(10, |pipe, count| {
        for round in 0..count {
            for client in 0..2000 {
                if round == 0 {
                    let _ = pipe.write_all(&segment(client, 0, SYN, &[]));
                }
                let _ = pipe.write_all(&segment(client, 1000 + 2000 * round, PUSH, &[22; 1400]));
            }
        }
    });
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn a_message_without_end() {
    run_longer(400, |pipe, count| {
        let mut sequence = 1_u32;
        for number in 0..count {
            let mut record = vec![22, 3, 3, 0x40, 0];
            record.resize(5 + 0x4000, 0xff);
            if number == 0 {
                record[5..11].copy_from_slice(&[1, 1, 0xff, 0xff, 3, 3]);
            }
            let _ = pipe.write_all(&segment(1, sequence, PUSH, &record));
            sequence = sequence.wrapping_add(u32::try_from(record.len()).unwrap());
        }
    });
}

fn section() -> Vec<u8> {
    let mut section = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    section.extend([0xff; 8]);
    section.extend(28_u32.to_le_bytes());
    section.extend([1, 0, 0, 0, 20, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]);
    section
}

#[test]
fn blocks_with_lying_lengths() {
    let block = |kind: u32, length: u32| {
        run(|pipe| {
            let _ = pipe.write_all(&section());
            let _ = pipe.write_all(&kind.to_le_bytes());
            let _ = pipe.write_all(&length.to_le_bytes());
            let _ = pipe.write_all(&vec![0; 100_000]);
        })
    };
    let (honest, ..) = block(99, 100_008);
    for length in [0_u32, 4, 13, 0x7fff_fffc, 0xffff_fffc] {
        for kind in [1_u32, 2, 3, 6, 10, 99] {
            let (peak, _, code) = block(kind, length);
            // 0: it was refused before anybody could look
            assert!(peak <= honest + honest / 4, "{peak} KiB, and {honest} KiB of an honest block");
            assert!(code == 1 || code == 2, "{code}");
        }
    }
    // a packet that claims more than its block has
    let (_, _, code) = run(|pipe| {
        let _ = pipe.write_all(&section());
        let mut block = vec![6, 0, 0, 0, 36, 0, 0, 0];
        block.extend([0; 12]);
        block.extend([0xff; 8]);
        block.extend([0; 4]);
        block.extend(36_u32.to_le_bytes());
        let _ = pipe.write_all(&block);
    });
    assert_eq!(code, 1);
}

/// Feeds something and ten times as much of it, which may be refused at any place.
fn run_refused(feed: impl Fn(usize) -> Vec<u8>) {
    let [few, many] = [1, 10].map(|times| {
        let bytes = feed(times);
        let (peak, _, code) = run(|pipe| drop(pipe.write_all(&bytes)));
        assert!(code == 1 || code == 2, "{code}");
        peak
    });
    // 0: it was refused before anybody could look
    if few > 0 {
        common::assert_level(few, many);
    }
}

#[test]
fn a_gzip_bomb() {
    let mut huge_block = section();
    huge_block.extend([99, 0, 0, 0, 0xfc, 0xff, 0xff, 0x7f]);
    for head in [pcap_header(), huge_block, Vec::new()] {
        run_refused(|times| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&head).unwrap();
            for _ in 0..4 * times {
                gzip.write_all(&vec![0; 1 << 20]).unwrap();
            }
            gzip.finish().unwrap()
        });
    }
}

#[test]
fn random_bytes() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let noise: Vec<u8> = (0..400_000).flat_map(|_| random()).collect();
    for head in [pcap_header(), section(), vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]] {
        run_refused(|times| [&head, &noise[..times * noise.len() / 10]].concat());
    }
}
