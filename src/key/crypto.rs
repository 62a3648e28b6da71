//! The two primitives of a ticket: a block cipher in CBC mode and a MAC, keyed once and used for every ticket.

use aes::{Aes128Dec, Aes192Dec, Aes256Dec};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, InnerIvInit, KeyInit, consts::U16};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// An AES key, its schedule expanded; the `zeroize` feature wipes it.
pub(super) enum CipherKey {
    Aes128(Aes128Dec),
    Aes192(Aes192Dec),
    Aes256(Aes256Dec),
}

impl CipherKey {
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        Aes128Dec::new_from_slice(key)
            .map(Self::Aes128)
            .or_else(|_| Aes192Dec::new_from_slice(key).map(Self::Aes192))
            .or_else(|_| Aes256Dec::new_from_slice(key).map(Self::Aes256))
            .ok()
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Aes128(_) => "AES-128-CBC",
            Self::Aes192(_) => "AES-192-CBC",
            Self::Aes256(_) => "AES-256-CBC",
        }
    }

    /// Decrypts in place and takes the PKCS#7 padding off; `None` where it is not valid.
    pub(super) fn decrypt<'b>(&self, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        match self {
            Self::Aes128(cipher) => cbc(cipher, iv, buffer),
            Self::Aes192(cipher) => cbc(cipher, iv, buffer),
            Self::Aes256(cipher) => cbc(cipher, iv, buffer),
        }
    }
}

fn cbc<'b, C>(cipher: &C, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    mode.decrypt_padded::<Pkcs7>(buffer).ok()
}

/// A MAC key, its inner and outer state precomputed.
pub(super) enum MacKey {
    HmacSha256(Hmac<Sha256>),
}

impl MacKey {
    pub(super) fn hmac_sha256(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).map(Self::HmacSha256).ok()
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::HmacSha256(_) => "HMAC-SHA256",
        }
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::HmacSha256(keyed) => keyed.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }
}
