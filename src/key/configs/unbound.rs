//! unbound: `tls-session-ticket-keys: FILE`, as often as there are keys, the first of which seals; `include:` and
//! `include-toplevel:`. Relative paths start from `directory:`, if it stands ahead of them.

use crate::key::config::{Config, Format, Reference, Text, words};

pub(super) const CONFIG: Config = Config {
    server: "unbound",
    format: Some(Format::Named("unbound")),
    setting: Some("tls-session-ticket-keys: FILE"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&["tls-service-key:", "tls-service-pem:", "tls-port:", "forward-zone:", "stub-zone:"])
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let of_line = |(line, content): (usize, &str)| {
        let (name, value) = content.split_once(':')?;
        let path = words(value).into_iter().next().filter(|path| !path.is_empty())?;
        match name.trim() {
            "tls-session-ticket-keys" => Some(Reference::key(line, path)),
            "include" | "include-toplevel" => Some(Reference::include(line, path)),
            "directory" => Some(Reference::root(line, path)),
            _ => None,
        }
    };
    text.lines().filter_map(of_line).collect()
}
