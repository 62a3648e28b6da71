//! The packets of RFC 9001 appendix A and RFC 9369 appendix A, and others made with the same keys.

use aes_gcm::aead::{Aead as _, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Nonce};

use super::frame::{Crypto, Frame, frames};
use super::keys::{Keys, packet_number};
use super::packet::{Packet, initial_packets, varint};
use super::version::{PacketType, Schedule};
use super::*;
use crate::tls::wire::Reader;
use crate::vectors::Vectors;

const RFC: Vectors = Vectors(include_str!("../../../testdata/quic/initial.txt"));
const VERSIONS: [(Version, u32, &str); 2] = [(Version::V1, 1, "v1"), (Version::V2, 0x6b33_43cf, "v2")];
/// The connection ID that the client chose in both appendices.
const KEY_ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";

fn client_hello() -> Vec<u8> {
    RFC.bytes("v1_client_payload")[4..].to_vec()
}

#[test]
fn keys_of_the_appendices() {
    for (version, _, name) in VERSIONS {
        let keys = Keys::initial(version.schedules()[0], KEY_ID);
        for (keys, side) in keys.iter().zip(["client", "server"]) {
            for (part, label) in keys.parts().into_iter().zip(["key", "iv", "hp"]) {
                assert_eq!(part, RFC.bytes(&format!("{name}_{side}_{label}")), "{name} {side} {label}");
            }
        }
    }
}

#[test]
fn packets_of_the_appendices() {
    for (version, _, name) in VERSIONS {
        let keys = Keys::initial(version.schedules()[0], KEY_ID);
        for ((keys, side), number) in keys.iter().zip(["client", "server"]).zip([2, 1]) {
            let datagram = RFC.bytes(&format!("{name}_{side}_packet"));
            let packets: Vec<Packet<'_>> = initial_packets(&datagram).collect();
            assert_eq!(packets.len(), 1, "{name} {side}");
            let opened = keys.open(&packets[0], 0).unwrap();
            assert_eq!(opened.number, number);
            let payload = RFC.bytes(&format!("{name}_{side}_payload"));
            assert!(opened.payload.starts_with(&payload));
            assert!(opened.payload[payload.len()..].iter().all(|&byte| byte == 0), "PADDING");
        }
    }
}

#[test]
fn an_exchange_gives_both_hellos() {
    for (version, _, name) in VERSIONS {
        let mut exchange = Exchange::begin(&RFC.bytes(&format!("{name}_client_packet"))).unwrap();
        assert_eq!(exchange.version(), version);
        assert_eq!(exchange.next_message(Sender::Client), Some(client_hello()));
        assert_eq!(exchange.next_message(Sender::Client), None);
        assert!(exchange.datagram(Sender::Server, &RFC.bytes(&format!("{name}_server_packet"))));
        // the payload starts with an ACK of five bytes and a CRYPTO header of four
        let server_hello = RFC.bytes(&format!("{name}_server_payload"))[9..].to_vec();
        assert_eq!(exchange.next_message(Sender::Server), Some(server_hello));
        assert!(!exchange.overflowed());
    }
}

