//! Any YAML or JSON in which a scalar under a key-like name is a key, or names a key file: values of Helm charts, BFE's
//! `session_ticket_key.data`, variables of Ansible, what a secret store prints.

use super::assignments;
use crate::key::config::{Config, Reference, Text};
use crate::key::file;
use crate::key::material::{Found, Name, chosen, content_of};
use crate::key::tree::Node;

pub(super) const CONFIG: Config = Config { server: "document", format: None, setting: None, read, recognises };

fn recognises(_: &Text<'_>) -> bool {
    false
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
