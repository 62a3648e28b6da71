//! One capture, sent in other ways: what is found stays the same.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use tktdump::capture::container::{Packet, Reader, Step, Time};
use tktdump::capture::{Capture, Connection};

#[path = "../fuzz/bodies.rs"]
#[allow(unreachable_pub, dead_code)]
mod bodies;

const CAPTURE: &[u8] = include_bytes!("../testdata/variants/rawip101.pcap");

/// The IPv4 packets of the capture.
fn packets() -> Vec<Vec<u8>> {
    let (mut reader, mut rest, mut packets) = (Reader::new(), CAPTURE, Vec::new());
    loop {
        match reader.step(rest).unwrap() {
            Step::Packet { packet, used } => {
                packets.push(packet.data.to_vec());
                rest = &rest[used..];
            }
            Step::Skip(length) => rest = &rest[usize::try_from(length).unwrap()..],
            Step::Secrets { used, .. } => rest = &rest[used..],
            Step::Need(_) => return packets,
        }
    }
}

/// What is found: stream, kind of handshake, tickets.
fn found(packets: &[Vec<u8>]) -> Vec<(u64, &'static str, Vec<Vec<u8>>)> {
    let mut capture = Capture::default();
    let mut all: Vec<Connection> = Vec::new();
    for data in packets {
        let packet = Packet { time: Time::default(), link_type: 101, data, original_length: data.len() };
        capture.packet(&packet, &mut |connection| all.push(connection));
    }
    capture.finish(&mut |connection| all.push(connection));
    let tickets = |c: &Connection| c.sightings().iter().map(|s| s.ticket.to_vec()).collect();
    all.iter().map(|c| (c.stream, c.handshake().as_str(), tickets(c))).collect()
}

fn shift(packet: &mut [u8], by: u32) {
    let sequence = u32::from_be_bytes(packet[24..28].try_into().unwrap());
    packet[24..28].copy_from_slice(&sequence.wrapping_add(by).to_be_bytes());
}

