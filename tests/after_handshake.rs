//! What a server of TLS 1.3 sends after the handshake, opened with a key log: conversations made of our own bytes.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod wire;

use hkdf::Hkdf;
use sha2::Sha384;
use tktdump::capture::container::{Packet, Time};
use tktdump::capture::sighting::Carrier;
use tktdump::capture::{Capture, Connection, Remarks};
use tktdump::keylog::Secrets;
use tktdump::secret::Secret;
use tktdump::tls::tls13::{RecordKeys, Suite};
use wire::{ACK, CHANGE_CIPHER_SPEC, FIN, Hello, SUITE_13, Side, Talk, hello13, message, prefixed, record};

const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const ALERT: u8 = 21;

fn suite() -> Suite {
    Suite::from_id(u16::from_be_bytes(SUITE_13)).unwrap()
}

/// A `NewSessionTicket` of TLS 1.3.
fn new_ticket(ticket: &[u8]) -> Vec<u8> {
    let early = [&[0, 42, 0, 4][..], &16384_u32.to_be_bytes()].concat();
    let body = [
        &300_u32.to_be_bytes()[..],
        &0x0102_0304_u32.to_be_bytes(),
        &prefixed(1, &[7, 7]),
        &prefixed(2, ticket),
        &prefixed(2, &early),
    ];
    message(4, &body.concat())
}

/// A server after its hello.
struct Server {
    secret: Secret,
    keys: RecordKeys,
}

impl Server {
    fn new(random: u8) -> Self {
        let secret = Secret::new(vec![random; 48]);
        Self { keys: RecordKeys::new(suite(), &secret), secret }
    }

    fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        self.keys.seal(kind, content).unwrap()
    }

    fn ticket(&mut self, ticket: &[u8]) -> Vec<u8> {
        self.seal(HANDSHAKE, &new_ticket(ticket))
    }

    fn data(&mut self, length: usize) -> Vec<u8> {
        self.seal(DATA, &vec![b'd'; length])
    }

    /// A `KeyUpdate`, and the next keys (RFC 8446 section 7.2).
    fn update(&mut self) -> Vec<u8> {
        let record = self.seal(HANDSHAKE, &[24, 0, 0, 1, 0]);
        let info = [&[0, 48][..], &prefixed(1, b"tls13 traffic upd"), &[0]].concat();
        let mut next = vec![0; 48];
        Hkdf::<Sha384>::from_prk(self.secret.as_bytes()).unwrap().expand(&info, &mut next).unwrap();
        let next = Secret::new(next);
        (self.keys, self.secret) = (RecordKeys::new(suite(), &next), next);
        record
    }
}

/// The handshake of a client with this random, under other keys: as long as real ones.
fn handshake(talk: &mut Talk, hello: &Hello, identity: Option<u16>) {
    talk.send(Side::Client, &hello.record());
    let flight: Vec<u8> = [40, 900, 300, 69].iter().flat_map(|&length| record(DATA, &vec![0xe5; length])).collect();
    talk.send(Side::Server, &[hello13([3, 4], identity), CHANGE_CIPHER_SPEC.to_vec(), flight].concat());
    talk.send(Side::Client, &[CHANGE_CIPHER_SPEC.to_vec(), record(DATA, &[0xf1; 69])].concat());
}

fn begin(port: u16, random: u8) -> (Talk, Server) {
    let mut talk = Talk::open(port);
    handshake(&mut talk, &Hello::tls13(random), None);
    (talk, Server::new(random))
}

/// Secrets of clients with these randoms.
fn secrets(randoms: &[u8]) -> Secrets {
    let mut secrets = Secrets::default();
    for &random in randoms {
        let line = format!("SERVER_TRAFFIC_SECRET_0 {} {}", hex::encode([random; 32]), hex::encode([random; 48]));
        secrets.add(line.as_bytes()).unwrap();
    }
    secrets
}

/// What is handed over, and after which packet.
fn follow(packets: &[Vec<u8>], secrets: Secrets) -> (Vec<(usize, Connection)>, Remarks) {
    let (mut capture, mut found) = (Capture::with_secrets(secrets), Vec::new());
    for (number, data) in packets.iter().enumerate() {
        let time = Time { seconds: 1_700_000_000, nanoseconds: 0 };
        let packet = Packet { time, link_type: 101, data, original_length: data.len() };
        capture.packet(&packet, &mut |connection| found.push((number + 1, connection)));
    }
    capture.finish(&mut |connection| found.push((0, connection)));
    (found, capture.remarks())
}

