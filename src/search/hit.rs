//! What a pass finds.

use zeroize::Zeroizing;

use super::lock::FoundKey;
use crate::key::format::KeyBytes;

/// A part of a key, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: PartKind,
    /// In bytes of the image.
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Name,
    Aes,
    Hmac,
    /// All of a key that is one secret.
    Key,
}

/// Something that a pass has found.
pub(super) enum Hit {
    /// The name of a target.
    Name { target: usize, offset: u64 },
    /// Where an address points to that lies beside a name.
    Address(u64),
    /// An AES key that decrypts a target's ticket, without its MAC key.
    Aes { target: usize, lock: usize, key: Zeroizing<Vec<u8>>, offset: u64 },
    /// The key of a slot of time, whose MAC is right.
    Slot { target: usize, key: KeyBytes, parts: Vec<Part> },
    /// A key whose MAC or tag is right.
    Key { target: usize, key: FoundKey, parts: Vec<Part> },
    /// What a key was derived from.
    Seed { key: usize, seed: Zeroizing<Vec<u8>> },
    /// Where the encryption key of a copy lies.
    Copy { key: usize, offset: u64 },
}

impl Hit {
    /// Where it lies, of what is taken in the order of the image.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Name { offset, .. }
            | Self::Address(offset)
            | Self::Aes { offset, .. }
            | Self::Copy { offset, .. } => *offset,
            Self::Slot { parts, .. } | Self::Key { parts, .. } => parts.first().map_or(0, |part| part.offset),
            Self::Seed { .. } => 0,
        }
    }
}
