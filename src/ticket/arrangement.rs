//! How the parts of a ticket stand on the wire.

use std::fmt;
use std::ops::Range;

use super::frame::Frame;
use super::name::NAME_LENGTH;

/// Bytes of the initialisation vector of a block cipher.
const IV_LENGTH: usize = 16;

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
    /// `name16 iv16 length2 ciphertext mac`, the MAC over the ciphertext alone: what wolfSSL makes with a callback of
    /// OpenSSL's kind (`TicketEncCbCtx_Init` and `wolfSSL_TicketKeyCb` in `src/ssl.c`). Name and IV are not authenticated.
    CiphertextMac,
    /// `name16 iv16 length2 ciphertext mac`, the MAC over what stands before the ciphertext and over the plaintext: wolfSSL
    /// built with `WOLFSSL_TICKET_ENC_CBC_HMAC` (`DefTicketEncCb` in `src/internal.c`).
    PlaintextMac,
    /// Sealed with an AEAD, whose tag takes the place of the MAC.
    Aead(Frame),
}

impl Arrangement {
    /// Bytes before the ciphertext.
    #[must_use]
    pub const fn header_length(self) -> usize {
        match self {
            Self::Named | Self::UnsentLength => 32,
            Self::SentLength | Self::CiphertextMac | Self::PlaintextMac => 34,
            Self::Nameless => 16,
            Self::Aead(frame) => frame.header_length(),
        }
    }

    /// Where the initialisation vector or the nonce is.
    #[inline]
    pub(super) fn iv(self) -> Range<usize> {
        match self {
            Self::Nameless => 0..IV_LENGTH,
            Self::Aead(frame) => frame.nonce_range(),
            _ => NAME_LENGTH..NAME_LENGTH + IV_LENGTH,
        }
    }

    /// Whether the length of the ciphertext is sent before it.
    pub(super) const fn has_length(self) -> bool {
        match self {
            Self::SentLength | Self::CiphertextMac | Self::PlaintextMac => true,
            Self::Aead(frame) => frame.has_length,
            Self::Named | Self::UnsentLength | Self::Nameless => false,
        }
    }

    /// Bytes after the tag.
    pub(super) const fn trailer_length(self) -> usize {
        match self {
            Self::Aead(frame) => frame.trailer.length(),
            _ => 0,
        }
    }

    /// Whether a ticket in another arrangement hardly ever looks as if it were in this one: a length that is sent agrees, or
    /// a marker is there.
    pub(crate) fn is_marked(self) -> bool {
        self.has_length() || matches!(self, Self::Aead(frame) if !frame.marker.bytes().is_empty())
    }

    /// Whether the MAC covers something else than all that stands before it.
    #[inline]
    pub(crate) const fn is_mac_elsewhere(self) -> bool {
        matches!(self, Self::UnsentLength | Self::CiphertextMac | Self::PlaintextMac | Self::Aead(_))
    }

    /// Whether tickets begin with a key name of 16 bytes.
    pub(crate) const fn begins_with_name(self) -> bool {
        match self {
            Self::Nameless => false,
            Self::Aead(frame) => frame.name as usize == NAME_LENGTH && frame.name_start() == 0,
            _ => true,
        }
    }

    /// Whether tickets name their key.
    #[must_use]
    pub const fn has_key_name(self) -> bool {
        match self {
            Self::Nameless => false,
            Self::Aead(frame) => frame.name > 0,
            _ => true,
        }
    }
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "name16 iv16 ciphertext mac",
            Self::UnsentLength => "name16 iv16 ciphertext mac, the MAC also over the length of the ciphertext",
            Self::SentLength => "name16 iv16 length2 ciphertext mac",
            Self::Nameless => "iv16 ciphertext mac",
            Self::CiphertextMac => "name16 iv16 length2 ciphertext mac, the MAC over the ciphertext alone",
            Self::PlaintextMac => "name16 iv16 length2 ciphertext mac, the MAC over the plaintext",
            Self::Aead(frame) => return frame.fmt(f),
        })
    }
}
