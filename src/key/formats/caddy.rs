//! Caddy: `stek/stek.bin` in its storage, where the module `tls.stek.distributed` keeps the keys of a cluster: Go's gob
//! of a struct with `Keys [][32]byte` and two times (`modules/caddytls/distributedstek/distributedstek.go`). The keys
//! are those of Go's crypto/tls; the first seals, since the last rotation.
//!
//! A gob stream is a sequence of messages, each with its length: descriptions of types, then the value. Integers are
//! one byte below 128; above, a negated count of bytes comes first. An array of bytes is an array of such integers.

use zeroize::Zeroizing;

use super::go::{KEY_LENGTH, key_of};
use crate::key::Role;
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position, Validity};

/// The most keys that are read; Caddy keeps four.
const MAX_KEYS: u64 = 1024;
/// Seconds from the year 1, where Go's times begin, to 1970.
const YEAR_1_TO_1970: i64 = 62_135_596_800;
/// What every such file holds: the name of the first member, in the description of the type.
const MARK: &[u8] = b"\x04Keys";

pub(super) struct Caddy;

impl KeyFormat for Caddy {
    fn name(&self) -> &'static str {
        "caddy"
    }

    fn about(&self) -> &'static str {
        "Caddy: stek/stek.bin of tls.stek.distributed"
    }

    fn takes(&self) -> &'static str {
        "a Go gob with keys of 32 bytes"
    }

    /// No text, but as unmistakable.
    fn is_text(&self) -> bool {
        true
    }

    fn recognises(&self, file: &[u8]) -> bool {
        memchr::memmem::find(file.get(..64).unwrap_or(file), MARK).is_some()
            && memchr::memmem::find(file, b"LastRotation").is_some()
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let mut gob = Gob { rest: file };
        let stek = gob.value().and_then(|mut value| value.stek()).ok_or_else(|| KeyFileError::Content {
            problem: format!("the gob cannot be read at byte {}", file.len() - gob.rest.len()),
            format: self.name(),
            takes: self.takes(),
        })?;
        let key = |(index, seed): (usize, &Zeroizing<Vec<u8>>)| KeyBytes {
            validity: Validity { not_before: stek.last_rotation.filter(|_| index == 0), not_after: None },
            ..key_of(index, seed)
        };
        Ok(stek.keys.iter().enumerate().map(key).collect())
    }

    fn role(&self, place: Position) -> Role {
        match place.key {
            0 => Role::Active,
            _ => Role::Inactive,
        }
    }
}

struct Stek {
    keys: Vec<Zeroizing<Vec<u8>>>,
    last_rotation: Option<i64>,
}

/// A cursor over a gob stream, or over one message of it.
struct Gob<'a> {
    rest: &'a [u8],
}

impl<'a> Gob<'a> {
    /// The first message that is a value, behind its type number.
    fn value(&mut self) -> Option<Gob<'a>> {
        loop {
            let length = usize::try_from(self.unsigned()?).ok()?;
            let mut message = Gob { rest: self.take(length)? };
            // types are described under negative numbers
            if message.unsigned()? & 1 == 0 {
                return Some(message);
            }
        }
    }

    /// The struct: each member is introduced by its distance from the one before it, and zero ends them.
    fn stek(&mut self) -> Option<Stek> {
        let mut stek = Stek { keys: Vec::new(), last_rotation: None };
        let mut member = 0_u64;
        loop {
            let distance = self.unsigned()?;
            member = member.checked_add(distance)?;
            match member {
                _ if distance == 0 => break,
                1 => stek.keys = self.keys()?,
                2 => stek.last_rotation = Some(self.time()?).filter(|&seconds| seconds > 0),
                3 => _ = self.time()?,
                _ => return None,
            }
        }
        (!stek.keys.is_empty() && self.rest.is_empty()).then_some(stek)
    }

    fn keys(&mut self) -> Option<Vec<Zeroizing<Vec<u8>>>> {
        let count = self.unsigned().filter(|&count| count <= MAX_KEYS)?;
        (0..count).map(|_| self.key()).collect()
    }

    fn key(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        if self.unsigned()? != KEY_LENGTH as u64 {
            return None;
        }
        // room from the start: a vector that grows leaves copies behind
        let mut key = Zeroizing::new(Vec::with_capacity(KEY_LENGTH));
        for _ in 0..KEY_LENGTH {
            key.push(u8::try_from(self.unsigned()?).ok()?);
        }
        Some(key)
    }

    /// `time.Time` as it marshals itself: a version, seconds, nanoseconds, zone.
    fn time(&mut self) -> Option<i64> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        let (_version, rest) = self.take(length)?.split_first()?;
        i64::from_be_bytes(*rest.first_chunk()?).checked_sub(YEAR_1_TO_1970)
    }

    fn unsigned(&mut self) -> Option<u64> {
        match *self.take(1)? {
            [small @ 0..=0x7f] => Some(small.into()),
            [count] => {
                let bytes = self.take(usize::from(count.wrapping_neg())).filter(|bytes| bytes.len() <= 8)?;
                Some(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
            }
            _ => None,
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by Go's encoding/gob.
    const FILE: &[u8] = include_bytes!("../../../testdata/caddy_stek/stek.bin");

    #[test]
    fn keys_of_gob_are_those_that_went_in() {
        let keys = Caddy.read(FILE).unwrap();
        assert_eq!(keys.len(), 4);
        for (number, key) in keys.iter().enumerate() {
            let seed: Vec<u8> = (0..32).map(|i: usize| (i * 37 + number * 91 + 131).to_le_bytes()[0]).collect();
            assert_eq!(key.bytes, key_of(number, &seed).bytes);
        }
        assert_eq!(keys[0].validity.not_before, Some(1_795_421_023));
        assert_eq!(keys[1].validity, Validity::default());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        assert!(Caddy.recognises(FILE));
        for length in 0..FILE.len() {
            assert!(Caddy.read(&FILE[..length]).is_err(), "{length}");
        }
        for at in 0..FILE.len() {
            let mut file = FILE.to_vec();
            file[at] ^= 0x80;
            let _ = Caddy.read(&file);
        }
    }
}
