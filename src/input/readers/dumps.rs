//! Rows that begin with an offset, of any width, in any base and behind any prefix: `xxd`, `hexdump`, `od`, OpenSSL,
//! tcpdump, tshark, curl, JSSE, debuggers.
//!
//! A row goes on if its offset follows from the one before. That alone tells the base, where the row ends if the
//! column of text does not, and which of several numbers in front of the groups is the offset.

use zeroize::Zeroizing;

use super::super::Unreadable;
use super::super::cells::{Cells, Cut, Order};
use super::super::reader::{Content, LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, is_same_prefix, lines};

/// Bases that offsets are printed in.
const BASES: [u32; 3] = [16, 8, 10];
/// Readings of a line that are tried.
const MOST_READINGS: usize = 3;
/// Signs around the text beside a row.
const LONGEST_CLOSING: usize = 4;
/// Bytes at the end of a row that may be words in its text, at most.
const LONGEST_WORDS: usize = 8;
/// Digits of a number that may be an offset if nothing but a blank follows it.
const FEWEST_DIGITS: usize = 3;
const MOST_DIGITS: usize = 16;
/// Digits of a byte that is printed as a number is, at the most.
const LONGEST_BYTE: usize = 3;

pub(super) struct Dumps;

impl Reader for Dumps {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut dump: Option<Dump<'_>> = None;
        let mut beside: Option<Line<'_>> = None;
        for line in lines(text) {
            let mut rows = Row::readings(line);
            if let Some(current) = &mut dump {
                if current.take(&mut rows, line) {
                    beside = None;
                    continue;
                }
                // if the dump goes on behind it, it says the same as the row above
                if beside.is_none() && current.may_be_beside(line) {
                    beside = Some(line);
                    continue;
                }
                runs.extend(dump.take().and_then(Dump::finish));
            }
            dump = beside.take().and_then(|line| Dump::begin(Row::readings(line)));
            if dump.as_mut().is_some_and(|dump| dump.take(&mut rows, line)) {
                continue;
            }
            runs.extend(dump.take().and_then(Dump::finish));
            dump = Dump::begin(rows);
        }
        runs.extend(dump.and_then(Dump::finish));
    }
}

/// Whether a line is the first row of a dump and nothing else: its offset is zero, or the address of a debugger.
pub(super) fn begins(line: &[u8]) -> bool {
    let rows = Row::readings(Line { start: 0, number: 1, text: line });
    let is_address = |row: &Row<'_>| row.has_colon && row.digits.len() > LONGEST_BYTE && row.has_zero_x();
    rows.first().is_some_and(|row| {
        row.may_begin() && (row.offset(16) == Some(0) || is_address(row)) && row.prefix().trim_ascii().is_empty()
    })
}

/// A way to read a line as a row.
struct Row<'t> {
    line: Line<'t>,
    /// The column of the offset.
    column: usize,
    /// The digits of the offset.
    digits: &'t [u8],
    /// Whether a colon or the like shows that the number is an offset.
    is_marked: bool,
    /// Whether a colon follows the offset, as xxd has it.
    has_colon: bool,
    cells: Cells,
}

