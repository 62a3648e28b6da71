//! `HAProxy`'s runtime API: `show tls-keys` prints the files, `show tls-keys *` the keys that a process has
//! (`cli_io_handler_tlskeys_files` in `src/ssl_sock.c`), the oldest first: the last but one seals, as in a file.

use zeroize::Zeroizing;

use crate::key::config::{Config, Format, Reference, Text, Value, What};

pub(super) const CONFIG: Config =
    Config { server: "HAProxy", format: Some(Format::Named("haproxy")), setting: None, read, recognises };

fn recognises(_: &Text<'_>) -> bool {
    false
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    // the list at hand: its number, its line, and its keys as a file would have them
    let mut list: Option<(&str, usize, Zeroizing<Vec<u8>>)> = None;
    for (line, content) in text.lines() {
        let content = content.trim_start_matches(['>', ' ']).trim_end();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let Some((id, rest)) = content.split_once(' ') else { return Vec::new() };
        match (id.split_once('.'), rest.strip_prefix('(').and_then(|path| path.strip_suffix(')'))) {
            (Some((id, number)), None) if is_number(id) && is_number(number) => match &mut list {
                Some((same, _, keys)) if *same == id => add(keys, rest),
                _ => {
                    found.extend(list.take().map(value));
                    // room from the start: a buffer that grows leaves copies behind
                    let mut keys = Zeroizing::new(Vec::with_capacity(text.whole.len()));
                    add(&mut keys, rest);
                    list = Some((id, line, keys));
                }
            },
            (None, Some(path)) if is_number(id) => {
                found.extend([Reference::server(line), Reference::key(line, path)]);
            }
            _ => return Vec::new(),
        }
    }
    found.extend(list.map(value));
    found
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn add(keys: &mut Vec<u8>, key: &str) {
    keys.extend_from_slice(key.trim().as_bytes());
    keys.push(b'\n');
}

fn value((id, line, content): (&str, usize, Zeroizing<Vec<u8>>)) -> Reference {
    Reference::new(line, What::Value(Value { name: format!("list {id}"), content, format: None }))
}
