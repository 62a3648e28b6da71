//! Text of any encoding as UTF-8 in which every byte of interest is ASCII: UTF-16, the blanks, quotes and dashes that
//! word processors put in the place of plain ones, colours of a terminal, and mails in quoted-printable.

use memchr::{memchr, memmem};
use zeroize::Zeroizing;

/// Bytes that are looked at to tell UTF-16.
const SAMPLE_LENGTH: usize = 4096;
/// How a mail says that it is in quoted-printable (RFC 2045 section 6.7).
const QUOTED_PRINTABLE: &[u8] = b"quoted-printable";

/// The order of the two bytes of a UTF-16 unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(pair),
            Self::Big => u16::from_be_bytes(pair),
        }
    }
}

/// A text without the byte order mark that some editors put before it.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Whether nearly all bytes are printable: of random bytes six in ten are not.
#[must_use]
pub fn is_text(head: &[u8]) -> bool {
    // ESC begins the colours of a terminal
    let odd = head.iter().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x20..=0x7e)).count();
    odd * 20 <= head.len()
}

/// Whether `head` is UTF-16, with or without a byte order mark: most units are printable ASCII characters.
pub(super) fn utf16(head: &[u8]) -> Option<ByteOrder> {
    let sample = head.get(..SAMPLE_LENGTH).unwrap_or(head);
    let zeros = |at: usize| sample.chunks_exact(2).filter(|pair| pair.get(at) == Some(&0)).count();
    let order = match sample {
        [0xff, 0xfe, ..] => ByteOrder::Little,
        [0xfe, 0xff, ..] => ByteOrder::Big,
        _ if zeros(1) > zeros(0) => ByteOrder::Little,
        _ => ByteOrder::Big,
    };
    let (mut count, mut ascii) = (0, 0);
    for unit in units(sample, order) {
        count += 1;
        ascii += usize::from(matches!(unit, 0x09 | 0x0a | 0x0d | 0x20..=0x7e));
    }
    (ascii > 0 && ascii * 4 >= (count - 1) * 3).then_some(order)
}

fn units(bytes: &[u8], order: ByteOrder) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).filter_map(move |pair| Some(order.unit(pair.try_into().ok()?)))
}

/// UTF-16 as UTF-8, without its byte order mark.
pub(super) fn utf8(input: &[u8], order: ByteOrder) -> Zeroizing<Vec<u8>> {
    // a character takes three bytes at most for each unit: at full size from the start, what grows leaves copies
    let mut text = Zeroizing::new(Vec::with_capacity(input.len() / 2 * 3 + 4));
    for character in char::decode_utf16(units(input, order)) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        if character != '\u{feff}' {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    text
}

/// Whether bytes are text in some language: UTF-8 with hardly a control character.
pub(super) fn is_utf8(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // a character that is cut in two by the end of the head
        Err(error) if error.error_len().is_none() => {
            head.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let controls = valid.bytes().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x20..)).count();
    !valid.is_empty() && controls * 20 <= valid.len()
}

/// A copy of `text` that readers understand and may blank: NUL marks what was read.
pub(super) fn plain(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let decoded = memmem::find(text, QUOTED_PRINTABLE).map(|_| quoted_printable(text));
    let text = decoded.as_ref().map_or(text, |decoded| decoded.as_slice());
    let old_line_ends = memchr(b'\n', text).is_none();
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let simple = rest.iter().position(|byte| !matches!(byte, b'\t' | b'\n' | 0x20..=0x7e)).unwrap_or(rest.len());
        if let Some((copied, left)) = rest.split_at_checked(simple).filter(|_| simple > 0) {
            plain.extend_from_slice(copied);
            rest = left;
            continue;
        }
        match first {
            b'\r' if old_line_ends => plain.push(b'\n'),
            // the colours of a terminal (ECMA-48 section 5.3)
            0x1b => {
                rest = after_escape(after);
                continue;
            }
            0..=0x7f => plain.push(b' '),
            _ => {
                rest = character(rest, &mut plain);
                continue;
            }
        }
        rest = after;
    }
    join_words(&mut plain);
    plain
}

/// Takes the sign out that `WinDbg` puts in the middle of words of eight bytes: ``00007fff`ffffe000``.
fn join_words(text: &mut Vec<u8>) {
    const HALF: usize = 8;
    let is_half = |half: Option<&[u8]>| half.is_some_and(|half| half.iter().all(u8::is_ascii_hexdigit));
    let is_inside = |at: &usize| {
        let before = at.checked_sub(HALF).and_then(|start| text.get(start..*at));
        is_half(before) && is_half(text.get(at + 1..at + 1 + HALF))
    };
    let signs: Vec<usize> = memchr::memchr_iter(b'`', text).filter(is_inside).collect();
    let (mut number, mut next) = (0, signs.iter().peekable());
    text.retain(|_| {
        let is_sign = next.next_if(|at| **at == number).is_some();
        number += 1;
        !is_sign
    });
}