impl<'t> Row<'t> {
    /// Every way to read a line, from the left.
    fn readings(line: Line<'t>) -> Vec<Self> {
        let mut rows = Vec::new();
        let text = line.text;
        let mut before = None;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let begins = byte.is_ascii_hexdigit() && !before.is_some_and(is_word);
            if begins && rows.len() < MOST_READINGS {
                rows.extend(Self::parse(line, at, before));
            }
            before = Some(byte);
            at += 1;
        }
        rows
    }

    fn parse(line: Line<'t>, column: usize, before: Option<u8>) -> Option<Self> {
        let text = line.text.get(column..)?;
        let (has_zero_x, number) = match text.strip_prefix(b"0x") {
            Some(number) => (true, number),
            None => (false, text),
        };
        let length = number.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(number.len());
        let (digits, rest) = number.split_at_checked(length)?;
        let is_plain = length >= FEWEST_DIGITS || has_zero_x;
        if !(1..=MOST_DIGITS).contains(&length) || rest.first().is_some_and(|byte| is_word(*byte)) {
            return None;
        }
        // a debugger puts the symbol behind the address
        let rest = symbol(rest).unwrap_or(rest);
        let colon = rest.strip_prefix(b":");
        let mark = colon.or(rest.strip_prefix(b" -")).or(rest.strip_prefix(b" |")).or(rest.strip_prefix(b"|"));
        let is_column = rest.starts_with(b"\t");
        if !is_plain && (colon.is_none() && !is_column || before.is_some_and(|byte| !byte.is_ascii_whitespace())) {
            return None;
        }
        let after = mark.unwrap_or(rest);
        let cells = after.trim_ascii_start();
        let is_apart = cells.len() < after.len();
        if cells.is_empty() {
            // the length that closes the dumps of hexdump and od
            let is_end = length > FEWEST_DIGITS && mark.is_none();
            return is_end.then(|| Self::with(line, column, digits, (false, false), Cells::default()));
        }
        let cells = is_apart.then(|| Cells::parse(line.text, line.text.len() - cells.len())).flatten()?;
        if !cells.are_words() && colon.is_none() {
            return None;
        }
        // what goes on with a comma is a list of numbers
        let end = cells.column_after(cells.bytes.len())?;
        let is_list = line.text.get(end) == Some(&b',') && cells.cut(line.text).order == Order::Unknown;
        (!is_list).then(|| Self::with(line, column, digits, (mark.is_some() || has_zero_x, colon.is_some()), cells))
    }

    fn with(line: Line<'t>, column: usize, digits: &'t [u8], marks: (bool, bool), cells: Cells) -> Self {
        Self { line, column, digits, is_marked: marks.0, has_colon: marks.1, cells }
    }

    fn offset(&self, base: u32) -> Option<u64> {
        u64::from_str_radix(std::str::from_utf8(self.digits).ok()?, base).ok()
    }

    fn has_zero_x(&self) -> bool {
        self.line.text.get(self.column..).is_some_and(|text| text.starts_with(b"0x"))
    }

    fn prefix(&self) -> &'t [u8] {
        self.line.text.get(..self.column).unwrap_or_default()
    }

    fn is_end(&self) -> bool {
        self.cells.count() == 0
    }

    /// Whether a dump may begin with this row.
    fn may_begin(&self) -> bool {
        !self.is_end() && (self.is_marked || self.digits.len() > 5 || self.offset(16) == Some(0))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What follows `<symbol+8>` behind an address.
fn symbol(text: &[u8]) -> Option<&[u8]> {
    let inside = text.trim_ascii_start().strip_prefix(b"<")?;
    let end = inside.iter().take(128).position(|byte| *byte == b'>')?;
    inside.get(end + 1..)
}

/// Rows of one dump.
struct Dump<'t> {
    start: usize,
    /// Bytes of all rows but the last.
    bytes: Vec<u8>,
    swapped: Vec<u8>,
    /// The last row, whose end is told by the next.
    last: Row<'t>,
    bases: Vec<u32>,
    /// Whether a row said that the next ones repeat it.
    repeats: bool,
    as_printed: usize,
    reversed: usize,
    /// Rows whose text shows both orders.
    either: usize,
    broken: Option<Unreadable>,
    rows: usize,
    /// Whether the same stands in front of several rows.
    is_prefixed: bool,
    /// Whether words of machines are printed, if no text tells: nothing marks the offset, or `0x` each of them.
    has_words: bool,
}

impl<'t> Dump<'t> {
    /// Begins with a row, best one whose offset is zero.
    fn begin(rows: Vec<Row<'t>>) -> Option<Self> {
        let mut first = None;
        for row in rows.into_iter().filter(Row::may_begin) {
            // `0x00` is a byte
            let is_zero = row.offset(16) == Some(0) && (row.has_colon || row.digits.len() >= FEWEST_DIGITS);
            if is_zero || first.is_none() {
                first = Some(row);
            }
            if is_zero {
                break;
            }
        }
        let last = first?;
        let bases = BASES.into_iter().filter(|base| last.offset(*base).is_some()).collect();
        let start = last.line.start + last.column;
        let (bytes, swapped) = (Vec::new(), Vec::new());
        let has_words = last.cells.width > 2 && (!last.has_colon || last.cells.has_prefix);
        Some(Self {
            start,
            bytes,
            swapped,
            last,
            bases,
            repeats: false,
            as_printed: 0,
            reversed: 0,
            either: 0,
            broken: None,
            rows: 1,
            is_prefixed: false,
            has_words,
        })
    }

