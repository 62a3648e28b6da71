//! Lists of numbers, one a byte: arrays of C, Go, Java, Rust, JavaScript and Python, and what `%v` of Go prints.

use super::super::Unreadable;
use super::super::reader::{LONGEST_RUN, Reader, Run, SHORTEST_RUN, is_same_prefix};

/// Blanks and comments between two numbers, at most.
const LONGEST_GAP: usize = 512;

pub(super) struct Numbers;

impl Reader for Numbers {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
            let start = at + found;
            let before = text.get(..start).and_then(|before| before.last()).copied();
            let is_hex = text.get(start..).is_some_and(|number| number.starts_with(b"0x"));
            let is_part = |byte: u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'\\') || byte == b':' && !is_hex
            };
            if before.is_some_and(is_part) {
                at = end_of_word(text, start);
                continue;
            }
            // a negative number begins one earlier
            let start = if before == Some(b'-') { start - 1 } else { start };
            let list = List::read(text, start);
            at = list.end.max(end_of_word(text, start + 1));
            if list.bytes.len() >= SHORTEST_RUN && (list.is_bracketed || list.fills_lines(text, start)) {
                let is_cut = is_cut(text.get(list.end..).unwrap_or_default());
                let span = start..list.end;
                runs.push(if is_cut { Run::damaged(span, Unreadable::Abridged) } else { Run::new(span, list.bytes) });
            }
        }
    }
}

/// Whether a list says that more follows than it shows, as Node does: `... 108 more items`.
fn is_cut(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start().starts_with(b"...")
}

fn end_of_word(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len()).max(1)
}

/// Numbers that follow each other.
#[derive(Default)]
struct List {
    bytes: Vec<u8>,
    end: usize,
    /// Whether commas stand between the numbers, or brackets around them.
    is_bracketed: bool,
}

impl List {
    fn read(text: &[u8], start: usize) -> Self {
        let mut list = Self { end: start, ..Self::default() };
        let mut at = start;
        let mut is_hex = None;
        let mut commas = 0;
        while let Some((hex, byte, after)) = number(text, at) {
            if *is_hex.get_or_insert(hex) != hex || list.bytes.len() >= LONGEST_RUN {
                break;
            }
            list.bytes.push(byte);
            list.end = after;
            let Some((next, has_comma)) = gap(text, after, hex) else { break };
            commas += usize::from(has_comma);
            at = next;
        }
        let opened = text.get(..start).and_then(|before| before.trim_ascii_end().last()).copied();
        list.is_bracketed =
            is_hex == Some(true) || commas + 1 >= list.bytes.len() || matches!(opened, Some(b'[' | b'{' | b'(' | b'<'));
        list
    }
}

impl List {
    /// Whether nothing else stands on the lines of a list without brackets and commas, as of `od -A n -t u1`, and its
    /// numbers are as large as bytes are.
    fn fills_lines(&self, text: &[u8], start: usize) -> bool {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let before = text.get(..start).unwrap_or_default().iter().rev().find(|byte| !is_blank(byte));
        let after = text.get(self.end..).unwrap_or_default().iter().find(|byte| !is_blank(byte));
        before.is_none_or(|byte| *byte == b'\n')
            && after.is_none_or(|byte| *byte == b'\n')
            && self.bytes.iter().any(|byte| *byte > 0x7f)
    }
}

/// A number of one byte, whether it is hex, and where it ends.
fn number(text: &[u8], at: usize) -> Option<(bool, u8, usize)> {
    let mut rest = text.get(at..)?;
    // Java has no unsigned bytes
    let casts = [&b"(byte)"[..], b"(sbyte)", b"(unsigned char)", b"(char)", b"(uint8_t)"];
    if let Some(cast) = casts.iter().find_map(|cast| rest.strip_prefix(*cast)) {
        rest = cast.trim_ascii_start();
    }
    let negative = rest.first() == Some(&b'-');
    rest = if negative { rest.get(1..)? } else { rest };
    let hex = rest.strip_prefix(b"0x").or(rest.strip_prefix(b"0X"));
    let digits = hex.unwrap_or(rest);
    let is_digit = |byte: &u8| if hex.is_some() { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let length = digits.iter().take(4).take_while(|byte| is_digit(byte)).count();
    let (number, after) = digits.split_at_checked(length)?;
    let radix = if hex.is_some() { 16 } else { 10 };
    let value = i32::from_str_radix(std::str::from_utf8(number).ok()?, radix).ok()?;
    let value = if negative { -value } else { value };
    let byte = match value {
        0..=255 => u8::try_from(value).ok()?,
        -128..=-1 => u8::try_from(value + 256).ok()?,
        _ => return None,
    };
    // suffixes of C and Rust
    let after = [&b"_u8"[..], b"u8", b"u", b"U"].iter().find_map(|suffix| after.strip_prefix(*suffix)).unwrap_or(after);
    let is_whole =
        !after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'));
    is_whole.then(|| (hex.is_some(), byte, text.len() - after.len()))
}

/// What stands between two numbers: blanks, a comma, comments, line ends and the prefix of the next line. Where the
/// next number begins, and whether there was a comma.
fn gap(text: &[u8], at: usize, is_hex: bool) -> Option<(usize, bool)> {
    let begins = |at: usize| number(text, at).is_some();
    let mut has_comma = false;
    let mut next = at;
    while next < at + LONGEST_GAP {
        match text.get(next..)? {
            [b',' | b';', ..] if !has_comma => {
                has_comma = true;
                next += 1;
            }
            [b'/', b'*', inside @ ..] => {
                next += 4 + inside.windows(2).take(LONGEST_GAP).position(|end| end == b"*/")?;
            }
            [b'/', b'/', inside @ ..] => {
                next += 2 + inside.iter().take(LONGEST_GAP).position(|byte| *byte == b'\n')?;
            }
            [b'\n', ..] => next = after_prefix(text, at, next + 1, is_hex),
            [b' ' | b'\t', ..] => next += 1,
            // strings of single bytes
            [b'\'' | b'"', ..] if is_hex => next += 1,
            _ => break,
        }
    }
    (next > at && begins(next)).then_some((next, has_comma))
}

/// Where the line that begins at `start` has its first number, if the same stands in front of it as in the line
/// before, in which a number ended at `last`.
fn after_prefix(text: &[u8], last: usize, start: usize, is_hex: bool) -> usize {
    let is_number = |window: &[u8]| {
        if is_hex {
            window.starts_with(b"0x") || window.starts_with(b"0X")
        } else {
            window.first().is_some_and(u8::is_ascii_digit)
        }
    };
    let first = |from: usize| {
        let line = text.get(from..from.saturating_add(LONGEST_GAP).min(text.len()))?;
        (0..line.len()).find(|at| line.get(*at..).is_some_and(is_number)).and_then(|at| line.get(..at))
    };
    let Some(prefix) = first(start).filter(|prefix| !prefix.contains(&b'\n') && !is_cut(prefix)) else {
        return start;
    };
    if prefix.iter().all(|byte| !byte.is_ascii_alphanumeric()) {
        // the sign of a negative number is not a prefix
        return start + prefix.len() - usize::from(prefix.ends_with(b"-"));
    }
    let before = text.get(..last).unwrap_or_default();
    let begin = before.iter().rev().take(1 << 14).position(|byte| *byte == b'\n').map_or(0, |back| last - back);
    match first(begin) {
        // the first line has the opening in front of its numbers
        Some(other) if is_same_prefix(prefix, other) || other.starts_with(prefix) => start + prefix.len(),
        _ => start,
    }
}
