//! One line of an input: hex in the forms people and programs write it, base64, or a record of ours.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, DecodeError};

use super::{Form, Item, NotHex, Unreadable, blob, record};

/// The longest line that is read: more than the largest ticket with blanks between its bytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// Digits that a packet number, a port or a time has, and no ticket.
const LONGEST_NUMBER: usize = 30;
/// What tshark prints for a field that a packet does not have.
pub(super) const MISSING: &[u8] = b"<MISSING>";

/// Hands every item of a line to `sink`. `scratch` holds the decoded bytes; one serves all lines.
pub fn each(form: Form, line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) {
    if line.len() > MAX_LENGTH {
        return sink(Item::Unreadable(Unreadable::LineTooLong { limit: MAX_LENGTH }));
    }
    // the plain case first: a ticket and nothing else
    let bare = line.strip_suffix(b"\r").unwrap_or(line);
    if matches!(form, Form::Hex | Form::Lines) && decode_digits(bare, scratch) {
        return blob::each(scratch, sink);
    }
    each_dressed(form, line, scratch, sink);
}

/// The same for lines in which more stands than the digits of a ticket.
#[inline(never)]
fn each_dressed(form: Form, line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) {
    if form == Form::Records {
        return record::each(line, scratch, sink);
    }
    let Some(cell) = last_cell(line) else { return };
    for part in cell.split(|&byte| byte == b',') {
        let part = unquote(part);
        if part.is_empty() || part == MISSING {
            continue;
        }
        // columns count from the start of the line
        let start = part.as_ptr().addr() - line.as_ptr().addr();
        match decode(form, part, start, scratch) {
            Ok(()) => blob::each(scratch, sink),
            Err(error) => sink(Item::Unreadable(error)),
        }
    }
}

/// Decodes one ticket; what can be hex is hex.
pub(super) fn decode(form: Form, text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), Unreadable> {
    let hex = match form {
        Form::Base64 => None,
        _ => match decode_hex(text, start, out) {
            Ok(()) => return Ok(()),
            Err(error) => Some(error),
        },
    };
    let base64 = match form {
        Form::Hex => None,
        _ => match decode_base64(text, out) {
            Ok(()) => return Ok(()),
            Err(error) => Some(error),
        },
    };
    Err(match (hex, base64) {
        // digits only, but one too few: nobody meant base64
        (Some(odd @ NotHex::OddDigits { .. }), _) => Unreadable::NotHex(odd),
        (Some(error), Some(_)) => Unreadable::NeitherHexNorBase64(error),
        (Some(error), None) => Unreadable::NotHex(error),
        (None, error) => Unreadable::NotBase64 { column: start + 1 + error.map_or(0, |error| error.position) },
    })
}

/// Only digits, and nothing else: at the speed of memory.
fn decode_digits(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.is_empty() || text.len() % 2 != 0 {
        return false;
    }
    out.resize(text.len() / 2, 0);
    hex::decode_to_slice(text, out).is_ok()
}

/// Digits with colons or blanks between the bytes, and `0x` before the whole or before each byte.
fn decode_hex(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), NotHex> {
    out.clear();
    let mut high = None;
    let mut digits = 0;
    let mut at_start = true;
    let mut bytes = text.iter().zip(start + 1..).peekable();
    while let Some((&byte, column)) = bytes.next() {
        if at_start && byte == b'0' && bytes.next_if(|(next, _)| matches!(next, b'x' | b'X')).is_some() {
            at_start = false;
            continue;
        }
        at_start = matches!(byte, b':' | b' ' | b'\t');
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            if at_start && high.is_none() {
                continue;
            }
            return Err(NotHex::Character { found: char::from(byte), column });
        };
        digits += 1;
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push(high << 4 | digit),
        }
    }
    if high.is_some() || digits == 0 { Err(NotHex::OddDigits { digits }) } else { Ok(()) }
}

