//! The Initial packets of one connection.

use super::frame::{Frame, frames};
use super::keys::Keys;
use super::packet::{Packet, initial_header, initial_packets, retry};
use super::stream::Stream;
use super::version::Version;
use crate::tls::wire::Sender;

/// One connection, as far as its Initial packets go.
///
/// At most 64 KiB of handshake messages are held.
pub(crate) struct Exchange {
    /// The destination connection ID that the keys follow from.
    key_id: Vec<u8>,
    /// What the server wants to be called by in place of it: it sent a Retry.
    retry_id: Option<Vec<u8>>,
    version: Version,
    /// Whether a packet has opened under these keys.
    is_proved: bool,
    /// Whether the server has answered.
    is_answered: bool,
    client: Side,
    server: Side,
}

struct Side {
    keys: Keys,
    next_number: u64,
    stream: Stream,
    /// The alert that it closed the connection with.
    alert: Option<u8>,
}

/// The first of the 256 errors that are alerts.
const CRYPTO_ERROR: u64 = 0x100;

impl Exchange {
    /// Begins with the client's first datagram, or the first one after a Retry. `None` if it holds no Initial packet
    /// of a client that opens; the tag is proof, so that this also tells QUIC from other protocols on any port.
    #[must_use]
    pub(crate) fn begin(datagram: &[u8]) -> Option<Self> {
        let packet = initial_packets(datagram).next()?;
        let mut exchange = Self::with_keys(packet.version, packet.destination)?;
        exchange.datagram(Sender::Client, datagram).then_some(exchange)
    }

    /// Begins with what is there of a client's first datagram of which the end is missing: the server's packets, which
    /// open by the connection ID in its header, will be the proof.
    #[must_use]
    pub(crate) fn begin_cut(datagram: &[u8]) -> Option<Self> {
        let (version, destination) = initial_header(datagram)?;
        Self::with_keys(version, destination)
    }

    fn with_keys(version: Version, key_id: &[u8]) -> Option<Self> {
        let side = |keys| Side { keys, next_number: 0, stream: Stream::default(), alert: None };
        let [client, server] = Keys::initial(*version.schedules().first()?, key_id).map(side);
        let key_id = key_id.to_vec();
        Some(Self { key_id, retry_id: None, version, is_proved: false, is_answered: false, client, server })
    }

    /// The destination connection ID that the keys follow from.
    #[must_use]
    pub(crate) fn key_id(&self) -> &[u8] {
        &self.key_id
    }

    /// Takes the next datagram of one side; whether an Initial packet in it could be opened.
    pub(crate) fn datagram(&mut self, sender: Sender, datagram: &[u8]) -> bool {
        let awaits_retry = sender == Sender::Server && !self.is_answered;
        if let Some(id) = retry(datagram).filter(|_| awaits_retry) {
            self.retry_id = Some(id.to_vec());
        }
        let mut any = false;
        for packet in initial_packets(datagram) {
            any |= self.packet(sender, &packet);
        }
        any
    }

    fn packet(&mut self, sender: Sender, packet: &Packet<'_>) -> bool {
        let is_known = packet.version == self.version;
        let opened = (is_known && self.side(sender).open(packet))
            // a server may answer in another version, with keys of the same connection ID (RFC 9368 section 4)
            || ((!is_known || !self.is_proved) && self.try_schedules(sender, packet, None))
            || self.after_retry(sender, packet);
        self.is_proved |= opened;
        self.is_answered |= opened && sender == Sender::Server;
        opened
    }

    /// The client's Initial packets after a Retry have the server's connection ID, and keys from it. Any other packet
    /// with an ID of its own is of another connection.
    fn after_retry(&mut self, sender: Sender, packet: &Packet<'_>) -> bool {
        let is_expected = match &self.retry_id {
            Some(id) => packet.destination == id,
            // the Retry itself need not be there
            None => packet.has_token && !self.is_answered,
        };
        sender == Sender::Client
            && is_expected
            && packet.destination != self.key_id
            && self.try_schedules(sender, packet, Some(packet.destination))
    }

    /// Changes to other keys, of another connection ID if there is one, if they open a packet.
    fn try_schedules(&mut self, sender: Sender, packet: &Packet<'_>, key_id: Option<&[u8]>) -> bool {
        for schedule in packet.version.schedules() {
            let [client, server] = Keys::initial(*schedule, key_id.unwrap_or(&self.key_id));
            let before =
                (std::mem::replace(&mut self.client.keys, client), std::mem::replace(&mut self.server.keys, server));
            if self.side(sender).open(packet) {
                self.version = packet.version;
                if let Some(key_id) = key_id {
                    self.key_id = key_id.to_vec();
                }
                return true;
            }
            (self.client.keys, self.server.keys) = before;
        }
        false
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        }
    }

    /// The next whole handshake message of one side, header of four bytes included: a ClientHello, a ServerHello, or
    /// a HelloRetryRequest and what follows it.
    pub(crate) fn next_message(&mut self, sender: Sender) -> Option<Vec<u8>> {
        self.side(sender).stream.next_message()
    }

    /// The alert that one side has closed the connection with, once.
    pub(crate) fn take_alert(&mut self, sender: Sender) -> Option<u8> {
        self.side(sender).alert.take()
    }

    /// The version of the last packet.
    #[cfg(test)]
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Bytes of memory in use.
    #[must_use]
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.key_id.capacity() + self.client.stream.memory() + self.server.stream.memory()
    }

    /// Whether messages were left out because they exceed the memory that a connection is given.
    #[cfg(test)]
    pub(crate) fn overflowed(&self) -> bool {
        self.client.stream.overflowed() || self.server.stream.overflowed()
    }
}

impl Side {
    fn open(&mut self, packet: &Packet<'_>) -> bool {
        let Some(opened) = self.keys.open(packet, self.next_number) else { return false };
        self.next_number = self.next_number.max(opened.number.saturating_add(1));
        for frame in frames(&opened.payload) {
            match frame {
                Frame::Crypto(crypto) => self.stream.insert(crypto.offset, crypto.data),
                // an alert of TLS, as an error of the transport (RFC 9001 section 4.8)
                Frame::Close(error) => self.alert = error.checked_sub(CRYPTO_ERROR).and_then(|it| it.try_into().ok()),
                Frame::Other => {}
            }
        }
        true
    }
}
