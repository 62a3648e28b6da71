//! Foreign text made safe to show: it may come from anybody on the network.
//!
//! Control characters (C0, DEL, C1), line and paragraph separators, and characters that reorder or hide text are
//! written as `\u{NN}`, bytes that are not UTF-8 as `\xNN`.

use std::fmt::{self, Write as _};

/// Appears in the place of a secret that is held back.
pub const REDACTED: &str = "(redacted)";

/// Whether a character could move the cursor, colour the terminal, or make text read as something else.
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'                       // Arabic letter mark
            | '\u{200b}'..='\u{200f}'       // zero width and direction marks
            | '\u{2028}'..='\u{202e}'       // separators, embeddings, overrides
            | '\u{2060}'..='\u{2069}'       // invisible operators, isolates
            | '\u{feff}'                    // byte order mark
            | '\u{fff9}'..='\u{fffb}'       // interlinear annotation
            | '\u{e0000}'..='\u{e007f}'     // tags
        )
}

/// Bytes as text for a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // nearly all that comes is plain: looked at in one go, and written in one piece
        if self.0.iter().fold(true, |plain, byte| plain & matches!(byte, 0x20..=0x7e)) {
            return std::str::from_utf8(self.0).map_or(Ok(()), |text| f.write_str(text));
        }
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_unsafe(character) {
                    write!(f, "{}", character.escape_unicode())?;
                } else {
                    f.write_char(character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Text as the inside of a JSON string. Characters that could upset a terminal are escaped too, so that looking at
/// records is safe; a parser gets them back as they were.
#[cold]
pub(crate) fn json(text: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            // writing to a String does not fail
            let _ = match character {
                '"' => escaped.write_str("\\\""),
                '\\' => escaped.write_str("\\\\"),
                '\n' => escaped.write_str("\\n"),
                '\r' => escaped.write_str("\\r"),
                '\t' => escaped.write_str("\\t"),
                _ if is_unsafe(character) => {
                    let mut units = [0; 2];
                    character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(escaped, "\\u{unit:04x}"))
                }
                _ => escaped.write_char(character),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(escaped, "\\\\x{byte:02x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_could_do_something_there() {
        let hostile = "a\x1b[31m\r\n\u{9b}\u{202e}\u{2066}é漢\u{7f}".as_bytes();
        let bytes = [hostile, b"\xff\xc0"].concat();
        assert_eq!(Text(&bytes).to_string(), "a\\u{1b}[31m\\u{d}\\u{a}\\u{9b}\\u{202e}\\u{2066}é漢\\u{7f}\\xff\\xc0");
    }
}
