//! What logs, mails and tools put in front of all lines: times, numbers of lines, signs of quoting, names. It is blanked,
//! so that what follows looks as if the program that printed it had printed it here.

use std::ops::Range;

use zeroize::Zeroizing;

use super::reader::{Line, lines};

/// Lines that must begin alike.
const FEWEST_LINES: usize = 3;
/// Lines that must be counted, before what counts is not a byte.
const FEWEST_COUNTED: usize = 4;
/// Lines that must be counted if only a blank follows the number.
const FEWEST_BARE: usize = 8;
/// Digits or letters that are not a number of a list.
const LONG_WORD: usize = 12;
/// Bases of the numbers of lines.
const BASES: [u32; 2] = [10, 16];
/// Signs that tables, quotations and `cat -A` put behind each line.
const CLOSING: [u8; 3] = [b'|', b'`', b'$'];
/// How much of a line may be prefix.
const LONGEST: usize = 256;
/// The longest time in brackets.
const LONGEST_BRACKET: usize = 64;

/// A text without what stands in front of its lines; nothing moves.
pub(super) struct Undressed {
    /// Everything is blank that lines have in common.
    pub(super) bare: Zeroizing<Vec<u8>>,
    /// Times, numbers and signs are blank, and words are left: they may be names.
    pub(super) named: Zeroizing<Vec<u8>>,
}

/// Blanks what stands in front of lines; `None` if there is nothing.
pub(super) fn undress(text: &[u8]) -> Option<Undressed> {
    let mut named = Zeroizing::new(text.to_vec());
    let times = times(text);
    blank_all(&mut named, &times);
    let numbers = numbers(&named);
    blank_all(&mut named, &numbers);
    let closings = closings(&named);
    blank_all(&mut named, &closings);
    let common = common_to_all(&named);
    if closings.is_empty() && times.is_empty() && numbers.is_empty() && common.is_empty() {
        return None;
    }
    let mut bare = named.clone();
    for Run { start, end, length, has_letters, .. } in common {
        let starts: Vec<usize> =
            lines(text.get(start..end).unwrap_or_default()).map(|line| start + line.start).collect();
        for start in starts {
            let range = start..start + length;
            blank_all(&mut bare, std::slice::from_ref(&range));
            if !has_letters {
                blank_all(&mut named, std::slice::from_ref(&range));
            }
        }
    }
    Some(Undressed { bare, named })
}

fn blank_all(text: &mut [u8], ranges: &[Range<usize>]) {
    for range in ranges {
        let part = text.get_mut(range.clone()).unwrap_or_default();
        part.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
}

/// The times at the beginnings of lines.
fn times(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut before = false;
    let mut all = lines(text).map(|line| (line, time(line.text))).peekable();
    while let Some((line, found)) = all.next() {
        let next = all.peek().is_some_and(|(_, found)| found.is_some());
        if let Some(Time { end, is_sure }) = found {
            if is_sure || before || next {
                ranges.push(line.start..line.start + end);
            }
        }
        before = found.is_some();
    }
    ranges
}

/// A time at the beginning of a line.
#[derive(Clone, Copy)]
struct Time {
    end: usize,
    /// Whether it can be nothing else.
    is_sure: bool,
}

/// Finds the time at the beginning of a line, and what syslog and container runtimes put behind it.
fn time(line: &[u8]) -> Option<Time> {
    let line = line.get(..LONGEST).unwrap_or(line);
    let mut start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
    // commands of CI
    if let Some(command) = line.get(start..).and_then(|rest| rest.strip_prefix(b"##[")) {
        start += 4 + command.iter().take(LONGEST_BRACKET).position(|byte| *byte == b']')?;
    }
    let rest = line.get(start..)?;
    let (length, is_sure) = bracket(rest).map(|length| (length, true)).or_else(|| stamp(rest))?;
    let mut end = start + length;
    let after = line.get(end..)?;
    // what is not a prefix stands alone
    if !matches!(after.first(), Some(b' ' | b'\t' | b',' | b']' | b':' | b'|')) || after.trim_ascii().is_empty() {
        return None;
    }
    for stream in [&b" stdout F "[..], b" stderr F ", b" stdout P ", b" stderr P "] {
        end += if after.starts_with(stream) { stream.len() } else { 0 };
    }
    end += sender(after).unwrap_or(0);
    Some(Time { end, is_sure })
}

/// `[1234.567890]`, `[2026-11-28T10:40:05Z]`, `[100:200:1128/104005.000031:VERBOSE1:x.cc(12)]`.
fn bracket(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"[")?;
    let end = inside.iter().take(LONGEST_BRACKET).position(|byte| *byte == b']')?;
    let inside = inside.get(..end)?;
    let digits = inside.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_time = digits >= 6 && inside.iter().any(|byte| matches!(byte, b':' | b'.'));
    (is_time && !inside.contains(&b',')).then_some(end + 2)
}

