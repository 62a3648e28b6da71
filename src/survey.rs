//! Tickets grouped by the key name they begin with: what a capture or a list tells without any key.
//!
//! A key name is public, and stays the same for as long as a server seals with one key. So names, their first and last
//! appearance and the servers that use them show rotations, and servers that share a key or should.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::capture::container::Time;
use crate::key::KeyName;
use crate::ticket::Shape;

/// Key names that are told apart; more would only be noise, and memory.
const MAX_NAMES: usize = 1 << 16;
/// Servers, host names and lengths that are kept for each name.
const MAX_KEPT: usize = 64;
/// Of this many tickets of one server that share nothing, the first bytes are no key names.
const NEVER_REPEATING: usize = 5;

/// One ticket, and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The ticket.
    pub ticket: &'a [u8],
    /// When it was seen.
    pub time: Option<Time>,
    /// The server, `ip:port`.
    pub server: Option<&'a str>,
    /// The host name that the client asked for.
    pub sni: Option<&'a [u8]>,
}

/// All tickets under one key name.
#[derive(Debug, Clone)]
pub struct Group {
    /// The name; `None` for tickets that have none, or whose first bytes never repeat.
    pub key_name: Option<KeyName>,
    /// Whose tickets they look like.
    pub shape: Shape,
    /// How many were seen, each time it was seen.
    pub tickets: u64,
    /// When the first was seen.
    pub first_seen: Option<Time>,
    /// When the last was seen.
    pub last_seen: Option<Time>,
    /// The servers, `ip:port`.
    pub servers: BTreeSet<String>,
    /// The host names that clients asked for.
    pub snis: BTreeSet<Vec<u8>>,
    /// The lengths of the tickets, bytes.
    pub lengths: BTreeSet<usize>,
    /// The name that a server of this group used before: a rotation, at the time this one was first seen.
    pub replaces: Option<KeyName>,
    /// A hash of the first ticket, to tell a name from a ticket that came twice.
    first: u64,
    /// Whether different tickets share the name.
    repeats: bool,
}

/// Collects tickets.
#[derive(Debug, Default)]
pub struct Survey {
    groups: HashMap<KeyName, Group>,
    /// Tickets too short for a name, or beyond the number of names.
    nameless: BTreeMap<&'static str, Group>,
}

impl Survey {
    /// Takes a ticket.
    pub fn add(&mut self, seen: Seen<'_>) {
        let shape = Shape::of(seen.ticket);
        let named = shape.key_name(seen.ticket).filter(|name| !is_uninitialised(*name));
        let room = self.groups.len() < MAX_NAMES;
        match named.filter(|name| room || self.groups.contains_key(name)) {
            Some(name) => self.groups.entry(name).or_insert_with(|| Group::new(Some(name), shape, &seen)).count(&seen),
            None => {
                self.nameless.entry(shape.as_str()).or_insert_with(|| Group::new(None, shape, &seen)).count(&seen);
            }
        }
    }

    /// The groups, by the time they were first seen, then by name; those without a name last.
    #[must_use]
    pub fn finish(self) -> Vec<Group> {
        let mut nameless = self.nameless;
        let mut singles: BTreeMap<&'static str, Vec<Group>> = BTreeMap::new();
        let mut groups = Vec::new();
        for group in self.groups.into_values() {
            if group.repeats || (!group.shape.has_doubtful_name() && group.tickets > 1) {
                groups.push(group);
            } else {
                singles.entry(group.shape.as_str()).or_default().push(group);
            }
        }
        for (shape, singles) in singles {
            let alone: HashMap<String, usize> =
                singles.iter().flat_map(|group| &group.servers).fold(HashMap::new(), |mut counts, server| {
                    *counts.entry(server.clone()).or_default() += 1;
                    counts
                });
            for group in singles {
                // one ticket of Go's may begin with a name or with an IV; a server does not change its key each time
                let has_name = !group.shape.has_doubtful_name()
                    && group.servers.iter().all(|server| alone.get(server).is_none_or(|&n| n < NEVER_REPEATING));
                if has_name {
                    groups.push(group);
                    continue;
                }
                match nameless.get_mut(shape) {
                    Some(all) => all.absorb(group),
                    None => {
                        nameless.insert(shape, Group { key_name: None, ..group });
                    }
                }
            }
        }
        groups.sort_by_key(|group| (group.first_seen, group.key_name));
        mark_rotations(&mut groups);
        groups.extend(nameless.into_values());
        groups
    }
}

impl Group {
    fn new(key_name: Option<KeyName>, shape: Shape, seen: &Seen<'_>) -> Self {
        Self {
            key_name,
            shape,
            tickets: 0,
            first_seen: None,
            last_seen: None,
            servers: BTreeSet::new(),
            snis: BTreeSet::new(),
            lengths: BTreeSet::new(),
            replaces: None,
            first: hash(seen.ticket),
            repeats: false,
        }
    }

    fn count(&mut self, seen: &Seen<'_>) {
        self.tickets += 1;
        self.first_seen = earliest(self.first_seen, seen.time);
        self.last_seen = self.last_seen.max(seen.time);
        if let Some(server) = seen.server.filter(|_| self.servers.len() < MAX_KEPT) {
            self.servers.insert(server.to_owned());
        }
        if let Some(sni) = seen.sni.filter(|_| self.snis.len() < MAX_KEPT) {
            self.snis.insert(sni.to_vec());
        }
        if self.lengths.len() < MAX_KEPT {
            self.lengths.insert(seen.ticket.len());
        }
        self.repeats = self.repeats || hash(seen.ticket) != self.first;
    }

