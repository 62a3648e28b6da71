//! A line of a key log is certain, or it is not written: handshakes of TLS 1.2 that prove nothing, or the opposite.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod handshake;
#[path = "seal/mod.rs"]
mod seal;

use std::fs;

use common::{Output, tktdump};
use handshake::{Connection, Hello, Session};

/// What keys and tickets are made of.
struct Lab {
    folder: tempfile::TempDir,
    key: Vec<u8>,
}

const MASTER: [u8; 48] = [0xa1; 48];
const OTHER_MASTER: [u8; 48] = [0xb2; 48];
const CLIENT_RANDOM: [u8; 32] = [0xc3; 32];
const SERVER_RANDOM: [u8; 32] = [0xd4; 32];
const AES_256_GCM: u16 = 0xc030;

impl Lab {
    fn new() -> Self {
        let key = seal::random::Random::new(3).bytes(80);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ticket.key"), &key).unwrap();
        Self { folder, key }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn ticket(&self, session: &Session) -> Vec<u8> {
        seal::tickets::seal(&self.key, &[9; 16], &session.encode())
    }

    /// The key log of a connection.
    fn key_log(&self, connection: &Connection, options: &[&str]) -> Output {
        let capture = self.path("a.pcap");
        fs::write(&capture, connection.capture()).unwrap();
        let key = self.path("ticket.key");
        let mut args = vec!["-f", "keylog", "-k", &key];
        args.extend(options);
        args.push(&capture);
        tktdump(&args, b"")
    }
}

/// The lines that are no comments.
fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn line_of(master: &[u8]) -> String {
    format!("CLIENT_RANDOM {} {}", hex::encode(CLIENT_RANDOM), hex::encode(master))
}

/// A resumption of `session`, up to where the Finished records should be.
fn resumed(ticket: &[u8], suite: u16) -> Connection {
    let mut connection = Connection::default();
    let hello = Hello { random: CLIENT_RANDOM, session_id: &[7; 32], suite, ticket: Some(ticket) };
    connection.client(&handshake::record(22, &hello.client()));
    let answer = Hello { random: SERVER_RANDOM, ticket: None, ..hello };
    connection.server(&[handshake::record(22, &answer.server()), handshake::change_cipher_spec()].concat());
    connection
}

/// A full handshake that issues `ticket`, up to where the Finished records should be.
fn full(ticket: &[u8]) -> Connection {
    let mut connection = Connection::default();
    let hello = Hello { random: CLIENT_RANDOM, session_id: &[], suite: AES_256_GCM, ticket: Some(&[]) };
    connection.client(&handshake::record(22, &hello.client()));
    let flight = [
        hello.with_random(SERVER_RANDOM).server(),
        handshake::message(11, &[0, 0, 0]),
        handshake::message(12, &[3, 0, 29, 1, 1]),
        handshake::message(14, &[]),
    ];
    connection.server(&handshake::record(22, &flight.concat()));
    connection
        .client(&[handshake::record(22, &handshake::message(16, &[1, 9])), handshake::change_cipher_spec()].concat());
    let issued = handshake::new_session_ticket(ticket);
    connection.server(&[handshake::record(22, &issued), handshake::change_cipher_spec()].concat());
    connection
}

#[test]
fn a_finished_record_proves_a_line() {
    let lab = Lab::new();
    let ticket = lab.ticket(&Session { master: MASTER.to_vec(), ..Session::default() });
    for mut connection in [resumed(&ticket, AES_256_GCM), full(&ticket)] {
        let finished = handshake::finished(&MASTER, &CLIENT_RANDOM, &SERVER_RANDOM, true);
        connection.server(&finished);
        let output = lab.key_log(&connection, &[]);
        assert_eq!((output.status, lines(&output)), (Some(0), vec![line_of(&MASTER)]), "{}", output.errors());
    }
    // the same with the master secret of another session
    for mut connection in [resumed(&ticket, AES_256_GCM), full(&ticket)] {
        connection.server(&handshake::finished(&OTHER_MASTER, &CLIENT_RANDOM, &SERVER_RANDOM, true));
        let output = lab.key_log(&connection, &["--unproven"]);
        assert_eq!((output.status, lines(&output)), (Some(1), vec![]));
        assert!(output.errors().contains("Finished"), "{}", output.errors());
    }
}

#[test]
fn without_a_finished_record_a_line_is_unproven_and_comes_only_where_asked_for() {
    let lab = Lab::new();
    let ticket = lab.ticket(&Session { master: MASTER.to_vec(), ..Session::default() });
    for connection in [resumed(&ticket, AES_256_GCM), full(&ticket)] {
        let output = lab.key_log(&connection, &[]);
        assert_eq!((output.status, lines(&output)), (Some(1), vec![]));
        assert!(output.errors().contains("--unproven"), "{}", output.errors());
        let output = lab.key_log(&connection, &["--unproven"]);
        assert_eq!((output.status, lines(&output)), (Some(0), vec![line_of(&MASTER)]), "{}", output.errors());
        let text = String::from_utf8(output.stdout).unwrap();
        let before = text.lines().take_while(|line| line.starts_with('#')).last().unwrap();
        assert!(before.starts_with("# unproven: "), "{text}");
    }
}

/// What speaks against a line is not only unproven.
#[test]
fn what_speaks_against_a_line_leaves_none() {
    let lab = Lab::new();
    let session = Session { master: MASTER.to_vec(), ..Session::default() };
    let ticket = lab.ticket(&session);
    let sealed = |session: Session| resumed(&lab.ticket(&session), AES_256_GCM);
    let with = |connection: Connection, add: &dyn Fn(&mut Connection)| {
        let mut connection = connection;
        add(&mut connection);
        connection
    };
    let whole = || full(&ticket);
    let cases: Vec<(&str, Connection)> = vec![
        ("the suite of another", sealed(Session { suite: 0x009d, ..session.clone() })),
        ("the version of another", sealed(Session { version: 0x0301, suite: AES_256_GCM, ..session.clone() })),
        ("expired", sealed(Session { time: 1_000_000_000, ..session.clone() })),
        ("a record that is too long", with(whole(), &|it| it.server(&handshake::record(22, &[1; 2000])))),
        ("an empty record", with(whole(), &|it| it.server(&handshake::record(22, &[])))),
        ("application data", with(whole(), &|it| it.server(&handshake::record(23, &[1; 40])))),
        ("an alert", with(whole(), &|it| it.server(&handshake::record(21, &[1; 26])))),
        ("noise", with(whole(), &|it| it.server(&handshake::record(22, &[1; 40])))),
        ("noise of the client", with(whole(), &|it| it.client(&handshake::record(22, &[1; 40])))),
        ("another session ID than the client's", {
            let mut connection = Connection::default();
            let hello =
                Hello { random: CLIENT_RANDOM, session_id: &[7; 32], suite: AES_256_GCM, ticket: Some(&ticket) };
            connection.client(&handshake::record(22, &hello.client()));
            let answer = Hello { random: SERVER_RANDOM, session_id: &[8; 32], ticket: None, ..hello };
            connection.server(&[handshake::record(22, &answer.server()), handshake::change_cipher_spec()].concat());
            connection
        }),
        ("two ServerHellos", {
            let mut connection = Connection::default();
            let hello =
                Hello { random: CLIENT_RANDOM, session_id: &[7; 32], suite: AES_256_GCM, ticket: Some(&ticket) };
            connection.client(&handshake::record(22, &hello.client()));
            connection.server(&handshake::record(22, &hello.with_random([1; 32]).server()));
            let second = handshake::record(22, &hello.with_random(SERVER_RANDOM).server());
            connection.server(&[second, handshake::change_cipher_spec()].concat());
            connection
        }),
        ("a ClientHello that was sent again with other bytes", {
            let mut connection = Connection::default();
            let other = lab.ticket(&Session { master: OTHER_MASTER.to_vec(), ..Session::default() });
            let hello = Hello { random: [1; 32], session_id: &[7; 32], suite: AES_256_GCM, ticket: Some(&ticket) };
            connection.client(&handshake::record(22, &hello.client()));
            connection.again(&handshake::record(
                22,
                &Hello { random: CLIENT_RANDOM, ticket: Some(&other), ..hello }.client(),
            ));
            let answer = handshake::record(22, &hello.with_random(SERVER_RANDOM).server());
            connection.server(&[answer, handshake::change_cipher_spec()].concat());
            connection
        }),
        ("bytes that were lost", {
            let mut connection = whole();
            connection.lose_server(100);
            connection.server(&handshake::record(23, &[1; 40]));
            connection
        }),
    ];
    for (what, connection) in cases {
        for options in [&[][..], &["--unproven"]] {
            let output = lab.key_log(&connection, options);
            assert_eq!((output.status, lines(&output)), (Some(1), vec![]), "{what} {options:?}: {}", output.errors());
            assert!(output.errors().contains("warning"), "{what}: no reason was given: {}", output.errors());
        }
    }
}

#[test]
fn suites_without_a_check_give_no_line_and_the_reason() {
    let lab = Lab::new();
    // RC4, 3DES, Camellia, SEED, ARIA
    for suite in [0x0005, 0x000a, 0x0084, 0x0096, 0xc03c] {
        let ticket = lab.ticket(&Session { master: MASTER.to_vec(), suite, ..Session::default() });
        let mut connection = resumed(&ticket, suite);
        connection.server(&handshake::record(22, &[1; 40]));
        connection.client(&[handshake::change_cipher_spec(), handshake::record(22, &[1; 40])].concat());
        for options in [&[][..], &["--unproven"]] {
            let output = lab.key_log(&connection, options);
            assert_eq!((output.status, lines(&output)), (Some(1), vec![]), "{suite:04x}");
            assert!(output.errors().contains("cipher suite"), "{suite:04x}: {}", output.errors());
        }
    }
}

#[test]
fn a_master_secret_of_another_length_gives_no_line() {
    let lab = Lab::new();
    for length in [0, 1, 32, 47, 49, 1000] {
        let ticket = lab.ticket(&Session { master: vec![0xa1; length], ..Session::default() });
        let output = lab.key_log(&full(&ticket), &["--unproven"]);
        assert_eq!((output.status, lines(&output)), (Some(1), vec![]), "{length}");
        assert!(output.errors().contains("48 bytes"), "{length}: {}", output.errors());
        let key = lab.path("ticket.key");
        let random = hex::encode(CLIENT_RANDOM);
        let args = ["-f", "keylog", "-k", &key, "--client-random", &random, "--from", "raw"];
        let output = tktdump(&args, &ticket);
        assert_eq!((output.status, lines(&output)), (Some(1), vec![]), "{length}");
        assert!(output.errors().contains("48 bytes"), "{length}: {}", output.errors());
    }
}

#[test]
fn a_client_random_that_was_given_is_said_to_be() {
    let lab = Lab::new();
    let ticket = lab.ticket(&Session { master: MASTER.to_vec(), ..Session::default() });
    let (key, random) = (lab.path("ticket.key"), hex::encode(CLIENT_RANDOM));
    let output = tktdump(&["-f", "keylog", "-k", &key, "--client-random", &random, "--from", "raw"], &ticket);
    assert_eq!((output.status, lines(&output)), (Some(0), vec![line_of(&MASTER)]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().next().unwrap().contains("client random given"), "{text}");
}
