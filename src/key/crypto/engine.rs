//! What a key does with a ticket: it proves that the ticket was sealed under it, and decrypts it.

use zeroize::Zeroizing;

use super::aead::AeadKey;
use super::room::set_length;
use super::{LazyCipher, MacKey};
use crate::key::layout::Parts;
use crate::key::scheme::{Derivation, Hash, Protection, Scheme};
use crate::ticket::{Arrangement, Malformed, Ticket};

/// A key set up for its scheme.
pub(in crate::key) enum Engine {
    /// A cipher, and a MAC for proof.
    Mac { cipher: LazyCipher, mac: MacKey },
    /// An AEAD, whose tag is the proof. Boxed, since most keys are of the other kind and lie close together.
    Aead(Box<AeadKey>),
    /// Nothing by itself: keys are derived from it.
    Master,
}

impl Engine {
    /// `None` if the cipher has no key of that length.
    pub(in crate::key) fn new(parts: &Parts<'_>, scheme: &Scheme) -> Option<Self> {
        Some(match scheme.protection {
            _ if matches!(scheme.derivation, Derivation::Epochs | Derivation::NearEpochs) => Self::Master,
            Protection::Mac { mode, hash } => {
                Self::Mac { cipher: LazyCipher::new(parts.aes, mode)?, mac: MacKey::new(parts.hmac, hash)? }
            }
            Protection::Aead(sealing) => Self::Aead(Box::new(AeadKey::new(parts.aes, parts.hmac, sealing)?)),
        })
    }

    /// The MAC key, if the proof is a MAC.
    #[inline]
    pub(in crate::key) fn mac(&self) -> Option<&MacKey> {
        match self {
            Self::Mac { mac, .. } => Some(mac),
            Self::Aead(_) | Self::Master => None,
        }
    }

    /// Splits a ticket the way the key does.
    #[allow(clippy::inline_always, reason = "inlined, so that a result of this size is not handed through memory")]
    #[inline(always)]
    pub(in crate::key) fn split<'t>(
        &self,
        bytes: &'t [u8],
        arrangement: Arrangement,
        tag_length: usize,
    ) -> Result<Ticket<'t>, Malformed> {
        let ticket = Ticket::split_as(bytes, arrangement, tag_length)?;
        match self {
            Self::Mac { cipher, .. } if cipher.wants_whole_blocks() => ticket.whole_blocks(),
            _ => Ok(ticket),
        }
    }

    /// Whether MAC or tag are right.
    #[inline]
    pub(in crate::key) fn proves(&self, ticket: &Ticket<'_>) -> bool {
        match self {
            Self::Mac { mac, .. } if ticket.arrangement() != Arrangement::PlaintextMac => mac.verify(ticket),
            Self::Mac { cipher, mac } => proves_plaintext(cipher, mac, ticket),
            Self::Aead(key) => {
                key.may_have_sealed(ticket) && key.open(ticket, &mut Zeroizing::new(Vec::new())).is_some()
            }
            Self::Master => false,
        }
    }

    /// Decrypts into `buffer`, in the place of what it held; `None` if the padding or an AEAD's tag is not right.
    #[inline]
    pub(in crate::key) fn decrypt<'b>(&self, ticket: &Ticket<'_>, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        match self {
            Self::Mac { cipher, .. } => {
                let (iv, ciphertext) = (ticket.iv(), ticket.ciphertext());
                set_length(buffer, ciphertext.len());
                cipher.decrypt(iv, ciphertext, buffer)
            }
            Self::Aead(key) => key.open(ticket, buffer),
            Self::Master => None,
        }
    }

    pub(in crate::key) fn cipher_name(&self) -> &'static str {
        match self {
            Self::Mac { cipher, .. } => cipher.name(),
            Self::Aead(key) => key.cipher_name(),
            Self::Master => "AES-256-CBC",
        }
    }

    pub(in crate::key) fn proof_name(&self) -> &'static str {
        match self {
            Self::Mac { mac, .. } => mac.name(),
            Self::Aead(key) => key.proof_name(),
            Self::Master => Hash::Sha1.mac_name(),
        }
    }
}

/// Checks a MAC that covers the plaintext: the ticket is decrypted first, whoever may have made it.
#[cold]
fn proves_plaintext(cipher: &LazyCipher, mac: &MacKey, ticket: &Ticket<'_>) -> bool {
    let header = ticket.header();
    let mut message = Zeroizing::new(vec![0; header.len() + ticket.ciphertext().len()]);
    let Some((before, plaintext)) = message.split_at_mut_checked(header.len()) else { return false };
    before.copy_from_slice(header);
    cipher.decrypt(ticket.iv(), ticket.ciphertext(), plaintext).is_some() && mac.verify_message(&message, ticket.mac())
}