/// What follows a control sequence of a terminal.
fn after_escape(sequence: &[u8]) -> &[u8] {
    let Some(parameters) = sequence.strip_prefix(b"[") else { return sequence };
    let end = parameters.iter().position(|byte| (0x40..=0x7e).contains(byte));
    end.and_then(|end| parameters.get(end + 1..)).unwrap_or_default()
}

/// Adds what stands for the first character, which is not ASCII, and hands back the rest.
fn character<'t>(text: &'t [u8], plain: &mut Vec<u8>) -> &'t [u8] {
    let first = text.get(..4).unwrap_or(text);
    let length = first.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).map(|character| {
        match character {
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => plain.push(b' '),
            '\u{2028}' | '\u{2029}' | '\u{85}' => plain.push(b'\n'),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push(b'-'),
            '\u{2018}'..='\u{201b}' => plain.push(b'\''),
            '\u{201c}'..='\u{201f}' => plain.push(b'"'),
            '\u{2026}' => plain.extend_from_slice(b"..."),
            // lines of tables, as hexyl draws them
            '\u{2500}'..='\u{257f}' => plain.push(b'|'),
            // one column, as in the text beside a dump
            _ => plain.push(b'?'),
        }
        character.len_utf8()
    });
    if length.is_none() {
        // not UTF-8: what word processors use is a byte in the code pages of Windows
        plain.push(match text.first() {
            Some(0xa0) => b' ',
            Some(0x96 | 0x97) => b'-',
            Some(0x91 | 0x92) => b'\'',
            Some(0x93 | 0x94) => b'"',
            _ => b'?',
        });
    }
    text.get(length.unwrap_or(1)..).unwrap_or_default()
}

/// Text of a mail as it was before it was quoted.
fn quoted_printable(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = memchr(b'=', rest) {
        let (before, quoted) = rest.split_at(at);
        decoded.extend_from_slice(before);
        rest = match quoted {
            [_, b'\n', after @ ..] | [_, b'\r', b'\n', after @ ..] => after,
            [_, high, low, after @ ..] => {
                match hex::decode_to_array::<_, 1>([*high, *low]) {
                    Ok([byte]) => decoded.push(byte),
                    Err(_) => decoded.extend_from_slice(&[b'=', *high, *low]),
                }
                after
            }
            _ => {
                decoded.extend_from_slice(quoted);
                &[]
            }
        };
    }
    decoded.extend_from_slice(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_of(text: &str, order: ByteOrder, mark: &str) -> Vec<u8> {
        let units = format!("{mark}{text}");
        units
            .encode_utf16()
            .flat_map(|unit| match order {
                ByteOrder::Little => unit.to_le_bytes(),
                ByteOrder::Big => unit.to_be_bytes(),
            })
            .collect()
    }

    #[test]
    fn utf16_is_told_with_and_without_a_mark() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for mark in ["\u{feff}", ""] {
                let bytes = utf16_of("4909\r\n5bfd", order, mark);
                assert_eq!(utf16(&bytes), Some(order), "{order:?} {mark:?}");
                assert_eq!(utf8(&bytes, order).as_slice(), b"4909\r\n5bfd");
            }
        }
        assert_eq!(utf16(include_bytes!("../../testdata/nginx48_tls12/ticket.bin")), None);
        assert_eq!(utf16(&[0xff, 0xfe, 0x12, 0xab, 0x99, 0x01]), None);
        assert_eq!(utf16(b""), None);
    }

    #[test]
    fn look_alikes_become_ascii() {
        let text = "a\u{a0}b\u{2013}c\u{201c}d\u{201d}\u{200b}e\u{2026}\x1b[31mf\x1b[0m\u{2502}\u{e9}";
        assert_eq!(plain(text.as_bytes()).as_slice(), b"a b-c\"d\"e...f|?");
        assert_eq!(plain(b"a\xa0b\xffc\0d").as_slice(), b"a b?c d");
        assert_eq!(plain(b"one\rtwo\r").as_slice(), b"one\ntwo\n");
        assert_eq!(plain(b"one\r\ntwo").as_slice(), b"one \ntwo");
    }

    #[test]
    fn mails_are_unquoted() {
        let mail = b"Content-Transfer-Encoding: quoted-printable\n\nSQ=3D=3D ab=\ncd =zz=";
        let expected = b"Content-Transfer-Encoding: quoted-printable\n\nSQ== abcd =zz=";
        assert_eq!(plain(mail).as_slice(), expected);
    }

    #[test]
    fn other_languages_are_text() {
        assert!(is_utf8("Привет, как дела".as_bytes()));
        assert!(is_utf8(&"日本語".as_bytes()[..8]));
        assert!(!is_utf8(include_bytes!("../../testdata/nginx48_tls12/ticket.bin")));
        assert!(!is_utf8(b""));
    }
}
