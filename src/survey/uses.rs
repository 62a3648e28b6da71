//! What servers did with a key: how often, and over time.

use std::collections::BTreeMap;

use super::strip::{Strip, widen};
use crate::capture::container::Time;
use crate::resumption::Reason;

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

/// What became of a key's tickets at one server over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Tickets that the server issued.
    pub issued: Strip,
    /// Those that clients offered, and of which it is not known what became of them.
    pub undecided: Strip,
    /// Those that it accepted.
    pub accepted: Strip,
    /// Those that it refused.
    pub refused: Strip,
    /// Why the connections did not resume whose tickets it refused.
    pub reasons: BTreeMap<Reason, u64>,
}

impl Course {
    /// All strips.
    #[must_use]
    pub fn strips(&self) -> [&Strip; 4] {
        [&self.issued, &self.undecided, &self.accepted, &self.refused]
    }

    pub(super) fn strips_mut(&mut self) -> [&mut Strip; 4] {
        [&mut self.issued, &mut self.undecided, &mut self.accepted, &mut self.refused]
    }

    pub(super) fn strip_mut(&mut self, part: Part) -> Option<&mut Strip> {
        match part {
            Part::Unknown => None,
            Part::Issued => Some(&mut self.issued),
            Part::Offered => Some(&mut self.undecided),
            Part::Accepted => Some(&mut self.accepted),
            Part::Refused => Some(&mut self.refused),
        }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        for (strip, more) in self.strips_mut().into_iter().zip(other.strips()) {
            strip.absorb(more);
        }
        for (reason, count) in &other.reasons {
            *self.reasons.entry(*reason).or_default() += count;
        }
    }
}
