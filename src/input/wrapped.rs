//! One ticket as hex or base64 that a tool has wrapped to lines, as `xxd -p` and `base64` do.

use super::{Form, Unreadable, line};
use crate::ticket::Ticket;

/// A server-side session ID has this many bytes: a line of it is whole.
const STATEFUL_ID_LENGTH: usize = 32;
/// Fewer bytes than any server's ticket has.
pub(super) const SHORTEST_TICKET: usize = 65;

/// Whether `line` decodes to what may be a ticket of its own.
pub(super) fn is_whole_ticket(line: &[u8]) -> bool {
    let mut bytes = Vec::new();
    let decodes = line::decode(Form::Lines, line.trim_ascii(), 0, &mut bytes).is_ok();
    decodes && (bytes.len() >= SHORTEST_TICKET || bytes.len() == STATEFUL_ID_LENGTH)
}

/// Whether the lines of `text` are the rows of one ticket: all as long as the first, but for a shorter last one; each
/// too short to be a ticket; a ticket together.
pub(super) fn is_wrapped(text: &[u8]) -> bool {
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
    let single = is_whole_ticket(first) && last_length == first.len();
    count > 1 && !single && decode(text).is_ok_and(|bytes| bytes.len() >= Ticket::MIN_LENGTH - 16)
}

/// The bytes of all rows.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let joined: Vec<u8> = rows(text).flatten().copied().collect();
    let mut bytes = Vec::new();
    line::decode(Form::Lines, &joined, 0, &mut bytes)?;
    Ok(bytes)
}

fn rows(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii).filter(|row| !row.is_empty())
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
            assert!(is_wrapped(text.as_bytes()), "{text}");
            assert_eq!(decode(text.as_bytes()).unwrap(), ticket);
        }
    }

    #[test]
    fn lists_are_not() {
        let ids = fold(&"ab".repeat(96), 64);
        let tickets = fold(&"ab".repeat(416), 416);
        for text in [ids.as_str(), &tickets, "abcd\n", "", "abcd\nef01\n", "abcd\nnot hex at all\n"] {
            assert!(!is_wrapped(text.as_bytes()), "{text}");
        }
    }
}
