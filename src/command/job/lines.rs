//! Inputs of lines, which several workers share.
//!
//! Workers take chunks of the input by turns, and all do the same with them: find the items, number them, open and
//! render them, and pass on the results. What must be done in order is done in turns of the chunk: numbering, which
//! takes no time once the items are found, and passing on. So nobody holds more than one chunk and its results,
//! however slow the output is, and one worker alone does just the same.

use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Mutex, PoisonError, TryLockError};
use std::thread::{self, Builder};

use anyhow::Context as _;
use tktdump::input::{List, line};

use super::found::Found;
use super::printer::Printer;
use super::task::{Stop, other_cores};
use super::worker::Worker;
use crate::command;
use crate::command::source::{self, Chunk, Chunks};
use crate::command::turnstile::Turnstile;

/// How much of an input it takes for a further worker.
const SHARE_LENGTH: u64 = 1 << 18;

/// Opens the tickets of an input with as many workers as there may be, if it is long enough for them.
pub(super) fn read(list: List, chunks: Chunks, path: &Path, worker: &mut Worker<'_>) -> Result<(), Stop> {
    let first = worker.turn;
    let positions = Turnstile::new(first, Position::default());
    let lines = Lines { list, path, first, input: Mutex::new(chunks), positions };
    let read = lines.share(worker);
    worker.index = lines.positions.into_value().index;
    worker.turn = first + lines.input.into_inner().unwrap_or_else(PoisonError::into_inner).count();
    read
}

/// An input that workers share.
struct Lines<'l> {
    list: List,
    path: &'l Path,
    /// The turn of the first chunk.
    first: u64,
    input: Mutex<Chunks>,
    positions: Turnstile<Position>,
}

/// How much there was before a chunk.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    index: u64,
    line: u64,
}

impl Lines<'_> {
    /// Reads all of it, with as many helpers as it is worth.
    fn share(&self, worker: &mut Worker<'_>) -> Result<(), Stop> {
        // a key log has to know the lines before
        let mut most =
            if worker.key_log.is_some() { Some(0) } else { worker.job.threads.map(|threads| threads.get() - 1) };
        thread::scope(|scope| {
            let mut helpers = Vec::new();
            let mut ended = self.work(worker, &mut |worker, length| {
                let worth = usize::try_from(length / SHARE_LENGTH).unwrap_or(usize::MAX);
                while helpers.len() < worth && helpers.len() < *most.get_or_insert_with(other_cores) {
                    worker.expect_others();
                    let mut helper = worker.helper();
                    let work = move || self.work(&mut helper, &mut |_, _| {});
                    match Builder::new().name("worker".to_owned()).spawn_scoped(scope, work) {
                        Ok(helper) => helpers.push(helper),
                        // those that there are will do
                        Err(_) => most = Some(helpers.len()),
                    }
                }
            });
            for helper in helpers {
                let other = helper.join().unwrap_or_else(|panic| resume_unwind(panic));
                ended = Stop::first(ended, other);
            }
            ended
        })
    }

    /// What every worker does: a chunk after the other. `begun` is told how much was read so far.
    fn work<'w>(&self, worker: &mut Worker<'w>, begun: &mut dyn FnMut(&mut Worker<'w>, u64)) -> Result<(), Stop> {
        let _unwinding = CloseOnPanic(self, worker.printer);
        let ended = self.each_chunk(worker, begun);
        if let Err(Stop::Write(_) | Stop::Elsewhere) = &ended {
            self.positions.close();
        }
        if let Err(Stop::Write(error)) = ended {
            return Err(self.end_reading(error, worker));
        }
        ended
    }

    fn each_chunk<'w>(&self, worker: &mut Worker<'w>, begun: &mut dyn FnMut(&mut Worker<'w>, u64)) -> Result<(), Stop> {
        let (mut chunk, mut found, mut scratch) = (Chunk::default(), Found::default(), Vec::new());
        while let Some(length) = self.next(&mut chunk)? {
            begun(worker, length);
            worker.turn = self.first + chunk.number;
            self.find(&chunk, &mut found, &mut scratch, worker)?;
            worker.end_turn()?;
        }
        Ok(())
    }

    /// Takes the next chunk, and tells how much was read so far.
    fn next(&self, chunk: &mut Chunk) -> Result<Option<u64>, Stop> {
        let mut input = self.input.lock().map_err(|_| Stop::Elsewhere)?;
        let more = input.next(chunk).with_context(|| source::shown(self.path)).map_err(Stop::Read)?;
        Ok(more.then_some(input.length()))
    }

    /// Finds the items of a chunk, and opens them when their numbers are known.
    fn find(
        &self,
        chunk: &Chunk,
        found: &mut Found,
        scratch: &mut Vec<u8>,
        worker: &mut Worker<'_>,
    ) -> Result<(), Stop> {
        let mut lines = 0;
        for text in chunk.lines() {
            lines += 1;
            let mut opened = Ok(());
            let read = line::each(&self.list, text, scratch, &mut |item| {
                found.push(lines, item);
                // too much to be kept: those behind wait for their numbers until all of it is done
                if found.is_full() && opened.is_ok() {
                    opened = self.open(found, None, worker);
                }
            });
            if read.is_passed_over() {
                worker.results.tally.pass_over(1);
            }
            opened?;
        }
        self.open(found, Some(lines), worker)
    }

    /// Opens what was found, after which the next chunk can be numbered if these were all `lines` of this one.
    fn open(&self, found: &mut Found, lines: Option<u64>, worker: &mut Worker<'_>) -> Result<(), Stop> {
        let mut position = self.positions.wait(worker.turn).ok_or(Stop::Elsewhere)?;
        let before = *position;
        position.index += found.count();
        match lines {
            Some(lines) => {
                position.line += lines;
                position.pass();
            }
            None => drop(position),
        }
        worker.index = before.index;
        found.take(|first, second| worker.two(before.line, first, second));
        Ok(())
    }

    /// Sees to it that nobody reads on.
    fn end_reading(&self, error: io::Error, worker: &Worker<'_>) -> Stop {
        match self.input.try_lock() {
            Ok(mut input) => input.end(),
            // a thread that waits for a slow input cannot be woken, only left behind
            Err(TryLockError::WouldBlock) => command::exit::leave(&error.into(), worker.job.notes),
            Err(TryLockError::Poisoned(_)) => {}
        }
        Stop::Write(error)
    }
}

/// Nobody waits for the turn of one that has panicked.
struct CloseOnPanic<'l>(&'l Lines<'l>, &'l Turnstile<Printer>);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.positions.close();
            self.1.close();
        }
    }
}
