//! `NAME=VALUE` and `name: value` in any text: environment files, units of systemd, settings in TOML or INI, lines of
//! code. The value is the rest of the line, or the strings in quotes up to the end of the list that begins in it.

use crate::key::config::{Config, Reference, Text, quoted};
use crate::key::file;
use crate::key::material::{Found, Name, chosen, content_of};

/// The shortest text that can be a key: 16 bytes of hex.
const SHORTEST: usize = 32;
/// How many lines a list of keys may have.
const LONGEST_LIST: usize = 200;

pub(super) const CONFIG: Config = Config { server: "file", format: None, setting: None, read, recognises };

fn recognises(_: &Text<'_>) -> bool {
    false
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut references = chosen(values(text.whole));
    references.extend(text.lines().filter_map(|(line, content)| path(line, content)));
    references
}

/// The values that may be keys.
pub(super) fn values(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        // systemd: several assignments, each in quotes
        if let Some(inner) = line.trim_start().strip_prefix("Environment=\"") {
            let inside = inner.split("\" \"").flat_map(|inside| values(inside.trim_end_matches('"')));
            found.extend(inside.map(|value| Found { line: Some(number), ..value }));
            continue;
        }
        let Some((name, value)) = assignment(line) else { continue };
        let says = Name::of(name);
        if says == Name::Other {
            continue;
        }
        let mut push = |text: &str, line| {
            if text.len() < SHORTEST {
                return;
            }
            let content = content_of(text, false);
            let is_key = file::read_auto(&content).is_ok();
            // without quotes and lists, a value that was meant to be a key may have a mistake in it
            if is_key || !text.contains([' ', '(', '{', '[', '$']) {
                found.push(Found { name: name.to_owned(), says, content, format: None, line: Some(line) });
            }
        };
        let mut depth = 0;
        if !each_quoted(value, &mut depth, &mut |text| push(text, number)) {
            push(bare(value), number);
        }
        for (number, line) in lines.by_ref().take(if depth > 0 { LONGEST_LIST } else { 0 }) {
            let any = each_quoted(line, &mut depth, &mut |text| push(text, number));
            if !any && depth > 0 {
                push(bare(line), number);
            }
            if depth <= 0 {
                break;
            }
        }
    }
    found
}

/// A setting that names a key file.
fn path(line: usize, content: &str) -> Option<Reference> {
    let (name, value) = assignment(content)?;
    let lower = name.to_ascii_lowercase();
    let says = Name::of(name) == Name::Ticket && (lower.contains("file") || lower.contains("path"));
    let path = quoted(value).map_or_else(|| bare(value), |(path, _)| path);
    let can_be = !path.is_empty() && !path.contains(char::is_whitespace) && path.contains(['.', '/']);
    (says && can_be).then(|| Reference::key(line, path))
}

/// The name and what follows the sign behind it; comments have none.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    if line.starts_with(['#', ';']) || line.starts_with("//") {
        return None;
    }
    // systemd: the assignment is in quotes
    if let Some(inner) = line.strip_prefix("Environment=") {
        return assignment(inner.trim_matches(['"', '\'']));
    }
    let (name, value) = line.split_at_checked(line.find(['=', ':', '('])?)?;
    let value = value.trim_start_matches(['=', ':']).trim_start();
    let name = name.trim().trim_matches(['"', '\'']);
    // `export NAME`, `const name`, `- NAME`
    let name = name.rsplit([' ', '\t']).next().unwrap_or(name);
    (!name.is_empty() && name.len() <= 128).then_some((name, value))
}

/// A value without quotes: up to what ends a statement.
fn bare(value: &str) -> &str {
    value.trim().trim_start_matches("- ").trim_end_matches([';', ',']).trim()
}

/// Hands over every string in quotes, and says whether there was one; brackets are counted.
fn each_quoted(line: &str, depth: &mut i32, take: &mut dyn FnMut(&str)) -> bool {
    let mut any = false;
    let mut rest = line;
    while let Some(at) = rest.find(['"', '\'', '`', '[', '{', '(', ']', '}', ')']) {
        rest = rest.get(at..).unwrap_or_default();
        if let Some((text, behind)) = quoted(rest) {
            take(text);
            any = true;
            rest = behind;
            continue;
        }
        *depth += match rest.as_bytes().first() {
            Some(b'[' | b'{' | b'(') => 1,
            Some(b']' | b'}' | b')') => -1,
            _ => 0,
        };
        rest = rest.get(1..).unwrap_or_default();
    }
    any
}
