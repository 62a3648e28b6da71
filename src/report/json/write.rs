//! A JSON writer for the batch path: members go straight from borrowed fields into the output buffer.
//!
//! serde's model would build a `String` for every hex field and look at each of its characters again.

#![allow(
    clippy::inline_always,
    reason = "constant keys only become constant copies where the call is inlined; the profile says it is worth it"
)]

mod key;
mod number;
mod text;

use std::fmt::Display;
use std::net::SocketAddr;

pub(super) use self::key::member;
pub(in crate::report) use self::key::{Key, Member};
use self::number::{Number, decimal_and};
pub(in crate::report) use self::text::Calendar;
use self::text::{digits3, is_plain, without_zeros};
use crate::capture::container::Time;
use crate::escape;
use crate::report::page::{Line, Page};

/// Appends a record as a line, which begins with its [`type`](Object::begin). `write` may be asked for it again, see
/// [`Page::line`].
#[inline]
pub(in crate::report) fn line(page: &mut Page, write: impl Fn(&mut Object<'_, '_>)) {
    page.line(|line| {
        let mut object = Object { line };
        write(&mut object);
        object.close(*b"}\n");
    });
}

/// How records of a type begin, made by [`record_type!`].
#[derive(Clone, Copy)]
pub(in crate::report) struct Type(pub(in crate::report) &'static str);

/// The [`Type`] of a name.
macro_rules! record_type {
    ($name:literal) => {
        $crate::report::json::Type(concat!("{\"type\":\"", $name, "\","))
    };
}
pub(in crate::report) use record_type;

/// Members as a text, to be written with [`Object::members`].
pub(in crate::report) fn members(write: impl Fn(&mut Object<'_, '_>)) -> Vec<u8> {
    let mut page = Page::new();
    page.line(|line| write(&mut Object { line }));
    page.to_vec()
}

/// An object being written.
///
/// Every member ends in a comma, and the last comma becomes the closing brace. The methods are inlined so that keys,
/// which are all literals, are copied as constants.
pub(in crate::report) struct Object<'l, 'p> {
    line: &'l mut Line<'p>,
}

impl Object<'_, '_> {
    /// Closes it, with something behind it.
    #[inline(always)]
    fn close(&mut self, end: [u8; 2]) {
        self.line.take_back(b',');
        self.line.put([&end]);
    }

    /// Where in its page it has come to.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.line.position()
    }

    /// Appends what [`Template`](super::template::Template) keeps, which begins with the comma of the member before or
    /// with what took its place.
    #[inline(always)]
    pub(super) fn go_on(&mut self, text: &[u8]) {
        self.line.take_back(b',');
        self.line.put([text]);
    }

    /// Opens a record.
    #[inline(always)]
    pub(in crate::report) fn begin(&mut self, kind: Type) {
        self.line.put([kind.0.as_bytes()]);
    }

    /// A word of our own: nothing in it needs escaping.
    #[inline(always)]
    pub(in crate::report) fn word(&mut self, key: impl Key, word: &str) {
        self.string(key, word.len(), |place| place.copy_from_slice(word.as_bytes()));
    }

    /// Anybody's text: bytes that are not UTF-8 as `\xNN`.
    #[inline(always)]
    pub(in crate::report) fn text(&mut self, key: impl Key, text: &[u8]) {
        if is_plain(text) {
            self.string(key, text.len(), |place| place.copy_from_slice(text));
        } else {
            self.word(key, &escape::json(text));
        }
    }

    /// Something of our own that prints itself.
    pub(in crate::report) fn display(&mut self, key: impl Key, value: impl Display) {
        self.word(key, &value.to_string());
    }

    /// Bytes as lower-case hex.
    #[inline(always)]
    pub(in crate::report) fn hex(&mut self, key: impl Key, bytes: &[u8]) {
        self.string(key, 2 * bytes.len(), |place| write_hex(bytes, place));
    }

    /// A string of so many bytes, which `value` fills in.
    #[inline(always)]
    fn string(&mut self, key: impl Key, length: usize, value: impl FnOnce(&mut [u8])) {
        key.string(self.line, length, value);
    }

    #[inline(always)]
    pub(in crate::report) fn number(&mut self, key: impl Key, number: impl Number) {
        key.short(self.line, |place| decimal_and(b',', number, place));
    }

    #[inline(always)]
    pub(in crate::report) fn flag(&mut self, key: impl Key, flag: bool) {
        if flag {
            key.value(self.line, b"true,", b"");
        } else {
            key.value(self.line, b"false,", b"");
        }
    }

    /// What is known to be nothing.
    #[cfg(feature = "audit")]
    pub(in crate::report) fn null(&mut self, key: impl Key) {
        key.value(self.line, b"null,", b"");
    }

    /// A point in time: epoch seconds with six decimals, or nine if they say more.
    pub(in crate::report) fn time(&mut self, key: impl Key, time: Time) {
        let nanoseconds = time.nanoseconds.min(999_999_999);
        // three digits at a time
        let [milli, micro, nano] =
            [nanoseconds / 1_000_000, nanoseconds / 1000 % 1000, nanoseconds % 1000].map(digits3);
        let nano = if nanoseconds % 1000 == 0 { &b""[..] } else { &nano };
        key.short(self.line, |place| decimal_and(b'.', time.seconds, place));
        self.line.put([&milli, &micro, nano, b","]);
    }

    /// Address and port.
    pub(in crate::report) fn address(&mut self, key: impl Key, address: SocketAddr) {
        let SocketAddr::V4(v4) = address else { return self.display(key, address) };
        key.value(self.line, b"\"", b"");
        let [w, x, y, z] = v4.ip().octets().map(|byte| digits3(byte.into()));
        let [w, x, y, z] = [&w, &x, &y, &z].map(without_zeros);
        self.line.fill_some([w, b".", x, b".", y, b".", z, b":"], |place| decimal_and(b'"', v4.port(), place));
        self.line.put([b","]);
    }

    /// Seconds since 1970 as RFC 3339; left out if the year has more than four digits.
    #[inline(always)]
    pub(in crate::report) fn utc(&mut self, key: impl Key, seconds: i64, calendar: &mut Calendar<'_>) {
        if let Some(moment) = calendar.moment(seconds) {
            self.string(key, 20, |place| {
                if let Some(place) = place.first_chunk_mut() {
                    *place = moment.rfc_3339();
                }
            });
        }
    }

    /// What [`members`] made.
    pub(in crate::report) fn members(&mut self, members: &[u8]) {
        self.line.put([members]);
    }

    /// A nested object.
    #[inline(always)]
    pub(in crate::report) fn object(&mut self, key: impl Key, with: impl FnOnce(&mut Object<'_, '_>)) {
        key.value(self.line, b"{", b"");
        with(self);
        self.close(*b"},");
    }

    /// A list of objects.
    pub(in crate::report) fn array<T>(
        &mut self,
        key: impl Key,
        items: &[T],
        mut with: impl FnMut(&T, &mut Object<'_, '_>),
    ) {
        self.list(key, items, |item, object| {
            object.line.put([b"{"]);
            with(item, object);
            object.close(*b"},");
        });
    }

    /// A list of texts.
    pub(in crate::report) fn texts(&mut self, key: impl Key, texts: &[String]) {
        self.list(key, texts, |text, object| {
            object.line.put([b"\"", escape::json(text.as_bytes()).as_bytes(), b"\","]);
        });
    }

    /// A list of bytes, each as lower-case hex.
    pub(in crate::report) fn hex_list(&mut self, key: impl Key, items: &[&[u8]]) {
        self.list(key, items, |item, object| {
            object.line.fill([b"\""], 2 * item.len(), |place| write_hex(item, place), b"\",");
        });
    }

    /// A list of numbers.
    pub(in crate::report) fn numbers<N: Number>(&mut self, key: impl Key, numbers: &[N]) {
        self.list(key, numbers, |number, object| {
            object.line.fill_some([], |place| decimal_and(b',', *number, place));
        });
    }

    /// A list; `with` writes an item and a comma after it.
    fn list<T>(&mut self, key: impl Key, items: &[T], mut with: impl FnMut(&T, &mut Self)) {
        key.value(self.line, b"[", b"");
        for item in items {
            with(item, self);
        }
        self.close(*b"],");
    }
}

