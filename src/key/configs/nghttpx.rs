//! nghttpx: `tls-ticket-key-file=FILE`, as often as there are keys, the first of which seals, and `include=FILE`
//! (`read_tls_ticket_key_file` in `src/shrpx_config.cc`). Name, AES key and HMAC key follow each other in both sizes:
//! 48 bytes with AES-128, which is nginx's order, 80 with AES-256, which is not.

use crate::key::config::{Config, Format, Reference, Text};
use crate::key::formats::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

static FORMAT: RawFormat = RawFormat {
    name: "nghttpx",
    about: "nghttpx: tls-ticket-key-file",
    takes: "exactly 48 raw bytes, or 80 with tls-ticket-key-cipher=aes-256-cbc",
    layouts: &[Layout::NAME_AES_HMAC_48, Layout::NAME_AES_HMAC_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::FirstFile,
};

pub(super) const CONFIG: Config = Config {
    server: "nghttpx",
    format: Some(Format::Own(&FORMAT)),
    setting: Some("tls-ticket-key-file=FILE"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&["frontend=", "backend="])
        && text.has_line_with(&["private-key-file=", "certificate-file=", "workers="])
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let of_line = |(line, content): (usize, &str)| {
        let (name, value) = content.trim().split_once('=')?;
        match name.trim() {
            "tls-ticket-key-file" => Some(Reference::key(line, value.trim())),
            "include" if is_nghttpx(text) => Some(Reference::include(line, value.trim())),
            _ => None,
        }
    };
    text.lines().filter_map(of_line).collect()
}

/// Other configurations have lines `include=FILE`, too.
fn is_nghttpx(text: &Text<'_>) -> bool {
    text.has_line_with(&["frontend=", "backend=", "private-key-file=", "tls-ticket-key-"])
}
