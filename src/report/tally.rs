//! Counts for the closing summary and the exit status.

use crate::capture::Remarks;
use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::record::Status;
use crate::resumption::Reason;

/// What was counted in captures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets.
    pub packets: u64,
    /// Packets that were dropped while a capture was made, as far as it says so.
    pub dropped: u64,
    /// When the first packet was.
    pub first: Option<Time>,
    /// When the last packet was.
    pub last: Option<Time>,
}

impl Totals {
    /// Adds those of another capture.
    pub fn add(&mut self, remarks: &Remarks, dropped: u64) {
        self.packets += remarks.packets;
        self.dropped += dropped;
        let Some(first) = remarks.first else { return };
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = self.last.max(Some(remarks.last));
    }

    /// Adds those that were counted elsewhere.
    pub fn extend(&mut self, other: &Self) {
        self.packets += other.packets;
        self.dropped += other.dropped;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }
}

/// How many tickets had which status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; Status::ALL.len()],
    handshakes: [u64; HandshakeKind::ALL.len()],
    /// Of those by a PSK, how many were by an external one.
    external: u64,
    passed_over: u64,
}

impl Tally {
    /// Counts one ticket.
    pub fn add(&mut self, status: Status) {
        let slot = Status::ALL.iter().zip(&mut self.counts).find(|(known, _)| **known == status);
        if let Some((_, count)) = slot {
            *count += 1;
        }
    }

    /// Counts one connection; `is_external` is whether its PSK was an external one, by which nothing is resumed.
    pub fn add_connection(&mut self, handshake: HandshakeKind, is_external: bool) {
        self.external += u64::from(is_external && handshake == HandshakeKind::ResumedPsk);
        let slot = HandshakeKind::ALL.iter().zip(&mut self.handshakes).find(|(known, _)| **known == handshake);
        if let Some((_, count)) = slot {
            *count += 1;
        }
    }

    /// Adds what another one counted.
    pub fn extend(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.handshakes.iter_mut().zip(other.handshakes).for_each(|(count, more)| *count += more);
        self.external += other.external;
        self.passed_over += other.passed_over;
    }

    /// Counts what may be anything and was passed over.
    pub fn pass_over(&mut self, count: u64) {
        self.passed_over += count;
    }

    /// How much was passed over: bytes in texts and lines of lists of which nothing says that they are tickets.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.handshakes.iter().sum()
    }

    /// Every kind of handshake that occurred, with its count; those by an external PSK on their own.
    pub fn handshakes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let resumed = |kind| if kind == HandshakeKind::ResumedPsk { self.external } else { 0 };
        let all = HandshakeKind::ALL.into_iter().zip(self.handshakes);
        let all = all.map(move |(kind, count)| (kind.as_str(), count - resumed(kind)));
        all.chain([(Reason::ExternalPsk.as_str(), self.external)]).filter(|(_, count)| *count > 0)
    }

    /// All tickets.
    #[must_use]
    pub fn tickets(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What was not recognised as a ticket.
    #[must_use]
    pub fn unrecognised(&self) -> u64 {
        self.counts().filter(|(status, _)| *status == Status::Unrecognised).map(|(_, count)| count).sum()
    }

    /// Tickets for which the job could not be done.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.counts().filter(|(status, _)| !status.is_success()).map(|(_, count)| count).sum()
    }

    /// Every status that occurred, with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Status, u64)> {
        Status::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_occurred() {
        let mut tally = Tally::default();
        for status in [Status::Decrypted, Status::BadMac, Status::Decrypted, Status::NoKey] {
            tally.add(status);
        }
        assert_eq!((tally.tickets(), tally.failures()), (4, 1));
        let counts: Vec<_> = tally.counts().collect();
        assert_eq!(counts, [(Status::Decrypted, 2), (Status::NoKey, 1), (Status::BadMac, 1)]);
        let mut twice = tally;
        twice.add_connection(HandshakeKind::Full, false);
        twice.add_connection(HandshakeKind::ResumedPsk, true);
        twice.extend(&tally);
        assert!(twice.handshakes().eq([("full", 1), ("external_psk", 1)]));
        assert_eq!((twice.tickets(), twice.failures(), twice.connections()), (8, 2, 2));
    }
}
