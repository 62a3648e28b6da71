//! What a server does with a key: cipher, MAC, and the tickets it makes of them.

use crate::ticket::Arrangement;

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

    /// Bytes of the block that the hash works on (FIPS 180-4).
    #[must_use]
    pub const fn block_length(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }
}

/// A family of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scheme {
    /// The cipher's mode.
    pub mode: Mode,
    /// The MAC's hash.
    pub hash: Hash,
    /// The arrangements that tickets under such a key can have.
    pub arrangements: &'static [Arrangement],
    /// Whether the key is a master, from which the server derives one for each slot of time (`GnuTLS`).
    pub slots: bool,
}

impl Scheme {
    /// OpenSSL, its relatives and the servers on them.
    pub const OPENSSL: Self =
        Self { mode: Mode::Cbc, hash: Hash::Sha256, arrangements: &[Arrangement::Named], slots: false };
    /// A key of which nobody said whose it is: OpenSSL's way first, then RFC 5077's with the length under the MAC.
    pub const ANY_CBC: Self = Self {
        arrangements: &[Arrangement::Named, Arrangement::UnsentLength, Arrangement::SentLength],
        ..Self::OPENSSL
    };
    /// Go's crypto/tls, before and from 1.21.
    pub const GO: Self = Self {
        mode: Mode::Ctr,
        hash: Hash::Sha256,
        arrangements: &[Arrangement::Named, Arrangement::Nameless],
        slots: false,
    };
    /// `GnuTLS`.
    pub const GNUTLS: Self =
        Self { mode: Mode::CbcZeroPadded, hash: Hash::Sha1, arrangements: &[Arrangement::SentLength], slots: true };

    /// A key without derivation, whose tickets a MAC proves.
    pub(crate) const fn of_mac(mode: Mode, hash: Hash, arrangements: &'static [Arrangement]) -> Self {
        Self { mode, hash, arrangements, slots: false }
    }

    /// The cipher's mode and the MAC's hash; `None` if no MAC is the proof.
    pub(crate) const fn mac(&self) -> Option<(Mode, Hash)> {
        Some((self.mode, self.hash))
    }

    /// Whether keys are derived from the time.
    pub(crate) const fn derives(&self) -> bool {
        self.slots
    }

    /// Whether some of its tickets do not name their key, so that every such ticket is tried.
    #[must_use]
    pub fn has_nameless(&self) -> bool {
        self.arrangements.iter().any(|arrangement| !arrangement.has_key_name())
    }
}
