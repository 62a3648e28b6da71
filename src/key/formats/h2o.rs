//! H2O: the YAML file of `ssl-session-resumption: ticket-store: file`, a list of keys with validity times and with
//! cipher and hash by name; the key is the cipher key and then an HMAC key of the hash's block size
//! (`parse_ticket_entry` in `src/ssl.c`). The newest that is valid seals; all open.
//!
//! The reader takes the form that H2O itself writes, block mappings of plain or quoted scalars, and not all of YAML:
//! that is a page of code, and unlike a general parser it leaves no copies of the secrets in memory.

use std::io::Write as _;

use zeroize::Zeroizing;

use crate::key::Role;
use crate::key::carried::Carried;
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position, Validity};
use crate::key::layout::Layout;
use crate::key::layout::Order;
use crate::key::scheme::{Hash, Mode, Scheme};
use crate::key::unwritable::Unwritable;
use crate::ticket::Arrangement;
use crate::ticket::NAME_LENGTH;

/// The ciphers, by the names that OpenSSL has for them.
const CIPHERS: [(&str, usize); 6] =
    [("aes-128-cbc", 16), ("aes-192-cbc", 24), ("aes-256-cbc", 32), ("aes128", 16), ("aes192", 24), ("aes256", 32)];
/// The hashes, likewise.
const HASHES: [(&str, Hash); 8] = [
    ("sha1", Hash::Sha1),
    ("sha256", Hash::Sha256),
    ("sha384", Hash::Sha384),
    ("sha512", Hash::Sha512),
    ("sha-1", Hash::Sha1),
    ("sha-256", Hash::Sha256),
    ("sha-384", Hash::Sha384),
    ("sha-512", Hash::Sha512),
];

/// What H2O takes if an entry does not say (`src/ssl.c`).
const DEFAULT_CIPHER: &str = "AES-256-CBC";
const DEFAULT_HASH: &str = "SHA256";

/// 2100-01-01: the end of keys that nobody gave one.
const LAST: i64 = 4_102_444_800;

pub(super) struct H2o;

/// The members of one entry, as they are read.
#[derive(Default)]
struct Entry<'a> {
    line: usize,
    name: Option<&'a str>,
    cipher: Option<&'a str>,
    hash: Option<&'a str>,
    key: Option<&'a str>,
    not_before: Option<&'a str>,
    not_after: Option<&'a str>,
}

impl KeyFormat for H2o {
    fn name(&self) -> &'static str {
        "h2o"
    }

    fn about(&self) -> &'static str {
        "H2O: ticket-store file"
    }

    fn takes(&self) -> &'static str {
        "a YAML list of name, cipher, hash, key, not_before, not_after"
    }

    fn is_text(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let keys: Result<Vec<_>, _> =
            self.entries(file)?.iter().enumerate().map(|(index, entry)| self.key(index, entry)).collect();
        keys.and_then(|keys| match keys.len() {
            0 => Err(KeyFileError::TooFewKeys { found: 0, wants: 1, format: self.name(), takes: self.takes() }),
            _ => Ok(keys),
        })
    }

    fn recognises(&self, file: &[u8]) -> bool {
        let lines = || file.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        // a long list of something else is soon told
        memchr::memmem::find(file, b"not_before:").is_some()
            && lines().any(|line| line.starts_with(b"- "))
            && lines().any(|line| line.starts_with(b"not_before:") || line.starts_with(b"- not_before:"))
    }

    /// The times are those of the keys. Without any, all are valid until 2100, and of those the first became valid last.
    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        if keys.is_empty() {
            return Err(Unwritable::Nothing);
        }
        let all = [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let mut file = Zeroizing::new(Vec::with_capacity(512 * keys.len()));
        for (key, place) in keys.iter().zip(1..) {
            let carried = Carried::new(key, &all, "AES-CBC and an HMAC")?;
            if carried.name.is_empty() {
                return Err(Unwritable::NoName);
            }
            let sizes = || Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes() };
            let hash = key.scheme.mac().map_or(Hash::Sha256, |(_, hash)| hash);
            let mac = carried.mac(hash.block_length()).ok_or_else(sizes)?;
            let (name, bits) = (hex::encode(carried.name), 8 * carried.aes.len());
            let secrets = Zeroizing::new(hex::encode(Zeroizing::new([carried.aes, &mac].concat()).as_slice()));
            let hash = hash.name().to_ascii_lowercase();
            let from = key.validity.not_before.unwrap_or_else(|| i64::try_from(keys.len() - place).unwrap_or_default());
            let to = key.validity.not_after.unwrap_or(LAST).max(from);
            // writing to a Vec does not fail
            let _ = write!(file, "- name: {name}\n  cipher: aes-{bits}-cbc\n  hash: {hash}\n  key: ");
            file.extend_from_slice(secrets.as_bytes());
            let _ = write!(file, "\n  not_before: {from}\n  not_after: {to}\n");
        }
        Ok(file)
    }

    fn role(&self, place: Position) -> Role {
        match place.newest {
            Some(true) => Role::Active,
            Some(false) => Role::Inactive,
            None if place.keys == 1 => Role::Active,
            None => Role::Unknown,
        }
    }
}

