//! Rows that begin with an offset and print bytes or words in other bases than 16, or as characters: `od` and
//! `hexdump` with `-b`, `-c`, `-d`, `-o` or nothing, `od -t u1` and `-t d1`, `xxd -b`.
//!
//! The offsets say how many bytes a row has, and so how large its words are.

use super::super::reader::{LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, is_same_prefix, lines};

/// Digits of offsets that these programs print.
const OFFSETS: [usize; 4] = [6, 7, 8, 10];
/// More cells than a row has.
const MOST_CELLS: usize = 64;
/// Bases of numbers, most special first.
const BASES: [u32; 3] = [2, 8, 10];

pub(super) struct Columns;

impl Reader for Columns {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for line in lines(text) {
            let row = Row::parse(line);
            let goes_on = row.as_ref().is_some_and(|row| rows.last().is_none_or(|last| last.goes_on_with(row)));
            if !goes_on {
                runs.extend(finish(&rows));
                rows.clear();
            }
            rows.extend(row);
        }
        runs.extend(finish(&rows));
    }
}

/// A row, its cells unread.
struct Row<'t> {
    line: Line<'t>,
    column: usize,
    digits: &'t [u8],
    cells: &'t [u8],
}

impl<'t> Row<'t> {
    fn parse(line: Line<'t>) -> Option<Self> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut column = 0;
        loop {
            let rest = line.text.get(column..)?;
            column += rest.iter().position(u8::is_ascii_hexdigit)?;
            let rest = line.text.get(column..)?;
            let length = rest.iter().take(16).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let (digits, cells) = rest.split_at_checked(length)?;
            let is_apart = column == 0 || !line.text.get(column - 1).copied().is_some_and(is_word);
            let cells = cells.strip_prefix(b":").unwrap_or(cells);
            if is_apart && OFFSETS.contains(&length) && matches!(cells.first(), None | Some(b' ')) {
                return Some(Self { line, column, digits, cells });
            }
            column += length.max(1);
        }
    }

    fn offset(&self, base: u32) -> Option<usize> {
        usize::from_str_radix(std::str::from_utf8(self.digits).ok()?, base).ok()
    }

    fn goes_on_with(&self, next: &Self) -> bool {
        let prefix = |row: &Self| row.line.text.get(..row.column).unwrap_or_default();
        next.line.number == self.line.number + 1
            && next.digits.len() == self.digits.len()
            && is_same_prefix(prefix(self), prefix(next))
            && !self.cells.trim_ascii().is_empty()
    }

    /// The first cells, if they are numbers.
    fn words(&self, base: u32, most: usize) -> Option<Vec<i64>> {
        let cells = self.cells.split(|byte| *byte == b' ').filter(|cell| !cell.is_empty());
        let is_whole = |cell: &&[u8]| base != 2 || cell.len() == 8;
        // text stands beside the bits of xxd
        let cells = cells.take(most).take_while(is_whole);
        cells.map(|cell| i64::from_str_radix(std::str::from_utf8(cell).ok()?, base).ok()).collect()
    }
}

