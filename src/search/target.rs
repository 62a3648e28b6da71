//! What is searched for: the key of tickets that begin alike.

use super::families;
use super::lock::{Clues, Cost, Direction, Lock, PairLock, WholeLock};
use super::sieve::Reach;
use crate::ticket::{KeyName, Shape, leading_name};

/// Tickets with the same key name; if they have none, or if nothing tells where it is, those with the same first 16 bytes.
pub(super) struct Target {
    /// The first of the tickets, which candidates are tried on.
    pub(super) ticket: Vec<u8>,
    /// The name, or the 16 bytes.
    pub(super) name: KeyName,
    /// What follows them in each of the tickets: a name in memory with one of these behind it is a copy of a ticket.
    pub(super) ivs: Vec<[u8; 16]>,
    /// Numbers of the tickets, as they were given.
    pub(super) tickets: Vec<usize>,
    /// What candidates are tried on.
    pub(super) locks: Vec<Lock>,
    /// The key, once it is found.
    pub(super) key: Option<usize>,
    /// What its length says.
    shape: Shape,
    thorough: bool,
}

impl Target {
    /// `None` for bytes that no family seals.
    pub(super) fn new(number: usize, ticket: &[u8], clues: &Clues) -> Option<Self> {
        let name = Self::name_of(ticket)?;
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
            shape: Shape::of(ticket),
            thorough: clues.thorough,
        };
        target.add(number, ticket);
        Some(target)
    }

    /// What tickets are grouped by.
    pub(super) fn name_of(ticket: &[u8]) -> Option<KeyName> {
        Shape::of(ticket).key_name(ticket).or_else(|| leading_name(ticket))
    }

    /// Adds a ticket with that name.
    pub(super) fn add(&mut self, number: usize, ticket: &[u8]) {
        self.tickets.push(number);
        let name = self.name.as_bytes();
        let mut rest = ticket.windows(name.len()).zip(0..).filter(|(window, _)| *window == name);
        let at = rest.next().map_or(0, |(_, at)| at);
        if let Some(follows) = ticket.get(at + name.len()..).and_then(<[u8]>::first_chunk) {
            self.ivs.push(*follows);
        }
    }

    /// Whether single secrets are looked for among so many candidates: of a family that seals with a MAC, less.
    pub(super) fn wants_wholes(&self, reach: Reach) -> bool {
        let has_mac = matches!(self.shape, Shape::OpenSsl | Shape::Go);
        reach != Reach::Dense || !has_mac || self.thorough
    }

    /// Whether a lock is tried on so many candidates: the length of a ticket is seldom that of OpenSSL's by chance.
    pub(super) fn wants_pairs(&self, lock: &PairLock, reach: Reach) -> bool {
        let is_common = self.thorough || reach != Reach::Dense || self.shape != Shape::OpenSsl;
        is_common || lock.direction == Direction::Decrypt
    }

    /// Whether it has a lock that takes two secrets.
    pub(super) fn has_pairs(&self, reach: Reach) -> bool {
        self.locks.iter().filter_map(Lock::pair).any(|lock| self.wants_pairs(lock, reach))
    }

    /// Its locks that take one secret, of a cost.
    pub(super) fn wholes(&self, reach: Reach, cost: Cost) -> impl Iterator<Item = &WholeLock> {
        // among few candidates they are tried along with AES keys
        let is_together =
            move |lock: &WholeLock| reach != Reach::Sparse && cost == Cost::Low && lock.cost == Cost::Least;
        self.locks.iter().filter_map(move |lock| match lock {
            Lock::Whole(lock) if lock.cost == cost || is_together(lock) => Some(lock),
            _ => None,
        })
    }
}