impl H2o {
    fn wrong(&self, line: usize, problem: impl Into<String>) -> KeyFileError {
        KeyFileError::Line { line, problem: problem.into(), format: self.name(), takes: self.takes() }
    }

    fn entries<'a>(&self, file: &'a [u8]) -> Result<Vec<Entry<'a>>, KeyFileError> {
        let text = std::str::from_utf8(file)
            .map_err(|error| self.wrong(line_of(file, error.valid_up_to()), "the bytes are not UTF-8"))?;
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') || content == "---" || content == "..." {
                continue;
            }
            let member = match content.strip_prefix("- ") {
                Some(member) => {
                    entries.push(Entry { line: number, ..Entry::default() });
                    member.trim_start()
                }
                None => content,
            };
            let entry = entries.last_mut().ok_or_else(|| self.wrong(number, "no list item begins here"))?;
            let (name, value) = member.split_once(':').ok_or_else(|| self.wrong(number, "no `name: value`"))?;
            let slot = match name.trim() {
                "name" => &mut entry.name,
                "cipher" => &mut entry.cipher,
                "hash" => &mut entry.hash,
                "key" => &mut entry.key,
                "not_before" => &mut entry.not_before,
                "not_after" => &mut entry.not_after,
                // H2O looks for its own members and no others
                _ => continue,
            };
            if slot.replace(scalar(value)).is_some() {
                return Err(self.wrong(number, format!("`{}` appears twice in one entry", name.trim())));
            }
        }
        Ok(entries)
    }

    fn key(&self, index: usize, entry: &Entry<'_>) -> Result<KeyBytes, KeyFileError> {
        let line = entry.line;
        let missing = |what: &str| self.wrong(line, format!("the entry has no `{what}`"));
        let name = self.hex(entry.name.ok_or_else(|| missing("name"))?, NAME_LENGTH, "name", line)?;
        let cipher = entry.cipher.unwrap_or(DEFAULT_CIPHER);
        let aes = by_name(&CIPHERS, cipher)
            .ok_or_else(|| self.wrong(line, "the cipher is none of AES-128-CBC, AES-192-CBC, AES-256-CBC"))?;
        let hash = entry.hash.unwrap_or(DEFAULT_HASH);
        let hash = by_name(&HASHES, hash)
            .ok_or_else(|| self.wrong(line, "the hash is none of SHA1, SHA256, SHA384, SHA512"))?;
        let layout = Layout { order: Order::NameAesHmac, aes, hmac: hash.block_length() };
        let secrets = self.hex(entry.key.ok_or_else(|| missing("key"))?, aes + hash.block_length(), "key", line)?;
        let time = |value: Option<&str>, what: &str| {
            let value = value.ok_or_else(|| missing(what))?;
            value.parse::<i64>().map_err(|_| self.wrong(line, format!("`{what}` is not a number of seconds")))
        };
        let (from, to) = (time(entry.not_before, "not_before")?, time(entry.not_after, "not_after")?);
        if from > to {
            return Err(self.wrong(line, "`not_after` is before `not_before`"));
        }
        let bytes = Zeroizing::new([name.as_slice(), secrets.as_slice()].concat());
        Ok(KeyBytes {
            validity: Validity { not_before: Some(from), not_after: Some(to) },
            ..KeyBytes::new(index, &bytes, layout).with_scheme(Scheme::of_mac(Mode::Cbc, hash, &[Arrangement::Named]))
        })
    }

    fn hex(&self, text: &str, length: usize, what: &str, line: usize) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        if text.len() != 2 * length {
            let problem = format!("`{what}` has {} hex digits, not {}", text.len(), 2 * length);
            return Err(self.wrong(line, problem));
        }
        hex::decode(text).map(Zeroizing::new).map_err(|_| self.wrong(line, format!("`{what}` is not hex")))
    }
}

