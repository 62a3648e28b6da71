//! Which names may be shown.
//!
//! The bytes of a key file can often be cut into keys in several ways, and what is a public name in one of them may be
//! part of a secret in another. Only one way is right, and nothing in the bytes tells which. So a name is shown only if
//! no way makes a secret of any of its bytes, however the bytes were written, and whichever format was named.

use memchr::memmem;
use zeroize::Zeroizing;

use super::claim::first_keys;
use super::reading::Reading;
use super::text::{TextKey, without_newline};
use crate::key::format::KeyBytes;
use crate::key::layout::Layout;
use crate::ticket::NAME_LENGTH;

/// Columns to which tools wrap base64 text whose rows could be keys: `openssl base64` and PEM.
const WRAPPED_COLUMNS: usize = 64;

/// One way to cut bytes into keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    /// Where the first key begins.
    start: usize,
    /// Bytes of each key.
    size: usize,
    /// Bytes of its name, which come first; the rest of it is secret.
    name: usize,
}

impl Cut {
    /// That of a reading, whose key stands in `bytes`.
    fn of(key: &KeyBytes, bytes: &[u8]) -> Option<Self> {
        let (material, name) = match &key.seed {
            Some(seed) => (seed, 0),
            None if key.scheme.derives() => (&key.bytes, 0),
            None => (&key.bytes, key.layout.size() - key.layout.aes - key.layout.hmac),
        };
        let start = memmem::find(bytes, material)?;
        Some(Self { start, size: material.len(), name })
    }

    /// Whether one of the `length` bytes from `at` on is secret.
    fn makes_secret(self, at: usize, length: usize) -> bool {
        (at..at + length).any(|at| at.checked_sub(self.start).is_some_and(|at| at % self.size >= self.name))
    }
}

/// Every way to cut some bytes.
struct Cuts(Vec<Cut>);

impl Cuts {
    /// Those of all formats of raw bytes, and keys of 48 and of 80 bytes, if they fill the bytes.
    fn of(bytes: &[u8]) -> Self {
        let mut cuts: Vec<Cut> = first_keys(bytes).filter_map(|key| Cut::of(&key, bytes)).collect();
        let sizes =
            Layout::BARE.iter().map(Layout::size).filter(|&size| bytes.chunks_exact(size).remainder().is_empty());
        cuts.extend(sizes.map(|size| Cut { start: 0, size, name: NAME_LENGTH }));
        cuts.dedup();
        Self(cuts)
    }

    fn make_secret(&self, at: usize, length: usize) -> bool {
        self.0.iter().any(|cut| cut.makes_secret(at, length))
    }
}

/// Whether the key's name stands in the file as it is: one that is derived gives nothing away, and that of a master key
/// is never shown.
fn has_plain_name(key: &KeyBytes) -> bool {
    key.seed.is_none() && !key.scheme.derives()
}

/// Marks the names of keys that stand in `bytes` one after the other.
pub(super) fn doubt(readings: &mut [Reading], bytes: &[u8]) {
    let mut cuts = Cuts::of(bytes);
    // a line end behind the keys changes nothing about them
    cuts.0.extend(without_newline(bytes).map(Cuts::of).into_iter().flat_map(|cuts| cuts.0));
    let first = readings.iter().find(|reading| reading.key.index == 0).and_then(|first| Cut::of(&first.key, bytes));
    for key in readings.iter_mut().map(|reading| &mut reading.key).filter(|key| has_plain_name(key)) {
        let start = if key.bytes.len() == first.map_or(0, |first| first.size) { first } else { None };
        let start = start.map_or_else(|| bytes.len() % key.bytes.len(), |first| first.start);
        key.name_is_doubtful |= cuts.make_secret(start + key.index * key.bytes.len(), NAME_LENGTH);
    }
}

