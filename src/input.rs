//! Finding tickets in bytes of any form: raw, hex, base64, PEM, DER, transcripts, our own records.
//!
//! [`recognise`] looks at the start of an input. Inputs of lines ([`Form::is_lines`]) are read a line at a time with
//! [`line::each`], so that they may be endless; the others are small and read whole with [`each_in_whole`].
//!
//! In a text, readers find bytes however a program printed them (dumps, arrays, escapes, hex, base64, PEM), and what of
//! these is a ticket is decided by structure, by a label, or by a key that [proves](Proves) it.

pub mod line;

mod blob;
mod cells;
mod columns;
mod decode;
mod encoding;
mod find;
mod form;
mod guess;
mod item;
mod json;
mod key_file;
mod list;
mod marks;
mod markup;
mod message;
mod prefix;
mod reader;
mod readers;
mod record;
mod recorded;
mod row;
mod separator;
mod text;
mod token;
mod wrapped;

pub use self::columns::{Beside, Column, List};
pub use self::encoding::{is_text, without_mark};
pub use self::form::{Encoding, Form};
pub use self::guess::{Guess, WHAT_TO_GIVE, guess};
pub use self::item::{Item, NotHex, Proves, Unreadable};
pub use self::key_file::is_key_file;
pub use self::line::Line;
use self::list::Decision;
pub(crate) use self::marks::begins_session;
pub use self::marks::is_bare_key;
pub use self::message::unwrap_message;
pub use self::recorded::{Recorded, RecordedConnection};

/// How much of an input [`recognise`] wants to see.
pub const HEAD_LENGTH: usize = 1 << 16;

/// Tells the form of an input from its start; `complete` if `head` is all of it.
#[must_use]
pub fn recognise(head: &[u8], complete: bool) -> Form {
    if begins_capture(head) {
        return Form::Capture;
    }
    if encoding::utf16(head).is_some() {
        return Form::Utf16;
    }
    let text = without_mark(head);
    if !is_text(text) && !encoding::is_utf8(text) {
        return if begins_session(head) { Form::Der } else { Form::Binary };
    }
    if text::has_marker(text) {
        return Form::Text;
    }
    if record::begins(text) {
        return Form::Records;
    }
    if readers::is_octal(text.get(..memchr::memrchr(b'\n', text).unwrap_or(0)).unwrap_or_default()) {
        return Form::Text;
    }
    if complete && wrapped::is_column(text) {
        return Form::Wrapped(Encoding::Hex);
    }
    if list::decide(Form::Lines, text, complete) == Decision::Other {
        return Form::Text;
    }
    wrapped_to_lines(Form::Lines, text, complete)
}

/// Tells the form of an input for which one was named: hex and base64 may be wrapped to lines, and a PEM session is neither.
#[must_use]
pub fn recognise_as(named: Form, head: &[u8], complete: bool) -> Form {
    let text = without_mark(head);
    match named {
        Form::Hex | Form::Base64 if memchr::memmem::find(text, marks::BEGIN).is_some() => Form::Text,
        Form::Hex | Form::Base64 => wrapped_to_lines(named, text, complete),
        other => other,
    }
}

/// `form`, or that of a ticket wrapped to lines.
fn wrapped_to_lines(form: Form, text: &[u8], complete: bool) -> Form {
    let encoding = if complete { wrapped::encoding(form, text) } else { None };
    encoding.map_or(form, Form::Wrapped)
}

/// Whether the lines of `head` show already what follows, so that nobody has to wait for more of a slow input: a
/// ticket in one line, or a line that only a list of tickets has. `form` is a form of lines that was named, if any.
#[must_use]
pub fn begins_lines(form: Option<Form>, head: &[u8]) -> bool {
    let text = without_mark(head);
    let Some(end) = memchr::memrchr(b'\n', text) else { return false };
    let Some(lines) = text.get(..end) else { return false };
    if !is_text(text) || text::has_marker(text) {
        return false;
    }
    match form {
        Some(form) => wrapped::is_list(form, lines),
        None => record::begins(text) || list::begins(Form::Lines, text),
    }
}

/// How much to read before [`recognise`] decides on this `head` of [`HEAD_LENGTH`] bytes: more if it looks like the
/// rows of one large ticket.
#[must_use]
pub fn wanted_length(form: Option<Form>, head: &[u8]) -> usize {
    let rows = wrapped::looks_wrapped(form.unwrap_or(Form::Lines), without_mark(head));
    if rows { wrapped::LONGEST_TEXT } else { HEAD_LENGTH }
}

/// The ticket key in what a program has printed, such as a dump behind a prompt, a list of numbers or a quoted mail; `None`
/// if anything else of that size stands there too, or nothing does.
#[must_use]
pub fn printed_key(text: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = without_mark(text);
    if let Some(order) = encoding::utf16(text) {
        return text::key(&encoding::utf8(text, order));
    }
    if is_text(text) || encoding::is_utf8(text) { text::key(text) } else { None }
}

