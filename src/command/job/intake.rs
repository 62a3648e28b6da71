//! What a worker does with what is in an input.

use std::path::Path;

use tktdump::capture::{Connection, Remarks};
use tktdump::input::{Guess, Item, List};

use super::lines;
use super::worker::Worker;
use crate::command::capture::Sequence;
use crate::command::notes::Notes;
use crate::command::sink::Sink;
use crate::command::source::{Chunks, Given};

impl Sink for Worker<'_> {
    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        self.one(line, &item, None);
    }

    fn capture(&mut self) {
        self.captures = true;
    }

    fn connection(&mut self, connection: &Connection) {
        if self.stop.is_none() {
            self.examine_connection(connection);
            self.ease();
        }
    }

    fn lines(&mut self, list: List, chunks: Chunks, path: &Path) -> anyhow::Result<()> {
        Ok(lines::read(list, chunks, path, self)?)
    }

    fn passed_over(&mut self, count: u64) {
        self.results.tally.pass_over(count);
    }

    fn nothing(&mut self, guess: Guess) {
        self.guess = Some(guess);
    }

    fn given(&self) -> Option<&Given> {
        Some(&self.job.given)
    }

    fn totals(&mut self, remarks: &Remarks, dropped: u64) {
        self.totals.add(remarks, dropped);
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn follows(&mut self, remarks: &Remarks, shown: &str) -> Option<String> {
        // in order, whoever reads the captures
        self.printer.wait(self.turn)?.sequence.next(remarks, shown)
    }

    fn notes(&self) -> &Notes {
        self.job.notes
    }

    fn warn(&mut self, message: &str) {
        self.results.notes.warning(message);
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(self.flush()?)
    }
}
