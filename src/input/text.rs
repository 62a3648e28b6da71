//! Text that has tickets somewhere in it: PEM sessions, and the dumps that `openssl s_client` and `sess_id -text`
//! print.

use std::collections::HashSet;

use memchr::memmem;

use super::dump::{Dump, HEADING, Row};
use super::{Item, Unreadable};
use crate::armor;
use crate::session::Session;

/// The PEM label of a session.
pub(super) const LABEL: &str = crate::session::PEM_LABEL;
/// How its block begins.
pub(super) const BEGIN: &[u8] = b"-----BEGIN SSL SESSION PARAMETERS";

/// Whether such text begins here.
pub(super) fn has_marker(head: &[u8]) -> bool {
    let first = head.split(|&octet| octet == b'\n').find(|line| !line.trim_ascii().is_empty());
    [&b"-----BEGIN "[..], HEADING, b"SSL-Session:"].iter().any(|marker| memmem::find(head, marker).is_some())
        || first.and_then(Row::parse).is_some_and(|row| row.offset == 0)
}

/// Hands every session and ticket to `sink`, in order. A ticket that stands there as PEM and as dump is one.
pub(super) fn each(text: &[u8], sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let mut found: Vec<(u64, Result<Found, Unreadable>)> = sessions(text);
    let mut seen: HashSet<Vec<u8>> = found.iter().filter_map(|(_, item)| item.as_ref().ok()?.ticket()).collect();
    for (line, dump) in dumps(text) {
        match dump {
            Ok(ticket) if !seen.insert(ticket.clone()) => {}
            Ok(ticket) => found.push((line, Ok(Found::Ticket(ticket)))),
            Err(error) => found.push((line, Err(error))),
        }
    }
    found.sort_by_key(|(line, _)| *line);
    for (line, item) in found {
        let item = match &item {
            Ok(Found::Session(der)) => Item::Session(der),
            Ok(Found::Ticket(ticket)) => Item::Ticket(ticket),
            Err(error) => Item::Unreadable(error.clone()),
        };
        sink(Some(line), item);
    }
}

enum Found {
    Session(Vec<u8>),
    Ticket(Vec<u8>),
}

impl Found {
    fn ticket(&self) -> Option<Vec<u8>> {
        match self {
            Self::Session(der) => Some(Session::parse(der).ok()?.ticket?.to_vec()),
            Self::Ticket(ticket) => Some(ticket.clone()),
        }
    }
}

fn sessions(text: &[u8]) -> Vec<(u64, Result<Found, Unreadable>)> {
    let blocks = armor::blocks(text).into_iter().filter(|block| block.label == LABEL);
    let read = |block: armor::Block<'_>| {
        let der = block.decode().map_err(Unreadable::Pem)?;
        Session::parse(&der).map_err(Unreadable::Session)?;
        Ok(Found::Session(der))
    };
    blocks.map(|block| (block.line as u64, read(block))).collect()
}

/// Every dump, with its first line. Where headings say which dumps are tickets, the others are something else.
fn dumps(text: &[u8]) -> Vec<(u64, Result<Vec<u8>, Unreadable>)> {
    let headed = memmem::find(text, HEADING).is_some();
    let mut found = Vec::new();
    let mut current: Option<Dump> = None;
    let mut expected = !headed;
    for (line, number) in text.split(|&octet| octet == b'\n').zip(1..) {
        let row = Row::parse(line).filter(|_| expected);
        if let Some(dump) = current.take_if(|_| row.as_ref().is_none_or(|row| row.offset == 0)) {
            found.push((dump.first_line, dump.finish()));
        }
        match row {
            Some(row) => current.get_or_insert_with(|| Dump::begin(number as u64)).push(&row, number),
            None if headed => expected = line.trim_ascii() == HEADING,
            None => {}
        }
    }
    found.extend(current.map(|dump| (dump.first_line, dump.finish())));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &[u8] = include_bytes!("../../testdata/nginx48_tls12/ticket.bin");
    const PEM: &str = include_str!("../../testdata/nginx48_tls12/session.pem");
    const TEXT: &str = include_str!("../../testdata/nginx48_tls12/expected.txt");

    fn kinds(text: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        each(text.as_bytes(), &mut |line, item| {
            let kind = match item {
                Item::Ticket(ticket) | Item::Recorded { ticket, .. } => {
                    assert_eq!(ticket, TICKET);
                    "ticket".to_owned()
                }
                Item::Session(_) => "session".to_owned(),
                Item::Unreadable(error) => error.to_string(),
            };
            kinds.push(format!("{} {kind}", line.unwrap()));
        });
        kinds
    }

    #[test]
    fn the_same_ticket_as_pem_and_as_dump_is_one() {
        assert_eq!(kinds(&format!("CONNECTED(00000003)\n{PEM}{TEXT}")), ["2 session"]);
        assert_eq!(kinds(&format!("{TEXT}---\n{PEM}")), [format!("{} session", TEXT.lines().count() + 2)]);
        assert_eq!(kinds(TEXT), ["12 ticket"]);
        assert_eq!(kinds(&format!("{TEXT}{TEXT}")), ["12 ticket"]);
    }

    #[test]
    fn a_bare_dump_is_a_ticket() {
        let rows: String =
            TEXT.lines().filter(|line| line.contains(" - ")).map(|line| line.to_owned() + "\r\n").collect();
        assert_eq!(kinds(&rows), ["1 ticket"]);
    }

    #[test]
    fn other_dumps_are_not() {
        let traffic = "write to 0x55 [0x66] (4 bytes => 4 (0x4))\n0000 - 16 03 01 00   ....\n";
        assert_eq!(kinds(&format!("{traffic}{TEXT}")), ["14 ticket"]);
    }

    #[test]
    fn damage_is_reported_where_it_is() {
        let cut: String =
            TEXT.lines().filter(|line| !line.contains("0020 -")).map(|line| line.to_owned() + "\n").collect();
        assert_eq!(kinds(&cut), ["12 the hex dump breaks off at line 14, where the row 0020 should be"]);
        let cut = &PEM[..PEM.len() / 2];
        assert_eq!(kinds(cut), ["1 the PEM block that begins at line 1 is damaged or cut short"]);
    }
}
