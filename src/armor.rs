//! PEM blocks (RFC 7468) inside any text, each on its own, so that a damaged one does not hide the others.

use std::iter::Peekable;
use std::ops::Range;

use data_encoding::BASE64;
use memchr::{memchr_iter, memmem};

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";
/// Bytes in a line of base64 as OpenSSL writes it: 64 characters.
const LINE_BYTES: usize = 48;
/// The longest line that is taken for the inside of a block that does not end: 76 characters and the line's end.
const LONGEST_LINE: usize = 78;

/// A block as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands between `-----BEGIN ` and `-----`.
    pub label: &'a str,
    /// Line of the `BEGIN`, from 1.
    pub line: usize,
    /// Where the `BEGIN` stands, bytes from the start of the text.
    pub(crate) start: usize,
    /// Whether there is an `END`.
    is_closed: bool,
    /// From `-----BEGIN` to the end of `-----END …-----`, or of the text where that is missing.
    text: &'a [u8],
}

/// The encapsulated text is not base64, or its end is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DamagedBlock {
    /// Line of the `BEGIN`, from 1.
    pub line: usize,
}

impl std::fmt::Display for DamagedBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the PEM block that begins at line {} is damaged or cut short", self.line)
    }
}

impl std::error::Error for DamagedBlock {}

impl Block<'_> {
    /// Where the block stands in its text. One without an `END` goes on as far as lines look like the inside of a
    /// block.
    pub(crate) fn range(&self) -> Range<usize> {
        let inside = |line: &&[u8]| {
            line.len() <= LONGEST_LINE
                && line.trim_ascii().iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        };
        let length = if self.is_closed {
            self.text.len()
        } else {
            let mut lines = self.text.split_inclusive(|&byte| byte == b'\n');
            let begin = lines.next().map_or(0, <[u8]>::len);
            begin + lines.take_while(inside).map(<[u8]>::len).sum::<usize>()
        };
        self.start..self.start + length
    }

    /// Whether there is an `END`.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The bytes inside.
    pub fn decode(&self) -> Result<Vec<u8>, DamagedBlock> {
        pem::parse(self.text).map(pem::Pem::into_contents).map_err(|_| DamagedBlock { line: self.line })
    }
}

/// The blocks of `text`, in order.
#[must_use]
pub fn blocks(text: &[u8]) -> Vec<Block<'_>> {
    Blocks::new(text).collect()
}

/// Finds the blocks of a text as they are asked for.
pub(crate) struct Blocks<'a> {
    text: &'a [u8],
    starts: Peekable<memmem::FindIter<'a, 'static>>,
    /// The line at `counted`, from 1.
    line: usize,
    counted: usize,
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, starts: memmem::find_iter(text, BEGIN).peekable(), line: 1, counted: 0 }
    }

    /// The block that begins at `start`, no further than to `limit`.
    fn block(&mut self, start: usize, limit: usize) -> Option<Block<'a>> {
        self.line += memchr_iter(b'\n', self.text.get(self.counted..start)?).count();
        self.counted = start;
        let block = self.text.get(start..limit)?;
        let (label, rest) = split_at_marker(block.get(BEGIN.len()..)?, DASHES)?;
        let label = std::str::from_utf8(label).ok()?;
        let end = memmem::find(rest, DASHES).and_then(|end| {
            let closing = end + DASHES.len();
            memmem::find(rest.get(closing..)?, DASHES).map(|last| closing + last + DASHES.len())
        });
        let length = block.len() - rest.len() + end.unwrap_or(rest.len());
        let text = block.get(..length).unwrap_or(block);
        Some(Block { label, line: self.line, start, is_closed: end.is_some(), text })
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        loop {
            let start = self.starts.next()?;
            let limit = self.starts.peek().copied().unwrap_or(self.text.len());
            if let Some(block) = self.block(start, limit) {
                return Some(block);
            }
        }
    }
}

fn split_at_marker<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, marker)?;
    Some((text.get(..at)?, text.get(at + marker.len()..)?))
}

/// One block with 64 columns of base64, as OpenSSL writes them.
#[must_use]
pub fn encode(label: &str, bytes: &[u8]) -> String {
    // at its full size from the start: what grows leaves copies behind
    let length = BASE64.encode_len(bytes.len());
    let mut text = String::with_capacity(length + length / 64 + 2 * (label.len() + 20));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    for line in bytes.chunks(LINE_BYTES) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_others_do() {
        for length in [0, 1, 47, 48, 49, 96, 1000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
            let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
            let text = encode("A KEY", &bytes);
            assert_eq!(text, pem::encode_config(&pem::Pem::new("A KEY", bytes), config), "{length} bytes");
            assert_eq!(text.len(), text.trim_end().len() + 1);
        }
    }

    #[test]
    fn many_blocks_take_time_in_proportion() {
        let least = |count: usize| {
            let text = "-----BEGIN A-----\n".repeat(count);
            let time = || {
                let begun = std::time::Instant::now();
                assert_eq!(blocks(text.as_bytes()).last().map(|block| block.line), Some(count));
                begun.elapsed()
            };
            (0..5).map(|_| time()).min().unwrap()
        };
        let (few, many) = (least(20_000), least(200_000));
        // ten times as long; a hundred times if each block looked at all that follow
        assert!(many < 40 * few, "{few:?}, and with ten times the blocks {many:?}");
    }

    #[test]
    fn a_block_that_does_not_end_goes_on_while_lines_are_base64() {
        let text = "a\n-----BEGIN A-----\nAAAA\nBBBB\nnot this\nCCCC\n";
        let range = blocks(text.as_bytes())[0].range();
        assert_eq!(&text[range], "-----BEGIN A-----\nAAAA\nBBBB\n");
    }

    #[test]
    fn a_damaged_block_hides_no_other() {
        let good = encode("A KEY", b"hello");
        let text = format!("prose\n-----BEGIN A KEY-----\n*\n-----END A KEY-----\nmore\n{good}-----BEGIN B-----\nAAAA");
        let found = blocks(text.as_bytes());
        let seen: Vec<_> = found.iter().map(|block| (block.label, block.line, block.decode())).collect();
        assert_eq!(
            seen,
            [
                ("A KEY", 2, Err(DamagedBlock { line: 2 })),
                ("A KEY", 6, Ok(b"hello".to_vec())),
                ("B", 9, Err(DamagedBlock { line: 9 })),
            ]
        );
    }
}
