//! Bytes in hex without `0x`, one by one between commas or the like: `[38, b5, 9]` of Rust's `{:x?}`, `38;b5;09`, or with
//! the marks of assemblers: `38h b5h`, `$38 $B5`.

use super::super::reader::{LONGEST_RUN, Reader, Run, SHORTEST_RUN, digit};

/// Blanks between two bytes, at most.
const LONGEST_GAP: usize = 64;

pub(super) struct Listed;

impl Reader for Listed {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut at = 0;
        let mut before = None;
        while let Some(&byte) = text.get(at) {
            let may_begin = !before.is_some_and(is_word) && (matches!(byte, b'$' | b'&') || byte.is_ascii_hexdigit());
            let list = if may_begin { read(text, at) } else { None };
            if let Some((bytes, end)) = list {
                before = text.get(end - 1).copied();
                if bytes.len() >= SHORTEST_RUN {
                    runs.push(Run::new(at..end, bytes));
                }
                at = end;
            } else {
                before = Some(byte);
                at += 1;
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\')
}

/// The bytes of a list and where it ends; `None` if there are not even two. What has no letter is decimal.
fn read(text: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (first, mark, mut end) = byte(text, start)?;
    let mut bytes = vec![first];
    let mut separator = None;
    while let Some((sign, next)) = gap(text, end, mark) {
        let Some((value, other, after)) = byte(text, next) else { break };
        if *separator.get_or_insert(sign) != sign || other != mark || bytes.len() >= LONGEST_RUN {
            break;
        }
        bytes.push(value);
        end = after;
    }
    let list = text.get(start..end)?;
    let has_letter = list.iter().any(|byte| matches!(byte, b'a'..=b'f' | b'A'..=b'F'));
    (bytes.len() > 1).then(|| (if has_letter { bytes } else { Vec::new() }, end))
}

/// How assemblers say that a number is hex.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Before,
    Behind,
}

/// One byte, its mark, and where it ends.
fn byte(text: &[u8], at: usize) -> Option<(u8, Mark, usize)> {
    let rest = text.get(at..)?;
    let bare = rest.strip_prefix(b"$").or(rest.strip_prefix(b"&H")).or(rest.strip_prefix(b"&h"));
    let digits = bare.unwrap_or(rest);
    let value = match *digits {
        [high, low, ..] if digit(low).is_some() => digit(high)? << 4 | digit(low)?,
        [low, ..] => digit(low)?,
        [] => return None,
    };
    let length = digits.iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = digits.get(length..)?;
    let behind = rest.first().is_some_and(|byte| matches!(byte, b'h' | b'H'));
    let end = text.len() - rest.len() + usize::from(behind);
    let mark = match (bare, behind) {
        (Some(_), _) => Mark::Before,
        (None, true) => Mark::Behind,
        (None, false) => Mark::None,
    };
    (!text.get(end).copied().is_some_and(is_word)).then_some((value, mark, end))
}

/// What separates two bytes, and where the next begins: a sign, with blanks and a line end behind it; if there is a mark,
/// blanks are enough.
fn gap(text: &[u8], at: usize, mark: Mark) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    let sign = rest.first().copied().filter(|byte| matches!(byte, b',' | b';' | b'|' | b'.'));
    let blanks = rest.get(usize::from(sign.is_some())..)?;
    let count = blanks.iter().take(LONGEST_GAP).take_while(|byte| byte.is_ascii_whitespace()).count();
    let sign = sign.or_else(|| (mark != Mark::None && count > 0).then_some(b' '))?;
    Some((sign, text.len() - blanks.len() + count))
}

#[cfg(test)]
mod tests {
    use super::super::super::reader::Content;
    use super::*;

    fn read(text: &str) -> Vec<Vec<u8>> {
        let mut runs = Vec::new();
        Listed.read(text.as_bytes(), &mut runs);
        let bytes = |run: Run| match run.content {
            Content::Bytes { bytes, .. } => bytes.to_vec(),
            content => panic!("{content:?}"),
        };
        runs.into_iter().map(bytes).collect()
    }

    #[test]
    fn lists_of_bytes_are_read() {
        let bytes: Vec<u8> = (0..40_u8).map(|byte| byte.wrapping_mul(73) ^ 0x21).collect();
        let list = |each: fn(u8) -> String, between: &str| {
            bytes.iter().map(|byte| each(*byte)).collect::<Vec<_>>().join(between)
        };
        for text in [
            format!("[{}]", list(|byte| format!("{byte:02x}"), ", ")),
            format!("ticket: [{}]", list(|byte| format!("{byte:x}"), ", ")),
            list(|byte| format!("{byte:02X}"), ",\n"),
            list(|byte| format!("{byte:02x}"), ";"),
            list(|byte| format!("{byte:02x}"), "."),
            list(|byte| format!("{byte:02X}h"), " "),
            list(|byte| format!("${byte:02X}"), ", "),
            list(|byte| format!("&H{byte:02X}"), ", "),
        ] {
            assert_eq!(read(&text), [&bytes[..]], "{text}");
        }
    }

    #[test]
    fn other_lists_are_none() {
        for text in ["12, 13, 14, ".repeat(20), "a, b or c. ".repeat(20), "1.2.3.4 ".repeat(40), "be, added".repeat(9)]
        {
            assert!(read(&text).is_empty(), "{text}");
        }
    }
}
