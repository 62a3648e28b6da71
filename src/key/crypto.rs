//! The two primitives of a ticket, a block cipher in some mode and a MAC, keyed once and used for every ticket.

mod aead;
mod engine;
mod room;
mod sha256;

use std::sync::OnceLock;

use aes::{Aes128Dec, Aes128Enc, Aes192Dec, Aes192Enc, Aes256Dec, Aes256Enc};
use cbc::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, InOutBuf, InnerIvInit, KeyInit, StreamCipher,
    StreamCipherCoreWrapper, consts::U16,
};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha384, Sha512};
use zeroize::Zeroizing;

pub(super) use self::engine::Engine;
use self::sha256::{Case, HmacSha256};
use super::scheme::{Hash, Mode};
use crate::ticket::{Arrangement, Ticket};

/// Bytes of an AES block.
const BLOCK_LENGTH: u8 = 16;
/// Bytes of the longest AES key.
const LONGEST_KEY: usize = 32;

/// An AES key in its mode, its schedule expanded; the `zeroize` feature wipes it.
pub(super) enum CipherKey {
    Cbc128(Aes128Dec, Fill),
    Cbc192(Aes192Dec, Fill),
    Cbc256(Aes256Dec, Fill),
    Ctr128(Aes128Enc),
    Ctr192(Aes192Enc),
    Ctr256(Aes256Enc),
}

/// A cipher key that is set up when the first ticket is decrypted with it: of many keys few ever meet a ticket, and a
/// schedule takes a kilobyte.
pub(super) struct LazyCipher {
    /// In place, as all else of a key: of a hundred thousand, each would be a piece of memory of its own.
    key: Zeroizing<[u8; LONGEST_KEY]>,
    length: usize,
    mode: Mode,
    ready: OnceLock<Option<Box<CipherKey>>>,
}

impl LazyCipher {
    /// `None` if AES has no key of that length.
    pub(super) fn new(key: &[u8], mode: Mode) -> Option<Self> {
        let length = Some(key.len()).filter(|&length| matches!(length, 16 | 24 | LONGEST_KEY))?;
        let mut own = Zeroizing::new([0; LONGEST_KEY]);
        own.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Some(Self { key: own, length, mode, ready: OnceLock::new() })
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.length).unwrap_or_default()
    }

    #[inline]
    pub(super) fn decrypt<'b>(&self, iv: &[u8], ciphertext: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let cipher = self.ready.get_or_init(|| CipherKey::new(self.key(), self.mode).map(Box::new));
        cipher.as_ref()?.decrypt(iv, ciphertext, buffer)
    }

    pub(super) fn name(&self) -> &'static str {
        match (self.mode, self.length) {
            (Mode::Ctr, 16) => "AES-128-CTR",
            (Mode::Ctr, 24) => "AES-192-CTR",
            (Mode::Ctr, _) => "AES-256-CTR",
            (Mode::Cbc | Mode::CbcZeroPadded, 16) => "AES-128-CBC",
            (Mode::Cbc | Mode::CbcZeroPadded, 24) => "AES-192-CBC",
            (Mode::Cbc | Mode::CbcZeroPadded, _) => "AES-256-CBC",
        }
    }

    /// Whether ciphertexts are whole blocks.
    #[inline]
    pub(super) fn wants_whole_blocks(&self) -> bool {
        matches!(self.mode, Mode::Cbc | Mode::CbcZeroPadded)
    }
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

    /// Decrypts into `buffer`, which is as long as the ciphertext, and takes PKCS#7 padding off; `None` if it is not
    /// valid.
    pub(super) fn decrypt<'b>(&self, iv: &[u8], ciphertext: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        match self {
            Self::Cbc128(cipher, fill) => cbc(cipher, *fill, iv, ciphertext, buffer),
            Self::Cbc192(cipher, fill) => cbc(cipher, *fill, iv, ciphertext, buffer),
            Self::Cbc256(cipher, fill) => cbc(cipher, *fill, iv, ciphertext, buffer),
            Self::Ctr128(cipher) => counter(cipher, iv, ciphertext, buffer),
            Self::Ctr192(cipher) => counter(cipher, iv, ciphertext, buffer),
            Self::Ctr256(cipher) => counter(cipher, iv, ciphertext, buffer),
        }
    }
}

