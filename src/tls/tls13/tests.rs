//! The traces of RFC 8448 and resumptions of a real server.

use super::*;
use crate::vectors::Vectors;

const RFC8448: Vectors = Vectors(include_str!("../../../testdata/tls13/rfc8448.txt"));

fn suite() -> Suite {
    Suite::from_id(0x1301).unwrap()
}

fn client_hello() -> Vec<u8> {
    [RFC8448.bytes("client_hello_prefix"), RFC8448.bytes("binders")].concat()
}

fn early() -> EarlySecret {
    EarlySecret::new(Hash::Sha256, &RFC8448.bytes("psk"))
}

fn keys(secret: &str) -> RecordKeys {
    RecordKeys::new(suite(), &RFC8448.bytes(secret)[..].into())
}

#[test]
fn full_handshake_of_section_3() {
    let early = EarlySecret::new(Hash::Sha256, &[0; 32]);
    assert_eq!(early.parts().0.as_bytes(), RFC8448.bytes("simple_early"));
    let mut transcript = Transcript::new(Hash::Sha256);
    transcript.push(&RFC8448.bytes("simple_client_hello"));
    transcript.push(&RFC8448.bytes("simple_server_hello"));
    let handshake = early.handshake(&RFC8448.bytes("simple_shared"), &transcript).unwrap();
    assert_eq!(handshake.client.as_bytes(), RFC8448.bytes("simple_client_handshake"));
    assert_eq!(handshake.server.as_bytes(), RFC8448.bytes("simple_server_handshake"));
    assert_eq!(handshake.master.as_bytes(), RFC8448.bytes("simple_master"));
    let server_keys = RecordKeys::new(suite(), &handshake.server);
    assert_eq!(server_keys.parts().0, RFC8448.bytes("simple_server_key"));
    assert_eq!(server_keys.parts().1, RFC8448.bytes("simple_server_iv"));

    for message in ["encrypted_extensions", "certificate", "certificate_verify"] {
        transcript.push(&RFC8448.bytes(&format!("simple_{message}")));
    }
    let finished = RFC8448.bytes("simple_server_finished");
    assert!(Hash::Sha256.verify_finished(&handshake.server, &transcript.digest(), &finished[4..]));
    transcript.push(&finished);
    let application = handshake.application(&transcript);
    assert_eq!(application.client.as_bytes(), RFC8448.bytes("simple_client_application"));
    assert_eq!(application.server.as_bytes(), RFC8448.bytes("simple_server_application"));
    assert_eq!(application.exporter.as_bytes(), RFC8448.bytes("simple_exporter"));

    let finished = RFC8448.bytes("simple_client_finished");
    assert!(Hash::Sha256.verify_finished(&handshake.client, &transcript.digest(), &finished[4..]));
    transcript.push(&finished);
    let resumption = handshake.resumption_master(&transcript);
    assert_eq!(resumption.as_bytes(), RFC8448.bytes("resumption_master_secret"));
    let psk = resumption_psk(Hash::Sha256, resumption.as_bytes(), &RFC8448.bytes("ticket_nonce")).unwrap();
    assert_eq!(psk.as_bytes(), RFC8448.bytes("psk"));
}

#[test]
fn resumption_psk_takes_what_fits() {
    assert!(resumption_psk(Hash::Sha384, &[0; 32], &[]).is_none());
    assert!(resumption_psk(Hash::Sha256, &[0; 32], &[0; 255]).is_some());
    assert!(resumption_psk(Hash::Sha256, &[0; 32], &[0; 256]).is_none());
}

