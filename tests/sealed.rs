//! Tickets sealed here, by code that knows only the crypto crates and what the servers' sources say, for every family
//! and key file; also those of which no server was at hand.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod seal;

use std::sync::Arc;

use hmac::Hmac;
use proptest::prelude::*;
use seal::{hmac, session};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use sha3::{Digest, Sha3_512};
use tktdump::key::file::{KeyFile, read_as, read_auto};
use tktdump::key::formats::by_name;
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::session::Dialect;
use tktdump::ticket::{Arrangement, Frame};

/// What every test needs: 64 random bytes to cut keys from, an IV and a secret.
#[derive(Debug, Clone)]
struct Random {
    bytes: [u8; 160],
    iv: [u8; 16],
    secret: [u8; 48],
}

fn random() -> impl Strategy<Value = Random> {
    let bytes = proptest::collection::vec(any::<u8>(), 160);
    (bytes, any::<[u8; 16]>(), proptest::collection::vec(any::<u8>(), 48)).prop_map(|(bytes, iv, secret)| Random {
        bytes: bytes.try_into().unwrap(),
        iv,
        secret: secret.try_into().unwrap(),
    })
}

/// Opens with one file, and checks that no flipped bit of the ticket opens it.
fn check(
    file: KeyFile,
    ticket: &[u8],
    wanted: (Dialect, Arrangement, &[u8]),
    flip: usize,
) -> Result<(), TestCaseError> {
    let ring = KeyRing::with_clock(vec![(Arc::from("a.key"), file)], Some(1_795_421_147));
    let opener = Opener::new(&ring).no_verify(true);
    let mut buffer = Vec::new();
    let outcome = opener.open(&opener.check(ticket), &mut buffer);
    let Outcome::Decrypted { ticket: parts, session, .. } = outcome else {
        return Err(TestCaseError::fail(format!("{outcome:?}")));
    };
    prop_assert_eq!((session.dialect, parts.arrangement(), session.secret.bytes()), wanted);
    let mut flipped = ticket.to_vec();
    let bit = flip % (8 * flipped.len());
    flipped[bit / 8] ^= 1 << (bit % 8);
    prop_assert!(!opener.open(&opener.check(&flipped), &mut Vec::new()).is_opened(), "bit {} flipped", bit);
    Ok(())
}

