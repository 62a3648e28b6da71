//! The `key` record: what one reading of a key file holds, without its secrets.

use super::Page;
use super::json::{line, record_type};
use crate::key::TicketKey;

/// Appends the record of one key.
pub fn key(key: &TicketKey, problems: &[String], out: &mut Page) {
    let origin = key.origin();
    line(out, |object| {
        object.begin(record_type!("key"));
        object.text("file", origin.file.as_bytes());
        object.number("index", origin.index);
        if let Some(name) = key.name() {
            object.hex("key_name", name.as_bytes());
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
        object.texts("problems", problems);
    });
}