#[test]
fn sequence_numbers_wrap() {
    let original = found(&packets());
    assert_eq!(original.iter().map(|(_, kind, _)| *kind).collect::<Vec<_>>(), ["full", "resumed_ticket"]);
    for sender in 0..2 {
        let first = u32::from_be_bytes(packets()[sender][24..28].try_into().unwrap());
        for before in [1, 100, 300, 1500] {
            let mut shifted = packets();
            for packet in &mut shifted {
                shift(packet, 0_u32.wrapping_sub(first).wrapping_sub(before));
            }
            assert_eq!(found(&shifted), original, "{sender} {before}");
        }
    }
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let original = found(&packets());
    let mut again = packets();
    for packet in &mut again {
        shift(packet, 0x1234_5678);
    }
    let both = found(&[packets(), again].concat());
    assert_eq!(both.iter().map(|(stream, ..)| *stream).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(both[2].2, original[0].2);
    // the same once more is a retransmission
    assert_eq!(found(&[packets(), packets()].concat()), original);
}

#[test]
fn fragments_are_put_together() {
    let mut pieces = Vec::new();
    for (number, packet) in packets().into_iter().enumerate() {
        let (header, payload) = packet.split_at(20);
        let chunks: Vec<&[u8]> = payload.chunks(104).collect();
        for (index, chunk) in chunks.iter().enumerate().rev() {
            let mut piece = header.to_vec();
            piece[2..4].copy_from_slice(&u16::try_from(20 + chunk.len()).unwrap().to_be_bytes());
            piece[4..6].copy_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
            let more = if index + 1 < chunks.len() { 0x2000 } else { 0 };
            piece[6..8].copy_from_slice(&(u16::try_from(index * 13).unwrap() | more).to_be_bytes());
            piece.extend_from_slice(chunk);
            pieces.push(piece);
        }
    }
    assert!(pieces.len() > packets().len());
    assert_eq!(found(&pieces), found(&packets()));
}

#[test]
fn ipv6_with_extension_headers_is_the_same() {
    let carried = packets().into_iter().map(|packet| {
        let tcp = &packet[20..];
        let mut carried = vec![0x60, 0, 0, 0];
        carried.extend(u16::try_from(tcp.len() + 16).unwrap().to_be_bytes());
        // hop-by-hop options, then destination options
        carried.extend([0, 64]);
        for address in [&packet[12..16], &packet[16..20]] {
            carried.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            carried.extend(address);
        }
        carried.extend([60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0]);
        carried.extend(tcp);
        carried
    });
    assert_eq!(found(&carried.collect::<Vec<_>>()), found(&packets()));
}

#[test]
fn a_reset_that_is_not_due_ends_nothing() {
    // one from an earlier connection after every packet
    let stray = |packet: &Vec<u8>| {
        let mut reset = packet[..40].to_vec();
        reset[2..4].copy_from_slice(&40_u16.to_be_bytes());
        reset[24..28].copy_from_slice(&99_u32.to_be_bytes());
        (reset[32], reset[33]) = (0x50, 0x04);
        [packet.clone(), reset]
    };
    let packets = packets();
    assert_eq!(found(&packets.iter().flat_map(stray).collect::<Vec<_>>()), found(&packets));
}

#[test]
fn a_client_hello_that_is_cut_is_no_late_start() {
    let mut capture = Capture::default();
    let mut all = Vec::new();
    for data in packets() {
        let kept = if data.get(data_at(&data) + 5) == Some(&1) { data.len() - 60 } else { data.len() };
        let packet = Packet { time: Time::default(), link_type: 101, data: &data[..kept], original_length: data.len() };
        capture.packet(&packet, &mut |connection| all.push(connection));
    }
    capture.finish(&mut |connection| all.push(connection));
    assert!(!all.is_empty());
    for connection in &all {
        assert!(connection.client_lost && !connection.server_lost && connection.client_hellos.is_empty());
        let why = tktdump::resumption::conclude(connection, &[], &tktdump::resumption::History::default(), 0).why;
        assert!(why.contains("does not have the whole ClientHello"), "{why}");
    }
}

/// Where the payload of TCP begins.
fn data_at(packet: &[u8]) -> usize {
    20 + usize::from(packet[32] >> 4) * 4
}

#[test]
fn a_ticket_is_found_though_what_came_before_is_missing() {
    let whole = packets();
    let begins = |packet: &Vec<u8>, kind: u8| {
        let payload = &packet[data_at(packet)..];
        payload.first() == Some(&22) && payload.get(5) == Some(&kind)
    };
    let issued = whole.iter().position(|packet| begins(packet, 4)).unwrap();
    let answer = whole.iter().position(|packet| begins(packet, 2)).unwrap();
    let original = found(&whole);
    for start in 0..=issued {
        let late = found(&whole[start..]);
        let tickets =
            |all: &[(u64, &str, Vec<Vec<u8>>)]| all.iter().map(|it| (it.0, it.2.clone())).collect::<BTreeMap<_, _>>();
        assert_eq!(tickets(&late), tickets(&original), "{start}");
    }
    let mut lost = whole.clone();
    lost.remove(answer);
    let lost = found(&lost).into_iter().find(|it| it.0 == 0).unwrap();
    assert_eq!((lost.1, &lost.2), ("incomplete", &original[0].2));
    // lengths that contradict each other are those of something else
    let mut other = whole[issued..=issued].to_vec();
    let at = data_at(&other[0]);
    other[0][at + 14] ^= 1;
    assert_eq!(found(&other), []);
}

/// The packets with other payloads, each of them in as many pieces as may be.
fn with_payloads(mut change: impl FnMut(&[u8]) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut shifts: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let mut all = Vec::new();
    for packet in packets() {
        let at = data_at(&packet);
        let by = shifts.entry(packet[12..24].to_vec()).or_default();
        let pieces = change(&packet[at..]);
        for piece in pieces {
            let mut sent = [&packet[..at], &piece].concat();
            sent[2..4].copy_from_slice(&u16::try_from(at + piece.len()).unwrap().to_be_bytes());
            shift(&mut sent, *by);
            *by = by.wrapping_add(u32::try_from(piece.len()).unwrap());
            all.push(sent);
        }
        *by = by.wrapping_sub(u32::try_from(packet.len() - at).unwrap());
    }
    all
}

fn is_client_hello(payload: &[u8]) -> bool {
    payload.first() == Some(&22) && payload.get(5) == Some(&1)
}

#[test]
fn handshake_records_of_any_length_are_read() {
    for length in [1, 2, 3, 4, 5, 6, 9, 10, 11] {
        let sent = with_payloads(|payload| {
            if !is_client_hello(payload) {
                return vec![payload.to_vec()];
            }
            let records = payload[5..].chunks(length).map(|chunk| {
                let header = [22, 3, 1, 0, u8::try_from(chunk.len()).unwrap()];
                [&header, chunk].concat()
            });
            vec![records.collect::<Vec<_>>().concat()]
        });
        assert_eq!(found(&sent), found(&packets()), "{length}");
    }
}

#[test]
fn what_may_come_before_tls_is_passed_over() {
    let original = found(&packets());
    let second = [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[0x21, 0x11, 0, 12], &[9; 12]].concat();
    for header in [b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n".as_slice(), &second] {
        let ahead = |payload: &[u8]| {
            let header = if is_client_hello(payload) { header } else { &[] };
            vec![[header, payload].concat()]
        };
        assert_eq!(found(&with_payloads(ahead)), original);
    }
    let talk = |payload: &[u8]| {
        let mut pieces = vec![b"EHLO client.test\r\n".to_vec(); if is_client_hello(payload) { 60 } else { 0 }];
        pieces.push(payload.to_vec());
        pieces
    };
    assert_eq!(found(&with_payloads(talk)), original);
}

#[test]
fn a_lost_packet_is_passed_over() {
    let whole = packets();
    for lost in 0..whole.len() {
        let mut rest = whole.clone();
        rest.remove(lost);
        let kinds: Vec<&str> = found(&rest).iter().map(|(_, kind, _)| *kind).collect();
        // never anything but the truth, or that it is not known
        for (_, kind, _) in found(&rest) {
            assert!(matches!(kind, "full" | "resumed_ticket" | "incomplete"), "{lost}: {kinds:?}");
        }
        assert!(!kinds.is_empty(), "{lost}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_is_sent_does_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        for file in [CAPTURE, include_bytes!("../testdata/variants/two_interfaces.pcapng")] {
            let mut bytes = file.to_vec();
            for (index, value) in &changes {
                *index.get_mut(&mut bytes) = *value;
            }
            bodies::capture(&bytes);
        }
    }

    #[test]
    fn order_within_a_flight_does_not_matter(swap in 0_usize..28) {
        let mut mixed = packets();
        let (left, right) = mixed.split_at_mut(swap + 1);
        // neighbours of one direction only: across directions the order is part of the protocol
        if left[swap][12..16] == right[0][12..16] && left[swap][20..24] == right[0][20..24] {
            std::mem::swap(&mut left[swap], &mut right[0]);
        }
        prop_assert_eq!(found(&mixed), found(&packets()));
    }
}
