//! What made a key file unusable: the same bytes seen by the rules of every format.

use super::error::{Cause, KeyFileError};
use super::text::{damaged_hex, decode_lines, without_newline, wrapped_lines};
use crate::key::formats::is_raw_key;

/// An error of one format about a file, with what probably happened.
pub(super) fn explained(mut error: KeyFileError, file: &[u8]) -> KeyFileError {
    if let KeyFileError::Size { cause: cause @ None, .. } = &mut error {
        *cause = self::cause(file);
    }
    error
}

/// What the bytes tell about why no server takes them.
pub(super) fn cause(file: &[u8]) -> Option<Cause> {
    if file.is_empty() {
        return Some(Cause::Empty);
    }
    if super::utf16::decode(file).is_some() {
        return Some(Cause::Utf16);
    }
    if let Some(lines) = wrapped_lines(file, is_raw_key) {
        return Some(Cause::WrappedBase64 { lines });
    }
    if let Some(keys) = decode_lines(file, is_raw_key) {
        let hex = keys.iter().any(|(_, encoding)| *encoding == "hex");
        return Some(if hex { Cause::HexText } else { Cause::Base64Text });
    }
    if std::str::from_utf8(file).ok().and_then(super::dump::read).is_some() {
        return Some(Cause::Dump);
    }
    if let Some((line, column)) = damaged_hex(file) {
        return Some(Cause::DamagedHex { line, column });
    }
    let text = std::str::from_utf8(file).is_ok();
    if text && is_like_a_ticket(file) {
        return Some(Cause::LikeATicket);
    }
    let newline = without_newline(file).filter(|shorter| is_raw_key(shorter)).map(|_| Cause::TrailingNewline);
    newline.or_else(|| is_like_a_ticket(file).then_some(Cause::LikeATicket))
}

/// Whether a file has the length of a ticket and of no key, as raw bytes or as one line of hex or base64.
fn is_like_a_ticket(file: &[u8]) -> bool {
    const SHORTEST: usize = 100;
    const LONGEST: usize = 8192;
    let text = file.trim_ascii();
    let decoded = if std::str::from_utf8(text).is_err() {
        text.len()
    } else if text.iter().all(u8::is_ascii_hexdigit) {
        text.len() / 2
    } else if text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte)) {
        text.len() / 4 * 3
    } else {
        0
    };
    (SHORTEST..LONGEST).contains(&decoded)
}
