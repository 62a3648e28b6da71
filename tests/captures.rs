//! Captures of real servers: which tickets and handshakes are in them.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod handshake;

use std::fs;
use std::path::{Path, PathBuf};

use tktdump::capture::container::{Reader, Step};
use tktdump::capture::{Capture, Connection};
use tktdump::key::file::read_auto;
use tktdump::key::ring::KeyRing;
use tktdump::open::Opener;
use tktdump::record::{Source, examine_connection};
use tktdump::report::Page;
use tktdump::report::text::{Renderer, Styles};
use tktdump::resumption::History;
use tktdump::tls::hello::ClientHello;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// The connections of a capture file.
fn connections(file: &[u8]) -> Vec<Connection> {
    let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), file);
    let mut found = Vec::new();
    while let Ok(step) = reader.step(rest) {
        match step {
            Step::Packet { packet, used } => {
                capture.packet(&packet, &mut |connection| found.push(connection));
                rest = &rest[used..];
            }
            Step::Skip(length) => rest = rest.get(usize::try_from(length).unwrap()..).unwrap_or_default(),
            Step::Secrets { used, .. } => rest = &rest[used..],
            Step::Need(_) => break,
        }
    }
    capture.finish(&mut |connection| found.push(connection));
    found
}

/// `(place, ticket)` for every ticket, the place as `meta.json` names it.
fn tickets(connections: &[Connection]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for connection in connections {
        let stream = connection.stream;
        for message in &connection.client_hellos {
            let hello = ClientHello::parse(&message.bytes).unwrap();
            for identity in &hello.identities {
                all.push((format!("CHPSK@s{stream}"), identity.identity.to_vec()));
            }
            if let Some(ticket) = hello.session_ticket.filter(|ticket| !ticket.is_empty()) {
                all.push((format!("CH35@s{stream}"), ticket.to_vec()));
            }
        }
        for (_, issued) in connection.issued() {
            all.push((format!("NST@s{stream}"), issued.ticket.to_vec()));
        }
    }
    all
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(testdata())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("capture.pcap").is_file() && path.join("meta.json").is_file())
        .collect();
    cases.sort();
    assert!(cases.len() > 20);
    cases
}

#[test]
fn every_ticket_on_the_wire_is_found() {
    for case in cases() {
        let meta: serde_json::Value = serde_json::from_slice(&fs::read(case.join("meta.json")).unwrap()).unwrap();
        let tls13 = meta["tls_version"] == "TLSv1.3";
        let mut expected = Vec::new();
        for ticket in meta["tickets_in_pcap"].as_array().unwrap() {
            for seen in ticket["seen"].as_array().unwrap() {
                let seen = seen.as_str().unwrap().to_owned();
                // TLS 1.3 encrypts it
                if !(tls13 && seen.starts_with("NST")) {
                    expected.push((seen, ticket["sha256"].as_str().unwrap().to_owned()));
                }
            }
        }
        let connections = connections(&fs::read(case.join("capture.pcap")).unwrap());
        let mut found: Vec<(String, String)> = tickets(&connections)
            .into_iter()
            .map(|(place, ticket)| {
                use sha2::Digest as _;
                (place, hex::encode(&sha2::Sha256::digest(ticket)[..8]))
            })
            .collect();
        found.sort();
        if case.ends_with("nginx80_tls13_hrr") {
            // in both hellos
            assert_eq!(found.len(), 2);
        }
        found.dedup();
        expected.sort();
        assert_eq!(found, expected, "{}", case.display());
    }
}

#[test]
fn every_container_and_every_segmentation_gives_the_same() {
    let plain = tickets(&connections(&fs::read(testdata().join("nginx48_tls12/capture.pcap")).unwrap()));
    for entry in fs::read_dir(testdata().join("variants")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "gz") {
            continue;
        }
        let all = connections(&fs::read(&path).unwrap());
        let found = tickets(&all);
        match name.as_str() {
            // a frame of 120 bytes has no room for a ticket
            "snaplen120.pcap" => assert!(found.is_empty(), "{name}"),
            _ => assert_eq!(found, plain, "{name}"),
        }
    }
}

fn tktdump(arguments: &[&std::ffi::OsStr]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(arguments)
        .env_remove("TKTDUMP_REDACT")
        .output()
        .unwrap()
}

