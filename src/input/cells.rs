//! The cells of a row of a dump: groups of hex digits, and the column of text behind them, which proves how many of the
//! groups are meant and whether their bytes are swapped.

use super::reader::digit;

/// More bytes than a program puts in a row.
const LONGEST_ROW: usize = 1 << 16;
/// Digits of a row that is one group (`xxd -g0`), at the most.
const LONGEST_GROUP: usize = 512;
/// More bytes than a row has that shows them as text too.
const LONGEST_TEXT: usize = 512;
/// Groups at the end of a row that may be text instead: a look at more of them could take long.
const MOST_GROUPS_OF_TEXT: usize = 64;
/// Characters behind the text of a row, such as the end of a comment.
const LONGEST_END: usize = 4;
/// Signs in front of the text of a row, such as the bar of `hexdump -C`.
const MOST_SIGNS: usize = 3;
/// Columns that programs leave in the middle of a row.
const WIDEST_MIDDLE: usize = 4;
/// Blanks in front of the text column that do not belong to it.
const MOST_GAP: usize = 256;

/// Groups of hex digits that follow each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// All bytes, as they are printed.
    pub(super) bytes: Vec<u8>,
    /// After how many bytes each group ends, and at which column.
    ends: Vec<(usize, usize)>,
    /// Digits of a group, without `0x`.
    pub(super) width: usize,
    /// What stands between the first two groups.
    pub(super) separator: u8,
    /// Whether groups begin with `0x`.
    pub(super) has_prefix: bool,
}

/// How the bytes of a row were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The text column shows the bytes as they are printed.
    AsPrinted,
    /// The text column shows the bytes of each group in reverse.
    Swapped,
    /// There is a text column, and it shows both: nothing in it but signs.
    Either,
    /// There is no text column that says so.
    Unknown,
}

/// The part of a row that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// How many bytes.
    pub(super) length: usize,
    /// What the text column says.
    pub(super) order: Order,
}

/// One group: its digits and what follows.
fn group(text: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let bare = text.strip_prefix(b"0x").or(text.strip_prefix(b"0X"));
    let has_prefix = bare.is_some();
    let text = bare.unwrap_or(text);
    let end = text.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    // what goes on is a word
    let is_word = rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    ((2..=LONGEST_GROUP).contains(&end) && end % 2 == 0 && !(is_word && end < 4)).then_some((has_prefix, digits, rest))
}

/// What may stand between two groups: the gap, and the rest.
fn gap(text: &[u8]) -> Option<(u8, usize, &[u8])> {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = text.get(blanks..)?;
    match (blanks, rest.first()?) {
        (0, &separator @ (b'-' | b':')) => Some((separator, 1, rest.get(1..)?)),
        // a rule in the middle of a row
        (1.., b'-' | b'|') if matches!(rest.get(1), Some(b' ')) => {
            let after = rest.get(1..)?.trim_ascii_start();
            Some((b' ', blanks + 2, after))
        }
        (1.., _) => Some((b' ', blanks, rest)),
        _ => None,
    }
}

impl Cells {
    /// Reads groups from column `at` of a line; `None` if there is not even one.
    pub(super) fn parse(line: &[u8], at: usize) -> Option<Self> {
        let mut cells = Self::default();
        let (has_prefix, digits, mut rest) = group(line.get(at..)?)?;
        cells.width = digits.len();
        cells.has_prefix = has_prefix;
        cells.push(digits, line.len() - rest.len());
        let mut narrow = usize::MAX;
        while let Some((separator, size, after)) = gap(rest) {
            let Some((has_prefix, digits, next)) = group(after) else { break };
            let is_last = digits.len() < cells.width;
            let fits = has_prefix == cells.has_prefix && digits.len() <= cells.width;
            // OpenSSL has a dash in the middle of a row of blanks
            let is_middle = separator == b'-' && cells.separator == b' ' && cells.ends.len() == 8;
            if !fits || cells.bytes.len() >= LONGEST_ROW {
                break;
            }
            if cells.ends.len() == 1 {
                cells.separator = separator;
            } else if separator != cells.separator && !is_middle {
                break;
            }
            narrow = narrow.min(size);
            // what a wide gap sets apart is the column of text, but for a gap in the middle
            if size > narrow && !is_middle_gap(cells.bytes.len(), size) {
                break;
            }
            cells.push(digits, line.len() - next.len());
            rest = next;
            if is_last {
                break;
            }
        }
        Some(cells)
    }

    /// Whether groups are words of a machine, and not all bytes of a row in one.
    pub(super) fn are_words(&self) -> bool {
        matches!(self.width, 2 | 4 | 8 | 16)
    }

