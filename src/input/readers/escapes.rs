//! Strings in which bytes stand as escapes: `\x49` of C, Python, Wireshark and Zeek, `\111`, `%49` of URLs.

use memchr::memchr2;

use super::super::reader::{LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, digit, is_same_prefix, lines};

/// Escapes that a string must have to be taken for bytes.
const FEWEST_ESCAPES: usize = 6;

pub(super) struct Escapes;

impl Reader for Escapes {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut block: Option<Block> = None;
        let mut last_line: Option<Line<'_>> = None;
        for line in lines(text) {
            if memchr2(b'\\', b'%', line.text).is_none() {
                runs.extend(block.take().and_then(Block::finish));
                continue;
            }
            for piece in pieces(line.text) {
                let goes_on = block.as_ref().is_some_and(|block| {
                    let between = text.get(block.end..line.start + piece.start).unwrap_or_default();
                    block.quote == piece.quote && is_joint(between, line, last_line, piece.start)
                });
                if !goes_on {
                    runs.extend(block.take().and_then(Block::finish));
                }
                block.get_or_insert_with(|| Block::begin(line.start + piece.start, piece.quote)).push(&piece, line.start);
            }
            last_line = Some(line);
        }
        runs.extend(block.and_then(Block::finish));
    }
}

/// Whether two strings are parts of one: a line end and what joins them stands between, and nothing else.
fn is_joint(between: &[u8], line: Line<'_>, last: Option<Line<'_>>, column: usize) -> bool {
    let joins = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\\' | b'+' | b'.' | b'&' | b'"' | b'\'' | b'b' | b'(' | b'`');
    if between.len() < 64 && between.iter().all(joins) {
        return true;
    }
    let prefix = line.text.get(..column).unwrap_or_default();
    let end = between.iter().position(|byte| *byte == b'\n').unwrap_or(between.len());
    last.is_some_and(|last| {
        last.number + 1 == line.number
            && between.get(..end).unwrap_or_default().iter().all(joins)
            && last.text.get(..column).is_some_and(|other| is_same_prefix(other, prefix))
    })
}

/// Strings that are joined.
struct Block {
    start: usize,
    end: usize,
    quote: u8,
    bytes: Vec<u8>,
    escapes: usize,
}

impl Block {
    fn begin(start: usize, quote: u8) -> Self {
        Self { start, end: start, quote, bytes: Vec::new(), escapes: 0 }
    }

    fn push(&mut self, piece: &Piece, line: usize) {
        if self.bytes.len() < LONGEST_RUN {
            self.bytes.extend_from_slice(&piece.bytes);
        }
        self.escapes += piece.escapes;
        self.end = line + piece.end;
    }

    /// The run, unless hardly anything was escaped: of random bytes two in three are.
    fn finish(self) -> Option<Run> {
        let is_binary = self.escapes >= FEWEST_ESCAPES && self.escapes * 4 >= self.bytes.len();
        (self.bytes.len() >= SHORTEST_RUN && is_binary).then(|| Run::new(self.start..self.end, self.bytes))
    }
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
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let before = at.checked_sub(1).and_then(|before| line.get(before)).copied();
        let piece = match byte {
            b'"' | b'\'' | b'`' => string(line, at + 1, byte),
            b' ' | b'\t' => None,
            _ if before.is_none_or(|before| is_border(before, byte)) => string(line, at, 0),
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

/// Whether a string without quotes may begin with `byte`, after `before`.
fn is_border(before: u8, byte: u8) -> bool {
    matches!(before, b' ' | b'\t' | b'=' | b':' | b',' | b'(' | b'[' | b'{' | b'|' | b'>' | b'<') || matches!(byte, b'\\' | b'%')
}

/// Reads a string up to its `quote`, or to a blank if there is none; `None` if nothing in it is escaped.
fn string(line: &[u8], start: usize, quote: u8) -> Option<Piece> {
    let mut piece = Piece { start, end: start, quote, bytes: Vec::new(), escapes: 0 };
    let mut at = start;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let (byte, length, is_escape) = match rest {
            [] if quote == 0 => break,
            // a string that goes on in the next line
            [] => break,
            [b'\\'] => break,
            [byte, ..] if quote != 0 && *byte == quote => break,
            [b' ' | b'\t' | b'"' | b'\'', ..] if quote == 0 => break,
            [0, ..] => return None,
            [b'\\', ..] => escape(rest)?,
            [b'%', high, low, ..] if digit(*high).is_some() && digit(*low).is_some() => {
                (digit(*high)? << 4 | digit(*low)?, 3, true)
            }
            [byte, ..] => (*byte, 1, false),
        };
        piece.bytes.push(byte);
        piece.escapes += usize::from(is_escape);
        at += length;
        // of what is no escaped string enough has been seen
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
        [_, b'0', ..] => (0, 2, true),
        [_, b'n', ..] => (b'\n', 2, true),
        [_, b'r', ..] => (b'\r', 2, true),
        [_, b't', ..] => (b'\t', 2, true),
        [_, b'a', ..] => (7, 2, true),
        [_, b'b', ..] => (8, 2, true),
        [_, b'v', ..] => (11, 2, true),
        [_, b'f', ..] => (12, 2, true),
        [_, b'e', ..] => (27, 2, true),
        [_, quoted @ (b'\\' | b'"' | b'\'' | b'`' | b'/'), ..] => (quoted, 2, false),
        _ => return None,
    })
}
