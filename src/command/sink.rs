//! What happens with what is in inputs: the contract of those that read them and those that take it.

use std::path::Path;

use anyhow::Context as _;
use tktdump::capture::{Connection, Remarks};
use tktdump::input::{Guess, Item, List, line};

use super::capture::Sequence;
use super::notes::Notes;
use super::source::{Chunk, Chunks, Given, shown};

/// What happens with the items of an input.
pub(super) trait Sink {
    /// Takes an item.
    fn item(&mut self, line: Option<u64>, item: Item<'_>);
    /// Takes an input of lines; if nothing else is said, one item after the other.
    fn lines(&mut self, list: List, chunks: Chunks, path: &Path) -> anyhow::Result<()> {
        each_line(&list, chunks, path, self)
    }
    /// Takes how many lines, or bytes in a text, may be anything and were passed over.
    fn passed_over(&mut self, _count: u64) {}
    /// Takes what an input seems to be in which nothing was found.
    fn nothing(&mut self, _guess: Guess) {}
    /// Says that the input is a capture.
    fn capture(&mut self) {}
    /// Takes a connection of a capture.
    fn connection(&mut self, connection: &Connection);
    /// The keys that were given, which are no inputs.
    fn given(&self) -> Option<&Given> {
        None
    }
    /// Takes what was counted in a capture, and how many packets were dropped while it was made.
    fn totals(&mut self, _remarks: &Remarks, _dropped: u64) {}
    /// What is known of the captures before.
    fn sequence(&mut self) -> &mut Sequence;
    /// Takes what was unusual in a capture at its end; what is to be said if it goes on where the one before it ended.
    fn follows(&mut self, remarks: &Remarks, shown: &str) -> Option<String> {
        self.sequence().next(remarks, shown)
    }
    /// Where messages go, and where it is shown how far the reading has come.
    fn notes(&self) -> &Notes;
    /// Takes what is unusual about an input.
    fn warn(&mut self, message: &str) {
        self.notes().warning(message);
    }
    /// Called when all input that is there has been handed over, so that results can be passed on.
    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

pub(super) fn each_line(
    list: &List,
    mut chunks: Chunks,
    path: &Path,
    sink: &mut (impl Sink + ?Sized),
) -> anyhow::Result<()> {
    let (mut chunk, mut scratch) = (Chunk::default(), Vec::new());
    let mut number = 0;
    while chunks.next(&mut chunk).with_context(|| shown(path))? {
        for text in chunk.lines() {
            number += 1;
            let read = line::each(list, text, &mut scratch, &mut |item| sink.item(Some(number), item));
            sink.passed_over(read.is_passed_over().into());
        }
        sink.pause()?;
    }
    Ok(())
}
