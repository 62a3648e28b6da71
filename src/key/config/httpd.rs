//! Apache httpd: `SSLSessionTicketKeyFile`, `Include`, `IncludeOptional`, and `ServerRoot`, which relative paths start
//! from; names are in any case.

use super::{Config, Reference, words};

pub(super) const CONFIG: Config = Config { format: "apache", read };

fn read(text: &str) -> Vec<Reference> {
    let of_line = |line: &str| {
        let words = words(line);
        let [name, path] = words.as_slice() else { return None };
        let path = path.clone();
        match name.to_ascii_lowercase().as_str() {
            "sslsessionticketkeyfile" => Some(Reference::Key(path)),
            "include" | "includeoptional" if !path.ends_with(';') => Some(Reference::Include(path)),
            "serverroot" => Some(Reference::Root(path)),
            _ => None,
        }
    };
    text.lines().filter_map(of_line).collect()
}
