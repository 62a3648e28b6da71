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
mod encoding;
mod find;
mod guess;
mod json;
mod key_file;
mod list;
mod marks;
mod message;
mod reader;
mod readers;
mod record;
mod text;
mod wrapped;

use std::fmt;

use crate::armor::DamagedBlock;
use crate::capture::container::Time;
use crate::session::SessionError;
use crate::session::der::DerError;

pub use self::columns::{Beside, Column, List};
pub use self::guess::{Guess, WHAT_TO_GIVE, guess};
pub use self::key_file::is_key_file;
pub use self::line::Line;
use self::list::Decision;
pub(crate) use self::marks::begins_session;
pub use self::marks::is_bare_key;
pub use self::message::unwrap_message;
use crate::key::KeyName;
use crate::key::ring::KeyRing;

/// How much of an input [`recognise`] wants to see.
pub const HEAD_LENGTH: usize = 1 << 16;

/// The form of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One ticket as it is.
    Raw,
    /// Bytes that are no text: one ticket, or a file that has some in it.
    Binary,
    /// Text in UTF-16.
    Utf16,
    /// Lines of hex.
    Hex,
    /// Lines of base64.
    Base64,
    /// Lines, each of hex or base64.
    Lines,
    /// One ticket as text, wrapped to lines.
    Wrapped(Encoding),
    /// Text with PEM blocks and hex dumps, such as a transcript of `openssl s_client`.
    Text,
    /// Sessions as DER, one after the other.
    Der,
    /// Our own records, one a line.
    Records,
    /// A packet capture.
    Capture,
}

/// How bytes stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hex.
    Hex,
    /// Base64.
    Base64,
}

impl Form {
    /// Whether it is read a line at a time.
    #[must_use]
    pub fn is_lines(self) -> bool {
        matches!(self, Self::Hex | Self::Base64 | Self::Lines | Self::Records)
    }
}

/// Something found in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// Bytes of a ticket.
    Ticket(&'a [u8]),
    /// Bytes of a ticket, with what a record of ours says about where it was seen.
    Recorded {
        /// The ticket.
        ticket: &'a [u8],
        /// When.
        time: Option<Time>,
        /// The server, `ip:port`.
        server: Option<&'a str>,
        /// The host name that the client asked for.
        sni: Option<&'a str>,
    },
    /// Bytes of a ticket in a list, with what stood beside it.
    Listed {
        /// The ticket.
        ticket: &'a [u8],
        /// What stood beside it.
        beside: &'a Beside,
    },
    /// DER of a session, the client's or a server's.
    Session(&'a [u8]),
    /// Something stands where a ticket should, but cannot be read.
    Unreadable(Unreadable),
}

/// Keys at hand, which tell a ticket from other bytes.
pub trait Proves {
    /// Whether one of the keys has this name.
    fn knows(&self, name: &[u8; 16]) -> bool;

    /// Whether the MAC or tag of a ticket verifies under one of the keys.
    fn proves(&self, ticket: &[u8]) -> bool;
}

impl Proves for KeyRing {
    fn knows(&self, name: &[u8; 16]) -> bool {
        self.has_name(KeyName::new(*name))
    }

    fn proves(&self, ticket: &[u8]) -> bool {
        let name = ticket.first_chunk().copied().map(KeyName::new);
        name.is_some_and(|name| self.candidates(name).any(|key| key.verify(ticket).is_ok()))
    }
}

/// Why something in an input cannot be read as a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// A character that is no hex digit, or a digit without its partner.
    NotHex(NotHex),
    /// A character that is not base64, or a length that base64 does not have.
    NotBase64 {
        /// Column from 1.
        column: usize,
    },
    /// Neither of the two; this is where hex ends.
    NeitherHexNorBase64(NotHex),
    /// A line that is longer than any ticket.
    LineTooLong {
        /// The longest line that is read.
        limit: usize,
    },
    /// A PEM block that cannot be decoded.
    Pem(DamagedBlock),
    /// The text of a PEM session in the place of bytes.
    PemText,
    /// Bytes that whoever printed them has cut short.
    Abridged,
    /// A hex dump that breaks off: the row and what it should begin with.
    Dump {
        /// Line from 1.
        line: usize,
        /// Offset that the row should have.
        offset: usize,
    },
    /// A DER input that ends inside an element.
    Der(DerError),
    /// A PEM block or DER that is no session.
    Session(SessionError),
    /// As many bytes as a key has, and no ticket.
    Key {
        /// How many.
        length: usize,
    },
    /// A record of ours without ticket bytes, or a line that is no record.
    Record {
        /// What is missing.
        missing: &'static str,
    },
}

