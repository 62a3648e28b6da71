//! Conversations made of our own bytes: hellos, alerts and packets, with what captures wrap around them.
// each test target uses a part of it
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

pub mod wrap;

use tktdump::capture::container::{Packet, Time};
use tktdump::capture::{Capture, Connection, Remarks};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// The cipher suite of every server here: `ECDHE-RSA-AES256-GCM-SHA384`.
pub const SUITE: [u8; 2] = [0xc0, 0x30];
/// That of TLS 1.3: `TLS_AES_256_GCM_SHA384`.
pub const SUITE_13: [u8; 2] = [0x13, 0x02];
/// A `ChangeCipherSpec` in its record.
pub const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// Content behind its length in that many bytes.
pub fn prefixed(bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - bytes..], content].concat()
}

pub fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &prefixed(2, content)].concat()
}

pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &prefixed(2, content)].concat()
}

/// A handshake message, its header included.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &prefixed(3, body)].concat()
}

/// A handshake message in a record of its own.
pub fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    record(22, &message(kind, body))
}

pub fn alert(level: u8, description: u8) -> Vec<u8> {
    record(21, &[level, description])
}

/// A `ClientHello` in the making.
#[derive(Debug, Clone)]
pub struct Hello {
    pub version: [u8; 2],
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    /// The cookie of DTLS.
    pub cookie: Option<Vec<u8>>,
    pub extensions: Vec<u8>,
}

impl Hello {
    /// One of TLS 1.2 with a server name, which asks for a ticket.
    pub fn tls12(random: u8) -> Self {
        let name = prefixed(2, &[&[0][..], &prefixed(2, b"www.example")].concat());
        let extensions = [extension(0, &name), extension(10, &[0, 2, 0, 29]), extension(35, &[])].concat();
        Self { version: [3, 3], random: [random; 32], session_id: Vec::new(), cookie: None, extensions }
    }

    /// One that offers TLS 1.3 too.
    pub fn tls13(random: u8) -> Self {
        Self::tls12(random).with(43, &[4, 3, 4, 3, 3]).with(45, &[1, 1])
    }

    /// With another extension.
    pub fn with(mut self, number: u16, content: &[u8]) -> Self {
        self.extensions.extend(extension(number, content));
        self
    }

    /// With a ticket of TLS 1.2.
    pub fn with_ticket(mut self, ticket: &[u8]) -> Self {
        let at = self.extensions.len() - 4;
        let end = self.extensions.split_off(at);
        assert_eq!(end, extension(35, &[]), "the first thing to be added");
        self.extensions.extend(extension(35, ticket));
        self.session_id = vec![7; 32];
        self
    }

    /// With a PSK identity, which must come last.
    pub fn with_identity(self, identity: &[u8], age: u32) -> Self {
        let identities = prefixed(2, &[prefixed(2, identity), age.to_be_bytes().to_vec()].concat());
        let binders = prefixed(2, &prefixed(1, &[0xbd; 48]));
        self.with(41, &[identities, binders].concat())
    }

    pub fn body(&self) -> Vec<u8> {
        let cookie = self.cookie.as_ref().map_or_else(Vec::new, |cookie| prefixed(1, cookie));
        [
            &self.version[..],
            &self.random,
            &prefixed(1, &self.session_id),
            &cookie,
            &prefixed(2, &[SUITE, SUITE_13].concat()),
            &prefixed(1, &[0]),
            &prefixed(2, &self.extensions),
        ]
        .concat()
    }

    /// In a record of its own.
    pub fn record(&self) -> Vec<u8> {
        handshake(1, &self.body())
    }
}

/// The body of a `ServerHello`.
pub fn server_hello(version: [u8; 2], session_id: &[u8], suite: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let parts = [&version[..], &[0x5e; 32], &prefixed(1, session_id), &suite, &[0], &prefixed(2, extensions)];
    parts.concat()
}

