//! Connections of TLS 1.2 as a capture has them, whole or not, for tests of what they prove.
// each test target uses a part of it
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

use aes_gcm::aead::{Aead, KeyInit, Payload};
use hmac::{Hmac, Mac};
use sha2::Sha384;

/// When the packets come, seconds since 1970; sessions begin a minute before.
pub const NOW: u32 = 1_795_420_000;

/// A session of OpenSSL's, to be sealed.
#[derive(Debug, Clone)]
pub struct Session {
    pub version: u16,
    pub suite: u16,
    pub master: Vec<u8>,
    /// Seconds since 1970.
    pub time: u32,
}

impl Default for Session {
    fn default() -> Self {
        Self { version: 0x0303, suite: 0xc030, master: vec![0x4d; 48], time: NOW - 60 }
    }
}

impl Session {
    pub fn encode(&self) -> Vec<u8> {
        let number = |number: u32| tlv(2, &[&[0][..], &number.to_be_bytes()].concat());
        let body = [
            tlv(2, &[1]),
            tlv(2, &self.version.to_be_bytes()),
            tlv(4, &self.suite.to_be_bytes()),
            tlv(4, &[]),
            tlv(4, &self.master),
            tlv(0xa1, &number(self.time)),
            tlv(0xa2, &number(300)),
            tlv(0xa4, &tlv(4, &[])),
        ];
        tlv(0x30, &body.concat())
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = if content.len() < 0x80 { vec![tag, low] } else { vec![tag, 0x82, high, low] };
    [header, content.to_vec()].concat()
}

/// What the hellos of both sides say.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'a> {
    pub random: [u8; 32],
    pub session_id: &'a [u8],
    pub suite: u16,
    pub ticket: Option<&'a [u8]>,
}

impl Hello<'_> {
    /// The same of another side.
    pub fn with_random(self, random: [u8; 32]) -> Self {
        Self { random, ..self }
    }

    pub fn client(&self) -> Vec<u8> {
        let extensions = self.ticket.map_or_else(Vec::new, |ticket| [vec![0, 35], prefixed(2, ticket)].concat());
        let body = [
            vec![3, 3],
            self.random.to_vec(),
            prefixed(1, self.session_id),
            prefixed(2, &self.suite.to_be_bytes()),
            vec![1, 0],
            prefixed(2, &extensions),
        ];
        message(1, &body.concat())
    }

    pub fn server(&self) -> Vec<u8> {
        let body = [
            vec![3, 3],
            self.random.to_vec(),
            prefixed(1, self.session_id),
            self.suite.to_be_bytes().to_vec(),
            vec![0],
        ];
        message(2, &body.concat())
    }
}

/// Content behind its length in that many bytes.
pub fn prefixed(width: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - width..], content].concat()
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], prefixed(3, body)].concat()
}

pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [vec![kind, 3, 3], prefixed(2, content)].concat()
}

pub fn change_cipher_spec() -> Vec<u8> {
    record(20, &[1])
}

pub fn new_session_ticket(ticket: &[u8]) -> Vec<u8> {
    message(4, &[vec![0, 0, 1, 44], prefixed(2, ticket)].concat())
}

fn expand(secret: &[u8], label: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let hmac = |parts: &[&[u8]]| {
        let mac = <Hmac<Sha384> as hmac::KeyInit>::new_from_slice(secret).unwrap();
        parts.iter().fold(mac, Mac::chain_update).finalize().into_bytes().to_vec()
    };
    let seed = [label, seed].concat();
    let (mut a, mut out) = (hmac(&[&seed]), Vec::new());
    while out.len() < length {
        out.extend(hmac(&[&a, &seed]));
        a = hmac(&[&a]);
    }
    out.truncate(length);
    out
}

/// A Finished record of AES-256-GCM with SHA-384 (RFC 5288).
pub fn finished(master: &[u8], client_random: &[u8], server_random: &[u8], by_server: bool) -> Vec<u8> {
    let block = expand(master, b"key expansion", &[server_random, client_random].concat(), 72);
    let side = usize::from(by_server);
    let (key, salt) = (&block[32 * side..32 * (side + 1)], &block[64 + 4 * side..68 + 4 * side]);
    let plaintext = message(20, &[0x56; 12]);
    let nonce: [u8; 12] = [salt, &[5; 8]].concat().try_into().unwrap();
    let data = [&[0; 8][..], &[22, 3, 3, 0, 16]].concat();
    let cipher = aes_gcm::Aes256Gcm::new_from_slice(key).unwrap();
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &plaintext, aad: &data }).unwrap();
    record(22, &[&[5; 8][..], &sealed].concat())
}

/// One TCP connection over IPv4 and Ethernet.
#[derive(Debug)]
pub struct Connection {
    packets: Vec<Vec<u8>>,
    /// What the client and the server send next.
    next: [u32; 2],
}

impl Default for Connection {
    fn default() -> Self {
        let mut connection = Self { packets: Vec::new(), next: [1000, 5000] };
        connection.packet(false, 0x02, &[]);
        connection.packet(true, 0x12, &[]);
        connection.next = [1001, 5001];
        connection
    }
}

impl Connection {
    pub fn client(&mut self, bytes: &[u8]) {
        self.send(false, bytes);
    }

    pub fn server(&mut self, bytes: &[u8]) {
        self.send(true, bytes);
    }

    /// The client sends something in the place of what it sent last, which has the same length.
    pub fn again(&mut self, bytes: &[u8]) {
        self.next[0] -= u32::try_from(bytes.len()).unwrap();
        self.client(bytes);
    }

    /// Bytes of the server that the capture does not have.
    pub fn lose_server(&mut self, length: u32) {
        self.next[1] += length;
    }

    fn send(&mut self, by_server: bool, bytes: &[u8]) {
        self.packet(by_server, 0x18, bytes);
        self.next[usize::from(by_server)] += u32::try_from(bytes.len()).unwrap();
    }

    fn packet(&mut self, by_server: bool, flags: u8, payload: &[u8]) {
        let (client, server) = (([10, 0, 0, 1], 40_000_u16), ([10, 0, 0, 2], 443_u16));
        let (from, to) = if by_server { (server, client) } else { (client, server) };
        let [sequence, acknowledged] = if by_server { [self.next[1], self.next[0]] } else { self.next };
        let length = u16::try_from(40 + payload.len()).unwrap().to_be_bytes();
        let packet = [
            &[2; 6][..],
            &[4; 6],
            &[8, 0, 0x45, 0],
            &length,
            &[0, 0, 0, 0, 64, 6, 0, 0],
            &from.0,
            &to.0,
            &from.1.to_be_bytes(),
            &to.1.to_be_bytes(),
            &sequence.to_be_bytes(),
            &acknowledged.to_be_bytes(),
            &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
            payload,
        ];
        self.packets.push(packet.concat());
    }

    /// All of it as a classic pcap.
    pub fn capture(&self) -> Vec<u8> {
        let mut file: Vec<u8> =
            [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 1 << 18, 1_u32].iter().flat_map(|number| number.to_le_bytes()).collect();
        for (packet, number) in self.packets.iter().zip(0_u32..) {
            let length = u32::try_from(packet.len()).unwrap();
            file.extend([NOW, number * 1000, length, length].iter().flat_map(|number| number.to_le_bytes()));
            file.extend(packet);
        }
        file
    }
}
