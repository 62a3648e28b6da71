//! The digits of one ticket, to bytes: hex in the forms people and programs write it, or base64.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, DecodeError};

use super::{Form, NotHex, Unreadable};

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
pub(super) fn decode_digits(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.is_empty() || text.len() % 2 != 0 {
        return false;
    }
    out.resize(text.len() / 2, 0);
    hex::decode_to_slice(text, out).is_ok()
}

/// Digits with colons, dashes or blanks between the bytes, and `0x` or `\x` before the whole or before each byte.
pub(super) fn decode_hex(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), NotHex> {
    out.clear();
    let mut high = None;
    let mut digits = 0;
    let mut is_marked = false;
    let mut bytes = text.iter().zip(start + 1..).peekable();
    while let Some((&byte, column)) = bytes.next() {
        let may_be_mark = high.is_none() && !is_marked && matches!(byte, b'0' | b'\\');
        is_marked = may_be_mark && bytes.next_if(|(next, _)| matches!(next, b'x' | b'X')).is_some();
        if is_marked {
            continue;
        }
        let is_between = matches!(byte, b':' | b' ' | b'\t') || (byte == b'-' && digits > 0);
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            if is_between && high.is_none() {
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
pub(super) fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let standard = BASE64.decode(text);
    let decoded = standard.or_else(|error| {
        [BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|encoding| encoding.decode(text).ok()).ok_or(error)
    })?;
    *out = decoded;
    Ok(())
}
