//! Records in CBC mode, or without a cipher, with HMAC (RFC 9846, RFC 5246 section 6.2.3, RFC 7366).

use aes::{Aes128Dec, Aes256Dec};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, KeyInit, KeyIvInit, consts::U16};
use hmac::{Hmac, Mac};
use zeroize::Zeroizing;

/// The hash of a record's HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MacHash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

impl MacHash {
    /// Bytes in a MAC, and in its key.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// Checks the MAC of a record's content, in constant time. `header` is what goes before the length: sequence
    /// number, type and version.
    pub(super) fn verify(self, key: &[u8], header: &[u8; 11], content: &[u8], mac: &[u8]) -> bool {
        match self {
            Self::Md5 => verify::<Hmac<md5::Md5>>(key, header, content, mac),
            Self::Sha1 => verify::<Hmac<sha1::Sha1>>(key, header, content, mac),
            Self::Sha256 => verify::<Hmac<sha2::Sha256>>(key, header, content, mac),
            Self::Sha384 => verify::<Hmac<sha2::Sha384>>(key, header, content, mac),
        }
    }

    /// Whether `protected` ends in the MAC of what precedes it.
    pub(super) fn ends(self, key: &[u8], header: &[u8; 11], protected: &[u8]) -> bool {
        let split = protected.len().checked_sub(self.length()).and_then(|at| protected.split_at_checked(at));
        split.is_some_and(|(content, mac)| self.verify(key, header, content, mac))
    }
}

fn verify<M: Mac + KeyInit>(key: &[u8], header: &[u8], content: &[u8], mac: &[u8]) -> bool {
    let Ok(length) = u16::try_from(content.len()) else { return false };
    let Ok(keyed) = M::new_from_slice(key) else { return false };
    keyed.chain_update(header).chain_update(length.to_be_bytes()).chain_update(content).verify_slice(mac).is_ok()
}

/// Decrypts and takes the padding off, each byte of which is its length less one; `None` if it is not so.
pub(super) fn decrypt(key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    match key.len() {
        16 => decrypt_in_place::<Aes128Dec>(key, iv, &mut plaintext),
        _ => decrypt_in_place::<Aes256Dec>(key, iv, &mut plaintext),
    }?;
    let &padding = plaintext.last()?;
    let length = plaintext.len().checked_sub(usize::from(padding) + 1)?;
    if plaintext.get(length..)?.iter().any(|&byte| byte != padding) {
        return None;
    }
    plaintext.truncate(length);
    Some(plaintext)
}

fn decrypt_in_place<C>(key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Option<()>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let mode = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    mode.decrypt_padded::<NoPadding>(buffer).ok().map(|_| ())
}
