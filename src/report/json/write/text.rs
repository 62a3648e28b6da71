//! Times, numbers and anybody's text as JSON has them.

use time::Date;

use super::number::{ZEROS, two_digits};
use crate::report::json::dates::Dates;

const SECONDS_OF_DAY: i64 = 86_400;
/// The Julian day of 1 January 1970.
const EPOCH_DAY: i32 = 2_440_588;

/// Makes dates of days, and keeps them: many sessions are of the same days, and most begin and end on one.
pub(in crate::report) struct Calendar<'k> {
    dates: &'k Dates,
    last: Option<(i32, u64)>,
}

/// A point in time: the eight digits of the date, and the second of the day.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    date: u64,
    second: u64,
}

impl<'k> Calendar<'k> {
    pub(in crate::report) fn new(dates: &'k Dates) -> Self {
        Self { dates, last: None }
    }

    /// A point in time, seconds since 1970; `None` if the year has not four digits.
    #[inline]
    pub(super) fn moment(&mut self, seconds: i64) -> Option<Moment> {
        let day = i32::try_from(seconds.div_euclid(SECONDS_OF_DAY)).ok()?;
        Some(Moment { date: self.date(day)?, second: seconds.rem_euclid(SECONDS_OF_DAY).unsigned_abs() })
    }

    #[inline]
    fn date(&mut self, day: i32) -> Option<u64> {
        match self.last {
            Some((last, digits)) if last == day => Some(digits),
            _ => {
                let digits = all_digits(self.dates.date(day, || date(day))?);
                self.last = Some((day, digits));
                Some(digits)
            }
        }
    }
}

impl Moment {
    /// As RFC 3339 has it.
    #[inline]
    pub(super) fn rfc_3339(self) -> [u8; 20] {
        let [y1, y2, y3, y4, mo1, mo2, d1, d2] = self.date.to_le_bytes();
        let minute = self.second / 60;
        let [[h1, h2], [mi1, mi2], [s1, s2]] = [minute / 60, minute % 60, self.second % 60].map(two_digits);
        let (dash, colon) = (b'-', b':');
        [y1, y2, y3, y4, dash, mo1, mo2, dash, d1, d2, b'T', h1, h2, colon, mi1, mi2, colon, s1, s2, b'Z']
    }
}

/// The date of a day since 1970 with a digit in each four bits, the first of them in the lowest.
fn date(day: i32) -> Option<u32> {
    let (year, month, day) = Date::from_julian_day(day.checked_add(EPOCH_DAY)?).ok()?.to_calendar_date();
    let number = u32::try_from(year).ok().filter(|year| *year <= 9999)? * 10_000
        + u32::from(u8::from(month)) * 100
        + u32::from(day);
    // the last digit comes first, and is pushed up by those before it
    let next = |(digits, number): (u32, u32), _| ((digits << 4) | (number % 10), number / 10);
    Some((0..8).fold((0, number), next).0)
}

/// Digits of four bits each as digits of text, in their order.
#[inline]
fn all_digits(digits: u32) -> u64 {
    // apart by halves, quarters and digits
    let halves = u64::from(digits);
    let halves = (halves | halves << 16) & 0x0000_ffff_0000_ffff;
    let quarters = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    (quarters | quarters << 4) & 0x0f0f_0f0f_0f0f_0f0f | ZEROS
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

/// Whether text needs no escaping.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    let steps = [all_plain::<32>, all_plain::<16>, all_plain::<8>, all_plain::<4>];
    steps.iter().find_map(|step| step(text)).unwrap_or_else(|| text.iter().all(|&byte| is_plain_byte(byte)))
}

/// Whether no byte needs escaping, looking at `N` bytes in one step; `None` if there are fewer.
#[inline]
fn all_plain<const N: usize>(text: &[u8]) -> Option<bool> {
    let is_plain = |bytes: &[u8; N]| bytes.map(|byte| u8::from(!is_plain_byte(byte))) == [0; N];
    // the last step may see some of the one before again
    let last = text.last_chunk()?;
    let mut steps = text.chunks_exact(N).map_while(<[u8]>::first_chunk);
    Some(steps.all(is_plain) && is_plain(last))
}

#[inline]
fn is_plain_byte(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5f && !matches!(byte, b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_escaping_is_seen_wherever_it_stands() {
        for length in 0..120 {
            let mut text = vec![b'a'; length];
            assert!(is_plain(&text));
            for at in 0..length {
                for byte in [b'"', b'\\', 0x1f, 0x7f, 0x80, 0xff] {
                    text[at] = byte;
                    assert!(!is_plain(&text), "{byte:#04x} at {at} of {length}");
                }
                text[at] = b'~';
            }
        }
    }
}