/// A value without its quotes, or without a comment behind it.
fn scalar(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
}

fn by_name<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn line_of(file: &[u8], at: usize) -> usize {
    1 + file.iter().take(at).filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(cipher: &str, hash: &str, length: usize) -> String {
        let key = hex::encode((0..length).map(|i| (i * 37 + 11).to_le_bytes()[0]).collect::<Vec<u8>>());
        let name = "00112233445566778899aabbccddeeff";
        format!("- name: {name}\n  cipher: {cipher}\n  hash: {hash}\n  key: {key}\n  not_before: 1\n  not_after: 2\n")
    }

    #[test]
    fn cipher_and_hash_decide_the_sizes() {
        for (cipher, hash, aes, hmac) in [
            ("AES-128-CBC", "SHA1", 16, 64),
            ("aes-192-cbc", "sha256", 24, 64),
            ("AES-256-CBC", "SHA384", 32, 128),
            ("AES256", "sha512", 32, 128),
        ] {
            let keys = H2o.read(entry(cipher, hash, aes + hmac).as_bytes()).unwrap();
            assert_eq!((keys[0].layout.aes, keys[0].layout.hmac), (aes, hmac));
            assert!(TicketKey::new(&keys[0], origin(), None).is_some());
        }
    }

    use crate::key::{Origin, TicketKey};

    fn origin() -> Origin {
        Origin { file: "".into(), index: 0, role: Role::Unknown, format: "".into() }
    }

    #[test]
    fn quotes_comments_and_documents_are_yaml() {
        let plain = entry("AES-256-CBC", "SHA256", 96);
        let other = format!(
            "--- \n# keys\n\n{}...\n",
            plain.replace("AES-256-CBC", "\"AES-256-CBC\"  # strong").replace(" SHA256", " 'SHA256'")
        );
        assert_eq!(H2o.read(other.as_bytes()).unwrap()[0].bytes, H2o.read(plain.as_bytes()).unwrap()[0].bytes);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let good = entry("AES-256-CBC", "SHA256", 96);
        let error = |text: &str| {
            assert!(H2o.recognises(text.as_bytes()));
            H2o.read(text.as_bytes()).err().unwrap().to_string()
        };
        assert!(error(&format!("{good}{}", good.replace("AES-256", "AES-512"))).contains("line 7"));
        assert!(error(&good.replace("AES-256", "AES-128")).contains("192 hex digits, not 160"));
        assert!(error(&good.replace("not_after: 2", "not_after: 0")).contains("before"));
        assert!(error(&good.replace("  key", "  k")).contains("no `key`"));
        assert!(error(&good.replace("  hash", "  cipher")).contains("twice"));
    }
}
