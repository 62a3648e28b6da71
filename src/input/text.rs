//! Text that has tickets somewhere in it: PEM sessions, and the dumps that `openssl s_client` and `sess_id -text`
//! print.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use memchr::memmem;
use zeroize::Zeroizing;

use super::dump::{Dump, HEADING, Row};
use super::wrapped::SHORTEST_TICKET;
use super::{Form, Item, Unreadable, blob, line};
use crate::armor::{Block, Blocks};
use crate::session::Session;

/// The PEM label of a session.
pub(super) const LABEL: &str = crate::session::PEM_LABEL;
/// How its block begins.
pub(super) const BEGIN: &[u8] = b"-----BEGIN SSL SESSION PARAMETERS";

/// Fewer characters hold no ticket: base64 of 64 bytes.
const SHORTEST_LINE: usize = 86;
/// Dumps of fewer bytes are no tickets that anything else could repeat.
const SHORTEST_REMEMBERED: usize = 32;

/// Whether such text begins here.
pub(super) fn has_marker(head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    [&b"-----BEGIN "[..], HEADING, b"SSL-Session:"].iter().any(|marker| memmem::find(head, marker).is_some())
        || first.and_then(Row::parse).is_some_and(|row| row.offset == 0)
}

/// Hands every session and ticket to `sink`, in order. A ticket that stands there as PEM and as dump is one.
pub(super) fn each(text: &[u8], sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let mut seen = Seen::default();
    for block in sessions(text) {
        let Some(der) = block.decode().ok().map(Zeroizing::new) else { continue };
        if let Ok(Session { ticket: Some(ticket), .. }) = Session::parse(&der) {
            seen.insert(ticket);
        }
    }
    let mut walk = Walk {
        sink,
        seen,
        // where headings say which dumps are tickets, the others are something else
        headed: memmem::find(text, HEADING).is_some(),
        expected: false,
        dump: None,
        scratch: Vec::new(),
    };
    let mut blocks = Blocks::new(text).peekable();
    let mut block_end = 0;
    let mut offset = 0;
    for (line, number) in text.split_inclusive(|&byte| byte == b'\n').zip(1..) {
        offset += line.len();
        while let Some(block) = blocks.next_if(|block| block.start < offset) {
            walk.end_dump();
            block_end = block.range().end;
            walk.block(&block);
        }
        walk.line(line, number, offset - line.len() < block_end);
    }
    walk.end_dump();
}

fn sessions(text: &[u8]) -> impl Iterator<Item = Block<'_>> {
    Blocks::new(text).filter(|block| block.label == LABEL)
}

/// Tickets that were handed over, as hashes: a text may hold very many.
#[derive(Default)]
struct Seen {
    hashes: HashSet<[u64; 2]>,
    keys: [RandomState; 2],
}

impl Seen {
    /// Whether the ticket is new. What is too short for one is not remembered.
    fn insert(&mut self, ticket: &[u8]) -> bool {
        ticket.len() < SHORTEST_REMEMBERED || self.hashes.insert(self.keys.each_ref().map(|key| key.hash_one(ticket)))
    }
}