#[inline(always)]
fn write_hex(bytes: &[u8], place: &mut [u8]) {
    // many are empty; and the place has the length that is needed
    if !bytes.is_empty() {
        let _ = hex::encode_to_slice(bytes, place);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::escape::is_unsafe;
    use crate::report::json::dates::Dates;

    #[test]
    fn times_are_those_of_rfc_3339() {
        use time::OffsetDateTime;
        use time::format_description::well_known::Rfc3339;
        let dates = Dates::default();
        let mut calendar = Calendar::new(&dates);
        let days = (0..60).map(|day| 951_782_400 + 43_200 * day);
        for seconds in days.chain([0, 951_826_154, 1_709_210_096, 253_402_300_799, -62_167_219_200, -1]) {
            let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            let text = calendar.moment(seconds).unwrap().rfc_3339();
            assert_eq!(String::from_utf8(text.to_vec()).unwrap(), time.format(&Rfc3339).unwrap());
        }
        for far in [253_402_300_800, -62_167_219_201, i64::MAX, i64::MIN] {
            assert!(calendar.moment(far).is_none());
        }
    }

    #[test]
    fn times_and_addresses_are_written_as_they_print_themselves() {
        for (seconds, nanoseconds) in [(0, 0), (1_700_000_000, 1000), (-1, 999_999_999), (5, 120_000_000), (5, 1)] {
            let time = Time { seconds, nanoseconds };
            let mut out = Page::new();
            line(&mut out, |object| {
                object.begin(record_type!("test"));
                object.time("t", time);
            });
            assert_eq!(String::from_utf8(out.to_vec()).unwrap(), format!("{{\"type\":\"test\",\"t\":{time}}}\n"));
        }
        for address in ["10.0.255.1:1", "0.0.0.0:65535", "[::1]:443", "[fe80::1]:0"] {
            let mut out = Page::new();
            line(&mut out, |object| {
                object.begin(record_type!("test"));
                object.address("a", address.parse().unwrap());
            });
            assert_eq!(
                String::from_utf8(out.to_vec()).unwrap(),
                format!("{{\"type\":\"test\",\"a\":\"{address}\"}}\n")
            );
        }
    }

    #[test]
    fn any_parser_gets_back_what_went_in() {
        let text = "q\"b\\ \n\t\u{1b}\u{9b}\u{202e}\u{7f}é漢\u{e0041}";
        let mut out = Page::new();
        line(&mut out, |object| {
            object.begin(record_type!("test"));
            object.text("text", text.as_bytes());
            object.text("bytes", b"a\xff");
            object.hex("hex", &[0, 0xab]);
            object.number("number", -5_i64);
            object.flag("flag", true);
            object.utc("utc", 1_700_000_000, &mut Calendar::new(&Dates::default()));
            object.utc("far", i64::MAX, &mut Calendar::new(&Dates::default()));
            object.object("object", |inner| inner.word("word", "w"));
            object.array("array", &[1, 2], |item, inner| inner.number("n", *item));
            object.texts("texts", &["a\"".to_owned(), "b".to_owned()]);
        });
        let value: Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "type": "test", "text": text, "bytes": "a\\xff", "hex": "00ab", "number": -5, "flag": true, "utc": "2023-11-14T22:13:20Z",
            "object": {"word": "w"}, "array": [{"n": 1}, {"n": 2}], "texts": ["a\"", "b"],
        });
        assert_eq!(value, expected);
        assert!(std::str::from_utf8(&out).unwrap().trim_end().chars().all(|character| !is_unsafe(character)));
    }
}