    /// Takes the next line if it belongs to the dump, and says so.
    fn take(&mut self, rows: &mut Vec<Row<'t>>, line: Line<'t>) -> bool {
        if line.text.trim_ascii().ends_with(b"*") && !self.repeats && is_star(line, &self.last) {
            self.repeats = true;
            return true;
        }
        // the same stands in front of all rows
        let (alike, others): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|at| rows.get(*at).is_some_and(|row| self.is_like_last(row)));
        for at in alike.into_iter().chain(others) {
            let Some((base, length)) = rows.get(at).and_then(|row| self.length_before(row)) else { continue };
            let row = rows.swap_remove(at);
            let agrees = |other: &u32| *other == base || self.distance(&row, *other) == Some(length);
            self.bases = self.bases.iter().copied().filter(agrees).collect();
            self.commit(length);
            self.is_prefixed |= self.is_like_last(&row) && !row.prefix().trim_ascii().is_empty();
            self.last = row;
            self.rows += 1;
            return true;
        }
        self.is_gap(rows)
    }

    /// Whether a line may stand between two rows: the bytes of the last one once more, as characters, with blanks in
    /// the place of the offset (`od -t x1c`), the text beside it, which a mail has wrapped, or nothing.
    fn may_be_beside(&self, line: Line<'_>) -> bool {
        let offset = self.last.column + self.last.digits.len();
        let is_below = self.last.prefix().trim_ascii().is_empty()
            && line.text.len() > offset
            && line.text.iter().take(offset).all(|byte| *byte == b' ');
        let is_wrapped = line.text.trim_ascii().len() <= self.last.cells.bytes.len() + LONGEST_CLOSING;
        self.last.line.number + 1 == line.number && (is_below || is_wrapped)
    }

    fn is_like_last(&self, row: &Row<'_>) -> bool {
        is_same_prefix(row.prefix(), self.last.prefix())
    }

    /// How many bytes the last row has if `row` is the next, and in which base its offset says so.
    fn length_before(&self, row: &Row<'_>) -> Option<(u32, usize)> {
        let whole = self.cut().length;
        let fits = |length: usize| {
            let is_most = length * 2 >= whole && length + LONGEST_WORDS >= whole;
            self.last.cells.can_have(length) && is_most || self.repeats && self.fills(length)
        };
        let lengths = self.bases.iter().filter_map(|base| Some((*base, self.distance(row, *base)?)));
        let fitting: Vec<(u32, usize)> = lengths.filter(|(_, length)| fits(*length)).collect();
        // a row that is read to its end is the likeliest
        fitting.iter().find(|(_, length)| *length == whole).or(fitting.first()).copied()
    }

    /// How far the offset of `row` is behind that of the last one.
    fn distance(&self, row: &Row<'_>, base: u32) -> Option<usize> {
        let distance = row.offset(base)?.checked_sub(self.last.offset(base)?).filter(|distance| *distance > 0)?;
        usize::try_from(distance).ok().filter(|distance| *distance <= LONGEST_RUN)
    }

    /// Whether rows like the last one fill as many bytes.
    fn fills(&self, length: usize) -> bool {
        length % self.cut().length.max(1) == 0 && self.bytes.len() + length <= LONGEST_RUN
    }

    /// A row of the same dump whose offset does not follow: rows are missing before it.
    fn is_gap(&mut self, rows: &mut Vec<Row<'t>>) -> bool {
        let whole = self.cut().length;
        let goes_on = |row: &&Row<'t>| {
            !row.is_end()
                && row.cells.width == self.last.cells.width
                && self
                    .bases
                    .first()
                    .is_some_and(|base| self.distance(row, *base).is_some_and(|distance| distance > whole))
                && is_same_prefix(row.prefix(), self.last.prefix())
                && row.digits.len() == self.last.digits.len()
        };
        let Some(row) = rows.iter().position(|row| goes_on(&row)).map(|at| rows.swap_remove(at)) else { return false };
        self.commit(self.cut().length);
        let (line, offset) = (row.line.number, self.bytes.len());
        self.broken.get_or_insert(Unreadable::Dump { line, offset });
        self.last = row;
        true
    }

    /// How much of the last row is meant: if no row above has text beside it, this one has none either.
    fn cut(&self) -> Cut {
        let is_bare = self.rows > 1 && self.as_printed + self.reversed + self.either == 0;
        if is_bare { self.last.cells.uncut() } else { self.last.cells.cut(self.last.line.text) }
    }

    /// Adds the last row, of which `length` bytes are meant.
    fn commit(&mut self, length: usize) {
        let cut = self.cut();
        let Self { last, bytes, swapped, .. } = self;
        match cut.order {
            Order::AsPrinted => self.as_printed += 1,
            Order::Swapped => self.reversed += 1,
            Order::Either => self.either += 1,
            Order::Unknown => {}
        }
        let whole = if self.repeats { cut.length } else { length };
        let row = last.cells.bytes.get(..whole).unwrap_or(&last.cells.bytes);
        let reversed = if last.cells.width > 2 { last.cells.swapped(whole) } else { Vec::new() };
        let times = if self.repeats { length / row.len().max(1) } else { 1 };
        for _ in 0..times.min(LONGEST_RUN / row.len().max(1)) {
            bytes.extend_from_slice(row);
            swapped.extend_from_slice(&reversed);
        }
        self.repeats = false;
    }

    fn finish(mut self) -> Option<Run> {
        let end = self.last.line.end();
        if !self.last.is_end() {
            self.commit(self.cut().length);
        }
        let span = self.start..end;
        if let Some(broken) = self.broken {
            return Some(Run { is_prefixed: self.is_prefixed, ..Run::damaged(span, broken) });
        }
        // of one row the number of a line, as grep prints it, is not an offset, nor is the first of several words
        let is_zero =
            self.last.offset(16) == Some(0) && (self.last.has_colon || self.last.digits.len() >= FEWEST_DIGITS);
        let has_offset = self.last.is_marked && self.last.digits.len() > LONGEST_BYTE || is_zero;
        let is_number = self.rows == 1 && (!has_offset || !self.last.cells.are_words());
        if self.bytes.len() < SHORTEST_RUN || is_number {
            return None;
        }
        let reversed = match self.as_printed.cmp(&self.reversed) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            // 7 digits and no text: od and hexdump print the words of a machine whose bytes are swapped
            std::cmp::Ordering::Equal => self.has_words,
        };
        let has_other = !self.swapped.is_empty();
        let (bytes, other) = match (has_other, reversed) {
            (true, true) => (self.swapped, Some(self.bytes)),
            (true, false) => (self.bytes, Some(self.swapped)),
            (false, _) => (self.bytes, None),
        };
        let other = other.filter(|_| self.as_printed == self.reversed).map(Zeroizing::new);
        let content = Content::Bytes { bytes: Zeroizing::new(bytes), other };
        Some(Run { is_prefixed: self.is_prefixed, ..Run::of(span, content) })
    }
}