    fn absorb(&mut self, other: Self) {
        self.tickets += other.tickets;
        self.first_seen = earliest(self.first_seen, other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.servers.extend(other.servers);
        self.snis.extend(other.snis);
        self.lengths.extend(other.lengths);
        while self.servers.len() > MAX_KEPT {
            self.servers.pop_last();
        }
        while self.snis.len() > MAX_KEPT {
            self.snis.pop_last();
        }
        while self.lengths.len() > MAX_KEPT {
            self.lengths.pop_last();
        }
    }
}

/// Whether a name is two addresses of a process on a 64-bit machine: what stunnel sends, which never sets it
/// (`src/ctx.c`). Of random names one in 2^32 looks like that.
fn is_uninitialised(name: KeyName) -> bool {
    name.as_bytes().chunks_exact(8).all(|half| matches!(half, [.., high, 0, 0] if *high != 0))
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

/// A name that appears where a server was seen with another one before has replaced that one.
fn mark_rotations(groups: &mut [Group]) {
    let mut latest: HashMap<String, KeyName> = HashMap::new();
    for group in groups.iter_mut().filter(|group| group.first_seen.is_some()) {
        let before = group.servers.iter().find_map(|server| latest.get(server).copied());
        group.replaces = before;
        if let Some(name) = group.key_name {
            latest.extend(group.servers.iter().map(|server| (server.clone(), name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(name: u8, rest: u8) -> Vec<u8> {
        [[name; 16].as_slice(), &[rest; 160]].concat()
    }

    fn seen<'a>(ticket: &'a [u8], seconds: i64, server: &'a str) -> Seen<'a> {
        let time = Some(Time { seconds, nanoseconds: 0 });
        Seen { ticket, time, server: Some(server), sni: Some(b"www.example") }
    }

    #[test]
    fn names_are_counted_and_rotations_marked() {
        let mut survey = Survey::default();
        for (name, rest, at) in [(1, 1, 10), (1, 2, 20), (2, 3, 30), (2, 3, 40), (1, 4, 50)] {
            survey.add(seen(&ticket(name, rest), at, "10.0.0.1:443"));
        }
        let groups = survey.finish();
        let shown: Vec<_> = groups
            .iter()
            .map(|group| {
                let seconds = |time: Option<Time>| time.map(|time| time.seconds);
                let names =
                    (group.key_name.map(|name| name.as_bytes()[0]), group.replaces.map(|name| name.as_bytes()[0]));
                (names, group.tickets, seconds(group.first_seen), seconds(group.last_seen))
            })
            .collect();
        assert_eq!(shown, [((Some(1), None), 3, Some(10), Some(50)), ((Some(2), Some(1)), 2, Some(30), Some(40))]);
    }

    #[test]
    fn first_bytes_that_never_repeat_are_no_names() {
        let mut survey = Survey::default();
        for name in 10..20 {
            survey.add(seen(&ticket(name, name), 1, "10.0.0.1:443"));
        }
        survey.add(seen(&ticket(1, 1), 1, "10.0.0.1:443"));
        survey.add(seen(&ticket(1, 2), 1, "10.0.0.1:443"));
        let groups = survey.finish();
        let names: Vec<_> = groups.iter().map(|group| (group.key_name.is_some(), group.tickets)).collect();
        assert_eq!(names, [(true, 2), (false, 10)]);
    }

    #[test]
    fn what_stunnel_sends_is_no_name_and_one_ticket_each_of_many_servers_is() {
        let mut survey = Survey::default();
        let stunnel = include_bytes!("../testdata/stunnel32_tls12/ticket.bin");
        survey.add(Seen { ticket: stunnel, time: None, server: None, sni: None });
        for name in 10..20 {
            survey.add(Seen { ticket: &ticket(name, name), time: None, server: None, sni: None });
        }
        let groups = survey.finish();
        assert_eq!(groups.iter().filter(|group| group.key_name.is_some()).count(), 10);
        assert_eq!(groups.iter().filter(|group| group.key_name.is_none()).count(), 1);
    }

    #[test]
    fn a_ticket_offered_twice_makes_no_name_of_an_iv() {
        let mut survey = Survey::default();
        let go = vec![7; 113];
        survey.add(seen(&go, 1, "10.0.0.1:443"));
        survey.add(seen(&go, 2, "10.0.0.1:443"));
        let groups = survey.finish();
        assert_eq!((groups.len(), groups[0].key_name, groups[0].tickets), (1, None, 2));
    }

    #[test]
    fn memory_is_bounded() {
        let mut survey = Survey::default();
        for number in 0_u32..100_000 {
            let mut ticket = ticket(0, 0);
            ticket[..4].copy_from_slice(&number.to_be_bytes());
            survey.add(Seen { ticket: &ticket, time: None, server: None, sni: None });
        }
        assert!(survey.groups.len() <= MAX_NAMES);
        assert_eq!(survey.finish().iter().map(|group| group.tickets).sum::<u64>(), 100_000);
    }
}