#[test]
fn what_is_not_intact_is_not_opened() {
    let good = RFC.bytes("v1_client_packet");
    for length in 0..good.len() {
        assert!(Exchange::begin(&good[..length]).is_none(), "cut at {length}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(Exchange::begin(&bad).is_none(), "byte {at}");
    }
    // of the server alone, or with the sides exchanged, there is no key
    assert!(Exchange::begin(&RFC.bytes("v1_server_packet")).is_none());
    let mut exchange = Exchange::begin(&good).unwrap();
    assert!(!exchange.datagram(Sender::Server, &good));
    assert!(!exchange.datagram(Sender::Client, &RFC.bytes("v1_server_packet")));
    assert!(exchange.datagram(Sender::Server, &RFC.bytes("v1_server_packet")), "a failure changes nothing");
}

/// An Initial packet of the client as RFC 9001 section 5 makes it.
fn seal(version: u32, key_id: &[u8], destination: &[u8], number: u32, payload: &[u8]) -> Vec<u8> {
    seal_with(version, key_id, destination, number, 4, payload)
}

/// An Initial packet whose number has so many bytes.
fn seal_with(version: u32, key_id: &[u8], destination: &[u8], number: u32, bytes: u8, payload: &[u8]) -> Vec<u8> {
    let schedule = Version::from_id(version).unwrap().schedules()[0];
    seal_by(schedule, version, key_id, destination, number, bytes, payload)
}

fn seal_by(
    schedule: Schedule,
    version: u32,
    key_id: &[u8],
    destination: &[u8],
    number: u32,
    bytes: u8,
    payload: &[u8],
) -> Vec<u8> {
    let [keys, _] = Keys::initial(schedule, key_id);
    let [key, iv, header_key] = keys.parts();
    let is_second = matches!(version, 0x6b33_43cf | 0x709a_50c4);
    let first = (if is_second { 0xd0 } else { 0xc0 }) | (bytes - 1);
    let length = u16::try_from(payload.len() + usize::from(bytes) + 16).unwrap() | 0x4000;
    let mut packet = [&[first][..], &version.to_be_bytes(), &[u8::try_from(destination.len()).unwrap()]].concat();
    packet.extend_from_slice(destination);
    // no source connection ID, a token of two bytes
    packet.extend_from_slice(&[0, 2, 0xaa, 0xbb]);
    packet.extend_from_slice(&length.to_be_bytes());
    let number_at = packet.len();
    packet.extend_from_slice(&number.to_be_bytes()[4 - usize::from(bytes)..]);
    let nonce = crate::tls::aead::xor_nonce(iv.try_into().unwrap(), number.into());
    let cipher = Aes128Gcm::new_from_slice(key).unwrap();
    let sealed = cipher.encrypt(&Nonce::from(nonce), Payload { msg: payload, aad: &packet }).unwrap();
    packet.extend_from_slice(&sealed);
    let mut mask = aes::Block::try_from(&packet[number_at + 4..number_at + 20]).unwrap();
    aes::cipher::BlockCipherEncrypt::encrypt_block(&aes::Aes128Enc::new_from_slice(header_key).unwrap(), &mut mask);
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[number_at..].iter_mut().zip(&mask[1..=usize::from(bytes)]) {
        *byte ^= mask;
    }
    packet
}

/// A CRYPTO frame, with PADDING before it and a PING behind.
fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    let varint = |value: usize| (u16::try_from(value).unwrap() | 0x4000).to_be_bytes();
    [&[0, 0, 6][..], &varint(offset), &varint(data.len()), data, &[1]].concat()
}

#[test]
fn a_client_hello_over_datagrams_in_any_order() {
    let hello = client_hello();
    let (first, second) = hello.split_at(100);
    let one = seal(1, KEY_ID, KEY_ID, 0x0102, &crypto(100, second));
    let two = seal(1, KEY_ID, KEY_ID, 0x0101, &crypto(0, first));
    let mut exchange = Exchange::begin(&one).unwrap();
    assert_eq!(exchange.next_message(Sender::Client), None);
    // coalesced behind a Handshake packet, and before a packet with a short header
    let handshake = [&[0xe0, 0, 0, 0, 1, 8][..], KEY_ID, &[0, 3, 1, 2, 3]].concat();
    assert!(exchange.datagram(Sender::Client, &[&handshake[..], &two, &[0x40, 1, 2]].concat()));
    assert_eq!(exchange.next_message(Sender::Client), Some(hello.clone()));
    assert!(exchange.datagram(Sender::Client, &two), "sent again");
    assert_eq!(exchange.next_message(Sender::Client), None);
    // a second one after a HelloRetryRequest
    let three = seal(1, KEY_ID, b"server", 0x0103, &crypto(hello.len(), &hello));
    assert!(exchange.datagram(Sender::Client, &three), "the server's connection ID, the same keys");
    assert_eq!(exchange.next_message(Sender::Client), Some(hello));
    // numbers lose the bytes that the other side can guess
    for (number, bytes) in [(0x0104, 1), (0x01f0, 2), (0x0201, 1), (0x0205, 3), (0x01f5, 1)] {
        assert!(
            exchange.datagram(Sender::Client, &seal_with(1, KEY_ID, b"server", number, bytes, &[1; 20])),
            "{number:x}"
        );
    }
    assert!(!exchange.datagram(Sender::Client, &seal_with(1, KEY_ID, b"server", 0x0405, 1, &[1; 20])), "too far");
}

