//! Lists: a ticket a line, alone, in columns or behind a label, and what a line says beside its ticket.

use super::columns::List;
use super::row::{self, MISSING, unquote};
use super::separator::Separator;
use super::{Form, decode, is_bare_key, readers, wrapped};

/// Rows of one ticket or words of prose are looked at as far as this before a short first line makes a list.
const MOST_UNSURE: usize = 64;
/// Bytes in which the first two lines of a table are.
const FIRST_LINES: usize = 1 << 17;
/// The longest name of a column.
const LONGEST_NAME: usize = 128;
/// Signs that separate columns if tabs and commas do not: what spreadsheets and databases print.
const SIGNS: [u8; 2] = [b';', b'|'];
/// Digits of one byte, at most.
const LONGEST_BYTE: usize = 3;
/// Bytes of a line that can be nothing but a ticket, or a damaged one: fewer may be a word.
const SURE_LENGTH: usize = 16;

impl List {
    /// The list that begins with `head`: its first lines may name the columns.
    #[must_use]
    pub fn new(form: Form, head: &[u8]) -> Self {
        if !matches!(form, Form::Lines | Form::Hex | Form::Base64) {
            return form.into();
        }
        let separator = separator(form, head);
        Self { form, separator, heading: heading(form, separator, head) }
    }
}

/// What a line of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    /// An empty field of tshark, and nothing else.
    Missing,
    /// Hex or base64 and nothing else; `sure` unless it may be a word.
    Whole {
        sure: bool,
    },
    /// A label and a ticket, or several tickets.
    Labelled,
    Columns {
        count: usize,
        /// Whether they may be the names of columns, or a row of them.
        may_name: bool,
        has_ticket: bool,
        /// Whether a field is empty in which a ticket could stand.
        has_gap: bool,
        has_tabs: bool,
    },
    Other,
}

/// What separates columns, as the first lines tell: a sign that stands between names, or beside a ticket, if tabs and
/// commas do not.
fn separator(form: Form, head: &[u8]) -> Separator {
    let begin = head.get(..FIRST_LINES).unwrap_or(head);
    let lines = begin.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut lines = lines.filter(|line| !line.is_empty() && !row::is_rule(line));
    let (Some(first), second) = (lines.next(), lines.next().unwrap_or_default()) else { return Separator::Usual };
    let columns = |sign: u8, line| row::columns(Separator::Only(sign), line);
    let usual = |line| row::columns(Separator::Usual, line);
    let is_named = |sign: u8| {
        let names = columns(sign, first);
        names.len() > 1
            && names.len() == columns(sign, second).len()
            && names.iter().all(|name| is_title(unquote(name)))
    };
    // a date has a comma
    if is_named(b'\t') && usual(second).len() != usual(first).len() {
        return Separator::Only(b'\t');
    }
    let holds = |columns: Vec<&[u8]>| columns.len() > 1 && columns.iter().any(|column| row::holds_ticket(form, column));
    let is_usual = |line| row::holds_ticket(form, line) || holds(usual(line));
    if first.contains(&b'\t') || is_usual(first) || is_usual(second) {
        return Separator::Usual;
    }
    let is_separator = |sign: &u8| first.contains(sign) && (is_named(*sign) || holds(columns(*sign, first)));
    SIGNS.into_iter().find(is_separator).map_or(Separator::Usual, Separator::Only)
}

/// A name at the head of a column.
fn is_title(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b' ');
    (1..LONGEST_NAME).contains(&text.len()) && text.iter().all(is_part) && text.iter().any(u8::is_ascii_alphabetic)
}

