//! Numbers in decimal, eight digits at a time, in the place where they are to stand.
//!
//! `itoa` would write them in a place of its own, from its end, to be copied: with nine numbers in a record, that is
//! 3 % of the time that a ticket takes.

#![allow(clippy::inline_always, reason = "see the module above: constants come of it")]

/// More than the longest number takes: twenty bytes, with its sign.
pub(super) const LONGEST: usize = 24;

const E8: u64 = 100_000_000;

/// A number without a fraction.
pub(in crate::report) trait Number: Copy {
    /// Whether it is below zero, and how far from zero it is.
    fn parts(self) -> (bool, u64);
}

macro_rules! numbers {
    ($($type:ty: $parts:expr;)*) => {
        $(impl Number for $type {
            #[inline(always)]
            fn parts(self) -> (bool, u64) {
                $parts(self)
            }
        })*
    };
}
numbers! {
    u16: |number| (false, u64::from(number));
    u32: |number| (false, u64::from(number));
    u64: |number| (false, number);
    usize: |number| (false, number as u64);
    i32: |number: i32| (number < 0, u64::from(number.unsigned_abs()));
    i64: |number: i64| (number < 0, number.unsigned_abs());
}

/// Writes a number and what is to follow it, and tells how many bytes they take.
#[inline(always)]
pub(super) fn decimal_and(after: u8, number: impl Number, place: &mut [u8; LONGEST]) -> usize {
    let end = decimal(number, place);
    if let Some(place) = place.get_mut(end) {
        *place = after;
    }
    end + 1
}

/// Writes a number, and tells how many bytes it takes.
#[inline(always)]
fn decimal(number: impl Number, place: &mut [u8; LONGEST]) -> usize {
    let (negative, number) = number.parts();
    let [sign, ..] = place;
    *sign = b'-';
    let at = usize::from(negative);
    if number < E8 {
        return first(number, place, at);
    }
    let high = number / E8;
    let at = if high < E8 {
        first(high, place, at)
    } else {
        let at = first(high / E8, place, at);
        next(high % E8, place, at)
    };
    next(number % E8, place, at)
}

/// Writes the digits from the first that is not zero on.
#[inline(always)]
fn first(number: u64, place: &mut [u8; LONGEST], at: usize) -> usize {
    if let Some(&[digits @ .., count]) = usize::try_from(number).ok().and_then(|number| SMALL.get(number)) {
        let [a, b, c] = digits;
        write(u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]), place, at);
        return at + usize::from(count);
    }
    let digits = eight_digits(number);
    let zeros = (digits ^ ZEROS).trailing_zeros() / 8;
    write(digits >> (8 * zeros), place, at);
    at + 8 - zeros as usize
}

/// Writes eight digits.
#[inline(always)]
fn next(number: u64, place: &mut [u8; LONGEST], at: usize) -> usize {
    write(eight_digits(number), place, at);
    at + 8
}

#[inline(always)]
fn write(digits: u64, place: &mut [u8; LONGEST], at: usize) {
    if let Some(place) = place.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = digits.to_le_bytes();
    }
}

/// The numbers below 1000: their digits, and how many they are.
static SMALL: [[u8; 4]; 1000] = small();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "worked out by the compiler")]
const fn small() -> [[u8; 4]; 1000] {
    let mut small = [[0; 4]; 1000];
    let mut number = 0;
    while number < small.len() {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let zeros = if number < 10 { 2 } else { (number < 100) as usize };
        let mut at = zeros;
        while at < digits.len() {
            small[number][at - zeros] = b'0' + digits[at] as u8;
            at += 1;
        }
        small[number][3] = (3 - zeros) as u8;
        number += 1;
    }
    small
}

/// The two digits of a number below 100.
#[inline(always)]
pub(super) fn two_digits(number: u64) -> [u8; 2] {
    // 100 to 199 have them in the middle
    match usize::try_from(number + 100).ok().and_then(|number| SMALL.get(number)) {
        Some(&[_, tens, ones, _]) => [tens, ones],
        None => *b"00",
    }
}

/// The digit zero in each byte.
pub(super) const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The eight digits of a number below 10^8, the first of them in the lowest byte.
#[inline(always)]
fn eight_digits(number: u64) -> u64 {
    // halves, pairs and digits, each step for all of them at once: n * 10486 >> 20 is n / 100 for n below 10^4, and
    // n * 103 >> 10 is n / 10 for n below 100
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8) | ZEROS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: impl Number) -> String {
        let mut place = [b'x'; LONGEST];
        let length = decimal(number, &mut place);
        String::from_utf8(place[..length].to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_they_print_themselves() {
        let mut power = 1_u64;
        for _ in 0..20 {
            for number in [power - 1, power, power + 1, power.rotate_left(7), power ^ 0x5a5a] {
                assert_eq!(text(number), number.to_string());
                let signed = i64::from_ne_bytes(number.to_ne_bytes());
                assert_eq!(text(signed), signed.to_string());
            }
            power = power.wrapping_mul(10);
        }
        assert_eq!(
            [text(u64::MAX), text(i64::MIN), text(i64::MAX)],
            [u64::MAX.to_string(), i64::MIN.to_string(), i64::MAX.to_string()]
        );
    }

    #[test]
    fn all_digits_of_a_half_are_right() {
        for number in 0..10_000 {
            assert_eq!(eight_digits(number * 10_001).to_le_bytes(), format!("{number:04}{number:04}").as_bytes());
        }
    }
}