#[test]
fn keys_change_after_a_retry_or_a_change_of_version() {
    let hello = client_hello();
    let (first, second) = hello.split_at(50);
    let mut exchange = Exchange::begin(&seal(1, KEY_ID, KEY_ID, 0, &crypto(0, first))).unwrap();
    assert!(exchange.datagram(Sender::Client, &seal(1, b"retry", b"retry", 1, &crypto(50, second))));
    assert_eq!(exchange.next_message(Sender::Client), Some(hello.clone()));

    let mut exchange = Exchange::begin(&seal(1, KEY_ID, KEY_ID, 0, &crypto(0, first))).unwrap();
    let newer = seal(0x6b33_43cf, KEY_ID, b"server", 1, &crypto(50, second));
    assert!(exchange.datagram(Sender::Client, &newer));
    assert_eq!(exchange.next_message(Sender::Client), Some(hello));
    assert_eq!(exchange.version(), Version::V2);
}

#[test]
fn every_version_with_a_public_salt_opens() {
    let hello = client_hello();
    let drafts = 0xff00_0016..=0xff00_0022;
    let others = [1, 0x6b33_43cf, 0x709a_50c4, 0xface_b001, 0xface_b002, 0xface_b00e, 0x5430_3530, 0x5430_3531];
    let mut salts = std::collections::BTreeSet::new();
    for version in drafts.chain(others) {
        for schedule in Version::from_id(version).unwrap().schedules() {
            let datagram = seal_by(*schedule, version, KEY_ID, KEY_ID, 0, 4, &crypto(0, &hello));
            let mut exchange = Exchange::begin(&datagram).unwrap();
            assert_eq!(exchange.next_message(Sender::Client), Some(hello.clone()), "{version:08x}");
            salts.insert(format!("{schedule:?}"));
        }
    }
    assert_eq!(salts.len(), 8);
}

#[test]
fn what_is_for_another_connection_id_is_another_connection() {
    let hello = client_hello();
    let initial = |id: &[u8]| seal(1, id, id, 0, &crypto(0, &hello));
    let mut exchange = Exchange::begin(&initial(KEY_ID)).unwrap();
    // a Retry says which ID is its own
    let retry = [&[0xf0, 0, 0, 0, 1, 0, 5][..], b"retry", &[9; 20]].concat();
    assert!(!exchange.datagram(Sender::Server, &retry));
    assert!(!exchange.datagram(Sender::Client, &initial(b"another")));
    assert!(exchange.datagram(Sender::Client, &initial(b"retry")));
    // after an answer no Retry can come
    let mut exchange = Exchange::begin(&RFC.bytes("v1_client_packet")).unwrap();
    assert!(exchange.datagram(Sender::Server, &RFC.bytes("v1_server_packet")));
    assert!(!exchange.datagram(Sender::Client, &initial(b"another")));
}

#[test]
fn packet_types_of_both_versions() {
    use PacketType::{Handshake, Initial, Retry, ZeroRtt};
    let types = |version: Version| [0xc0, 0xd0, 0xe0, 0xf0].map(|byte| version.packet_type(byte));
    assert_eq!(types(Version::V1), [Initial, ZeroRtt, Handshake, Retry]);
    assert_eq!(types(Version::V2), [Retry, Initial, ZeroRtt, Handshake]);
    assert_eq!(Version::from_id(0), None);
    assert_eq!(types(Version::Draft(29)), types(Version::V1));
    assert_eq!([0xff00_0015, 0xff00_0023, 0x5130_3530].map(Version::from_id), [None; 3]);
}

