//! What goes to stderr: errors, warnings, hints.

use std::fmt::Display;
use std::io::Write;

use super::Failure;
use super::args::Verbosity;
use super::progress::Progress;

/// Errors of single tickets that are shown where the records have them too.
const SHOWN_ERRORS: usize = 10;

/// Writes notes, as many as were asked for.
pub(super) struct Notes {
    quiet: bool,
    verbose: bool,
    ticket_errors: usize,
    progress: Progress,
}

impl Notes {
    pub(super) fn new(verbosity: &Verbosity) -> Self {
        let quiet = verbosity.quiet > 0;
        Self { quiet, verbose: verbosity.verbose > 0, ticket_errors: 0, progress: Progress::new(quiet) }
    }

    /// Where it is shown how far the reading has come.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Errors are shown however quiet it is to be.
    pub(super) fn error(&self, message: impl Display) {
        self.line("error", message);
    }

    pub(super) fn warning(&self, message: impl Display) {
        if !self.quiet {
            self.line("warning", message);
        }
    }

    pub(super) fn hint(&self, message: impl Display) {
        if !self.quiet {
            self.line("hint", message);
        }
    }

    /// Something that only the curious want to know.
    pub(super) fn detail(&self, message: impl Display) {
        if self.verbose {
            self.line("note", message);
        }
    }

    /// An error that ends something, with its remedy.
    pub(super) fn failure(&self, error: &anyhow::Error) {
        self.error(format_args!("{error:#}"));
        if let Some(hint) = error.downcast_ref::<Failure>().and_then(Failure::hint) {
            self.hint(hint);
        }
    }

    /// A ticket that was not opened. Where the record says it too, a long batch does not repeat it for ever.
    pub(super) fn ticket(&mut self, error: impl Display, hint: &str, in_record: bool) {
        self.ticket_errors += 1;
        if in_record && (self.quiet || (self.ticket_errors > SHOWN_ERRORS && !self.verbose)) {
            if self.ticket_errors == SHOWN_ERRORS + 1 {
                self.warning("further errors are in the records only; -v shows them here too");
            }
            return;
        }
        self.error(error);
        self.hint(hint);
    }

    /// A note nobody can read is no reason to stop.
    fn line(&self, kind: &str, message: impl Display) {
        self.progress.suspend(|| {
            let _ = writeln!(std::io::stderr(), "tktdump: {kind}: {message}");
        });
    }
}
