//! Keys that somebody printed byte by byte: dumps of `xxd`, `hexdump` and `od`, arrays of C, escapes.

use zeroize::Zeroizing;

use super::reading::MAX_FILE_LENGTH;

/// The shortest dump that is taken for one: less is a line of hex.
const SHORTEST: usize = 16;

/// A row: what stands in its offset column, and its groups of digits.
struct Row<'t> {
    offset: &'t str,
    has_colon: bool,
    groups: Vec<&'t str>,
    /// What the row prints as text, if it does.
    text: Option<&'t str>,
}

/// The bytes of a dump with offsets, or of a list of `0x00` or `\x00`, and what it is in two words.
pub(super) fn read(text: &str) -> Option<(Zeroizing<Vec<u8>>, &'static str)> {
    rows(text).map(|bytes| (bytes, "a hex dump")).or_else(|| escapes(text))
}

fn rows(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut rows = Vec::new();
    // rows that repeat the one before them are left out and stand as an asterisk
    let mut repeats = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "*" {
            repeats.push(rows.len());
        } else {
            rows.push(row(line)?);
        }
    }
    let swapped = is_swapped(&rows);
    let bases: &[u32] = match rows.first()? {
        // xxd, which has the offsets in decimal on request
        Row { has_colon: true, .. } => &[16, 10],
        // od, which has them in octal if nothing else is asked for; hexdump has as many digits, and words
        Row { offset, groups, .. } if offset.len() == 7 => match groups.first() {
            Some(group) if group.len() == 2 => &[8, 10],
            _ => &[16, 8, 10],
        },
        _ => &[16],
    };
    let mut found = bases.iter().filter_map(|base| assemble(&rows, &repeats, *base, swapped));
    let first = found.next()?;
    // how many rows an asterisk stands for must be beyond doubt
    (repeats.is_empty() || found.next().is_none()).then_some(first)
}

/// The bytes, if every offset agrees with what stands before it.
fn assemble(rows: &[Row<'_>], repeats: &[usize], base: u32, swapped: bool) -> Option<Zeroizing<Vec<u8>>> {
    let offset = |row: &Row<'_>| usize::from_str_radix(row.offset, base).ok();
    let start = offset(rows.first()?)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LENGTH));
    let mut last = 0..0;
    for (number, row) in rows.iter().enumerate() {
        let at = offset(row)?.checked_sub(start)?;
        if repeats.contains(&number) {
            while bytes.len() < at && !last.is_empty() && bytes.len() + last.len() <= MAX_FILE_LENGTH {
                bytes.extend_from_within(last.clone());
            }
            // a row that is shorter than the others is printed
            if bytes.len() != at {
                return None;
            }
        }
        // the last offset says how many bytes there are: half a word more may have been printed
        if row.groups.is_empty() && number + 1 == rows.len() && at < bytes.len() && bytes.len() - at < 16 {
            bytes.truncate(at);
        }
        if at != bytes.len() {
            return None;
        }
        for group in &row.groups {
            let from = bytes.len();
            let decoded = Zeroizing::new(hex::decode(group).ok()?);
            bytes.extend_from_slice(&decoded);
            if swapped {
                bytes.get_mut(from..)?.reverse();
            }
        }
        last = at..bytes.len();
    }
    (bytes.len() >= SHORTEST).then_some(bytes)
}

fn row(line: &str) -> Option<Row<'_>> {
    let digits = line.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(line.len());
    let (offset, rest) = line.split_at_checked(digits)?;
    let (rest, has_colon) = match rest.strip_prefix(':') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let is_offset = offset.len() >= 4 && (rest.is_empty() || rest.starts_with([' ', '\t']));
    if !is_offset {
        return None;
    }
    let rest = rest.trim_start();
    let (digits, text) = columns(rest, has_colon);
    let groups: Vec<&str> = digits.split_whitespace().collect();
    let is_group = |group: &&str| group.len() % 2 == 0 && group.bytes().all(|digit| digit.is_ascii_hexdigit());
    groups.iter().all(is_group).then_some(Row { offset, has_colon, groups, text })
}

/// The column of digits and the one of text: `|text|`, `>text<`, or behind two blanks as `xxd` has it.
fn columns(rest: &str, has_colon: bool) -> (&str, Option<&str>) {
    for (opens, closes) in [('|', '|'), ('>', '<')] {
        let inside = rest.strip_suffix(closes).and_then(|rest| rest.split_once(opens));
        if let Some((digits, text)) = inside {
            return (digits, Some(text));
        }
    }
    match rest.split_once("  ") {
        Some((digits, text)) if has_colon => (digits, Some(text.trim_start_matches(' '))),
        _ => (rest, None),
    }
}

