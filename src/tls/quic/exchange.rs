//! The Initial packets of one connection.

use super::Version;
use super::frame::crypto_frames;
use super::keys::Keys;
use super::packet::{Packet, initial_packets};
use super::stream::Stream;
use crate::tls::wire::Sender;

/// One connection, as far as its Initial packets go.
///
/// At most 64 KiB of handshake messages are held.
pub struct Exchange {
    /// The destination connection ID that the keys follow from.
    key_id: Vec<u8>,
    version: Version,
    client: Side,
    server: Side,
}

struct Side {
    keys: Keys,
    next_number: u64,
    stream: Stream,
}

impl Exchange {
    /// Begins with the client's first datagram, or the first one after a Retry. `None` where it holds no Initial packet
    /// of a client that opens; the tag is proof, so that this also tells QUIC from other protocols on any port.
    #[must_use]
    pub fn begin(datagram: &[u8]) -> Option<Self> {
        let packet = initial_packets(datagram).next()?;
        let mut exchange = Self::with_keys(packet.version, packet.destination);
        exchange.datagram(Sender::Client, datagram).then_some(exchange)
    }

    fn with_keys(version: Version, key_id: &[u8]) -> Self {
        let side = |keys| Side { keys, next_number: 0, stream: Stream::default() };
        let [client, server] = Keys::initial(version, key_id).map(side);
        Self { key_id: key_id.to_vec(), version, client, server }
    }

    /// Takes the next datagram of one side; whether an Initial packet in it could be opened.
    pub fn datagram(&mut self, sender: Sender, datagram: &[u8]) -> bool {
        let mut any = false;
        for packet in initial_packets(datagram) {
            any |= self.packet(sender, &packet);
        }
        any
    }

    fn packet(&mut self, sender: Sender, packet: &Packet<'_>) -> bool {
        // a server may answer in another version, with keys of the same connection ID (RFC 9368 section 4)
        if packet.version != self.version {
            let other = Keys::initial(packet.version, &self.key_id);
            if !self.try_keys(sender, packet, other, packet.version) {
                return self.after_retry(sender, packet);
            }
            return true;
        }
        let side = self.side(sender);
        side.open(packet) || self.after_retry(sender, packet)
    }

    /// The client's Initial packets after a Retry have the server's connection ID, and keys from it.
    fn after_retry(&mut self, sender: Sender, packet: &Packet<'_>) -> bool {
        if sender != Sender::Client || packet.destination == self.key_id {
            return false;
        }
        let keys = Keys::initial(packet.version, packet.destination);
        let retried = self.try_keys(sender, packet, keys, packet.version);
        if retried {
            self.key_id = packet.destination.to_vec();
        }
        retried
    }

    /// Changes to other keys if they open a packet.
    fn try_keys(&mut self, sender: Sender, packet: &Packet<'_>, keys: [Keys; 2], version: Version) -> bool {
        let [client, server] = keys;
        let before =
            (std::mem::replace(&mut self.client.keys, client), std::mem::replace(&mut self.server.keys, server));
        let opened = self.side(sender).open(packet);
        if opened {
            self.version = version;
        } else {
            (self.client.keys, self.server.keys) = before;
        }
        opened
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        }
    }

    /// The next whole handshake message of one side, header of four bytes included: a ClientHello, a ServerHello, or
    /// a HelloRetryRequest and what follows it.
    pub fn next_message(&mut self, sender: Sender) -> Option<Vec<u8>> {
        self.side(sender).stream.next_message()
    }

    /// The version of the last packet.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Bytes of memory in use.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.key_id.capacity() + self.client.stream.memory() + self.server.stream.memory()
    }

    /// Whether messages were left out because they exceed the memory that a connection is given.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.client.stream.overflowed() || self.server.stream.overflowed()
    }
}

impl Side {
    fn open(&mut self, packet: &Packet<'_>) -> bool {
        let Some(opened) = self.keys.open(packet, self.next_number) else { return false };
        self.next_number = self.next_number.max(opened.number.saturating_add(1));
        for frame in crypto_frames(&opened.payload) {
            self.stream.insert(frame.offset, frame.data);
        }
        true
    }
}
