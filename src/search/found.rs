//! A key that was found: what it is made of, where it lies, and how often.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::families;
use super::hit::{Part, PartKind};
use super::lock::{FoundKey, Lock};
use super::plan::AROUND;
use super::proof;
use super::target::Target;
use crate::key::Layout;
use crate::key::format::KeyBytes;

/// A proved key.
pub(super) struct Found {
    pub(super) key: FoundKey,
    pub(super) image: usize,
    /// Where its parts lie, in the order of the image.
    pub(super) parts: Vec<Part>,
    /// Numbers of the tickets that it opens.
    pub(super) tickets: Vec<usize>,
    /// Where copies of it begin.
    pub(super) offsets: Vec<u64>,
    /// How many copies there are, also those whose place is not kept.
    pub(super) copies: u64,
}

/// Bytes to look for, and others with their distance from the first.
type Needles<'f> = (&'f [u8], Option<(i64, &'f [u8])>);

impl Found {
    pub(super) fn new(key: FoundKey, image: usize, mut parts: Vec<Part>) -> Self {
        parts.sort_by_key(|part| part.offset);
        Self { key, image, parts, tickets: Vec::new(), offsets: Vec::new(), copies: 0 }
    }

    /// Whether it opens the tickets of a target.
    pub(super) fn opens(&self, target: &Target) -> bool {
        let secret = match &self.key {
            FoundKey::Known(key) => key.bytes.as_slice(),
            FoundKey::Bare(key) => key.bytes.as_slice(),
        };
        let is_pair =
            matches!(&self.key, FoundKey::Known(key) if !key.scheme.derives() && proof::verifies(key, &target.ticket));
        is_pair
            || target.locks.iter().any(|lock| match lock {
                Lock::Whole(lock) => lock.length == secret.len() && (lock.opens)(secret),
                Lock::Pair(_) => false,
            })
    }

    /// AES key and MAC key of a key that is derived from a seed which is not known yet.
    pub(super) fn seedless(&self) -> Option<(&[u8], &[u8])> {
        let FoundKey::Known(key) = &self.key else { return None };
        let has_seed = key.scheme == crate::key::Scheme::GO;
        let parts = key.layout.divide(&key.bytes).filter(|_| has_seed && key.seed.is_none())?;
        Some((parts.aes, parts.hmac))
    }

    /// Takes the seed: the key becomes the one that the server's own key file holds.
    pub(super) fn add_seed(&mut self, seed: &[u8]) {
        self.key = FoundKey::Known(crate::key::formats::go_key(0, seed));
    }

    /// What copies of the key look like.
    pub(super) fn needles(&self) -> Option<Needles<'_>> {
        let FoundKey::Known(key) = &self.key else {
            let FoundKey::Bare(key) = &self.key else { return None };
            return Some((&key.bytes, None));
        };
        let Some(aes) = self.part(PartKind::Aes) else {
            let secret = if key.scheme.is_aead() { key.layout.without_name(&key.bytes) } else { &key.bytes };
            return self.part(PartKind::Key).map(|_| (secret, None));
        };
        let parts = key.layout.divide(&key.bytes)?;
        let distance = self.part(PartKind::Hmac).and_then(|hmac| {
            let distance = i64::try_from(hmac.offset).ok()?.checked_sub(i64::try_from(aes.offset).ok()?)?;
            (distance.unsigned_abs() <= AROUND).then_some((distance, parts.hmac))
        });
        Some((parts.aes, distance))
    }

    /// Counts a copy, whose encryption key lies at an offset.
    pub(super) fn add_copy(&mut self, offset: u64, kept: usize) {
        self.copies += 1;
        let secret = self.part(PartKind::Aes).or_else(|| self.part(PartKind::Key));
        let before = secret.map_or(0, |secret| secret.offset.saturating_sub(self.start()));
        if self.offsets.len() < kept {
            self.offsets.push(offset.saturating_sub(before));
        }
    }

    fn part(&self, kind: PartKind) -> Option<Part> {
        self.parts.iter().find(|part| part.kind == kind).copied()
    }

    /// Where the key begins: the first of the parts that lie side by side with its encryption key.
    pub(super) fn start(&self) -> u64 {
        let secret =
            self.part(PartKind::Aes).or_else(|| self.part(PartKind::Key)).or_else(|| self.parts.first().copied());
        let start = secret.map_or(0, |secret| secret.offset);
        let before = self.parts.iter().rev().filter(|part| part.offset < start);
        before.fold(start, |start, part| if part.offset + part.length as u64 == start { part.offset } else { start })
    }

    /// The parts as they follow each other in memory: `name16 hmac16 aes16`; `..` for other bytes between two of them.
    pub(super) fn layout(&self) -> String {
        layout(&self.parts)
    }
}

/// The parts as they follow each other.
pub(super) fn layout(parts: &[Part]) -> String {
    let mut layout = String::new();
    let mut end = None;
    for part in parts {
        match end {
            Some(end) if end != part.offset => layout.push_str(" .. "),
            Some(_) => layout.push(' '),
            None => {}
        }
        // writing to a String does not fail
        let _ = match (part.kind, part.length) {
            (PartKind::Name, length) => write!(layout, "name{length}"),
            (PartKind::Aes, length) => write!(layout, "aes{length}"),
            (PartKind::Hmac, length) => write!(layout, "hmac{length}"),
            (PartKind::Key, length) if length == Layout::GNUTLS.size() => write!(layout, "master{length}"),
            (PartKind::Key, length) => match families::parts_of(length) {
                Some(parts) => layout.write_str(parts),
                None => write!(layout, "key{length}"),
            },
        };
        end = Some(part.offset + part.length as u64);
    }
    layout
}

/// An AES key whose MAC key is not found.
pub(super) struct Half {
    pub(super) target: usize,
    pub(super) lock: usize,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) image: usize,
    pub(super) offsets: Vec<u64>,
}

/// The key of one slot of time, which its master key is better than.
pub(super) struct SlotKey {
    pub(super) target: usize,
    pub(super) key: KeyBytes,
    pub(super) image: usize,
    pub(super) parts: Vec<Part>,
}
