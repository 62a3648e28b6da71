//! A JSON writer for the batch path: members go straight from borrowed fields into the output buffer.
//!
//! serde's model would build a `String` for every hex field and look at each of its characters again.

// constant keys only become constant copies where the call is inlined; the profile says it is worth it
#![allow(clippy::inline_always)]

use std::fmt::{Display, Write as _};
use std::io::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::escape::is_unsafe;

/// An object being written.
///
/// Every member ends in a comma, and the last comma becomes the closing brace. The methods are inlined so that keys,
/// which are all literals, are copied as constants.
pub(in crate::report) struct Object<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Object<'b> {
    pub(in crate::report) fn begin(out: &'b mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out }
    }

    pub(in crate::report) fn end(self) {
        match self.out.last_mut() {
            Some(comma @ b',') => *comma = b'}',
            _ => self.out.push(b'}'),
        }
    }

    /// A key; all keys are our own words.
    #[inline(always)]
    fn key(&mut self, key: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A word of our own: nothing in it needs escaping.
    #[inline(always)]
    pub(in crate::report) fn word(&mut self, key: &str, word: &str) {
        self.begin_string(key);
        self.out.extend_from_slice(word.as_bytes());
        self.end_string();
    }

    /// Anybody's text: bytes that are not UTF-8 as `\xNN`.
    #[inline(always)]
    pub(in crate::report) fn text(&mut self, key: &str, text: &[u8]) {
        self.begin_string(key);
        escape(text, self.out);
        self.end_string();
    }

    /// Something of our own that prints itself.
    pub(in crate::report) fn display(&mut self, key: &str, value: impl Display) {
        self.begin_string(key);
        // writing to a Vec does not fail
        let _ = write!(self.out, "{value}");
        self.end_string();
    }

    /// Bytes as lower-case hex.
    #[inline(always)]
    pub(in crate::report) fn hex(&mut self, key: &str, bytes: &[u8]) {
        self.begin_string(key);
        append_hex(bytes, self.out);
        self.end_string();
    }

    /// A list of bytes, each as lower-case hex.
    pub(in crate::report) fn hex_list(&mut self, key: &str, items: &[&[u8]]) {
        self.list(key, items, |item, out| {
            out.push(b'"');
            append_hex(item, out);
            out.push(b'"');
        });
    }

    #[inline(always)]
    pub(in crate::report) fn number(&mut self, key: &str, number: impl itoa::Integer) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.out.push(b',');
    }

    /// A number that prints itself.
    pub(in crate::report) fn decimal(&mut self, key: &str, number: impl Display) {
        self.key(key);
        // writing to a Vec does not fail
        let _ = write!(self.out, "{number},");
    }

    #[inline(always)]
    pub(in crate::report) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.out.extend_from_slice(if flag { b"true," } else { b"false," });
    }

    /// Seconds since 1970 as RFC 3339; left out where the year has more than four digits.
    #[inline(always)]
    pub(in crate::report) fn utc(&mut self, key: &str, seconds: i64) {
        let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) else { return };
        if (0..=9999).contains(&time.year()) {
            self.begin_string(key);
            append_time(time, self.out);
            self.end_string();
        }
    }

    /// A nested object.
    #[inline(always)]
    pub(in crate::report) fn object(&mut self, key: &str, with: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut object = Object::begin(self.out);
        with(&mut object);
        object.end();
        self.out.push(b',');
    }

    /// A list of objects.
    pub(in crate::report) fn array<T>(&mut self, key: &str, items: &[T], mut with: impl FnMut(&T, &mut Object<'_>)) {
        self.list(key, items, |item, out| {
            let mut object = Object::begin(out);
            with(item, &mut object);
            object.end();
        });
    }

    /// A list of texts.
    pub(in crate::report) fn texts(&mut self, key: &str, texts: &[String]) {
        self.list(key, texts, |text, out| {
            out.push(b'"');
            escape(text.as_bytes(), out);
            out.push(b'"');
        });
    }

    /// A list of numbers.
    pub(in crate::report) fn numbers<N: itoa::Integer + Copy>(&mut self, key: &str, numbers: &[N]) {
        self.list(key, numbers, |number, out| out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes()));
    }

    fn list<T>(&mut self, key: &str, items: &[T], mut with: impl FnMut(&T, &mut Vec<u8>)) {
        self.key(key);
        self.out.push(b'[');
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.out.push(b',');
            }
            with(item, self.out);
        }
        self.out.extend_from_slice(b"],");
    }

    #[inline(always)]
    fn begin_string(&mut self, key: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":\"");
    }

    #[inline(always)]
    fn end_string(&mut self) {
        self.out.extend_from_slice(b"\",");
    }
}

fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    if let Some(place) = out.get_mut(start..) {
        // the place has the length that is needed
        let _ = hex::encode_to_slice(bytes, place);
    }
}

fn append_time(time: OffsetDateTime, out: &mut Vec<u8>) {
    // writing to a Vec does not fail
    let _ = time.format_into(out, &Rfc3339);
}

/// Appends text as the inside of a JSON string. Characters that could upset a terminal are escaped too, so that
/// looking at records is safe; a parser gets them back as they were.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    if text.iter().all(|octet| matches!(octet, 0x20..=0x7e) && !matches!(octet, b'"' | b'\\')) {
        return out.extend_from_slice(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            // writing to a String does not fail
            let _ = match character {
                '"' => escaped.write_str("\\\""),
                '\\' => escaped.write_str("\\\\"),
                '\n' => escaped.write_str("\\n"),
                '\r' => escaped.write_str("\\r"),
                '\t' => escaped.write_str("\\t"),
                _ if is_unsafe(character) => {
                    let mut units = [0; 2];
                    character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(escaped, "\\u{unit:04x}"))
                }
                _ => escaped.write_char(character),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(escaped, "\\\\x{byte:02x}");
        }
    }
    out.extend_from_slice(escaped.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn any_parser_gets_back_what_went_in() {
        let text = "q\"b\\ \n\t\u{1b}\u{9b}\u{202e}\u{7f}é漢\u{e0041}";
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        object.text("text", text.as_bytes());
        object.text("bytes", b"a\xff");
        object.hex("hex", &[0, 0xab]);
        object.number("number", -5_i64);
        object.flag("flag", true);
        object.utc("utc", 1_700_000_000);
        object.utc("far", i64::MAX);
        object.object("object", |inner| inner.word("word", "w"));
        object.array("array", &[1, 2], |item, inner| inner.number("n", *item));
        object.texts("texts", &["a\"".to_owned(), "b".to_owned()]);
        object.end();
        let value: Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "text": text, "bytes": "a\\xff", "hex": "00ab", "number": -5, "flag": true, "utc": "2023-11-14T22:13:20Z",
            "object": {"word": "w"}, "array": [{"n": 1}, {"n": 2}], "texts": ["a\"", "b"],
        });
        assert_eq!(value, expected);
        assert!(std::str::from_utf8(&out).unwrap().chars().all(|character| !is_unsafe(character)));
    }
}
