//! How a run ends, and what time it is.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::notes::Notes;

/// How a run ended; the number is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// All was done.
    Done = 0,
    /// A ticket was not opened, or none was found.
    NotAll = 1,
    /// The job could not be done.
    Failed = 2,
}

/// Says why the job could not be done.
pub(super) fn fail(error: &anyhow::Error, notes: &Notes) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Done;
    }
    notes.failure(error);
    Exit::Failed
}

/// Ends the run from another thread, without waiting for the main one.
pub(super) fn leave(error: &anyhow::Error, notes: &Notes) -> ! {
    let exit = fail(error, notes);
    super::redirect::abandon();
    // the bar must not stay behind
    notes.progress().suspend(|| std::process::exit(exit as i32))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Whether the reader of our output has gone: `| head` is not an error.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