/// The tickets that were issued, in order.
fn issued(found: &[(usize, Connection)]) -> Vec<Vec<u8>> {
    let sightings = found.iter().flat_map(|(_, connection)| connection.sightings());
    sightings.filter(|it| it.carrier == Carrier::NewSessionTicket).map(|it| it.ticket.to_vec()).collect()
}

#[test]
fn tickets_come_with_what_the_server_said_of_them() {
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &[server.ticket(b"first"), server.ticket(b"second")].concat());
    talk.send(Side::Server, &server.data(100));
    talk.close();
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    let [(_, connection)] = &found[..] else { panic!("{} connections", found.len()) };
    let sightings = connection.sightings();
    let ticket = &sightings[0];
    let said = ticket.issued.unwrap();
    assert_eq!((said.lifetime, said.age_add, said.nonce), (300, 0x0102_0304, &[7, 7][..]));
    assert_eq!(said.max_early_data, Some(16384));
    assert_eq!((ticket.client_random, ticket.sni), (Some([1; 32]), Some(&b"www.example"[..])));
    assert_eq!(issued(&found), [b"first".to_vec(), b"second".to_vec()]);
    assert_eq!((remarks.unopened, remarks.followed_in_part), (0, 0));
    // without the secret, and with that of another connection, the same connection has none
    for other in [secrets(&[]), secrets(&[2])] {
        let (found, remarks) = follow(&talk.packets, other);
        assert_eq!((found.len(), issued(&found).len(), remarks.unopened), (1, 0, 0));
    }
    // a secret that is not its own is counted
    let mut wrong = Secrets::default();
    let line = format!("SERVER_TRAFFIC_SECRET_0 {} {}", hex::encode([1; 32]), hex::encode([9; 48]));
    wrong.add(line.as_bytes()).unwrap();
    let (found, remarks) = follow(&talk.packets, wrong);
    assert_eq!((found.len(), issued(&found).len(), remarks.unopened), (1, 0, 1));
}

#[test]
fn tickets_before_the_client_has_finished_are_seen() {
    // as Go's server does: in one go with its handshake
    let (mut talk, mut server) = (Talk::open(4000), Server::new(1));
    talk.send(Side::Client, &Hello::tls13(1).record());
    let flight = record(DATA, &[0xe5; 900]);
    talk.send(Side::Server, &[hello13([3, 4], None), flight, server.ticket(b"early")].concat());
    talk.send(Side::Client, &record(DATA, &[0xf1; 69]));
    let (found, _) = follow(&talk.packets, secrets(&[1]));
    assert_eq!(issued(&found), [b"early".to_vec()]);
}

#[test]
fn late_tickets_are_handed_over_by_themselves() {
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &[server.ticket(b"first"), server.data(16_000)].concat());
    let handed_over = talk.packets.len() - 1;
    for _ in 0..40 {
        talk.send(Side::Server, &server.data(16_000));
    }
    talk.send(Side::Server, &server.update());
    for _ in 0..40 {
        talk.send(Side::Server, &server.data(16_000));
    }
    let late = server.ticket(b"late");
    // in two segments, between data
    talk.send(Side::Server, &late[..50]).send(Side::Server, &late[50..]).send(Side::Server, &server.data(9));
    talk.close();
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    assert_eq!(issued(&found), [b"first".to_vec(), b"late".to_vec()]);
    assert_eq!((found.len(), remarks.followed_in_part), (2, 0));
    assert!(found[0].0 <= handed_over + 1 && found[0].1.has_hello(), "{}", found[0].0);
    let (_, rest) = &found[1];
    assert!(!rest.has_hello());
    let sightings = rest.sightings();
    let it = &sightings[0];
    assert_eq!((it.client_random, it.sni, it.number.stream), (Some([1; 32]), Some(&b"www.example"[..]), 0));
}

#[test]
fn a_connection_goes_before_the_one_that_brings_its_ticket() {
    // the first client keeps its connection open, and nothing follows the ticket
    let (mut one, mut server) = begin(4000, 1);
    one.send(Side::Server, &server.ticket(b"the ticket of one, which two brings"));
    let mut two = Talk::open(4001);
    let hello = Hello::tls13(2).with_identity(b"the ticket of one, which two brings", 7);
    handshake(&mut two, &hello, Some(0));
    let mut packets = one.packets.clone();
    packets.extend(two.packets.clone());
    let already = one.packets.len();
    one.send(Side::Server, &server.ticket(b"another one")).close();
    packets.extend_from_slice(&one.packets[already..]);
    let (found, _) = follow(&packets, secrets(&[1]));
    let order: Vec<(u64, bool)> = found.iter().map(|(_, it)| (it.stream, it.has_hello())).collect();
    assert_eq!(order, [(0, true), (1, true), (0, false)]);
    assert_eq!(issued(&found), [b"the ticket of one, which two brings".to_vec(), b"another one".to_vec()]);
    assert_ne!(found[1].0, 0, "the second is not held back");
}