/// Whether the groups are words of a little-endian machine: the column of text tells, or else the groups of `hexdump`
/// and `od`, which print words wherever they print more than two digits.
fn is_swapped(rows: &[Row<'_>]) -> bool {
    let mut groups = rows.iter().flat_map(|row| &row.groups);
    // the last one may be shorter
    let wide = groups.next().is_some_and(|group| matches!(group.len(), 4 | 8 | 16));
    let has_text = rows.iter().any(|row| row.text.is_some());
    wide && if has_text {
        agreement(rows, true) > agreement(rows, false)
    } else {
        rows.iter().all(|r| r.offset.len() < 8)
    }
}

/// How many printable characters of the column of text agree with the digits.
fn agreement(rows: &[Row<'_>], swapped: bool) -> usize {
    let mut count = 0;
    for row in rows {
        let mut bytes = Zeroizing::new(Vec::new());
        for group in &row.groups {
            let mut decoded = Zeroizing::new(hex::decode(group).unwrap_or_default());
            if swapped {
                decoded.reverse();
            }
            bytes.extend_from_slice(&decoded);
        }
        let text = row.text.unwrap_or_default().bytes();
        count += bytes.iter().zip(text).filter(|(byte, shown)| **byte == *shown && byte.is_ascii_graphic()).count();
    }
    count
}

/// The bytes of `{0x49, 0x09, …}` or of `"\x49\x09…"`, whatever declares them; nothing else may be in hex.
fn escapes(text: &str) -> Option<(Zeroizing<Vec<u8>>, &'static str)> {
    for (mark, what) in [("0x", "an array of C"), ("\\x", "a string of escapes")] {
        let mut parts = text.split(mark);
        parts.next();
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / mark.len()));
        let is_separator = |character: char| {
            character.is_whitespace() || matches!(character, ',' | '"' | '\'' | '}' | ']' | ')' | ';' | '\\')
        };
        let mut rest = "";
        for part in parts {
            // something else stands between two bytes
            if !rest.chars().all(is_separator) {
                return None;
            }
            let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = part.get(2..)?;
            if rest.starts_with(|character: char| character.is_ascii_hexdigit()) {
                return None;
            }
        }
        if bytes.len() >= SHORTEST {
            return Some((bytes, what));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn key(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 37 + 131).to_le_bytes()[0]).collect()
    }

    fn bytes_of(text: &str) -> Option<Vec<u8>> {
        read(text).map(|(bytes, _)| bytes.to_vec())
    }

    /// What a program prints for the bytes; nothing if it is not installed.
    fn printed(program: &str, args: &[&str], bytes: &[u8]) -> Option<String> {
        let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        child.stdin.take()?.write_all(bytes).ok()?;
        String::from_utf8(child.wait_with_output().ok()?.stdout).ok()
    }

    #[test]
    fn what_the_usual_tools_print_is_read() {
        let tools: [(&str, &[&str]); 15] = [
            ("xxd", &[]),
            ("xxd", &["-g", "1"]),
            ("xxd", &["-g", "4", "-c", "20"]),
            ("xxd", &["-e"]),
            ("xxd", &["-u"]),
            ("xxd", &["-d"]),
            ("xxd", &["-i", "-n", "key"]),
            ("hexdump", &["-C"]),
            ("hexdump", &[]),
            ("hexdump", &["-x"]),
            ("od", &["-t", "x1"]),
            ("od", &["-A", "x", "-t", "x1z"]),
            ("od", &["-A", "d", "-t", "x1", "-v"]),
            ("od", &["-x"]),
            ("od", &["-t", "x4"]),
        ];
        for (program, args) in tools {
            for bytes in [key(80), key(48), vec![7; 240], [&key(21)[..], &[9; 59]].concat(), key(49)] {
                // od and hexdump mean another number of rows by the same asterisk
                let is_ambiguous = matches!(args, ["-x"] | ["-t", "x4"]) || (program == "hexdump" && args.is_empty());
                if is_ambiguous && bytes.first() == bytes.last() {
                    continue;
                }
                let Some(text) = printed(program, args, &bytes).filter(|text| !text.is_empty()) else { continue };
                assert_eq!(bytes_of(&text), Some(bytes), "{program} {args:?}\n{text}");
            }
        }
    }

    #[test]
    fn literals_are_read() {
        let bytes = key(48);
        let list: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
        let escaped = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<Vec<_>>().concat();
        for text in [
            format!("static const unsigned char key[48] = {{ {} }};", list.join(", ")),
            format!("key = b'{escaped}'"),
            format!("printf \"{escaped}\""),
        ] {
            assert_eq!(bytes_of(&text), Some(bytes.clone()), "{text}");
        }
    }

    #[test]
    fn rows_that_do_not_follow_each_other_are_no_dump() {
        for text in [
            "00000000: 4909 5bfd fd2a 35b0 33eb 8bf5 4d25 b090  x\n00000020: 4909  I.\n",
            "00000000: 4909 5bfg fd2a 35b0 33eb 8bf5 4d25 b090\n",
            "0000 just prose\n",
            "",
            "*\n*\n",
            "cafe babe\n",
        ] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }

    #[test]
    fn an_asterisk_makes_no_more_than_a_key_file_can_hold() {
        let text = format!("00000000: {0}\n*\nffffff00: {0}\n", "00 ".repeat(16).trim());
        assert_eq!(bytes_of(&text), None);
    }
}
