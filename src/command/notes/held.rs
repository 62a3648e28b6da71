//! Notes about tickets, held back until it is their turn.

use std::fmt::Display;

use super::{Notes, line};

/// Errors of single tickets that are shown even if the records have them too.
const SHOWN_ERRORS: u64 = 10;
/// Said in the place of the next one.
const ENOUGH: &str = "further errors are in the records only; -v shows them here too";

/// Notes about the tickets of one stretch of an input.
///
/// How many errors there were before it is known when it is shown; what cannot be shown whatever that number is, is
/// only counted.
pub(in crate::command) struct Held<'n> {
    notes: &'n Notes,
    text: Vec<u8>,
    /// Where notes end in the text.
    ends: Vec<(usize, Kind)>,
    /// Errors among these notes.
    errors: u64,
    /// Errors that there were before them at least.
    before: u64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Warning,
    /// The error of a ticket; shown while there are few, if a record has it too.
    Error {
        in_record: bool,
    },
}

impl<'n> Held<'n> {
    /// Holds the notes that `notes` will show.
    pub(in crate::command) fn new(notes: &'n Notes) -> Self {
        Self { notes, text: Vec::new(), ends: Vec::new(), errors: 0, before: 0 }
    }

    /// How much memory the notes take.
    pub(in crate::command) fn length(&self) -> usize {
        self.text.len()
    }

    pub(in crate::command) fn warning(&mut self, message: impl Display) {
        if !self.notes.quiet {
            line("warning", message, &mut self.text);
            self.ends.push((self.text.len(), Kind::Warning));
        }
    }

    /// A ticket that was not opened, with the error and the hint that `what` gives; what a record says too always has
    /// some, and is not repeated for ever in a long batch.
    pub(in crate::command) fn ticket(&mut self, in_record: bool, what: impl FnOnce() -> Option<(String, String)>) {
        // the one after the last one is where it is said that there are more
        let too_many = !self.notes.verbose && self.before + self.errors > SHOWN_ERRORS;
        if in_record && (self.notes.quiet || too_many) {
            self.errors += 1;
            return;
        }
        let Some((error, hint)) = what() else { return };
        self.errors += 1;
        line("error", error, &mut self.text);
        if !self.notes.quiet {
            line("hint", hint, &mut self.text);
        }
        self.ends.push((self.text.len(), Kind::Error { in_record }));
    }

    /// Shows a text that [`judge`](Self::judge) gave.
    pub(in crate::command) fn print(&self, shown: &[u8]) {
        if !shown.is_empty() {
            self.notes.print(shown);
        }
    }

    /// The text that is to be shown, after `errors` of tickets that were not opened, to which those in it are added. Nothing
    /// is held any more.
    pub(in crate::command) fn judge(&mut self, errors: &mut u64) -> Vec<u8> {
        let mut shown = Vec::new();
        let (mut start, mut number) = (0, *errors);
        for &(end, kind) in &self.ends {
            let note = self.text.get(start..end).unwrap_or_default();
            start = end;
            number += u64::from(matches!(kind, Kind::Error { .. }));
            match kind {
                Kind::Error { in_record: true } if number > SHOWN_ERRORS && !self.notes.verbose => {
                    if number == SHOWN_ERRORS + 1 {
                        line("warning", ENOUGH, &mut shown);
                    }
                }
                _ => shown.extend_from_slice(note),
            }
        }
        *errors += self.errors;
        self.before = *errors;
        self.errors = 0;
        self.text.clear();
        self.ends.clear();
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::progress::Progress;

    /// What is shown of errors in stretches of `lengths`, with a warning at the end of each.
    fn shown(notes: &Notes, in_record: bool, lengths: &[u64]) -> String {
        let (mut errors, mut shown, mut number) = (0, Vec::new(), 0);
        // as by two workers in turn
        let mut workers = [Held::new(notes), Held::new(notes)];
        for (stretch, length) in lengths.iter().enumerate() {
            let held = &mut workers[stretch % 2];
            for _ in 0..*length {
                number += 1;
                held.ticket(in_record, || Some((format!("error {number}"), format!("hint {number}"))));
            }
            assert!(held.ends.len() <= 11 || !in_record || notes.verbose, "more is held than can be shown");
            held.warning("end");
            shown.extend(held.judge(&mut errors));
        }
        assert_eq!(errors, number);
        let text = String::from_utf8(shown).unwrap();
        text.lines().filter(|line| !line.ends_with(" end")).fold(String::new(), |all, line| all + line + "\n")
    }

    #[test]
    fn errors_are_counted_over_all_stretches() {
        let notes = |quiet, verbose| Notes { quiet, verbose, progress: Progress::new(true, false) };
        let pairs = |numbers: std::ops::RangeInclusive<u64>| -> String {
            numbers.fold(String::new(), |all, n| all + &format!("tktdump: error: error {n}\ntktdump: hint: hint {n}\n"))
        };
        for lengths in [&[40][..], &[1; 40], &[9, 1, 1, 29], &[3, 8, 0, 29], &[10, 30], &[11, 29]] {
            let expected = pairs(1..=10) + "tktdump: warning: " + ENOUGH + "\n";
            assert_eq!(shown(&notes(false, false), true, lengths), expected, "{lengths:?}");
            assert_eq!(shown(&notes(false, true), true, lengths), pairs(1..=40), "{lengths:?}");
            assert_eq!(shown(&notes(true, false), true, lengths), "", "{lengths:?}");
            assert_eq!(shown(&notes(false, false), false, lengths), pairs(1..=40), "{lengths:?}");
            let quiet = shown(&notes(true, false), false, lengths);
            assert_eq!((quiet.lines().count(), quiet.contains("hint")), (40, false), "{lengths:?}");
        }
        assert_eq!(shown(&notes(false, false), true, &[4, 6]), pairs(1..=10));
    }
}