/// CBC without the copies of a mode that may work in place: the blocks go through the cipher together, and are mixed with
/// the ciphertext afterwards.
fn cbc<'b, C>(cipher: &C, fill: Fill, iv: &[u8], ciphertext: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let (sealed, []) = Array::slice_as_chunks(ciphertext) else { return None };
    let (blocks, []) = Array::slice_as_chunks_mut(buffer) else { return None };
    cipher.decrypt_blocks_b2b(sealed, blocks).ok()?;
    let (first, rest) = blocks.split_first_mut()?;
    mix(first, iv.try_into().ok()?);
    rest.iter_mut().zip(sealed).for_each(|(block, before)| mix(block, before));
    match fill {
        Fill::Pkcs7 => without_padding(blocks),
        Fill::Zeros => Some(Array::slice_as_flattened(blocks)),
    }
}

/// Takes PKCS#7 padding off (RFC 5652 section 6.3). All of the last block is looked at in one step, however much of it is
/// padding: that differs from ticket to ticket, and a processor would guess it wrong time and again.
fn without_padding(blocks: &[Array<u8, U16>]) -> Option<&[u8]> {
    let last = blocks.last()?;
    let length = *last.last()?;
    let before = BLOCK_LENGTH.checked_sub(length)?;
    let differs = u128::from_be_bytes(last.0) ^ u128::from_be_bytes([length; 16]);
    // no padding at all is none either
    if differs.checked_shl(u8::BITS * u32::from(before))? != 0 {
        return None;
    }
    let bytes = Array::slice_as_flattened(blocks);
    bytes.get(..bytes.len() - usize::from(length))
}

/// XOR.
fn mix(block: &mut Array<u8, U16>, before: &Array<u8, U16>) {
    block.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
}

fn counter<'b, C>(cipher: &C, iv: &[u8], ciphertext: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let core = CtrCore::<_, Ctr128BE>::inner_iv_slice_init(cipher, iv).ok()?;
    let both = InOutBuf::new(ciphertext, buffer).ok()?;
    StreamCipherCoreWrapper::from_core(core).try_apply_keystream_inout(both).ok()?;
    Some(buffer)
}

/// A MAC key, its inner and outer state precomputed. The rare ones are boxed, since they are larger.
pub(super) enum MacKey {
    HmacSha1(Box<Hmac<Sha1>>),
    HmacSha256(HmacSha256),
    HmacSha384(Box<Hmac<Sha384>>),
    HmacSha512(Box<Hmac<Sha512>>),
}

