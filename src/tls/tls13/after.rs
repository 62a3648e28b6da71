//! What a server sends after the handshake, opened with `SERVER_TRAFFIC_SECRET_0` of a key log (RFC 9846, RFC 8446
//! section 4.6).
//!
//! Tickets of TLS 1.3 travel here, encrypted: no ticket key shows them, the connection's own secrets do.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::{HANDSHAKE, RecordKeys, Suite};
use crate::secret::Secret;
use crate::tls::wire::Reader;

const ALERT: u8 = 21;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
/// `early_data`, which says in a NewSessionTicket how much 0-RTT data is allowed.
const EARLY_DATA: u16 = 42;
/// The longest message that is put together: a ticket of 2^16 - 1 bytes and what is around it.
const MAX_MESSAGE: usize = 1 << 17;

/// A `NewSessionTicket` of TLS 1.3 (RFC 9846, RFC 8446 section 4.6.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// How long the client may keep it, in seconds.
    pub lifetime: u32,
    /// What the client adds to the ticket's age, in milliseconds, before it sends it.
    pub age_add: u32,
    /// What tells the PSKs of one connection's tickets apart.
    pub nonce: &'a [u8],
    /// The ticket.
    pub ticket: &'a [u8],
    /// Bytes of 0-RTT data that the server takes; `None` if it takes none.
    pub max_early_data: Option<u32>,
}

impl fmt::Debug for NewSessionTicket<'_> {
    /// The nonce and the age are of use to who has the resumption master secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewSessionTicket({} bytes, {} s)", self.ticket.len(), self.lifetime)
    }
}

impl<'a> NewSessionTicket<'a> {
    /// Parses a message, its header of four bytes included; `None` if it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut message = Reader(message);
        let kind = message.u8()?;
        let mut body = Reader(message.vec24()?);
        if kind != NEW_SESSION_TICKET || !message.is_empty() {
            return None;
        }
        let (lifetime, age_add, nonce) = (body.u32()?, body.u32()?, body.vec8()?);
        let (ticket, mut extensions) = (body.vec16()?, Reader(body.vec16()?));
        let mut max_early_data = None;
        while !extensions.is_empty() {
            let (kind, value) = (extensions.u16()?, extensions.vec16()?);
            if kind == EARLY_DATA {
                max_early_data = Some(Reader(value).u32()?);
            }
        }
        body.is_empty().then_some(Self { lifetime, age_add, nonce, ticket, max_early_data })
    }

    /// Where the ticket begins in a message of which this is the parsed form.
    #[must_use]
    pub fn offset_of_ticket(&self) -> usize {
        // header, lifetime, age_add, the nonce behind its length, the ticket's own length
        4 + 4 + 4 + 1 + self.nonce.len() + 2
    }
}

/// What came in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// A whole `NewSessionTicket` message, header included.
    Ticket(Vec<u8>),
    /// An alert: level and description.
    Alert(u8, u8),
    /// The keys change with the next record; they are followed.
    KeyUpdate,
    /// Application data, or a message that has nothing to do with tickets.
    Other,
}

/// The records of a server after its Finished, in order.
pub struct ServerTraffic {
    suite: Suite,
    secret: Secret,
    keys: RecordKeys,
    /// The start of a message whose end is in a later record.
    partial: Zeroizing<Vec<u8>>,
}

impl ServerTraffic {
    /// Begins with the first record after the server's Finished; `secret` is `SERVER_TRAFFIC_SECRET_0`.
    #[must_use]
    pub fn new(suite: Suite, secret: Secret) -> Self {
        Self { suite, keys: RecordKeys::new(suite, &secret), secret, partial: Zeroizing::default() }
    }

    /// Opens the next record, its header of five bytes included.
    ///
    /// `None` if it is not protected with these keys: what precedes the server's Finished is passed over like that.
    pub fn record(&mut self, record: &[u8]) -> Option<Vec<Sent>> {
        let plaintext = self.keys.open(record)?;
        Some(match (plaintext.content_type, &plaintext.content[..]) {
            (HANDSHAKE, content) => self.messages(content),
            (ALERT, &[level, description]) => vec![Sent::Alert(level, description)],
            _ => vec![Sent::Other],
        })
    }

