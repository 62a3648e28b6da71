//! What becomes of a ticket and of its secrets if one thing of a real connection were otherwise.

use std::path::Path;

use super::secrets::{Secrets, Withheld, secrets};
use super::*;
use crate::capture::Capture;
use crate::capture::connection::{Alert, HandshakeKind, Malformed, Message, Side};
use crate::capture::container::{Reader, Step, Time};
use crate::key::file::read_auto;
use crate::key::ring::KeyRing;
use crate::keylog::Label;
use crate::open::Opener;
use crate::tls::hello::{ClientHello, ServerHello};

/// A file of a case of the corpus.
fn read(case: &str, file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(case).join(file)).unwrap()
}

/// The connections of a case.
fn connections(case: &str) -> Vec<Connection> {
    let file = read(case, "capture.pcap");
    let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), file.as_slice());
    let mut found = Vec::new();
    loop {
        rest = match reader.step(rest).unwrap() {
            Step::Packet { packet, used } => {
                capture.packet(&packet, &mut |connection| found.push(connection));
                &rest[used..]
            }
            Step::Secrets { used, .. } => &rest[used..],
            Step::Skip(length) => &rest[usize::try_from(length).unwrap()..],
            Step::Need(_) => break,
        };
    }
    capture.finish(&mut |connection| found.push(connection));
    found
}

/// The connection of a case whose client offers a PSK.
fn with_psk(case: &str) -> Connection {
    let offers_psk = |it: &Connection| it.sightings().iter().any(|sighting| sighting.carrier == Carrier::Psk);
    connections(case).into_iter().find(offers_psk).unwrap()
}

/// A connection with the first ticket of a carrier, opened.
fn opened<T>(
    case: &str,
    connection: &Connection,
    carrier: Carrier,
    look: impl FnOnce(&mut Sighting<'_>, &Outcome<'_>) -> T,
) -> T {
    let ring = KeyRing::new(vec![("ticket.key".into(), read_auto(&read(case, "ticket.key")).unwrap())]);
    let (opener, mut buffer) = (Opener::new(&ring), Vec::new());
    let mut sighting = connection.sightings().into_iter().find(|sighting| sighting.carrier == carrier).unwrap();
    let outcome = opener.open(&opener.check(sighting.ticket), &mut buffer);
    look(&mut sighting, &outcome)
}

fn session<'a>(outcome: &'a Outcome<'a>) -> &'a Session<'a> {
    match outcome {
        Outcome::Decrypted { session, .. } => session,
        other => panic!("{other:?}"),
    }
}

