//! Groups of hex digits without offsets, on one line or in rows of one length: what `-msg` of OpenSSL and `ssldump`
//! print, `49:09:5b`, `49-09-5B`, `<Buffer 49 09 5b>`.

use zeroize::Zeroizing;

use super::super::cells::{Cells, Order};
use super::super::reader::{Content, LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, is_line_end, is_same_prefix, lines};

/// Bytes that groups must have to be taken for bytes at all.
const FEWEST_BYTES: usize = 8;

pub(super) struct Rows;

impl Reader for Rows {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut block: Option<Block<'_>> = None;
        for line in lines(text) {
            let mut rows = Row::all(line, block.as_ref().map(|block| &block.last));
            if let (Some(open), Some(first)) = (&mut block, rows.first()) {
                if open.goes_on_with(first) {
                    open.push(rows.remove(0));
                    if rows.is_empty() {
                        continue;
                    }
                }
            }
            runs.extend(block.take().and_then(Block::finish));
            let last = rows.pop();
            runs.extend(rows.into_iter().filter_map(|row| Block::begin(row).finish()));
            block = last.map(Block::begin);
        }
        runs.extend(block.and_then(Block::finish));
    }
}

/// Groups on one line.
struct Row<'t> {
    line: Line<'t>,
    column: usize,
    /// Where the groups that are meant end.
    end: usize,
    bytes: Vec<u8>,
    swapped: Vec<u8>,
    order: Order,
    width: usize,
    separator: u8,
}

impl<'t> Row<'t> {
    /// All groups of a line that are long enough, or go on with `before`.
    fn all(line: Line<'t>, before: Option<&Row<'t>>) -> Vec<Self> {
        let mut rows = Vec::new();
        let mut at = 0;
        let mut previous = None;
        while let Some(&byte) = line.text.get(at) {
            let begins = byte.is_ascii_hexdigit()
                && !previous.is_some_and(|byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\'));
            let row = if begins { Self::parse(line, at, true) } else { None };
            // if the row above has no text beside it, this one has none either
            let bare =
                || Self::parse(line, at, false).filter(|row| before.is_some_and(|before| before.goes_on_with(row)));
            let row = match row {
                Some(row) if row.order != Order::Unknown => Some(bare().unwrap_or(row)),
                row => row,
            };
            let row = row
                .filter(|row| row.bytes.len() >= FEWEST_BYTES || before.is_some_and(|before| before.may_end_with(row)));
            match row {
                Some(row) => {
                    at = row.end.max(at + 1);
                    rows.push(row);
                }
                None => at += 1,
            }
            previous = line.text.get(at.wrapping_sub(1)).copied();
        }
        rows
    }

    /// Reads the groups from a column on, and the text beside them if there may be one.
    fn parse(line: Line<'t>, column: usize, may_have_text: bool) -> Option<Self> {
        let cells = Cells::parse(line.text, column)?;
        if cells.has_prefix || !cells.are_words() {
            return None;
        }
        let cut = if may_have_text { cells.cut(line.text) } else { cells.uncut() };
        let bytes = cells.bytes.get(..cut.length)?.to_vec();
        let swapped = if cells.width > 2 { cells.swapped(cut.length) } else { Vec::new() };
        let end = if cut.order == Order::Unknown { cells.column_after(cut.length)? } else { line.text.len() };
        let Cells { width, separator, .. } = cells;
        Some(Self { line, column, end, bytes, swapped, order: cut.order, width, separator })
    }

    fn prefix(&self) -> &'t [u8] {
        self.line.text.get(..self.column).unwrap_or_default()
    }

    fn rest(&self) -> &'t [u8] {
        self.line.text.get(self.end..).unwrap_or_default()
    }

    /// Whether nothing stands behind the groups but a column of text.
    fn is_last(&self) -> bool {
        let rest = self.rest();
        self.order != Order::Unknown || is_line_end(rest.strip_prefix(b":").or(rest.strip_prefix(b"-")).unwrap_or(rest))
    }

    /// Whether `next` is the row after this one, and neither has text beside it.
    fn goes_on_with(&self, next: &Self) -> bool {
        self.order == Order::Unknown && self.bytes.len() >= FEWEST_BYTES && self.may_end_with(next)
    }

    /// Whether `next` may be the row after this one.
    fn may_end_with(&self, next: &Self) -> bool {
        let is_single = next.bytes.len() * 2 == next.width;
        next.line.number == self.line.number + 1
            && next.width <= self.width
            && (next.separator == self.separator || is_single)
            && next.bytes.len() <= self.bytes.len()
            && next.is_last()
            && self.is_last()
    }
}

/// Rows of one length, the last of which may be shorter.
struct Block<'t> {
    start: usize,
    length: usize,
    bytes: Vec<u8>,
    swapped: Vec<u8>,
    reversed: bool,
    last: Row<'t>,
    rows: usize,
    /// Whether the same stands in front of several rows.
    is_prefixed: bool,
}

impl<'t> Block<'t> {
    fn begin(row: Row<'t>) -> Self {
        Self {
            start: row.line.start + row.column,
            length: row.bytes.len(),
            bytes: row.bytes.clone(),
            swapped: row.swapped.clone(),
            reversed: row.order == Order::Swapped,
            last: row,
            rows: 1,
            is_prefixed: false,
        }
    }

    fn goes_on_with(&self, row: &Row<'t>) -> bool {
        // what goes before the first row may be a name
        let prefix = is_same_prefix(row.prefix(), self.last.prefix())
            || (self.rows == 1 && row.prefix().iter().all(|byte| !byte.is_ascii_alphanumeric()));
        self.last.may_end_with(row)
            && prefix
            && self.last.bytes.len() == self.length
            && self.bytes.len() + row.bytes.len() <= LONGEST_RUN
    }

    fn push(&mut self, row: Row<'t>) {
        self.bytes.extend_from_slice(&row.bytes);
        self.swapped.extend_from_slice(&row.swapped);
        self.reversed |= row.order == Order::Swapped;
        self.rows += 1;
        let prefix = row.prefix();
        self.is_prefixed |= !prefix.trim_ascii().is_empty() && is_same_prefix(prefix, self.last.prefix());
        self.last = row;
    }

    fn finish(self) -> Option<Run> {
        if self.bytes.len() < SHORTEST_RUN {
            return None;
        }
        let span = self.start..self.last.line.start + self.last.end;
        let (bytes, other) = match (self.swapped.len() == self.bytes.len(), self.reversed) {
            (true, true) => (self.swapped, None),
            (true, false) => (self.bytes, Some(self.swapped)),
            (false, _) => (self.bytes, None),
        };
        let content = Content::Bytes { bytes: Zeroizing::new(bytes), other: other.map(Zeroizing::new) };
        Some(Run { is_prefixed: self.is_prefixed, ..Run::of(span, content) })
    }
}
