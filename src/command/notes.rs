//! What goes to stderr: errors, warnings, hints.

mod held;

use std::fmt::Display;
use std::io::Write;

pub(super) use self::held::Held;
use super::args::shared::Verbosity;
use super::failure::Failure;
use super::progress::Progress;

/// Writes notes, as many as were asked for.
pub(super) struct Notes {
    quiet: bool,
    verbose: bool,
    progress: Progress,
}

impl Notes {
    pub(super) fn new(verbosity: Verbosity) -> Self {
        let Verbosity { quiet, verbose, progress } = verbosity;
        Self { quiet, verbose, progress: Progress::new(quiet, progress) }
    }

    /// Where it is shown how far the reading has come.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Errors are shown however quiet it is to be.
    pub(super) fn error(&self, message: impl Display) {
        self.show("error", message);
    }

    pub(super) fn warning(&self, message: impl Display) {
        if !self.quiet {
            self.show("warning", message);
        }
    }

    pub(super) fn hint(&self, message: impl Display) {
        if !self.quiet {
            self.show("hint", message);
        }
    }

    /// Whether details are shown.
    pub(super) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Something that only the curious want to know.
    pub(super) fn detail(&self, message: impl Display) {
        if self.verbose {
            self.show("note", message);
        }
    }

    /// An error that ends something, with its remedy.
    pub(super) fn failure(&self, error: &anyhow::Error) {
        self.error(format_args!("{error:#}"));
        if let Some(hint) = error.downcast_ref::<Failure>().and_then(Failure::hint) {
            self.hint(hint);
        }
    }

    fn show(&self, kind: &str, message: impl Display) {
        let mut text = Vec::new();
        line(kind, message, &mut text);
        self.print(&text);
    }

    /// A note nobody can read is not a reason to stop.
    fn print(&self, text: &[u8]) {
        self.progress.suspend(|| {
            let _ = std::io::stderr().write_all(text);
        });
    }
}

fn line(kind: &str, message: impl Display, out: &mut Vec<u8>) {
    // writing to a Vec does not fail
    let _ = writeln!(out, "tktdump: {kind}: {message}");
}
