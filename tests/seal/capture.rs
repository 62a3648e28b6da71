//! A capture of TLS 1.2 connections with tickets, as a server's side of the wire sees it.

use super::random::Random;
use super::tickets::{NOW, Tickets};

pub(super) const SYN: u8 = 0x02;
pub(super) const FIN: u8 = 0x01;
pub(super) const ACK: u8 = 0x10;
const PUSH: u8 = 0x08;

/// Bytes of TCP in a packet: what Ethernet leaves beside timestamps.
const SEGMENT: usize = 1448;
/// Bytes of TLS in an application data record.
const RECORD: usize = 1 << 14;

pub(super) const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// A ChangeCipherSpec in its record.
pub(super) const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// The header of a classic pcap file of Ethernet packets, with microseconds.
pub fn header() -> Vec<u8> {
    let numbers: [u32; 6] = [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 1 << 16, 1];
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Writes connections, one after the other.
#[derive(Debug)]
pub struct Connections {
    random: Random,
    tickets: Tickets,
    /// Of the last full handshake.
    issued: Vec<u8>,
    certificates: Vec<u8>,
    /// What encrypted bytes are taken from.
    noise: Vec<u8>,
    number: u32,
    microseconds: u64,
}

impl Connections {
    /// `certificate` is what the server shows, as DER.
    pub fn new(seed: u64, tickets: Tickets, certificate: &[u8]) -> Self {
        let mut random = Random::new(seed);
        let list = [prefixed(3, certificate), prefixed(3, certificate)].concat();
        Self {
            certificates: prefixed(3, &list),
            noise: random.bytes(1 << 16),
            tickets,
            issued: Vec::new(),
            number: 0,
            microseconds: u64::from(NOW) * 1_000_000,
            random,
        }
    }

    /// Appends the packets of one connection: a handshake, a request and its answer. Of four handshakes one resumes
    /// with the ticket that was issued before it.
    pub fn write(&mut self, out: &mut Vec<u8>) {
        let number = self.number;
        self.number += 1;
        let mut wire = Arrangement {
            client: (0x0a00_0000 + number / 4 % 65_000, 1024 + u16::try_from(number * 7 % 60_000).unwrap()),
            server: (0xc0a8_0001 + number % 7, 443),
            next: [u32::from_le_bytes(self.random.array()), u32::from_le_bytes(self.random.array())],
            microseconds: self.microseconds,
            out,
        };
        wire.packet(Side::Client, SYN, &[]);
        wire.packet(Side::Server, SYN | ACK, &[]);
        wire.packet(Side::Client, ACK, &[]);
        let resumes = number % 4 == 3;
        if !resumes {
            self.issued = self.tickets.sealed_tls12();
        }
        let offered = if resumes { self.issued.as_slice() } else { &[] };
        wire.send(Side::Client, &client_hello(&mut self.random, number, offered));
        let mut server_hello = [&[3, 3][..], &self.random.array::<32>(), &[0, 0xc0, 0x30, 0]].concat();
        server_hello.extend(prefixed(2, &[0, 35, 0, 0]));
        let finished = |random: &mut Random| [&CHANGE_CIPHER_SPEC[..], &record(HANDSHAKE, &random.bytes(40))].concat();
        if resumes {
            let flight = [message(2, &server_hello), finished(&mut self.random)].concat();
            wire.send(Side::Server, &flight);
            wire.send(Side::Client, &finished(&mut self.random));
        } else {
            let exchange = [&[3, 0, 29, 32][..], &self.random.array::<32>(), &[4, 1, 1, 0], &self.random.bytes(256)];
            let flight = [
                message(2, &server_hello),
                message(11, &self.certificates),
                message(12, &exchange.concat()),
                message(14, &[]),
            ];
            wire.send(Side::Server, &flight.concat());
            let key_exchange = message(16, &prefixed(1, &self.random.array::<32>()));
            wire.send(Side::Client, &[key_exchange, finished(&mut self.random)].concat());
            let ticket = [&300_u32.to_be_bytes()[..], &prefixed(2, &self.issued)].concat();
            wire.send(Side::Server, &[message(4, &ticket), finished(&mut self.random)].concat());
        }
        wire.send(Side::Client, &record(APPLICATION_DATA, &self.noise[..500]));
        let answer = 2000 + self.random.below(20_000);
        let start = self.random.below(self.noise.len() - answer);
        for part in self.noise[start..start + answer].chunks(RECORD) {
            wire.send(Side::Server, &record(APPLICATION_DATA, part));
        }
        wire.packet(Side::Client, FIN | ACK, &[]);
        wire.packet(Side::Server, FIN | ACK, &[]);
        wire.packet(Side::Client, ACK, &[]);
        self.microseconds = wire.microseconds + 200;
    }
}

/// A ClientHello with server name, groups, signature algorithms and a ticket, which may be empty.
fn client_hello(random: &mut Random, number: u32, ticket: &[u8]) -> Vec<u8> {
    let host = format!("h{number}.example.com");
    let server_name = prefixed(2, &[&[0][..], &prefixed(2, host.as_bytes())].concat());
    let extensions = [
        extension(0, &server_name),
        extension(10, &[0, 4, 0, 29, 0, 23]),
        extension(11, &[1, 0]),
        extension(13, &[0, 4, 4, 1, 4, 3]),
        extension(35, ticket),
    ]
    .concat();
    let session_id = if ticket.is_empty() { Vec::new() } else { random.bytes(32) };
    let body = [
        &[3, 3][..],
        &random.array::<32>(),
        &prefixed(1, &session_id),
        &prefixed(2, &[0xc0, 0x30, 0xc0, 0x2f, 0xc0, 0x2b]),
        &prefixed(1, &[0]),
        &prefixed(2, &extensions),
    ];
    message(1, &body.concat())
}

/// Content behind its length in that many bytes.
pub(super) fn prefixed(bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - bytes..], content].concat()
}