fn named(format: &str, file: &[u8]) -> KeyFile {
    read_as(by_name(format).unwrap(), file).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn openssl_family(random in random(), flip: usize) {
        let bytes = &random.bytes;
        let plaintext = session::smallest(&random.secret);
        let wanted = (Dialect::OpenSsl, Arrangement::Named, &random.secret[..]);
        // format, bytes of a secret, whether the HMAC key goes first
        for (format, size, mac_first) in [
            ("nginx", 16, false), ("nginx", 32, true), ("apache", 16, true), ("ats", 16, true), ("envoy", 32, true),
            ("unbound", 32, false), ("dnsdist", 32, false), ("node", 16, true), ("openssl", 16, true), ("openssl", 32, true),
        ] {
            let file = &bytes[..16 + 2 * size];
            let (name, secrets) = file.split_at(16);
            let (first, second) = secrets.split_at(size);
            let (aes, mac) = if mac_first { (second, first) } else { (first, second) };
            let ticket = seal::openssl(name, aes, |message| hmac::<Hmac<Sha256>>(mac, message), &random.iv, &plaintext);
            check(named(format, file), &ticket, wanted, flip)?;
            check(read_auto(file).unwrap(), &ticket, wanted, flip)?;
        }
    }

    #[test]
    fn lighttpd_and_stunnel(random in random(), flip: usize) {
        let (name, mac, aes) = (&random.bytes[..16], &random.bytes[16..48], &random.bytes[48..80]);
        let plaintext = session::smallest(&random.secret);
        let wanted = (Dialect::OpenSsl, Arrangement::Named, &random.secret[..]);
        let ticket = seal::openssl(name, aes, |message| hmac::<Hmac<Sha256>>(mac, message), &random.iv, &plaintext);
        let times = [1_795_421_000_u32, 1_795_521_000].map(u32::to_le_bytes).concat();
        let file = [&[0; 4][..], &times, &random.bytes[..80]].concat();
        check(read_auto(&file).unwrap(), &ticket, wanted, flip)?;
        let text = format!("ticketKeySecret = {}\nticketMacSecret = {}\n", hex::encode(aes), hex::encode(mac));
        check(read_auto(text.as_bytes()).unwrap(), &ticket, wanted, flip)?;
    }

    #[test]
    fn h2o_with_every_cipher_and_hash(random in random(), flip: usize) {
        let plaintext = session::smallest(&random.secret);
        let tls13 = session::picotls(random.secret.first_chunk().unwrap());
        let key = |length: usize| -> Vec<u8> { (0..length).map(|i| random.bytes[i % 160] ^ random.bytes[(i / 160 + 7) % 160]).collect() };
        for (cipher, aes_length) in [("AES-128-CBC", 16), ("AES-192-CBC", 24), ("AES-256-CBC", 32)] {
            for (hash, block) in [("SHA1", 64), ("SHA256", 64), ("SHA384", 128), ("SHA512", 128)] {
                let key = key(aes_length + block);
                let (aes, mac) = key.split_at(aes_length);
                let authenticate = |message: &[u8]| match hash {
                    "SHA1" => hmac::<Hmac<Sha1>>(mac, message),
                    "SHA256" => hmac::<Hmac<Sha256>>(mac, message),
                    "SHA384" => hmac::<Hmac<Sha384>>(mac, message),
                    _ => hmac::<Hmac<Sha512>>(mac, message),
                };
                let (name, key) = (&random.bytes[..16], hex::encode(&key));
                let file = format!(
                    "- name: {}\n  cipher: {cipher}\n  hash: {hash}\n  key: {key}\n  not_before: 1\n  not_after: 2\n",
                    hex::encode(name),
                );
                let file = || read_auto(file.as_bytes()).unwrap();
                let ticket = seal::openssl(name, aes, authenticate, &random.iv, &plaintext);
                check(file(), &ticket, (Dialect::OpenSsl, Arrangement::Named, &random.secret), flip)?;
                let ticket = seal::openssl(name, aes, authenticate, &random.iv, &tls13);
                check(file(), &ticket, (Dialect::Picotls, Arrangement::Named, &random.secret[..32]), flip)?;
            }
        }
    }

    #[test]
    fn the_length_under_the_mac(random in random(), flip: usize) {
        let (name, secrets) = random.bytes[..80].split_at(16);
        let (mac, aes) = secrets.split_at(32);
        let ticket = seal::unsent_length(name, aes, mac, &random.iv, &session::rustls(&random.secret));
        let wanted = (Dialect::Rustls, Arrangement::UnsentLength, &random.secret[..]);
        check(read_auto(&random.bytes[..80]).unwrap(), &ticket, wanted, flip)?;
        // with AES-128
        let (mac, aes) = random.bytes[16..48].split_at(16);
        let ticket = seal::sent_length(name, aes, mac, &random.iv, &session::rfc5077(&random.secret));
        let wanted = (Dialect::Rfc5077, Arrangement::SentLength, &random.secret[..]);
        check(read_auto(&random.bytes[..48]).unwrap(), &ticket, wanted, flip)?;
    }

    #[test]
    fn go_before_and_since_1_21(random in random(), flip: usize) {
        let key = &random.bytes[..32];
        for since_1_21 in [false, true] {
            let ticket = seal::go(key, &random.iv, &session::go(&random.secret, since_1_21), since_1_21);
            let wire = if since_1_21 { Arrangement::Nameless } else { Arrangement::Named };
            let wanted = (Dialect::Go, wire, &random.secret[..]);
            check(read_auto(key).unwrap(), &ticket, wanted, flip)?;
            check(read_auto(hex::encode(key).as_bytes()).unwrap(), &ticket, wanted, flip)?;
            check(named("go", &random.bytes[..96]), &ticket, wanted, flip)?;
        }
    }

    #[test]
    fn mbedtls_with_every_aead(random in random(), flip: usize) {
        let plaintext = session::mbedtls(&random.secret);
        let wanted = (Dialect::MbedTls, Arrangement::Aead(Frame::MBEDTLS), &random.secret[..]);
        let (name, nonce) = (&random.bytes[..4], &random.iv[..12]);
        let aeads: [(seal::Aead, &[usize]); 3] =
            [(seal::gcm, &[16, 24, 32]), (seal::ccm, &[16, 24, 32]), (seal::chacha, &[32])];
        for (aead, lengths) in aeads {
            for &length in lengths {
                let key = &random.bytes[4..4 + length];
                let ticket = seal::mbedtls(name, key, nonce, &plaintext, aead);
                check(named("mbedtls", &random.bytes[..4 + length]), &ticket, wanted, flip)?;
                check(named("mbedtls", key), &ticket, wanted, flip)?;
            }
        }
    }

    #[test]
    fn s2n_before_and_since_1_5(random in random(), flip: usize, length in 1..64_usize) {
        let (material, name) = (&random.bytes[..length], b"stek-1\0\0\0\0\0\0\0\0\0\0");
        let info = random.bytes[64..96].try_into().unwrap();
        let (tls12, tls13) = (session::s2n(&random.secret), session::s2n_tls13(random.secret.first_chunk().unwrap()));
        for (plaintext, secret) in [(tls12, &random.secret[..]), (tls13, &random.secret[..32])] {
            for since_1_5 in [false, true] {
                let ticket = seal::s2n(material, name, &info, &random.iv[..12], &plaintext, since_1_5);
                let frame = if since_1_5 { Frame::S2N } else { Frame::S2N_UNTIL_1_4 };
                let wanted = (Dialect::S2n, Arrangement::Aead(frame), secret);
                check(named("s2n", material), &ticket, wanted, flip)?;
                let line = [&b"stek-1:"[..], hex::encode(material).as_bytes(), b"\n"].concat();
                check(named("s2n", &line), &ticket, wanted, flip)?;
            }
        }
    }

    #[test]
    fn wolfssl_in_every_mode(random in random(), flip: usize) {
        let plaintext = session::wolfssl(&random.secret);
        let mut name: [u8; 16] = random.bytes[..16].try_into().unwrap();
        for index in [0_u8, 1] {
            name[15] = name[15] & !1 | index;
            let at = 16 + 32 * usize::from(index);
            let (key, times) = (&random.bytes[at..at + 32], [0x6a, 0xf2, 0x40, 0x51, 0, 0, 0, 0]);
            let blob = [&random.bytes[..80], &times].concat();
            let aeads: [seal::Aead; 2] = [seal::chacha, seal::gcm];
            for aead in aeads {
                let ticket = seal::wolfssl(&name, key, &random.iv, &plaintext, aead);
                let wanted = (Dialect::WolfSsl, Arrangement::Aead(Frame::WOLFSSL), &random.secret[..]);
                check(named("wolfssl", &blob), &ticket, wanted, flip)?;
                check(named("wolfssl", &[&name[..], key].concat()), &ticket, wanted, flip)?;
            }
            let blob = [&random.bytes[..16 + 2 * 64], &times].concat();
            let at = 16 + 64 * usize::from(index);
            let (aes, mac) = random.bytes[at..at + 64].split_at(32);
            let ticket = seal::wolfssl_cbc(&name, aes, mac, &random.iv, &plaintext, false);
            let wanted = (Dialect::WolfSsl, Arrangement::PlaintextMac, &random.secret[..]);
            check(named("wolfssl", &blob), &ticket, wanted, flip)?;
        }
        let (name, secrets) = random.bytes[..80].split_at(16);
        let (mac, aes) = secrets.split_at(32);
        let ticket = seal::wolfssl_cbc(name, aes, mac, &random.iv, &plaintext, true);
        let wanted = (Dialect::WolfSsl, Arrangement::CiphertextMac, &random.secret[..]);
        // the IV is not under that MAC
        let flip = if (128..256).contains(&(flip % (8 * ticket.len()))) { 0 } else { flip };
        for format in ["openssl", "nginx", "envoy"] {
            check(named(format, &random.bytes[..80]), &ticket, wanted, flip)?;
        }
        check(read_auto(&random.bytes[..80]).unwrap(), &ticket, wanted, flip)?;
    }

    #[test]
    fn rustls_on_ring_with_and_without_a_name(random in random(), flip: usize) {
        let plaintext = session::rustls(&random.secret);
        let (name, key) = random.bytes[..48].split_at(16);
        for (name, file, frame) in
            [(name, &random.bytes[..48], Frame::RUSTLS), (&[][..], key, Frame::RUSTLS_UNTIL_0_23_10)]
        {
            let ticket = seal::rustls(name, key, &random.iv[..12], &plaintext);
            let wanted = (Dialect::Rustls, Arrangement::Aead(frame), &random.secret[..]);
            check(named("rustls", file), &ticket, wanted, flip)?;
            check(read_auto(file).unwrap(), &ticket, wanted, flip)?;
        }
    }

    #[test]
    fn otp_with_any_seed(random in random(), flip: usize, length in 1..100_usize) {
        let seed = &random.bytes[..length];
        let ticket = seal::otp(seed, &random.bytes[100..132].try_into().unwrap(), &session::otp(&random.secret));
        let wanted = (Dialect::Otp, Arrangement::Aead(Frame::OTP), &random.secret[..]);
        check(named("otp", seed), &ticket, wanted, flip)?;
    }

    #[test]
    fn gnutls_with_and_without_slots(random in random(), flip: usize, slot in 27_700_u64..27_712) {
        let master = &random.bytes[..64];
        let derived = Sha3_512::new().chain_update(slot.to_be_bytes()).chain_update(master).finalize();
        for key in [master, derived.as_slice()] {
            let ticket = seal::gnutls(key, &random.iv, &session::gnutls(&random.secret));
            let wanted = (Dialect::GnuTls, Arrangement::SentLength, &random.secret[..]);
            // a flipped bit of the name would have every slot since 1970 computed
            check(named("gnutls", master), &ticket, wanted, flip % 8 + 8 * 20)?;
        }
    }
}

