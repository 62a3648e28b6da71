//! The columns of a line, and which of them can be a ticket.

use super::decode::{decode_base64, decode_hex};
use super::separator::Separator;
use super::{Form, find, readers};

/// Digits that a packet number, a port or a time has, and no ticket.
const LONGEST_NUMBER: usize = 30;
/// Bytes of the shortest thing that stands in the place of a ticket: a server-side session ID.
const SHORTEST_TICKET: usize = 32;
/// Characters of a ticket in base64 behind a label, at the least: 65 bytes.
const SHORTEST_LABELLED: usize = 87;
/// Colons that are tried as the end of a label.
const MOST_COLONS: usize = 16;
/// The longest label.
const LONGEST_LABEL: usize = 256;
/// What tshark prints for a field that a packet does not have.
pub(super) const MISSING: &[u8] = b"<MISSING>";

/// The columns of a line, as they stand there: between tabs, or between commas. Several tickets that commas separate
/// are one column, as tshark prints several values of a field.
pub(super) fn columns(separator: Separator, line: &[u8]) -> Vec<&[u8]> {
    if let Separator::Only(sign) = separator {
        let line = line.trim_ascii_end();
        // tables have lines at both ends too
        let is_framed = sign == b'|' && line.len() > 1 && line.starts_with(b"|") && line.ends_with(b"|");
        return between(if is_framed { line.get(1..line.len() - 1).unwrap_or_default() } else { line }, sign);
    }
    let mut columns = Vec::new();
    for cell in line.split(|&byte| byte == b'\t') {
        let parts = between(cell, b',');
        let filled = || parts.iter().map(|part| unquote(part)).filter(|part| !is_empty(part));
        if parts.len() > 1 && filled().count() > 0 && filled().all(|part| can_be_ticket(Form::Lines, part)) {
            columns.push(cell);
        } else {
            columns.extend(parts);
        }
    }
    columns
}

/// The one column in which something stands, without its quotes.
pub(super) fn only_column<'l>(columns: &[&'l [u8]]) -> &'l [u8] {
    columns.iter().find(|column| !is_empty(column)).map_or(&[], |column| unquote(column))
}

/// The tickets of a column, without their quotes.
pub(super) fn parts(form: Form, column: &[u8]) -> Vec<&[u8]> {
    let whole = unquote(column);
    if !column.contains(&b',') || can_be_ticket(form, whole) {
        return vec![whole];
    }
    // several tickets may stand in one pair of quotes
    let is_quoted = whole.len() < column.trim_ascii().len() && !whole.contains(&b'"');
    between(if is_quoted { whole } else { column }, b',').into_iter().map(unquote).collect()
}

/// The parts of a cell between signs such as commas, none of which stands in quotes.
fn between(cell: &[u8], sign: u8) -> Vec<&[u8]> {
    let mut in_quotes = false;
    cell.split(|&byte| {
        in_quotes ^= byte == b'"';
        byte == sign && !in_quotes
    })
    .collect()
}

/// Columns of which there are `wanted`, if so many are left once the commas within texts, which a blank follows, do not
/// count: dates as tshark prints them.
pub(super) fn rejoined<'l>(line: &'l [u8], columns: Vec<&'l [u8]>, wanted: usize) -> Vec<&'l [u8]> {
    let mut joined: Vec<&[u8]> = Vec::with_capacity(columns.len());
    let place = |column: &[u8]| column.as_ptr().addr() - line.as_ptr().addr();
    for column in &columns {
        match joined.last_mut() {
            Some(last) if column.starts_with(b" ") => {
                *last = line.get(place(last)..place(column) + column.len()).unwrap_or_default();
            }
            _ => joined.push(column),
        }
    }
    if joined.len() == wanted { joined } else { columns }
}

/// Whether a line is a rule of a table and nothing else.
pub(super) fn is_rule(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.contains(&b'-') && line.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b' '))
}

pub(super) fn is_empty(column: &[u8]) -> bool {
    matches!(unquote(column), b"" | MISSING)
}

pub(super) fn is_number(column: &[u8]) -> bool {
    column.len() <= LONGEST_NUMBER && column.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Whether a column can be a ticket, or a damaged one: hex, or base64 that is not a word, of as many bytes as a ticket
/// has at the least.
pub(super) fn can_be_ticket(form: Form, column: &[u8]) -> bool {
    if column.len() < SHORTEST_TICKET {
        return false;
    }
    let mut bytes = Vec::new();
    let is_hex = form != Form::Base64 && decode_hex(column, 0, &mut bytes).is_ok() && bytes.len() >= SHORTEST_TICKET;
    let is_cut = form != Form::Base64 && column.len() > 2 * SHORTEST_TICKET && column.iter().all(u8::is_ascii_hexdigit);
    is_hex
        || is_cut
        || form != Form::Hex
            && readers::looks_random(column)
            && decode_base64(column, &mut bytes).is_ok()
            && bytes.len() >= SHORTEST_TICKET
}

/// Whether a column holds a ticket, or several.
pub(super) fn holds_ticket(form: Form, column: &[u8]) -> bool {
    parts(form, column).iter().any(|part| can_be_ticket(form, part))
}

/// A label and the ticket that it names, as in `lb1: 4909…`.
pub(super) fn labelled(form: Form, text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colons = memchr::memchr_iter(b':', text).take(MOST_COLONS);
    colons.take_while(|at| *at <= LONGEST_LABEL).find_map(|at| {
        let (label, ticket) = text.split_at_checked(at)?;
        let (label, ticket) = (unquote(label), unquote(ticket.get(1..)?));
        // a short one in base64 is a checksum
        let is_long = ticket.len() >= SHORTEST_LABELLED || decode_hex(ticket, 0, &mut Vec::new()).is_ok();
        // `49:09` is not a label
        let is_apart = text.get(at + 1).is_some_and(u8::is_ascii_whitespace) || !ticket.contains(&b':');
        let is_label = !label.is_empty() && is_apart && is_long && can_be_ticket(form, ticket) && !names_other(label);
        is_label.then_some((label, ticket))
    })
}

/// Whether a label says that it names something else, such as a session ID.
fn names_other(label: &[u8]) -> bool {
    find::label::names_other(&String::from_utf8_lossy(label))
}

/// Takes blanks and quotes off both ends.
pub(super) fn unquote(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\"").or(cell.strip_prefix(b"'")).unwrap_or(cell);
    let cell = cell.strip_suffix(b"\"").or(cell.strip_suffix(b"'")).unwrap_or(cell);
    cell.trim_ascii()
}