pub(super) fn extension(number: u8, content: &[u8]) -> Vec<u8> {
    [&[0, number][..], &prefixed(2, content)].concat()
}

pub(super) fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &prefixed(2, content)].concat()
}

/// A handshake message in a record of its own.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    record(HANDSHAKE, &[&[kind][..], &prefixed(3, body)].concat())
}

/// One TCP connection over IPv4 and Ethernet.
pub(super) struct Arrangement<'o> {
    pub(super) client: (u32, u16),
    pub(super) server: (u32, u16),
    /// Sequence numbers of client and server.
    pub(super) next: [u32; 2],
    pub(super) microseconds: u64,
    pub(super) out: &'o mut Vec<u8>,
}

impl Arrangement<'_> {
    /// Sends bytes in as many packets as it takes; the other side acknowledges them.
    pub(super) fn send(&mut self, side: Side, bytes: &[u8]) {
        for part in bytes.chunks(SEGMENT) {
            self.packet(side, PUSH | ACK, part);
        }
        self.packet(if side == Side::Client { Side::Server } else { Side::Client }, ACK, &[]);
    }

    pub(super) fn packet(&mut self, side: Side, flags: u8, payload: &[u8]) {
        let [client, server] = self.next;
        let (from, to, sequence, acknowledged) = match side {
            Side::Client => (self.client, self.server, client, server),
            Side::Server => (self.server, self.client, server, client),
        };
        let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        let length = u16::try_from(40 + payload.len()).unwrap();
        packet.extend([0x45, 0]);
        packet.extend(length.to_be_bytes());
        // number, do not fragment, time to live, TCP; checksums are left to the network card
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(from.0.to_be_bytes());
        packet.extend(to.0.to_be_bytes());
        packet.extend(from.1.to_be_bytes());
        packet.extend(to.1.to_be_bytes());
        packet.extend(sequence.to_be_bytes());
        packet.extend(acknowledged.to_be_bytes());
        packet.extend([0x50, flags, 0xfa, 0, 0, 0, 0, 0]);
        packet.extend(payload);
        self.microseconds += 50;
        let captured = u32::try_from(packet.len()).unwrap();
        let (seconds, rest) = (self.microseconds / 1_000_000, self.microseconds % 1_000_000);
        for number in [u32::try_from(seconds).unwrap(), u32::try_from(rest).unwrap(), captured, captured] {
            self.out.extend(number.to_le_bytes());
        }
        self.out.extend(packet);
        let taken = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        let next = &mut self.next[usize::from(side == Side::Server)];
        *next = next.wrapping_add(taken);
    }
}
