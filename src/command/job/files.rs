//! Small captures, which several workers share: each takes one after the other, and passes on its results in its turn.
//!
//! Only a capture that says nothing about the next ones is taken: what somebody logged of the connections in one, and wrote
//! into it, may open those of another.

use std::io;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use tktdump::input::Form;

use super::printer::Printer;
use super::task::{Stop, other_cores};
use super::worker::Worker;
use crate::command::capture::{self, Feed};
use crate::command::exit::Exit;
use crate::command::source;
use crate::command::turnstile::Turnstile;

/// How many captures it takes for a further worker.
const SHARE: usize = 4;

/// Reads the small captures that the inputs begin with: how many they are, and how it ended.
pub(super) fn read(inputs: &[PathBuf], form: Option<Form>, worker: &mut Worker<'_>) -> Result<(usize, Exit), Stop> {
    if inputs.len() < SHARE || worker.key_log.is_some() || !worker.sequence.secrets().is_empty() {
        return Ok((0, Exit::Done));
    }
    let files = Files { inputs, form, first: worker.turn, taken: Mutex::default() };
    let read = files.share(worker);
    let first = files.first;
    let Taken { count, .. } = files.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    worker.turn = first + count as u64;
    Ok((count, read?))
}

/// Inputs that workers share.
struct Files<'f> {
    inputs: &'f [PathBuf],
    form: Option<Form>,
    /// The turn of the first one.
    first: u64,
    taken: Mutex<Taken>,
}

/// How many inputs were taken.
#[derive(Default)]
struct Taken {
    count: usize,
    /// The next one is to be read in another way.
    ended: bool,
}

impl Files<'_> {
    /// Reads all of them, with as many helpers as they are worth.
    fn share(&self, worker: &mut Worker<'_>) -> Result<Exit, Stop> {
        thread::scope(|scope| {
            let Some(one) = self.next(worker) else { return Ok(Exit::Done) };
            let most = worker.job.threads.map_or_else(other_cores, |threads| threads.get() - 1);
            let mut helpers = Vec::new();
            for _ in 0..most.min(self.inputs.len() / SHARE) {
                worker.expect_others();
                let mut helper = worker.helper();
                let work = move || {
                    let exit = self.work(None, &mut helper);
                    (exit, helper.captures, helper.totals)
                };
                match Builder::new().name("worker".to_owned()).spawn_scoped(scope, work) {
                    Ok(helper) => helpers.push(helper),
                    // those that there are will do
                    Err(_) => break,
                }
            }
            let mut ended = self.work(Some(one), worker);
            for helper in helpers {
                let (other, captures, totals) = helper.join().unwrap_or_else(|panic| resume_unwind(panic));
                worker.captures |= captures;
                worker.totals.extend(&totals);
                ended = match (ended, other) {
                    (Ok(one), Ok(other)) => Ok(one.max(other)),
                    (one, other) => Err(Stop::first(one.map(drop), other.map(drop)).err().unwrap_or(Stop::Elsewhere)),
                };
            }
            ended
        })
    }

    /// What every worker does: a capture after the other.
    fn work(&self, first: Option<(usize, Vec<u8>)>, worker: &mut Worker<'_>) -> Result<Exit, Stop> {
        let _unwinding = CloseOnPanic(worker.printer);
        self.each(first, worker)
    }

    fn each(&self, first: Option<(usize, Vec<u8>)>, worker: &mut Worker<'_>) -> Result<Exit, Stop> {
        let (mut exit, mut next) = (Exit::Done, first);
        while let Some((number, content)) = next.take().or_else(|| self.next(worker)) {
            let Some(path) = self.inputs.get(number) else { break };
            worker.turn = self.first + number as u64;
            worker.begin(path)?;
            let feed = Feed::after(content, true, io::empty());
            match capture::read(feed, &source::shown(path), worker) {
                Ok(()) => worker.end(path, false),
                Err(error) if worker.printer.is_closed() => {
                    return Err(error.downcast().map_or(Stop::Elsewhere, Stop::Write));
                }
                Err(error) => {
                    worker.fail(&error)?;
                    exit = Exit::Failed;
                }
            }
            worker.end_turn()?;
        }
        Ok(exit)
    }

    /// Takes the next one, if it is a capture of that kind.
    fn next(&self, worker: &Worker<'_>) -> Option<(usize, Vec<u8>)> {
        let mut taken = self.taken.lock().ok().filter(|taken| !taken.ended)?;
        let path = self.inputs.get(taken.count);
        let content = path.and_then(|path| source::small_capture(path, self.form, &worker.job.given));
        taken.ended = content.is_none();
        let number = taken.count;
        taken.count += usize::from(content.is_some());
        Some((number, content?))
    }
}

/// Nobody waits for the turn of one that has panicked.
struct CloseOnPanic<'p>(&'p Turnstile<Printer>);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}
