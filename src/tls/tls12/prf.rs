//! The pseudorandom function (RFC 2246 section 5, RFC 9846, RFC 5246 section 5).

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Which PRF a connection uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    /// TLS 1.0 and 1.1: MD5 over one half of the secret, SHA-1 over the other.
    Md5Sha1,
    /// TLS 1.2, unless the cipher suite says otherwise.
    Sha256,
    /// TLS 1.2 with suites whose name ends in SHA384.
    Sha384,
}

impl Prf {
    /// `length` bytes for a secret, a label and a seed.
    pub(super) fn expand(self, secret: &[u8], label: &str, seed: &[&[u8]], length: usize) -> Secret {
        let seed = [&[label.as_bytes()], seed].concat().concat();
        let mut out = Secret::zeroed(length);
        match self {
            Self::Sha256 => xor_p_hash::<Hmac<Sha256>>(secret, &seed, out.as_mut_bytes()),
            Self::Sha384 => xor_p_hash::<Hmac<Sha384>>(secret, &seed, out.as_mut_bytes()),
            Self::Md5Sha1 => {
                // the halves share a byte where the length is odd
                let half = secret.len().div_ceil(2);
                let (first, _) = secret.split_at_checked(half).unwrap_or_default();
                let (_, second) = secret.split_at_checked(secret.len() - half).unwrap_or_default();
                xor_p_hash::<Hmac<Md5>>(first, &seed, out.as_mut_bytes());
                xor_p_hash::<Hmac<Sha1>>(second, &seed, out.as_mut_bytes());
            }
        }
        out
    }
}

/// `P_hash`, by XOR into `out`.
fn xor_p_hash<M: Mac + KeyInit + Clone>(secret: &[u8], seed: &[u8], out: &mut [u8]) {
    // HMAC takes keys of any length
    let Ok(keyed) = M::new_from_slice(secret) else { return };
    let mut a = Zeroizing::new(keyed.clone().chain_update(seed).finalize().into_bytes().to_vec());
    for chunk in out.chunks_mut(a.len()) {
        let block =
            Zeroizing::new(keyed.clone().chain_update(&a[..]).chain_update(seed).finalize().into_bytes().to_vec());
        for (byte, stream) in chunk.iter_mut().zip(block.iter()) {
            *byte ^= stream;
        }
        a = Zeroizing::new(keyed.clone().chain_update(&a[..]).finalize().into_bytes().to_vec());
    }
}
