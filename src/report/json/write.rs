//! A JSON writer for the batch path: members go straight from borrowed fields into the output buffer.
//!
//! serde's model would build a `String` for every hex field and look at each of its characters again.

// constant keys only become constant copies where the call is inlined; the profile says it is worth it
#![allow(clippy::inline_always)]

use std::fmt::{Display, Write as _};
use std::net::SocketAddr;

use time::OffsetDateTime;

use crate::capture::container::Time;
use crate::escape::is_unsafe;

/// What a member is called; all names are our own words.
pub(in crate::report) trait Key {
    /// Writes a string member: what `length` octets `value` fills in, between the quotes.
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8]));
    /// Writes the name up to a value that is no string, the value, and what follows it.
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]);
}

impl Key for &str {
    #[inline]
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        self.value(out, b"\"", b"");
        out.string("", length, value);
    }

    #[inline]
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]) {
        out.put([b"\"", self.as_bytes(), b"\":", value, after]);
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
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        out.string(self.0, length, value);
    }

    #[inline(always)]
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]) {
        if let [name @ .., _] = self.0.as_bytes() {
            out.put([name, value, after]);
        }
    }
}

/// A buffer whose end is written to in place.
///
/// A `Vec` counts every piece that is appended; here a whole member is one step. Beyond `end` the buffer holds zeros.
pub(in crate::report) struct Page<'b> {
    buffer: &'b mut Vec<u8>,
    end: usize,
}

impl<'b> Page<'b> {
    /// How much is zeroed at a time: what most records take.
    const STEP: usize = 2048;

    fn new(buffer: &'b mut Vec<u8>) -> Self {
        let end = buffer.len();
        Self { buffer, end }
    }

    /// The next `length` octets, to be filled.
    #[inline(always)]
    fn place(&mut self, length: usize) -> Option<&mut [u8]> {
        let (start, end) = (self.end, self.end + length);
        if end > self.buffer.len() {
            self.grow(length);
        }
        self.end = end;
        self.buffer.get_mut(start..end)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        self.buffer.resize(self.end + length + Self::STEP, 0);
    }

    /// Appends pieces, one after the other.
    #[inline(always)]
    fn put<const N: usize>(&mut self, pieces: [&[u8]; N]) {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let Some(mut place) = self.place(length) else { return };
        for piece in pieces {
            let Some((start, rest)) = place.split_at_mut_checked(piece.len()) else { return };
            start.copy_from_slice(piece);
            place = rest;
        }
    }

    /// Appends `before`, a string of `length` octets that `value` fills in, and the mark and comma that end it.
    #[inline(always)]
    fn string(&mut self, before: &str, length: usize, value: impl FnOnce(&mut [u8])) {
        let Some(place) = self.place(before.len() + length + 2) else { return };
        let Some((start, place)) = place.split_at_mut_checked(before.len()) else { return };
        let Some((text, end)) = place.split_at_mut_checked(length) else { return };
        start.copy_from_slice(before.as_bytes());
        value(text);
        if let [quote, comma] = end {
            (*quote, *comma) = (b'"', b',');
        }
    }

    fn last_mut(&mut self) -> Option<&mut u8> {
        self.buffer.get_mut(self.end.checked_sub(1)?)
    }
}

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
    pub(in crate::report) fn end_line(self) {
        let mut page = self.close();
        page.put([b"\n"]);
        page.trim();
    }

    fn close(mut self) -> Page<'b> {
        match self.page.last_mut() {
            Some(comma @ b',') => *comma = b'}',
            _ => self.page.put([b"}"]),
        }
        self.page
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
        self.list(key, items, |item, page| page.string("\"", 2 * item.len(), |place| write_hex(item, place)));
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
        self.page.end
    }

    /// What was written since that position.
    pub(in crate::report) fn since(&self, position: usize) -> &[u8] {
        self.page.buffer.get(position..self.page.end).unwrap_or_default()
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
        let page = Page { buffer: self.page.buffer, end: self.page.end };
        let mut object = Object { page };
        with(&mut object);
        self.page.end = object.close().end;
    }

    /// A list of objects.
    pub(in crate::report) fn array<T>(
        &mut self,
        key: impl Key,
        items: &[T],
        mut with: impl FnMut(&T, &mut Object<'_>),
    ) {
        self.list(key, items, |item, page| {
            let mut object = Object { page: Page { buffer: page.buffer, end: page.end } };
            object.nest(|object| with(item, object));
            object.page.put([b","]);
            page.end = object.page.end;
        });
    }

    /// A list of texts.
    pub(in crate::report) fn texts(&mut self, key: impl Key, texts: &[String]) {
        self.list(key, texts, |text, page| page.put([b"\"", escape(text.as_bytes()).as_bytes(), b"\","]));
    }

    /// A list of numbers.
    pub(in crate::report) fn numbers<N: itoa::Integer + Copy>(&mut self, key: impl Key, numbers: &[N]) {
        self.list(key, numbers, |number, page| page.put([itoa::Buffer::new().format(*number).as_bytes(), b","]));
    }

    /// A list; `with` writes an item and a comma after it.
    fn list<T>(&mut self, key: impl Key, items: &[T], mut with: impl FnMut(&T, &mut Page<'_>)) {
        key.value(&mut self.page, b"[", b"");
        for item in items {
            with(item, &mut self.page);
        }
        if let Some(comma @ b',') = self.page.last_mut() {
            *comma = b']';
            self.page.put([b","]);
        } else {
            self.page.put([b"],"]);
        }
    }
}

impl Page<'_> {
    /// Ends the writing: what is left of the zeros goes.
    fn trim(self) {
        self.buffer.truncate(self.end);
    }
}

#[inline(always)]
fn write_hex(bytes: &[u8], place: &mut [u8]) {
    // the place has the length that is needed
    let _ = hex::encode_to_slice(bytes, place);
}

/// A time as RFC 3339 has it; the year has four digits.
fn rfc_3339(time: OffsetDateTime) -> [u8; 20] {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let year = u16::try_from(year).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "two digits each")]
    let (century, year) = ((year / 100) as u8, (year % 100) as u8);
    let mut text = *b"0000-00-00T00:00:00Z";
    for (at, number) in [(0, century), (2, year), (5, month.into()), (8, day), (11, hour), (14, minute), (17, second)] {
        if let Some(place) = text.get_mut(at..at + 2).and_then(<[u8]>::first_chunk_mut) {
            *place = digits(number);
        }
    }
    text
}

/// The three digits of a number below 1000.
#[expect(clippy::cast_possible_truncation, reason = "a digit each")]
fn digits3(number: u32) -> [u8; 3] {
    [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8)
}

/// Digits without the zeros that a number does not begin with.
fn without_zeros(digits: &[u8; 3]) -> &[u8] {
    match digits {
        [b'0', b'0', rest @ ..] => rest,
        [b'0', rest @ ..] => rest,
        all => all,
    }
}

/// The two digits of a number below 100.
#[inline]
fn digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

/// Whether text needs no escaping.
fn is_plain(text: &[u8]) -> bool {
    let is_plain = |octet: u8| octet.wrapping_sub(0x20) < 0x5f && octet != b'"' && octet != b'\\';
    // without a way out in the middle, many octets are looked at in one step
    text.iter().fold(true, |plain, &octet| plain & is_plain(octet))
}

/// Text as the inside of a JSON string. Characters that could upset a terminal are escaped too, so that looking at
/// records is safe; a parser gets them back as they were.
#[cold]
fn escape(text: &[u8]) -> String {
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
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

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
