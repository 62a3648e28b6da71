//! What the keys of libraries that know no key file have in common: people keep them as raw bytes, as hex or as base64.

use ctutils::CtEq as _;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use crate::key::carried::{algorithms, only};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::key::{Role, Unwritable};
use crate::ticket::Arrangement;

/// The longest file that is read as such a key, in bytes (what Knot Resolver reads of its secret).
pub(in crate::key) const MAX_LENGTH: usize = 1024;

/// The keys that a library makes of some bytes, each way to read them.
pub(super) type Bare = Vec<KeyBytes>;

/// A library whose keys have no secret but their bytes: what it is called, and the keys that it makes of some bytes.
pub(super) struct Library {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) takes: &'static str,
    pub(super) keys: fn(&[u8]) -> Bare,
}

impl KeyFormat for Library {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn takes(&self) -> &'static str {
        self.takes
    }

    fn is_bare(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        read(file, self.keys).ok_or_else(|| KeyFileError::size(file, self.name, self.takes))
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        write(self, keys)
    }

    fn role(&self, _: Position) -> Role {
        Role::Unknown
    }
}

/// Tickets of one frame that the key itself seals with an AEAD, whose tag covers the header; with a session inside they have
/// at least `shortest` bytes of ciphertext.
pub(super) const fn sealed(algorithm: Algorithm, arrangements: &'static [Arrangement], shortest: u8) -> Scheme {
    let sealing = Sealing { algorithm, data: AssociatedData::Header, key: KeySource::Itself, shortest };
    Scheme { protection: Protection::Aead(sealing), arrangements, derivation: Derivation::None }
}

/// Reads a file as raw bytes or, if it is one line of hex or base64, as what that decodes to. `None` if it gives no keys.
fn read(file: &[u8], keys: impl Fn(&[u8]) -> Bare) -> Option<Bare> {
    let decoded = decode(file).map(|bytes| keys(&bytes)).unwrap_or_default();
    let found = if decoded.is_empty() { keys(file) } else { decoded };
    (!found.is_empty()).then_some(found)
}

/// Writes the one key of a file: what the library derives it from, else its bytes. A file that would not be read back as the
/// same key is not written.
pub(super) fn write(format: &dyn KeyFormat, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
    let key = only(keys)?;
    let file = key.seed.as_ref().unwrap_or(&key.bytes);
    let is_same = |read: &KeyBytes| {
        (read.scheme, read.layout) == (key.scheme, key.layout) && bool::from(read.bytes.as_slice().ct_eq(&key.bytes))
    };
    match format.read(file) {
        Ok(keys) if keys.iter().any(is_same) => Ok(file.clone()),
        _ => Err(Unwritable::Algorithms { key: algorithms(key), server: format.about() }),
    }
}

/// What one line of hex or base64 decodes to.
pub(super) fn decode(file: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let line = file.trim_ascii();
    if line.contains(&b'\n') || line.is_empty() {
        return None;
    }
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(line.iter().copied().filter(|byte| !matches!(byte, b':' | b' ' | b'\t')).collect());
    if let Ok(bytes) = hex::decode(digits.as_slice()) {
        return Some(Zeroizing::new(bytes));
    }
    let encodings = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];
    encodings.iter().find_map(|encoding| encoding.decode(line).ok().map(Zeroizing::new))
}

/// The ways in which a secret of any length may have been meant: the bytes of the file, the text without its line end, what
/// the text decodes to.
pub(super) fn seeds(file: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut seeds = vec![Zeroizing::new(file.to_vec())];
    let without_line_end = file.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    seeds.extend(without_line_end.map(|line| Zeroizing::new(line.to_vec())));
    seeds.extend(decode(file));
    seeds.retain(|seed| !seed.is_empty() && seed.len() <= MAX_LENGTH);
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_may_be_bytes_or_text() {
        let seeds = |file: &[u8]| -> Vec<Vec<u8>> { seeds(file).iter().map(|seed| seed.to_vec()).collect() };
        assert_eq!(seeds(&[0, 1, 2]), [vec![0, 1, 2]]);
        assert_eq!(seeds(b"c0ffee\r\n"), [&b"c0ffee\r\n"[..], b"c0ffee", &[0xc0, 0xff, 0xee]]);
        assert!(seeds(&[7; MAX_LENGTH + 1]).is_empty());
    }
}
