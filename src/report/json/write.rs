//! A JSON writer for the batch path: members go straight from borrowed fields into the output buffer.
//!
//! serde's model would build a `String` for every hex field and look at each of its characters again.

// constant keys only become constant copies where the call is inlined; the profile says it is worth it
#![allow(clippy::inline_always)]

mod key;
mod page;
mod text;

use std::fmt::Display;
use std::net::SocketAddr;

use time::OffsetDateTime;

pub(super) use self::key::member;
pub(in crate::report) use self::key::{Key, Member};
use self::page::Page;
use self::text::{digits3, escape, is_plain, rfc_3339, without_zeros};
use crate::capture::container::Time;

/// An object being written.
///
/// Every member ends in a comma, and the last comma becomes the closing brace. The methods are inlined so that keys,
/// which are all literals, are copied as constants.
pub(in crate::report) struct Object<'b> {
    page: Page<'b>,
}

impl<'b> Object<'b> {
    pub(in crate::report) fn begin(out: &'b mut Vec<u8>) -> Self {
        let mut page = Page::new(out);
        page.put([b"{"]);
        Self { page }
    }

    /// Ends the line that the object is.
    pub(in crate::report) fn end_line(mut self) {
        self.close();
        self.page.put([b"\n"]);
        self.page.trim();
    }

    fn close(&mut self) {
        match self.page.last_mut() {
            Some(comma @ b',') => *comma = b'}',
            _ => self.page.put([b"}"]),
        }
    }

    /// A word of our own: nothing in it needs escaping.
    #[inline(always)]
    pub(in crate::report) fn word(&mut self, key: impl Key, word: &str) {
        key.string(&mut self.page, word.len(), |place| place.copy_from_slice(word.as_bytes()));
    }

    /// Anybody's text: bytes that are not UTF-8 as `\xNN`.
    #[inline(always)]
    pub(in crate::report) fn text(&mut self, key: impl Key, text: &[u8]) {
        if is_plain(text) {
            key.string(&mut self.page, text.len(), |place| place.copy_from_slice(text));
        } else {
            self.word(key, &escape(text));
        }
    }

    /// Something of our own that prints itself.
    pub(in crate::report) fn display(&mut self, key: impl Key, value: impl Display) {
        self.word(key, &value.to_string());
    }

    /// Bytes as lower-case hex.
    #[inline(always)]
    pub(in crate::report) fn hex(&mut self, key: impl Key, bytes: &[u8]) {
        key.string(&mut self.page, 2 * bytes.len(), |place| write_hex(bytes, place));
    }

    /// A list of bytes, each as lower-case hex.
    pub(in crate::report) fn hex_list(&mut self, key: impl Key, items: &[&[u8]]) {
        self.list(key, items, |item, object| object.page.string("\"", 2 * item.len(), |place| write_hex(item, place)));
    }

    #[inline(always)]
    pub(in crate::report) fn number(&mut self, key: impl Key, number: impl itoa::Integer) {
        self.value(key, itoa::Buffer::new().format(number));
    }

    /// A value that is no string.
    #[inline(always)]
    fn value(&mut self, key: impl Key, value: &str) {
        key.value(&mut self.page, value.as_bytes(), b",");
    }

    /// A point in time: epoch seconds with six decimals, or nine where they say more.
    pub(in crate::report) fn time(&mut self, key: impl Key, time: Time) {
        let nanoseconds = time.nanoseconds.min(999_999_999);
        // three digits at a time
        let [milli, micro, nano] =
            [nanoseconds / 1_000_000, nanoseconds / 1000 % 1000, nanoseconds % 1000].map(digits3);
        let nano = if nanoseconds.is_multiple_of(1000) { &b""[..] } else { &nano };
        key.value(&mut self.page, itoa::Buffer::new().format(time.seconds).as_bytes(), b".");
        self.page.put([&milli, &micro, nano, b","]);
    }

    /// Address and port.
    pub(in crate::report) fn address(&mut self, key: impl Key, address: SocketAddr) {
        let SocketAddr::V4(v4) = address else { return self.display(key, address) };
        key.value(&mut self.page, b"\"", b"");
        let [w, x, y, z] = v4.ip().octets().map(|octet| digits3(octet.into()));
        let [w, x, y, z] = [&w, &x, &y, &z].map(without_zeros);
        let mut port = itoa::Buffer::new();
        self.page.put([w, b".", x, b".", y, b".", z, b":", port.format(v4.port()).as_bytes(), b"\","]);
    }

