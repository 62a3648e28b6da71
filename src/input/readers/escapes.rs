//! Strings in which bytes stand as escapes: `\x49` of C, Python, Wireshark and Zeek, `\111`, `%49` of URLs.

use memchr::memchr2;

use super::super::reader::{LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, digit, is_same_prefix, lines};

/// Escapes that a string must have to be taken for bytes.
const FEWEST_ESCAPES: usize = 6;

pub(super) struct Escapes;

impl Reader for Escapes {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut block: Option<Block<'_>> = None;
        for line in lines(text) {
            if memchr2(b'\\', b'%', line.text).is_none() {
                runs.extend(block.take().and_then(Block::finish));
                continue;
            }
            for piece in pieces(line.text) {
                let goes_on = block.as_ref().is_some_and(|block| block.goes_on_with(&piece, line, text));
                if !goes_on {
                    runs.extend(block.take().and_then(Block::finish));
                }
                block.get_or_insert_with(|| Block::begin(&piece, line)).push(&piece, line);
            }
        }
        runs.extend(block.and_then(Block::finish));
    }
}

/// Strings that are joined.
struct Block<'t> {
    start: usize,
    end: usize,
    quote: u8,
    /// The line of the last string, and what stands in front of the string there.
    last: Line<'t>,
    prefix: &'t [u8],
    bytes: Vec<u8>,
    escapes: usize,
}

impl<'t> Block<'t> {
    fn begin(piece: &Piece, line: Line<'t>) -> Self {
        let start = line.start + piece.start;
        Self { start, end: start, quote: piece.quote, last: line, prefix: &[], bytes: Vec::new(), escapes: 0 }
    }

    /// Whether a string is the next part: what joins two strings stands between, and the same in front of both.
    fn goes_on_with(&self, piece: &Piece, line: Line<'_>, text: &[u8]) -> bool {
        let joins = |byte: &u8| b" \t\n\\+.&\"'b(`".contains(byte);
        let between = text.get(self.end..line.start + piece.start).unwrap_or_default();
        let end = between.iter().position(|byte| *byte == b'\n').unwrap_or(between.len());
        let prefix = line.text.get(..piece.start).unwrap_or_default();
        // Python chooses the quotes of each string by what stands in it
        (self.quote == 0) == (piece.quote == 0)
            && line.number <= self.last.number + 1
            && between.iter().take(end).all(joins)
            && (between.iter().all(joins) || end < between.len() && is_same_prefix(self.prefix, prefix))
    }

    fn push(&mut self, piece: &Piece, line: Line<'t>) {
        if self.bytes.len() < LONGEST_RUN {
            self.bytes.extend_from_slice(&piece.bytes);
        }
        self.escapes += piece.escapes;
        self.end = line.start + piece.end;
        self.last = line;
        self.prefix = line.text.get(..piece.start).unwrap_or_default();
    }

    /// The run, unless hardly anything was escaped: of random bytes two in three are.
    fn finish(self) -> Option<Run> {
        let is_binary = self.escapes >= FEWEST_ESCAPES && self.escapes * 4 >= self.bytes.len();
        (self.bytes.len() >= SHORTEST_RUN && is_binary).then(|| Run::new(self.start..self.end, self.bytes))
    }
}

/// What escapes on a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `%` and two digits.
    Url,
    /// A backslash; three digits are octal.
    Octal,
    /// A backslash; three digits are decimal, as Lua and zone files have them.
    Decimal,
}

impl Style {
    fn of(line: &[u8]) -> Self {
        if memchr::memchr(b'\\', line).is_none() {
            return Self::Url;
        }
        let is_octal = |byte: &u8| (b'0'..=b'7').contains(byte);
        let (mut decimal, mut other) = (false, false);
        for escape in line.windows(4).filter(|window| window.first() == Some(&b'\\')) {
            match escape {
                [_, a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()) => {
                    decimal |= !is_octal(b) || !is_octal(c);
                    other |= decimal_byte(escape).is_none();
                }
                _ => {}
            }
        }
        if decimal && !other { Self::Decimal } else { Self::Octal }
    }

    fn escape(self, text: &[u8]) -> Option<(u8, usize, bool)> {
        match decimal_byte(text) {
            Some(byte) if self == Self::Decimal => Some((byte, 4, true)),
            _ => escape(text),
        }
    }
}

