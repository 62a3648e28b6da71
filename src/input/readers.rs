//! Every way in which bytes are read from a text. A new one is one new file in `readers/` and one line in [`READERS`].

mod base64;
mod blocks;
mod columns;
mod digits;
mod dumps;
mod escapes;
mod listed;
mod numbers;
mod rows;

pub(super) use self::base64::looks_random;
pub(super) use self::columns::is_octal;
use super::reader::{Reader, Run};

/// What a text is read with, one after the other: what one has read, those behind it do not see. Those that can tell
/// best go first.
static READERS: [&dyn Reader; 9] = [
    &blocks::PemBlocks,
    &columns::Columns,
    &dumps::Dumps,
    &numbers::Numbers,
    &listed::Listed,
    &escapes::Escapes,
    &rows::Rows,
    &digits::Digits,
    &base64::Base64,
];

/// Reads all bytes in a text, in order, and blanks them there.
pub(super) fn read(text: &mut [u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    for reader in READERS {
        let before = runs.len();
        reader.read(text, &mut runs);
        blank(text, runs.get(before..).unwrap_or_default());
    }
    runs.sort_by_key(|run| run.span.start);
    number(text, &mut runs);
    runs
}

/// Puts NUL in the place of what was read.
pub(super) fn blank(text: &mut [u8], runs: &[Run]) {
    for run in runs {
        let span = text.get_mut(run.span.clone()).unwrap_or_default();
        span.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = 0);
    }
}

/// Says on which lines runs begin.
fn number(text: &[u8], runs: &mut [Run]) {
    let (mut line, mut at) = (1, 0);
    for run in runs {
        let between = text.get(at..run.span.start).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', between).count() as u64;
        at = at.max(run.span.start);
        run.line = line;
    }
}

/// Whether a line begins a dump: its offset is zero.
pub(super) fn begins_dump(line: &[u8]) -> bool {
    dumps::begins(line)
}