    #[inline(always)]
    pub(in crate::report) fn flag(&mut self, key: impl Key, flag: bool) {
        key.value(&mut self.page, if flag { b"true," } else { b"false," }, b"");
    }

    /// Seconds since 1970 as RFC 3339; left out where the year has more than four digits.
    #[inline(always)]
    pub(in crate::report) fn utc(&mut self, key: impl Key, seconds: i64) {
        let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) else { return };
        if (0..=9999).contains(&time.year()) {
            let text = rfc_3339(time);
            key.string(&mut self.page, text.len(), |place| place.copy_from_slice(&text));
        }
    }

    /// How much is written.
    pub(in crate::report) fn position(&self) -> usize {
        self.page.position()
    }

    /// What was written since that position.
    pub(in crate::report) fn since(&self, position: usize) -> &[u8] {
        self.page.since(position)
    }

    /// Members that were written before, each with its comma.
    pub(in crate::report) fn members(&mut self, members: &[u8]) {
        self.page.put([members]);
    }

    /// A nested object.
    #[inline(always)]
    pub(in crate::report) fn object(&mut self, key: impl Key, with: impl FnOnce(&mut Object<'_>)) {
        key.value(&mut self.page, b"", b"");
        self.nest(with);
        self.page.put([b","]);
    }

    #[inline(always)]
    fn nest(&mut self, with: impl FnOnce(&mut Object<'_>)) {
        self.page.put([b"{"]);
        with(self);
        self.close();
    }

    /// A list of objects.
    pub(in crate::report) fn array<T>(
        &mut self,
        key: impl Key,
        items: &[T],
        mut with: impl FnMut(&T, &mut Object<'_>),
    ) {
        self.list(key, items, |item, object| {
            object.nest(|object| with(item, object));
            object.page.put([b","]);
        });
    }

    /// A list of texts.
    pub(in crate::report) fn texts(&mut self, key: impl Key, texts: &[String]) {
        self.list(key, texts, |text, object| object.page.put([b"\"", escape(text.as_bytes()).as_bytes(), b"\","]));
    }

    /// A list of numbers.
    pub(in crate::report) fn numbers<N: itoa::Integer + Copy>(&mut self, key: impl Key, numbers: &[N]) {
        self.list(key, numbers, |number, object| {
            object.page.put([itoa::Buffer::new().format(*number).as_bytes(), b","]);
        });
    }

    /// A list; `with` writes an item and a comma after it.
    fn list<T>(&mut self, key: impl Key, items: &[T], mut with: impl FnMut(&T, &mut Object<'_>)) {
        key.value(&mut self.page, b"[", b"");
        for item in items {
            with(item, self);
        }
        if let Some(comma @ b',') = self.page.last_mut() {
            *comma = b']';
            self.page.put([b","]);
        } else {
            self.page.put([b"],"]);
        }
    }
}

#[inline(always)]
fn write_hex(bytes: &[u8], place: &mut [u8]) {
    // the place has the length that is needed
    let _ = hex::encode_to_slice(bytes, place);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::escape::is_unsafe;

    #[test]
    fn times_are_those_of_rfc_3339() {
        use time::format_description::well_known::Rfc3339;
        for seconds in [0, 951_826_154, 1_709_210_096, 253_402_300_799, -62_167_219_200, -1] {
            let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            assert_eq!(String::from_utf8(rfc_3339(time).to_vec()).unwrap(), time.format(&Rfc3339).unwrap());
        }
    }

    #[test]
    fn times_and_addresses_are_written_as_they_print_themselves() {
        for (seconds, nanoseconds) in [(0, 0), (1_700_000_000, 1000), (-1, 999_999_999), (5, 120_000_000), (5, 1)] {
            let time = Time { seconds, nanoseconds };
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.time("t", time);
            object.end_line();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"t\":{time}}}\n"));
        }
        for address in ["10.0.255.1:1", "0.0.0.0:65535", "[::1]:443", "[fe80::1]:0"] {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.address("a", address.parse().unwrap());
            object.end_line();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"a\":\"{address}\"}}\n"));
        }
    }

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
        object.end_line();
        let value: Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "text": text, "bytes": "a\\xff", "hex": "00ab", "number": -5, "flag": true, "utc": "2023-11-14T22:13:20Z",
            "object": {"word": "w"}, "array": [{"n": 1}, {"n": 2}], "texts": ["a\"", "b"],
        });
        assert_eq!(value, expected);
        assert!(std::str::from_utf8(&out).unwrap().trim_end().chars().all(|character| !is_unsafe(character)));
    }
}