/// The lines that a ticket gives, once `change` has changed what was seen of it.
fn lines(case: &str, connection: &Connection, change: impl FnOnce(&mut Sighting<'_>)) -> Secrets {
    opened(case, connection, Carrier::Psk, |sighting, outcome| {
        let mark = Mark::of(sighting.ticket);
        let _ = examine(connection, sighting, mark, outcome);
        change(sighting);
        secrets(connection, sighting, session(outcome))
    })
}

fn labels(secrets: &Secrets) -> Vec<Label> {
    secrets.lines.iter().map(|line| line.label).collect()
}

const EARLY: [Label; 2] = [Label::ClientEarlyTrafficSecret, Label::EarlyExporterSecret];

const TLS12: &str = "nginx48_tls12";
const EARLY_DATA: &str = "nginx80_tls13_0rtt";
const PSK_ONLY: &str = "nginx80_tls13_pskke";
const RETRIED: &str = "nginx80_tls13_hrr";

/// Of TLS 1.2: the full handshake that issues a ticket and the resumption, each with what its ticket gives once `change`
/// has changed what was captured.
fn tls12(change: impl Fn(&mut Connection)) -> [(usize, usize, Option<Withheld>); 2] {
    let all = connections(TLS12);
    [(0, Carrier::NewSessionTicket), (1, Carrier::SessionTicket)].map(|(number, carrier)| {
        let mut connection = all[number].clone();
        change(&mut connection);
        opened(TLS12, &connection, carrier, |sighting, outcome| {
            let found = secrets(&connection, sighting, session(outcome));
            (found.lines.len(), found.unproven.len(), found.withheld)
        })
    })
}

fn without_finished(connection: &mut Connection) {
    (connection.client_finished, connection.server_finished) = (None, None);
}

#[test]
fn a_finished_record_of_either_side_proves_a_master_secret() {
    assert_eq!(tls12(|_| {}), [(1, 0, None); 2]);
    assert_eq!(tls12(|it| it.client_finished = None), [(1, 0, None); 2]);
    assert_eq!(tls12(|it| it.server_finished = None), [(1, 0, None); 2]);
    assert_eq!(tls12(without_finished), [(0, 1, Some(Withheld::NoFinished)); 2]);
}

/// Nothing is unproven only if something speaks against it.
#[test]
fn what_is_not_whole_gives_not_even_an_unproven_line() {
    let with = |change: &dyn Fn(&mut Connection)| {
        tls12(|connection| {
            without_finished(connection);
            change(connection);
        })
    };
    let refuted = [(0, 0, Some(Withheld::Refuted)); 2];
    let not_proven = [(0, 0, Some(Withheld::NotProven)); 2];
    let noise = || Some([&[22, 3, 3, 0, 40][..], &[1; 40]].concat());
    assert_eq!(with(&|it| it.client_finished = noise()), refuted);
    assert_eq!(with(&|it| it.server_finished = noise()), refuted);
    assert_eq!(with(&|it| it.not_finished = true), refuted);
    assert_eq!(with(&|it| it.client_lost = true), not_proven);
    assert_eq!(with(&|it| it.server_lost = true), not_proven);
    assert_eq!(with(&|it| it.repeated = true), not_proven);
    let error = ClientHello::read(&[1, 0, 0, 0]).unwrap_err();
    let malformed = Malformed { from: Side::Client, packet: 1, time: Time::default(), error };
    assert_eq!(with(&|it| it.malformed = Some(malformed)), not_proven);
    // other hellos: of the client, of the server, and one that cannot be read
    let other = |message: &Message| {
        let mut message = message.clone();
        message.bytes[10] ^= 1;
        message
    };
    assert_eq!(with(&|it| it.client_hellos.insert(0, other(&it.client_hellos[0]))), not_proven);
    assert_eq!(with(&|it| it.server_hellos.insert(0, other(&it.server_hellos[0]))), not_proven);
    let unreadable = |it: &Connection| Message { bytes: vec![1, 0, 0, 0], ..it.client_hellos[0].clone() };
    assert_eq!(with(&|it| it.client_hellos.insert(0, unreadable(it))), not_proven);
    // sent again, as over DTLS
    let twice = with(&|it| it.client_hellos.insert(0, it.client_hellos[0].clone()));
    assert_eq!(twice, [(0, 1, Some(Withheld::NoFinished)); 2]);
}

#[test]
fn a_handshake_that_is_not_known_to_have_been_resumed_gives_no_unproven_line() {
    let fatal =
        Alert { from: Side::Server, level: 2, description: 40, is_first: true, packet: 9, time: Time::default() };
    let incomplete: [&dyn Fn(&mut Connection); 2] =
        [&|it| it.alert = Some(fatal), &|it| it.flight.server_changed = false];
    for change in incomplete {
        let found = tls12(|connection| {
            without_finished(connection);
            change(connection);
            assert_eq!(connection.handshake(), HandshakeKind::Incomplete);
        });
        assert_eq!(found, [(0, 0, Some(Withheld::NotProven)); 2]);
    }
    // a resumption by session ID may be of another session, and a full handshake is
    let all = connections(TLS12);
    let mut resumed = all[1].clone();
    without_finished(&mut resumed);
    resumed.flight.certificate = true;
    opened(TLS12, &resumed, Carrier::SessionTicket, |sighting, outcome| {
        let found = secrets(&resumed, sighting, session(outcome));
        assert_eq!((found.unproven.len(), found.withheld), (0, Some(Withheld::NotResumed)));
    });
}

#[test]
fn a_session_that_expires_counts_to_its_last_second() {
    let mut resumed = connections(TLS12).remove(1);
    without_finished(&mut resumed);
    opened(TLS12, &resumed, Carrier::SessionTicket, |sighting, outcome| {
        let session = session(outcome);
        let end = session.expires().unwrap();
        for (seconds, withheld) in [(end, Withheld::NoFinished), (end + 1, Withheld::Expired)] {
            sighting.time.seconds = seconds;
            assert_eq!(secrets(&resumed, sighting, session).withheld, Some(withheld));
            assert_eq!(session.expired(seconds), Some(withheld == Withheld::Expired));
        }
        for (change, withheld) in [(0, Withheld::NoFinished), (1, Withheld::OtherSession)] {
            let mut session = session.clone();
            session.protocol.0 -= change;
            sighting.time.seconds = end;
            assert_eq!(secrets(&resumed, sighting, &session).withheld, Some(withheld));
        }
    });
}

#[test]
fn a_suite_whose_records_are_not_decrypted_is_no_refutation() {
    let mut resumed = connections(TLS12).remove(1);
    let hello = &mut resumed.server_hellos[0].bytes;
    // behind header, version, random and session ID
    let at = 39 + usize::from(hello[38]);
    // RC4 with SHA-1
    hello[at..at + 2].copy_from_slice(&[0, 5]);
    opened(TLS12, &resumed, Carrier::SessionTicket, |sighting, outcome| {
        let found = secrets(&resumed, sighting, session(outcome));
        assert_eq!((found.lines.len(), found.unproven.len(), found.withheld), (0, 0, Some(Withheld::NotChecked)));
    });
}

#[test]
fn a_ticket_of_tls_1_3_that_is_just_issued_gives_nothing_and_withholds_nothing() {
    let connection = &with_psk(PSK_ONLY);
    let found = lines(PSK_ONLY, connection, |it| it.carrier = Carrier::NewSessionTicket);
    assert_eq!((found.lines.len(), found.unproven.len(), found.withheld), (0, 0, None));
}

#[test]
fn every_reason_for_no_line_is_another_sentence() {
    let all = [
        Withheld::NotResumed,
        Withheld::NotProven,
        Withheld::NoFinished,
        Withheld::Refuted,
        Withheld::NotChecked,
        Withheld::OtherSession,
        Withheld::Expired,
        Withheld::MasterSecretLength,
        Withheld::DiffieHellman,
        Withheld::NotSelected,
        Withheld::Binder,
        Withheld::Flight,
    ];
    let sentences: std::collections::BTreeSet<&str> = all.map(Withheld::reason).into();
    assert_eq!(sentences.len(), all.len());
    assert!(sentences.iter().all(|sentence| sentence.split(' ').count() > 5), "{sentences:?}");
}

/// The sentence of a resumption and that of a refusal, `late` seconds after the ticket's last one.
fn why(late: i64) -> [String; 2] {
    let all = connections(TLS12);
    let resumed = all[1].clone();
    let mut refused = resumed.clone();
    refused.flight.certificate = true;
    [resumed, refused].map(|connection| {
        opened(TLS12, &connection, Carrier::SessionTicket, |sighting, outcome| {
            let now = session(outcome).expires().unwrap() + late;
            let mark = Mark::of(sighting.ticket);
            let attempt = examine(&connection, sighting, mark, outcome);
            conclude(&connection, &[attempt], &History::default(), now).why
        })
    })
}

#[test]
fn the_reason_is_that_it_expired_from_the_second_after_its_last() {
    let says_so = |late| why(late).map(|why| why.contains("expired"));
    assert_eq!([-1, 0, 1, 2].map(says_so), [[false; 2], [false; 2], [true; 2], [true; 2]]);
}

#[test]
fn early_data_has_lines_for_the_first_identity_of_the_first_hello_whose_binder_verifies() {
    let connection = &with_psk(EARLY_DATA);
    let found = lines(EARLY_DATA, connection, |_| {});
    assert_eq!((labels(&found), found.withheld), (EARLY.to_vec(), Some(Withheld::DiffieHellman)));
    let found = lines(EARLY_DATA, connection, |it| it.identity = Some(1));
    assert_eq!((labels(&found), found.withheld), (vec![], Some(Withheld::NotSelected)));
    for binder in [None, Some(false)] {
        let found = lines(EARLY_DATA, connection, |it| it.binder = binder);
        assert_eq!((labels(&found), found.withheld), (vec![], Some(Withheld::Binder)));
    }
    // another hello, after which early data does not go on
    let mut retried = connection.clone();
    retried.client_hellos.push(connection.client_hellos[0].clone());
    retried.server_hellos.insert(0, with_psk(RETRIED).retry_request().unwrap().clone());
    let found = lines(EARLY_DATA, &retried, |it| (it.hello, it.binder) = (Some(1), Some(true)));
    assert_eq!((labels(&found), found.withheld), (vec![], Some(Withheld::DiffieHellman)));
    // a hello without early data
    let connection = &with_psk(PSK_ONLY);
    assert!(!labels(&lines(PSK_ONLY, connection, |_| {})).contains(&EARLY[0]));
}

#[test]
fn only_the_identity_that_was_chosen_gives_the_lines_of_the_handshake() {
    let connection = &with_psk(PSK_ONLY);
    let found = lines(PSK_ONLY, connection, |_| {});
    assert_eq!((found.lines.len(), found.withheld), (5, None));
    let other = lines(PSK_ONLY, connection, |it| it.identity = Some(1));
    assert_eq!((other.lines.len(), other.withheld), (0, Some(Withheld::NotSelected)));
    // nor without an answer, nor if another hello followed
    let mut unanswered = connection.clone();
    unanswered.server_hellos.clear();
    let found = lines(PSK_ONLY, &unanswered, |_| {});
    assert_eq!((found.lines.len(), found.withheld), (0, Some(Withheld::NotSelected)));
    let mut followed = connection.clone();
    followed.client_hellos.push(connection.client_hellos[0].clone());
    for (selected, withheld) in [(Some(true), None), (Some(false), Some(Withheld::NotSelected))] {
        let found = lines(PSK_ONLY, &followed, |it| it.selected = selected);
        assert_eq!((found.lines.len(), found.withheld), (0, withheld));
    }
    let mut torn = connection.clone();
    torn.server_flight.truncate(100);
    let found = lines(PSK_ONLY, &torn, |_| {});
    assert_eq!((found.lines.len(), found.withheld), (0, Some(Withheld::Flight)));
}

#[test]
fn early_data_was_accepted_under_the_first_identity_alone() {
    let connection = &with_psk(EARLY_DATA);
    opened(EARLY_DATA, connection, Carrier::Psk, |sighting, outcome| {
        let session = session(outcome);
        sighting.binder = binder(connection, sighting, session);
        assert_eq!(sighting.binder, Some(true));
        assert!(early_data_accepted(connection, sighting, session));
        let first = *sighting;
        for (hello, identity, binder) in [
            (Some(0), Some(1), Some(true)),
            (Some(0), None, Some(true)),
            (Some(0), Some(0), Some(false)),
            (Some(0), Some(0), None),
            (Some(1), Some(0), Some(true)),
            (None, Some(0), Some(true)),
        ] {
            let sighting = Sighting { hello, identity, binder, ..first };
            assert!(!early_data_accepted(connection, &sighting, session), "{hello:?}, {identity:?}, {binder:?}");
        }
        let mut without = connection.clone();
        without.client_records.clear();
        assert!(!early_data_accepted(&without, &first, session));
    });
}

#[test]
fn a_binder_that_is_not_there_is_not_verified() {
    let connection = &with_psk(EARLY_DATA);
    opened(EARLY_DATA, connection, Carrier::Psk, |sighting, outcome| {
        let session = session(outcome);
        assert_eq!(binder(connection, sighting, session), Some(true));
        for (hello, identity) in [(Some(0), Some(1)), (Some(0), None), (None, Some(0)), (Some(1), Some(0))] {
            let sighting = Sighting { hello, identity, ..*sighting };
            assert_eq!(binder(connection, &sighting, session), None, "{hello:?}, {identity:?}");
        }
        // the last byte of a hello with a PSK is one of its binder
        let mut wrong = connection.clone();
        *wrong.client_hellos[0].bytes.last_mut().unwrap() ^= 1;
        assert_eq!(binder(&wrong, sighting, session), Some(false));
    });
}

#[test]
fn the_binder_of_a_second_hello_is_over_both() {
    let connection = &with_psk(RETRIED);
    assert_eq!((connection.client_hellos.len(), connection.server_hellos.len()), (2, 2));
    assert!(ServerHello::parse(&connection.server_hellos[0].bytes).unwrap().is_retry_request());
    for (number, sighting) in connection.sightings().iter().enumerate() {
        assert_eq!(sighting.hello, Some(number));
        opened(RETRIED, connection, Carrier::Psk, |_, outcome| {
            assert_eq!(binder(connection, sighting, session(outcome)), Some(true));
            let mut without = connection.clone();
            without.server_hellos.remove(0);
            let expected = if number == 0 { Some(true) } else { None };
            assert_eq!(binder(&without, sighting, session(outcome)), expected);
        });
    }
}
