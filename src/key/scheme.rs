//! What a server does with a key: cipher, MAC, and the tickets it makes of them.

use crate::ticket::{Arrangement, TAG_LENGTH};

/// How the cipher is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// AES-CBC with PKCS#7 padding.
    Cbc,
    /// AES-CBC, filled with zeros to whole blocks.
    CbcZeroPadded,
    /// AES-CTR, the IV being the first counter block.
    Ctr,
}

/// The hash of the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Bytes of a tag.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name as configurations have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// The HMAC with this hash, as outputs name it.
    pub(crate) const fn mac_name(self) -> &'static str {
        match self {
            Self::Sha1 => "HMAC-SHA1",
            Self::Sha256 => "HMAC-SHA256",
            Self::Sha384 => "HMAC-SHA384",
            Self::Sha512 => "HMAC-SHA512",
        }
    }

    /// Bytes of the block that the hash works on (FIPS 180-4).
    #[must_use]
    pub const fn block_length(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }
}

/// An AEAD algorithm; the length of the key tells the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-GCM with a nonce of 12 bytes.
    AesGcm,
    /// AES-256-GCM with a nonce of 16 bytes.
    AesGcmLongNonce,
    /// AES-CCM with a nonce of 12 and a tag of 16 bytes.
    AesCcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

/// What the tag of an AEAD covers beside the ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssociatedData {
    /// Nothing.
    Nothing,
    /// All that stands before the ciphertext.
    Header,
    /// The key name.
    Name,
    /// The second secret of the key, then the key name: s2n-tls.
    SecretAndName,
    /// The word `ticket` and the length of ciphertext and tag: Erlang/OTP.
    OtpLength,
}

/// Where the key of a ticket comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySource {
    /// All tickets have the server's key.
    Itself,
    /// HKDF-SHA256 of the server's key and the ticket's salt, if the ticket has one: s2n-tls.
    Salted,
    /// The server's key and what follows the ticket's tag, one over the other: Erlang/OTP.
    Padded,
}

/// What a family that seals with an AEAD does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sealing {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// What the tag covers beside the ciphertext.
    pub data: AssociatedData,
    /// Where the key of a ticket comes from.
    pub key: KeySource,
    /// Length in bytes of the shortest session of the family: what seals less is another's.
    pub shortest: u8,
}

/// What proves that a ticket was sealed under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// A cipher for secrecy, and a MAC for proof.
    Mac {
        /// The cipher's mode.
        mode: Mode,
        /// The MAC's hash.
        hash: Hash,
    },
    /// An AEAD (RFC 5116), which is both.
    Aead(Sealing),
}

/// What the server derives its keys from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Derivation {
    /// Nothing: the key is used as it is.
    None,
    /// The key is a master, from which the server derives one for each slot of time (`GnuTLS`).
    Slots,
    /// The key is a secret, from which the server derives a master of `GnuTLS` for each epoch (Knot Resolver).
    Epochs,
    /// A key as with [`Epochs`](Self::Epochs), looked for only around the current time.
    NearEpochs,
}

/// A family of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scheme {
    /// What seals and proves.
    pub protection: Protection,
    /// The arrangements that tickets under such a key can have.
    pub arrangements: &'static [Arrangement],
    /// Whether and how keys are derived from the time.
    pub derivation: Derivation,
}

/// AES-CBC and HMAC-SHA256.
const CBC_SHA256: Protection = Protection::Mac { mode: Mode::Cbc, hash: Hash::Sha256 };

impl Scheme {
    /// OpenSSL, its relatives and the servers on them; and the servers on wolfSSL, which has OpenSSL's interface.
    pub const OPENSSL: Self = Self {
        protection: CBC_SHA256,
        arrangements: &[Arrangement::Named, Arrangement::CiphertextMac],
        derivation: Derivation::None,
    };
    /// A key of which nobody said whose it is: OpenSSL's way first, then RFC 5077's with the length under the MAC.
    pub const ANY_CBC: Self = Self {
        arrangements: &[
            Arrangement::Named,
            Arrangement::UnsentLength,
            Arrangement::SentLength,
            Arrangement::CiphertextMac,
        ],
        ..Self::OPENSSL
    };
    /// Go's crypto/tls, before and from 1.21.
    pub const GO: Self = Self {
        protection: Protection::Mac { mode: Mode::Ctr, hash: Hash::Sha256 },
        arrangements: &[Arrangement::Named, Arrangement::Nameless],
        derivation: Derivation::None,
    };
    /// `GnuTLS`.
    pub const GNUTLS: Self = Self {
        protection: Protection::Mac { mode: Mode::CbcZeroPadded, hash: Hash::Sha1 },
        arrangements: &[Arrangement::SentLength],
        derivation: Derivation::Slots,
    };

    /// A key without derivation, whose tickets a MAC proves.
    pub(crate) const fn of_mac(mode: Mode, hash: Hash, arrangements: &'static [Arrangement]) -> Self {
        Self { protection: Protection::Mac { mode, hash }, arrangements, derivation: Derivation::None }
    }

    /// The cipher's mode and the MAC's hash; `None` if no MAC is the proof.
    pub(crate) const fn mac(&self) -> Option<(Mode, Hash)> {
        match self.protection {
            Protection::Mac { mode, hash } => Some((mode, hash)),
            Protection::Aead(_) => None,
        }
    }

    /// Whether some of its tickets do not begin with the name of their key, so that every such ticket is tried.
    #[must_use]
    pub fn has_nameless(&self) -> bool {
        self.arrangements.iter().any(|arrangement| !arrangement.begins_with_name())
    }

    /// Whether the proof is the tag of an AEAD.
    #[must_use]
    pub const fn is_aead(&self) -> bool {
        matches!(self.protection, Protection::Aead(_))
    }

    /// Whether keys are derived from the time.
    #[must_use]
    pub fn derives(&self) -> bool {
        self.derivation != Derivation::None
    }

    /// Bytes of the MAC or the tag.
    #[must_use]
    #[inline]
    pub const fn tag_length(&self) -> usize {
        match self.protection {
            Protection::Mac { hash, .. } => hash.length(),
            Protection::Aead(_) => TAG_LENGTH,
        }
    }
}
