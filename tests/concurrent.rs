//! Many handshakes that are open at a time: none of them has two records, and what finds no room is counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod handshake;

use std::collections::HashMap;

use handshake::{Connection, Hello};
use tktdump::capture::Capture;
use tktdump::capture::container::{Reader, Step};

/// The packets of one handshake, by those that come before its end and those at its end.
fn packets(number: u32) -> [Vec<Vec<u8>>; 2] {
    let mut connection = Connection::default();
    let hello = Hello { random: [7; 32], session_id: &[7; 32], suite: 0xc030, ticket: Some(&[9; 200]) };
    connection.client(&handshake::record(22, &hello.client()));
    let begun = connection.packets.len();
    connection.server(
        &[handshake::record(22, &hello.server()), handshake::change_cipher_spec(), handshake::record(22, &[1; 40])]
            .concat(),
    );
    connection.client(&[handshake::change_cipher_spec(), handshake::record(22, &[1; 40])].concat());
    let mut packets = connection.packets;
    for packet in &mut packets {
        // each client has an address of its own
        let at = if packet[26..30] == [10, 0, 0, 1] { 26 } else { 30 };
        packet[at..at + 4].copy_from_slice(&(0x0b00_0000 + number).to_be_bytes());
    }
    let end = packets.split_off(begun);
    [packets, end]
}

/// How many records each of `count` connections has, all of which are open at a time, and how many were given up.
fn records(count: u32) -> (HashMap<String, u32>, u64) {
    let handshakes: Vec<_> = (0..count).map(packets).collect();
    let packets = (0..2).flat_map(|part| handshakes.iter().flat_map(move |handshake| handshake[part].clone()));
    let mut all = Connection::default();
    all.packets = packets.collect();
    let file = all.capture();
    let (mut reader, mut capture, mut rest, mut records) =
        (Reader::new(), Capture::default(), &file[..], HashMap::new());
    let mut add = |connection: tktdump::capture::Connection| {
        *records.entry(connection.client.to_string()).or_default() += 1;
    };
    loop {
        match reader.step(rest).unwrap() {
            Step::Packet { packet, used } => {
                capture.packet(&packet, &mut add);
                rest = &rest[used..];
            }
            Step::Skip(length) => rest = &rest[usize::try_from(length).unwrap()..],
            Step::Secrets { used, .. } => rest = &rest[used..],
            Step::Need(_) => break,
        }
    }
    capture.finish(&mut add);
    let given_up = capture.remarks().given_up;
    (records, given_up)
}

#[test]
fn thousands_of_open_handshakes_lose_nothing() {
    let (records, given_up) = records(12_000);
    assert_eq!((records.len(), given_up), (12_000, 0));
    assert!(records.values().all(|&count| count == 1));
}

#[test]
fn no_connection_has_two_records() {
    let (records, given_up) = records(60_000);
    assert!(given_up > 0 && records.len() >= 12_000, "{} records", records.len());
    assert!(records.values().all(|&count| count == 1));
    assert_eq!(records.len() as u64 + given_up, 60_000, "what has no record is counted");
}
