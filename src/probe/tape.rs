//! The bytes of one connection, as packets: what a capture of it would hold.

use std::net::SocketAddr;

use etherparse::PacketBuilder;

use crate::capture::container::{Packet, Time};

/// Packets of raw IP, without a link layer (`LINKTYPE_RAW`).
pub const LINK_TYPE: u16 = 101;
/// The most payload of a packet: with its headers it stays below the 65,535 bytes of an IP packet.
const MAX_PAYLOAD: usize = 32_000;
/// Hops that a packet may take; nobody reads it.
const HOPS: u8 = 64;
const WINDOW: u16 = u16::MAX;

/// Who did something.
pub use crate::tls::wire::Sender;

/// A recorded packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When it was sent or received.
    pub time: Time,
    /// IP header, TCP header, payload.
    pub bytes: Vec<u8>,
}

impl Recorded {
    /// The packet as a [`Capture`](crate::capture::Capture) takes it.
    #[must_use]
    pub fn packet(&self) -> Packet<'_> {
        Packet { link_type: LINK_TYPE, time: self.time, data: &self.bytes, original_length: self.bytes.len() }
    }
}

/// Records a connection from its SYN on.
#[derive(Debug)]
pub struct Tape {
    /// The client and the server, each with the sequence number that is next.
    ends: [(SocketAddr, u32); 2],
    packets: Vec<Recorded>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flags {
    Syn,
    SynAck,
    Ack,
    Fin,
    Rst,
}

impl Tape {
    /// Begins with the three packets that open a TCP connection.
    #[must_use]
    pub fn new(client: SocketAddr, server: SocketAddr, time: Time) -> Self {
        // any numbers will do; those of two connections between the same ports must differ
        let initial = u32::from(client.port()) << 16 | time.nanoseconds & 0xffff;
        let mut tape = Self { ends: [(client, initial), (server, !initial)], packets: Vec::new() };
        tape.put(Sender::Client, Flags::Syn, &[], time);
        tape.put(Sender::Server, Flags::SynAck, &[], time);
        tape.put(Sender::Client, Flags::Ack, &[], time);
        tape
    }

    /// Records bytes that were sent or received.
    pub fn data(&mut self, from: Sender, bytes: &[u8], time: Time) {
        for part in bytes.chunks(MAX_PAYLOAD) {
            self.put(from, Flags::Ack, part, time);
        }
    }

    /// Records that a side has ended its half of the connection.
    pub fn end(&mut self, by: Sender, time: Time) {
        self.put(by, Flags::Fin, &[], time);
    }

    /// Records that a side has reset the connection.
    pub fn reset(&mut self, by: Sender, time: Time) {
        self.put(by, Flags::Rst, &[], time);
    }

    /// What was recorded, in order.
    #[must_use]
    pub fn packets(&self) -> &[Recorded] {
        &self.packets
    }

    /// Hands over what was recorded.
    #[must_use]
    pub fn into_packets(self) -> Vec<Recorded> {
        self.packets
    }

    fn put(&mut self, from: Sender, flags: Flags, payload: &[u8], time: Time) {
        let [client, server] = &mut self.ends;
        let (near, far) = if from == Sender::Client { (client, server) } else { (server, client) };
        let (sequence, answer) = (near.1, far.1);
        let taken = payload.len() + usize::from(matches!(flags, Flags::Syn | Flags::SynAck | Flags::Fin));
        near.1 = sequence.wrapping_add(u32::try_from(taken).unwrap_or_default());
        let ip = match (near.0, far.0) {
            (SocketAddr::V4(near), SocketAddr::V4(far)) => {
                PacketBuilder::ipv4(near.ip().octets(), far.ip().octets(), HOPS)
            }
            (near, far) => {
                let octets = |address: SocketAddr| match address {
                    SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped().octets(),
                    SocketAddr::V6(v6) => v6.ip().octets(),
                };
                PacketBuilder::ipv6(octets(near), octets(far), HOPS)
            }
        };
        let tcp = ip.tcp(near.0.port(), far.0.port(), sequence, WINDOW);
        let tcp = match flags {
            Flags::Syn => tcp.syn(),
            Flags::SynAck => tcp.syn().ack(answer),
            Flags::Ack if payload.is_empty() => tcp.ack(answer),
            Flags::Ack => tcp.psh().ack(answer),
            Flags::Fin => tcp.fin().ack(answer),
            Flags::Rst => tcp.rst().ack(answer),
        };
        let mut bytes = Vec::with_capacity(tcp.size(payload.len()));
        // fails for payloads only that are longer than MAX_PAYLOAD
        if tcp.write(&mut bytes, payload).is_ok() {
            self.packets.push(Recorded { time, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;
    use crate::capture::connection::HandshakeKind;

    /// The shortest `ClientHello`, in a record.
    fn hello() -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0xc0, 0x2f], &[1, 0]].concat();
        let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
        [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()][..], &message].concat()
    }

    fn replay(client: &str, server: &str) -> Vec<HandshakeKind> {
        let time = |seconds| Time { seconds, nanoseconds: 5 };
        let (client, server) = (client.parse().unwrap(), server.parse().unwrap());
        let mut tape = Tape::new(client, server, time(1));
        let hello = hello();
        tape.data(Sender::Client, &hello, time(2));
        tape.data(Sender::Server, &[21, 3, 3, 0, 2, 2, 40], time(3));
        tape.end(Sender::Server, time(4));
        tape.end(Sender::Client, time(4));
        let mut capture = Capture::default();
        let mut kinds = Vec::new();
        for recorded in tape.packets() {
            capture.packet(&recorded.packet(), &mut |connection| {
                assert_eq!(connection.client_hellos.len(), 1);
                assert_eq!((connection.client, connection.server), (client, server));
                kinds.push(connection.handshake());
            });
        }
        capture.finish(&mut |connection| kinds.push(connection.handshake()));
        kinds
    }

    #[test]
    fn a_tape_is_a_capture() {
        assert_eq!(replay("127.0.0.1:5000", "127.0.0.2:443"), [HandshakeKind::Incomplete]);
        assert_eq!(replay("[::1]:5000", "[::1]:443"), [HandshakeKind::Incomplete]);
    }

    #[test]
    fn much_data_is_several_packets() {
        let (client, server) = ("127.0.0.1:5000".parse().unwrap(), "127.0.0.1:443".parse().unwrap());
        let mut tape = Tape::new(client, server, Time::default());
        tape.data(Sender::Server, &vec![7; 100_000], Time::default());
        assert_eq!(tape.packets().len(), 3 + 4);
    }
}