#[test]
fn early_secrets_of_section_4() {
    let message = client_hello();
    let hello = PskHello::parse(&message).unwrap();
    assert_eq!(hello.truncated(), RFC8448.bytes("client_hello_prefix"));
    assert_eq!(hello.binders(), [RFC8448.bytes("binder")]);
    assert_eq!(hello.identities().len(), 1);
    assert_eq!(hello.identities()[0].ticket.len(), 178);
    assert_eq!(hello.identities()[0].obfuscated_age, 0xfad6_aacb);

    let early = early();
    let (secret, binder_key) = early.parts();
    assert_eq!(secret.as_bytes(), RFC8448.bytes("early"));
    assert_eq!(binder_key.as_bytes(), RFC8448.bytes("binder_key"));
    let before = Transcript::new(Hash::Sha256);
    assert_eq!(early.verify_binder(&hello, 0, &before), Binder::Verified);
    assert_eq!(early.verify_binder(&hello, 1, &before), Binder::Absent);
    assert_eq!(early.verify_binder(&hello, 0, &before.with(b"x")), Binder::Mismatch);
    assert_eq!(early.verify_binder(&hello, 0, &Transcript::new(Hash::Sha384)), Binder::Mismatch);
    assert_eq!(EarlySecret::new(Hash::Sha256, &[7; 32]).verify_binder(&hello, 0, &before), Binder::Mismatch);

    let traffic = early.client_early_traffic(&message);
    assert_eq!(traffic.as_bytes(), RFC8448.bytes("client_early_traffic"));
    assert_eq!(early.early_exporter(&message).as_bytes(), RFC8448.bytes("early_exporter"));
    let mut keys = RecordKeys::new(suite(), &traffic);
    assert_eq!(keys.parts(), (&RFC8448.bytes("early_key")[..], &RFC8448.bytes("early_iv")[..]));
    // the wrong record first: the number stays
    assert!(keys.open(&RFC8448.bytes("client_finished")).is_none());
    let data = keys.open(&RFC8448.bytes("early_record")).unwrap();
    assert_eq!((data.content_type, &data.content[..]), (23, &RFC8448.bytes("early_data")[..]));
    assert!(!data.is_end_of_early_data());
    assert!(keys.open(&RFC8448.bytes("end_of_early_data")).unwrap().is_end_of_early_data());
    assert_eq!(keys.sequence(), 2);
}

#[test]
fn a_changed_binder_or_hello_is_a_mismatch() {
    let before = Transcript::new(Hash::Sha256);
    let good = client_hello();
    for at in [10, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let hello = PskHello::parse(&bad).unwrap();
        assert_eq!(early().verify_binder(&hello, 0, &before), Binder::Mismatch, "byte {at}");
    }
}

/// The flights of section 4 with the shared secret of its Diffie-Hellman in place of the zeros.
fn section_4() -> PskKe {
    let early = early();
    let hello = client_hello();
    let transcript = Transcript::new(Hash::Sha256).with(&hello).with(&RFC8448.bytes("server_hello"));
    let secrets = early.handshake(&RFC8448.bytes("shared"), &transcript).unwrap();
    PskKe::with_secrets(suite(), secrets, transcript).with_early_data(&early.client_early_traffic(&hello))
}

#[test]
fn handshake_of_section_4() {
    let mut handshake = section_4();
    assert_eq!(handshake.handshake_secrets().client.as_bytes(), RFC8448.bytes("client_handshake"));
    assert_eq!(handshake.handshake_secrets().server.as_bytes(), RFC8448.bytes("server_handshake"));
    assert_eq!(handshake.handshake_secrets().master.as_bytes(), RFC8448.bytes("master"));
    assert_eq!(handshake.server_record(&[20, 3, 3, 0, 1, 1]), Progress::Pending);
    assert!(!handshake.is_proven() && handshake.application_secrets().is_none());
    assert_eq!(handshake.server_record(&RFC8448.bytes("server_flight")), Progress::Finished);
    let application = handshake.application_secrets().unwrap();
    assert_eq!(application.client.as_bytes(), RFC8448.bytes("client_application"));
    assert_eq!(application.server.as_bytes(), RFC8448.bytes("server_application"));
    assert_eq!(application.exporter.as_bytes(), RFC8448.bytes("exporter"));

    for record in ["early_record", "end_of_early_data"] {
        assert_eq!(handshake.client_record(&RFC8448.bytes(record)), Progress::Pending);
    }
    assert!(handshake.resumption_master_secret().is_none());
    assert_eq!(handshake.client_record(&RFC8448.bytes("client_finished")), Progress::Finished);
    let resumption = handshake.resumption_master_secret().unwrap();
    assert_eq!(resumption.as_bytes(), RFC8448.bytes("resumption_master"));
}

#[test]
fn application_records_of_section_4() {
    let mut client = keys("client_application");
    let data = client.open(&RFC8448.bytes("client_application_record")).unwrap();
    assert_eq!((data.content_type, data.content.to_vec()), (23, (0..50).collect()));
    let alert = client.open(&RFC8448.bytes("client_alert")).unwrap();
    assert_eq!((alert.content_type, &alert.content[..]), (21, &[1, 0][..]));
    assert!(keys("server_application").open(&RFC8448.bytes("server_application_record")).is_some());
}

