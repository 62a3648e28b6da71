//! What in a text may be a key: values under names that say so, in hex, in base64 or as a whole key file in base64.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::config::{Reference, Value, What};
use super::file;
use super::layout::Layout;

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::key) enum Name {
    /// Nothing.
    Other,
    /// That it is a key of some kind.
    Key,
    /// That it is about session tickets.
    Ticket,
}

impl Name {
    /// Reads a name in any spelling: `ssl-session-ticket-key`, `TICKET_KEYS`, `sessionTicketKey`.
    pub(in crate::key) fn of(name: &str) -> Self {
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect();
        if plain.contains("ticket") || plain.contains("stek") {
            Self::Ticket
        } else if ["key", "secret", "seed"].iter().any(|word| plain.contains(word)) {
            Self::Key
        } else {
            Self::Other
        }
    }
}

/// A value that may be a key.
pub(in crate::key) struct Found {
    pub(in crate::key) name: String,
    pub(in crate::key) says: Name,
    pub(in crate::key) content: Zeroizing<Vec<u8>>,
    pub(in crate::key) format: Option<&'static str>,
    pub(in crate::key) line: Option<usize>,
}

/// The values that are keys. Those under names that speak of tickets keep others out: a Secret has other keys, too.
pub(in crate::key) fn chosen(found: Vec<Found>) -> Vec<Reference> {
    let is_key = |value: &Found| match value.says {
        Name::Ticket => file::read_auto(&value.content).is_ok() || looks_meant(&value.content),
        // a hash has the size of a small key
        Name::Key => is_large_key(&value.content),
        Name::Other => false,
    };
    let keys: Vec<Found> = found.into_iter().filter(is_key).collect();
    let best = keys.iter().map(|value| value.says).max();
    let best = keys.into_iter().filter(|value| Some(value.says) == best);
    best.map(|Found { name, content, format, line, .. }| {
        Reference::new(line, What::Value(Value { name, content, format }))
    })
    .collect()
}

/// Whether a value is one key of 48 or 80 bytes.
fn is_large_key(content: &[u8]) -> bool {
    let large = |keys: file::KeyFile| {
        keys.readings.iter().any(|reading| Layout::BARE.contains(&reading.key.layout) && reading.key.seed.is_none())
    };
    file::read_auto(content).is_ok_and(large)
}

/// Whether a value that is not a key was meant to be one, so that its mistake is worth an error.
fn looks_meant(content: &[u8]) -> bool {
    let digits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(byte);
    let is_text = content.iter().all(digits);
    let is_path = memchr::memchr_iter(b'/', content).count() * 8 > content.len();
    content.len() >= 40 && content.len() <= 4096 && is_text && !is_path
}

/// The bytes that base64 stands for, over several lines or on one, with padding or without.
pub(in crate::key) fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let decode = |encoding: &data_encoding::Encoding| encoding.decode(&digits).ok().map(Zeroizing::new);
    [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(decode)
}

/// What a value in a text stands for: a key that is written in hex or base64, a key file in base64, or itself.
pub(in crate::key) fn content_of(text: &str, is_base64: bool) -> Zeroizing<Vec<u8>> {
    if let Some([(key, _)]) = file::decode_lines(text.as_bytes()).as_deref() {
        return key.clone();
    }
    let decoded = decode_base64(text).filter(|decoded| is_base64 || file::read_auto(decoded).is_ok());
    decoded.unwrap_or_else(|| Zeroizing::new(text.as_bytes().to_vec()))
}
