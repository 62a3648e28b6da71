//! Text that has tickets somewhere in it: transcripts, logs, dumps, JSON, whatever people have in their hands.

use memchr::memmem;
use zeroize::Zeroizing;

use super::find::{Reading, Score};
use super::prefix::Undressed;
use super::{Item, Proves, encoding, find, json, markup, prefix, readers};

/// What goes before the dump of a ticket in what OpenSSL prints.
const HEADING: &[u8] = b"TLS session ticket:";

/// Whether such text begins here, and no list.
pub(super) fn has_marker(head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    [&b"-----BEGIN "[..], HEADING, b"SSL-Session:"].iter().any(|marker| memmem::find(head, marker).is_some())
        || first.is_some_and(readers::begins_dump)
}

/// Hands every session and ticket to `sink`, in order, and returns how much else there is. A ticket that stands there in several ways is one.
pub(super) fn each(text: &[u8], proves: Option<&dyn Proves>, sink: &mut dyn FnMut(Option<u64>, Item<'_>)) -> u64 {
    let mut best: Option<(Score, Reading)> = None;
    let json = json(text);
    let ways = if json.is_some() { &JSON_WAYS[..] } else { &WAYS };
    let others = ways.iter().filter_map(|read| read(text));
    for reading in json.into_iter().chain(others) {
        let verdicts = find::judge_all(&reading, proves);
        let score = find::score(&verdicts, proves);
        if score.is_enough(proves.is_some()) {
            return find::hand_over_all(&reading, &verdicts, sink);
        }
        if best.as_ref().is_none_or(|(best, _)| score > *best) {
            best = Some((score, reading));
        }
    }
    best.map_or(0, |(_, reading)| find::hand_over_all(&reading, &find::judge_all(&reading, proves), sink))
}

/// The bytes of a ticket key that a program has printed, and little else: of one key, or of several of one size.
pub(super) fn key(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let reading = json(text).into_iter().chain(WAYS.iter().filter_map(|read| read(text)));
    reading.filter(|reading| !reading.runs.is_empty()).find_map(|reading| find::key(text, &reading))
}

/// A way to read a text; `None` if there is nothing in it that is read so.
type Way = fn(&[u8]) -> Option<Reading>;

/// Every way to read a text, the likeliest first: the first in which tickets are found is taken.
const WAYS: [Way; 4] = [undressed, |text| Some(plain(text)), marked_up, escaped];
/// The ways to read JSON, if its strings by themselves hold no ticket.
const JSON_WAYS: [Way; 1] = [joined_json];

fn json(text: &[u8]) -> Option<Reading> {
    let contents = json::read(text)?;
    Some(Reading { is_alone: !contents.has_names, runs: contents.runs, text: Zeroizing::default() })
}

/// JSON in whose strings stand the lines of one text.
fn joined_json(text: &[u8]) -> Option<Reading> {
    let joined = json::join(text)?;
    let mut reading = undressed(&joined).unwrap_or_else(|| plain(&joined));
    reading.forget_lines();
    Some(reading)
}

/// A text without what stands in front of its lines.
fn undressed(text: &[u8]) -> Option<Reading> {
    let Undressed { mut bare, mut named } = prefix::undress(&encoding::plain(text))?;
    let runs = readers::read(&mut bare);
    readers::blank(&mut named, &runs);
    Some(Reading { is_alone: find::is_nothing_else(&named, &runs), runs, text: named })
}

fn plain(text: &[u8]) -> Reading {
    let mut text = encoding::plain(text);
    let runs = readers::read(&mut text);
    Reading { is_alone: find::is_nothing_else(&text, &runs), runs, text }
}

/// What a browser shows of a text.
fn marked_up(text: &[u8]) -> Option<Reading> {
    let shown = markup::shown(text)?;
    let mut reading = undressed(&shown).unwrap_or_else(|| plain(&shown));
    reading.forget_lines();
    Some(reading)
}

/// A text in which line ends and quotes are escaped, as in a string of a program.
fn escaped(text: &[u8]) -> Option<Reading> {
    let meant = markup::unescaped(text)?;
    let mut reading = undressed(&meant).unwrap_or_else(|| plain(&meant));
    reading.forget_lines();
    Some(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &[u8] = include_bytes!("../../testdata/nginx48_tls12/ticket.bin");
    const PEM: &str = include_str!("../../testdata/nginx48_tls12/session.pem");
    const TEXT: &str = include_str!("../../testdata/nginx48_tls12/expected.txt");

    fn kinds(text: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        each(text.as_bytes(), None, &mut |line, item| {
            let kind = match item {
                Item::Ticket(ticket) | Item::Recorded { ticket, .. } | Item::Listed { ticket, .. } => {
                    assert_eq!(ticket, TICKET);
                    "ticket".to_owned()
                }
                Item::Session(_) => "session".to_owned(),
                Item::Connection(_) => "connection".to_owned(),
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
            each(text.as_bytes(), None, &mut |line, item| {
                assert!(matches!(item, Item::Ticket(_) | Item::Session(_)), "{item:?}");
                lines.push(line.unwrap());
            });
            lines
        };
        assert_eq!(found(&format!("{other}\n{PEM}")), [1, 2]);
        assert_eq!(found(&format!("{hex}\n{PEM}")), [2], "the same ticket");
        let after = PEM.lines().count() as u64 + 1;
        assert_eq!(found(&format!("{PEM}{other}\n{hex}\n{other}\n")), [1, after]);
        // beside other text only a label or a key would show that the line is a ticket
        assert_eq!(found(&format!("{TEXT}{other}\r\n{hex}")), [12]);
        assert_eq!(found(&format!("{TEXT}ticket: {other}\r\n{hex}")), [12, TEXT.lines().count() as u64 + 1]);
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
    fn dumps_and_nothing_else_are_each_a_ticket() {
        let dump = |first: u8| -> String {
            let rows = (0..6).map(|row| format!("{:04x} - {}\n", row * 16, format!("{first:02x} ").repeat(16)));
            rows.collect::<String>() + "\n"
        };
        let mut tickets = 0;
        each((dump(1) + &dump(2) + &dump(3)).as_bytes(), None, &mut |_, item| {
            tickets += usize::from(matches!(item, Item::Ticket(_)));
        });
        assert_eq!(tickets, 3);
        let mut count = 0;
        each("0000 - 41 42\n".repeat(1000).as_bytes(), None, &mut |_, _| count += 1);
        assert_eq!(count, 0, "of two bytes none is a ticket");
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