#[test]
fn a_wrong_finished_fails() {
    // without the EndOfEarlyData the client's transcript is another one
    let mut handshake = section_4();
    assert_eq!(handshake.client_record(&RFC8448.bytes("early_record")), Progress::Pending, "server first");
    handshake.server_record(&RFC8448.bytes("server_flight"));
    assert_eq!(handshake.client_record(&RFC8448.bytes("client_finished")), Progress::Failed);
    assert!(handshake.resumption_master_secret().is_none());

    let mut handshake = section_4();
    assert_eq!(handshake.server_record(&RFC8448.bytes("client_finished")), Progress::Failed);
    assert_eq!(handshake.server_record(&RFC8448.bytes("server_flight")), Progress::Failed, "stays failed");
    assert!(handshake.application_secrets().is_none());
}

#[test]
fn records_are_whole_and_intact() {
    let good = RFC8448.bytes("early_record");
    for length in 0..good.len() {
        assert!(keys("client_early_traffic").open(&good[..length]).is_none());
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x80;
        assert!(keys("client_early_traffic").open(&bad).is_none(), "byte {at}");
    }
    assert!(keys("client_early_traffic").open(&[&good[..], &[0]].concat()).is_none());
}

#[test]
fn hellos_are_read_strictly() {
    let good = client_hello();
    for length in 0..good.len() {
        assert!(PskHello::parse(&good[..length]).is_none(), "cut at {length}");
    }
    assert!(PskHello::parse(&[&good[..], &[0]].concat()).is_none());
    assert!(PskHello::parse(&RFC8448.bytes("simple_client_hello")).is_none(), "no pre_shared_key");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] = !bad[at];
        // must not panic, and whatever is read stays inside of the message
        if let Some(hello) = PskHello::parse(&bad) {
            assert!(hello.truncated().len() < bad.len());
        }
    }
}

/// A connection of nginx 1.22 and OpenSSL 3.0, with what OpenSSL's client wrote into its key log.
const PSK_KE: Vectors = Vectors(include_str!("../../../testdata/tls13/psk_ke.txt"));
/// One with a HelloRetryRequest.
const RETRY: Vectors = Vectors(include_str!("../../../testdata/tls13/retry.txt"));

#[test]
fn psk_ke_opens_to_the_end() {
    let suite = Suite::from_id(0x1302).unwrap();
    let hello = PSK_KE.bytes("client_hello");
    let early = EarlySecret::new(suite.hash(), &PSK_KE.bytes("psk"));
    let before = Transcript::new(suite.hash());
    let parsed = PskHello::parse(&hello).unwrap();
    assert_eq!(early.verify_binder(&parsed, 0, &before), Binder::Verified);
    let transcript = before.with(&hello).with(&PSK_KE.bytes("server_hello"));
    let mut handshake = PskKe::new(suite, &early, transcript.clone()).unwrap();
    let secrets = handshake.handshake_secrets();
    assert_eq!(secrets.client.as_bytes(), PSK_KE.bytes("CLIENT_HANDSHAKE_TRAFFIC_SECRET"));
    assert_eq!(secrets.server.as_bytes(), PSK_KE.bytes("SERVER_HANDSHAKE_TRAFFIC_SECRET"));
    // EncryptedExtensions and Finished come in records of their own
    let mut progress = Vec::new();
    for record in PSK_KE.list("server_record") {
        progress.push(handshake.server_record(&record));
    }
    assert_eq!(progress, [Progress::Pending, Progress::Finished]);
    assert!(handshake.is_proven());
    let application = handshake.application_secrets().unwrap();
    assert_eq!(application.client.as_bytes(), PSK_KE.bytes("CLIENT_TRAFFIC_SECRET_0"));
    assert_eq!(application.server.as_bytes(), PSK_KE.bytes("SERVER_TRAFFIC_SECRET_0"));
    assert_eq!(application.exporter.as_bytes(), PSK_KE.bytes("EXPORTER_SECRET"));
    assert_eq!(handshake.client_record(&PSK_KE.bytes("client_record")), Progress::Finished);

    assert!(PskKe::new(Suite::from_id(0x1301).unwrap(), &early, transcript.clone()).is_none());
    let other = EarlySecret::new(suite.hash(), &[1; 48]);
    let mut refuted = PskKe::new(suite, &other, transcript).unwrap();
    assert_eq!(refuted.server_record(&PSK_KE.list("server_record")[0]), Progress::Failed);
    assert!(!refuted.is_proven());
}

