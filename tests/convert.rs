//! Key files that are written: what was written is read back as it was, and written again it is the same.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use tktdump::key::format::{KeyBytes, KeyFormat, Position};
use tktdump::key::formats::{FORMATS, by_name};
use tktdump::key::layout::{Layout, Order};
use tktdump::key::scheme::{Hash, Scheme};
use tktdump::key::{Role, Unwritable};

/// Name, AES key, MAC key without the zeros at its end.
type Parts = (Vec<u8>, Vec<u8>, Vec<u8>);

fn parts(key: &KeyBytes) -> Parts {
    let (secrets, name) = match key.layout.order {
        Order::AesHmac => (key.bytes.as_slice(), &[][..]),
        _ => (&key.bytes[16..], &key.bytes[..16]),
    };
    let (aes, mac) = match key.layout.order {
        Order::NameHmacAes => (&secrets[key.layout.hmac..], &secrets[..key.layout.hmac]),
        _ => secrets.split_at(key.layout.aes),
    };
    let end = mac.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    (name.to_vec(), aes.to_vec(), mac[..end].to_vec())
}

/// The keys that a format's server would load, the one that encrypts first.
fn read(format: &dyn KeyFormat, file: &[u8]) -> Vec<KeyBytes> {
    let mut keys = format.read(file).unwrap();
    let count = keys.iter().map(|key| key.index + 1).max().unwrap();
    // PEM does not tell the order of its parts: both are readings
    if format.name() == "pem" {
        keys.retain(|key| key.layout.order == Order::NameHmacAes);
    }
    let latest = keys.iter().max_by_key(|key| (key.validity.not_before, std::cmp::Reverse(key.index)));
    let latest = latest.map(|key| key.index);
    let role = |key: &KeyBytes| {
        let newest = Some(latest == Some(key.index));
        format.role(Position { file: 0, files: 1, key: key.index, keys: count, newest })
    };
    let seals = keys.iter().position(|key| role(key) == Role::Active).unwrap_or(0);
    keys[..=seals].rotate_right(1);
    keys
}

fn pair(order: Order, aes: usize, hmac: usize, hash: Hash, bytes: &[u8]) -> KeyBytes {
    let layout = Layout { order, aes, hmac };
    KeyBytes::new(0, &bytes[..layout.size()], layout).with_scheme(Scheme { hash, ..Scheme::OPENSSL })
}