    fn push(&mut self, digits: &[u8], end: usize) {
        let values = digits.chunks_exact(2).filter_map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        self.bytes.extend(values);
        self.ends.push((self.bytes.len(), end));
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Whether a row may end after as many bytes; the last byte of a swapped row may be missing from its group.
    pub(super) fn can_have(&self, length: usize) -> bool {
        let is_end = |length: usize| self.ends.binary_search_by_key(&length, |(bytes, _)| *bytes).is_ok();
        is_end(length) || (self.width > 2 && length < self.bytes.len() && self.column_after(length).is_some())
    }

    /// The column behind the group in which byte number `length` is.
    pub(super) fn column_after(&self, length: usize) -> Option<usize> {
        let at = self.ends.partition_point(|(bytes, _)| *bytes < length);
        self.ends.get(at).map(|(_, column)| *column)
    }

    /// Where the groups end, and the text column begins, as far as the row itself tells.
    pub(super) fn cut(&self, line: &[u8]) -> Cut {
        for &(length, column) in self.ends.iter().rev().take(MOST_GROUPS_OF_TEXT) {
            let Some(bytes) = self.bytes.get(..length).filter(|bytes| bytes.len() <= LONGEST_TEXT) else { continue };
            let text = line.get(column..).unwrap_or_default();
            // a gap sets the text apart
            if text.trim_ascii().is_empty() || !matches!(text.first(), Some(b' ' | b'\t')) {
                continue;
            }
            let is_swapped = self.width > 2 && shows(text, &self.swapped(length));
            match (shows(text, bytes), is_swapped) {
                (true, true) => return Cut { length, order: Order::Either },
                (true, false) => return Cut { length, order: Order::AsPrinted },
                (false, true) => return Cut { length, order: Order::Swapped },
                (false, false) => {}
            }
        }
        self.uncut()
    }

    /// All groups, if there is no text column.
    pub(super) fn uncut(&self) -> Cut {
        Cut { length: self.bytes.len(), order: Order::Unknown }
    }

    /// The first bytes, those of each group in reverse.
    pub(super) fn swapped(&self, length: usize) -> Vec<u8> {
        let mut swapped = Vec::with_capacity(length);
        let mut start = 0;
        for &(end, _) in &self.ends {
            swapped.extend(self.bytes.get(start..end).unwrap_or_default().iter().rev());
            start = end;
            if end >= length {
                break;
            }
        }
        swapped.truncate(length);
        swapped
    }
}

/// Whether programs leave a gap after as many bytes of a row.
fn is_middle_gap(bytes: usize, size: usize) -> bool {
    bytes.is_power_of_two() && bytes >= 4 && size <= WIDEST_MIDDLE
}

/// Whether the text column of a row shows these bytes: printable ones as they are, the others as some sign.
fn shows(text: &[u8], bytes: &[u8]) -> bool {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let is_sign = |byte: &u8| !byte.is_ascii_alphanumeric();
    // in front of the text nothing stands but a sign that opens it
    let signs = text.get(blanks..).unwrap_or_default().iter().take(MOST_SIGNS).take_while(|byte| is_sign(byte)).count();
    let most = blanks.min(MOST_GAP) + signs + 1;
    // editors cut blanks off the ends of lines
    let length = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    let Some(bytes) = bytes.get(..length).filter(|bytes| !bytes.is_empty()) else { return false };
    // behind the text nothing follows but a sign that closes it
    let first = text.trim_ascii_end().len().saturating_sub(length + LONGEST_END);
    (first..most).any(|start| {
        let Some((shown, end)) = text.get(start..).and_then(|text| text.split_at_checked(length)) else { return false };
        shown.iter().zip(bytes).all(|(shown, byte)| stands_for(*shown, *byte)) && end.iter().all(is_sign)
    })
}

fn stands_for(shown: u8, byte: u8) -> bool {
    match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => shown == byte,
        0x20..=0x7e => shown == byte || matches!(shown, b'.' | b'_'),
        _ => !shown.is_ascii_alphanumeric() && !matches!(shown, b' ' | b'\t'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str, at: usize) -> (Vec<u8>, Order) {
        let cells = Cells::parse(line.as_bytes(), at).unwrap();
        let cut = cells.cut(line.as_bytes());
        (cells.bytes[..cut.length].to_vec(), cut.order)
    }

    #[test]
    fn the_text_column_ends_a_row() {
        for line in [
            "49 09 5b fd ab cd 2a 35-b0   I.[...*5.",
            "49 09 5b fd ab cd 2a 35 b0 I.[...*5.",
            "49 09 5b fd ab cd 2a 35  b0  |I.[...*5.|",
            "49 09 5b fd ab cd 2a 35 b0                          >I.[...*5.<",
        ] {
            assert_eq!(
                cut(line, 0),
                (vec![0x49, 9, 0x5b, 0xfd, 0xab, 0xcd, 0x2a, 0x35, 0xb0], Order::AsPrinted),
                "{line}"
            );
        }
        // the text looks like another byte
        assert_eq!(cut("49 09 61 62 I.ab", 0), (vec![0x49, 9, 0x61, 0x62], Order::AsPrinted));
        assert_eq!(
            cut("de ad be ef                    ab cd", 0).0,
            [0xde, 0xad, 0xbe, 0xef, 0xab, 0xcd][..4].to_vec()
        );
    }

    #[test]
    fn the_text_column_tells_swapped_words() {
        assert_eq!(cut("0949 fd5b  I.[.", 0).1, Order::Swapped);
        assert_eq!(cut("4909 5bfd  I.[.", 0).1, Order::AsPrinted);
        assert_eq!(cut("fd5b0949 b0352afd  I.[..*5.", 0).1, Order::Swapped);
        let cells = Cells::parse(b"fd5b0949 b0352afd", 0).unwrap();
        assert_eq!(cells.swapped(8), [0x49, 0x09, 0x5b, 0xfd, 0xfd, 0x2a, 0x35, 0xb0]);
    }

    #[test]
    fn words_are_no_groups() {
        assert!(Cells::parse(b"be_careful", 0).is_none());
        assert_eq!(Cells::parse(b"04:27:22 49 09", 0).unwrap().count(), 3);
        assert_eq!(Cells::parse(b"0x49 0x09 0x5b", 0).unwrap().bytes, [0x49, 9, 0x5b]);
    }
}