#[test]
fn any_slot_is_found_without_a_clock() {
    let master: Vec<u8> = (0..64).map(|i: u8| i.wrapping_mul(37) ^ 0x5a).collect();
    let ring = KeyRing::new(vec![(Arc::from("a.key"), named("gnutls", &master))]);
    let opener = Opener::new(&ring);
    // 2018, 2026, and an application whose sessions live for a week
    for slot in [23_500_u64, 27_707, 989] {
        let key = Sha3_512::new().chain_update(slot.to_be_bytes()).chain_update(&master).finalize();
        let mut ticket = seal::gnutls(&key, &[9; 16], &session::gnutls(&[7; 48]));
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&ticket), &mut buffer);
        assert!(matches!(&outcome, Outcome::Decrypted { key, .. } if key.slot() == Some(slot)), "{outcome:?}");
        *ticket.last_mut().unwrap() ^= 1;
        let outcome = opener.open(&opener.check(&ticket), &mut buffer);
        assert!(matches!(&outcome, Outcome::BadMac(bad) if bad.key.slot() == Some(slot)), "{outcome:?}");
    }
}

#[test]
fn an_epoch_of_knot_is_found_around_the_clock_and_far_from_it() {
    let secret: Vec<u8> = (0..48).map(|i: u8| i.wrapping_mul(53) ^ 0xa5).collect();
    let ring = KeyRing::with_clock(vec![(Arc::from("a.key"), named("knot", &secret))], Some(1_795_421_147));
    let opener = Opener::new(&ring);
    for time in [1_795_420_000_u64, 1_600_000_000] {
        let master = Sha3_512::new().chain_update((time / 4096).to_le_bytes()).chain_update(&secret).finalize();
        let key = Sha3_512::new().chain_update((time / 64_800).to_be_bytes()).chain_update(master).finalize();
        let mut ticket = seal::gnutls(&key, &[9; 16], &session::gnutls(&[7; 48]));
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&ticket), &mut buffer);
        let Outcome::Decrypted { key, .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!((key.epoch(), key.slot()), (Some(time / 4096), Some(time / 64_800)));
        *ticket.last_mut().unwrap() ^= 1;
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&ticket), &mut buffer);
        assert!(matches!(&outcome, Outcome::BadMac(_)), "{outcome:?}");
    }
}