/// A `ServerHello` of TLS 1.2 that announces a ticket, in its record.
pub fn hello12(session_id: &[u8]) -> Vec<u8> {
    handshake(2, &server_hello([3, 3], session_id, SUITE, &extension(35, &[])))
}

/// A `ServerHello` by the rules of TLS 1.3, in its record; `version` is what `supported_versions` says.
pub fn hello13(version: [u8; 2], identity: Option<u16>) -> Vec<u8> {
    let mut extensions = [extension(43, &version), extension(51, &[&[0, 29][..], &prefixed(2, &[9; 32])].concat())];
    if let Some(identity) = identity {
        extensions[1].extend(extension(41, &identity.to_be_bytes()));
    }
    handshake(2, &server_hello([3, 3], &[], SUITE_13, &extensions.concat()))
}

/// The server's messages of a full TLS 1.2 handshake after its hello.
pub fn certificate_flight() -> Vec<u8> {
    [handshake(11, &prefixed(3, &prefixed(3, &[0x30; 900]))), handshake(12, &[3; 300]), handshake(14, &[])].concat()
}

/// The client's second flight of a full TLS 1.2 handshake.
pub fn key_exchange_flight() -> Vec<u8> {
    [handshake(16, &prefixed(1, &[8; 32])), CHANGE_CIPHER_SPEC.to_vec(), finished()].concat()
}

/// An encrypted Finished of TLS 1.2.
pub fn finished() -> Vec<u8> {
    record(22, &[0xf1; 40])
}

/// A `NewSessionTicket` of TLS 1.2.
pub fn new_ticket(ticket: &[u8]) -> Vec<u8> {
    handshake(4, &[&300_u32.to_be_bytes()[..], &prefixed(2, ticket)].concat())
}