#[test]
fn numbers() {
    // RFC 9000 appendix A.1 and A.3
    for (bytes, value) in [
        (&b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c"[..], 151_288_809_941_952_652),
        (b"\x9d\x7f\x3e\x7d", 494_878_333),
        (b"\x7b\xbd", 15_293),
        (b"\x40\x25", 37),
        (b"\x25", 37),
    ] {
        assert_eq!(varint(&mut Reader(bytes)), Some(value));
        assert_eq!(varint(&mut Reader(&bytes[..bytes.len() - 1])), None);
    }
    assert_eq!(packet_number(0xa82f_30eb, 0x9b32, 2), 0xa82f_9b32);
    assert_eq!(packet_number(0, 2, 1), 2);
    assert_eq!(packet_number(256, 255, 1), 255);
    assert_eq!(packet_number(255, 1, 1), 257);
    assert_eq!(packet_number(u64::MAX, 0, 4), u64::MAX - 0xffff_ffff);
}

#[test]
fn frames_end_where_something_does_not_belong() {
    let payload = [&[2, 1, 0, 1, 0, 0, 0][..], &[3, 1, 0, 0, 0, 1, 1, 1], &[6, 0, 1, 0x16], &[8, 0, 6, 1, 1, 0x17]];
    let payload = payload.concat();
    let found: Vec<_> = frames(&payload).collect();
    let crypto = Frame::Crypto(Crypto { offset: 0, data: &[0x16] });
    assert_eq!(found, [Frame::Other, Frame::Other, crypto], "a STREAM frame is not for Initial packets");
    // as many ranges as there could ever be, and no bytes for them
    assert_eq!(frames(b"\x02\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00").count(), 0);
    assert_eq!(frames(b"\x06\x00\x05\x00").count(), 0);
    assert_eq!(frames(b"\x1c\x41\x28\x06\x02no").next(), Some(Frame::Close(0x128)));
    assert_eq!(frames(b"\x1c\x41\x28\x06\x02n").count(), 0);
}

#[test]
fn a_connection_may_be_closed_by_an_alert() {
    let initial = |number, payload: &[u8]| seal(1, b"original", b"original", number, payload);
    for (error, alert) in [(&b"\x41\x28"[..], Some(40)), (b"\x41\xff", Some(255)), (b"\x02", None), (b"\x42\x00", None)]
    {
        let mut exchange = Exchange::begin(&initial(0, &crypto(0, &client_hello()))).unwrap();
        assert_eq!(exchange.take_alert(Sender::Client), None);
        assert!(exchange.datagram(Sender::Client, &initial(1, &[b"\x1c", error, b"\x06\x00"].concat())));
        assert_eq!([(); 2].map(|()| exchange.take_alert(Sender::Client)), [alert, None], "{error:02x?}");
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut datagram = vec![0xc0, 0, 0, 0, 1];
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            datagram.push(u8::try_from(state >> 56).unwrap());
        }
        assert!(Exchange::begin(&datagram).is_none());
    }
}

/// A resumption with aioquic.
const RESUMPTION: Vectors = Vectors(include_str!("../../../testdata/quic/resumption.txt"));

#[test]
fn a_ticket_on_quic_verifies_against_its_psk() {
    use crate::tls::tls13::{Binder, EarlySecret, Hash, PskHello, Transcript};
    let client = RESUMPTION.list("client");
    let mut exchange = Exchange::begin(&client[0]).unwrap();
    assert!(exchange.datagram(Sender::Server, &RESUMPTION.bytes("server")));
    assert!(exchange.datagram(Sender::Client, &client[1]), "an acknowledgement, under the same keys");
    let hello = exchange.next_message(Sender::Client).unwrap();
    assert_eq!(exchange.next_message(Sender::Server).unwrap()[0], 2, "ServerHello");

    let hash = Hash::of_suite(u16::from_be_bytes(RESUMPTION.bytes("suite").try_into().unwrap())).unwrap();
    let early = EarlySecret::new(hash, &RESUMPTION.bytes("psk"));
    let parsed = PskHello::parse(&hello).unwrap();
    assert_eq!(early.verify_binder(&parsed, 0, &Transcript::new(hash)), Binder::Verified);
    assert_eq!(early.client_early_traffic(&hello).as_bytes(), RESUMPTION.bytes("client_early_traffic"));
}