/// Hands every item of an input that is not a sequence of lines to `sink`, with its line if it has one. The keys at hand
/// prove what else nothing would show to be a ticket. Returns how much was passed over: bytes and lines of which nothing
/// says that they are tickets.
///
/// A capture has none: [`Capture`](crate::capture::Capture) reads it.
pub fn each_in_whole(
    form: Form,
    input: &[u8],
    proves: Option<&dyn Proves>,
    sink: &mut dyn FnMut(Option<u64>, Item<'_>),
) -> u64 {
    match form {
        Form::Text => return text::each(without_mark(input), proves, sink),
        Form::Utf16 => {
            let order = encoding::utf16(input).unwrap_or(encoding::ByteOrder::Little);
            let text = encoding::utf8(input, order);
            let form = Some(recognise(&text, true)).filter(|form| *form != Form::Utf16).unwrap_or(Form::Text);
            return each_in_whole(form, &text, proves, sink);
        }
        Form::Der => blob::each_session(input, sink),
        Form::Wrapped(encoding) => match wrapped::decode(encoding, without_mark(input)) {
            Ok(mut bytes) => {
                wrapped::put_right(encoding, without_mark(input), &mut bytes, proves);
                blob::each(&bytes, &mut |item| sink(None, item));
            }
            Err(error) => sink(None, Item::Unreadable(error)),
        },
        Form::Hex | Form::Base64 | Form::Lines | Form::Records => {
            let mut scratch = Vec::new();
            let text = without_mark(input);
            let list = List::new(form, text);
            let mut passed_over = 0;
            for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
                passed_over += u64::from(
                    line::each(&list, line, &mut scratch, &mut |item| sink(Some(number), item)).is_passed_over(),
                );
            }
            return passed_over;
        }
        Form::Raw | Form::Binary if input.is_empty() => {}
        Form::Raw => blob::each(input, &mut |item| sink(None, item)),
        Form::Binary => find::each_in_file(input, proves, sink),
        Form::Capture => {}
    }
    0
}

/// Whether `head` begins with a magic number of pcap (both byte orders, micro- and nanoseconds), or of pcapng.
#[must_use]
pub fn begins_capture(head: &[u8]) -> bool {
    const MAGICS: [&[u8]; 7] = [
        &[0xa1, 0xb2, 0xc3, 0xd4],
        &[0xd4, 0xc3, 0xb2, 0xa1],
        &[0xa1, 0xb2, 0x3c, 0x4d],
        &[0x4d, 0x3c, 0xb2, 0xa1],
        &[0x34, 0xcd, 0xb2, 0xa1],
        &[0xa1, 0xb2, 0xcd, 0x34],
        &[0x0a, 0x0d, 0x0d, 0x0a],
    ];
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &[u8] = include_bytes!("../testdata/nginx48_tls12/ticket.bin");
    const PEM: &[u8] = include_bytes!("../testdata/nginx48_tls12/session.pem");
    const TEXT: &[u8] = include_bytes!("../testdata/nginx48_tls12/expected.txt");
    const PLAIN: &[u8] = include_bytes!("../testdata/nginx48_tls12/plain.der");

    #[test]
    fn content_tells_the_form() {
        let hex = hex::encode(TICKET);
        let folded: String =
            hex.as_bytes().chunks(60).map(|row| std::str::from_utf8(row).unwrap().to_owned() + "\n").collect();
        for (input, form) in [
            (TICKET, Form::Binary),
            (PEM, Form::Text),
            (TEXT, Form::Text),
            (PLAIN, Form::Der),
            (hex.as_bytes(), Form::Lines),
            (folded.as_bytes(), Form::Wrapped(Encoding::Hex)),
            (&[b"\xef\xbb\xbf", folded.as_bytes()].concat(), Form::Wrapped(Encoding::Hex)),
            (b"{\"type\":\"ticket\"}", Form::Records),
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Form::Capture),
            (b"", Form::Lines),
        ] {
            assert_eq!(recognise(input, true), form, "{}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn a_first_line_with_a_ticket_is_enough() {
        let hex = hex::encode(TICKET);
        let (row, id) = (&hex[..60], &hex[..64]);
        for head in [
            format!("{hex}\n{}", &hex[..10]),
            format!("\n<MISSING>\n\n{hex}\n"),
            "<MISSING>\n".to_owned(),
            "17\t<MISSING>\n".to_owned(),
            format!("17\t1.5\t{hex}\n"),
            "frame.number\ttls.handshake.session_ticket\n17\t\n".to_owned(),
            format!("tls.handshake.session_ticket\n{hex}\n"),
            "abcd\n".to_owned(),
            format!("{id}\n{id}\n{hex}\n"),
            format!("{id}\n\n{id}\n"),
            format!("{id}\n{row}\n{id}\n"),
            format!("{id}\n").repeat(65),
            "\u{feff}{\"type\":\"ticket\"}\n".to_owned(),
        ] {
            assert!(begins_lines(None, head.as_bytes()), "{head}");
        }
        for head in [
            hex.clone(),
            format!("{row}\n"),
            format!("{row}\n{row}\n"),
            format!("{id}\n{id}\n"),
            format!("{id}\n{id}\n{row}\n\n"),
            "\n\n".to_owned(),
            "CONNECTED(00000003)\ndepth=1 C = US, O = Lab\n\t- a\n---\n".to_owned(),
            format!("{hex}\n-----BEGIN SSL"),
        ] {
            assert!(!begins_lines(None, head.as_bytes()), "{head}");
        }
        assert!(begins_lines(Some(Form::Base64), format!("{}\n", data_encoding::BASE64.encode(TICKET)).as_bytes()));
    }

    #[test]
    fn rows_of_a_large_ticket_are_waited_for() {
        let rows = format!("{}\n", "ab".repeat(30)).repeat(2000);
        assert!(wanted_length(None, rows.as_bytes()) > HEAD_LENGTH);
        let lines = format!("{}\n", "ab".repeat(200)).repeat(2000);
        assert_eq!(wanted_length(None, lines.as_bytes()), HEAD_LENGTH);
        assert_eq!(recognise_as(Form::Hex, rows.as_bytes(), true), Form::Wrapped(Encoding::Hex));
        assert_eq!(recognise_as(Form::Base64, rows.as_bytes(), true), Form::Wrapped(Encoding::Base64));
        assert_eq!(recognise_as(Form::Hex, b"zz\nzz\n", true), Form::Hex);
    }
}
