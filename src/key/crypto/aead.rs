//! Keys of families that seal with an AEAD (RFC 5116): cipher and MAC are one, and a tag that verifies is the proof.

use std::borrow::Cow;

use aes::Aes192;
use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadCore, AeadInOut, KeyInit, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::room::set_length;
use crate::key::scheme::{Algorithm, AssociatedData, KeySource, Sealing};
use crate::ticket::Ticket;

type Aes192Gcm = AesGcm<Aes192, U12>;
/// Erlang's nonces are as long as an IV of CBC.
type Aes256GcmLongNonce = AesGcm<aes::Aes256, U16>;
type Aes128Ccm = Ccm<aes::Aes128, U16, U12>;
type Aes192Ccm = Ccm<Aes192, U16, U12>;
type Aes256Ccm = Ccm<aes::Aes256, U16, U12>;

/// An AEAD key, and what the family does with it.
pub(in crate::key) struct AeadKey {
    sealing: Sealing,
    key: Key,
    /// The second secret: what goes under the tag beside the ticket, or the nonce of all tickets.
    second: Zeroizing<Vec<u8>>,
}

/// The key itself.
enum Key {
    /// The key of all tickets, set up once.
    Ready(Cipher),
    /// What the key of each ticket is derived from.
    Raw(Zeroizing<Vec<u8>>),
}

impl AeadKey {
    /// `None` if the algorithm has no key of that length.
    pub(in crate::key) fn new(key: &[u8], second: &[u8], sealing: Sealing) -> Option<Self> {
        let ready = Cipher::new(key, sealing.algorithm)?;
        let key = match sealing.key {
            KeySource::Itself => Key::Ready(ready),
            KeySource::Salted | KeySource::Padded => Key::Raw(Zeroizing::new(key.to_vec())),
        };
        Some(Self { sealing, key, second: Zeroizing::new(second.to_vec()) })
    }

    /// Whether a ticket is long enough for a session of the family.
    pub(in crate::key) fn may_have_sealed(&self, ticket: &Ticket<'_>) -> bool {
        ticket.ciphertext().len() >= self.sealing.shortest.into()
    }

    /// The cipher, such as `AES-256-GCM`.
    pub(in crate::key) fn cipher_name(&self) -> &'static str {
        self.names().0
    }

    /// What proves a ticket, such as `AES-256-GCM tag`.
    pub(in crate::key) fn proof_name(&self) -> &'static str {
        self.names().1
    }

    fn names(&self) -> (&'static str, &'static str) {
        let length = match &self.key {
            Key::Ready(cipher) => cipher.key_length(),
            Key::Raw(key) => key.len(),
        };
        match (self.sealing.algorithm, length) {
            (Algorithm::AesGcm, 16) => ("AES-128-GCM", "AES-128-GCM tag"),
            (Algorithm::AesGcm, 24) => ("AES-192-GCM", "AES-192-GCM tag"),
            (Algorithm::AesGcm | Algorithm::AesGcmLongNonce, _) => ("AES-256-GCM", "AES-256-GCM tag"),
            (Algorithm::AesCcm, 16) => ("AES-128-CCM", "AES-128-CCM tag"),
            (Algorithm::AesCcm, 24) => ("AES-192-CCM", "AES-192-CCM tag"),
            (Algorithm::AesCcm, _) => ("AES-256-CCM", "AES-256-CCM tag"),
            (Algorithm::ChaCha20Poly1305, _) => ("ChaCha20-Poly1305", "ChaCha20-Poly1305 tag"),
        }
    }

    /// Checks the tag and decrypts into `buffer`, in the place of what it held. If the tag does not verify, the buffer
    /// holds zeros.
    pub(in crate::key) fn open<'b>(&self, ticket: &Ticket<'_>, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        let ciphertext = ticket.ciphertext();
        buffer.clear();
        set_length(buffer, ciphertext.len());
        let aad = self.associated_data(ticket);
        let nonce = if ticket.iv().is_empty() { self.second.as_slice() } else { ticket.iv() };
        let derived;
        let cipher = match &self.key {
            Key::Ready(cipher) => cipher,
            Key::Raw(key) => {
                derived = Cipher::new(&self.key_of(key, ticket)?, self.sealing.algorithm)?;
                &derived
            }
        };
        cipher.open(nonce, &aad, ciphertext, ticket.mac(), buffer).then_some(buffer.as_slice())
    }

    /// What the tag covers beside the ciphertext.
    fn associated_data<'a>(&self, ticket: &Ticket<'a>) -> Cow<'a, [u8]> {
        match self.sealing.data {
            AssociatedData::Nothing => Cow::Borrowed(&[]),
            AssociatedData::Header => Cow::Borrowed(ticket.header()),
            AssociatedData::Name => Cow::Borrowed(ticket.name_bytes()),
            AssociatedData::SecretAndName => Cow::Owned([self.second.as_slice(), ticket.name_bytes()].concat()),
            AssociatedData::OtpLength => {
                let sealed = ticket.ciphertext().len() + ticket.mac().len();
                let length = u16::try_from(sealed).unwrap_or(u16::MAX);
                Cow::Owned([&b"ticket"[..], &length.to_be_bytes()].concat())
            }
        }
    }

    /// The key of one ticket.
    fn key_of(&self, key: &[u8], ticket: &Ticket<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let mut of_ticket = Zeroizing::new(key.to_vec());
        match self.sealing.key {
            KeySource::Itself => {}
            KeySource::Salted => {
                // older versions send no salt, and seal with the key itself
                if !ticket.salt().is_empty() {
                    Hkdf::<Sha256>::new(None, key).expand(ticket.salt(), &mut of_ticket).ok()?;
                }
            }
            KeySource::Padded => {
                let pad = ticket.trailer();
                (pad.len() == of_ticket.len()).then_some(())?;
                of_ticket.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
            }
        }
        Some(of_ticket)
    }
}