#[test]
fn the_key_that_gnutls_had_before_it_had_one_is_built_in() {
    let ticket = seal::gnutls(&[0; 64], &[9; 16], &session::gnutls(&[7; 48]));
    let no_keys = KeyRing::default();
    let opener = Opener::new(&no_keys);
    assert!(matches!(opener.open(&opener.check(&ticket), &mut Vec::new()), Outcome::Decrypted { .. }));
}

#[test]
fn what_servers_derive_from_keys_that_anybody_can_guess_is_built_in() {
    let no_keys = KeyRing::default();
    let opener = Opener::new(&no_keys);
    let weakness = |ticket: &[u8]| match opener.open(&opener.check(ticket), &mut Vec::new()) {
        Outcome::Decrypted { key, .. } => key.weakness()[1].map(|weakness| weakness.to_string()),
        outcome => Some(format!("{outcome:?}")),
    };
    for since_1_21 in [false, true] {
        let plaintext = session::go(&[7; 48], since_1_21);
        let go = |seed: &[u8]| weakness(&seal::go(seed, &[9; 16], &plaintext, since_1_21));
        assert_eq!(go(&[0; 32]).as_deref(), Some("all zero"));
        assert_eq!(go(&(0..32).collect::<Vec<u8>>()).as_deref(), Some("counting up from 00"));
        assert_eq!(go(&b"0123456789abcdef".repeat(2)).as_deref(), Some("a text that people type to fill a field"));
        assert_eq!(go(b"JtXnNMC5fd9xnFNxbsnnrOSMEhcVpxUu").as_deref(), Some("NoKey"));
    }
    // the time divided by the length of slots: the default one, and Exim's
    for slot in [1_795_421_147_u64 / 64_800, 1_795_421_147 / 21_600] {
        let key = Sha3_512::new().chain_update(slot.to_be_bytes()).chain_update([0; 64]).finalize();
        let ticket = seal::gnutls(&key, &[9; 16], &session::gnutls(&[7; 48]));
        assert_eq!(weakness(&ticket).as_deref(), Some("all zero"));
    }
}