#[test]
fn what_is_missing_ends_it_or_is_counted() {
    // a whole record is missing: nothing after it is known
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &server.ticket(b"first"));
    let missing = server.data(500);
    talk.send_unseen(Side::Server, u32::try_from(missing.len()).unwrap());
    talk.send(Side::Server, &server.ticket(b"lost")).close();
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    assert_eq!((issued(&found), remarks.followed_in_part), (vec![b"first".to_vec()], 1));
    assert!(!found[0].1.server_lost, "the handshake is whole");
    // the middle of a record is missing: what follows it is known
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &server.ticket(b"first"));
    let torn = server.data(3000);
    talk.send(Side::Server, &torn[..1000]).send_unseen(Side::Server, 1000).send(Side::Server, &torn[2000..]);
    talk.send(Side::Server, &server.ticket(b"second")).close();
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    assert_eq!((issued(&found), remarks.followed_in_part), (vec![b"first".to_vec(), b"second".to_vec()], 1));
    // so does a part of the certificate
    let (mut talk, mut server) = (Talk::open(4000), Server::new(1));
    talk.send(Side::Client, &Hello::tls13(1).record()).send(Side::Server, &hello13([3, 4], None));
    let certificate = record(DATA, &[0xe5; 3000]);
    talk.send(Side::Server, &certificate[..1000]).send_unseen(Side::Server, 500);
    talk.send(Side::Server, &[&certificate[1500..], &record(DATA, &[0xe5; 69])].concat());
    talk.send(Side::Client, &record(DATA, &[0xf1; 69])).send(Side::Server, &server.ticket(b"first"));
    let (found, _) = follow(&talk.packets, secrets(&[1]));
    assert_eq!(issued(&found), [b"first".to_vec()]);
}

#[test]
fn only_so_many_records_are_opened() {
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &server.ticket(b"first"));
    // short records, which might be tickets
    for _ in 0..60 {
        let many: Vec<u8> = (0..20).flat_map(|_| server.data(10)).collect();
        talk.send(Side::Server, &many);
    }
    talk.send(Side::Server, &server.ticket(b"too late")).close();
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    assert_eq!((issued(&found), remarks.followed_in_part), (vec![b"first".to_vec()], 1));
}

#[test]
fn an_alert_ends_it() {
    let (mut talk, mut server) = begin(4000, 1);
    talk.send(Side::Server, &[server.ticket(b"first"), server.seal(ALERT, &[1, 0])].concat());
    let (found, remarks) = follow(&talk.packets, secrets(&[1]));
    assert_eq!((issued(&found).len(), found[0].0 > 0, remarks.open_at_end), (1, true, 0));
}

#[test]
fn connections_that_wait_are_not_lost_when_memory_is_short() {
    let count: u16 = 9000;
    let mut packets = Vec::new();
    for port in 0..count {
        let mut talk = Talk::open(2000 + port);
        let mut hello = Hello::tls13(1);
        hello.session_id = vec![3; 32];
        handshake(&mut talk, &hello.with(21, &[0; 3000]), None);
        let mut server = Server::new(1);
        talk.send(Side::Server, &server.ticket(b"the only one"));
        packets.extend(talk.packets);
    }
    let (found, remarks) = follow(&packets, secrets(&[1]));
    assert_eq!((found.len(), issued(&found).len(), remarks.given_up), (count.into(), count.into(), 0));
    assert!(found.iter().filter(|(packet, _)| *packet != 0).count() > 1000, "some had to go early");
}

#[test]
fn both_directions_may_end_at_any_time() {
    let (mut talk, mut server) = begin(4000, 1);
    talk.packet(Side::Client, FIN | ACK, &[]);
    talk.send(Side::Server, &server.ticket(b"after the client's FIN"));
    talk.packet(Side::Server, FIN | ACK, &[]);
    let (found, _) = follow(&talk.packets, secrets(&[1]));
    assert_eq!((issued(&found).len(), found.len()), (1, 1));
}
