//! What is found in an input, and why it cannot be read.

use std::fmt;

use super::columns::Beside;
use super::recorded::{Recorded, RecordedConnection};
use crate::armor::DamagedBlock;
use crate::key::KeyName;
use crate::key::ring::KeyRing;
use crate::session::SessionError;
use crate::session::der::DerError;

/// Something found in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// Bytes of a ticket.
    Ticket(&'a [u8]),
    /// Bytes of a ticket, with what a record of ours says about where it was seen.
    Recorded {
        /// The ticket.
        ticket: &'a [u8],
        /// Where it was seen.
        seen: &'a Recorded,
    },
    /// What a record of ours says of a connection: no ticket.
    Connection(&'a RecordedConnection),
    /// Bytes of a ticket in a list, with what stood beside it.
    Listed {
        /// The ticket.
        ticket: &'a [u8],
        /// What stood beside it.
        beside: &'a Beside,
    },
    /// DER of a session, the client's or a server's.
    Session(&'a [u8]),
    /// Something is in the place of a ticket, but cannot be read.
    Unreadable(Unreadable),
}

/// Keys at hand, which tell a ticket from other bytes.
pub trait Proves {
    /// Whether one of the keys has this name.
    fn knows(&self, name: &[u8; 16]) -> bool;

    /// Whether the MAC or tag of a ticket verifies under one of the keys.
    fn proves(&self, ticket: &[u8]) -> bool;
}

impl Proves for KeyRing {
    fn knows(&self, name: &[u8; 16]) -> bool {
        self.has_name(KeyName::new(*name))
    }

    fn proves(&self, ticket: &[u8]) -> bool {
        let name = ticket.first_chunk().copied().map(KeyName::new);
        name.is_some_and(|name| self.candidates(name).any(|key| key.verify(ticket).is_ok()))
    }
}

/// Why something in an input cannot be read as a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// A character that is not a hex digit, or a digit without its partner.
    NotHex(NotHex),
    /// A character that is not base64, or a length that base64 does not have.
    NotBase64 {
        /// Column from 1.
        column: usize,
    },
    /// Neither of the two; this is where hex ends.
    NeitherHexNorBase64(NotHex),
    /// A line that is longer than any ticket.
    LineTooLong {
        /// The longest line that is read.
        limit: usize,
    },
    /// A PEM block that cannot be decoded.
    Pem(DamagedBlock),
    /// The text of a PEM session in the place of bytes.
    PemText,
    /// Bytes that whoever printed them has cut short.
    Abridged,
    /// A hex dump that breaks off: the row and what it should begin with.
    Dump {
        /// Line from 1.
        line: usize,
        /// Offset that the row should have.
        offset: usize,
    },
    /// A DER input that ends inside an element.
    Der(DerError),
    /// A PEM block or DER that is not a session.
    Session(SessionError),
    /// As many bytes as a key has, and no ticket.
    Key {
        /// How many.
        length: usize,
    },
    /// A record of ours without ticket bytes, or a line that is not a record.
    Record {
        /// What is missing.
        missing: &'static str,
    },
}

/// Where hex stops being hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHex {
    /// A character that is not a hex digit.
    Character {
        /// The character, as far as it is one byte.
        found: char,
        /// Column from 1.
        column: usize,
    },
    /// A single digit where a byte takes two.
    OddDigits {
        /// How many digits there are.
        digits: usize,
    },
}

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { found, column } => write!(f, "{found:?} at column {column} is not a hex digit"),
            Self::OddDigits { digits } => write!(f, "an odd number of hex digits, {digits}"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHex(error) => error.fmt(f),
            Self::NotBase64 { column } => write!(f, "no base64 at column {column}"),
            Self::NeitherHexNorBase64(error) => write!(f, "neither hex nor base64: {error}"),
            Self::LineTooLong { limit } => write!(f, "the line is longer than {limit} bytes"),
            Self::Pem(error) => error.fmt(f),
            Self::PemText => write!(f, "the bytes are the text of a PEM session, no ticket"),
            Self::Abridged => write!(f, "the program that printed the ticket left out its end"),
            Self::Dump { line, offset } => {
                write!(f, "the hex dump breaks off at line {line}, where the row {offset:04x} should be")
            }
            Self::Der(error) => write!(f, "no whole session: {error}"),
            Self::Session(error) => error.fmt(f),
            Self::Key { length } => {
                write!(f, "{length} bytes are a ticket key and no ticket: they leave no room for a session")
            }
            Self::Record { missing } => write!(f, "the line is not a record of a ticket: {missing}"),
        }
    }
}

impl Unreadable {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotHex(NotHex::OddDigits { .. }) => "a digit is missing, perhaps cut off at an end",
            Self::NotHex(_) => "--from auto takes base64 too; -T fields of tshark prints tickets as hex",
            Self::NotBase64 { .. } => "--from auto takes hex too",
            Self::NeitherHexNorBase64(_) => "one ticket a line, as hex or base64; --from names another form",
            Self::LineTooLong { .. } => "one ticket a line; a ticket has at most 65535 bytes",
            Self::Pem(_) => "the block must be whole, from its BEGIN line to its END line",
            Self::PemText => "--from auto and --from pem read it",
            Self::Abridged => "print all of it; tshark -T fields does, and so does a hex dump of the packet",
            Self::Dump { .. } => "old OpenSSL leaves trailing blanks and zeros of a dump out: use the PEM block",
            Self::Der(_) => "the file is cut short, or no SSL_SESSION follows",
            Self::Key { .. } => "--key FILE takes ticket keys",
            Self::Session(_) => "openssl s_client -sess_out FILE writes a session that can be read",
            Self::Record { .. } => "records of tickets are what -f json prints, one a line",
        }
    }
}
