//! Rows that begin with an offset and print bytes or words in other bases than 16, or as characters: `od` and
//! `hexdump` with `-b`, `-c`, `-d`, `-o` or nothing, `od -t u1` and `-t d1`, `xxd -b`.
//!
//! The offsets say how many bytes a row has, and so how large its words are.

use super::super::reader::{LONGEST_RUN, Line, Reader, Run, SHORTEST_RUN, is_same_prefix, lines};

/// Digits of offsets that these programs print.
const OFFSETS: [usize; 4] = [6, 7, 8, 10];
/// Digits of the addresses that debuggers print.
const ADDRESSES: std::ops::RangeInclusive<usize> = 4..=16;
/// Digits of octal numbers of 1, 2, 4 and 8 bytes.
const OCTAL: [(usize, usize); 4] = [(3, 1), (6, 2), (11, 4), (22, 8)];
/// More cells than a row has.
const MOST_CELLS: usize = 64;
/// Rows that show that a text is in octal, at the least.
const FEWEST_OCTAL: usize = 3;
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
        let mut others = without_offsets(text, runs);
        runs.append(&mut others);
    }
}

/// Whether a text is nothing but octal numbers, with offsets in front of them or without: their digits are those of hex
/// too.
pub(in super::super) fn is_octal(text: &[u8]) -> bool {
    let mut rows = 0;
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        let mut cells = line.split(|byte| *byte == b' ').filter(|cell| !cell.is_empty());
        let is_offset = cells.next().is_some_and(|cell| OFFSETS.contains(&cell.len()) || octal_size(cell).is_some());
        let mut sizes = cells.map(octal_size).peekable();
        let size = sizes.peek().copied();
        if !is_offset || !sizes.all(|other| other.is_some() && Some(other) == size) {
            return false;
        }
        rows += usize::from(size.is_some());
    }
    rows >= FEWEST_OCTAL
}

/// The bytes of an octal number that is printed at its full width.
fn octal_size(cell: &[u8]) -> Option<usize> {
    let is_octal = cell.iter().all(|byte| (b'0'..=b'7').contains(byte));
    OCTAL.iter().find(|(digits, _)| is_octal && *digits == cell.len()).map(|(_, size)| *size)
}

/// Reads rows of octal numbers without offsets (`od -An`).
fn without_offsets(text: &[u8], before: &[Run]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut block: Option<(std::ops::Range<usize>, usize, Vec<u8>)> = None;
    let mut finish = |block: Option<(std::ops::Range<usize>, usize, Vec<u8>)>| {
        let is_binary = |bytes: &[u8]| bytes.len() >= SHORTEST_RUN && bytes.iter().any(|byte| *byte > 0x7f);
        runs.extend(block.filter(|(_, _, bytes)| is_binary(bytes)).map(|(span, _, bytes)| Run::new(span, bytes)));
    };
    let mut read = before.iter().map(|run| &run.span).peekable();
    for line in lines(text) {
        // what has offsets was read with them
        while read.next_if(|span| span.end < line.start).is_some() {}
        let is_read = read.peek().is_some_and(|span| span.start <= line.end());
        match (if is_read { None } else { octals(line.text) }, &mut block) {
            (Some((size, row)), Some((span, other, bytes))) if size == *other && bytes.len() < LONGEST_RUN => {
                bytes.extend(row);
                span.end = line.end();
            }
            (row, _) => {
                finish(block.take());
                block = row.map(|(size, row)| (line.start..line.end(), size, row));
            }
        }
    }
    finish(block);
    runs
}

/// The octal numbers that a line consists of: the size of each, and the bytes of a machine that swaps them.
fn octals(line: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut cells = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|cell| !cell.is_empty()).peekable();
    let size = octal_size(cells.peek()?)?;
    let mut bytes = Vec::new();
    for cell in cells {
        let word = u128::from_str_radix(std::str::from_utf8(cell).ok()?, 8).ok()?;
        if octal_size(cell) != Some(size) || word >> (8 * size) != 0 {
            return None;
        }
        bytes.extend(word.to_le_bytes().iter().take(size));
    }
    Some((size, bytes))
}

/// What follows the symbol behind an address.
fn after_symbol(cells: &[u8]) -> &[u8] {
    let symbol = cells.strip_prefix(b" <").and_then(|inside| {
        let end = inside.iter().take(128).position(|byte| *byte == b'>')?;
        inside.get(end + 1..)
    });
    symbol.unwrap_or(cells)
}