    /// The number of records opened so far under the present keys.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.keys.sequence()
    }

    fn messages(&mut self, content: &[u8]) -> Vec<Sent> {
        if self.partial.len() + content.len() > MAX_MESSAGE {
            self.partial.zeroize();
            return vec![Sent::Other];
        }
        self.partial.extend_from_slice(content);
        let mut sent = Vec::new();
        let mut rest = Reader(&self.partial);
        let mut updated = false;
        loop {
            let start = rest;
            let (Some(kind), Some(body)) = (rest.u8(), rest.vec24()) else {
                rest = start;
                break;
            };
            sent.push(match kind {
                NEW_SESSION_TICKET => Sent::Ticket(start.0.get(..body.len() + 4).unwrap_or_default().to_vec()),
                KEY_UPDATE => {
                    updated = true;
                    Sent::KeyUpdate
                }
                _ => Sent::Other,
            });
        }
        let left = Zeroizing::new(rest.0.to_vec());
        self.partial.zeroize();
        self.partial = left;
        if updated {
            // RFC 9846 (RFC 8446 section 7.2); a KeyUpdate ends its record
            let hash = self.suite.hash();
            self.secret = hash.expand_label(&self.secret, "traffic upd", &[], hash.len_u8());
            self.keys = RecordKeys::new(self.suite, &self.secret);
        }
        sent
    }
}

impl fmt::Debug for ServerTraffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerTraffic(record {})", self.keys.sequence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Vec<u8> {
        let body =
            [&[0, 0, 1, 44, 1, 2, 3, 4, 2, 0xa, 0xb, 0, 3][..], b"abc", &[0, 8, 0, 42, 0, 4, 0, 0, 0x40, 0]].concat();
        [&[4, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    fn keys() -> (Suite, Secret) {
        (Suite::from_id(0x1301).unwrap(), Secret::new(vec![7; 32]))
    }

    #[test]
    fn a_ticket_is_read_to_its_end() {
        let message = message();
        let ticket = NewSessionTicket::parse(&message).unwrap();
        assert_eq!((ticket.lifetime, ticket.age_add, ticket.nonce), (300, 0x0102_0304, &[0xa, 0xb][..]));
        assert_eq!((ticket.ticket, ticket.max_early_data), (&b"abc"[..], Some(0x4000)));
        assert_eq!(&message[ticket.offset_of_ticket()..][..3], b"abc");
        for cut in 0..message.len() {
            assert!(NewSessionTicket::parse(&message[..cut]).is_none());
        }
        assert!(!format!("{ticket:?}").contains("abc"));
    }

    #[test]
    fn tickets_come_whole_out_of_any_division_into_records() {
        let (suite, secret) = keys();
        let both = [message(), vec![8, 0, 0, 0], message()].concat();
        for at in 0..both.len() {
            let mut server = RecordKeys::new(suite, &secret);
            let mut seen = ServerTraffic::new(suite, secret.clone());
            assert!(seen.record(b"\x17\x03\x03\x00\x02ab").is_none());
            let (one, other) = both.split_at(at);
            let mut tickets = Vec::new();
            for part in [one, other] {
                let record = server.seal(HANDSHAKE, part).unwrap();
                tickets.extend(seen.record(&record).unwrap());
            }
            assert_eq!(tickets, [Sent::Ticket(message()), Sent::Other, Sent::Ticket(message())], "{at}");
        }
    }

    #[test]
    fn a_key_update_is_followed() {
        let (suite, secret) = keys();
        let mut server = RecordKeys::new(suite, &secret);
        let mut seen = ServerTraffic::new(suite, secret.clone());
        assert_eq!(seen.record(&server.seal(HANDSHAKE, &[24, 0, 0, 1, 0]).unwrap()), Some(vec![Sent::KeyUpdate]));
        let hash = suite.hash();
        let mut server = RecordKeys::new(suite, &hash.expand_label(&secret, "traffic upd", &[], hash.len_u8()));
        let alert = server.seal(ALERT, &[1, 0]).unwrap();
        assert_eq!(seen.record(&alert), Some(vec![Sent::Alert(1, 0)]));
    }
}
