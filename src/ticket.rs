//! A ticket on its way from bytes to plaintext: split, verified, opened.
//!
//! The states are types. Only [`TicketKey::verify`](crate::key::TicketKey::verify) makes a [`Verified`](crate::key::Verified), and only a `Verified` opens to a plain
//! slice; what was decrypted without a valid MAC stays inside [`Unverified`](crate::key::Unverified) until the caller says in so many words
//! that it is not to be trusted.
//!
//! Nothing in a ticket says how it is put together: that is a property of the key, which splits it its own way
//! ([`Ticket::split_as`]). Without a key, [`Ticket::split`] goes by the [`Shape`].

mod arrangement;
mod frame;
mod name;
mod shape;
mod sizes;

use std::fmt;

pub use self::arrangement::Arrangement;
pub(crate) use self::frame::TAG_LENGTH;
pub use self::frame::{Frame, Marker, Trailer};
pub use self::name::{KeyName, NAME_LENGTH};
pub use self::shape::Shape;
use self::sizes::BLOCK_LENGTH;
pub use self::sizes::MAX_LENGTH;

/// Bytes of the HMAC-SHA256 tag.
const MAC_LENGTH: usize = 32;
/// Bytes of a server-side session ID that TLS 1.3 servers send in place of a ticket.
const STATEFUL_ID_LENGTH: usize = 32;

/// A ticket split into its parts. Nothing of it is verified yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket<'t> {
    arrangement: Arrangement,
    /// The header of the wire, then the ciphertext.
    authenticated: &'t [u8],
    mac: &'t [u8],
}

