//! What the text says of connections: the order of lines, which connection is which, and what a capture lacks.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod wire;

use common::tktdump;
use wire::Side::{Client, Server};
use wire::{Hello, Talk, handshake, record};

/// The link type of bare IP packets.
const RAW: u32 = 101;

fn text(packets: &[Vec<u8>]) -> String {
    let output = tktdump(&["-q"], &wire::pcap(RAW, packets));
    String::from_utf8(output.stdout).unwrap()
}

/// The arrows of the first connection.
fn arrows(text: &str) -> Vec<&str> {
    let arrows = text.lines().skip_while(|line| !line.contains("-->")).take_while(|line| line.starts_with("    "));
    arrows.map(str::trim).collect()
}

#[test]
fn an_alert_stands_where_it_was_sent() {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    talk.send(Server, &[wire::alert(1, 112), wire::hello12(&[]), wire::certificate_flight()].concat());
    talk.send(Client, &wire::key_exchange_flight());
    let text = text(&talk.packets);
    let lines = arrows(&text);
    assert!(lines[0].starts_with("--> ClientHello"), "{text}");
    assert!(lines[1].starts_with("<-- alert, warning: unrecognized_name (112)"), "{text}");
    assert!(lines[2].starts_with("<-- ServerHello"), "{text}");
}

#[test]
fn a_message_that_is_wider_than_its_column_goes_on_below() {
    let mut talk = Talk::open(40_000);
    let hello = Hello::tls13(1).with(42, &[]).with_identity(&[9; 256], 5);
    talk.send(Client, &hello.record());
    talk.send(Server, &[wire::hello13([3, 4], None), record(23, &[9; 90])].concat());
    talk.send(Client, &record(23, &[9; 69]));
    let text = text(&talk.packets);
    let lines = arrows(&text);
    assert!(lines[0].starts_with("--> ClientHello, PSK identity of 256 bytes,      packet 4, +0."), "{text}");
    assert_eq!(lines[1], "early data", "{text}");
}

/// A datagram of DTLS with one message: type and body.
fn dtls(kind: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let length = wire::prefixed(3, body);
    let message = [&[kind][..], &length[..3], &[0, number, 0, 0, 0], &length[..3], body].concat();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &wire::prefixed(2, &message)].concat()
}

#[test]
fn connections_of_one_flow_are_told_apart() {
    let hello = |random: u8| {
        let body = Hello { version: [0xfe, 0xfd], cookie: Some(Vec::new()), ..Hello::tls12(random) }.body();
        wire::datagram(Client, 50_000, &dtls(1, 0, &body))
    };
    let verify = [&[0xfe, 0xfd][..], &wire::prefixed(1, &[0xc0; 20])].concat();
    let verify = wire::datagram(Server, 50_000, &dtls(3, 0, &verify));
    let text = text(&[hello(1), verify, hello(2)]);
    for heading in ["-: UDP connection 0  incomplete", "-: UDP connection 0.2  incomplete"] {
        assert!(text.lines().any(|line| line == heading), "{text}");
    }
    assert!(text.contains("<-- HelloVerifyRequest                           packet 2, +1."), "{text}");
}

#[test]
fn the_flight_of_a_client_with_a_certificate_is_listed() {
    let certificate = handshake(11, &wire::prefixed(3, &wire::prefixed(3, &[9; 50])));
    let empty = [handshake(11, &[0, 0, 0]), wire::key_exchange_flight()].concat();
    let proven = [certificate, handshake(15, &[4, 3, 0, 1, 7]), wire::CHANGE_CIPHER_SPEC.to_vec()].concat();
    for (flight, words) in [
        (empty, "--> empty Certificate, ClientKeyExchange, ChangeCipherSpec"),
        (proven, "--> Certificate, CertificateVerify, ChangeCipherSpec"),
    ] {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls12(1).record());
        talk.send(Server, &[wire::hello12(&[]), wire::certificate_flight()].concat());
        talk.send(Client, &flight);
        let text = text(&talk.packets);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn an_external_psk_is_not_headed_as_resumed() {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls13(1).with_identity(b"Client_identity", 0).record());
    talk.send(Server, &[wire::hello13([3, 4], Some(0)), record(23, &[9; 90])].concat());
    talk.send(Client, &record(23, &[9; 69]));
    let file = wire::pcap(RAW, &talk.packets);
    let output = tktdump::<&str>(&[], &file);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.starts_with("-: connection 0  external_psk  TLSv1.3"), "{text}");
    assert!(output.errors().contains("1 connection: 1 external_psk"), "{}", output.errors());
    let brief = String::from_utf8(tktdump(&["-q", "-f", "brief"], &file).stdout).unwrap();
    assert!(brief.contains("  external_psk        external_psk "), "{brief}");
    // scripts rely on the word
    assert_eq!(tktdump(&["-q", "-f", "json"], &file).records()[1]["handshake"], "resumed_psk");
}

#[test]
fn a_key_name_is_one_if_tickets_share_it() {
    let exchange = |port: u16, ticket: &[u8]| {
        let mut talk = Talk::open(port);
        talk.full12(&Hello::tls12(1), ticket).close();
        talk.packets
    };
    let packets = [exchange(40_000, &wire::ticket(7, 1)), exchange(40_001, &wire::ticket(7, 2))].concat();
    let text = text(&packets);
    let title = text.find("  Ticket, if it is of OpenSSL's family\n").unwrap();
    assert!(text[title..].contains(&format!("    first 16 bytes (key name) {}\n", "07".repeat(16))), "{text}");
    let known = text.find("  Ticket\n").unwrap();
    assert!(
        known > title && text[known..].contains(&format!("    key name                  {}\n", "07".repeat(16))),
        "{text}"
    );
}

#[test]
fn a_capture_that_is_cut_short_says_so_and_what_to_do() {
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1)).close();
    let mut file = wire::pcap(RAW, &[]);
    for packet in &talk.packets {
        let kept = packet.len().min(60);
        let lengths = [kept, packet.len()].map(|length| u32::try_from(length).unwrap().to_le_bytes());
        file.extend([[0; 8].as_slice(), &lengths[0], &lengths[1], &packet[..kept]].concat());
    }
    let errors = tktdump::<&str>(&[], &file).errors();
    assert!(errors.contains("no TLS handshake can be seen in them"), "{errors}");
    assert!(errors.contains("were cut short when they were captured (snapshot length); tcpdump -s 0"), "{errors}");
    assert!(!errors.contains("no TLS handshake in them"), "{errors}");
    assert!(errors.contains("hint: a capture shows the tickets") && !errors.contains("or a capture"), "{errors}");
}

#[test]
fn a_hello_that_is_asked_for_again_keeps_its_place() {
    let retry = wire::server_hello([3, 3], &[], wire::SUITE_13, &wire::extension(43, &[3, 4]));
    let random = hex::decode("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").unwrap();
    let retry = [&retry[..2], &random, &retry[34..]].concat();
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls13(1).record()).send(Server, &handshake(2, &retry));
    talk.send(Client, &Hello::tls13(1).record()).send(Server, &wire::alert(2, 40));
    let text = text(&talk.packets);
    let words: Vec<&str> = arrows(&text).iter().map(|line| line.split([',', ' ']).nth(1).unwrap()).collect();
    assert_eq!(words, ["ClientHello", "HelloRetryRequest", "ClientHello", "alert"], "{text}");
}
