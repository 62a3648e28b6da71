//! The tickets of real servers in `testdata/`: each opens with its own server's key file, read by its content, to the
//! secret that the client had; and with nobody else's.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tktdump::key::file::{keep, read_as, read_auto};
use tktdump::key::formats::by_name;
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::session::SessionSecret;
use tktdump::ticket::Arrangement;

struct Case {
    name: String,
    ticket: Vec<u8>,
    keys: Vec<Vec<u8>>,
    /// What the client had: `Master-Key` or `Resumption PSK`.
    secret: Option<String>,
    plaintext: Option<Vec<u8>>,
}

fn cases() -> Vec<Case> {
    let mut folders: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("ticket.bin").exists())
        .collect();
    folders.sort();
    folders.iter().map(|folder| case(folder)).collect()
}

fn case(folder: &Path) -> Case {
    let expected = fs::read_to_string(folder.join("expected.txt")).unwrap_or_default();
    let secret = expected.lines().find_map(|line| {
        let (label, secret) = line.trim().split_once(": ")?;
        matches!(label, "Master-Key" | "Resumption PSK").then(|| secret.to_lowercase())
    });
    let keys = ["ticket.key", "ticket.2.key", "ticket.3.key"].map(|name| fs::read(folder.join(name)));
    Case {
        name: folder.file_name().unwrap().to_string_lossy().into_owned(),
        ticket: fs::read(folder.join("ticket.bin")).unwrap(),
        keys: keys.into_iter().flatten().collect(),
        secret,
        plaintext: fs::read(folder.join("plain.der")).ok(),
    }
}

/// When most of the tickets were sealed.
const SEALED: i64 = 1_795_841_000;
/// Before any of them, and before most of the keys that servers derive from the time: there are few to try.
const LONG_AGO: i64 = 1_500_000_000;

fn ring(case: &Case, clock: i64) -> KeyRing {
    let read = |key: &[u8]| read_auto(key).or_else(|error| keep(key, error)).unwrap();
    let file = |(number, key): (usize, &Vec<u8>)| (Arc::from(format!("{number}.key")), read(key));
    KeyRing::with_clock(case.keys.iter().enumerate().map(file).collect(), Some(clock))
}

#[test]
fn every_ticket_opens_to_the_secret_of_its_client() {
    let mut count = 0;
    for case in cases().iter().filter(|case| !case.keys.is_empty()) {
        let ring = ring(case, SEALED);
        let opener = Opener::new(&ring);
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&case.ticket), &mut buffer);
        let Outcome::Decrypted { session, .. } = outcome else { panic!("{}: {outcome:?}", case.name) };
        let secret = match session.secret {
            SessionSecret::MasterSecret(secret) => secret,
            _ => session.resumption_psk().unwrap(),
        };
        assert_eq!(Some(hex::encode(secret)), case.secret, "{}", case.name);
        if let Some(plaintext) = &case.plaintext {
            assert_eq!(session.encoded, plaintext, "{}", case.name);
        }
        count += 1;
    }
    assert!(count >= 45, "{count} cases");
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn no_ticket_opens_with_a_foreign_key() {
    let cases = cases();
    let mut tried = 0;
    for other in cases.iter().filter(|other| !other.keys.is_empty()) {
        // one at a time: a few keys alone keep tables of the names that they derive, and without one each name is slow
        let ring = ring(other, LONG_AGO);
        let opener = Opener::new(&ring).no_verify(true);
        for case in &cases {
            // cases of one server share keys
            if case.keys.iter().any(|key| other.keys.contains(key)) {
                continue;
            }
            let outcome = opener.open(&opener.check(&case.ticket), &mut Vec::new()).is_opened();
            assert!(!outcome, "{} opened with the key of {}", case.name, other.name);
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried} trials");
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn a_changed_bit_opens_nothing() {
    for (number, case) in cases().iter().filter(|case| !case.keys.is_empty()).enumerate() {
        let ring = ring(case, SEALED);
        let opener = Opener::new(&ring).no_verify(true);
        // each case has other ones: together they are all places of each part
        for at in (number % 23..case.ticket.len()).step_by(23).chain([0, 15, 16, 31, 32, 33, case.ticket.len() - 1]) {
            let mut ticket = case.ticket.clone();
            ticket[at] ^= 1 << (at % 8);
            // wolfSSL with a callback of OpenSSL's kind authenticates the ciphertext alone
            if case.name.contains("wolfssl554") && (16..32).contains(&at) {
                continue;
            }
            // stunnel does not look at the key name, which is under the MAC anyway
            assert!(!opener.open(&opener.check(&ticket), &mut Vec::new()).is_opened(), "{}, byte {at}", case.name);
        }
    }
}

#[test]
fn servers_formats_by_name_open_too() {
    let formats = [
        ("gnutls_tls12", "gnutls"),
        ("go_tls12", "go"),
        ("go_tls13", "go"),
        ("go127_tls12", "go"),
        ("go127_tls13", "go"),
        ("h2o_tls12_aes256", "h2o"),
        ("lighttpd_tls12", "lighttpd"),
        ("stunnel32_tls12", "stunnel"),
        ("ats48x2_tls12", "ats"),
        ("dnsdist80x2_tls13", "dnsdist"),
        ("haproxy80x5_tls13", "haproxy"),
    ];
    for case in cases() {
        let Some((_, format)) = formats.iter().find(|(name, _)| *name == case.name) else { continue };
        let file = read_as(by_name(format).unwrap(), &case.keys[0]).unwrap();
        let ring = KeyRing::new(vec![("a.key".into(), file)]);
        let opener = Opener::new(&ring);
        let mut buffer = Vec::new();
        let outcome = opener.open(&opener.check(&case.ticket), &mut buffer);
        let Outcome::Decrypted { key, ticket, .. } = outcome else { panic!("{}: {outcome:?}", case.name) };
        assert_eq!(&*key.origin().format, *format);
        let (arrangement, slot) = match case.name.as_str() {
            "gnutls_tls12" => (Arrangement::SentLength, Some(27_707)),
            name if name.starts_with("go127") => (Arrangement::Nameless, None),
            _ => (Arrangement::Named, None),
        };
        assert_eq!((ticket.arrangement(), key.slot()), (arrangement, slot), "{}", case.name);
    }
}
