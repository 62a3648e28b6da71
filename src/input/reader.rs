//! What a reader of bytes in a text is: the contract of [`super::readers`].
//!
//! A reader knows one way in which programs print bytes, whatever they print and whoever they are. It gets a text in
//! which NUL stands in the place of what readers before it have read, and adds a [`Run`] for each place where its own
//! way of printing is found. What the bytes are is not its business: [`super::find`] decides that.

use std::ops::Range;

use memchr::memchr;
use zeroize::Zeroizing;

use super::Unreadable;

/// Fewer bytes are not a run: a server-side session ID, the shortest thing that stands in the place of a ticket.
pub(super) const SHORTEST_RUN: usize = 32;
/// More bytes than a dump of a handshake has: what is longer is cut off here.
pub(super) const LONGEST_RUN: usize = 1 << 20;
/// How much of a line in front of a row is compared with the rows around it.
const LONGEST_PREFIX: usize = 256;

/// Reads one way of printing bytes.
pub(super) trait Reader: Sync {
    /// Adds what it can read in `text`, in order, and takes time in proportion to its length.
    fn read(&self, text: &[u8], runs: &mut Vec<Run>);
}

/// Bytes that a text shows somewhere.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Where in the text: from the first digit to the last, with all that stands between.
    pub(super) span: Range<usize>,
    /// The line of the first byte, from 1; 0 until all readers are done.
    pub(super) line: u64,
    /// Whether the same stands in front of its first row and of others, as logs do with all lines.
    pub(super) is_prefixed: bool,
    /// What the names that lead there say, if that is known already; else what stands in front of it in the text does.
    pub(super) named: Option<Says>,
    /// What stands there.
    pub(super) content: Content,
}

/// What a run holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Bytes, and a second way to read them if the text does not tell which is meant.
    Bytes {
        /// As they most likely are.
        bytes: Zeroizing<Vec<u8>>,
        /// As they could be too.
        other: Option<Zeroizing<Vec<u8>>>,
    },
    /// Something that began like bytes and cannot be read whole.
    Damaged(Unreadable),
    /// The DER of a PEM block with a session.
    Session(Zeroizing<Vec<u8>>),
    /// A PEM block of something else.
    Foreign,
}

impl Run {
    /// A run of bytes that can be read in one way.
    pub(super) fn new(span: Range<usize>, bytes: Vec<u8>) -> Self {
        Self::of(span, Content::Bytes { bytes: Zeroizing::new(bytes), other: None })
    }

    /// A run that cannot be read.
    pub(super) fn damaged(span: Range<usize>, error: Unreadable) -> Self {
        Self::of(span, Content::Damaged(error))
    }

    /// A run with any content.
    pub(super) fn of(span: Range<usize>, content: Content) -> Self {
        Self { span, line: 0, is_prefixed: false, named: None, content }
    }
}

/// What a name says about what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// It is a ticket.
    Ticket,
    /// It is something else.
    Other,
    /// Nothing: it is a name for bytes of any kind.
    Nothing,
}

/// A line of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    /// Where it begins in the text.
    pub(super) start: usize,
    /// From 1.
    pub(super) number: usize,
    /// Without its end.
    pub(super) text: &'t [u8],
}

impl Line<'_> {
    /// Where in the text the line ends.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// All lines of a text.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    let mut number = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len()))?;
        number += 1;
        let found = Line { start, number, text: line };
        start += line.len() + 1;
        Some(found)
    })
}

/// Whether what stands in front of two rows is of one kind: the same but for the digits of line numbers and times, and
/// the blanks that align them.
pub(super) fn is_same_prefix(one: &[u8], other: &[u8]) -> bool {
    if one.len() > LONGEST_PREFIX || other.len() > LONGEST_PREFIX {
        return false;
    }
    one == other || shape(one.trim_ascii_start()).eq(shape(other.trim_ascii_start()))
}

/// A prefix with each number as one digit, and all blanks between two words as one.
fn shape(prefix: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut before = None;
    prefix.iter().filter_map(move |&byte| {
        let kind = if byte.is_ascii_digit() { b'0' } else { byte };
        let repeats = before.replace(kind) == Some(kind) && matches!(kind, b'0' | b' ');
        (!repeats).then_some(kind)
    })
}

/// Whether nothing but punctuation follows a row.
pub(super) fn is_line_end(rest: &[u8]) -> bool {
    rest.iter().all(|byte| {
        matches!(
            byte,
            b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b'+' | b')' | b']' | b'}' | b'>' | b'|'
        )
    })
}

/// The value of a hex digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_may_count() {
        assert!(is_same_prefix(b"2026-11-28 04:27:22 | ", b"2026-11-28 04:27:23 | "));
        assert!(is_same_prefix(b"9:", b"10:"));
        assert!(is_same_prefix(b"  [1] ", b" [21] "));
        assert!(!is_same_prefix(b"> ", b"# "));
    }

    #[test]
    fn lines_have_places() {
        let found: Vec<_> = lines(b"a\n\nbc").map(|line| (line.start, line.number, line.text)).collect();
        assert_eq!(found, [(0, 1, &b"a"[..]), (2, 2, b""), (3, 3, b"bc")]);
    }
}
