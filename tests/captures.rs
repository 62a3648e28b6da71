//! Captures of real servers: which tickets and handshakes are in them.

use std::fs;
use std::path::{Path, PathBuf};

use tktdump::capture::container::{Reader, Step};
use tktdump::capture::hello::ClientHello;
use tktdump::capture::{Capture, Connection};

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
        println!("{}: {:?}", case.display(), connections.iter().map(|c| c.handshake().as_str()).collect::<Vec<_>>());
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
        if name.ends_with(".gz") {
            continue;
        }
        let all = connections(&fs::read(&path).unwrap());
        let found = tickets(&all);
        println!("{name}: {} {:?}", found.len(), all.iter().map(|c| c.handshake().as_str()).collect::<Vec<_>>());
        match name.as_str() {
            // a frame of 120 bytes has no room for a ticket
            "snaplen120.pcap" => assert!(found.is_empty(), "{name}"),
            _ => assert_eq!(found, plain, "{name}"),
        }
    }
}