impl MacKey {
    pub(super) fn new(key: &[u8], hash: Hash) -> Option<Self> {
        match hash {
            Hash::Sha1 => Hmac::new_from_slice(key).map(|keyed| Self::HmacSha1(Box::new(keyed))).ok(),
            Hash::Sha256 => Some(Self::HmacSha256(HmacSha256::new(key))),
            Hash::Sha384 => Hmac::new_from_slice(key).map(|keyed| Self::HmacSha384(Box::new(keyed))).ok(),
            Hash::Sha512 => Hmac::new_from_slice(key).map(|keyed| Self::HmacSha512(Box::new(keyed))).ok(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        let hash = match self {
            Self::HmacSha1(_) => Hash::Sha1,
            Self::HmacSha256(_) => Hash::Sha256,
            Self::HmacSha384(_) => Hash::Sha384,
            Self::HmacSha512(_) => Hash::Sha512,
        };
        hash.mac_name()
    }

    /// Compares the ticket's MAC in constant time.
    pub(super) fn verify(&self, ticket: &Ticket<'_>) -> bool {
        match ticket.arrangement() {
            Arrangement::UnsentLength => {
                let (header, length, ciphertext) = ticket.authenticated_pieces();
                self.verify_message(&[header, &length, ciphertext].concat(), ticket.mac())
            }
            Arrangement::CiphertextMac => self.verify_message(ticket.ciphertext(), ticket.mac()),
            _ => self.verify_message(ticket.authenticated(), ticket.mac()),
        }
    }

    /// Compares the MAC of a message in constant time.
    pub(super) fn verify_message(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::HmacSha1(keyed) => verify(&**keyed, message, tag),
            Self::HmacSha256(key) => HmacSha256::verify([Case { key, message, tag }]) == [true],
            Self::HmacSha384(keyed) => verify(&**keyed, message, tag),
            Self::HmacSha512(keyed) => verify(&**keyed, message, tag),
        }
    }

    /// Verifies two tickets at once, each under its key; `None` if that is not faster.
    pub(super) fn verify_both([(one, first), (other, second)]: [(&Self, &Ticket<'_>); 2]) -> Option<[bool; 2]> {
        let (Self::HmacSha256(one), Self::HmacSha256(other)) = (one, other) else { return None };
        let covered = |ticket: &&Ticket<'_>| !ticket.arrangement().is_mac_elsewhere();
        let whole = [first, second].iter().all(covered);
        let cases = [(one, first), (other, second)];
        let cases = cases.map(|(key, ticket)| Case { key, message: ticket.authenticated(), tag: ticket.mac() });
        whole.then(|| HmacSha256::verify(cases))
    }
}

fn verify<M: Mac + Clone>(keyed: &M, message: &[u8], tag: &[u8]) -> bool {
    keyed.clone().chain_update(message).verify_slice(tag).is_ok()
}

#[cfg(test)]
mod tests {
    use aes::{Aes128, Aes192, Aes256};
    use cbc::cipher::block_padding::{NoPadding, Padding, Pkcs7};
    use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
    use proptest::prelude::*;

    use super::*;

    fn is_cbc<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit>(key: &[u8]) {
        let iv: Vec<u8> = (100..116).collect();
        let cipher = CipherKey::new(key, Mode::Cbc).unwrap();
        // blocks go through the cipher by eights and more
        for length in 0..1100 {
            let plaintext: Vec<u8> = (0..=u8::MAX).cycle().step_by(3).take(length).collect();
            let sealed =
                cbc::Encryptor::<C>::new_from_slices(key, &iv).unwrap().encrypt_padded_vec::<Pkcs7>(&plaintext);
            let mut buffer = vec![0xff; sealed.len()];
            assert_eq!(cipher.decrypt(&iv, &sealed, &mut buffer), Some(plaintext.as_slice()), "{length}");
        }
    }

    proptest! {
        #[test]
        fn padding_is_what_rfc_5652_says(
            before in 0..3_usize,
            mut last in any::<[u8; 16]>(),
            length in 0..=18_u8,
            wrong in proptest::option::of(0..16_usize),
        ) {
            last.iter_mut().rev().take(length.into()).for_each(|byte| *byte = length);
            if let Some(at) = wrong {
                last[at] ^= 1;
            }
            let mut blocks = vec![Array::from([7; 16]); before];
            blocks.push(Array::from(last));
            prop_assert_eq!(without_padding(&blocks), Pkcs7::unpad_blocks(&blocks).ok());
        }
    }

    #[test]
    fn decrypts_what_cbc_encrypts() {
        is_cbc::<Aes128>(&[1; 16]);
        is_cbc::<Aes192>(&[2; 24]);
        is_cbc::<Aes256>(&[3; 32]);
    }

    #[test]
    fn wrong_padding_and_partial_blocks_give_nothing() {
        let (key, iv) = ([1; 16], [2; 16]);
        let cipher = CipherKey::new(&key, Mode::Cbc).unwrap();
        let mode = cbc::Encryptor::<Aes128>::new_from_slices(&key, &iv).unwrap();
        let sealed = mode.encrypt_padded_vec::<NoPadding>(&[3; 32]);
        let mut buffer = vec![0; 32];
        assert_eq!(cipher.decrypt(&iv, &sealed, &mut buffer), Some(&[3; 29][..]));
        assert_eq!(cipher.decrypt(&iv, &sealed[..31], &mut buffer[..31]), None);
        assert_eq!(cipher.decrypt(&iv, &sealed[..16], &mut buffer), None);
        assert_eq!(cipher.decrypt(&iv[..15], &sealed, &mut buffer), None);
        assert_eq!(cipher.decrypt(&iv, &[], &mut []), None);
        let mode = cbc::Encryptor::<Aes128>::new_from_slices(&key, &iv).unwrap();
        let sealed = mode.encrypt_padded_vec::<NoPadding>(&[17; 32]);
        assert_eq!(cipher.decrypt(&iv, &sealed, &mut buffer), None);
        let kept = CipherKey::new(&key, Mode::CbcZeroPadded).unwrap();
        assert_eq!(kept.decrypt(&iv, &sealed, &mut buffer), Some(&[17; 32][..]));
    }
}
