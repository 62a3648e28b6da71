//! Any YAML or JSON in which a scalar under a key-like name is a key, or names a key file: values of Helm charts, BFE's
//! `session_ticket_key.data`, variables of Ansible, what a secret store prints.

use zeroize::Zeroizing;

use super::{assignments, content_of};
use crate::key::config::{Config, Reference, Text, Value, What};
use crate::key::tree::Node;
use crate::key::{file, layout::Layout};

pub(super) const CONFIG: Config = Config { server: "document", format: None, setting: None, read, recognises };

fn recognises(_: &Text<'_>) -> bool {
    false
}

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

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut paths = Vec::new();
    for document in text.documents() {
        document.each_scalar(&mut Vec::new(), &mut |names, scalar| {
            let line = scalar.line.or_else(|| text.line_of(&scalar.text));
            let says = names.iter().map(|name| Name::of(name)).max().unwrap_or(Name::Other);
            let leaf = names.last().copied().unwrap_or_default();
            let near = names.iter().rev().take(2).any(|name| Name::of(name) == Name::Ticket);
            if near && is_path(leaf, &scalar.text) {
                paths.push(Reference::key(line, scalar.text.as_str()));
                return;
            }
            // a list of environment variables has them as NAME=VALUE, and some documents hold others
            let inner = if scalar.text.contains(['=', ':']) { assignments::values(&scalar.text) } else { Vec::new() };
            if !inner.is_empty() {
                found.extend(inner.into_iter().map(|inner| Found { line, ..inner }));
                return;
            }
            if says == Name::Other {
                return;
            }
            let content = content_of(&scalar.text, scalar.is_binary);
            found.push(Found { name: names.join("."), says, content, format: None, line });
        });
        // `name: TICKET_KEY` beside `value: …`, as containers have their environment
        document.each_item(&mut |item| {
            let text_of = |name| item.member(name).and_then(Node::text);
            let (Some(name), Some(value)) = (text_of("name"), item.member("value").and_then(Node::scalar)) else {
                return;
            };
            let content = content_of(&value.text, value.is_binary);
            found.push(Found { name: name.to_owned(), says: Name::of(name), content, format: None, line: value.line });
        });
    }
    let mut chosen = chosen(found);
    chosen.extend(paths);
    chosen
}

/// Whether a name says that its value is a path, and the value can be one.
fn is_path(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let says = name.contains("file") || name.contains("path");
    says && !value.is_empty()
        && value.len() < 4096
        && !value.contains('\n')
        && file::decode_lines(value.as_bytes()).is_none()
}
