//! What tells the keys of tickets apart.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use crate::escape::Text;
use crate::key::{KeyInUse, KeyName};
use crate::open::{BadMac, Outcome};
use crate::ticket::{Shape, Ticket};

/// What tells the key of a ticket from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyId {
    /// The name that its tickets begin with.
    Name(KeyName),
    /// The key that opens it, of a family that sends no names.
    Unnamed {
        /// The file that it came from.
        file: Arc<str>,
        /// n-th key of that file, from 0.
        index: usize,
    },
}

/// The key of a ticket, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedUnder {
    /// The key.
    pub key: KeyId,
    /// Whether the name is one for certain: a key has it, or the family of the ticket is certain. Of tickets that have no
    /// more than a length of OpenSSL's kind, the first bytes may be anything.
    pub is_known: bool,
}

impl KeyId {
    /// Whether both are one key: names that share their first four bytes are, as the rest is salt (wangle).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one == other || one.shares_prefix(other),
            _ => self == other,
        }
    }

    fn unnamed(key: KeyInUse<'_>) -> Self {
        let origin = key.origin();
        Self::Unnamed { file: Arc::clone(&origin.file), index: origin.index }
    }
}

impl Display for KeyId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "the key {name}"),
            Self::Unnamed { file, index } => write!(f, "key {index} of {}", Text(file.as_bytes())),
        }
    }
}

impl Display for SealedUnder {
    /// What is known of the ticket, after "it".
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.key {
            KeyId::Name(bytes) if !self.is_known => write!(f, "begins with {bytes}"),
            key => write!(f, "is sealed under {key}"),
        }
    }
}

impl SealedUnder {
    /// The key of a ticket that was tried with the keys at hand.
    pub(super) fn of(bytes: &[u8], outcome: &Outcome<'_>) -> Option<Self> {
        match outcome {
            Outcome::Decrypted { ticket, key, .. }
            | Outcome::BadSession { ticket, key, .. }
            | Outcome::BadPadding { ticket, key, .. }
            | Outcome::BadMac(BadMac { ticket, key, .. }) => {
                let key = ticket.key_name().map_or_else(|| KeyId::unnamed(*key), KeyId::Name);
                Some(Self { key, is_known: true })
            }
            _ => {
                let key = KeyId::Name(Ticket::split(bytes).ok()?.key_name()?);
                Some(Self { key, is_known: Shape::of(bytes).is_certain() })
            }
        }
    }
}