/// The host and the program that syslog names, with its number: ` lb1 sh[4711]: `.
fn sender(after: &[u8]) -> Option<usize> {
    let open = after.iter().position(|byte| *byte == b'[')?;
    let words = after.get(..open)?.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).count();
    let digits = after.get(open + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let close = after.get(open + 1 + digits..)?;
    (words == 2 && digits > 0 && close.starts_with(b"]: ")).then_some(open + digits + 4)
}

/// A time without brackets: how long it is, and whether it can be nothing else.
fn stamp(text: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut is_sure = false;
    if let Some(length) = date(text) {
        at = length;
        is_sure = true;
        at += usize::from(matches!(text.get(at), Some(b'T' | b' ' | b'_' | b':' | b',')));
        at += usize::from(text.get(at - 1) == Some(&b',') && text.get(at) == Some(&b' '));
    } else if let Some(length) = epoch(text) {
        return Some((length, true));
    }
    let clock = clock(text.get(at..)?)?;
    at += clock;
    let fraction = text.get(at..)?;
    if let [b'.' | b',', digits @ ..] = fraction {
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        at += if count > 0 { count + 1 } else { 0 };
        is_sure |= count > 2;
    }
    Some((at + zone(text.get(at..)?), is_sure))
}

/// `2026-11-28`, `2026/11/28`, `Nov 28`, `28/Nov/2026`.
fn date(text: &[u8]) -> Option<usize> {
    let shape: Vec<u8> = text.iter().take(12).map(|byte| shape(*byte)).collect();
    let has = |wanted: &[u8]| shape.starts_with(wanted);
    let lengths: [(&[u8], usize); 8] = [
        (b"9999-99-99", 10),
        (b"9999/99/99", 10),
        (b"99/99/9999", 10),
        (b"99.99.9999", 10),
        (b"99/aaa/9999", 11),
        (b"aaa 99 ", 6),
        (b"aaa  9 ", 6),
        (b"aaa 9 ", 5),
    ];
    lengths.iter().find(|(wanted, _)| has(wanted)).map(|(_, length)| *length)
}

fn shape(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'9',
        b'a'..=b'z' | b'A'..=b'Z' => b'a',
        other => other,
    }
}

/// Seconds since 1970 with a fraction.
fn epoch(text: &[u8]) -> Option<usize> {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = text.get(whole..)?.strip_prefix(b".")?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (whole == 10 && fraction >= 3).then_some(whole + 1 + fraction)
}

/// `10:40:05`.
fn clock(text: &[u8]) -> Option<usize> {
    let shape: Vec<u8> = text.iter().take(9).map(|byte| shape(*byte)).collect();
    let is_clock = shape.starts_with(b"99:99:99") && !matches!(shape.get(8), Some(b'9' | b'a' | b':'));
    is_clock.then_some(8)
}