/// Whether a line is the `*` that stands for rows like the last.
fn is_star(line: Line<'_>, last: &Row<'_>) -> bool {
    let before = line.text.trim_ascii().strip_suffix(b"*").unwrap_or_default();
    is_same_prefix(before.trim_ascii_end(), last.prefix().trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Vec<u8>, String>> {
        let mut runs = Vec::new();
        Dumps.read(text.as_bytes(), &mut runs);
        runs.into_iter()
            .map(|run| match run.content {
                Content::Bytes { bytes, .. } => Ok(bytes.to_vec()),
                Content::Damaged(error) => Err(error.to_string()),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn bases_are_told_by_the_rows() {
        let bytes: Vec<u8> = (0x60..0x90).collect();
        let cells = |row: &[u8]| row.iter().map(|byte| format!(" {byte:02x}")).collect::<Vec<_>>().concat();
        let rows = |offset: fn(usize) -> String| -> String {
            let rows = bytes.chunks(16).zip(0..).map(|(row, at)| format!("{}{}\n", offset(at * 16), cells(row)));
            rows.collect::<Vec<_>>().concat()
        };
        for text in [rows(|at| format!("{at:07o}")), rows(|at| format!("{at:06x}")), rows(|at| format!("{at:04}"))] {
            assert_eq!(read(&text), [Ok(bytes.clone())], "{text}");
        }
    }
}
