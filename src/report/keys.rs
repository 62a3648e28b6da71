//! The `key` record: what one reading of a key file holds, without its secrets.

use super::Page;
use super::json::{Object, line, record_type};
use crate::key::TicketKey;
use crate::key::compare::{Compared, Entry};

/// Appends the record of one key.
pub fn key(key: &TicketKey, problems: &[String], out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("key"));
        members(key, object);
        object.texts("problems", problems);
    });
}

/// Appends the record of a key of one of two hosts, or of both: the fingerprint of each layout, and where the second
/// host has it.
pub fn compared(compared: &Compared<'_>, out: &mut Page) {
    let Some(key) = compared.entry.first() else { return };
    let (layouts, fingerprints): (Vec<String>, Vec<String>) = compared
        .entry
        .fingerprints()
        .iter()
        .map(|(layout, fingerprint)| (layout.to_string(), fingerprint.to_string()))
        .unzip();
    let other = compared.other.as_ref().and_then(Entry::first).map(TicketKey::origin);
    line(out, |object| {
        object.begin(record_type!("key"));
        object.word("compare", compared.comparison.as_str());
        members(key, object);
        if layouts.len() > 1 {
            object.texts("layouts", &layouts);
            object.texts("fingerprints", &fingerprints);
        }
        if let Some(other) = other {
            object.text("other_file", other.file.as_bytes());
            object.number("other_index", other.index);
        }
    });
}

fn members(key: &TicketKey, object: &mut Object<'_, '_>) {
    let origin = key.origin();
    object.text("file", origin.file.as_bytes());
    object.number("index", origin.index);
    if let Some(name) = key.name() {
        object.hex("key_name", &name.0);
    }
    object.word("role", origin.role.as_str());
    object.text("format", origin.format.as_bytes());
    object.display("layout", key.layout());
    object.word("cipher", key.cipher_name());
    object.word("mac", key.mac_name());
    object.hex("fingerprint", key.fingerprint().as_bytes());
    if let Some(seconds) = key.validity().not_before {
        object.number("not_before", seconds);
    }
    if let Some(seconds) = key.validity().not_after {
        object.number("not_after", seconds);
    }
}
