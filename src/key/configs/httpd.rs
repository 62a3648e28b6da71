//! Apache httpd: `SSLSessionTicketKeyFile`, `Include`, `IncludeOptional`, and `ServerRoot`, which relative paths start
//! from; names are in any case.

use crate::key::config::{Config, Reference, words};

pub(super) const CONFIG: Config = Config { format: "apache", read };

fn read(text: &str) -> Vec<Reference> {
    let of_line = |line: &str| {
        let words = words(line);
        let [name, path] = words.as_slice() else { return Vec::new() };
        let path = path.clone();
        match name.to_ascii_lowercase().as_str() {
            // a virtual host has one
            "sslsessionticketkeyfile" => vec![Reference::Server, Reference::Key(path)],
            "include" | "includeoptional" if !path.ends_with(';') => vec![Reference::Include(path)],
            "serverroot" => vec![Reference::Root(path)],
            _ => Vec::new(),
        }
    };
    text.lines().flat_map(of_line).collect()
}
