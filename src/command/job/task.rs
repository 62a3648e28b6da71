//! What all workers do, and why one ends.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

use tktdump::open::Opener;
use tktdump::record::Selection;

use crate::command::notes::Notes;
use crate::command::output::Output;
use crate::command::source::Given;

/// What all workers do.
pub(super) struct Job<'j> {
    pub(super) opener: Opener<'j>,
    pub(super) output: Output<'j>,
    pub(super) notes: &'j Notes,
    /// The keys that were given.
    pub(super) given: Given,
    /// What is printed.
    pub(super) selection: Selection,
    /// The clock that was asked for; packets have one of their own.
    pub(super) at: Option<i64>,
    /// How many workers there may be; `None`: one for each core.
    pub(super) threads: Option<NonZeroUsize>,
}

/// Why a worker ends before its input does.
#[derive(Debug)]
pub(super) enum Stop {
    /// The run ends for a reason that another worker knows.
    Elsewhere,
    /// The input cannot be read.
    Read(anyhow::Error),
    /// The output cannot be written.
    Write(io::Error),
}

impl Stop {
    /// Of two workers of the same input, why the run ends: what cannot be written was before what cannot be read.
    pub(super) fn first(one: Result<(), Self>, other: Result<(), Self>) -> Result<(), Self> {
        let rank = |ended: &Result<(), Self>| match ended {
            Ok(()) => 0,
            Err(Self::Elsewhere) => 1,
            Err(Self::Read(_)) => 2,
            Err(Self::Write(_)) => 3,
        };
        if rank(&one) < rank(&other) { other } else { one }
    }
}

impl From<Stop> for anyhow::Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Elsewhere => Self::msg("the run has ended"),
            Stop::Read(error) => error,
            Stop::Write(error) => error.into(),
        }
    }
}

/// Cores beside the one that the main thread is on.
pub(super) fn other_cores() -> usize {
    thread::available_parallelism().map_or(0, |cores| cores.get() - 1)
}