fn kind(form: Form, separator: Separator, line: &[u8]) -> Kind {
    let text = line.trim_ascii();
    let is_rule = separator == Separator::Only(b'|') && row::is_rule(text);
    if text.is_empty() || is_rule {
        return Kind::Blank;
    }
    if text.split(|byte| *byte == b',').all(|part| unquote(part) == MISSING) {
        return Kind::Missing;
    }
    let columns = row::columns(separator, line);
    // tabs in front of all are indentation
    let has_tabs = match separator {
        Separator::Usual => line.trim_ascii_start().contains(&b'\t'),
        Separator::Only(sign) => line.contains(&sign),
    };
    let filled = columns.iter().filter(|column| !matches!(unquote(column), b"" | MISSING)).count();
    // one byte, in hex or decimal: of a list of them nothing is a ticket
    if columns.len() == 1 && text.len() <= LONGEST_BYTE && text.iter().all(u8::is_ascii_hexdigit) {
        return Kind::Other;
    }
    if columns.len() == 1 || filled == 1 && !has_tabs {
        let mut bytes = Vec::new();
        return match decode::decode(form, row::only_column(&columns), 0, &mut bytes) {
            Ok(()) => Kind::Whole { sure: is_sure(form, text, bytes.len()) },
            // a digit is missing
            Err(super::Unreadable::NotHex(super::NotHex::OddDigits { digits })) if digits >= 2 * SURE_LENGTH => {
                Kind::Whole { sure: true }
            }
            Err(_) if row::labelled(form, text).is_some() || row::holds_ticket(form, row::only_column(&columns)) => {
                Kind::Labelled
            }
            Err(_) => Kind::Other,
        };
    }
    let has_ticket = columns.iter().any(|column| row::holds_ticket(form, column));
    // the number of a line, as `nl` prints it, names nothing
    let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
    let is_numbered = blanks > 1
        && columns.first().is_some_and(|column| column.iter().all(|byte| byte.is_ascii_digit() || is_blank(*byte)));
    let may_name = filled > 1 && !is_numbered;
    let has_gap = line.trim_ascii_start().contains(&b'\t')
        && columns.last().is_some_and(|column| matches!(unquote(column), b"" | MISSING));
    Kind::Columns { count: columns.len(), may_name, has_ticket, has_gap, has_tabs }
}

/// Whether a byte is a blank, or one of those of a blank of a web page (U+00A0).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 0xc2 | 0xa0)
}

/// Whether a line that can be decoded can be nothing but a ticket: a word or a rule of dashes is base64 too.
fn is_sure(form: Form, text: &[u8], length: usize) -> bool {
    let is_hex = text.iter().all(|byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b':' | b' ' | b'-' | b'x' | b'X' | b'\\' | b'"' | b'\'' | b',')
    }) && text.iter().any(u8::is_ascii_hexdigit);
    is_hex || length >= SURE_LENGTH && (form == Form::Base64 || readers::looks_random(text))
}

/// Whether a text is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    List,
    Other,
    /// More of it must be seen.
    Unsure,
}

/// Decides by the first lines of `head`, the last of which may be cut unless the head is `complete`.
pub(super) fn decide(form: Form, head: &[u8], complete: bool) -> Decision {
    let whole = if complete { head } else { head.get(..memchr::memrchr(b'\n', head).unwrap_or(0)).unwrap_or_default() };
    if whole.is_empty() && !head.is_empty() {
        return begun(head);
    }
    let separator = separator(form, head);
    let mut heading = None;
    let mut words = 0;
    for line in whole.split(|byte| *byte == b'\n') {
        let is_first = heading.is_none() && words == 0;
        match kind(form, separator, line) {
            Kind::Blank => {}
            // Zeek says first how it writes
            _ if is_first && is_of_zeek(line) => {}
            Kind::Missing => return Decision::List,
            Kind::Whole { sure: false } if heading.is_none() && words < MOST_UNSURE => words += 1,
            Kind::Whole { .. } if heading.is_none_or(|count| count == 1) => return Decision::List,
            Kind::Columns { has_ticket: true, .. } | Kind::Labelled if is_first || words > 0 => return Decision::List,
            Kind::Columns { has_gap: true, .. } if is_first => return Decision::List,
            Kind::Columns { count, has_ticket, has_gap, .. } if heading == Some(count) && (has_ticket || has_gap) => {
                return Decision::List;
            }
            // texts in it have commas of their own
            Kind::Columns { count, has_ticket: true, .. } if heading.is_some_and(|names| names < count) => {
                return Decision::List;
            }
            // rows of packets without tickets
            Kind::Columns { count, has_tabs: true, .. } if heading == Some(count) => {}
            Kind::Columns { count, may_name: true, .. } if is_first => heading = Some(count),
            Kind::Other if is_first && is_name(line.trim_ascii()) && line.trim_ascii().len() > LONGEST_BYTE => {
                heading = Some(1);
            }
            _ => return Decision::Other,
        }
    }
    match (complete, heading) {
        (false, _) => Decision::Unsure,
        (true, None) => Decision::List,
        (true, Some(_)) => Decision::Other,
    }
}