fn key() -> impl Strategy<Value = KeyBytes> {
    let bytes = proptest::collection::vec(any::<u8>(), 16 + 32 + 128);
    let sizes = (proptest::sample::select(vec![16, 24, 32]), proptest::sample::select(vec![16, 20, 32, 64, 128]));
    let order = proptest::sample::select(vec![Order::NameAesHmac, Order::NameHmacAes, Order::AesHmac]);
    let hash = proptest::sample::select(vec![Hash::Sha256, Hash::Sha256, Hash::Sha1, Hash::Sha384]);
    (0..6_u8, bytes, sizes, order, hash).prop_map(|(kind, bytes, (aes, hmac), order, hash)| match kind {
        0 => by_name("go").unwrap().read(&bytes[..32]).unwrap().remove(0),
        1 => by_name("gnutls").unwrap().read(&bytes[..64]).unwrap().remove(0),
        2 => pair(order, 16, 16, Hash::Sha256, &bytes),
        3 => pair(order, 32, 32, Hash::Sha256, &bytes),
        _ => pair(order, aes, hmac, hash, &bytes),
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again(keys in proptest::collection::vec(key(), 1..4), alike in any::<bool>()) {
        // files often hold keys of one kind
        let keys: Vec<_> = if alike { keys.iter().map(|key| {
            let mut alike = keys[0].clone();
            alike.bytes[..16].copy_from_slice(&key.bytes[..16]);
            if keys[0].seed.is_some() { keys[0].clone() } else { alike }
        }).collect() } else { keys };
        for format in FORMATS {
            let written = match format.write(&keys) {
                Ok(written) => written,
                Err(refused) => {
                    let text = refused.to_string();
                    prop_assert!(text.len() > 10 && !text.contains(&hex::encode(&keys[0].bytes[16..20])), "{}", text);
                    continue;
                }
            };
            let back = read(*format, &written);
            let expected: Vec<Parts> = keys.iter().map(|key| {
                let (name, aes, mac) = parts(key);
                // the one server that does not look at the name
                (if format.name() == "stunnel" { vec![] } else { name }, aes, mac)
            }).collect();
            let mut found: Vec<Parts> = back.iter().map(parts).collect();
            if format.name() == "haproxy" {
                // three lines in any case
                prop_assert_eq!(&found[0], &expected[0]);
                prop_assert_eq!(found.len(), 3);
                found.truncate(1);
                found.extend_from_slice(&expected[1..]);
            }
            if format.name() == "dnsdist" {
                found[1..].reverse();
            }
            prop_assert_eq!(&found, &expected, "{}", format.name());
            prop_assert!(back.iter().zip(&keys).all(|(one, other)| one.scheme.hash == other.scheme.hash));
            prop_assert_eq!(back[0].seed.is_some(), keys[0].seed.is_some());
            if format.name() != "dnsdist" {
                prop_assert_eq!(format.write(&back).unwrap().to_vec(), written.to_vec(), "{}", format.name());
            }
        }
    }
}

#[test]
fn every_format_can_be_written() {
    let bytes: Vec<u8> = (1..=200).collect();
    let keys = [
        pair(Order::NameHmacAes, 16, 16, Hash::Sha256, &bytes),
        pair(Order::NameAesHmac, 32, 32, Hash::Sha256, &bytes),
        by_name("go").unwrap().read(&bytes[..32]).unwrap().remove(0),
        by_name("gnutls").unwrap().read(&bytes[..64]).unwrap().remove(0),
    ];
    for format in FORMATS {
        let written = keys.iter().filter_map(|key| format.write(std::slice::from_ref(key)).ok()).count();
        assert!(written > 0, "{}", format.name());
        assert_eq!(format.write(&[]), Err(Unwritable::Nothing), "{}", format.name());
    }
}

#[test]
fn one_key_becomes_the_file_of_each_server() {
    let file = include_bytes!("../testdata/nginx48_tls12/ticket.key");
    let key = by_name("nginx").unwrap().read(file).unwrap();
    let written = |name: &str| by_name(name).unwrap().write(&key);
    let [name, aes, mac] = [0, 16, 32].map(|at| &file[at..at + 16]);
    assert_eq!(written("nginx").unwrap().as_slice(), file);
    assert_eq!(written("apache").unwrap().as_slice(), [name, mac, aes].concat());
    let line = data_encoding::BASE64.encode(file) + "\n";
    assert_eq!(written("haproxy").unwrap().as_slice(), line.repeat(3).as_bytes());
    assert!(written("envoy").unwrap_err().to_string().contains("name16 aes16 hmac16 does not fit"));
    assert!(written("go").unwrap_err().to_string().contains("AES-128-CBC"));
    let h2o = written("h2o").unwrap();
    assert!(std::str::from_utf8(&h2o).unwrap().contains("cipher: aes-128-cbc\n  hash: sha256\n"));
}

#[test]
fn a_key_of_odd_sizes_has_its_place_in_the_form_of_h2o_alone() {
    let bytes: Vec<u8> = (1..=200).collect();
    let key = pair(Order::NameAesHmac, 16, 32, Hash::Sha256, &bytes);
    let able: Vec<_> = FORMATS.iter().filter(|format| format.write(std::slice::from_ref(&key)).is_ok()).collect();
    let names: Vec<_> = able.iter().map(|format| format.name()).collect();
    assert_eq!(names, ["h2o", "stunnel"]);
}

#[test]
fn the_gob_of_caddy_is_written_as_go_writes_it() {
    let file = include_bytes!("../testdata/caddy_stek/stek.bin");
    let caddy = by_name("caddy").unwrap();
    let written = caddy.write(&caddy.read(file).unwrap()).unwrap();
    // the types and the keys; the times of this file are not those of a default rotation
    let same = file.iter().zip(written.iter()).take_while(|(one, other)| one == other).count();
    assert!(same > 0x154, "{same:#x} of {:#x}", file.len());
    assert_eq!(written.len(), file.len());
}
