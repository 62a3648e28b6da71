//! Keys written as text, where servers keep raw bytes.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::is_raw_key;

/// A key and the encoding it was written in.
pub(in crate::key) type TextKey = (Zeroizing<Vec<u8>>, &'static str);

/// The keys of a text file with one hex or base64 key a line; `None` where any line is something else, or decodes to a
/// size that no key has.
pub(in crate::key) fn decode_lines(file: &[u8]) -> Option<Vec<TextKey>> {
    let lines = file.split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let keys: Option<Vec<_>> = lines.map(text_key).collect();
    keys.filter(|keys| !keys.is_empty())
}

fn text_key(line: &[u8]) -> Option<TextKey> {
    let is_key = |bytes: &Zeroizing<Vec<u8>>| is_raw_key(bytes);
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(line.iter().copied().filter(|octet| !matches!(octet, b':' | b' ' | b'\t')).collect());
    if let Some(key) = hex::decode(digits.as_slice()).ok().map(Zeroizing::new).filter(is_key) {
        return Some((key, "hex"));
    }
    let decode = |encoding: &data_encoding::Encoding| encoding.decode(line).ok().map(Zeroizing::new).filter(is_key);
    let key = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(decode)?;
    Some((key, "base64"))
}

/// Printable text of several lines.
pub(super) fn is_prose(file: &[u8]) -> bool {
    let body = file.trim_ascii_end();
    body.contains(&b'\n') && body.iter().all(|octet| matches!(octet, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}