#[test]
fn binders_after_a_retry_sign_what_came_before() {
    let first = RETRY.bytes("first_client_hello");
    let second = RETRY.bytes("second_client_hello");
    let early = EarlySecret::new(Hash::Sha384, &RETRY.bytes("psk"));
    let before = Transcript::new(Hash::Sha384);
    let after = Transcript::after_retry(Hash::Sha384, &first, &RETRY.bytes("hello_retry_request"));
    let (first, second) = (PskHello::parse(&first).unwrap(), PskHello::parse(&second).unwrap());
    assert_eq!(early.verify_binder(&first, 0, &before), Binder::Verified);
    assert_eq!(early.verify_binder(&second, 0, &after), Binder::Verified);
    assert_eq!(early.verify_binder(&second, 0, &before), Binder::Mismatch);
}

/// Resumptions of OpenSSL with every suite, those of the first three with early data.
const SUITES: Vectors = Vectors(include_str!("../../../testdata/tls13/suites.txt"));

/// The records of a stream.
fn records(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while !stream.is_empty() {
        let (record, rest) = stream.split_at(5 + usize::from(u16::from_be_bytes([stream[3], stream[4]])));
        records.push(record.to_vec());
        stream = rest;
    }
    records
}

#[test]
fn every_suite_gives_the_key_log_of_the_client() {
    for (index, id) in (0x1301..=0x1305).enumerate() {
        let nth = |name| SUITES.list(name).swap_remove(index);
        let suite = Suite::from_id(id).unwrap();
        let hello = nth("client_hello");
        let parsed = PskHello::parse(&hello).unwrap();
        let early = EarlySecret::new(suite.hash(), &nth("psk"));
        let before = Transcript::new(suite.hash());
        assert_eq!(early.verify_binder(&parsed, 0, &before), Binder::Verified, "{id:04x}");

        let transcript = before.with(&hello).with(&nth("server_hello"));
        let early_traffic = early.client_early_traffic(&hello);
        let mut handshake = PskKe::new(suite, &early, transcript).unwrap().with_early_data(&early_traffic);
        let server: Vec<_> =
            records(&nth("server_records")).iter().map(|record| handshake.server_record(record)).collect();
        assert_eq!(server, [Progress::Pending, Progress::Finished], "{id:04x}");
        let client: Vec<_> =
            records(&nth("client_records")).iter().map(|record| handshake.client_record(record)).collect();
        let with_early_data = index < 3;
        let expected = if with_early_data { vec![Progress::Pending; 2] } else { vec![] };
        assert_eq!(client, [&expected[..], &[Progress::Finished]].concat(), "{id:04x}");

        let mut secrets = Vec::new();
        if with_early_data {
            secrets.push(("CLIENT_EARLY_TRAFFIC_SECRET", &early_traffic));
        }
        let early_exporter = early.early_exporter(&hello);
        if with_early_data {
            secrets.push(("EARLY_EXPORTER_SECRET", &early_exporter));
        }
        let application = handshake.application_secrets().unwrap();
        secrets.extend([
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &handshake.handshake_secrets().client),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", &handshake.handshake_secrets().server),
            ("CLIENT_TRAFFIC_SECRET_0", &application.client),
            ("SERVER_TRAFFIC_SECRET_0", &application.server),
            ("EXPORTER_SECRET", &application.exporter),
        ]);
        let random = hex::encode(parsed.random());
        let mut lines: Vec<_> = secrets
            .iter()
            .map(|(label, secret)| format!("{label} {random} {}\n", hex::encode(secret.as_bytes())))
            .collect();
        lines.sort();
        assert_eq!(lines.concat(), String::from_utf8(nth("key_log")).unwrap(), "{id:04x}");
    }
}

mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..512, cut in 0_usize..600) {
            let mut hello = client_hello();
            let end = (at + bytes.len()).min(hello.len());
            hello.splice(at.min(end)..end, bytes.iter().copied());
            hello.truncate(cut);
            for message in [&hello, &bytes] {
                if let Some(hello) = PskHello::parse(message) {
                    let before = Transcript::new(Hash::Sha256);
                    let right = message == &client_hello();
                    prop_assert_eq!(early().verify_binder(&hello, 0, &before) == Binder::Verified, right);
                }
            }
            let record = [&[23, 3, 3], &u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
            let mut handshake = section_4();
            prop_assert_eq!(handshake.server_record(&record), Progress::Failed);
            handshake = section_4();
            prop_assert!(handshake.server_record(&bytes) != Progress::Finished);
        }
    }
}
