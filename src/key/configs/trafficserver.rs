//! Traffic Server: `ticket_key.filename` in records.yaml or records.config, and `ticket_key_name` of single
//! certificates in `ssl_multicert.config` or `.yaml`. Relative paths start from `cert.path` (`SSLConfig.cc`), which is the
//! folder of the configurations if nothing else is said.

use crate::key::config::{Config, Format, Reference, Text, words};
use crate::key::tree::{Node, Scalar};

const KEY: &str = "proxy.config.ssl.server.ticket_key.filename";
const FOLDER: &str = "proxy.config.ssl.server.cert.path";
const OF_CERTIFICATE: &str = "ticket_key_name";

pub(super) const CONFIG: Config = Config {
    server: "Traffic Server",
    format: Some(Format::Named("ats")),
    setting: Some("records.ssl.server.ticket_key.filename: FILE"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&["CONFIG proxy.config.", "ssl_cert_name=", "ssl_multicert:"])
        || text.documents().iter().any(|document| document.at(&["records", "ssl"]).is_some())
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found: Vec<Reference> = text.lines().flat_map(|(line, content)| of_line(line, content)).collect();
    for document in text.documents() {
        let line = |scalar: &Scalar| scalar.line.or_else(|| text.line_of(&scalar.text));
        if let Some(server) = document.at(&["records", "ssl", "server"]) {
            let scalar = |path: &[&str]| server.at(path).and_then(Node::scalar);
            found.extend(scalar(&["cert", "path"]).map(|path| Reference::root(line(path), path.text.as_str())));
            let key = scalar(&["ticket_key", "filename"]).filter(|path| is_set(&path.text));
            found.extend(key.map(|path| Reference::key(line(path), path.text.as_str())));
        }
        for certificate in document.member("ssl_multicert").map(Node::items).unwrap_or_default() {
            if let Some(path) = certificate.member(OF_CERTIFICATE).and_then(Node::scalar) {
                found.extend([Reference::server(line(path)), Reference::key(line(path), path.text.as_str())]);
            }
        }
    }
    found
}

fn of_line(line: usize, content: &str) -> Vec<Reference> {
    let words = words(content);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["CONFIG" | "LOCAL", KEY, "STRING", path] if is_set(path) => vec![Reference::key(line, *path)],
        ["CONFIG" | "LOCAL", FOLDER, "STRING", path] => vec![Reference::root(line, *path)],
        all if all.iter().any(|word| word.starts_with("ssl_cert_name=") || word.starts_with("dest_ip=")) => {
            let path = all.iter().find_map(|word| word.strip_prefix(OF_CERTIFICATE)?.strip_prefix('='));
            path.map_or_else(Vec::new, |path| vec![Reference::server(line), Reference::key(line, path)])
        }
        _ => Vec::new(),
    }
}

fn is_set(path: &str) -> bool {
    !path.is_empty() && !path.eq_ignore_ascii_case("null") && path != "~"
}
