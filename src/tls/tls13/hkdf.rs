//! HKDF with the labels of TLS 1.3 (RFC 5869, RFC 9846, RFC 8446 section 7.1).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroize;

use crate::secret::Secret;

/// The hash of a TLS 1.3 cipher suite: transcript, HKDF and Finished use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
}

impl Hash {
    /// The hash of a TLS 1.3 cipher suite (RFC 9846, RFC 8446 appendix B.4, RFC 9150).
    #[must_use]
    pub const fn of_suite(id: u16) -> Option<Self> {
        match id {
            0x1301 | 0x1303..=0x1305 | 0xc0b4 => Some(Self::Sha256),
            0x1302 | 0xc0b5 => Some(Self::Sha384),
            _ => None,
        }
    }

    /// The hash of TLS 1.3 with that many bytes.
    pub(crate) fn of_length(length: usize) -> Option<Self> {
        [Self::Sha256, Self::Sha384].into_iter().find(|hash| hash.len() == length)
    }

    /// Bytes in a hash, and in every secret of the key schedule.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a hash is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    pub(crate) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
        }
    }

    /// HKDF-Extract (RFC 5869 section 2.2).
    pub(crate) fn extract(self, salt: &[u8], input: &[u8]) -> Secret {
        match self {
            Self::Sha256 => taken(Hkdf::<Sha256>::extract(Some(salt), input).0.as_mut_slice()),
            Self::Sha384 => taken(Hkdf::<Sha384>::extract(Some(salt), input).0.as_mut_slice()),
        }
    }

    /// HKDF-Expand-Label (RFC 9846, RFC 8446 section 7.1).
    ///
    /// `secret` is as long as the hash, `length` at most 255, `label` and `context` at most 249 and 255 bytes long.
    pub(crate) fn expand_label(self, secret: &Secret, label: &str, context: &[u8], length: u8) -> Secret {
        const PREFIX: &str = "tls13 ";
        let label_length = u8::try_from(PREFIX.len() + label.len()).unwrap_or(u8::MAX);
        let context_length = u8::try_from(context.len()).unwrap_or(u8::MAX);
        let info = [
            &[0, length, label_length][..],
            PREFIX.as_bytes(),
            label.as_bytes(),
            &[context_length],
            context.get(..context_length.into()).unwrap_or_default(),
        ];
        let mut out = Secret::zeroed(length.into());
        let done = match self {
            Self::Sha256 => {
                Hkdf::<Sha256>::from_prk(secret.as_bytes()).map(|k| k.expand_multi_info(&info, out.as_mut_bytes()))
            }
            Self::Sha384 => {
                Hkdf::<Sha384>::from_prk(secret.as_bytes()).map(|k| k.expand_multi_info(&info, out.as_mut_bytes()))
            }
        };
        debug_assert!(matches!(done, Ok(Ok(()))), "secrets are as long as the hash, outputs shorter than 255 hashes");
        out
    }

    /// Derive-Secret (RFC 9846, RFC 8446 section 7.1) with the hash of the messages at hand.
    pub(crate) fn derive_secret(self, secret: &Secret, label: &str, transcript_hash: &[u8]) -> Secret {
        self.expand_label(secret, label, transcript_hash, self.len_u8())
    }

    /// Whether a Finished message or a binder is right (RFC 9846, RFC 8446 section 4.4.4), compared in constant time.
    pub(crate) fn verify_finished(self, base_key: &Secret, transcript_hash: &[u8], verify_data: &[u8]) -> bool {
        let key = self.expand_label(base_key, "finished", &[], self.len_u8());
        match self {
            Self::Sha256 => verify_mac::<Hmac<Sha256>>(&key, transcript_hash, verify_data),
            Self::Sha384 => verify_mac::<Hmac<Sha384>>(&key, transcript_hash, verify_data),
        }
    }

    pub(super) const fn len_u8(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A copy, and the original wiped.
fn taken(output: &mut [u8]) -> Secret {
    let secret = Secret::from(&*output);
    output.zeroize();
    secret
}

fn verify_mac<M: Mac + KeyInit>(key: &Secret, message: &[u8], tag: &[u8]) -> bool {
    M::new_from_slice(key.as_bytes()).is_ok_and(|mac| mac.chain_update(message).verify_slice(tag).is_ok())
}
