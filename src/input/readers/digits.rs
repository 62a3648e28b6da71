//! Digits of hex without gaps: whole, behind `0x` or `\x`, or in rows as `xxd -p` prints them.

use super::super::reader::{Line, Reader, Run, SHORTEST_RUN, is_same_prefix};
use super::super::token::{self, Alphabet, Token};
use super::super::{NotHex, Unreadable};

/// How far in front of digits a mark may be that they are not all.
const LONGEST_MARK: usize = 48;
pub(super) struct Digits;

impl Reader for Digits {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        token::read::<Self>(text, runs);
    }
}

impl Alphabet for Digits {
    const SHORTEST: usize = 16;
    const SHORTEST_NEXT: usize = 2;
    /// Nobody wraps longer ones.
    const LONGEST_ROW: usize = 128;

    fn tokens(line: Line<'_>, shortest: usize) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(start) = line.text.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_hexdigit)) {
            let column = at + start;
            let rest = line.text.get(column..).unwrap_or_default();
            let length = rest.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(rest.len());
            at = column + length;
            let before = line.text.get(..column).unwrap_or_default();
            let digits = rest.get(..length).unwrap_or_default();
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'/' | b'-');
            let after = line.text.get(at).filter(|byte| is_word(byte));
            let goes_before = before.last().is_some_and(is_word) && !has_mark(before);
            if length >= shortest && after.is_none() && !goes_before {
                tokens.push(Token { line, column, text: digits });
            }
        }
        tokens
    }

    fn is_end(_: &Token<'_>) -> bool {
        false
    }

    /// Makes a run of rows.
    fn finish(block: &mut Vec<Token<'_>>, runs: &mut Vec<Run>) {
        let tokens = std::mem::take(block);
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
        let digits: Vec<u8> = tokens.iter().flat_map(|token| token.text).copied().collect();
        if digits.len() < 2 * SHORTEST_RUN {
            return;
        }
        let span = first.line.start + first.column..last.line.start + last.end();
        // tshark says in front of a long field that it shows a part of it
        let before = first.prefix();
        let before = before.get(before.len().saturating_sub(LONGEST_MARK)..).unwrap_or_default();
        let is_part = [&b"[...]"[..], b"[truncated]"].iter().any(|mark| memchr::memmem::find(before, mark).is_some());
        let is_cut = is_part || last.rest().starts_with(b"...") || last.rest().starts_with(b" [...");
        let run = match hex::decode(&digits) {
            _ if is_cut => Run::damaged(span, Unreadable::Abridged),
            Ok(bytes) => Run::new(span, bytes),
            Err(_) => Run::damaged(span, Unreadable::NotHex(NotHex::OddDigits { digits: digits.len() })),
        };
        runs.push(Run { is_prefixed: has_prefix(&tokens), ..run });
    }
}

/// Whether something ends here that goes before hex: `0x`, `\x`, `x'`, or a word that `-` or `/` puts in front.
fn has_mark(before: &[u8]) -> bool {
    [&b"0x"[..], b"0X", b"\\x", b"\\\\x", b"x'", b"X'", b"h'"].iter().any(|mark| before.ends_with(mark))
        || (before.ends_with(b"-") && before.ends_with(b" -"))
}

/// Whether the same stands in front of several rows.
fn has_prefix(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [.., one, other] => !one.prefix().trim_ascii().is_empty() && is_same_prefix(one.prefix(), other.prefix()),
        _ => false,
    }
}