/// Where hex stops being hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHex {
    /// A character that is no hex digit.
    Character {
        /// The character, as far as it is one byte.
        found: char,
        /// Column from 1.
        column: usize,
    },
    /// A single digit where a byte takes two.
    OddDigits {
        /// How many digits there are.
        digits: usize,
    },
}

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { found, column } => write!(f, "{found:?} at column {column} is no hex digit"),
            Self::OddDigits { digits } => write!(f, "an odd number of hex digits, {digits}"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHex(error) => error.fmt(f),
            Self::NotBase64 { column } => write!(f, "no base64 at column {column}"),
            Self::NeitherHexNorBase64(error) => write!(f, "neither hex nor base64: {error}"),
            Self::LineTooLong { limit } => write!(f, "the line is longer than {limit} bytes"),
            Self::Pem(error) => error.fmt(f),
            Self::PemText => write!(f, "the bytes are the text of a PEM session, no ticket"),
            Self::Abridged => write!(f, "the program that printed the ticket left out its end"),
            Self::Dump { line, offset } => {
                write!(f, "the hex dump breaks off at line {line}, where the row {offset:04x} should be")
            }
            Self::Der(error) => write!(f, "no whole session: {error}"),
            Self::Session(error) => error.fmt(f),
            Self::Key { length } => {
                write!(f, "{length} bytes are a ticket key and no ticket: they leave no room for a session")
            }
            Self::Record { missing } => write!(f, "the line is no record of a ticket: {missing}"),
        }
    }
}

impl Unreadable {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotHex(NotHex::OddDigits { .. }) => "a digit is missing, perhaps cut off at an end",
            Self::NotHex(_) => "--from auto takes base64 too; -T fields of tshark prints tickets as hex",
            Self::NotBase64 { .. } => "--from auto takes hex too",
            Self::NeitherHexNorBase64(_) => "one ticket a line, as hex or base64; --from names another form",
            Self::LineTooLong { .. } => "one ticket a line; a ticket has 65535 bytes at the most",
            Self::Pem(_) => "the block must be whole, from its BEGIN line to its END line",
            Self::PemText => "--from auto and --from pem read it",
            Self::Abridged => "print all of it; tshark -T fields does, and so does a hex dump of the packet",
            Self::Dump { .. } => "old OpenSSL leaves trailing blanks and zeros of a dump out: use the PEM block",
            Self::Der(_) => "the file is cut short, or no SSL_SESSION follows",
            Self::Key { .. } => "--key FILE takes ticket keys",
            Self::Session(_) => "openssl s_client -sess_out FILE writes a session that can be read",
            Self::Record { .. } => "records of tickets are what -f json prints, one a line",
        }
    }
}

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
    if list::decide(Form::Lines, text, complete) == Decision::Other {
        return Form::Text;
    }
    wrapped_to_lines(Form::Lines, text, complete)
}

/// The same where the form was named: hex and base64 may be wrapped to lines, and a PEM session is neither.
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

/// How much to read before [`recognise`] decides on this `head` of [`HEAD_LENGTH`] bytes: more where it looks like the
/// rows of one large ticket.
#[must_use]
pub fn wanted_length(form: Option<Form>, head: &[u8]) -> usize {
    let rows = wrapped::looks_wrapped(form.unwrap_or(Form::Lines), without_mark(head));
    if rows { wrapped::LONGEST_TEXT } else { HEAD_LENGTH }
}

/// A text without the byte order mark that some editors put before it.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Hands every item of an input that is no sequence of lines to `sink`, with its line if it has one. The keys at hand
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
            Ok(bytes) => blob::each(&bytes, &mut |item| sink(None, item)),
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

/// Whether nearly all bytes are printable: of random bytes six in ten are not.
#[must_use]
pub fn is_text(head: &[u8]) -> bool {
    let odd = head.iter().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)).count();
    odd * 20 <= head.len()
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