/// What became of a ticket, as far as it can be told apart.
fn told(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Decrypted { key, session, ticket } => {
            let origin = key.origin();
            format!("{outcome:?} {origin:?} {:?} {}", ticket, hex::encode(session.encoded))
        }
        Outcome::BadMac(bad) => format!("{outcome:?} {:?} {:?}", bad.key.origin(), bad.ticket),
        other => format!("{other:?}"),
    }
}

#[test]
fn tickets_that_are_verified_in_step_open_as_they_do_alone() {
    use seal::tickets::{Tickets, keys};
    let keys = [keys(1, 2, 48), keys(2, 1, 80)].concat();
    let mut tickets = Tickets::new(3, keys.clone());
    let mut all: Vec<Vec<u8>> = (0..24).map(|_| tickets.any()).collect();
    for at in [0, 20, 40, 100] {
        let mut damaged = tickets.sealed();
        damaged[at] ^= 1;
        all.push(damaged);
    }
    all.extend([0, 1, 15, 16, 31, 32, 33, 79, 80, 70_000].map(|length| vec![0x5a; length]));
    let longest = tickets.sealed();
    all.extend([longest[..longest.len() - 1].to_vec(), longest[..64].to_vec()]);
    let gnutls = seal::gnutls(&[7; 64], &[1; 16], &session::gnutls(&[2; 48]));
    all.push(gnutls);

    let files = |keys: &[Vec<u8>]| keys.iter().map(|key| (Arc::from("a.key"), read_auto(key).unwrap())).collect();
    let several = KeyRing::new(files(&keys));
    let with_master = KeyRing::new(files(&[keys.clone(), vec![vec![7; 64]]].concat()));
    for ring in [&several, &with_master, &KeyRing::default()] {
        let opener = Opener::new(ring);
        let alone: Vec<String> =
            all.iter().map(|ticket| told(&opener.open(&opener.check(ticket), &mut Vec::new()))).collect();
        for (one, first) in all.iter().zip(&alone) {
            for (other, second) in all.iter().zip(&alone) {
                let both = opener.check_two([one, other]);
                for (presented, alone) in both.iter().zip([first, second]) {
                    let mut buffer = Vec::new();
                    assert_eq!(&told(&opener.open(presented, &mut buffer)), alone);
                }
            }
        }
    }
    // another ring has the last word itself
    let opener = Opener::new(&several);
    let stranger = KeyRing::new(files(&[vec![9; 48]]));
    let sealed = tickets.sealed();
    let [presented, _] = opener.check_two([&sealed, &sealed]);
    let mut buffer = Vec::new();
    assert!(opener.open(&presented, &mut buffer).is_opened());
    let mut buffer = Vec::new();
    assert!(!Opener::new(&stranger).open(&presented, &mut buffer).is_opened());
    let count = |word: &str| {
        let outcomes = all.iter().map(|ticket| told(&opener.open(&opener.check(ticket), &mut Vec::new())));
        outcomes.filter(|outcome| outcome.starts_with(word)).count()
    };
    assert!(count("Decrypted") > 12 && count("BadMac") > 1 && count("UnknownKey") > 1, "not all kinds are there");
}
