//! A JSON writer for the batch path: members go straight from borrowed fields into the output buffer.
//!
//! serde's model would build a `String` for every hex field and look at each of its characters again.

// constant keys only become constant copies where the call is inlined; the profile says it is worth it
#![allow(clippy::inline_always)]

use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::net::SocketAddr;

use time::OffsetDateTime;

use crate::capture::container::Time;
use crate::escape::is_unsafe;

/// What a member is called; all names are our own words.
pub(in crate::report) trait Key {
    /// Writes the name up to the opening quote of a string.
    fn begin_string(self, out: &mut Vec<u8>);
    /// Writes the name up to a value that is no string.
    fn begin_value(self, out: &mut Vec<u8>);
}

impl Key for &str {
    #[inline(always)]
    fn begin_string(self, out: &mut Vec<u8>) {
        self.begin_value(out);
        out.push(b'"');
    }

    #[inline(always)]
    fn begin_value(self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.as_bytes());
        out.extend_from_slice(b"\":");
    }
}

/// A name with all that stands around it, made by [`member!`] or [`Field::json`](crate::session::field::Field::json):
/// one copy instead of three, for what every record has.
#[derive(Clone, Copy)]
pub(in crate::report) struct Member(pub(in crate::report) &'static str);

/// The [`Member`] of a name.
macro_rules! member {
    ($name:literal) => {
        $crate::report::json::write::Member(concat!("\"", $name, "\":\""))
    };
}
pub(super) use member;

impl Key for Member {
    #[inline(always)]
    fn begin_string(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    #[inline(always)]
    fn begin_value(self, out: &mut Vec<u8>) {
        if let [name @ .., _] = self.0.as_bytes() {
            out.extend_from_slice(name);
        }
    }
}

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

    /// A word of our own: nothing in it needs escaping.
    #[inline(always)]
    pub(in crate::report) fn word(&mut self, key: impl Key, word: &str) {
        key.begin_string(self.out);
        self.out.extend_from_slice(word.as_bytes());
        self.end_string();
    }

    /// Anybody's text: bytes that are not UTF-8 as `\xNN`.
    #[inline(always)]
    pub(in crate::report) fn text(&mut self, key: impl Key, text: &[u8]) {
        key.begin_string(self.out);
        escape(text, self.out);
        self.end_string();
    }

    /// Something of our own that prints itself.
    pub(in crate::report) fn display(&mut self, key: impl Key, value: impl Display) {
        key.begin_string(self.out);
        // writing to a Vec does not fail
        let _ = write!(self.out, "{value}");
        self.end_string();
    }

    /// Bytes as lower-case hex.
    #[inline(always)]
    pub(in crate::report) fn hex(&mut self, key: impl Key, bytes: &[u8]) {
        key.begin_string(self.out);
        append_hex(bytes, self.out);
        self.end_string();
    }

    /// A list of bytes, each as lower-case hex.
    pub(in crate::report) fn hex_list(&mut self, key: impl Key, items: &[&[u8]]) {
        self.list(key, items, |item, out| {
            out.push(b'"');
            append_hex(item, out);
            out.push(b'"');
        });
    }

    #[inline(always)]
    pub(in crate::report) fn number(&mut self, key: impl Key, number: impl itoa::Integer) {
        key.begin_value(self.out);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.out.push(b',');
    }

    /// A point in time: epoch seconds with six decimals, or nine where they say more.
    pub(in crate::report) fn time(&mut self, key: impl Key, time: Time) {
        key.begin_value(self.out);
        self.out.extend_from_slice(itoa::Buffer::new().format(time.seconds).as_bytes());
        let mut decimals = *b".000000000";
        let mut rest = time.nanoseconds;
        for digit in decimals.iter_mut().skip(1).rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let shown = if time.nanoseconds.is_multiple_of(1000) { decimals.len() - 3 } else { decimals.len() };
        self.out.extend(decimals.iter().take(shown));
        self.out.push(b',');
    }

    /// Address and port.
    pub(in crate::report) fn address(&mut self, key: impl Key, address: SocketAddr) {
        let SocketAddr::V4(v4) = address else { return self.display(key, address) };
        key.begin_string(self.out);
        for (octet, mark) in v4.ip().octets().into_iter().zip(*b"...:") {
            self.out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            self.out.push(mark);
        }
        self.out.extend_from_slice(itoa::Buffer::new().format(v4.port()).as_bytes());
        self.end_string();
    }

    #[inline(always)]
    pub(in crate::report) fn flag(&mut self, key: impl Key, flag: bool) {
        key.begin_value(self.out);
        self.out.extend_from_slice(if flag { b"true," } else { b"false," });
    }

    /// Seconds since 1970 as RFC 3339; left out where the year has more than four digits.
    #[inline(always)]
    pub(in crate::report) fn utc(&mut self, key: impl Key, seconds: i64) {
        let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) else { return };
        if (0..=9999).contains(&time.year()) {
            key.begin_string(self.out);
            append_time(time, self.out);
            self.end_string();
        }
    }

    /// Members that were written before, each with its comma.
    pub(in crate::report) fn members(&mut self, members: &[u8]) {
        self.out.extend_from_slice(members);
    }

    /// A nested object.
    #[inline(always)]
    pub(in crate::report) fn object(&mut self, key: impl Key, with: impl FnOnce(&mut Object<'_>)) {
        key.begin_value(self.out);
        let mut object = Object::begin(self.out);
        with(&mut object);
        object.end();
        self.out.push(b',');
    }

    /// A list of objects.
    pub(in crate::report) fn array<T>(
        &mut self,
        key: impl Key,
        items: &[T],
        mut with: impl FnMut(&T, &mut Object<'_>),
    ) {
        self.list(key, items, |item, out| {
            let mut object = Object::begin(out);
            with(item, &mut object);
            object.end();
        });
    }

    /// A list of texts.
    pub(in crate::report) fn texts(&mut self, key: impl Key, texts: &[String]) {
        self.list(key, texts, |text, out| {
            out.push(b'"');
            escape(text.as_bytes(), out);
            out.push(b'"');
        });
    }

    /// A list of numbers.
    pub(in crate::report) fn numbers<N: itoa::Integer + Copy>(&mut self, key: impl Key, numbers: &[N]) {
        self.list(key, numbers, |number, out| out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes()));
    }

    fn list<T>(&mut self, key: impl Key, items: &[T], mut with: impl FnMut(&T, &mut Vec<u8>)) {
        key.begin_value(self.out);
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

/// Appends a time as RFC 3339 has it; the year has four digits.
fn append_time(time: OffsetDateTime, out: &mut Vec<u8>) {
    let mut text = *b"0000-00-00T00:00:00Z";
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let year = u16::try_from(year).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "two digits each")]
    let (century, year) = ((year / 100) as u8, (year % 100) as u8);
    for (at, number) in [(0, century), (2, year), (5, month.into()), (8, day), (11, hour), (14, minute), (17, second)] {
        if let Some([tens, ones]) = text.get_mut(at..at + 2) {
            *tens += number / 10;
            *ones += number % 10;
        }
    }
    out.extend_from_slice(&text);
}

/// Appends text as the inside of a JSON string. Characters that could upset a terminal are escaped too, so that
/// looking at records is safe; a parser gets them back as they were.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    // without a way out in the middle, many octets are looked at in one step
    let is_plain = |octet: u8| octet.wrapping_sub(0x20) < 0x5f && octet != b'"' && octet != b'\\';
    if text.iter().fold(true, |plain, &octet| plain & is_plain(octet)) {
        return out.extend_from_slice(text);
    }
    escape_unusual(text, out);
}

#[cold]
fn escape_unusual(text: &[u8], out: &mut Vec<u8>) {
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
    fn times_are_those_of_rfc_3339() {
        use time::format_description::well_known::Rfc3339;
        for seconds in [0, 951_826_154, 1_709_210_096, 253_402_300_799, -62_167_219_200, -1] {
            let mut out = Vec::new();
            let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            append_time(time, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), time.format(&Rfc3339).unwrap());
        }
    }

    #[test]
    fn times_and_addresses_are_written_as_they_print_themselves() {
        for (seconds, nanoseconds) in [(0, 0), (1_700_000_000, 1000), (-1, 999_999_999), (5, 120_000_000), (5, 1)] {
            let time = Time { seconds, nanoseconds };
            let mut out = Vec::new();
            Object::begin(&mut out).time("t", time);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"t\":{time},"));
        }
        for address in ["10.0.255.1:1", "0.0.0.0:65535", "[::1]:443", "[fe80::1]:0"] {
            let mut out = Vec::new();
            Object::begin(&mut out).address("a", address.parse().unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"a\":\"{address}\","));
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
