//! A short public hash of a key, to compare hosts without showing secrets.

use std::fmt;

use sha2::{Digest, Sha256};

use super::layout::Parts;

/// The first 16 bytes of SHA-256 over a domain separator and the parts of a key in canonical order (name, AES key,
/// HMAC key, each with its length), so that one key has one fingerprint however its file orders the parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub(super) fn of(parts: &Parts<'_>) -> Self {
        Self::hash(&[parts.name.unwrap_or_default(), parts.aes, parts.hmac])
    }

    /// That of the secrets alone, whatever the key is called.
    pub(super) fn of_secrets(parts: &Parts<'_>) -> Self {
        Self::hash(&[parts.aes, parts.hmac])
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"tktdump ticket key fingerprint v1\0");
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut short = [0; 16];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(short)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