/// A head without a single line end: a very long line of digits, or something else.
fn begun(head: &[u8]) -> Decision {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b':' | b'\r' | b',' | b'"');
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let text = head.trim_ascii();
    if text.iter().all(is_digit) || text.iter().all(is_base64) { Decision::Unsure } else { Decision::Other }
}

/// A line in front of the rows of a log of Zeek.
fn is_of_zeek(line: &[u8]) -> bool {
    [&b"#separator"[..], b"#set_separator", b"#empty_field", b"#unset_field", b"#path", b"#open", b"#fields", b"#types"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// A name that a column may have.
fn is_name(text: &[u8]) -> bool {
    text.len() < 128
        && text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The line of column names, if the first line is one.
fn heading(form: Form, separator: Separator, head: &[u8]) -> Option<(Vec<u8>, Vec<String>)> {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_rule = |line: &[u8]| separator == Separator::Only(b'|') && row::is_rule(line);
    let mut lines = lines.filter(|line| !line.is_empty() && !is_rule(line));
    let mut first = lines.next()?;
    let mut comments = Vec::new();
    while is_of_zeek(first) {
        comments.push(first);
        first = lines.next()?;
    }
    let count = row::columns(separator, first).len();
    // Zeek names its columns in a comment
    let comment = comments.iter().rev().find(|comment| {
        let names = comment.strip_prefix(b"#fields\t").unwrap_or(comment);
        count > 1 && row::columns(separator, names).len() == count
    });
    let may_name = |kind: Kind| match kind {
        Kind::Columns { has_ticket, has_gap, .. } => !has_ticket && !has_gap,
        Kind::Other => is_name(first),
        _ => false,
    };
    let heading = match comment {
        Some(comment) => comment.strip_prefix(b"#fields\t").unwrap_or(comment.trim_ascii_start()),
        None => lines
            .next()
            .filter(|next| may_name(kind(form, separator, first)) && is_row(form, separator, next, count))
            .map(|_| first)?,
    };
    let names = row::columns(separator, heading);
    let names = names.iter().map(|name| String::from_utf8_lossy(unquote(name)).into_owned()).collect();
    Some((comment.map_or(first, |comment| comment).to_vec(), names))
}

/// Whether a line may stand under a line of `count` column names.
fn is_row(form: Form, separator: Separator, line: &[u8], count: usize) -> bool {
    match kind(form, separator, line) {
        Kind::Columns { count: found, has_ticket, .. } => found == count || found > count && has_ticket && count > 1,
        Kind::Whole { .. } | Kind::Missing | Kind::Labelled => count == 1,
        _ => false,
    }
}

/// Whether the lines of `head` show already what follows, so that nobody has to wait for more of a slow input.
pub(super) fn begins(form: Form, head: &[u8]) -> bool {
    let Some(end) = memchr::memrchr(b'\n', head) else { return false };
    let lines = head.get(..end).unwrap_or_default();
    if decide(form, head, false) != Decision::List {
        return false;
    }
    let separator = separator(form, head);
    let first =
        lines.split(|byte| *byte == b'\n').map(|line| kind(form, separator, line)).find(|kind| *kind != Kind::Blank);
    // a file of keys is one only as a whole
    let begin = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    if begin.is_some_and(|begin| decode::decode(form, begin, 0, &mut bytes).is_ok()) && is_bare_key(&bytes) {
        return false;
    }
    // rows of one ticket look like a list at first
    !matches!(first, Some(Kind::Whole { .. })) || wrapped::is_list(form, lines)
}
