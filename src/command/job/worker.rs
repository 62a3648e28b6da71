//! Opens and renders tickets, one after the other.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use tktdump::input::{Guess, Item};
use tktdump::open::{Checked, Outcome};
use tktdump::record::{Place, Record, Source, Status, examine_into};
use tktdump::report::comments::Kept;
use tktdump::report::{Page, Totals};
use tktdump::resumption::{History, Mark};
use zeroize::Zeroizing;

use super::printer::{Printer, Results};
use super::task::{Job, Stop};
use crate::command::capture::Sequence;
use crate::command::key_log::Log;
use crate::command::source;
use crate::command::turnstile::{Turn, Turnstile};

/// How much is rendered before it is written.
const FLUSH_LENGTH: usize = 1 << 16;
/// How much one of several workers holds back while it is not its turn to write.
const HELD_LENGTH: usize = 7 << 16;

/// Examines items and renders them into a buffer that is passed on now and then.
pub(super) struct Worker<'w> {
    pub(super) job: &'w Job<'w>,
    pub(super) printer: &'w Turnstile<Printer>,
    /// The turn in which its results are passed on.
    pub(super) turn: u64,
    pub(super) source: Source,
    pub(super) index: u64,
    pub(super) plaintext: Zeroizing<Vec<u8>>,
    pub(super) results: Results<'w>,
    /// At how many bytes of results it looks whether it may pass them on.
    look: usize,
    /// Why results cannot be passed on; the next pause ends the run with it.
    pub(super) stop: Option<Stop>,
    /// Whether there was a capture.
    pub(super) captures: bool,
    /// What the last input seems to be, if nothing was found in it.
    pub(super) guess: Option<Guess>,
    pub(super) sequence: Sequence,
    /// Of all captures.
    pub(super) totals: Totals,
    /// Of the capture.
    pub(super) history: History,
    /// The packets of the tickets that were shown in full.
    pub(super) shown: HashMap<Mark, u64>,
    /// The text of a connection's tickets.
    pub(super) tickets: Page,
    pub(super) key_log: Option<Log>,
    /// What is to be written on packets.
    pub(super) comments: Kept,
    /// Whether a client showed a certificate that anybody can read.
    pub(super) client_certificates: bool,
}

impl<'w> Worker<'w> {
    /// One that works alone, and takes all turns.
    pub(super) fn new(job: &'w Job<'w>, printer: &'w Turnstile<Printer>) -> Self {
        Self {
            job,
            printer,
            turn: 0,
            source: Source::from(""),
            index: 0,
            // it is given room by those who write to it, and wiped before it gets more
            plaintext: Zeroizing::default(),
            // of a single ticket, little is to be cleared and wiped: the page grows, and wipes what it leaves behind
            results: Results::new(0, job.notes),
            look: FLUSH_LENGTH,
            stop: None,
            captures: false,
            guess: None,
            sequence: Sequence::default(),
            totals: Totals::default(),
            history: History::default(),
            shown: HashMap::new(),
            tickets: Page::new(),
            key_log: None,
            comments: Kept::default(),
            client_certificates: false,
        }
    }

    /// Another one, to work on the same input.
    pub(super) fn helper(&self) -> Self {
        let mut helper = Self::new(self.job, self.printer);
        helper.source.clone_from(&self.source);
        helper.expect_others();
        helper
    }

    /// Makes room for what others keep it from passing on.
    pub(super) fn expect_others(&mut self) {
        let room = HELD_LENGTH + FLUSH_LENGTH;
        if self.results.rendered.is_empty() && self.results.rendered.capacity() < room {
            self.results.rendered = Page::with_capacity(room);
        }
    }

    pub(super) fn begin(&mut self, path: &Path) -> Result<(), Stop> {
        self.source = Source::from(&*source::display(path));
        self.index = 0;
        self.guess = None;
        self.history = History::default();
        self.shown.clear();
        if source::is_stdin(path) && io::stdin().is_terminal() {
            self.flush()?;
            self.job.notes.hint("reading tickets from the terminal; Ctrl-D ends them");
        }
        Ok(())
    }

    /// Says what an input seems to be in which there is no ticket; of the `only` one, the end of the run does.
    pub(super) fn end(&mut self, path: &Path, only: bool) {
        let shown = source::shown(path);
        match (self.index, self.guess) {
            (0, None) => self.results.notes.warning(format_args!("{shown}: no ticket in it")),
            (0, Some(guess)) if !only => {
                self.results.notes.warning(format_args!("{shown}: no ticket in it: it seems to be {}", guess.what));
            }
            _ => {}
        }
    }

