//! What servers did with the tickets of a key, and when.

use crate::capture::container::Time;

/// How a ticket came to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Part {
    /// Nothing is known: a list, or a file.
    #[default]
    Unknown,
    /// A server issued it.
    Issued,
    /// A client offered it, and it is not known what became of it.
    Offered,
    /// A client offered it, and the server took it.
    Accepted,
    /// A client offered it, and the server did not take it.
    Refused,
}

/// What one server did with a key, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// Tickets that it issued.
    pub issued: u64,
    /// Tickets that clients offered to it, whatever became of them.
    pub offered: u64,
    /// Those that it accepted.
    pub accepted: u64,
    /// Those that it refused.
    pub refused: u64,
    /// When any was seen first and last.
    pub seen: Option<(Time, Time)>,
    /// When it issued the first and the last.
    pub sealing: Option<(Time, Time)>,
}

impl Uses {
    pub(super) fn count(&mut self, part: Part, time: Option<Time>) {
        match part {
            Part::Issued => self.issued += 1,
            Part::Offered => self.offered += 1,
            Part::Accepted => (self.offered, self.accepted) = (self.offered + 1, self.accepted + 1),
            Part::Refused => (self.offered, self.refused) = (self.offered + 1, self.refused + 1),
            Part::Unknown => {}
        }
        widen(&mut self.seen, time);
        if matches!(part, Part::Issued | Part::Unknown) {
            widen(&mut self.sealing, time);
        }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        self.issued += other.issued;
        self.offered += other.offered;
        self.accepted += other.accepted;
        self.refused += other.refused;
        for (span, more) in [(&mut self.seen, other.seen), (&mut self.sealing, other.sealing)] {
            if let Some((first, last)) = more {
                widen(span, Some(first));
                widen(span, Some(last));
            }
        }
    }

    /// Whether the server has shown that it has the key: it issued, or accepted.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.issued > 0 || self.accepted > 0
    }
}

/// Makes a span of time hold another point.
fn widen(span: &mut Option<(Time, Time)>, time: Option<Time>) {
    if let Some(time) = time {
        let (first, last) = span.unwrap_or((time, time));
        *span = Some((first.min(time), last.max(time)));
    }
}
