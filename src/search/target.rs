//! What is searched for: the key of tickets that begin alike.

use super::families;
use super::lock::{Clues, Cost, Lock};
use super::sieve::Reach;
use crate::ticket::Shape;

/// Tickets that begin with the same 16 bytes: of a family that names its keys, those of one key.
pub(super) struct Target {
    /// The first of the tickets, which candidates are tried on.
    pub(super) ticket: Vec<u8>,
    /// The 16 bytes.
    pub(super) name: [u8; 16],
    /// What follows them in each of the tickets: a name in memory with one of these behind it is a copy of a ticket.
    pub(super) ivs: Vec<[u8; 16]>,
    /// Numbers of the tickets, as they were given.
    pub(super) tickets: Vec<usize>,
    /// What candidates are tried on.
    pub(super) locks: Vec<Lock>,
    /// The key, once it is found.
    pub(super) key: Option<usize>,
    /// Whether the length is that of a family that seals with a MAC, so that an AEAD is less likely.
    has_mac_shape: bool,
    thorough: bool,
}

impl Target {
    /// `None` for bytes that no family seals.
    pub(super) fn new(number: usize, ticket: &[u8], clues: &Clues) -> Option<Self> {
        let name = *ticket.first_chunk()?;
        let locks = families::locks(ticket, clues);
        if locks.is_empty() {
            return None;
        }
        let mut target = Self {
            ticket: ticket.to_vec(),
            name,
            ivs: Vec::new(),
            tickets: Vec::new(),
            locks,
            key: None,
            has_mac_shape: matches!(Shape::of(ticket), Shape::OpenSsl | Shape::Go),
            thorough: clues.thorough,
        };
        target.add(number, ticket);
        Some(target)
    }

    /// Adds a ticket that begins alike.
    pub(super) fn add(&mut self, number: usize, ticket: &[u8]) {
        self.tickets.push(number);
        if let Some(iv) = ticket.get(16..).and_then(<[u8]>::first_chunk) {
            self.ivs.push(*iv);
        }
    }

    /// Whether single secrets are looked for among so many candidates.
    pub(super) fn wants_wholes(&self, reach: Reach) -> bool {
        reach != Reach::Dense || !self.has_mac_shape || self.thorough
    }

    /// Whether it has a lock of a kind.
    pub(super) fn has_pairs(&self) -> bool {
        self.locks.iter().any(|lock| lock.pair().is_some())
    }

    pub(super) fn has_wholes(&self, cost: Cost) -> bool {
        self.locks.iter().any(|lock| matches!(lock, Lock::Whole(lock) if lock.cost == cost))
    }
}
