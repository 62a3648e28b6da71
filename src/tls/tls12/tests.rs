//! Finished records of real connections.

use super::*;
use crate::vectors::Vectors;

const FINISHED: Vectors = Vectors(include_str!("../../../testdata/tls12/finished.txt"));

const LATER: Vectors = Vectors(include_str!("../../../testdata/tls12/later.txt"));

struct Case {
    connection: Agreed,
    master: Vec<u8>,
    records: [(Sender, Vec<u8>); 2],
}

fn connections(vectors: &Vectors) -> Vec<(Agreed, Vec<u8>)> {
    let hellos = vectors.list("connection").into_iter().map(|hellos| Agreed {
        version: u16::from_be_bytes([hellos[0], hellos[1]]),
        cipher_suite: u16::from_be_bytes([hellos[2], hellos[3]]),
        client_random: hellos[4..36].try_into().unwrap(),
        server_random: hellos[36..].try_into().unwrap(),
    });
    hellos.zip(vectors.list("master")).collect()
}

fn cases() -> Vec<Case> {
    let records = FINISHED.list("client").into_iter().zip(FINISHED.list("server"));
    let cases = connections(&FINISHED).into_iter().zip(records).map(|((connection, master), (client, server))| Case {
        connection,
        master,
        records: [(Sender::Client, client), (Sender::Server, server)],
    });
    cases.collect()
}

#[test]
fn the_right_master_secret_is_proven_and_no_other() {
    let cases = cases();
    assert_eq!(cases.len(), 28);
    for case in &cases {
        let connection = &case.connection;
        for (sender, record) in &case.records {
            let about = format!("{:04x} {:04x} {sender:?}", connection.version, connection.cipher_suite);
            assert_eq!(check(connection, &case.master, *sender, record), Check::Proven, "{about}");
            let mut wrong = case.master.clone();
            wrong[47] ^= 1;
            assert_eq!(check(connection, &wrong, *sender, record), Check::Refuted, "{about}");
            let other = if *sender == Sender::Client { Sender::Server } else { Sender::Client };
            assert_eq!(check(connection, &case.master, other, record), Check::Refuted, "{about}");
            let elsewhere = Agreed { server_random: [0; 32], ..*connection };
            assert_eq!(check(&elsewhere, &case.master, *sender, record), Check::Refuted, "{about}");
        }
    }
}

#[test]
fn datagrams_bring_their_numbers_along() {
    let connections = connections(&LATER);
    assert_eq!(connections.len(), 3);
    for ((connection, master), mut record) in connections.into_iter().zip(LATER.list("client")) {
        assert_eq!(record[3..11], [0, 1, 0, 0, 0, 0, 0, 1], "epoch and number");
        assert_eq!(check(&connection, &master, Sender::Client, &record), Check::Proven);
        record[10] = 0;
        assert_eq!(check(&connection, &master, Sender::Client, &record), Check::Refuted);
    }
}

#[test]
fn a_changed_record_proves_nothing() {
    for case in cases() {
        let (sender, record) = &case.records[0];
        let header = if Version::from_id(case.connection.version).unwrap().is_datagram() { 13 } else { 5 };
        for at in header..record.len() {
            let mut bad = record.clone();
            bad[at] ^= 1;
            assert_eq!(check(&case.connection, &case.master, *sender, &bad), Check::Refuted, "byte {at}");
        }
        for length in 0..record.len() {
            let cut = check(&case.connection, &case.master, *sender, &record[..length]);
            assert_eq!(cut, Check::Undecidable(Reason::Record), "length {length}");
        }
    }
}

#[test]
fn short_fragments_are_refuted() {
    for case in cases() {
        let Some(version) = Version::from_id(case.connection.version) else { continue };
        for length in 1..64_u8 {
            let mut record = vec![22, 3, 3];
            if version.is_datagram() {
                record.extend([0, 1, 0, 0, 0, 0, 0, 0]);
            }
            record.extend([0, length]);
            record.resize(record.len() + usize::from(length), 0);
            assert_eq!(check(&case.connection, &case.master, Sender::Client, &record), Check::Refuted);
        }
    }
}

#[test]
fn what_cannot_be_checked_says_why() {
    let case = cases().swap_remove(0);
    let (sender, record) = &case.records[0];
    let with = |connection: Agreed, master: &[u8], record: &[u8]| check(&connection, master, *sender, record);
    let good = case.connection;
    for version in [0x0300, 0x0304, 0x0100, 0xfefc] {
        let connection = Agreed { version, ..good };
        assert_eq!(with(connection, &case.master, record), Check::Undecidable(Reason::Version));
    }
    for cipher_suite in [0x0005, 0x000a, 0x0041, 0x1301, 0xffff] {
        let connection = Agreed { cipher_suite, ..good };
        assert_eq!(with(connection, &case.master, record), Check::Undecidable(Reason::CipherSuite));
    }
    let old = Agreed { version: 0x0301, ..good };
    assert_eq!(with(old, &case.master, record), Check::Undecidable(Reason::CipherSuite), "no AEAD before TLS 1.2");
    assert_eq!(with(good, &case.master[1..], record), Check::Undecidable(Reason::MasterSecret));
    assert_eq!(with(good, &case.master, &[20, 3, 3, 0, 1, 1]), Check::Undecidable(Reason::Record));
    let datagrams = Agreed { version: 0xfefd, ..good };
    let plain = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 32][..], &[0; 32]].concat();
    assert_eq!(with(datagrams, &case.master, &plain), Check::Undecidable(Reason::Record), "epoch 0");
}

/// Test vectors that were posted to the TLS working group's list for the PRF of TLS 1.2.
#[test]
fn prf_of_tls_1_2() {
    let out = Prf::Sha256.expand(
        &hex::decode("9bbe436ba940f017b17652849a71db35").unwrap(),
        "test label",
        &[&hex::decode("a0ba9f936cda311827a6f796ffd5198c").unwrap()],
        100,
    );
    assert!(
        hex::encode(out.as_bytes()).starts_with("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a")
    );
    assert_eq!(out.as_bytes().len(), 100);
}

mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn are_never_proof(bytes in proptest::collection::vec(any::<u8>(), 0..120), case in 0_usize..28) {
            let Case { connection, master, .. } = cases().swap_remove(case);
            let datagram = Version::from_id(connection.version).unwrap().is_datagram();
            let header = if datagram { &[22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0][..] } else { &[22, 3, 3][..] };
            let record = [header, &u16::try_from(bytes.len()).unwrap().to_be_bytes(), &bytes].concat();
            for record in [&record, &bytes] {
                prop_assert!(check(&connection, &master, Sender::Server, record) != Check::Proven);
            }
        }
    }
}
