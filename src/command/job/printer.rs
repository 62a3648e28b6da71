//! Where results go: standard output and standard error, one after the other.

use std::io::{self, Write as _};

use tktdump::capture::container::pcapng_writer::BlockWriter;
use tktdump::record::{Record, Shown};
use tktdump::report::{Page, Tally};
use zeroize::Zeroizing;

use super::task::Job;
use crate::command::capture::Sequence;
use crate::command::notes::{Held, Notes};

/// What became of tickets and was not passed on yet.
pub(super) struct Results<'n> {
    pub(super) rendered: Page,
    pub(super) notes: Held<'n>,
    pub(super) tally: Tally,
    /// Tickets that were found and not selected.
    pub(super) left_out: u64,
    /// Whether a session was opened that the output cannot be made of.
    pub(super) refused: bool,
}

impl<'n> Results<'n> {
    /// Makes room for as many bytes from the start: what grows leaves copies of itself behind.
    pub(super) fn new(room: usize, notes: &'n Notes) -> Self {
        let (rendered, notes, tally) = (Page::with_capacity(room), Held::new(notes), Tally::default());
        Self { rendered, notes, tally, left_out: 0, refused: false }
    }

    /// Counts a ticket, and says what is wrong or unusual about it.
    pub(super) fn add(&mut self, record: &Record<'_>, job: &Job<'_>) {
        let status = record.status();
        self.tally.add(status);
        let quiet = job.output.has_every_record() || job.output.is_key_log();
        // an output like that takes every session, and says itself what there is to say
        if !(quiet && status.is_success()) || record.opened_with_built_in_key() {
            self.note(record, job, quiet);
        }
    }

    #[inline(never)]
    fn note(&mut self, record: &Record<'_>, job: &Job<'_>, quiet: bool) {
        let Job { output, opener, .. } = job;
        let place = record.place;
        if record.opened_with_built_in_key() {
            self.notes.warning(format_args!("{place}: opened with a key that anybody can guess"));
        }
        if record.session().is_some_and(Shown::is_unverified) && !quiet {
            self.notes.warning(format_args!("{place}: the session is unverified, anybody may have written it"));
        }
        if !record.status().is_success() || output.leaves_out(record) {
            self.notes.ticket(quiet, || {
                let problem = record.problem(opener.ring())?;
                Some((format!("{place}: {}", problem.error), problem.hint))
            });
        }
        if let Some(dialect) = output.refuses(record) {
            let error = format!(
                "{place}: the session is in the dialect {}, which is not OpenSSL's SSL_SESSION",
                dialect.as_str()
            );
            self.refused = true;
            let hint = "-f text and -f json show it, -f der writes its plaintext".to_owned();
            self.notes.ticket(false, || Some((error, hint)));
        }
    }

    /// How much memory they take.
    pub(super) fn length(&self) -> usize {
        self.rendered.len() + self.notes.length()
    }
}

/// Passes results on, and adds them up.
#[derive(Default)]
pub(super) struct Printer {
    /// Errors of tickets that were told, or passed over as too many.
    errors: u64,
    pub(super) tally: Tally,
    pub(super) left_out: u64,
    pub(super) refused: bool,
    /// The captures so far, of which results were passed on.
    pub(super) sequence: Sequence,
    /// Where results go as blocks of a capture instead of as they are.
    blocks: Option<BlockWriter>,
    /// What was held back: notes and results.
    waiting: Vec<(Vec<u8>, Page)>,
    /// Bytes of it.
    waiting_length: usize,
}

/// Bytes of results that are held back while it is not certain that a file is a key file.
const LONGEST_WAIT: usize = 1 << 20;

impl Printer {
    /// Writes key logs as blocks of a capture.
    pub(super) fn of_blocks(blocks: BlockWriter) -> Self {
        Self { blocks: Some(blocks), ..Self::default() }
    }

    /// Passes on what there is, and leaves nothing; or holds it back, while there is not much.
    pub(super) fn print(&mut self, results: &mut Results<'_>, hold: bool) -> io::Result<()> {
        let notes = results.notes.judge(&mut self.errors);
        if hold && self.waiting_length <= LONGEST_WAIT {
            self.waiting_length += results.rendered.len() + notes.len();
            let room = Page::with_capacity(results.rendered.capacity());
            self.waiting.push((notes, std::mem::replace(&mut results.rendered, room)));
        } else {
            for (notes, rendered) in std::mem::take(&mut self.waiting) {
                results.notes.print(&notes);
                self.write(&rendered)?;
            }
            results.notes.print(&notes);
        }
        self.tally.extend(&std::mem::take(&mut results.tally));
        self.left_out += std::mem::take(&mut results.left_out);
        self.refused |= std::mem::take(&mut results.refused);
        let written = self.write(&results.rendered);
        results.rendered.clear();
        written
    }

    fn write(&self, rendered: &[u8]) -> io::Result<()> {
        if rendered.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match self.blocks {
            None => stdout.write_all(rendered)?,
            Some(blocks) => {
                let mut block = Zeroizing::new(Vec::new());
                blocks.tls_key_log(rendered, &mut block).map_err(io::Error::other)?;
                stdout.write_all(&block)?;
            }
        }
        stdout.flush()
    }
}