    /// Says that the input could not be read to its end.
    pub(super) fn fail(&mut self, error: &anyhow::Error) -> Result<(), Stop> {
        self.flush()?;
        self.job.notes.failure(error);
        Ok(())
    }

    /// Passes on what there is, in its turn.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        let turn = self.printer.wait(self.turn);
        self.print(turn).map(drop)
    }

    /// Passes on what there is, in its turn, which ends with it.
    pub(super) fn end_turn(&mut self) -> Result<(), Stop> {
        let turn = self.printer.wait(self.turn);
        self.print(turn).map(Turn::pass)
    }

    fn print<'t>(&mut self, turn: Option<Turn<'t, Printer>>) -> Result<Turn<'t, Printer>, Stop> {
        self.look = FLUSH_LENGTH;
        let hold = self.job.opener.ring().doubts().next().is_some();
        let stop = match (self.stop.take(), turn) {
            (None, Some(mut turn)) => match turn.print(&mut self.results, hold) {
                Ok(()) => return Ok(turn),
                Err(error) => Stop::Write(error),
            },
            (stop, _) => stop.unwrap_or(Stop::Elsewhere),
        };
        // nobody will take it
        self.results.rendered.clear();
        self.printer.close();
        Err(stop)
    }

    /// Passes results on if there are many: when it is its turn, or when there is no more room.
    #[inline]
    pub(super) fn ease(&mut self) {
        let length = self.results.length();
        if length >= self.look {
            self.pass_on(length);
        }
    }

    #[cold]
    fn pass_on(&mut self, length: usize) {
        let full = length + FLUSH_LENGTH >= self.results.rendered.capacity().max(2 * FLUSH_LENGTH);
        let turn = if full { self.printer.wait(self.turn) } else { self.printer.try_wait(self.turn) };
        if turn.is_none() && !full {
            self.look = length + FLUSH_LENGTH;
        } else {
            self.stop = self.print(turn).err();
        }
    }
}

impl Worker<'_> {
    /// Takes an item, and the one that follows it, of lines that begin after `before`: their keys are looked for at once.
    pub(super) fn two(&mut self, before: u64, first: &(u64, Item<'_>), second: Option<&(u64, Item<'_>)>) {
        let both = match (first, second) {
            ((_, Item::Ticket(one)), Some((_, Item::Ticket(other)))) => Some([*one, *other]),
            _ => None,
        };
        let both = both.map(|both| self.job.opener.check_two(both));
        let [one, other] = both.as_ref().map_or([None; 2], |both| both.each_ref().map(Some));
        self.one(Some(before + first.0), &first.1, one);
        if let Some((line, item)) = second {
            self.one(Some(before + line), item, other);
        }
    }

    /// Takes an item; of a ticket, with what is known of its key.
    pub(super) fn one(&mut self, line: Option<u64>, item: &Item<'_>, checked: Option<&Checked<'_>>) {
        if self.stop.is_some() {
            return;
        }
        if let Item::Connection(connection) = item {
            return self.recorded(line, connection);
        }
        let place = Place { source: &self.source, index: self.index, line, packet: None };
        if let Some(checked) = checked {
            // a selection and a key log look into the session
            if self.job.selection.is_all()
                && self.key_log.is_none()
                && self.job.output.render_again(&place, checked, &mut self.plaintext, &mut self.results.rendered)
            {
                self.index += 1;
                self.results.tally.add(Status::Decrypted);
                return self.ease();
            }
        }
        let (opener, plaintext) = (&self.job.opener, &mut self.plaintext);
        let mut record = Record::new(place);
        examine_into(&mut record, item, checked, opener, plaintext);
        self.index += 1;
        if !self.job.selection.takes(&record) {
            self.results.left_out += 1;
            return;
        }
        match record.capture {
            // a record of a capture is judged by the packet's time, as the capture is
            Some(sighting) => {
                let clock = self.job.at.unwrap_or(sighting.time.seconds);
                self.job.output.with_clock(clock).render(&record, &mut self.results.rendered);
            }
            None => self.job.output.render(&record, &mut self.results.rendered),
        }
        if let (Some(log), Ok(Outcome::Decrypted { session, key, .. })) = (&mut self.key_log, &record.verdict) {
            log.add_bare_ticket(session, key.origin(), &mut self.results.rendered, &mut self.results.notes);
        }
        self.results.add(&record, self.job);
        self.ease();
    }
}
