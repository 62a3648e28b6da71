//! How the parts of a ticket stand on the wire.

use std::fmt;

/// An arrangement of key name, IV, ciphertext and MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Arrangement {
    /// `name16 iv16 ciphertext mac`, the MAC over all before it: OpenSSL and its relatives (`ssl/t1_lib.c`,
    /// `tls_decrypt_ticket`), picotls, Go up to 1.20 (`crypto/tls/ticket.go`).
    Named,
    /// The same bytes, but the MAC covers two more before the ciphertext: its length, which is not sent. rustls on
    /// aws-lc (`crypto/aws_lc_rs/ticketer.rs`).
    UnsentLength,
    /// `name16 iv16 length2 ciphertext mac`, the MAC over all before it: RFC 5077 section 4 to the letter, and `GnuTLS`
    /// (`lib/ext/session_ticket.c`).
    SentLength,
    /// `iv16 ciphertext mac`, the MAC over all before it and no key name: Go from 1.21 on (`crypto/tls/ticket.go`).
    Nameless,
}

impl Arrangement {
    /// Bytes before the ciphertext.
    #[must_use]
    pub const fn header_length(self) -> usize {
        match self {
            Self::Named | Self::UnsentLength => 32,
            Self::SentLength => 34,
            Self::Nameless => 16,
        }
    }

    /// Bytes before the initialisation vector.
    pub(super) const fn iv_start(self) -> usize {
        if self.has_key_name() { 16 } else { 0 }
    }

    /// Whether tickets name their key.
    #[must_use]
    pub const fn has_key_name(self) -> bool {
        !matches!(self, Self::Nameless)
    }
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "name16 iv16 ciphertext mac",
            Self::UnsentLength => "name16 iv16 ciphertext mac, the MAC also over the length of the ciphertext",
            Self::SentLength => "name16 iv16 length2 ciphertext mac",
            Self::Nameless => "iv16 ciphertext mac",
        })
    }
}