/// An AEAD with its key set up.
enum Cipher {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes192Gcm(Box<Aes192Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    Aes256GcmLongNonce(Box<Aes256GcmLongNonce>),
    Aes128Ccm(Box<Aes128Ccm>),
    Aes192Ccm(Box<Aes192Ccm>),
    Aes256Ccm(Box<Aes256Ccm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl Cipher {
    fn new(key: &[u8], algorithm: Algorithm) -> Option<Self> {
        fn ready<C: KeyInit>(key: &[u8]) -> Option<Box<C>> {
            C::new_from_slice(key).ok().map(Box::new)
        }
        match algorithm {
            Algorithm::AesGcm => match key.len() {
                16 => ready(key).map(Self::Aes128Gcm),
                24 => ready(key).map(Self::Aes192Gcm),
                _ => ready(key).map(Self::Aes256Gcm),
            },
            Algorithm::AesCcm => match key.len() {
                16 => ready(key).map(Self::Aes128Ccm),
                24 => ready(key).map(Self::Aes192Ccm),
                _ => ready(key).map(Self::Aes256Ccm),
            },
            Algorithm::AesGcmLongNonce => ready(key).map(Self::Aes256GcmLongNonce),
            Algorithm::ChaCha20Poly1305 => ready(key).map(Self::ChaCha20Poly1305),
        }
    }

    /// Bytes of the key.
    fn key_length(&self) -> usize {
        match self {
            Self::Aes128Gcm(_) | Self::Aes128Ccm(_) => 16,
            Self::Aes192Gcm(_) | Self::Aes192Ccm(_) => 24,
            Self::Aes256Gcm(_) | Self::Aes256GcmLongNonce(_) | Self::Aes256Ccm(_) | Self::ChaCha20Poly1305(_) => 32,
        }
    }

    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8], tag: &[u8], buffer: &mut [u8]) -> bool {
        match self {
            Self::Aes128Gcm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes192Gcm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes256Gcm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes256GcmLongNonce(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes128Ccm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes192Ccm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::Aes256Ccm(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
            Self::ChaCha20Poly1305(cipher) => open(cipher.as_ref(), nonce, aad, sealed, tag, buffer),
        }
    }
}

/// The crates compare the tag in constant time. CCM decrypts before it compares, and takes back what it wrote.
fn open<C: AeadInOut + AeadCore>(
    cipher: &C,
    nonce: &[u8],
    aad: &[u8],
    sealed: &[u8],
    tag: &[u8],
    buffer: &mut [u8],
) -> bool
where
    C::NonceSize: ArraySize,
{
    let (Ok(nonce), Ok(tag)) = (Nonce::<C>::try_from(nonce), Tag::<C>::try_from(tag)) else { return false };
    let opened = match InOutBuf::new(sealed, buffer) {
        Ok(both) => cipher.decrypt_inout_detached(&nonce, aad, both, &tag).is_ok(),
        Err(_) => false,
    };
    if !opened {
        buffer.fill(0);
    }
    opened
}
