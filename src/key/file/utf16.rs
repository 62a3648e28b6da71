//! Text in UTF-16, as PowerShell's `>` and Notepad write it.

use zeroize::Zeroizing;

/// The text of a file in UTF-16, with a byte order mark or without; `None` for what is anything else.
pub(in crate::key) fn decode(file: &[u8]) -> Option<Zeroizing<String>> {
    let (body, is_big) = match file {
        [0xff, 0xfe, body @ ..] => (body, false),
        [0xfe, 0xff, body @ ..] => (body, true),
        [0, first, ..] if *first != 0 => (file, true),
        [first, 0, ..] if *first != 0 => (file, false),
        _ => return None,
    };
    let mut units = body.chunks_exact(2);
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 2));
    let numbers = units.by_ref().filter_map(|unit| unit.first_chunk().copied());
    let numbers = numbers.map(|unit| if is_big { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) });
    for character in char::decode_utf16(numbers) {
        // bytes that are not text soon give an unpaired surrogate or a control character
        text.push(character.ok().filter(|character| !character.is_control() || character.is_ascii_whitespace())?);
    }
    let ascii = text.bytes().filter(u8::is_ascii).count();
    // random bytes are letters of every script; keys and configurations are nearly all ASCII
    (units.remainder().is_empty() && !text.is_empty() && ascii * 10 >= text.len() * 9).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_read_with_and_without_a_mark() {
        let text = "key: 00ff\r\n";
        for mark in ["", "\u{feff}"] {
            let units = || mark.encode_utf16().chain(text.encode_utf16());
            let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
            for file in [little, big] {
                assert_eq!(decode(&file).unwrap().as_str(), text);
            }
        }
    }

    #[test]
    fn raw_keys_are_no_text() {
        for length in [48, 80] {
            let key: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(91) ^ 0x5a).collect();
            assert!(decode(&key).is_none());
            assert!(decode(&[&[0xff, 0xfe][..], &key].concat()).is_none());
            assert!(decode(&[7].repeat(length.into())).is_none());
        }
        assert!(decode(&[0; 48]).is_none());
        assert!(decode(&[0xff, 0xfe]).is_none());
        assert!(decode(&[0xff, 0xfe, b'a', 0, b'b']).is_none());
    }
}