/// The bytes of rows, if they can be read in one way.
fn finish(rows: &[Row<'_>]) -> Option<Run> {
    let (first, last) = (rows.first()?, rows.last()?);
    if rows.len() < 2 {
        return None;
    }
    let bytes = BASES.iter().find_map(|base| numbers(rows, *base)).or_else(|| characters(rows))?;
    let span = first.line.start + first.column..last.line.end();
    (bytes.len() >= SHORTEST_RUN).then(|| Run::new(span, bytes))
}

/// How many bytes each row has; the last one may have no cells and only say where the end is.
fn lengths(rows: &[Row<'_>]) -> Option<Vec<usize>> {
    let in_base = |base: u32| {
        let offsets: Option<Vec<usize>> = rows.iter().map(|row| row.offset(base)).collect();
        let offsets = offsets?;
        let lengths: Option<Vec<usize>> = offsets
            .iter()
            .zip(offsets.iter().skip(1))
            .map(|(one, next)| next.checked_sub(*one).filter(|length| (1..=MOST_CELLS).contains(length)))
            .collect();
        // all rows but the last are equally long
        let lengths = lengths?;
        let whole = *lengths.first()?;
        let inner = lengths.get(..lengths.len() - 1).unwrap_or_default();
        (inner.iter().all(|length| *length == whole) && lengths.last()? <= &whole).then_some(lengths)
    };
    [8, 16, 10].into_iter().find_map(in_base)
}

/// Rows of numbers.
fn numbers(rows: &[Row<'_>], base: u32) -> Option<Vec<u8>> {
    let lengths = lengths(rows)?;
    let whole = *lengths.first()?;
    let most = if base == 2 { whole } else { MOST_CELLS };
    let count = rows.first()?.words(base, most)?.len().max(1);
    let size = whole / count;
    if !matches!(size, 1 | 2 | 4 | 8) || size * count != whole || base == 2 && size != 1 {
        return None;
    }
    let mut bytes = Vec::new();
    for (row, number) in rows.iter().zip(0..) {
        let mut words = row.words(base, most)?;
        let is_short = words.len() * size < whole;
        if is_short && number + 2 < rows.len() {
            return None;
        }
        words.truncate(count);
        for word in words {
            let limit = 1_i64.checked_shl(u32::try_from(size).ok()? * 8).filter(|_| size < 8).unwrap_or(i64::MAX);
            if word >= limit || word < -(limit / 2) - 1 {
                return None;
            }
            // these programs print the words of a machine whose bytes are swapped
            bytes.extend(word.to_le_bytes().iter().take(size));
        }
        // the last word may be half
        bytes.truncate(lengths.get(..=number).map_or(usize::MAX, |lengths| lengths.iter().sum()));
        if bytes.len() > LONGEST_RUN {
            return None;
        }
    }
    Some(bytes)
}

/// Rows of `-c`: characters as they are, escapes of C, or three octal digits, each in a cell of four columns.
fn characters(rows: &[Row<'_>]) -> Option<Vec<u8>> {
    let lengths = lengths(rows)?;
    let mut bytes = Vec::new();
    for (row, number) in rows.iter().zip(0..) {
        let cells: Vec<&[u8]> = row.cells.chunks(4).collect();
        let count = lengths.get(number).copied().unwrap_or(row.cells.trim_ascii_end().len().div_ceil(4));
        for at in 0..count {
            // editors cut blanks off the ends of lines
            bytes.push(character(cells.get(at).copied().unwrap_or(b"    "))?);
        }
    }
    Some(bytes)
}

fn character(cell: &[u8]) -> Option<u8> {
    let bare = cell.get(1..).unwrap_or_default();
    if let Ok(Ok(octal)) = std::str::from_utf8(bare.trim_ascii()).map(|text| u8::from_str_radix(text, 8)) {
        if bare.trim_ascii().len() == 3 {
            return Some(octal);
        }
    }
    match (bare.get(..2), bare.get(2)) {
        (Some(b"  "), Some(byte)) => Some(*byte),
        (Some(b" \\"), Some(escape)) => Some(match escape {
            b'0' => 0,
            b'a' => 7,
            b'b' => 8,
            b't' => 9,
            b'n' => 10,
            b'v' => 11,
            b'f' => 12,
            b'r' => 13,
            b'\\' => b'\\',
            _ => return None,
        }),
        _ => bare.iter().all(|byte| *byte == b' ').then_some(b' '),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reader::Content;
    use super::*;

    fn read(text: &str) -> Vec<Vec<u8>> {
        let mut runs = Vec::new();
        Columns.read(text.as_bytes(), &mut runs);
        let bytes = |run: Run| match run.content {
            Content::Bytes { bytes, .. } => bytes.to_vec(),
            content => panic!("{content:?}"),
        };
        runs.into_iter().map(bytes).collect()
    }

    /// Rows of `od`, each cell as `cell` prints it.
    fn rows(bytes: &[u8], size: usize, cell: impl Fn(&[u8]) -> String) -> String {
        let row = |(row, number): (&[u8], usize)| {
            let cells: Vec<String> = row.chunks(size).map(&cell).collect();
            format!("{:07o}{}\n", number * 16, cells.concat())
        };
        let rows: Vec<String> = bytes.chunks(16).zip(0..).map(row).collect();
        format!("{}{:07o}\n", rows.concat(), bytes.len())
    }

    #[test]
    fn every_base_is_told() {
        let bytes: Vec<u8> = (0..70_u8).map(|byte| byte.wrapping_mul(73) ^ 0x21).collect();
        let word = |word: &[u8]| word.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        for text in [
            rows(&bytes, 1, |byte| format!(" {:03o}", byte[0])),
            rows(&bytes, 1, |byte| format!(" {:3}", byte[0])),
            rows(&bytes, 1, |byte| format!(" {:4}", i8::from_be_bytes([byte[0]]))),
            rows(&bytes, 1, |byte| format!(" {:08b}", byte[0])),
            rows(&bytes, 2, |bytes| format!(" {:06o}", word(bytes))),
            rows(&bytes, 2, |bytes| format!("   {:05}", word(bytes))),
            rows(&bytes, 1, |byte| match byte[0] {
                b'\n' => "  \\n".to_owned(),
                byte @ 0x20..=0x7e => format!("   {}", char::from(byte)),
                0 => "  \\0".to_owned(),
                byte => format!(" {byte:03o}"),
            }),
        ] {
            assert_eq!(read(&text), [&bytes[..]], "{text}");
        }
    }

    #[test]
    fn other_tables_are_none() {
        for text in [
            "1234567 12 13 14 15\n1234599 12 13 14 15\n",
            "0000000 words and words\n0000020 and words\n",
            "20261128 1 2 3\n20261129 4 5 6\n",
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }
}
