//! Properties of tickets and parsers: what is sealed opens, what is altered does not, and nothing panics.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;
use tktdump::input::{self, Item};
use tktdump::key::file::{read_as, read_auto};
use tktdump::key::formats::FORMATS;
use tktdump::key::layout::{Layout, Order};
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::session::Session;
use tktdump::ticket::Ticket;

const PLAIN: &[u8] = include_bytes!("../testdata/nginx80_tls13_0rtt/plain.der");

/// Seals as a server does, from the parts of a key.
fn seal(name: &[u8], aes: &[u8], hmac: &[u8], iv: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let ciphertext = match aes.len() {
        16 => cbc::Encryptor::<aes::Aes128>::new_from_slices(aes, iv).unwrap().encrypt_padded_vec::<Pkcs7>(plaintext),
        _ => cbc::Encryptor::<aes::Aes256>::new_from_slices(aes, iv).unwrap().encrypt_padded_vec::<Pkcs7>(plaintext),
    };
    let mut ticket = [name, iv, &ciphertext].concat();
    let mac = Hmac::<Sha256>::new_from_slice(hmac).unwrap().chain_update(&ticket).finalize();
    ticket.extend_from_slice(&mac.into_bytes());
    ticket
}

/// Seals with a key file of that layout.
fn seal_with(key: &[u8], layout: Layout, iv: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let (name, secrets) = key.split_at(16);
    let (aes, hmac) = match layout.order {
        Order::NameHmacAes => {
            let (hmac, aes) = secrets.split_at(layout.hmac);
            (aes, hmac)
        }
        _ => secrets.split_at(layout.aes),
    };
    seal(name, aes, hmac, iv, plaintext)
}

fn ring(file: &[u8]) -> KeyRing {
    KeyRing::new(vec![("a.key".into(), read_auto(file).unwrap())])
}

fn opens(ring: &KeyRing, ticket: &[u8]) -> Option<Vec<u8>> {
    let opener = Opener::new(ring).no_verify(true);
    let mut buffer = Vec::new();
    match opener.open(&opener.check(ticket), &mut buffer) {
        Outcome::Decrypted { session, .. } => Some(session.encoded.to_vec()),
        _ => None,
    }
}

fn layout() -> impl Strategy<Value = Layout> {
    proptest::sample::select(Layout::BARE.to_vec())
}

/// A key file that no text encoding could be meant by.
fn key(layout: Layout) -> impl Strategy<Value = (Layout, Vec<u8>)> {
    proptest::collection::vec(any::<u8>(), layout.size()).prop_map(move |mut key| {
        key[0] |= 0x80;
        (layout, key)
    })
}

proptest! {
    #[test]
    fn what_is_sealed_opens((layout, key) in layout().prop_flat_map(key), iv: [u8; 16]) {
        let ticket = seal_with(&key, layout, &iv, PLAIN);
        let opened = opens(&ring(&key), &ticket);
        prop_assert_eq!(opened.as_deref(), Some(PLAIN));
    }

    #[test]
    fn any_flipped_bit_is_never_decrypted((layout, key) in layout().prop_flat_map(key), bit in 0_usize..200 * 8) {
        let mut ticket = seal_with(&key, layout, &[7; 16], PLAIN);
        let at = bit % (ticket.len() * 8);
        ticket[at / 8] ^= 1 << (at % 8);
        prop_assert_eq!(opens(&ring(&key), &ticket), None);
    }

    #[test]
    fn any_truncation_is_never_decrypted((layout, key) in layout().prop_flat_map(key), length in 0_usize..300) {
        let ticket = seal_with(&key, layout, &[7; 16], PLAIN);
        let cut = &ticket[..length.min(ticket.len() - 1)];
        prop_assert_eq!(opens(&ring(&key), cut), None);
    }

    #[test]
    fn another_key_opens_nothing((layout, key) in layout().prop_flat_map(key), other: [u8; 64]) {
        let ticket = seal_with(&key, layout, &[7; 16], PLAIN);
        let mut file = key.clone();
        file[16..].iter_mut().zip(other).for_each(|(to, from)| *to ^= from);
        prop_assume!(file != key);
        prop_assert_eq!(opens(&ring(&file), &ticket), None);
    }

    #[test]
    fn sealed_garbage_is_no_session((layout, key) in layout().prop_flat_map(key), garbage: Vec<u8>) {
        let ticket = seal_with(&key, layout, &[7; 16], &garbage);
        let ring = ring(&key);
        let opener = Opener::new(&ring);
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&ticket), &mut buffer);
        let Outcome::BadSession { plaintext, .. } = outcome else { panic!("garbage became a session") };
        prop_assert_eq!(plaintext, garbage);
    }

    #[test]
    fn parsers_take_any_bytes(bytes: Vec<u8>) {
        let _ = Session::parse(&bytes);
        let _ = Ticket::split(&bytes);
        let _ = read_auto(&bytes);
        for format in FORMATS {
            let _ = read_as(*format, &bytes);
        }
        let form = input::recognise(&bytes, true);
        input::each_in_whole(form, &bytes, None, &mut |_, _| {});
    }

    #[test]
    fn damaged_sessions_do_not_panic(at in 0..PLAIN.len(), byte: u8, length in 0..PLAIN.len()) {
        let mut bytes = PLAIN.to_vec();
        bytes[at] = byte;
        let _ = Session::parse(&bytes);
        prop_assert!(Session::parse(&PLAIN[..length]).is_err());
    }

    #[test]
    fn hex_in_any_dress_is_the_same_ticket(ticket in proptest::collection::vec(any::<u8>(), 80..200), dress in 0..5) {
        let plain = hex::encode(&ticket);
        let pairs: Vec<&str> = plain.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        // what has the size of a key is read as one
        prop_assume!(!input::is_bare_key(&ticket));
        let text = match dress {
            0 => plain.clone(),
            1 => pairs.join(":"),
            2 => pairs.join(" "),
            3 => format!("0x{}", plain.to_uppercase()),
            _ => format!("9\t'{plain}',<MISSING>\r"),
        };
        let mut found = Vec::new();
        input::each_in_whole(input::Form::Lines, text.as_bytes(), None, &mut |_, item| {
            if let Item::Ticket(bytes) | Item::Listed { ticket: bytes, .. } = item {
                found.push(bytes.to_vec());
            }
        });
        prop_assert_eq!(found, [ticket]);
    }
}

#[test]
fn an_all_zero_key_is_found_without_any_key() {
    for (size, aes) in [(16, &[0; 16][..]), (32, &[0; 32])] {
        let ticket = seal(&[9; 16], aes, &[0; 32], &[1; 16], PLAIN);
        let ring = KeyRing::default();
        let opener = Opener::new(&ring);
        let mut buffer = Vec::new();
        let Outcome::Decrypted { key, session, .. } = opener.open(&opener.check(&ticket), &mut buffer) else {
            panic!("AES key of {size}")
        };
        assert_eq!((&*key.origin().file, session.encoded), ("(built-in)", PLAIN));
    }
}

#[test]
fn a_zero_mac_key_is_told() {
    let key = [&[0x91; 16][..], &[5; 32], &[6; 32]].concat();
    let ticket = seal(&[0x91; 16], &[6; 32], &[0; 32], &[1; 16], PLAIN);
    let ring = ring(&key);
    let opener = Opener::new(&ring);
    let mut buffer = Vec::new();
    let Outcome::BadMac(bad) = opener.open(&opener.check(&ticket), &mut buffer) else { panic!("not bad_mac") };
    assert!(bad.zero_mac_key && bad.unverified.is_none());
}
