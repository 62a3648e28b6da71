//! A capture for every reason word, with tickets that were sealed here, as the command explains it.

// a test that cannot go on says so by panicking
// and a list of examples is as long as it is
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::too_many_lines)]

mod common;
#[path = "seal/mod.rs"]
mod seal;
mod wire;

use std::collections::BTreeSet;
use std::fs;

use seal::session::OpenSsl;
use wire::Side::{Client, Server};
use wire::{ACK, FIN, Hello, RST, Talk, extension, handshake, prefixed, record};

/// When the first packet of a capture made by [`wire::pcap`] is.
const START: u32 = 1_795_000_000;

/// Two key files of nginx's, and captures of what happened with tickets under their keys.
struct Lab {
    folder: tempfile::TempDir,
    old: Vec<u8>,
    new: Vec<u8>,
    found: BTreeSet<String>,
}

/// A session of TLS 1.2 for the name that [`Hello`] asks for.
fn session() -> OpenSsl<'static> {
    OpenSsl {
        is_tls13: false,
        session_id: &[],
        secret: &[0xa1; 48],
        time: START - 60,
        session_id_context: &[0xc0; 20],
        host_name: "www.example",
        ticket_age_add: 0,
    }
}

fn session13() -> OpenSsl<'static> {
    OpenSsl { is_tls13: true, ..session() }
}