/// Something with the form of OpenSSL's tickets under a name made of one byte.
pub fn ticket(name: u8, rest: u8) -> Vec<u8> {
    [&[name; 16][..], &[rest; 16], &[rest ^ 0x5a; 160]].concat()
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

use Side::{Client, Server};

impl Side {
    fn index(self) -> usize {
        usize::from(self == Server)
    }

    fn other(self) -> Self {
        if self == Client { Server } else { Client }
    }
}

/// A TCP conversation over IPv4.
#[derive(Debug, Clone)]
pub struct Talk {
    pub ends: [([u8; 4], u16); 2],
    /// Sequence numbers of client and server.
    pub next: [u32; 2],
    /// The packets so far, from the IP header on.
    pub packets: Vec<Vec<u8>>,
}

impl Talk {
    /// From this port of a client to port 443 of a server.
    pub fn new(port: u16) -> Self {
        let ends = [([10, 0, 0, 1], port), ([10, 0, 0, 2], 443)];
        Self { ends, next: [1000, 5000], packets: Vec::new() }
    }

    /// The same, the TCP handshake done.
    pub fn open(port: u16) -> Self {
        let mut talk = Self::new(port);
        talk.packet(Client, SYN, &[]).packet(Server, SYN | ACK, &[]).packet(Client, ACK, &[]);
        talk
    }

    /// A packet with the numbers that are due.
    pub fn packet(&mut self, side: Side, flags: u8, payload: &[u8]) -> &mut Self {
        let (sequence, acknowledged) = (self.next[side.index()], self.next[side.other().index()]);
        self.stray(side, flags, payload, sequence, acknowledged);
        let taken = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        self.next[side.index()] = sequence.wrapping_add(taken);
        self
    }

    /// A packet with any numbers, which changes nothing.
    pub fn stray(&mut self, side: Side, flags: u8, payload: &[u8], sequence: u32, acknowledged: u32) -> &mut Self {
        let (from, to) = (self.ends[side.index()], self.ends[side.other().index()]);
        let header = [
            &from.1.to_be_bytes()[..],
            &to.1.to_be_bytes(),
            &sequence.to_be_bytes(),
            &acknowledged.to_be_bytes(),
            &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
        ];
        self.packets.push(wrap::ipv4(6, from.0, to.0, &[&header.concat(), payload].concat()));
        self
    }

    /// Sends bytes, which the other side acknowledges.
    pub fn send(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        self.packet(side, ACK, bytes);
        self.packet(side.other(), ACK, &[])
    }

    /// Sends bytes that no packet of the capture carries; the other side acknowledges them.
    pub fn send_unseen(&mut self, side: Side, length: u32) -> &mut Self {
        self.next[side.index()] = self.next[side.index()].wrapping_add(length);
        self.packet(side.other(), ACK, &[])
    }

    /// A full TLS 1.2 handshake that issues a ticket.
    pub fn full12(&mut self, hello: &Hello, ticket: &[u8]) -> &mut Self {
        self.send(Client, &hello.record());
        self.send(Server, &[hello12(&[]), certificate_flight()].concat());
        self.send(Client, &key_exchange_flight());
        self.send(Server, &[new_ticket(ticket), CHANGE_CIPHER_SPEC.to_vec(), finished()].concat())
    }

    /// Both sides close.
    pub fn close(&mut self) -> &mut Self {
        self.packet(Client, FIN | ACK, &[]).packet(Server, FIN | ACK, &[]).packet(Client, ACK, &[])
    }
}

/// A UDP datagram over IPv4 between the ends of [`Talk`].
pub fn datagram(side: Side, client_port: u16, payload: &[u8]) -> Vec<u8> {
    let ends = [([10, 0, 0, 1], client_port), ([10, 0, 0, 2], 443_u16)];
    let (from, to) = (ends[side.index()], ends[side.other().index()]);
    wrap::ipv4(17, from.0, to.0, &wrap::udp(from.1, to.1, payload))
}

/// What is found in packets of a link type, each a second after the one before it.
pub fn follow(link_type: u16, packets: &[Vec<u8>]) -> (Vec<Connection>, Remarks) {
    let (mut capture, mut all) = (Capture::default(), Vec::new());
    for (number, data) in packets.iter().enumerate() {
        let time = Time { seconds: 1_795_000_000 + i64::try_from(number).unwrap(), nanoseconds: 0 };
        let packet = Packet { time, link_type, data, original_length: data.len() };
        capture.packet(&packet, &mut |connection| all.push(connection));
    }
    capture.finish(&mut |connection| all.push(connection));
    let remarks = capture.remarks();
    (all, remarks)
}

/// The connections in IP packets of which only so many bytes were captured.
pub fn follow_cut(packets: &[(&Vec<u8>, usize)]) -> Vec<Connection> {
    let (mut capture, mut all) = (Capture::default(), Vec::new());
    for (data, kept) in packets {
        let packet =
            Packet { time: Time::default(), link_type: 101, data: &data[..*kept], original_length: data.len() };
        capture.packet(&packet, &mut |connection| all.push(connection));
    }
    capture.finish(&mut |connection| all.push(connection));
    all
}

/// The connections in IP packets.
pub fn connections(packets: &[Vec<u8>]) -> Vec<Connection> {
    follow(101, packets).0
}

/// Stream, kind of handshake and tickets of each connection.
pub type Found = (u64, &'static str, Vec<Vec<u8>>);

pub fn found(connections: &[Connection]) -> Vec<Found> {
    let tickets = |c: &Connection| c.sightings().iter().map(|s| s.ticket.to_vec()).collect();
    connections.iter().map(|c| (c.stream, c.handshake().as_str(), tickets(c))).collect()
}

/// A capture file, each packet a second after the one before it.
pub fn pcap(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let header: [u32; 6] = [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 1 << 18, link_type];
    let mut file: Vec<u8> = header.iter().flat_map(|number| number.to_le_bytes()).collect();
    for (number, packet) in packets.iter().enumerate() {
        let length = u32::try_from(packet.len()).unwrap();
        let time = 1_795_000_000 + u32::try_from(number).unwrap();
        for number in [time, 0, length, length] {
            file.extend(number.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}
