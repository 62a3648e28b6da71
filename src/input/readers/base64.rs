//! Base64, with the alphabet of RFC 4648 section 4 or 5, whole or in rows.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};

use super::super::Unreadable;
use super::super::reader::{Line, Reader, Run, SHORTEST_RUN, is_same_prefix};
use super::super::token::{self, Alphabet, Token};

/// Characters of the shortest run.
const SHORTEST: usize = SHORTEST_RUN * 4 / 3;
pub(super) struct Base64;

impl Reader for Base64 {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        token::read::<Self>(text, runs);
    }
}

impl Alphabet for Base64 {
    const SHORTEST: usize = SHORTEST;
    const SHORTEST_NEXT: usize = 1;
    const LONGEST_ROW: usize = 100;

    fn tokens(line: Line<'_>, shortest: usize) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(start) = line.text.get(at..).and_then(|rest| rest.iter().position(|byte| is_base64(*byte))) {
            let column = at + start;
            let rest = line.text.get(column..).unwrap_or_default();
            let mut length = 0;
            while let Some(more) = rest.get(length..) {
                match more {
                    // JSON may write a slash so, and Go and Java the padding
                    [b'\\', b'/', ..] => length += 2,
                    [b'\\' | b'%', ..] if escaped(more).is_some() => {
                        length += escaped(more).map_or(1, |(length, _)| length);
                    }
                    [byte, ..] if is_base64(*byte) => length += 1,
                    _ => break,
                }
            }
            let padding =
                rest.get(length..).unwrap_or_default().iter().take(2).take_while(|byte| **byte == b'=').count();
            length += padding;
            at = column + length;
            if length >= shortest {
                tokens.push(Token { line, column, text: rest.get(..length).unwrap_or_default() });
            }
        }
        tokens
    }

    fn is_end(token: &Token<'_>) -> bool {
        token.text.ends_with(b"=")
    }

    /// Makes a run of rows; of the last one only if it is base64 with them.
    fn finish(block: &mut Vec<Token<'_>>, runs: &mut Vec<Run>) {
        let tokens = std::mem::take(block);
        let found = run(&tokens).or_else(|| run(tokens.split_last()?.1));
        runs.extend(found);
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// `=`, `+` or `/` as JSON or a URL escapes them, and how long the escape is.
fn escaped(text: &[u8]) -> Option<(usize, u8)> {
    [
        (&b"\\u003d"[..], b'='),
        (b"\\u003D", b'='),
        (b"\\u002b", b'+'),
        (b"\\u002B", b'+'),
        (b"\\u002f", b'/'),
        (b"\\u002F", b'/'),
        (b"%3D", b'='),
        (b"%2B", b'+'),
        (b"%2F", b'/'),
        (b"%3d", b'='),
        (b"%2b", b'+'),
        (b"%2f", b'/'),
    ]
    .iter()
    .find_map(|(escape, byte)| text.starts_with(escape).then_some((escape.len(), *byte)))
}

fn run(tokens: &[Token<'_>]) -> Option<Run> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let mut text = Vec::with_capacity(tokens.len() * first.text.len());
    for token in tokens {
        let mut rest = token.text;
        while let Some((&byte, after)) = rest.split_first() {
            if let Some((length, byte)) = escaped(rest) {
                text.push(byte);
                rest = rest.get(length..)?;
            } else {
                text.extend((byte != b'\\').then_some(byte));
                rest = after;
            }
        }
    }
    let span = first.line.start + first.column..last.line.start + last.column + last.text.len();
    let bytes = decode(&text).filter(|bytes| bytes.len() >= SHORTEST_RUN && looks_random(&text))?;
    let is_cut = last.rest().starts_with(b"...");
    let run = if is_cut { Run::damaged(span, Unreadable::Abridged) } else { Run::new(span, bytes) };
    let is_prefixed =
        !last.prefix().trim_ascii().is_empty() && tokens.len() > 1 && is_same_prefix(first.prefix(), last.prefix());
    Some(Run { is_prefixed, ..run })
}

/// Whether capitals, small letters and digits are mixed as in base64 of what is random, and in no word or path.
pub(in super::super) fn looks_random(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(|byte| byte.is_ascii_digit() || *byte == b'+')
}

/// Standard or URL alphabet, padded or not.
pub(in super::super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|encoding| encoding.decode(text).ok())
}