/// The byte of a backslash and three decimal digits.
fn decimal_byte(text: &[u8]) -> Option<u8> {
    let digits = text.get(1..4).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A string on one line.
#[derive(Debug)]
struct Piece {
    start: usize,
    end: usize,
    /// The quotes around it; 0 if there are none.
    quote: u8,
    bytes: Vec<u8>,
    escapes: usize,
}

/// The strings of a line with escapes in them.
fn pieces(line: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // what is escaped in one way is not escaped in another
    let style = Style::of(line);
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let before = at.checked_sub(1).and_then(|before| line.get(before)).copied();
        let piece = match byte {
            b'"' | b'\'' | b'`' => string(line, at + 1, byte, style),
            b' ' | b'\t' => None,
            _ if before.is_none_or(|before| is_border(before, byte)) => string(line, after_name(line, at), 0, style),
            _ => None,
        };
        match piece {
            Some(piece) => {
                at = piece.end.max(at) + 1;
                pieces.push(piece);
            }
            None => at += 1,
        }
    }
    pieces
}

/// Where a string without quotes begins, behind the name or number in front of it.
fn after_name(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    let name =
        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count();
    match rest.get(name) {
        Some(b':' | b'=') if name > 0 => start + name + 1,
        _ => start,
    }
}

/// Whether a string without quotes may begin with `byte`, after `before`.
fn is_border(before: u8, byte: u8) -> bool {
    matches!(before, b' ' | b'\t' | b'=' | b':' | b',' | b'(' | b'[' | b'{' | b'|' | b'>' | b'<')
        || matches!(byte, b'\\' | b'%')
}

/// Reads a string up to its `quote`, or to a blank if there is none; `None` if nothing in it is escaped.
fn string(line: &[u8], start: usize, quote: u8, style: Style) -> Option<Piece> {
    let mut piece = Piece { start, end: start, quote, bytes: Vec::new(), escapes: 0 };
    let mut at = start;
    // in a column between tabs a blank is a byte
    let is_column = line.get(..start).is_some_and(|before| before.ends_with(b"\t"))
        && memchr::memchr_iter(b'\t', line).nth(1).is_some();
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let (byte, length, is_escape) = match rest {
            // a string may go on in the next line
            [] | [b'\\'] => break,
            [byte, ..] if quote != 0 && *byte == quote => break,
            [b'\t', ..] if quote == 0 => break,
            [b' ' | b'"' | b'\'', ..] if quote == 0 && !is_column => break,
            [0, ..] => return None,
            [b'\\', ..] => style.escape(rest)?,
            [b'%', high, low, ..] if style == Style::Url && digit(*high).is_some() && digit(*low).is_some() => {
                (digit(*high)? << 4 | digit(*low)?, 3, true)
            }
            [byte, ..] => (*byte, 1, false),
        };
        piece.bytes.push(byte);
        piece.escapes += usize::from(is_escape);
        at += length;
        // of what is not an escaped string enough has been seen
        if piece.bytes.len() > 64 && piece.escapes * 8 < piece.bytes.len() {
            return None;
        }
    }
    piece.end = at;
    let is_escaped = piece.escapes * 8 >= piece.bytes.len() && piece.escapes > 0;
    is_escaped.then_some(piece)
}

/// What an escape stands for, and how long it is.
fn escape(text: &[u8]) -> Option<(u8, usize, bool)> {
    let octal = |byte: u8| (b'0'..=b'7').contains(&byte).then(|| u32::from(byte - b'0'));
    Some(match *text {
        [_, b'x', high, low, ..] => (digit(high)? << 4 | digit(low)?, 4, true),
        [_, b'u', b'0', b'0', high, low, ..] => (digit(high)? << 4 | digit(low)?, 6, true),
        [_, a, b, c, ..] if octal(a).is_some_and(|a| a < 4) && octal(b).is_some() && octal(c).is_some() => {
            (u8::try_from(octal(a)? << 6 | octal(b)? << 3 | octal(c)?).ok()?, 4, true)
        }
        // Perl and Ruby write as few digits as are enough
        [_, a, b, ..] if octal(a).is_some() && octal(b).is_some() => {
            (u8::try_from(octal(a)? << 3 | octal(b)?).ok()?, 3, true)
        }
        [_, a, ..] if octal(a).is_some() => (u8::try_from(octal(a)?).ok()?, 2, true),
        [_, b'n', ..] => (b'\n', 2, true),
        [_, b'r', ..] => (b'\r', 2, true),
        [_, b't', ..] => (b'\t', 2, true),
        [_, b'a', ..] => (7, 2, true),
        [_, b'b', ..] => (8, 2, true),
        [_, b'v', ..] => (11, 2, true),
        [_, b'f', ..] => (12, 2, true),
        [_, b'e', ..] => (27, 2, true),
        [_, quoted @ (b'\\' | b'"' | b'\'' | b'`' | b'/' | b'@' | b'$' | b'#' | b'%'), ..] => (quoted, 2, false),
        _ => return None,
    })
}