/// The lines of a key log, comments left out.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What the client of the capture logged, of which a ticket gives a part.
fn key_log_case(case: &Path) -> (Vec<String>, Vec<String>, Option<i32>) {
    let mut arguments = vec!["-q".into(), "-f".into(), "keylog".into()];
    for key in ["ticket.key", "ticket.2.key", "ticket.3.key"] {
        if case.join(key).is_file() {
            arguments.push("--key".into());
            arguments.push(case.join(key).into_os_string());
        }
    }
    arguments.push(case.join("capture.pcap").into_os_string());
    let arguments: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsString::as_os_str).collect();
    let output = tktdump(&arguments);
    let truth = fs::read_to_string(case.join("client_keylog.txt")).unwrap();
    (lines(&String::from_utf8(output.stdout).unwrap()), lines(&truth), output.status.code())
}

#[test]
fn key_logs_have_what_can_be_had_and_nothing_else() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let (ours, truth, status) = key_log_case(&case);
        for line in &ours {
            assert!(truth.contains(line), "{name}: {line}");
        }
        let has = |label: &str| ours.iter().filter(|line| line.starts_with(label)).count();
        let expected: &[(&str, usize)] = match name {
            "nginx48_tls12_refused" => &[("CLIENT_RANDOM", 1)],
            "nginx80_tls13_0rtt" => &[("CLIENT_EARLY_TRAFFIC_SECRET", 1), ("EARLY_EXPORTER_SECRET", 1)],
            "nginx80_tls13_pskke" => &[
                ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1),
                ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 1),
                ("CLIENT_TRAFFIC_SECRET_0", 1),
                ("SERVER_TRAFFIC_SECRET_0", 1),
                ("EXPORTER_SECRET", 1),
            ],
            _ if name.contains("tls13") || name.starts_with("sserver") => &[],
            _ => &[("CLIENT_RANDOM", 2)],
        };
        let wanted: usize = expected.iter().map(|(_, count)| count).sum();
        assert_eq!(ours.len(), wanted, "{name}: {ours:?}\nclient: {truth:?}");
        for (label, count) in expected {
            assert_eq!(has(label), *count, "{name}: {label}");
        }
        assert_eq!(status, Some(i32::from(ours.is_empty())), "{name}");
    }
}

/// Tickets and handshakes of a capture that is given as bytes.
fn summary(file: &[u8]) -> (Vec<String>, Vec<&'static str>) {
    let connections = connections(file);
    let places = tickets(&connections).into_iter().map(|(place, _)| place).collect();
    (places, connections.iter().map(|connection| connection.handshake().as_str()).collect())
}

/// A resumption of TLS 1.2 up to the server's hello.
fn answered() -> handshake::Connection {
    let mut connection = handshake::Connection::default();
    let hello = handshake::Hello { random: [3; 32], session_id: &[7; 32], suite: 0xc030, ticket: Some(&[9; 160]) };
    connection.client(&handshake::record(22, &hello.client()));
    connection.server(&handshake::record(22, &hello.with_random([4; 32]).server()));
    connection
}

#[test]
fn bytes_that_are_missing_are_noticed_wherever_they_are() {
    let seen = |server: handshake::Connection| {
        let found = connections(&server.capture());
        assert_eq!(found.len(), 1);
        (found[0].client_lost, found[0].server_lost, found[0].handshake().as_str())
    };
    let mut whole = answered();
    whole.server(&handshake::change_cipher_spec());
    assert_eq!(seen(whole), (false, false, "resumed_ticket"));
    let mut before_change = answered();
    before_change.lose_server(100);
    before_change.server(&handshake::change_cipher_spec());
    assert_eq!(seen(before_change), (false, true, "incomplete"));
    let mut before_all = handshake::Connection::default();
    before_all.lose_server(100);
    before_all.server(&handshake::record(22, &handshake::new_session_ticket(&[9; 160])));
    before_all.server(&handshake::change_cipher_spec());
    assert_eq!(seen(before_all), (false, true, "incomplete"));
}

#[test]
fn tickets_over_dtls_are_found() {
    // a full handshake and a resumption, each with a HelloVerifyRequest: the second client offers its ticket twice
    let (places, handshakes) = summary(&fs::read(testdata().join("dtls12/capture.pcap")).unwrap());
    assert_eq!(places, ["NST@s0", "CH35@s1", "CH35@s1"]);
    assert_eq!(handshakes, ["full", "resumed_ticket"]);
}

