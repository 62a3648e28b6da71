//! All tickets under one key name.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::room::{MAX_KEPT, Room};
use super::strip::Scale;
use super::uses::{Course, Part, Uses};
use crate::capture::container::Time;
use crate::key::{KeyName, Role};
use crate::resumption::Reason;
use crate::ticket::Shape;

/// Bytes of a group with one member in each of its sets, whose nodes have room for eleven.
pub(super) const GROUP: usize = 2 * size_of::<Group>() + 11 * (size_of::<Uses>() + 4 * size_of::<String>());

/// One ticket, and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The ticket; its key name alone is enough.
    pub ticket: &'a [u8],
    /// When it was seen.
    pub time: Option<Time>,
    /// The server, `ip:port`.
    pub server: Option<&'a str>,
    /// The host name that the client asked for.
    pub sni: Option<&'a [u8]>,
    /// The input that it came from.
    pub source: &'a str,
    /// How it came to be seen.
    pub part: Part,
}

/// The key that opens the tickets of a group, as the key files name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// Path of the file.
    pub file: Arc<str>,
    /// n-th key of that file, from 0.
    pub index: usize,
    /// Whether the file says that it seals.
    pub role: Role,
    /// Whether a ticket of the group verifies under it; otherwise it only has the name.
    pub verified: bool,
}

/// All tickets under one key name.
#[derive(Debug, Clone)]
pub struct Group {
    /// The name; `None` for tickets that have none, or whose first bytes never repeat.
    pub key_name: Option<KeyName>,
    /// How many bytes of the name are the key's: 16, or 4 if the rest is a salt that differs from ticket to ticket.
    pub name_length: usize,
    /// Whose tickets they look like.
    pub shape: Shape,
    /// How many were seen, each time it was seen.
    pub tickets: u64,
    /// When the first was seen.
    pub first_seen: Option<Time>,
    /// When the last was seen.
    pub last_seen: Option<Time>,
    /// What was done with them, by all servers and by those that are not known.
    pub uses: Uses,
    /// What was done with them, by server, `ip:port`.
    pub by_server: BTreeMap<String, Uses>,
    /// What was done with them over time, by server; only if the survey keeps time.
    pub courses: BTreeMap<String, Course>,
    /// The host names that clients asked for.
    pub snis: BTreeSet<Vec<u8>>,
    /// The lengths of the tickets, bytes; of names alone none.
    pub lengths: BTreeSet<usize>,
    /// The inputs that they came from.
    pub sources: BTreeSet<String>,
    /// The name that a server of this group stopped sealing under before it began with this one: a rotation.
    pub replaces: Option<KeyName>,
    /// The names that a server of this group seals under in the same period.
    pub alongside: BTreeSet<KeyName>,
    /// The key that opens them, if keys were given.
    pub key: Option<KnownKey>,
    /// A hash of the first ticket, to tell a name from a ticket that came twice.
    first: u64,
    /// Whether different tickets share the name.
    pub(super) repeats: bool,
}

impl Group {
    pub(super) fn new(key_name: Option<KeyName>, shape: Shape, seen: &Seen<'_>) -> Self {
        Self {
            key_name,
            name_length: size_of::<KeyName>(),
            shape,
            tickets: 0,
            first_seen: None,
            last_seen: None,
            uses: Uses::default(),
            by_server: BTreeMap::new(),
            courses: BTreeMap::new(),
            snis: BTreeSet::new(),
            lengths: BTreeSet::new(),
            sources: BTreeSet::new(),
            replaces: None,
            alongside: BTreeSet::new(),
            key: None,
            first: hash(seen.ticket),
            repeats: false,
        }
    }

    /// The group as one whose first bytes are no name.
    pub(super) fn without_name(self) -> Self {
        Self { key_name: None, ..self }
    }

    /// The bytes of the name that are the key's.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        let name = self.key_name.as_ref()?.as_bytes();
        name.get(..self.name_length.min(name.len()))
    }

    /// The servers that issued or accepted tickets of the group, and those of which no more is known than that their
    /// tickets are in it.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        let seals = |uses: &Uses| uses.has_key() || uses.offered == 0;
        self.by_server.iter().filter(move |(_, uses)| seals(uses)).map(|(server, _)| server.as_str())
    }

    pub(super) fn count(&mut self, seen: &Seen<'_>, key: Option<KnownKey>, room: &mut Room) {
        self.tickets += 1;
        self.first_seen = earliest(self.first_seen, seen.time);
        self.last_seen = self.last_seen.max(seen.time);
        self.uses.count(seen.part, seen.time);
        if let Some(server) = seen.server {
            if self.by_server.contains_key(server) || room.take_member(self.by_server.len(), server.len()) {
                self.by_server.entry(server.to_owned()).or_default().count(seen.part, seen.time);
            } else {
                room.left_out.servers += 1;
            }
        }
        if let Some(sni) = seen.sni.filter(|sni| !self.snis.contains(*sni)) {
            if room.take_member(self.snis.len(), sni.len()) {
                self.snis.insert(sni.to_vec());
            } else {
                room.left_out.snis += 1;
            }
        }
        if self.lengths.len() < MAX_KEPT {
            self.lengths.insert(seen.ticket.len());
        }
        if self.sources.len() < MAX_KEPT && !self.sources.contains(seen.source) {
            self.sources.insert(seen.source.to_owned());
        }
        if self.key.as_ref().is_none_or(|known| !known.verified) {
            self.key = key.or(self.key.take());
        }
        self.repeats = self.repeats || hash(seen.ticket) != self.first;
    }

    pub(super) fn count_time(&mut self, seen: &Seen<'_>, reason: Option<Reason>, scale: &mut Scale, room: &mut Room) {
        let Some(server) = seen.server.filter(|server| self.by_server.contains_key(*server)) else { return };
        if !self.courses.contains_key(server) {
            if !room.take(2 * size_of::<Course>() + server.len()) {
                return;
            }
            self.courses.insert(server.to_owned(), Course::default());
        }
        let Some(course) = self.courses.get_mut(server) else { return };
        if let Some(strip) = course.strip_mut(seen.part) {
            scale.count(strip, seen.time);
        }
        if let Some(reason) = reason {
            *course.reasons.entry(reason).or_default() += 1;
        }
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.tickets += other.tickets;
        self.first_seen = earliest(self.first_seen, other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.uses.absorb(&other.uses);
        for (server, uses) in other.by_server {
            if self.by_server.len() < MAX_KEPT || self.by_server.contains_key(&server) {
                self.by_server.entry(server).or_default().absorb(&uses);
            }
        }
        for (server, course) in other.courses {
            if self.by_server.contains_key(&server) {
                self.courses.entry(server).or_default().absorb(&course);
            }
        }
        self.snis.extend(other.snis);
        self.lengths.extend(other.lengths);
        self.sources.extend(other.sources);
        self.key = self.key.take().or(other.key);
        while self.snis.len() > MAX_KEPT {
            self.snis.pop_last();
        }
        while self.lengths.len() > MAX_KEPT {
            self.lengths.pop_last();
        }
        while self.sources.len() > MAX_KEPT {
            self.sources.pop_last();
        }
    }
}

fn earliest(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn hash(ticket: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    ticket.hash(&mut hasher);
    hasher.finish()
}
