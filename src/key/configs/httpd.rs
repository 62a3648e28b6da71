//! Apache httpd: `SSLSessionTicketKeyFile`, `Include`, `IncludeOptional`, and `ServerRoot`, which relative paths start
//! from; names are in any case.

use crate::key::config::{Config, Format, Reference, Text, words};

pub(super) const CONFIG: Config = Config {
    server: "Apache httpd",
    format: Some(Format::Named("apache")),
    setting: Some("SSLSessionTicketKeyFile FILE"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&[
        "<VirtualHost",
        "SSLEngine",
        "SSLCertificateFile",
        "SSLProtocol",
        "LoadModule ",
        "ServerRoot ",
    ])
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let of_line = |(line, content): (usize, &str)| {
        let words = words(content);
        let [name, path] = words.as_slice() else { return Vec::new() };
        match name.to_ascii_lowercase().as_str() {
            // a virtual host has one
            "sslsessionticketkeyfile" => vec![Reference::server(line), Reference::key(line, path)],
            "include" | "includeoptional" if !path.ends_with(';') => vec![Reference::include(line, path)],
            "serverroot" => vec![Reference::root(line, path)],
            _ => Vec::new(),
        }
    };
    text.lines().flat_map(of_line).collect()
}
