//! One ticket as hex or base64 that a tool has wrapped to lines, as `xxd -p` and `base64` do.

use super::{Encoding, Form, Item, Proves, Unreadable, decode, line, row};
use crate::ticket::{MAX_LENGTH, Ticket};

/// A server-side session ID has this many bytes: a line of it is whole.
const STATEFUL_ID_LENGTH: usize = 32;
/// Fewer bytes than any server's ticket has.
pub(super) const SHORTEST_TICKET: usize = 65;
/// Fewer bytes than a tool puts in a row.
const SHORTEST_ROW: usize = 16;
/// Rows of the length of a session ID that are waited for: a ticket without a certificate in it has fewer.
const MOST_ROWS: usize = 64;
/// The text of the longest ticket: two digits and a blank a byte, a line end in every row.
pub(super) const LONGEST_TEXT: usize = MAX_LENGTH * 3 + MAX_LENGTH / SHORTEST_ROW * 2;

/// Whether bytes of a line are of a length that a ticket of its own has.
fn is_whole_length(length: usize) -> bool {
    length >= SHORTEST_TICKET || length == STATEFUL_ID_LENGTH
}

/// Whether `line` decodes to what may be a ticket of its own.
fn is_whole_ticket(form: Form, line: &[u8]) -> bool {
    let mut bytes = Vec::new();
    decode::decode(form, line.trim_ascii(), 0, &mut bytes).is_ok() && is_whole_length(bytes.len())
}

/// Whether `lines`, which are complete, are those of a list and not the rows of one ticket: the first that says
/// something decides.
pub(super) fn is_list(form: Form, lines: &[u8]) -> bool {
    let (mut ids, mut ended) = (0, false);
    for line in lines.split(|&byte| byte == b'\n') {
        let mut lengths = Vec::new();
        let read = line::each(&form.into(), line, &mut Vec::new(), &mut |item| match item {
            Item::Ticket(bytes)
            | Item::Session(bytes)
            | Item::Recorded { ticket: bytes, .. }
            | Item::Listed { ticket: bytes, .. } => lengths.push(Some(bytes.len())),
            Item::Connection(_) | Item::Unreadable(_) => lengths.push(None),
        });
        if read.is_passed_over() {
            lengths.push(None);
        }
        let has_columns = line.contains(&b'\t') || memchr::memmem::find(line, row::MISSING).is_some();
        match lengths.as_slice() {
            // a heading, or the beginning of something else
            lengths if lengths.contains(&None) => {}
            [] if !has_columns => ended = ids > 0,
            // rows of a ticket can have the length of a session ID, but all of them and without a gap
            _ if ended => return true,
            [Some(STATEFUL_ID_LENGTH)] if !has_columns && ids < MOST_ROWS => ids += 1,
            [Some(length)] if !has_columns && ids > 0 && *length < STATEFUL_ID_LENGTH => ended = true,
            [Some(length)] if !has_columns => {
                let digits = line.trim_ascii().iter().all(u8::is_ascii_hexdigit);
                return is_whole_length(*length) || (*length < SHORTEST_ROW && digits);
            }
            _ => return true,
        }
    }
    false
}

/// Whether the lines of `text`, the last of which may be cut, look like the rows of one ticket: all as long as the
/// first, but for a shorter last one; each too short to be a ticket.
pub(super) fn looks_wrapped(form: Form, text: &[u8]) -> bool {
    let mut rows = rows(text);
    let Some(first) = rows.next() else { return false };
    let mut last_length = first.len();
    let mut count = 1;
    for row in rows {
        if last_length != first.len() || row.len() > first.len() {
            return false;
        }
        last_length = row.len();
        count += 1;
    }
    // rows that are whole session IDs are a list, unless the last one is cut
    count > 1 && !(is_whole_ticket(form, first) && last_length == first.len())
}

/// How one ticket stands in the rows of `text`, all of which is there; `None` if it is something else.
pub(super) fn encoding(form: Form, text: &[u8]) -> Option<Encoding> {
    if !looks_wrapped(form, text) {
        return None;
    }
    let encodings: &[Encoding] = match form {
        Form::Hex => &[Encoding::Hex],
        Form::Base64 => &[Encoding::Base64],
        _ => &[Encoding::Hex, Encoding::Base64],
    };
    let holds_ticket =
        |encoding: &Encoding| decode(*encoding, text).is_ok_and(|bytes| bytes.len() >= Ticket::MIN_LENGTH - 16);
    encodings.iter().copied().find(holds_ticket)
}

/// Whether each line of `text` is one byte in hex, and there are as many as a ticket has.
pub(super) fn is_column(text: &[u8]) -> bool {
    let is_byte = |row: &[u8]| row.len() == 2 && row.iter().all(u8::is_ascii_hexdigit);
    rows(text).all(is_byte)
        && rows(text).nth(STATEFUL_ID_LENGTH).is_some()
        && rows(text).flatten().any(u8::is_ascii_alphabetic)
}

/// The bytes of all rows.
pub(super) fn decode(encoding: Encoding, text: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let form = match encoding {
        Encoding::Hex => Form::Hex,
        Encoding::Base64 => Form::Base64,
    };
    let mut joined = Vec::with_capacity(text.len());
    joined.extend(rows(text).flatten());
    let mut bytes = Vec::new();
    decode::decode(form, &joined, 0, &mut bytes)?;
    Ok(bytes)
}

/// Puts the words of a machine right that swaps their bytes (`od -An -x`), if a key proves the ticket that this gives:
/// nothing else tells.
pub(super) fn put_right(encoding: Encoding, text: &[u8], bytes: &mut Vec<u8>, proves: Option<&dyn Proves>) {
    let Some(proves) = proves.filter(|proves| encoding == Encoding::Hex && !proves.proves(bytes)) else { return };
    let cells = || rows(text).flat_map(|row| row.split(|byte| *byte == b' ')).filter(|cell| !cell.is_empty());
    let digits = cells().next().map_or(0, <[u8]>::len);
    if !matches!(digits, 4 | 8 | 16) || cells().any(|cell| cell.len() > digits) {
        return;
    }
    let swapped: Vec<u8> = bytes.chunks(digits / 2).flat_map(|word| word.iter().rev()).copied().collect();
    if proves.proves(&swapped) {
        *bytes = swapped;
    }
}

fn rows(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|row| !row.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str, width: usize) -> String {
        text.as_bytes().chunks(width).map(|row| std::str::from_utf8(row).unwrap().to_owned() + "\n").collect()
    }

    #[test]
    fn rows_of_one_ticket_are_joined() {
        let ticket: Vec<u8> = (0..208).collect();
        for text in [fold(&hex::encode(&ticket), 60), fold(&data_encoding::BASE64.encode(&ticket), 76)] {
            let encoding = encoding(Form::Lines, text.as_bytes()).unwrap();
            assert_eq!(decode(encoding, text.as_bytes()).unwrap(), ticket);
        }
    }

    #[test]
    fn lists_are_not() {
        let ids = fold(&"ab".repeat(96), 64);
        let tickets = fold(&"ab".repeat(416), 416);
        for text in [ids.as_str(), &tickets, "abcd\n", "", "abcd\nef01\n", "abcd\nnot hex at all\n"] {
            assert_eq!(encoding(Form::Lines, text.as_bytes()), None, "{text}");
        }
    }
}