/// A session in which some bytes are others.
fn altered(session: &OpenSsl<'_>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = session.encode();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

impl Lab {
    fn new() -> Self {
        let mut random = seal::random::Random::new(5);
        let (old, new) = (random.bytes(80), random.bytes(80));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old.key"), &old).unwrap();
        fs::write(folder.path().join("new.key"), &new).unwrap();
        Self { folder, old, new, found: BTreeSet::new() }
    }

    /// A ticket under the key that all other captures are opened with.
    fn ticket(&self, plaintext: &[u8]) -> Vec<u8> {
        seal::tickets::seal(&self.old, &[9; 16], plaintext)
    }

    /// A ticket under the other key.
    fn newer(&self, plaintext: &[u8]) -> Vec<u8> {
        seal::tickets::seal(&self.new, &[9; 16], plaintext)
    }

    /// Looks at the last connection of a capture.
    fn check(&mut self, reason: &str, words: &str, keys: &[&str], packets: &[Vec<u8>]) {
        let capture = self.folder.path().join("a.pcap");
        fs::write(&capture, wire::pcap(101, packets)).unwrap();
        let mut args = vec!["-q".to_owned(), "-f".to_owned(), "json".to_owned()];
        for key in keys {
            args.extend(["-k".to_owned(), self.folder.path().join(key).to_str().unwrap().to_owned()]);
        }
        args.push(capture.to_str().unwrap().to_owned());
        let records = common::tktdump(&args, b"").records();
        let last = records.iter().rfind(|record| record["type"] == "connection").unwrap();
        assert_eq!(last["reason"], reason, "{last}");
        assert!(last["why"].as_str().unwrap().contains(words), "{words}: {last}");
        self.found.insert(reason.to_owned());
    }
}

/// A full TLS 1.2 handshake; the server announces a ticket, and more, if it issues one.
fn full12(hello: &Hello, issued: Option<&[u8]>, more: &[u8]) -> Talk {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &hello.record());
    let announced = issued.map_or_else(Vec::new, |_| extension(35, &[]));
    let answer = wire::server_hello([3, 3], &[], wire::SUITE, &[&announced[..], more].concat());
    talk.send(Server, &[handshake(2, &answer), wire::certificate_flight()].concat());
    talk.send(Client, &wire::key_exchange_flight());
    let ticket = issued.map_or_else(Vec::new, wire::new_ticket);
    talk.send(Server, &[ticket, wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    talk
}

/// A refused ticket, and one that is issued.
fn refused(offered: &[u8], issued: &[u8]) -> Vec<Vec<u8>> {
    full12(&Hello::tls12(1).with_ticket(offered), Some(issued), &[]).packets
}

/// A TLS 1.3 handshake in which the server chose that identity.
fn tls13(hello: &Hello, selected: Option<u16>) -> Vec<Vec<u8>> {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &hello.record());
    talk.send(Server, &[wire::hello13([3, 4], selected), record(23, &[9; 600])].concat());
    talk.send(Client, &record(23, &[9; 69]));
    talk.packets
}

/// A conversation that goes no further than the client's hello, and what follows it.
fn after_hello(change: impl FnOnce(&mut Talk)) -> Vec<Vec<u8>> {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    change(&mut talk);
    talk.packets
}

#[test]
fn every_reason_has_a_capture() {
    let mut lab = Lab::new();
    let (old, both) = (["old.key"], ["new.key", "old.key"]);
    let good = lab.ticket(&session().encode());
    let another = lab.ticket(&OpenSsl { time: START, ..session() }.encode());
    let newer = lab.newer(&session().encode());
    let good13 = lab.ticket(&session13().encode());
    let offer13 = |identity: &[u8], age| Hello::tls13(1).with_identity(identity, age);

    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).with_ticket(&good).record());
    talk.send(Server, &[wire::hello12(&[7; 32]), wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    talk.send(Client, &[wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    lab.check("resumed", "the server accepted the ticket", &old, &talk.packets);
    let fresh = full12(&Hello::tls12(1), Some(&good), &[]).packets;
    lab.check("no_ticket_offered", "asked for one; it was given one", &old, &fresh);
    let none = full12(&Hello::tls12(1).with_ticket(&good), None, &[]).packets;
    lab.check("no_tickets_issued", "answered without tickets", &old, &none);

    lab.check("other_key", "another node or server sealed it", &[], &refused(&good, &newer));
    lab.check("not_reloaded", "it had not been reloaded then; else", &both, &refused(&newer, &good));
    let turns: Vec<Vec<u8>> = [&good, &newer, &good, &newer]
        .into_iter()
        .zip(40_000..)
        .flat_map(|(issued, port)| {
            let mut talk = Talk::open(port);
            talk.full12(&Hello::tls12(1), issued);
            talk.packets
        })
        .collect();
    let mut last = Talk::open(41_000);
    last.full12(&Hello::tls12(1).with_ticket(&good), &newer);
    lab.check("several_keys", "several nodes, or processes", &both, &[turns, last.packets].concat());

    let bound = lab.ticket(&OpenSsl { session_id_context: &[0xc1; 20], ..session() }.encode());
    lab.check("other_context", "another session ID context", &old, &refused(&good, &bound));
    let named = lab.ticket(&OpenSsl { host_name: "other.test", ..session() }.encode());
    lab.check("other_name", "the host name other.test", &old, &refused(&named, &another));
    let plain = lab.ticket(&altered(&session(), &[0xad, 3, 2, 1, 1], &[0xad, 3, 2, 1, 0]));
    let extended = extension(23, &[]);
    let hello = Hello::tls12(1).with_ticket(&plain).with(23, &[]);
    lab.check("other_ems", "no extended master secret", &old, &full12(&hello, Some(&another), &extended).packets);
    let spoken = Hello::tls12(1).with_ticket(&good).with(16, &prefixed(2, &prefixed(1, b"h2")));
    lab.check("other_alpn", "protocol http/1.1", &old, &full12(&spoken, Some(&another), &[]).packets);
    let weak = lab.ticket(&altered(&session(), &[4, 2, 0xc0, 0x30], &[4, 2, 0xc0, 0x13]));
    lab.check("other_cipher", "no longer offers", &old, &refused(&weak, &another));
    let early = lab.ticket(&altered(&session(), &[2, 2, 3, 3], &[2, 2, 3, 1]));
    lab.check("other_protocol", "of TLSv1, and the server chose TLSv1.2", &old, &refused(&early, &another));
    let late = lab.ticket(&OpenSsl { time: START - 1000, ..session() }.encode());
    lab.check("expired", "it had expired 11 minutes before", &old, &refused(&late, &another));
    let mut forged = good.clone();
    forged[40] ^= 1;
    lab.check("bad_mac", "MAC does not verify", &old, &refused(&forged, &another));
    let rubbish = lab.ticket(b"what is this");
    lab.check("bad_session", "not a session", &old, &refused(&rubbish, &another));
    lab.check("unknown", "the server has its key", &old, &refused(&good, &another));
    lab.check("bad_binder", "binder does not come", &old, &tls13(&offer13(&good13, 5), None));
    lab.check("unknown_key", "none of the keys given", &["new.key"], &tls13(&offer13(&good13, 5), None));
    lab.check("no_key", "--key FILE tells more", &[], &tls13(&offer13(&good13, 5), None));
    let handle: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(93) ^ 0x81).collect();
    lab.check("cache_miss", "the cache of the server", &old, &tls13(&offer13(&handle, 5), None));
    lab.check("external_psk", "nothing was resumed", &old, &tls13(&offer13(b"Client_identity", 0), Some(0)));
    let hello = Hello::tls13(1).with(0xfe0d, &[0; 60]).with_identity(&newer, 5);
    lab.check("ech", "is inside", &old, &tls13(&hello, None));
    let formless: Vec<u8> = (0..203).map(|byte: u8| byte.wrapping_mul(151) ^ 0x5a).collect();
    lab.check("unrecognised", "its form does not tell", &old, &refused(&formless, &formless));

    let packets = after_hello(|talk| drop(talk.send(Server, &wire::alert(2, 40)).clone()));
    lab.check("alert", "the server sent the alert handshake_failure (40)", &[], &packets);
    let packets = after_hello(|talk| drop(talk.packet(Server, RST | ACK, &[]).clone()));
    lab.check("reset", "the server reset the connection (packet 6)", &[], &packets);
    let packets = after_hello(|talk| drop(talk.packet(Server, FIN | ACK, &[]).clone()));
    lab.check("closed", "the server closed the connection (packet 6)", &[], &packets);
    let packets = after_hello(|talk| drop(talk.send(Server, &handshake(2, &[3, 3, 0, 0])).clone()));
    lab.check("malformed_hello", "the ServerHello cannot be read", &[], &packets);
    let packets = after_hello(|talk| drop(talk.send(Server, b"HTTP/1.1 400 Bad Request\r\n\r\n").clone()));
    lab.check("not_tls", "plain HTTP", &[], &packets);
    let packets = after_hello(|talk| drop(talk.send_unseen(Server, 500).clone()));
    lab.check("not_in_capture", "500 bytes of the server's answer", &[], &packets);
    let hello = |random| wire::datagram(Client, 50_000, &dtls_hello(random));
    lab.check("no_answer", "no answer", &[], &[hello(1), hello(2), hello(3)]);

    let all: BTreeSet<String> = tktdump::resumption::Reason::ALL.map(|reason| reason.as_str().to_owned()).into();
    assert_eq!(lab.found, all);
}

/// A ClientHello of DTLS 1.2 with a random made of one byte.
fn dtls_hello(random: u8) -> Vec<u8> {
    let body = Hello { version: [0xfe, 0xfd], cookie: Some(Vec::new()), ..Hello::tls12(random) }.body();
    let length = prefixed(3, &body);
    let message = [&[1][..], &length[..3], &[0, 0, 0, 0, 0], &length[..3], &body].concat();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &prefixed(2, &message)].concat()
}

#[cfg(feature = "audit")]
#[test]
fn rules_about_one_ticket_on_the_wire_find_it() {
    let lab = Lab::new();
    let audit = |packets: &[Vec<u8>], more: &[&str]| {
        let capture = lab.folder.path().join("b.pcap");
        fs::write(&capture, wire::pcap(101, packets)).unwrap();
        let key = lab.folder.path().join("old.key");
        let fixed = ["audit", "-q", "-f", "json", "-k", key.to_str().unwrap()];
        let output = common::tktdump(&[&fixed[..], more, &[capture.to_str().unwrap()]].concat(), b"");
        let rules = output.records().into_iter().map(|finding| finding["rule"].as_str().unwrap().to_owned());
        rules.collect::<BTreeSet<String>>()
    };
    let resumed = |ticket: &[u8]| {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls12(1).with_ticket(ticket).record());
        talk.send(Server, &[wire::hello12(&[7; 32]), wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
        talk.send(Client, &[wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
        talk.packets
    };
    // the ticket says when the full handshake was: renewed tickets keep that
    let since = |seconds| lab.ticket(&OpenSsl { time: START - seconds, ..session() }.encode());
    assert!(audit(&resumed(&since(3600)), &[]).contains("session-prolonged"));
    assert!(!audit(&resumed(&since(100)), &[]).contains("session-prolonged"));
    assert!(!audit(&refused(&since(3600), &since(0)), &[]).contains("session-prolonged"), "it was not taken");
    let ticket = since(100);
    let limit = ticket.len();
    assert!(!audit(&resumed(&ticket), &[]).contains("ticket-too-large"));
    for (limit, is_found) in [(limit - 1, true), (limit, false)] {
        let rules = audit(&resumed(&ticket), &["--max-ticket-bytes", &limit.to_string()]);
        assert_eq!(rules.contains("ticket-too-large"), is_found, "{rules:?}");
    }
}
