//! Captures that follow each other: files of one that was rotated.

use tktdump::capture::Remarks;
use tktdump::capture::container::Time;
use tktdump::keylog::Secrets;

/// Seconds that may lie between the last packet of a file and the first of the next.
const MAX_GAP: i64 = 60;

/// What the capture before had at its end.
#[derive(Debug, Default)]
pub(in crate::command) struct Sequence {
    before: Option<Before>,
    /// It was said already.
    said: bool,
    /// What somebody logged of their connections, and what is in the captures themselves.
    secrets: Secrets,
}

#[derive(Debug)]
struct Before {
    shown: String,
    open: u64,
    last: Time,
}

impl Sequence {
    /// Of captures of which secrets were logged.
    pub(in crate::command) fn new(secrets: Secrets) -> Self {
        Self { secrets, ..Self::default() }
    }

    /// The secrets of their connections.
    pub(in crate::command) fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }

    /// Takes the next capture; what is to be said if it goes on where the one before it ended.
    pub(in crate::command) fn next(&mut self, remarks: &Remarks, shown: &str) -> Option<String> {
        let first = remarks.first?;
        let last = remarks.last;
        let new = Before { shown: shown.to_owned(), open: remarks.open_at_end, last };
        let before = self.before.replace(new)?;
        let gap = first.seconds.saturating_sub(before.last.seconds);
        if self.said || before.open == 0 || !(0..=MAX_GAP).contains(&gap) || first < before.last {
            return None;
        }
        self.said = true;
        let Before { shown: earlier, open, .. } = before;
        Some(format!(
            "{shown} goes on where {earlier} ends, with {open} handshakes open: connections are not joined across \
             files; mergecap -w all.pcapng FILES makes one of them"
        ))
    }
}