/// Cells without the text beside them that `od` prints between `>` and `<`.
fn without_text(cells: &[u8]) -> &[u8] {
    let parts = cells.trim_ascii_end().strip_suffix(b"<").and_then(|row| {
        let at = memchr::memmem::find(row, b"  >")?;
        Some((row.get(..at)?, row.get(at + 3..)?))
    });
    // a character for each byte, and not two of the characters that `od -c` prints
    let is_text = |(cells, text): &(&[u8], &[u8])| {
        let count = cells.split(|byte| *byte == b' ').filter(|cell| !cell.is_empty()).count();
        [1, 2, 4, 8].iter().any(|size| count * size == text.len())
    };
    parts.filter(is_text).map_or(cells, |(cells, _)| cells)
}

/// A row, its cells unread.
struct Row<'t> {
    line: Line<'t>,
    column: usize,
    digits: &'t [u8],
    cells: &'t [u8],
    /// Whether the offset is the address of a debugger.
    is_address: bool,
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
            let before = line.text.get(..column).unwrap_or_default();
            let is_address = before.ends_with(b"0x") && ADDRESSES.contains(&length);
            let is_apart = is_address || !before.last().copied().is_some_and(is_word);
            let cells = if is_address { after_symbol(cells) } else { cells };
            let cells = cells.strip_prefix(b":").unwrap_or(cells);
            let has_length = is_address || OFFSETS.contains(&length);
            if is_apart && has_length && matches!(cells.first(), None | Some(b' ' | b'\t')) {
                return Some(Self { line, column, digits, cells: without_text(cells), is_address });
            }
            column += length.max(1);
        }
    }

    fn offset(&self, base: u32) -> Option<usize> {
        usize::from_str_radix(std::str::from_utf8(self.digits).ok()?, base).ok()
    }

    fn goes_on_with(&self, next: &Self) -> bool {
        let prefix = |row: &Self| row.line.text.get(..row.column).unwrap_or_default();
        // the last row may be one blank character, and the length that closes the dump follows it
        let is_blank = |row: &Self| row.cells.trim_ascii().is_empty();
        next.line.number == self.line.number + 1
            && next.digits.len() == self.digits.len()
            && is_same_prefix(prefix(self), prefix(next))
            && (!is_blank(self) || is_blank(next) && next.digits != self.digits)
    }

    /// The first cells, if they are numbers.
    fn words(&self, base: u32, most: usize) -> Option<Vec<i128>> {
        let cells = self.cells.split(|byte| matches!(byte, b' ' | b'\t')).filter(|cell| !cell.is_empty());
        let is_whole = |cell: &&[u8]| base != 2 || cell.len() == 8;
        // text stands beside the bits of xxd
        let cells = cells.take(most).take_while(is_whole);
        cells.map(|cell| i128::from_str_radix(std::str::from_utf8(cell).ok()?, base).ok()).collect()
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
    let bases: &[u32] = if rows.first()?.is_address { &[16] } else { &[8, 16, 10] };
    bases.iter().find_map(|base| in_base(*base))
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
            let limit = 1_i128 << (8 * size);
            if word >= limit || word < -(limit / 2) {
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
    fn numbers_of_debuggers_and_without_offsets_are_read() {
        let bytes: Vec<u8> = (0..70_u8).map(|byte| byte.wrapping_mul(73) ^ 0x21).collect();
        let lines = |width: usize, line: &dyn Fn(usize, &[u8]) -> String| -> String {
            bytes.chunks(width).zip(0..).map(|(row, number)| line(number * width, row) + "\n").collect()
        };
        let cells = |row: &[u8], cell: &dyn Fn(u8) -> String| row.iter().map(|byte| cell(*byte)).collect::<String>();
        let address = 0x7fff_ffff_e000_usize;
        for text in [
            lines(8, &|at, row| format!("0x{:x}:{}", address + at, cells(row, &|byte| format!("\t{byte}")))),
            lines(8, &|at, row| {
                format!(
                    "0x{:x} <a+{at}>:{}",
                    address + at,
                    cells(row, &|byte| format!("\t{}", i8::from_be_bytes([byte])))
                )
            }),
            lines(16, &|_, row| cells(row, &|byte| format!(" {byte:03o}"))),
            lines(16, &|_, row| {
                row.chunks(2)
                    .map(|word| format!(" {:06o}", u16::from_le_bytes([word[0], word[1]])))
                    .collect::<Vec<_>>()
                    .concat()
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