/// Marks the names of keys that stand one in a row of text. The rows may be one long key file that was wrapped, and
/// what was read as base64 may be hex.
pub(super) fn doubt_rows(readings: &mut [Reading], rows: &[TextKey], text: &[u8]) {
    let columns = text.split(|&byte| byte == b'\n').map(|row| row.trim_ascii().len()).max().unwrap_or(0);
    let may_be_wrapped = columns == WRAPPED_COLUMNS || rows.iter().any(|(_, encoding)| *encoding == "hex");
    let cuts = may_be_wrapped.then(|| {
        let rows: Vec<&[u8]> = rows.iter().map(|(row, _)| row.as_slice()).collect();
        Cuts::of(&Zeroizing::new(rows.concat()))
    });
    let mut starts = Vec::with_capacity(rows.len());
    let mut at = 0;
    for (row, _) in rows {
        starts.push(at);
        at += row.len();
    }
    for key in readings.iter_mut().map(|reading| &mut reading.key).filter(|key| has_plain_name(key)) {
        let row = rows.get(key.index).filter(|(row, _)| *row == key.bytes).and(starts.get(key.index));
        key.name_is_doubtful |=
            row.is_none_or(|&at| cuts.as_ref().is_some_and(|cuts| cuts.make_secret(at, NAME_LENGTH)));
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest as _, Sha256};

    use super::super::{KeyFile, read_as, read_auto};
    use crate::key::formats::{FORMATS, by_name};

    fn random(length: usize) -> Vec<u8> {
        (0_u64..).flat_map(|block| Sha256::digest(block.to_be_bytes())).take(length).collect()
    }

    /// The bytes of every name that would be shown, but for those that are derived.
    fn shown(file: &KeyFile) -> Vec<&[u8]> {
        let keys = file.readings.iter().map(|reading| &reading.key);
        keys.filter(|key| super::has_plain_name(key) && !key.name_is_doubtful && key.layout.size() >= 48)
            .map(|key| &key.bytes[..16])
            .collect()
    }

    /// Whether bytes are secret in a way to cut them that a server's documentation names.
    fn is_secret(at: usize, length: usize) -> bool {
        let in_keys = |start: usize, size: usize, name: usize| {
            let rest = length.checked_sub(start).map(|length| length % size);
            rest == Some(0) && at >= start && (at - start) % size >= name
        };
        in_keys(0, 48, 16) || in_keys(0, 80, 16) || in_keys(0, 32, 0) || (length == 92 && in_keys(12, 80, 16))
    }

    fn check(file: &KeyFile, key: &[u8], what: &str) {
        for name in shown(file) {
            let places = (0..=key.len() - 16).filter(|&at| &key[at..at + 16] == name);
            for at in places {
                assert!((at..at + 16).all(|at| !is_secret(at, key.len())), "{} bytes, {what}: byte {at}", key.len());
            }
        }
    }

    fn rows(text: &str, columns: usize) -> String {
        text.as_bytes().chunks(columns).map(|row| std::str::from_utf8(row).unwrap().to_owned() + "\n").collect()
    }

    #[test]
    fn no_name_is_secret_in_another_reading_whatever_size_encoding_and_format() {
        let mut seen = 0;
        for length in (32..=480).step_by(16).chain([92, 960]) {
            let mut key = random(length);
            if length == 92 {
                key[..4].fill(0);
            }
            let (digits, base64) = (hex::encode(&key), BASE64.encode(&key));
            let texts = [digits.clone(), digits.to_uppercase() + "\n", base64.clone() + "\n"];
            let wrapped = [(&digits, 60), (&digits, 64), (&digits, 96), (&digits, 160), (&base64, 64), (&base64, 76)];
            let wrapped = wrapped.map(|(text, columns)| rows(text, columns));
            let ended = [&key[..], b"\n"].concat();
            let contents = texts.iter().chain(&wrapped).map(String::as_bytes).chain([key.as_slice(), ended.as_slice()]);
            for content in contents {
                if let Ok(file) = read_auto(content) {
                    check(&file, &key, &String::from_utf8_lossy(content));
                    seen += shown(&file).len();
                }
                for &format in FORMATS {
                    if let Ok(file) = read_as(format, content) {
                        check(&file, &key, format.name());
                    }
                }
            }
        }
        assert!(seen > 50, "{seen} names were shown");
    }

    #[test]
    fn the_digits_of_a_key_are_no_name_either() {
        for name in ["ats", "apache", "dnsdist"] {
            let digits = hex::encode(random(240));
            let file = read_as(by_name(name).unwrap(), digits.as_bytes()).unwrap();
            assert!(shown(&file).is_empty(), "{name}");
        }
        let digits: String = (1..=3).map(|row| hex::encode(random(32 * row).split_off(32 * row - 32)) + "\n").collect();
        let file = read_auto(digits.as_bytes()).unwrap();
        assert!(file.readings.iter().any(|reading| reading.formats[0].name() == "haproxy"));
        assert!(shown(&file).is_empty(), "three keys of Go's in hex are three of HAProxy's in base64");
    }

    #[test]
    fn names_that_nothing_doubts_are_shown() {
        for (length, names) in [(48, 2), (80, 2), (144, 6), (240, 4), (96, 0), (160, 0)] {
            let key = random(length);
            let texts = [hex::encode(&key), BASE64.encode(&key)];
            assert_eq!(shown(&read_auto(&key).unwrap()).len(), names, "{length} bytes");
            for text in texts {
                // of text that is one long row, the bare layouts are not tried
                assert_eq!(shown(&read_auto(text.as_bytes()).unwrap()).is_empty(), names == 0, "{text}");
            }
        }
        let lines = |length: usize, count: usize| -> String {
            random(length * count).chunks(length).map(|key| BASE64.encode(key) + "\n").collect()
        };
        for (length, count, names) in [(80, 3, 3), (80, 5, 5), (48, 3, 3), (48, 5, 1)] {
            let file = read_auto(lines(length, count).as_bytes()).unwrap();
            let mut found = shown(&file);
            found.dedup();
            let distinct = found.iter().collect::<std::collections::BTreeSet<_>>().len();
            assert_eq!(distinct, names, "{count} rows of {length} bytes");
        }
    }
}
