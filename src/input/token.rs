//! Characters of one alphabet that follow each other, and the rows that they make: what the readers of digits and of base64
//! have in common.

use super::reader::{Line, Run, is_line_end, is_same_prefix, lines};

/// Characters of one alphabet that follow each other in a line.
#[derive(Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) line: Line<'t>,
    pub(super) column: usize,
    pub(super) text: &'t [u8],
}

impl<'t> Token<'t> {
    pub(super) fn end(&self) -> usize {
        self.column + self.text.len()
    }

    /// The line behind it.
    pub(super) fn rest(&self) -> &'t [u8] {
        self.line.text.get(self.end()..).unwrap_or_default()
    }

    /// The line in front of it.
    pub(super) fn prefix(&self) -> &'t [u8] {
        self.line.text.get(..self.column).unwrap_or_default()
    }
}

/// How an alphabet is read.
pub(super) trait Alphabet {
    /// Characters of a first row, at the least.
    const SHORTEST: usize;
    /// Characters of a further row, at the least.
    const SHORTEST_NEXT: usize;
    /// Characters of a row that is one of several, at most.
    const LONGEST_ROW: usize;

    /// The tokens of a line that have at least `shortest` characters.
    fn tokens(line: Line<'_>, shortest: usize) -> Vec<Token<'_>>;

    /// Whether a token is the last of its block whatever follows.
    fn is_end(token: &Token<'_>) -> bool;

    /// Makes runs of the rows of a block, which is left empty.
    fn finish(block: &mut Vec<Token<'_>>, runs: &mut Vec<Run>);
}

/// Reads all blocks of a text.
pub(super) fn read<A: Alphabet>(text: &[u8], runs: &mut Vec<Run>) {
    let mut block: Vec<Token<'_>> = Vec::new();
    for line in lines(text) {
        let tokens = A::tokens(line, if block.is_empty() { A::SHORTEST } else { A::SHORTEST_NEXT });
        if let Some(next) = tokens.iter().find(|token| goes_on::<A>(&block, token)) {
            block.push(*next);
            continue;
        }
        A::finish(&mut block, runs);
        for token in tokens.into_iter().filter(|token| token.text.len() >= A::SHORTEST) {
            A::finish(&mut block, runs);
            block.push(token);
        }
    }
    A::finish(&mut block, runs);
}

/// Whether a token is the next row of a block.
fn goes_on<A: Alphabet>(block: &[Token<'_>], next: &Token<'_>) -> bool {
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return false };
    first.text.len() <= A::LONGEST_ROW
        && last.text.len() == first.text.len()
        && next.text.len() <= first.text.len()
        && next.line.number == last.line.number + 1
        && !A::is_end(last)
        && is_line_end(last.rest())
        && is_line_end(next.rest())
        && (is_same_prefix(last.prefix(), next.prefix())
            || (block.len() == 1 && next.prefix().iter().all(|byte| !byte.is_ascii_alphanumeric())))
}