/// Why bytes are no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// No bytes at all: an empty ticket extension asks for a ticket, it is none.
    Empty,
    /// 32 bytes: a server-side session ID, nothing is sealed in it.
    StatefulId,
    /// Fewer bytes than the parts take.
    TooShort {
        /// The length found.
        length: usize,
    },
    /// More bytes than the protocol can carry.
    TooLong {
        /// The length found.
        length: usize,
    },
    /// The ciphertext is not whole AES blocks.
    PartialBlock {
        /// Length of what stands between IV and MAC.
        ciphertext: usize,
    },
    /// The length that is sent is not that of what stands between it and the MAC.
    WrongLength {
        /// The length sent.
        sent: usize,
        /// The length found.
        found: usize,
    },
    /// What tickets of the family begin or end with is not there.
    OtherFamily,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the ticket is empty"),
            Self::StatefulId => write!(f, "the ticket is a 32-byte server-side session ID, nothing is sealed in it"),
            Self::TooShort { length } => write!(
                f,
                "the ticket is cut short: {length} bytes, but key name, IV, one cipher block and MAC take {}",
                Ticket::MIN_LENGTH
            ),
            Self::TooLong { length } => {
                write!(f, "the ticket has {length} bytes, but TLS carries at most {MAX_LENGTH}")
            }
            Self::PartialBlock { ciphertext } => write!(
                f,
                "the ciphertext at byte {} has {ciphertext} bytes, which is not a multiple of the AES block of 16",
                Arrangement::Named.header_length()
            ),
            Self::WrongLength { sent, found } => {
                write!(f, "the length at byte 32 says {sent} bytes of ciphertext, {found} are there")
            }
            Self::OtherFamily => write!(f, "the ticket does not begin and end as those of the key's family do"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Checks what no ticket of any family is: empty, a session ID, longer than TLS carries.
pub fn check_length(bytes: &[u8]) -> Result<(), Malformed> {
    match bytes.len() {
        0 => Err(Malformed::Empty),
        STATEFUL_ID_LENGTH => Err(Malformed::StatefulId),
        length if length > MAX_LENGTH => Err(Malformed::TooLong { length }),
        _ => Ok(()),
    }
}

/// What would be the key name, in a ticket that has one.
pub(crate) fn leading_name(bytes: &[u8]) -> Option<KeyName> {
    bytes.first_chunk::<NAME_LENGTH>().copied().map(KeyName::from)
}

impl<'t> Ticket<'t> {
    /// Bytes of the shortest ticket of OpenSSL: one block of ciphertext.
    pub const MIN_LENGTH: usize = Arrangement::Named.header_length() + BLOCK_LENGTH + MAC_LENGTH;
    /// Bytes of the shortest ticket of any family that is known.
    pub const SHORTEST_OF_ANY: usize = 64;

    /// Splits a ticket as its shape suggests: with a sent length where one fits, else as OpenSSL does, with whole
    /// AES blocks and an HMAC-SHA256.
    pub fn split(bytes: &'t [u8]) -> Result<Self, Malformed> {
        check_length(bytes)?;
        match Shape::of(bytes) {
            Shape::GnuTls => Self::split_as(bytes, Arrangement::SentLength, 20),
            Shape::Rfc5077 | Shape::Nss => Self::split_as(bytes, Arrangement::SentLength, MAC_LENGTH),
            Shape::WolfSsl => Self::split_as(bytes, Arrangement::Aead(Frame::WOLFSSL), TAG_LENGTH)
                .or_else(|_| Self::split_as(bytes, Arrangement::SentLength, MAC_LENGTH)),
            Shape::MbedTls => Self::split_as(bytes, Arrangement::Aead(Frame::MBEDTLS), TAG_LENGTH),
            Shape::S2n => Self::split_as(bytes, Arrangement::Aead(Frame::S2N), TAG_LENGTH),
            Shape::S2nUntil1_4 => Self::split_as(bytes, Arrangement::Aead(Frame::S2N_UNTIL_1_4), TAG_LENGTH),
            Shape::Botan => Self::split_as(bytes, Arrangement::Aead(Frame::BOTAN), TAG_LENGTH),
            Shape::Fizz => Self::split_as(bytes, Arrangement::Aead(Frame::FIZZ), TAG_LENGTH),
            _ if bytes.len() < Self::MIN_LENGTH => Err(Malformed::TooShort { length: bytes.len() }),
            _ => Self::split_as(bytes, Arrangement::Named, MAC_LENGTH)?.whole_blocks(),
        }
    }

    /// Splits a ticket whose arrangement and length of MAC are known.
    // inlined, so that a result of this size is not handed through memory
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn split_as(bytes: &'t [u8], arrangement: Arrangement, mac_length: usize) -> Result<Self, Malformed> {
        let short = Malformed::TooShort { length: bytes.len() };
        let tail = mac_length + arrangement.trailer_length();
        let (authenticated, mac) =
            bytes.len().checked_sub(tail).and_then(|end| bytes.split_at_checked(end)).ok_or(short)?;
        let ticket = Self { arrangement, authenticated, mac };
        let (header, ciphertext) = authenticated.split_at_checked(arrangement.header_length()).ok_or(short)?;
        if arrangement.has_length() {
            let sent = header.last_chunk().copied().map_or(0, u16::from_be_bytes).into();
            if sent != ciphertext.len() {
                return Err(Malformed::WrongLength { sent, found: ciphertext.len() });
            }
        }
        match arrangement {
            _ if ciphertext.is_empty() => Err(short),
            Arrangement::Aead(frame) if !ticket.fits(frame) => Err(Malformed::OtherFamily),
            _ => Ok(ticket),
        }
    }

    /// Whether what a family's tickets begin and end with is there.
    fn fits(&self, frame: Frame) -> bool {
        let zeros = || self.trailer().iter().all(|&byte| byte == 0);
        self.authenticated.starts_with(frame.marker.bytes()) && (frame.trailer != Trailer::Zeros || zeros())
    }

    /// The ticket, where the ciphertext is whole AES blocks, as CBC wants it.
    #[inline]
    pub(crate) fn whole_blocks(self) -> Result<Self, Malformed> {
        if self.has_whole_blocks() {
            Ok(self)
        } else {
            Err(Malformed::PartialBlock { ciphertext: self.ciphertext().len() })
        }
    }

    fn has_whole_blocks(&self) -> bool {
        self.ciphertext().len() % BLOCK_LENGTH == 0
    }

    /// How the parts stand on the wire.
    #[must_use]
    pub fn arrangement(&self) -> Arrangement {
        self.arrangement
    }

    /// Names the key that sealed the ticket; `None` if tickets have no names.
    #[must_use]
    pub fn key_name(&self) -> Option<KeyName> {
        match self.arrangement {
            Arrangement::Nameless => None,
            Arrangement::Aead(_) => KeyName::of(self.name_bytes()),
            _ => leading_name(self.authenticated),
        }
    }

    /// The initialisation vector, 16 bytes; of an AEAD the nonce, which is empty if it is not sent.
    #[must_use]
    pub fn iv(&self) -> &'t [u8] {
        self.authenticated.get(self.arrangement.iv()).unwrap_or_default()
    }

    /// What the key of this one ticket is made with, beside the server's key: two tickets with the same would be sealed
    /// alike. In most families it is the IV.
    #[must_use]
    pub fn unique(&self) -> &'t [u8] {
        match self.arrangement {
            Arrangement::Aead(Frame { trailer: Trailer::Pad, .. }) => self.trailer(),
            // salt and nonce follow each other
            Arrangement::Aead(frame) => {
                let range = frame.salt_start()..frame.nonce_range().end;
                self.authenticated.get(range).unwrap_or_default()
            }
            _ => self.iv(),
        }
    }

    /// What stands before the ciphertext.
    pub(crate) fn header(&self) -> &'t [u8] {
        self.authenticated.get(..self.arrangement.header_length()).unwrap_or_default()
    }

    /// The bytes of the key name, of an AEAD's ticket.
    pub(crate) fn name_bytes(&self) -> &'t [u8] {
        match self.arrangement {
            Arrangement::Aead(frame) => {
                self.authenticated.get(frame.name_start()..frame.salt_start()).unwrap_or_default()
            }
            _ => self.authenticated.get(..NAME_LENGTH).unwrap_or_default(),
        }
    }

    /// What the key of an AEAD's ticket is derived with.
    pub(crate) fn salt(&self) -> &'t [u8] {
        match self.arrangement {
            Arrangement::Aead(frame) => {
                self.authenticated.get(frame.salt_start()..frame.nonce_start()).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// What follows the tag.
    pub(crate) fn trailer(&self) -> &'t [u8] {
        match self.arrangement {
            Arrangement::Aead(_) => self.mac.get(TAG_LENGTH..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The encrypted session.
    #[must_use]
    pub fn ciphertext(&self) -> &'t [u8] {
        self.authenticated.get(self.arrangement.header_length()..).unwrap_or_default()
    }

    /// The tag: 32 bytes of an HMAC in most families, 16 of an AEAD.
    #[must_use]
    pub fn mac(&self) -> &'t [u8] {
        match self.arrangement {
            Arrangement::Aead(_) => self.mac.get(..TAG_LENGTH).unwrap_or(self.mac),
            _ => self.mac,
        }
    }

    /// All that stands before the MAC or the tag.
    #[must_use]
    pub fn authenticated(&self) -> &'t [u8] {
        self.authenticated
    }

    /// The pieces that the MAC covers, in order: a length that is not sent makes three of them.
    pub(crate) fn authenticated_pieces(&self) -> (&'t [u8], [u8; 2], &'t [u8]) {
        let at = self.arrangement.header_length();
        let (header, ciphertext) = self.authenticated.split_at_checked(at).unwrap_or((self.authenticated, &[]));
        let length = u16::try_from(ciphertext.len()).unwrap_or(u16::MAX);
        (header, length.to_be_bytes(), ciphertext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_where_openssl_does() {
        let bytes: Vec<u8> = (0..96).collect();
        let ticket = Ticket::split(&bytes).unwrap();
        assert_eq!(ticket.key_name().unwrap().as_bytes(), &bytes[..16]);
        assert_eq!(ticket.iv(), &bytes[16..32]);
        assert_eq!(ticket.ciphertext(), &bytes[32..64]);
        assert_eq!(ticket.mac(), &bytes[64..]);
        assert_eq!(ticket.authenticated(), &bytes[..64]);
    }

    #[test]
    fn other_families_split_elsewhere() {
        let mut bytes: Vec<u8> = (0..96).collect();
        let ticket = Ticket::split_as(&bytes, Arrangement::Nameless, 32).unwrap();
        assert_eq!((ticket.key_name(), ticket.iv(), ticket.ciphertext()), (None, &bytes[..16], &bytes[16..64]));
        let ticket = Ticket::split_as(&bytes, Arrangement::UnsentLength, 48).unwrap();
        assert_eq!(ticket.authenticated_pieces(), (&bytes[..32], [0, 16], &bytes[32..48]));
        assert_eq!(
            Ticket::split_as(&bytes, Arrangement::SentLength, 20),
            Err(Malformed::WrongLength { sent: 0x2021, found: 42 })
        );
        bytes[32..34].copy_from_slice(&[0, 42]);
        let ticket = Ticket::split_as(&bytes, Arrangement::SentLength, 20).unwrap();
        assert_eq!((ticket.ciphertext(), ticket.authenticated()), (&bytes[34..76], &bytes[..76]));
        assert!(Ticket::split_as(&bytes[..48], Arrangement::Nameless, 32).is_err());
    }

    #[test]
    fn every_length_has_its_verdict() {
        let bytes = vec![0; MAX_LENGTH + 1];
        assert_eq!(Ticket::split(&[]), Err(Malformed::Empty));
        assert_eq!(Ticket::split(&bytes[..32]), Err(Malformed::StatefulId));
        assert_eq!(Ticket::split(&bytes[..79]), Err(Malformed::TooShort { length: 79 }));
        assert!(Ticket::split(&bytes[..80]).is_ok());
        assert_eq!(Ticket::split(&bytes[..81]), Err(Malformed::PartialBlock { ciphertext: 17 }));
        assert_eq!(MAX_LENGTH, 65_535);
        // no whole blocks, but not too long
        let longest = Malformed::PartialBlock { ciphertext: MAX_LENGTH - 64 };
        assert_eq!(Ticket::split(&bytes[..MAX_LENGTH]), Err(longest));
        assert!(Ticket::split(&bytes[..MAX_LENGTH - 15]).is_ok());
        let longest = Ticket::split_as(&bytes[..MAX_LENGTH], Arrangement::Nameless, 32);
        assert_eq!(longest.unwrap().ciphertext().len(), MAX_LENGTH - 48);
        assert_eq!(Ticket::split(&bytes), Err(Malformed::TooLong { length: MAX_LENGTH + 1 }));
    }
}
