//! A ticket on its way from bytes to plaintext: split, verified, opened.
//!
//! The states are types. Only [`TicketKey::verify`] makes a [`Verified`], and only a `Verified` opens to a plain
//! slice; what was decrypted without a valid MAC stays inside [`Unverified`] until the caller says in so many words
//! that it is not to be trusted.

use std::fmt;

use crate::key::{KeyName, TicketKey};

/// Octets of the initialisation vector.
const IV_LENGTH: usize = 16;
/// Octets of the HMAC-SHA256 tag.
const MAC_LENGTH: usize = 32;
/// Octets of an AES block.
const BLOCK_LENGTH: usize = 16;
/// Octets of a server-side session ID that TLS 1.3 servers send in place of a ticket.
const STATEFUL_ID_LENGTH: usize = 32;
/// The longest ticket the protocol carries (RFC 5077 section 3.3: a 16-bit length).
pub const MAX_LENGTH: usize = 0xffff;

/// A ticket split into its parts: `key_name[16] | IV[16] | ciphertext | HMAC-SHA256[32]`.
///
/// OpenSSL's wire form (`ssl/t1_lib.c`, `tls_decrypt_ticket`): no length field, and the MAC covers all that is before
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket<'t> {
    key_name: KeyName,
    iv: &'t [u8],
    ciphertext: &'t [u8],
    mac: &'t [u8],
    authenticated: &'t [u8],
}

/// Why bytes are no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// No bytes at all: an empty ticket extension asks for a ticket, it is none.
    Empty,
    /// 32 bytes: a server-side session ID, nothing is sealed in it.
    StatefulId,
    /// Fewer bytes than key name, IV, one block and MAC take.
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
                write!(f, "the ticket has {length} bytes, but TLS carries {MAX_LENGTH} at the most")
            }
            Self::PartialBlock { ciphertext } => write!(
                f,
                "the ciphertext at byte {} has {ciphertext} bytes, which is no multiple of the AES block of 16",
                Ticket::HEADER_LENGTH
            ),
        }
    }
}

impl std::error::Error for Malformed {}

/// The decrypted bytes do not end in PKCS#7 padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPadding;

impl<'t> Ticket<'t> {
    const HEADER_LENGTH: usize = crate::key::layout::NAME_LENGTH + IV_LENGTH;
    /// Octets of the shortest ticket: one block of ciphertext.
    pub const MIN_LENGTH: usize = Self::HEADER_LENGTH + BLOCK_LENGTH + MAC_LENGTH;

    /// Splits `bytes`. Nothing is verified yet.
    pub fn split(bytes: &'t [u8]) -> Result<Self, Malformed> {
        let length = bytes.len();
        match length {
            0 => return Err(Malformed::Empty),
            STATEFUL_ID_LENGTH => return Err(Malformed::StatefulId),
            _ if length < Self::MIN_LENGTH => return Err(Malformed::TooShort { length }),
            _ if length > MAX_LENGTH => return Err(Malformed::TooLong { length }),
            _ => {}
        }
        let short = Malformed::TooShort { length };
        let (key_name, rest) = bytes.split_first_chunk().ok_or(short)?;
        let (iv, rest) = rest.split_at_checked(IV_LENGTH).ok_or(short)?;
        let (ciphertext, mac) = rest.split_at_checked(rest.len() - MAC_LENGTH).ok_or(short)?;
        let (authenticated, _) = bytes.split_at_checked(length - MAC_LENGTH).ok_or(short)?;
        if !ciphertext.len().is_multiple_of(BLOCK_LENGTH) {
            return Err(Malformed::PartialBlock { ciphertext: ciphertext.len() });
        }
        Ok(Self { key_name: KeyName(*key_name), iv, ciphertext, mac, authenticated })
    }

    /// Names the key that sealed the ticket.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        self.key_name
    }

    /// The initialisation vector, 16 bytes.
    #[must_use]
    pub fn iv(&self) -> &'t [u8] {
        self.iv
    }

    /// The encrypted session.
    #[must_use]
    pub fn ciphertext(&self) -> &'t [u8] {
        self.ciphertext
    }

    /// The HMAC tag, 32 bytes.
    #[must_use]
    pub fn mac(&self) -> &'t [u8] {
        self.mac
    }

    /// What the MAC covers: all before it.
    #[must_use]
    pub fn authenticated(&self) -> &'t [u8] {
        self.authenticated
    }
}

/// A ticket whose MAC is right under a key: the proof is the existence of this value.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'k, 't> {
    key: &'k TicketKey,
    ticket: Ticket<'t>,
}

impl<'k, 't> Verified<'k, 't> {
    pub(crate) fn new(key: &'k TicketKey, ticket: Ticket<'t>) -> Self {
        Self { key, ticket }
    }

    /// The key that verified it.
    #[must_use]
    pub fn key(&self) -> &'k TicketKey {
        self.key
    }

    /// Decrypts into `buffer` (cleared first, so that one buffer serves a batch) and strips the padding.
    pub fn open<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], BadPadding> {
        self.key.decrypt(&self.ticket, buffer)
    }
}

/// Something from a ticket whose MAC did not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a caller that marks it as unverified wherever it shows it.
    pub fn assume_unverified(&self) -> &T {
        &self.0
    }

    /// Works on the value without leaving the wrapper.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Unverified<U> {
        Unverified(with(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_where_openssl_does() {
        let bytes: Vec<u8> = (0..96).collect();
        let ticket = Ticket::split(&bytes).unwrap();
        assert_eq!(ticket.key_name().0, bytes[..16]);
        assert_eq!(ticket.iv(), &bytes[16..32]);
        assert_eq!(ticket.ciphertext(), &bytes[32..64]);
        assert_eq!(ticket.mac(), &bytes[64..]);
        assert_eq!(ticket.authenticated(), &bytes[..64]);
    }

    #[test]
    fn every_length_has_its_verdict() {
        let bytes = vec![0; MAX_LENGTH + 1];
        assert_eq!(Ticket::split(&[]), Err(Malformed::Empty));
        assert_eq!(Ticket::split(&bytes[..32]), Err(Malformed::StatefulId));
        assert_eq!(Ticket::split(&bytes[..79]), Err(Malformed::TooShort { length: 79 }));
        assert!(Ticket::split(&bytes[..80]).is_ok());
        assert_eq!(Ticket::split(&bytes[..81]), Err(Malformed::PartialBlock { ciphertext: 17 }));
        assert_eq!(Ticket::split(&bytes), Err(Malformed::TooLong { length: MAX_LENGTH + 1 }));
    }
}
