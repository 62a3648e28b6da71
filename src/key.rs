//! Session-ticket encryption keys (STEKs): one key, its name, where it came from and what it may do.
//!
//! [`file`] reads key files, [`format`] holds one module per server, and [`ring`] finds the key for a ticket.

pub mod file;
pub mod format;
pub mod layout;
pub mod ring;
pub mod weak;

mod crypto;
mod fingerprint;

use std::fmt;
use std::sync::Arc;

use self::crypto::{CipherKey, MacKey};
pub use self::fingerprint::Fingerprint;
pub use self::layout::Layout;
use self::layout::NAME_LENGTH;
use crate::ticket::{BadPadding, Ticket, Unverified, Verified};

/// The public name of a key: the first 16 bytes of the tickets it seals (RFC 5077 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(pub [u8; NAME_LENGTH]);

impl KeyName {
    /// Whether the name is 16 zero bytes: a slot that was never initialised, or an all-zero key file
    /// (CVE-2020-13777).
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; NAME_LENGTH]
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({self})")
    }
}

/// What the server does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Seals new tickets, and opens.
    Active,
    /// Opens tickets only.
    Inactive,
    /// The server would not load it.
    Ignored,
    /// The file alone does not tell.
    Unknown,
}

impl Role {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as it was named, or `(built-in)`.
    pub file: Arc<str>,
    /// n-th key of that file, from 0.
    pub index: usize,
    /// What the server does with it.
    pub role: Role,
    /// Option names of the formats it was read as, joined with `/`; empty for built-in keys.
    pub format: Arc<str>,
}

/// A ticket key, ready to verify and open.
///
/// The secrets are wiped on drop and never shown by `Debug`.
pub struct TicketKey {
    name: Option<KeyName>,
    layout: Layout,
    origin: Origin,
    fingerprint: Fingerprint,
    cipher: CipherKey,
    mac: MacKey,
}

/// The MAC did not verify under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacMismatch;

impl TicketKey {
    /// A key from its bytes; `None` where their number is not that of `layout`, or AES has no such key size.
    #[must_use]
    pub fn new(bytes: &[u8], layout: Layout, origin: Origin) -> Option<Self> {
        let parts = layout.divide(bytes)?;
        let name = match parts.name {
            Some(name) => Some(KeyName(name.try_into().ok()?)),
            None => None,
        };
        Some(Self {
            name,
            layout,
            origin,
            fingerprint: Fingerprint::of(&parts),
            cipher: CipherKey::new(parts.aes)?,
            mac: MacKey::hmac_sha256(parts.hmac)?,
        })
    }

    /// The key name; `None` where the server has none and tries every ticket.
    #[must_use]
    pub fn name(&self) -> Option<KeyName> {
        self.name
    }

    /// How the key's bytes are divided.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where the key came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A hash of the whole key that gives nothing of it away.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The cipher, such as `AES-128-CBC`.
    #[must_use]
    pub fn cipher_name(&self) -> &'static str {
        self.cipher.name()
    }

    /// The MAC, such as `HMAC-SHA256`.
    #[must_use]
    pub fn mac_name(&self) -> &'static str {
        self.mac.name()
    }

    /// Checks the MAC, in constant time. Only the result lets the ticket be opened as genuine.
    pub fn verify<'k, 't>(&'k self, ticket: &Ticket<'t>) -> Result<Verified<'k, 't>, MacMismatch> {
        if self.mac.verify(ticket.authenticated(), ticket.mac()) {
            Ok(Verified::new(self, *ticket))
        } else {
            Err(MacMismatch)
        }
    }

    /// Decrypts without looking at the MAC: what comes out may be anybody's.
    pub fn decrypt_unverified<'b>(
        &self,
        ticket: &Ticket<'_>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Unverified<&'b [u8]>, BadPadding> {
        self.decrypt(ticket, buffer).map(Unverified::new)
    }

    /// The decryption itself, for a ticket whose MAC was judged by the caller.
    pub(crate) fn decrypt<'b>(&self, ticket: &Ticket<'_>, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], BadPadding> {
        buffer.clear();
        buffer.extend_from_slice(ticket.ciphertext());
        self.cipher.decrypt(ticket.iv(), buffer).ok_or(BadPadding)
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKey")
            .field("name", &self.name)
            .field("layout", &self.layout)
            .field("origin", &self.origin)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Whether the ticket's MAC is the one an all-zero HMAC key gives: the server authenticates nothing.
#[must_use]
pub fn verifies_under_zero_mac_key(ticket: &Ticket<'_>) -> bool {
    MacKey::hmac_sha256(&[]).is_some_and(|mac| mac.verify(ticket.authenticated(), ticket.mac()))
}
