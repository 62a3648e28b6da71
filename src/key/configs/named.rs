//! Values under names that may say what they are, and which of them are keys.

use zeroize::Zeroizing;

use crate::key::config::{Reference, Value, What};
use crate::key::{file, layout::Layout};

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// Nothing.
    Other,
    /// That it is a key of some kind.
    Key,
    /// That it is about session tickets.
    Ticket,
}

impl Name {
    /// Reads a name in any spelling: `ssl-session-ticket-key`, `TICKET_KEYS`, `sessionTicketKey`.
    pub(super) fn of(name: &str) -> Self {
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
pub(super) struct Found {
    pub(super) name: String,
    pub(super) says: Name,
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) format: Option<&'static str>,
    pub(super) line: Option<usize>,
}

/// The values that are keys. Those under names that speak of tickets keep others out: a Secret has other keys, too.
pub(super) fn chosen(found: Vec<Found>) -> Vec<Reference> {
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

/// Whether a value that is no key was meant to be one, so that its mistake is worth an error.
fn looks_meant(content: &[u8]) -> bool {
    let digits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(byte);
    let is_text = content.iter().all(digits);
    let is_path = memchr::memchr_iter(b'/', content).count() * 8 > content.len();
    content.len() >= 40 && content.len() <= 4096 && is_text && !is_path
}
