//! Caddy: `stek/stek.bin` in its storage, where the module `tls.stek.distributed` keeps the keys of a cluster: Go's gob
//! of a struct with `Keys [][32]byte` and two times (`modules/caddytls/distributedstek/distributedstek.go`). The keys
//! are those of Go's crypto/tls; the first seals, since the last rotation.
//!
//! A gob stream is a sequence of messages, each with its length: descriptions of types, then the value. Integers are
//! one byte below 128; above, a negated count of bytes comes first. An array of bytes is an array of such integers.

use zeroize::Zeroizing;

use super::go::{KEY_LENGTH, key_of};
use crate::key::Role;
use crate::key::carried::seeds;
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position, Validity};
use crate::key::unwritable::Unwritable;

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

    /// A rotation lies 12 hours ahead of the last one, as Caddy has it by default; what is written here rotates at once.
    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        let seeds = seeds(keys)?;
        let last = keys.first().ok_or(Unwritable::Nothing)?.validity.not_before.unwrap_or_default();
        let next = last.saturating_add(ROTATION_SECONDS);
        let mut value = Zeroizing::new(Vec::with_capacity(64 + 66 * seeds.len()));
        value.extend(TYPE_NUMBER);
        // the first member, then its keys, then the second and the third
        value.push(1);
        push_unsigned(&mut value, seeds.len() as u64);
        for seed in seeds {
            push_unsigned(&mut value, KEY_LENGTH as u64);
            for &byte in seed {
                push_unsigned(&mut value, byte.into());
            }
        }
        push_time(&mut value, last);
        push_time(&mut value, next);
        value.push(0);
        let mut file = Zeroizing::new(Vec::with_capacity(TYPES.len() + 9 + value.len()));
        file.extend(TYPES);
        push_unsigned(&mut file, value.len() as u64);
        file.extend_from_slice(&value);
        Ok(file)
    }

    fn role(&self, place: Position) -> Role {
        match place.key {
            0 => Role::Active,
            _ => Role::Inactive,
        }
    }
}

/// Seconds between rotations (`defaultRotationInterval`).
const ROTATION_SECONDS: i64 = 12 * 3600;
/// What Go's encoding/gob writes of the types: the struct, its array of keys, a key, and the times.
const TYPES: &[u8] = b"\x4b\xff\x81\x03\x01\x01\x0fdistributedSTEK\x01\xff\x82\x00\x01\x03\x01\x04Keys\x01\xff\x86\x00\
    \x01\x0cLastRotation\x01\xff\x88\x00\x01\x0cNextRotation\x01\xff\x88\x00\x00\x00\x1a\xff\x85\x02\x01\x01\x0b[][32]uint8\
    \x01\xff\x86\x00\x01\xff\x84\x00\x00\x0e\xff\x83\x01\x01\x02\xff\x84\x00\x01\x06\x01\x40\x00\x00\x10\xff\x87\x05\x01\x01\
    \x04Time\x01\xff\x88\x00\x00\x00";
/// The number of the struct's type, before its value.
const TYPE_NUMBER: [u8; 2] = [0xff, 0x82];

/// A number as gob writes it.
fn push_unsigned(out: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        out.extend(number.to_le_bytes().first());
        return;
    }
    let bytes = number.to_be_bytes();
    let skipped = bytes.iter().take_while(|&&byte| byte == 0).count();
    let bytes = bytes.get(skipped..).unwrap_or_default();
    out.extend(bytes.len().to_le_bytes().first().map(|count| count.wrapping_neg()));
    out.extend_from_slice(bytes);
}

/// The next member, a `time.Time` in UTC.
fn push_time(out: &mut Vec<u8>, seconds: i64) {
    out.extend([1, 15, 1]);
    out.extend(seconds.saturating_add(YEAR_1_TO_1970).to_be_bytes());
    out.extend([0, 0, 0, 0, 0xff, 0xff]);
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