fn zone(text: &[u8]) -> usize {
    match text {
        [b'Z', ..] => 1,
        [b'+' | b'-', zone @ ..] => {
            match zone.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b':').count() {
                length @ (4 | 5) => length + 1,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// The numbers of lines, as `grep -n`, `nl` and editors print them, with what stands in front of them.
fn numbers(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut run: Vec<Counter> = Vec::new();
    let mut before: Option<Line<'_>> = None;
    let mut finish = |run: &mut Vec<Counter>| {
        let fewest = if run.iter().any(|counter| counter.is_bare) { FEWEST_BARE } else { FEWEST_COUNTED };
        if run.len() >= fewest {
            ranges.extend(run.iter().map(|counter| counter.start..counter.end));
        }
        run.clear();
    };
    for line in lines(text) {
        let goes_on = |one: &Counter| run.last().is_some_and(|last| last.value == one.value && last.end == one.end);
        let pairs = BASES.map(|base| before.and_then(|before| counters(before, line, base)));
        let pair = pairs.iter().flatten().find(|(one, _)| goes_on(one)).or(pairs.iter().flatten().next()).copied();
        before = Some(line);
        let Some((one, other)) = pair else {
            finish(&mut run);
            continue;
        };
        if !goes_on(&one) {
            finish(&mut run);
        }
        if run.is_empty() {
            run.push(one);
        }
        run.push(other);
    }
    finish(&mut run);
    ranges
}

/// The number of a line.
#[derive(Clone, Copy)]
struct Counter {
    value: u64,
    start: usize,
    end: usize,
    /// Whether nothing but a blank follows it.
    is_bare: bool,
}

/// The numbers of two lines that follow each other.
fn counters(one: Line<'_>, other: Line<'_>, base: u32) -> Option<(Counter, Counter)> {
    let mut at = common(one.text, other.text);
    while at > 0 && one.text.get(at - 1).is_some_and(|byte| is_digit(*byte, base)) {
        at -= 1;
    }
    let (one, other) = (counter(one, at, base)?, counter(other, at, base)?);
    (other.value == one.value + 1).then_some((one, other))
}

fn is_digit(byte: u8, base: u32) -> bool {
    char::from(byte).is_digit(base)
}

fn counter(line: Line<'_>, at: usize, base: u32) -> Option<Counter> {
    let rest = line.text.get(at..)?;
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let number = rest.get(blanks..)?;
    let length = number.iter().take(9).take_while(|byte| is_digit(**byte, base)).count();
    let (digits, after) = number.split_at_checked(length)?;
    if length == 0 || length > 1 && digits.starts_with(b"0") {
        return None;
    }
    let value = u64::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()?;
    let (closing, is_bare) = match after {
        [b'\t', ..] => (1, false),
        // hex with a colon is an offset
        _ if base > 10 => return None,
        [b':' | b'|' | b')' | b']' | b'-', ..] => (1, false),
        [b'.', b' ', ..] => (2, false),
        [b' ', ..] => (1, true),
        _ => return None,
    };
    Some(Counter { value, start: line.start, end: line.start + at + blanks + length + closing, is_bare })
}

/// How many bytes two lines have in common at their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take(LONGEST).take_while(|(one, other)| one == other).count()
}

/// The signs behind lines that end alike, if there are several.
fn closings(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    let mut sign = None;
    for line in lines(text) {
        let bare = line.text.trim_ascii_end();
        let last = bare.last().copied().filter(|byte| CLOSING.contains(byte) && bare.len() > 1);
        if last.is_none() || last != sign {
            ranges.extend(run.iter().filter(|_| run.len() >= FEWEST_LINES).map(|at| *at..*at + 1));
            run.clear();
        }
        run.extend(last.map(|_| line.start + bare.len() - 1));
        sign = last;
    }
    ranges.extend(run.iter().filter(|_| run.len() >= FEWEST_LINES).map(|at| *at..*at + 1));
    ranges
}

/// Lines that begin alike, if there are several.
fn common_to_all(text: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run: Option<Run> = None;
    let mut before: Option<Line<'_>> = None;
    for line in lines(text) {
        let shared = before.map_or(0, |before| prefix_length(before.text, line.text));
        if let Some(open) = &mut run {
            let length = shared.min(open.length);
            let has_letters = has_letters(line.text.get(..length).unwrap_or_default());
            // what more lines have in common is less: a name is not given up for the blanks in front of it
            let is_less = open.count >= FEWEST_LINES && open.has_letters && !has_letters;
            if length > 0 && !is_less {
                *open = Run { length, has_letters, count: open.count + 1, end: line.end(), ..*open };
                before = Some(line);
                continue;
            }
            runs.extend(run.take());
        }
        if let Some(first) = before.filter(|_| shared > 0) {
            let has_letters = has_letters(line.text.get(..shared).unwrap_or_default());
            run = Some(Run { start: first.start, end: line.end(), length: shared, has_letters, count: 2 });
        }
        before = Some(line);
    }
    runs.extend(run);
    runs.retain(|run| run.count >= FEWEST_LINES);
    runs
}

/// Lines that begin alike.
#[derive(Clone, Copy)]
struct Run {
    /// Where the first begins, and the last ends.
    start: usize,
    end: usize,
    length: usize,
    has_letters: bool,
    count: usize,
}

/// Whether there are letters that are not hex digits.
fn has_letters(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit())
}

/// How long the prefix is that two lines have in common: words and signs, and none of the bytes behind them.
fn prefix_length(one: &[u8], other: &[u8]) -> usize {
    let common = other.get(..common(one, other)).unwrap_or_default();
    // numbers of arrays, whatever stands in front of them
    let end = [&b"0x"[..], b"0X", b"\\x", b",", b"\"", b"'", b"\\", b"{", b"[0", b"=", b"\0"]
        .iter()
        .filter_map(|mark| memchr::memmem::find(common, mark))
        .min()
        .unwrap_or(common.len());
    let is_sign = |byte: &u8| {
        matches!(byte, b' ' | b'\t' | b':' | b'|' | b'>' | b']' | b'#' | b';' | b'*' | b'+' | b'-' | b'`' | b')')
    };
    let mut prefix = common.get(..end).unwrap_or_default();
    // digits at the end are bytes that happen to be the same, or an offset
    loop {
        let signs = prefix.iter().rposition(is_sign).map_or(0, |last| last + 1);
        prefix = prefix.get(..signs).unwrap_or_default();
        let word = prefix.iter().rposition(|byte| !is_sign(byte)).map_or(0, |last| last + 1);
        let start = prefix.get(..word).unwrap_or_default().iter().rposition(is_sign).map_or(0, |last| last + 1);
        match prefix.get(start..word) {
            // the number of a line has another length than a byte, or is followed by a colon
            Some(token) if token.len() % 2 == 1 && prefix.get(word) == Some(&b':') => break,
            Some(token) if !token.is_empty() && token.iter().all(u8::is_ascii_hexdigit) => {
                prefix = prefix.get(..start).unwrap_or_default();
            }
            _ => break,
        }
    }
    // what a patch takes out
    let is_long =
        |line: &[u8]| line.iter().skip(1).take_while(|byte| byte.is_ascii_alphanumeric()).count() >= LONG_WORD;
    if prefix == b"-" && is_long(one) && is_long(other) {
        return 1;
    }
    // a dash in front of a number is its sign, and blanks are nothing
    while let Some(bare) = prefix.strip_suffix(b"-") {
        prefix = bare;
    }
    if prefix.iter().all(|byte| matches!(byte, b' ' | b'\t')) { 0 } else { prefix.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> String {
        undress(text.as_bytes())
            .map_or(text.to_owned(), |undressed| String::from_utf8(undressed.bare.to_vec()).unwrap())
    }

    /// What is left of lines that begin as `prefix` says.
    fn left(prefix: impl Fn(usize) -> String) -> Vec<String> {
        let rows = ["49 09 5b fd", "49 2a 35 b0", "49 eb 8b f5", "49 25 b0 90", "18 fd 05 82"];
        let text: String = rows.iter().zip(98..).map(|(row, number)| prefix(number) + row + "\n").collect();
        bare(&text).lines().map(|line| line.trim_start().to_owned()).collect()
    }

    #[test]
    fn what_stands_in_front_of_lines_is_blanked() {
        let rows = left(|_| String::new());
        assert_eq!(rows.first().unwrap(), "49 09 5b fd");
        let prefixes: [fn(usize) -> String; 17] = [
            |_| "> ".to_owned(),
            |_| "> > > ".to_owned(),
            |_| "# ".to_owned(),
            |_| "#".to_owned(),
            |_| "+".to_owned(),
            |_| " * ".to_owned(),
            |_| "DEBUG:tls:".to_owned(),
            |_| "client_1  | ".to_owned(),
            |number| format!("{number}:"),
            |number| format!("{number}-"),
            |number| format!("{number:6}\t"),
            |number| format!("{:x}\t", number - 90),
            |number| format!("out/log.txt:{number}:"),
            |number| format!("2026-11-28T10:40:{:02}.1234567Z ", number - 90),
            |number| format!("Nov 28 10:40:{:02} lb1 sh[{number}]: ", number - 90),
            |number| format!("10:40:{:02}  ", number - 90),
            |number| format!("[{number:5}.123456] "),
        ];
        for prefix in prefixes {
            assert_eq!(left(prefix), rows, "{}", prefix(98));
        }
    }

    #[test]
    fn bytes_are_no_prefix() {
        for text in [
            "49 09 5b\n49 2a 35\n49 eb 8b\n49 25 b0\n",
            "  0x49, 0x09,\n  0x49, 0x2a,\n  0x49, 0xeb,\n",
            "  -12, 9,\n  -12, 42,\n  -12, 43,\n",
            "0000: 49 09\n0010: 49 2a\n0020: 49 eb\n",
            "00000000  49\n00000001  2a\n00000002  eb\n00000003  25\n",
            "\"\\x49\\x09\"\n\"\\x49\\x2a\"\n\"\\x49\\xeb\"\n",
            "%49%09%5b\n%49%2a%35\n%49%eb%8b\n",
            "10:40:05\n11:40:05\n12:40:05\n",
        ] {
            assert_eq!(bare(text), text);
        }
    }

    #[test]
    fn words_that_may_be_names_are_kept() {
        let text = "ticket: 49095b\nticket: 49095c\nticket: 49095d\n";
        let undressed = undress(text.as_bytes()).unwrap();
        assert_eq!(undressed.named.as_slice(), text.as_bytes());
    }
}