#[test]
fn tickets_over_quic_are_found() {
    let vectors = fs::read_to_string(testdata().join("quic/resumption.txt")).unwrap();
    // classic pcap, little-endian, raw IP
    let mut file = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x65\0\0\0".to_vec();
    for (number, line) in vectors.lines().enumerate() {
        let (from, to): ([u8; 6], [u8; 6]) = match line.split(' ').next() {
            Some("client") => ([10, 0, 0, 1, 0x30, 0x39], [10, 0, 0, 2, 0x01, 0xbb]),
            Some("server") => ([10, 0, 0, 2, 0x01, 0xbb], [10, 0, 0, 1, 0x30, 0x39]),
            _ => continue,
        };
        let datagram = hex::decode(line.split(' ').nth(1).unwrap()).unwrap();
        let udp = u16::try_from(datagram.len() + 8).unwrap().to_be_bytes();
        let ip = u16::try_from(datagram.len() + 28).unwrap().to_be_bytes();
        let packet = [
            &[0x45, 0, ip[0], ip[1], 0, 0, 0, 0, 64, 17, 0, 0][..],
            &from[..4],
            &to[..4],
            &from[4..],
            &to[4..],
            &udp,
            &[0, 0],
            &datagram,
        ]
        .concat();
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        let time = u32::try_from(number).unwrap().to_le_bytes();
        file.extend([&time[..], &[0; 4], &length, &length, &packet].concat());
    }
    let (places, handshakes) = summary(&file);
    assert_eq!(places, ["CHPSK@s0"]);
    assert_eq!(handshakes, ["resumed_psk"]);
}

#[test]
fn accepted_early_data_is_proved_by_its_end() {
    let case = testdata().join("nginx80_tls13_0rtt");
    let word = |key: &Path| {
        let arguments = ["-q", "-f", "json", "--key"].map(std::ffi::OsStr::new);
        let capture = case.join("capture.pcap");
        let output = tktdump(&[&arguments[..], &[key.as_os_str(), capture.as_os_str()]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().rfind(|line| line.contains("\"connection\"")).unwrap();
        serde_json::from_str::<serde_json::Value>(last).unwrap()["early_data"].as_str().unwrap().to_owned()
    };
    assert_eq!(word(&case.join("ticket.key")), "accepted");
    // without the PSK nobody can tell
    assert_eq!(word(&testdata().join("nginx48_tls12/ticket.key")), "offered");
}

#[test]
fn a_dtls_client_that_begins_anew_from_its_port_is_another_connection() {
    let found = connections(&fs::read(testdata().join("dtls12/retry_camellia.pcap")).unwrap());
    let kinds: Vec<&str> = found.iter().map(|connection| connection.handshake().as_str()).collect();
    assert_eq!(kinds, ["incomplete", "full", "resumed_ticket"]);
    for connection in &found {
        let hellos = connection.client_hellos.iter().map(|message| ClientHello::parse(&message.bytes).unwrap().random);
        assert_eq!(hellos.collect::<std::collections::BTreeSet<_>>().len(), 1);
    }
    // the one that the ticket belongs to (key log of the server)
    let random = found[1].sightings()[0].client_random.unwrap();
    assert_eq!(&random[..4], [0xb9, 0xd8, 0x20, 0xf9]);
}

/// The text of a capture, a connection before its tickets, on a terminal of 80 columns.
fn text_at_80_columns(case: &Path) -> String {
    let key = fs::read(case.join("ticket.key")).ok().and_then(|key| read_auto(&key).ok());
    let ring = KeyRing::new(key.map(|key| ("ticket.key".into(), key)).into_iter().collect());
    let styles = Styles { width: Some(80), ..Styles::default() };
    let renderer = Renderer { ring: &ring, now: 1_795_000_000, redact: false, styles };
    let (source, mut history, mut text) = (Source::from("capture.pcap"), History::default(), Page::new());
    for connection in connections(&fs::read(case.join("capture.pcap")).unwrap()) {
        let (mut tickets, mut plaintext) = (Page::new(), Vec::new());
        let opener = Opener::new(&ring);
        let each = &mut |record: &tktdump::record::Record<'_>| renderer.ticket(record, &mut tickets);
        let record = examine_connection(&connection, &source, 0, &opener, &mut history, None, &mut plaintext, each);
        renderer.connection(&record, &mut text);
        text.extend_from_slice(&tickets);
    }
    String::from_utf8(text.to_vec()).unwrap()
}

#[test]
fn nothing_is_wider_than_80_columns_or_wraps_to_the_edge() {
    for case in cases() {
        let text = text_at_80_columns(&case);
        assert!(text.contains("\n  "), "{}", case.display());
        for line in text.lines() {
            let is_at_the_edge = !line.is_empty() && !line.starts_with("  ");
            assert!(line.chars().count() <= 80, "{}: {line:?}", case.display());
            assert!(!is_at_the_edge || line.starts_with("capture.pcap: "), "{}: {line:?}", case.display());
        }
    }
}
