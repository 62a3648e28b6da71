//! One line of a list: hex in the forms people and programs write it, base64, alone, in columns or behind a label, or a
//! record of ours.

use super::columns::{Beside, Column, List};
use super::decode::{decode, decode_digits};
use super::row::{
    columns, holds_ticket, is_empty, is_number, is_rule, labelled, only_column, parts, rejoined, unquote,
};
use super::separator::Separator;
use super::{Form, Item, Unreadable, blob, record};

/// The longest line that is read: more than the largest ticket with blanks between its bytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// What stands in it was handed over, if anything does.
    Read,
    /// It has columns, and none of them can be a ticket.
    PassedOver,
}

impl Line {
    /// Whether nothing in it can be a ticket.
    #[must_use]
    pub fn is_passed_over(self) -> bool {
        self == Self::PassedOver
    }
}

/// Hands every item of a line to `sink`. `scratch` holds the decoded bytes; one serves all lines.
pub fn each(list: &List, line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) -> Line {
    if line.len() > MAX_LENGTH {
        sink(Item::Unreadable(Unreadable::LineTooLong { limit: MAX_LENGTH }));
        return Line::Read;
    }
    // the plain case first: a ticket and nothing else
    let bare = line.strip_suffix(b"\r").unwrap_or(line);
    if matches!(list.form, Form::Hex | Form::Lines) && decode_digits(bare, scratch) {
        blob::each(scratch, sink);
        return Line::Read;
    }
    each_dressed(list, line, scratch, sink)
}

/// Hands over the items of a line in which more stands than the digits of a ticket.
#[inline(never)]
fn each_dressed(list: &List, line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) -> Line {
    let form = list.form;
    if form == Form::Records {
        record::each(line, scratch, sink);
        return Line::Read;
    }
    let mut columns = columns(list.separator, line);
    if let Some(wanted) = list.names().filter(|wanted| columns.len() > *wanted) {
        columns = rejoined(line, columns, wanted);
    }
    let is_rule = list.separator == Separator::Only(b'|') && is_rule(line);
    let filled = columns.iter().filter(|column| !is_empty(column)).count();
    let only = only_column(&columns);
    match filled {
        _ if is_rule => {}
        // what stands around a table
        1.. if columns.len() == 1 && list.separator != Separator::Usual => return Line::PassedOver,
        0 => {}
        // a number beside fields that are empty is not a ticket
        1 if columns.len() > 1 && is_number(only) => {}
        1 if parts(form, only).len() > 1 => {
            for part in parts(form, only).into_iter().filter(|part| !is_empty(part)) {
                each_beside(form, part, line, scratch, &Beside::default(), sink);
            }
        }
        1 => {
            // columns count from the start of the line
            let start = only.as_ptr().addr() - line.as_ptr().addr();
            match (decode(form, only, start, scratch), labelled(form, only)) {
                (Ok(()), _) => blob::each(scratch, sink),
                (Err(_), Some((label, ticket))) => {
                    let beside = Beside { label: Some(text_of(label)), columns: Vec::new() };
                    each_beside(form, ticket, line, scratch, &beside, sink);
                }
                (Err(_), None) if list.is_heading(line) => {}
                (Err(error), None) => sink(Item::Unreadable(error)),
            }
        }
        _ => return each_column(list, line, &columns, scratch, sink),
    }
    Line::Read
}

