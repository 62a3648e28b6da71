//! Times, numbers and anybody's text as JSON has them.

use std::fmt::Write as _;

use time::OffsetDateTime;

use crate::escape::is_unsafe;

/// A time as RFC 3339 has it; the year has four digits.
pub(super) fn rfc_3339(time: OffsetDateTime) -> [u8; 20] {
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
pub(super) fn digits3(number: u32) -> [u8; 3] {
    [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8)
}

/// Digits without the zeros that a number does not begin with.
pub(super) fn without_zeros(digits: &[u8; 3]) -> &[u8] {
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
pub(super) fn is_plain(text: &[u8]) -> bool {
    let is_plain = |octet: u8| octet.wrapping_sub(0x20) < 0x5f && octet != b'"' && octet != b'\\';
    // without a way out in the middle, many octets are looked at in one step
    text.iter().fold(true, |plain, &octet| plain & is_plain(octet))
}

/// Text as the inside of a JSON string. Characters that could upset a terminal are escaped too, so that looking at
/// records is safe; a parser gets them back as they were.
#[cold]
pub(super) fn escape(text: &[u8]) -> String {
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
