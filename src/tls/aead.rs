//! The AEAD algorithms of TLS and QUIC (RFC 5116, RFC 6655, RFC 8439).

use aes::{Aes128, Aes256};
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{KeyInit, Nonce, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use zeroize::Zeroizing;

/// An AEAD algorithm with a nonce of 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aead {
    Aes128Gcm,
    Aes256Gcm,
    Aes128Ccm,
    Aes256Ccm,
    /// A tag of 8 bytes instead of 16.
    Aes128Ccm8,
    /// A tag of 8 bytes instead of 16.
    Aes256Ccm8,
    ChaCha20Poly1305,
}

impl Aead {
    /// Bytes in a key.
    pub(crate) const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
            Self::Aes256Gcm | Self::Aes256Ccm | Self::Aes256Ccm8 | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Bytes that sealing adds.
    pub(crate) const fn tag_length(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            _ => 16,
        }
    }

    /// Opens ciphertext and tag; `None` if the tag does not verify.
    pub(crate) fn open(self, key: &[u8], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let opened = match self {
            Self::Aes128Gcm => open::<Aes128Gcm>(key, nonce, aad, sealed),
            Self::Aes256Gcm => open::<Aes256Gcm>(key, nonce, aad, sealed),
            Self::Aes128Ccm => open::<Ccm<Aes128, U16, U12>>(key, nonce, aad, sealed),
            Self::Aes256Ccm => open::<Ccm<Aes256, U16, U12>>(key, nonce, aad, sealed),
            Self::Aes128Ccm8 => open::<Ccm<Aes128, U8, U12>>(key, nonce, aad, sealed),
            Self::Aes256Ccm8 => open::<Ccm<Aes256, U8, U12>>(key, nonce, aad, sealed),
            Self::ChaCha20Poly1305 => open::<ChaCha20Poly1305>(key, nonce, aad, sealed),
        };
        opened.map(Zeroizing::new)
    }

    /// Gives ciphertext and tag; `None` if the key has another length.
    pub(crate) fn seal(self, key: &[u8], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes128Gcm => seal::<Aes128Gcm>(key, nonce, aad, plain),
            Self::Aes256Gcm => seal::<Aes256Gcm>(key, nonce, aad, plain),
            Self::Aes128Ccm => seal::<Ccm<Aes128, U16, U12>>(key, nonce, aad, plain),
            Self::Aes256Ccm => seal::<Ccm<Aes256, U16, U12>>(key, nonce, aad, plain),
            Self::Aes128Ccm8 => seal::<Ccm<Aes128, U8, U12>>(key, nonce, aad, plain),
            Self::Aes256Ccm8 => seal::<Ccm<Aes256, U8, U12>>(key, nonce, aad, plain),
            Self::ChaCha20Poly1305 => seal::<ChaCha20Poly1305>(key, nonce, aad, plain),
        }
    }
}

fn seal<A>(key: &[u8], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>>
where
    A: aes_gcm::aead::Aead + KeyInit,
{
    let nonce = Nonce::<A>::try_from(&nonce[..]).ok()?;
    A::new_from_slice(key).ok()?.encrypt(&nonce, Payload { msg: plain, aad }).ok()
}

fn open<A>(key: &[u8], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>>
where
    A: aes_gcm::aead::Aead + KeyInit,
{
    let nonce = Nonce::<A>::try_from(&nonce[..]).ok()?;
    A::new_from_slice(key).ok()?.decrypt(&nonce, Payload { msg: sealed, aad }).ok()
}

/// The nonce of a record: the sequence number, from the right, over the IV (RFC 9846, RFC 8446 section 5.3, RFC 7905
/// section 2).
pub(crate) fn xor_nonce(iv: &[u8; 12], sequence: u64) -> [u8; 12] {
    let mut nonce = *iv;
    for (byte, number) in nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()) {
        *byte ^= number;
    }
    nonce
}