/// Hands over the tickets of the last column that can be one, with the others beside them.
fn each_column(
    list: &List,
    line: &[u8],
    columns: &[&[u8]],
    scratch: &mut Vec<u8>,
    sink: &mut dyn FnMut(Item<'_>),
) -> Line {
    let form = list.form;
    let Some(at) = columns.iter().rposition(|column| holds_ticket(form, column)) else {
        let passed = !list.is_heading(line) && !columns.iter().any(|column| is_empty(column));
        return if passed { Line::PassedOver } else { Line::Read };
    };
    let others = columns.iter().enumerate().filter(|(number, _)| *number != at);
    let columns_beside: Vec<Column> = others
        .map(|(number, column)| Column {
            name: list.name(number, columns.len()).map(str::to_owned),
            text: text_of(unquote(column)),
        })
        .collect();
    let label = columns_beside.first().map(|column| column.text.clone()).filter(|label| !label.is_empty());
    let beside = Beside { label, columns: columns_beside };
    for part in parts(form, columns.get(at).copied().unwrap_or_default()) {
        if !is_empty(part) {
            each_beside(form, part, line, scratch, &beside, sink);
        }
    }
    Line::Read
}

/// Hands over the ticket in `part` of a line, with what stands beside it.
fn each_beside(
    form: Form,
    part: &[u8],
    line: &[u8],
    scratch: &mut Vec<u8>,
    beside: &Beside,
    sink: &mut dyn FnMut(Item<'_>),
) {
    let start = part.as_ptr().addr() - line.as_ptr().addr();
    match decode(form, part, start, scratch) {
        Ok(()) => blob::each(scratch, &mut |item| match item {
            Item::Ticket(ticket) if *beside != Beside::default() => sink(Item::Listed { ticket, beside }),
            item => sink(item),
        }),
        Err(error) => sink(Item::Unreadable(error)),
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line gives, with what stood beside it.
    fn read(list: &List, line: &str) -> (Vec<Result<String, String>>, Option<Beside>, Line) {
        let (mut found, mut beside) = (Vec::new(), None);
        let line = each(list, line.as_bytes(), &mut Vec::new(), &mut |item| {
            found.push(match item {
                Item::Ticket(bytes) | Item::Session(bytes) | Item::Recorded { ticket: bytes, .. } => {
                    Ok(hex::encode(bytes))
                }
                Item::Listed { ticket, beside: stood } => {
                    beside = Some(stood.clone());
                    Ok(hex::encode(ticket))
                }
                Item::Connection(_) => Err("a connection".to_owned()),
                Item::Unreadable(error) => Err(error.to_string()),
            });
        });
        (found, beside, line)
    }

    fn found(form: Form, line: &str) -> Vec<Result<String, String>> {
        read(&form.into(), line).0
    }

    /// Digits of 32 bytes.
    fn ticket() -> String {
        "00ff10c7".repeat(8)
    }

    #[test]
    fn hex_in_all_its_dresses() {
        for line in [
            "00ff10",
            "00FF10",
            "00:ff:10",
            "00 ff 10",
            "00-ff-10",
            "0x00ff10",
            "\\x00ff10",
            "0x00 0xff 0x10",
            "\\x00\\xff\\x10",
            "0x00:0xFF:0X10",
            "\"00ff10\"",
            "'00ff10'",
            "  00ff10 \r",
            "00ff10\t",
            "00ff10\t<MISSING>",
            "00ff10,",
            "\"00ff10\"\t\"\"",
        ] {
            assert_eq!(found(Form::Lines, line), [Ok("00ff10".to_owned())], "{line:?}");
        }
    }

    #[test]
    fn columns_stand_beside_a_ticket() {
        let ticket = ticket();
        let beside = |list: &List, line: &str| {
            let (found, beside, _) = read(list, line);
            assert_eq!(found, [Ok(ticket.clone())], "{line:?}");
            let Beside { label, columns } = beside.unwrap_or_default();
            let columns: Vec<String> = columns
                .iter()
                .map(|column| {
                    [column.name.as_deref(), Some(&column.text)].into_iter().flatten().collect::<Vec<_>>().join("=")
                })
                .collect();
            (label.unwrap_or_default(), columns.join(" "))
        };
        let plain = List::from(Form::Lines);
        let expect = |label: &str, columns: &str| (label.to_owned(), columns.to_owned());
        assert_eq!(beside(&plain, &format!("7\t{ticket}")), expect("7", "7"));
        assert_eq!(beside(&plain, &format!("9\t127.0.0.1\t208\t{ticket}\t637")), expect("9", "9 127.0.0.1 208 637"));
        assert_eq!(beside(&plain, &format!("a,\"b, c\",{ticket},\r")), expect("a", "a b, c "));
        assert_eq!(beside(&plain, &format!("lb1: {ticket}")), expect("lb1", ""));
        assert_eq!(beside(&plain, &format!("[::1]:443: 0x{ticket}")), expect("[::1]:443", ""));
        let named = List::new(Form::Lines, format!("stream,ticket,port\n0,{ticket},443\n").as_bytes());
        assert_eq!(beside(&named, &format!("0,{ticket},443")), expect("0", "stream=0 port=443"));
        assert_eq!(read(&named, "stream,ticket,port").2, Line::Read);
        let zeek = format!("#separator \\x09\n#fields\tts\tticket\n1.5\t{ticket}\n");
        assert_eq!(
            beside(&List::new(Form::Lines, zeek.as_bytes()), &format!("1.5\t{ticket}")),
            expect("1.5", "ts=1.5")
        );
    }

    #[test]
    fn commas_separate_tickets_or_columns() {
        let one = ticket();
        let two = "ab".repeat(40);
        assert_eq!(found(Form::Lines, &format!("{one},{two}")), [Ok(one.clone()), Ok(two.clone())]);
        assert_eq!(found(Form::Lines, &format!("5\t{one},{two}\t")), [Ok(one.clone()), Ok(two)]);
        // the last one that can be a ticket
        assert_eq!(found(Form::Lines, &format!("5,{one},x")), [Ok(one.clone())]);
        assert_eq!(found(Form::Lines, &format!("{},{one}", &one[..62])), [Ok(one)]);
        // a digit is missing: a damaged ticket is one
        assert_eq!(found(Form::Lines, &format!("5\t{}", &"ab".repeat(96)[1..])).len(), 1);
        for line in ["17\tabc\tdef", "00ff,10ab", "x\t00!!"] {
            assert_eq!(read(&Form::Lines.into(), line), (vec![], None, Line::PassedOver), "{line}");
        }
    }

    #[test]
    fn labels_of_something_else_name_no_ticket() {
        let line = format!("Session-ID: {}", ticket());
        assert!(labelled(Form::Lines, line.as_bytes()).is_none());
    }

    #[test]
    fn empty_fields_are_no_tickets() {
        for line in ["", "\r", "  ", "<MISSING>", "<MISSING>,<MISSING>", "\t\t", "\"\"", "12\t<MISSING>", "12\t1.50\t"]
        {
            assert_eq!(read(&Form::Lines.into(), line), (vec![], None, Line::Read), "{line:?}");
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
        assert_eq!(error(Form::Hex, "00fg"), "'g' at column 4 is not a hex digit");
        assert_eq!(error(Form::Lines, "\t00!!"), "neither hex nor base64: '!' at column 4 is not a hex digit");
        assert_eq!(error(Form::Lines, "00ffa"), "an odd number of hex digits, 5");
        assert_eq!(error(Form::Hex, "0x0x00"), "'x' at column 4 is not a hex digit");
        assert_eq!(error(Form::Base64, "AA*A"), "no base64 at column 3");
        assert!(error(Form::Lines, &"0".repeat(MAX_LENGTH + 1)).contains("longer than"));
    }
}