/// Standard or URL alphabet, padded or not.
fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let standard = BASE64.decode(text);
    let decoded = standard.or_else(|error| {
        [BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|encoding| encoding.decode(text).ok()).ok_or(error)
    })?;
    *out = decoded;
    Ok(())
}

/// The last of the tab-separated columns that has something in it.
///
/// Where other columns stand before empty ones and hold no ticket (a packet number, say), the line has none.
fn last_cell(line: &[u8]) -> Option<&[u8]> {
    let mut cells = line.split(|&byte| byte == b'\t').rev();
    let mut blanks = 0;
    let cell = cells.find(|cell| {
        let empty = matches!(unquote(cell), b"" | MISSING);
        blanks += usize::from(empty);
        !empty
    })?;
    let number = unquote(cell).iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if blanks > 0 && number && cell.len() <= LONGEST_NUMBER { None } else { Some(cell) }
}

/// Takes blanks and quotes off both ends.
fn unquote(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\"").or(cell.strip_prefix(b"'")).unwrap_or(cell);
    let cell = cell.strip_suffix(b"\"").or(cell.strip_suffix(b"'")).unwrap_or(cell);
    cell.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(form: Form, line: &str) -> Vec<Result<String, String>> {
        let mut found = Vec::new();
        each(form, line.as_bytes(), &mut Vec::new(), &mut |item| {
            found.push(match item {
                Item::Ticket(bytes) | Item::Session(bytes) | Item::Recorded { ticket: bytes, .. } => {
                    Ok(hex::encode(bytes))
                }
                Item::Unreadable(error) => Err(error.to_string()),
            });
        });
        found
    }

    #[test]
    fn hex_in_all_its_dresses() {
        for line in [
            "00ff10",
            "00FF10",
            "00:ff:10",
            "00 ff 10",
            "0x00ff10",
            "0x00 0xff 0x10",
            "0x00:0xFF:0X10",
            "\"00ff10\"",
            "'00ff10'",
            "  00ff10 \r",
            "7\t00ff10",
            "00ff10\t",
            "00ff10\t<MISSING>",
            "00ff10,",
            "\"00ff10\"\t\"\"",
        ] {
            assert_eq!(found(Form::Lines, line), [Ok("00ff10".to_owned())], "{line:?}");
        }
        assert_eq!(found(Form::Hex, "00ff,10ab"), [Ok("00ff".to_owned()), Ok("10ab".to_owned())]);
    }

    #[test]
    fn empty_fields_are_no_tickets() {
        for line in ["", "\r", "  ", "<MISSING>", "<MISSING>,<MISSING>", "\t\t", "\"\"", "12\t<MISSING>", "12\t1.50\t"]
        {
            assert!(found(Form::Lines, line).is_empty(), "{line:?}");
        }
    }

    #[test]
    fn hex_goes_before_base64() {
        assert_eq!(found(Form::Lines, "AAAA"), [Ok("aaaa".to_owned())]);
        assert_eq!(found(Form::Base64, "AAAA"), [Ok("000000".to_owned())]);
        for line in ["+/+/", "-_-_", "\"-_-_\""] {
            assert_eq!(found(Form::Lines, line), [Ok("fbffbf".to_owned())], "{line}");
        }
    }

    #[test]
    fn errors_name_the_column() {
        let error = |form, line| found(form, line).remove(0).unwrap_err();
        assert_eq!(error(Form::Hex, "00fg"), "'g' at column 4 is no hex digit");
        assert_eq!(error(Form::Lines, "x\t00!!"), "neither hex nor base64: '!' at column 5 is no hex digit");
        assert_eq!(error(Form::Lines, "00ffa"), "an odd number of hex digits, 5");
        assert_eq!(error(Form::Hex, "0x0x00"), "'x' at column 4 is no hex digit");
        assert_eq!(error(Form::Base64, "AA*A"), "no base64 at column 3");
        assert!(error(Form::Lines, &"0".repeat(MAX_LENGTH + 1)).contains("longer than"));
    }
}
