//! TLS 1.3 from a ticket's PSK on: binders, early data, and handshakes without Diffie-Hellman (RFC 9846, RFC 8446
//! section 7).
//!
//! A PSK together with a captured ClientHello gives the binder, which proves that the PSK is the right one, and the
//! secrets of 0-RTT data. With `psk_dhe_ke` the rest stays closed; with `psk_ke` ([`PskKe`]) all of it opens.

mod after;
mod hello;
mod hkdf;
mod psk_ke;
mod record;
mod schedule;
mod transcript;

pub use after::{NewSessionTicket, Sent, ServerTraffic};
pub use hello::{Identity, PskHello};
pub use hkdf::Hash;
pub use psk_ke::{Progress, PskKe};
pub use record::{Plaintext, RecordKeys};
pub use schedule::{ApplicationSecrets, Binder, EarlySecret, HandshakeSecrets, resumption_psk};
pub use transcript::Transcript;

use crate::tls::aead::Aead;

/// The content type of a record of handshake messages.
const HANDSHAKE: u8 = 22;

/// A TLS 1.3 cipher suite whose records can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    hash: Hash,
    aead: Aead,
}

impl Suite {
    /// By its number (RFC 9846, RFC 8446 appendix B.4); `None` for suites outside of it.
    #[must_use]
    pub const fn from_id(id: u16) -> Option<Self> {
        let (hash, aead) = match id {
            0x1301 => (Hash::Sha256, Aead::Aes128Gcm),
            0x1302 => (Hash::Sha384, Aead::Aes256Gcm),
            0x1303 => (Hash::Sha256, Aead::ChaCha20Poly1305),
            0x1304 => (Hash::Sha256, Aead::Aes128Ccm),
            0x1305 => (Hash::Sha256, Aead::Aes128Ccm8),
            _ => return None,
        };
        Some(Self { hash, aead })
    }

    /// The hash of its key schedule.
    #[must_use]
    pub const fn hash(self) -> Hash {
        self.hash
    }
}

#[cfg(test)]
mod tests;