/// The way through a text, line by line.
struct Walk<'s> {
    sink: &'s mut dyn FnMut(Option<u64>, Item<'_>),
    seen: Seen,
    headed: bool,
    /// Whether a heading stood in the line before the dump.
    expected: bool,
    dump: Option<Dump>,
    scratch: Vec<u8>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block<'_>) {
        if block.label != LABEL {
            return;
        }
        let line = Some(block.line as u64);
        let der = match block.decode() {
            Ok(der) => Zeroizing::new(der),
            Err(error) => return (self.sink)(line, Item::Unreadable(Unreadable::Pem(error))),
        };
        match Session::parse(&der) {
            Ok(_) => (self.sink)(line, Item::Session(&der)),
            Err(error) => (self.sink)(line, Item::Unreadable(Unreadable::Session(error))),
        }
    }

    /// Takes a line, which stands in a block or outside of all.
    fn line(&mut self, line: &[u8], number: usize, in_block: bool) {
        let row = Row::parse(line);
        let is_row = row.is_some();
        let row = row.filter(|_| self.expected || !self.headed);
        if row.as_ref().is_none_or(|row| row.offset == 0) {
            self.end_dump();
        }
        if let Some(row) = row {
            return self.dump.get_or_insert_with(|| Dump::begin(number as u64)).push(&row, number);
        }
        self.expected = line.trim_ascii() == HEADING;
        if !in_block && !is_row {
            self.bare_ticket(line.trim_ascii(), number as u64);
        }
    }

    fn end_dump(&mut self) {
        let Some(dump) = self.dump.take() else { return };
        let line = dump.first_line;
        match dump.finish() {
            Ok(bytes) => self.ticket(&bytes, line),
            Err(error) => (self.sink)(Some(line), Item::Unreadable(error)),
        }
    }

    /// A line of hex or base64 and nothing else, of the length of a ticket.
    fn bare_ticket(&mut self, line: &[u8], number: u64) {
        if line.len() < SHORTEST_LINE || line.len() > line::MAX_LENGTH {
            return;
        }
        let mut bytes = std::mem::take(&mut self.scratch);
        if line::decode(Form::Lines, line, 0, &mut bytes).is_ok() && bytes.len() >= SHORTEST_TICKET {
            self.ticket(&bytes, number);
        }
        self.scratch = bytes;
    }

    fn ticket(&mut self, bytes: &[u8], line: u64) {
        let (seen, sink) = (&mut self.seen, &mut self.sink);
        blob::each(bytes, &mut |item| match item {
            Item::Ticket(ticket) if !seen.insert(ticket) => {}
            item => sink(Some(line), item),
        });
    }
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
    fn lines_between_blocks_are_tickets_too() {
        let hex = hex::encode(TICKET);
        let mut other = TICKET.to_vec();
        other[0] ^= 1;
        let other = data_encoding::BASE64.encode(&other);
        let found = |text: &str| {
            let mut lines = Vec::new();
            each(text.as_bytes(), &mut |line, item| {
                assert!(matches!(item, Item::Ticket(_) | Item::Session(_)), "{item:?}");
                lines.push(line.unwrap());
            });
            lines
        };
        assert_eq!(found(&format!("{other}\n{PEM}")), [1, 2]);
        assert_eq!(found(&format!("{hex}\n{PEM}")), [2], "the same ticket");
        let after = PEM.lines().count() as u64 + 1;
        assert_eq!(found(&format!("{PEM}{other}\n{hex}\n{other}\n")), [1, after]);
        assert_eq!(found(&format!("{TEXT}{other}\r\n{hex}")), [12, TEXT.lines().count() as u64 + 1]);
        // a digest, and the base64 of a block of something else
        let line = &other[..76];
        let block = format!("-----BEGIN X-----\n{other}\n-----END X-----\n-----BEGIN Y-----\n{line}\n{line}\n");
        assert_eq!(found(&format!("{PEM}{}\n{block}", &hex[..128])), [1]);
    }

    #[test]
    fn dumps_of_other_programs_are_tickets() {
        let rows = |style: fn(usize, &[u8]) -> String| -> String {
            TICKET.chunks(16).zip(0..).map(|(row, number)| style(number * 16, row)).collect()
        };
        let xxd = rows(|offset, row| {
            let groups: Vec<String> = row.chunks(2).map(hex::encode).collect();
            format!("{offset:08x}: {:39}  ................\n", groups.join(" "))
        });
        let hexdump = rows(|offset, row| {
            let half = |half: &[u8]| half.iter().map(|byte| hex::encode([*byte])).collect::<Vec<_>>().join(" ");
            let halves: Vec<String> = row.chunks(8).map(half).collect();
            format!("{offset:08x}  {:49} |................|\n", halves.join("  "))
        });
        for text in [xxd, hexdump + "000000d0\n"] {
            assert!(has_marker(text.as_bytes()));
            assert_eq!(kinds(&text), ["1 ticket"], "{text}");
        }
    }

    #[test]
    fn many_small_dumps_are_each_handed_over() {
        let mut count = 0;
        each("0000 - 41 42\n".repeat(1000).as_bytes(), &mut |_, _| count += 1);
        assert_eq!(count, 1000);
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
