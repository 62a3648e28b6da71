//! The two primitives of a ticket, a block cipher in some mode and a MAC, keyed once and used for every ticket.

use aes::{Aes128Dec, Aes128Enc, Aes192Dec, Aes192Enc, Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::{NoPadding, Padding, Pkcs7};
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher,
    StreamCipherCoreWrapper, consts::U16,
};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::scheme::{Hash, Mode};
use crate::ticket::{Ticket, Wire};

/// An AES key in its mode, its schedule expanded; the `zeroize` feature wipes it.
pub(super) enum CipherKey {
    Cbc128(Aes128Dec, Fill),
    Cbc192(Aes192Dec, Fill),
    Cbc256(Aes256Dec, Fill),
    Ctr128(Aes128Enc),
    Ctr192(Aes192Enc),
    Ctr256(Aes256Enc),
}

/// What fills the last block.
#[derive(Clone, Copy)]
pub(super) enum Fill {
    /// PKCS#7.
    Pkcs7,
    /// Zeros, which nothing tells from zeros of the plaintext: they stay.
    Zeros,
}

impl CipherKey {
    pub(super) fn new(key: &[u8], mode: Mode) -> Option<Self> {
        let fill = match mode {
            Mode::Ctr => return Self::counter(key),
            Mode::Cbc => Fill::Pkcs7,
            Mode::CbcZeroPadded => Fill::Zeros,
        };
        Aes128Dec::new_from_slice(key)
            .map(|cipher| Self::Cbc128(cipher, fill))
            .or_else(|_| Aes192Dec::new_from_slice(key).map(|cipher| Self::Cbc192(cipher, fill)))
            .or_else(|_| Aes256Dec::new_from_slice(key).map(|cipher| Self::Cbc256(cipher, fill)))
            .ok()
    }

    fn counter(key: &[u8]) -> Option<Self> {
        Aes128Enc::new_from_slice(key)
            .map(Self::Ctr128)
            .or_else(|_| Aes192Enc::new_from_slice(key).map(Self::Ctr192))
            .or_else(|_| Aes256Enc::new_from_slice(key).map(Self::Ctr256))
            .ok()
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Cbc128(..) => "AES-128-CBC",
            Self::Cbc192(..) => "AES-192-CBC",
            Self::Cbc256(..) => "AES-256-CBC",
            Self::Ctr128(_) => "AES-128-CTR",
            Self::Ctr192(_) => "AES-192-CTR",
            Self::Ctr256(_) => "AES-256-CTR",
        }
    }

    /// Whether ciphertexts are whole blocks.
    pub(super) fn wants_whole_blocks(&self) -> bool {
        matches!(self, Self::Cbc128(..) | Self::Cbc192(..) | Self::Cbc256(..))
    }

    /// Decrypts in place and takes PKCS#7 padding off; `None` where it is not valid.
    pub(super) fn decrypt<'b>(&self, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        match self {
            Self::Cbc128(cipher, fill) => cbc(cipher, *fill, iv, buffer),
            Self::Cbc192(cipher, fill) => cbc(cipher, *fill, iv, buffer),
            Self::Cbc256(cipher, fill) => cbc(cipher, *fill, iv, buffer),
            Self::Ctr128(cipher) => counter(cipher, iv, buffer),
            Self::Ctr192(cipher) => counter(cipher, iv, buffer),
            Self::Ctr256(cipher) => counter(cipher, iv, buffer),
        }
    }
}

fn cbc<'b, C>(cipher: &C, fill: Fill, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    match fill {
        Fill::Pkcs7 => cbc_padded::<C, Pkcs7>(cipher, iv, buffer),
        Fill::Zeros => cbc_padded::<C, NoPadding>(cipher, iv, buffer),
    }
}

fn cbc_padded<'b, C, P>(cipher: &C, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
    P: Padding,
{
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    mode.decrypt_padded::<P>(buffer).ok()
}

fn counter<'b, C>(cipher: &C, iv: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let core = CtrCore::<_, Ctr128BE>::inner_iv_slice_init(cipher, iv).ok()?;
    StreamCipherCoreWrapper::from_core(core).try_apply_keystream(buffer).ok()?;
    Some(buffer)
}

/// A MAC key, its inner and outer state precomputed.
pub(super) enum MacKey {
    HmacSha1(Hmac<Sha1>),
    HmacSha256(Hmac<Sha256>),
    HmacSha384(Hmac<Sha384>),
    HmacSha512(Hmac<Sha512>),
}

impl MacKey {
    pub(super) fn new(key: &[u8], hash: Hash) -> Option<Self> {
        match hash {
            Hash::Sha1 => Hmac::new_from_slice(key).map(Self::HmacSha1).ok(),
            Hash::Sha256 => Hmac::new_from_slice(key).map(Self::HmacSha256).ok(),
            Hash::Sha384 => Hmac::new_from_slice(key).map(Self::HmacSha384).ok(),
            Hash::Sha512 => Hmac::new_from_slice(key).map(Self::HmacSha512).ok(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::HmacSha1(_) => "HMAC-SHA1",
            Self::HmacSha256(_) => "HMAC-SHA256",
            Self::HmacSha384(_) => "HMAC-SHA384",
            Self::HmacSha512(_) => "HMAC-SHA512",
        }
    }

    /// Compares the ticket's MAC in constant time.
    pub(super) fn verify(&self, ticket: &Ticket<'_>) -> bool {
        match self {
            Self::HmacSha1(keyed) => verify(keyed, ticket),
            Self::HmacSha256(keyed) => verify(keyed, ticket),
            Self::HmacSha384(keyed) => verify(keyed, ticket),
            Self::HmacSha512(keyed) => verify(keyed, ticket),
        }
    }
}

fn verify<M: Mac + Clone>(keyed: &M, ticket: &Ticket<'_>) -> bool {
    let mac = keyed.clone();
    let mac = if ticket.wire() == Wire::UnsentLength {
        let (header, length, ciphertext) = ticket.authenticated_pieces();
        mac.chain_update(header).chain_update(length).chain_update(ciphertext)
    } else {
        mac.chain_update(ticket.authenticated())
    };
    mac.verify_slice(ticket.mac()).is_ok()
}
