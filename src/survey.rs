//! Tickets grouped by the key name they begin with: what a capture or a list tells without any key.
//!
//! A key name is public, and stays the same for as long as a server seals with one key. So names, their first and last
//! appearance and the servers that use them show rotations, and servers that share a key or should.

mod names;
mod node;
pub mod picture;
mod remark;
pub mod stored;
mod strip;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::capture::container::Time;
use crate::key::{KeyName, Role};
use crate::resumption::Reason;
use crate::ticket::{self, NAME_LENGTH, Shape};

pub use self::names::{Shown, each as each_name};
pub use self::node::{Node, Outcome};
pub use self::picture::Picture;
pub use self::remark::{Piece, ROTATION, Remark};
use self::strip::{Scale, widen};
pub use self::strip::{Strip, millis};

/// Bytes that all groups may take together; what finds no room is counted, and left out.
const BUDGET: usize = 24 << 20;
/// Bytes of a group with one member in each of its sets, whose nodes have room for eleven.
const GROUP: usize = 2 * size_of::<Group>() + 11 * (size_of::<Uses>() + 4 * size_of::<String>());
/// Bytes of a further member of a set besides its own.
const MEMBER: usize = size_of::<Uses>() + 2 * size_of::<String>();
/// The longest host name there is (RFC 1035 section 2.3.4); no server's address is as long.
const MAX_LENGTH: usize = 255;
/// Servers, host names and lengths that are kept for each name.
const MAX_KEPT: usize = 64;
/// Bytes of a name that are the key's if the rest is salt.
const PREFIX: usize = 4;
/// Of this many tickets of one server that share nothing, the first bytes are not key names.
const NEVER_REPEATING: usize = 5;

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
    fn count(&mut self, part: Part, time: Option<Time>) {
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

    fn absorb(&mut self, other: &Self) {
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

    fn strips_mut(&mut self) -> [&mut Strip; 4] {
        [&mut self.issued, &mut self.undecided, &mut self.accepted, &mut self.refused]
    }

    fn strip_mut(&mut self, part: Part) -> Option<&mut Strip> {
        match part {
            Part::Unknown => None,
            Part::Issued => Some(&mut self.issued),
            Part::Offered => Some(&mut self.undecided),
            Part::Accepted => Some(&mut self.accepted),
            Part::Refused => Some(&mut self.refused),
        }
    }

    fn absorb(&mut self, other: &Self) {
        for (strip, more) in self.strips_mut().into_iter().zip(other.strips()) {
            strip.absorb(more);
        }
        for (reason, count) in &other.reasons {
            *self.reasons.entry(*reason).or_default() += count;
        }
    }
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
    repeats: bool,
}

/// Collects tickets.
#[derive(Debug, Default)]
pub struct Survey {
    groups: HashMap<KeyName, Group>,
    /// Tickets too short for a name, or for whose name there was no room.
    nameless: BTreeMap<&'static str, Group>,
    room: Room,
    /// Where counts over time are wanted.
    scale: Option<Scale>,
}

/// What found no room in a survey, each time it was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Tickets that were counted without their key name.
    pub names: u64,
    /// Servers that are not in the list of their key name.
    pub servers: u64,
    /// Host names that are not in the list of their key name; none of more than 255 bytes is.
    pub snis: u64,
}

/// Bytes in use, and what found no room.
#[derive(Debug, Default)]
struct Room {
    used: usize,
    left_out: LeftOut,
}

impl Room {
    /// Takes as many bytes, if they are there.
    fn take(&mut self, bytes: usize) -> bool {
        let is_there = self.used + bytes <= BUDGET;
        self.used += if is_there { bytes } else { 0 };
        is_there
    }

    /// Takes room for a member of a set that has so many.
    fn take_member(&mut self, members: usize, length: usize) -> bool {
        members < MAX_KEPT && length <= MAX_LENGTH && self.take(MEMBER + length)
    }
}

impl Survey {
    /// A survey that also counts over time.
    #[must_use]
    pub fn keeping_time() -> Self {
        Self { scale: Some(Scale::default()), ..Self::default() }
    }

    /// Takes a ticket, and the key that opens it, if that is known.
    pub fn add(&mut self, seen: Seen<'_>, key: Option<KnownKey>) {
        self.add_judged(seen, key, None);
    }

    /// Takes a ticket, and why the connection did not resume in which it was refused.
    fn add_judged(&mut self, seen: Seen<'_>, key: Option<KnownKey>, reason: Option<Reason>) {
        self.widen(seen.time);
        let is_bare_name = seen.ticket.len() == NAME_LENGTH;
        let shape = Shape::of(seen.ticket);
        let named = match is_bare_name {
            true if seen.part == Part::Unknown => None,
            true => ticket::leading_name(seen.ticket),
            false => shape.key_name(seen.ticket),
        };
        let named = named.filter(|name| !is_uninitialised(*name));
        let (group, room, scale) = self.group(named, shape, &seen);
        group.count(&seen, key, room);
        if let Some(scale) = scale {
            group.count_time(&seen, reason, scale, room);
        }
    }

    /// Makes the buckets of all strips wide enough for a time.
    fn widen(&mut self, time: Option<Time>) {
        let (Some(scale), Some(time)) = (&mut self.scale, time) else { return };
        let before = scale.width();
        if scale.widen(time) {
            let mut all = *scale;
            self.coarsen(before, &mut all);
            self.scale = Some(all);
        }
    }

    /// Puts buckets together, as a scale wants it.
    fn coarsen(&mut self, before: i64, scale: &mut Scale) {
        let groups = self.groups.values_mut().chain(self.nameless.values_mut());
        let strips = groups.flat_map(|group| group.courses.values_mut()).flat_map(Course::strips_mut);
        let filled = strips.map(|strip| {
            strip.coarsen(before, scale.width());
            strip.filled()
        });
        scale.recount(filled.sum());
    }

    /// Takes a key name without more of a ticket.
    pub fn add_name(&mut self, name: KeyName, shown: Shown, source: &str) {
        let part = match shown {
            Shown::Ticket => Part::Unknown,
            Shown::Sealed => Part::Issued,
            Shown::Opened => Part::Accepted,
            Shown::NotFound => Part::Refused,
        };
        let seen = Seen { ticket: name.as_bytes(), time: None, server: None, sni: None, source, part };
        let (group, room, _) = self.group(Some(name), Shape::Unknown, &seen);
        group.count(&seen, None, room);
        // a name that is shown as one needs no second ticket to be one
        group.repeats = true;
        group.lengths.remove(&NAME_LENGTH);
    }

    fn group(
        &mut self,
        named: Option<KeyName>,
        shape: Shape,
        seen: &Seen<'_>,
    ) -> (&mut Group, &mut Room, Option<&mut Scale>) {
        let Self { groups, nameless, room, scale } = self;
        let is_kept = |name: &KeyName| groups.contains_key(name) || room.take(GROUP);
        let kept = named.filter(is_kept);
        room.left_out.names += u64::from(named.is_some() && kept.is_none());
        let group = match kept {
            Some(name) => groups.entry(name).or_insert_with(|| Group::new(Some(name), shape, seen)),
            None => nameless.entry(shape.as_str()).or_insert_with(|| Group::new(None, shape, seen)),
        };
        (group, room, scale.as_mut())
    }

    /// What found no room so far.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.room.left_out
    }

    /// The groups, by the time they were first seen, then by name; those without a name last.
    #[must_use]
    pub fn finish(self) -> Vec<Group> {
        let mut nameless = self.nameless;
        let mut singles: BTreeMap<&'static str, Vec<Group>> = BTreeMap::new();
        let mut groups = Vec::new();
        for group in unsalted(self.groups) {
            if group.repeats || (!group.shape.has_doubtful_name() && group.tickets > 1) {
                groups.push(group);
            } else {
                singles.entry(group.shape.as_str()).or_default().push(group);
            }
        }
        for (shape, singles) in singles {
            let alone: HashMap<String, usize> =
                singles.iter().flat_map(|group| group.by_server.keys()).fold(HashMap::new(), |mut counts, server| {
                    *counts.entry(server.clone()).or_default() += 1;
                    counts
                });
            for group in singles {
                // one ticket of Go's may begin with a name or with an IV; a server does not change its key each time
                let has_name = !group.shape.has_doubtful_name()
                    && group.by_server.keys().all(|server| alone.get(server).is_none_or(|&n| n < NEVER_REPEATING));
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
        compare_periods(&mut groups);
        groups.extend(nameless.into_values());
        groups
    }
}

/// Puts names together that share their first four bytes: the rest is a salt (wangle and fizz seal so).
fn unsalted(groups: HashMap<KeyName, Group>) -> Vec<Group> {
    let mut by_prefix: BTreeMap<[u8; PREFIX], Vec<Group>> = BTreeMap::new();
    for (name, group) in groups {
        by_prefix.entry(name.as_bytes().first_chunk().copied().unwrap_or_default()).or_default().push(group);
    }
    let mut all = Vec::new();
    for (_, mut group) in by_prefix {
        group.sort_by_key(|group| (group.first_seen, group.key_name));
        let salted = group.len() > 1;
        let mut group = group.into_iter();
        let Some(mut first) = group.next() else { continue };
        if salted {
            first.name_length = PREFIX;
            first.repeats = true;
            group.for_each(|other| first.absorb(other));
        }
        all.push(first);
    }
    all
}

impl Group {
    fn new(key_name: Option<KeyName>, shape: Shape, seen: &Seen<'_>) -> Self {
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

    fn count(&mut self, seen: &Seen<'_>, key: Option<KnownKey>, room: &mut Room) {
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

    fn count_time(&mut self, seen: &Seen<'_>, reason: Option<Reason>, scale: &mut Scale, room: &mut Room) {
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

    fn absorb(&mut self, other: Self) {
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

/// Compares the periods in which each server sealed under its names. A name replaces another one if the server had
/// stopped sealing under that before it began with this; if the periods overlap, several nodes are behind one address,
/// or there are several keys at a time.
fn compare_periods(groups: &mut [Group]) {
    type Period = (Time, Time, usize);
    let mut by_server: BTreeMap<String, Vec<Period>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        for (server, uses) in &group.by_server {
            if let Some((first, last)) = uses.sealing {
                by_server.entry(server.clone()).or_default().push((first, last, at));
            }
        }
    }
    for periods in by_server.values() {
        for &(first, last, at) in periods {
            let others = || periods.iter().filter(|other| other.2 != at);
            let name = |at: usize| groups.get(at).and_then(|group| group.key_name);
            let beside: Vec<KeyName> = others()
                .filter(|other| other.0 <= last && first <= other.1)
                .filter_map(|other| name(other.2))
                .collect();
            let before = others().filter(|other| other.1 < first).max_by_key(|other| other.1);
            let replaced = before.filter(|_| beside.is_empty()).and_then(|other| name(other.2));
            if let Some(group) = groups.get_mut(at) {
                group.replaces = group.replaces.or(replaced);
                group.alongside.extend(beside);
            }
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
        Seen { ticket, time, server: Some(server), sni: Some(b"www.example"), source: "a.pcap", part: Part::Issued }
    }

    fn bare(ticket: &[u8]) -> Seen<'_> {
        Seen { ticket, time: None, server: None, sni: None, source: "list", part: Part::Unknown }
    }

    #[test]
    fn names_are_counted_and_rotations_marked() {
        let mut survey = Survey::default();
        for (name, rest, at) in [(1, 1, 10), (1, 2, 20), (2, 3, 30), (2, 3, 40)] {
            survey.add(seen(&ticket(name, rest), at, "10.0.0.1:443"), None);
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
        assert_eq!(shown, [((Some(1), None), 2, Some(10), Some(20)), ((Some(2), Some(1)), 2, Some(30), Some(40))]);
    }

    #[test]
    fn first_bytes_that_never_repeat_are_no_names() {
        let mut survey = Survey::default();
        for name in 10..20 {
            survey.add(seen(&ticket(name, name), 1, "10.0.0.1:443"), None);
        }
        survey.add(seen(&ticket(1, 1), 1, "10.0.0.1:443"), None);
        survey.add(seen(&ticket(1, 2), 1, "10.0.0.1:443"), None);
        let groups = survey.finish();
        let names: Vec<_> = groups.iter().map(|group| (group.key_name.is_some(), group.tickets)).collect();
        assert_eq!(names, [(true, 2), (false, 10)]);
    }

    #[test]
    fn what_stunnel_sends_is_no_name_and_one_ticket_each_of_many_servers_is() {
        let mut survey = Survey::default();
        let stunnel = include_bytes!("../testdata/stunnel32_tls12/ticket.bin");
        survey.add(bare(stunnel), None);
        for name in 10..20 {
            survey.add(bare(&ticket(name, name)), None);
        }
        let groups = survey.finish();
        assert_eq!(groups.iter().filter(|group| group.key_name.is_some()).count(), 10);
        assert_eq!(groups.iter().filter(|group| group.key_name.is_none()).count(), 1);
    }

    #[test]
    fn a_ticket_offered_twice_makes_no_name_of_an_iv() {
        let mut survey = Survey::default();
        let go = vec![7; 113];
        survey.add(seen(&go, 1, "10.0.0.1:443"), None);
        survey.add(seen(&go, 2, "10.0.0.1:443"), None);
        let groups = survey.finish();
        assert_eq!((groups.len(), groups[0].key_name, groups[0].tickets), (1, None, 2));
    }

    #[test]
    fn memory_is_bounded_in_bytes() {
        let (mut survey, mut other) = (Survey::default(), Survey::default());
        let long = vec![b'a'; 60_000];
        for number in 0_u32..50_000 {
            let mut ticket = ticket(0, 7);
            ticket[..4].copy_from_slice(&number.to_be_bytes());
            let (server, sni) = (format!("10.0.0.1:{number}"), format!("{number:0>200}"));
            survey.add(Seen { sni: Some(sni.as_bytes()), ..seen(&ticket, 1, &server) }, None);
            // one name, and host names of any length
            other.add(Seen { sni: Some(&long), ..seen(&[7; 176], 1, &server) }, None);
        }
        for survey in [&survey, &other] {
            let of = |group: &Group| {
                let servers: usize = group.by_server.keys().map(String::len).sum();
                servers + group.snis.iter().map(Vec::len).sum::<usize>() + size_of::<Group>()
            };
            assert!(survey.groups.values().map(of).sum::<usize>() <= BUDGET);
        }
        let left_out = survey.left_out();
        assert!(left_out.names > 0 && survey.groups.len() > 4000, "{left_out:?}, {} names", survey.groups.len());
        assert_eq!(survey.groups.len() as u64 + left_out.names, 50_000);
        assert_eq!(other.left_out(), LeftOut { names: 0, servers: 50_000 - 64, snis: 50_000 });
        assert_eq!(survey.finish().iter().map(|group| group.tickets).sum::<u64>(), 50_000);
    }

    #[test]
    fn names_by_turns_are_alongside_and_no_rotation() {
        let mut survey = Survey::default();
        for (name, rest, at) in [(1, 1, 10), (2, 2, 10), (1, 3, 20), (2, 4, 30), (1, 5, 40)] {
            survey.add(seen(&ticket(name, rest), at, "10.0.0.1:443"), None);
        }
        let groups = survey.finish();
        assert!(groups.iter().all(|group| group.replaces.is_none()));
        let beside: Vec<Vec<u8>> =
            groups.iter().map(|group| group.alongside.iter().map(|name| name.as_bytes()[0]).collect()).collect();
        assert_eq!(beside, [vec![2], vec![1]]);
    }

    #[test]
    fn what_clients_offer_is_not_what_a_server_seals() {
        let mut survey = Survey::default();
        let server = "10.0.0.1:443";
        let one = ticket(1, 1);
        for (name, part, at) in [(1, Part::Issued, 10), (2, Part::Issued, 20), (1, Part::Accepted, 30)] {
            survey.add(Seen { part, ..seen(&ticket(name, 1), at, server) }, None);
        }
        survey.add(Seen { part: Part::Refused, ..seen(&ticket(3, 1), 40, server) }, None);
        survey.add(Seen { part: Part::Refused, source: "b.pcap", ..seen(&one, 50, server) }, None);
        let groups = survey.finish();
        let of =
            |name: u8| groups.iter().find(|group| group.key_name.is_some_and(|it| it.as_bytes()[0] == name)).unwrap();
        assert_eq!(
            of(2).replaces.map(|name| name.as_bytes()[0]),
            Some(1),
            "old tickets are still accepted after a rotation"
        );
        assert!(groups.iter().all(|group| group.alongside.is_empty()));
        assert_eq!((of(3).servers().count(), of(3).uses.refused), (0, 1));
        let uses = of(1).by_server[server];
        assert_eq!((uses.issued, uses.offered, uses.accepted, uses.refused), (1, 2, 1, 1));
        assert_eq!(of(1).sources.len(), 2);
    }

    #[test]
    fn names_with_a_salt_are_one_name() {
        let mut survey = Survey::default();
        for salt in 1..6 {
            let mut salted = ticket(9, salt);
            salted[4..16].fill(salt);
            survey.add(seen(&salted, salt.into(), "10.0.0.1:443"), None);
        }
        let groups = survey.finish();
        let shown: Vec<_> = groups.iter().map(|group| (group.name().unwrap(), group.tickets, group.replaces)).collect();
        assert_eq!(shown, [(&[9; 4][..], 5, None)]);
    }

    #[test]
    fn names_alone_are_enough() {
        let mut survey = Survey::default();
        for shown in [Shown::Sealed, Shown::Opened, Shown::NotFound] {
            survey.add_name(KeyName::new([4; 16]), shown, "error.log");
        }
        let groups = survey.finish();
        let uses = groups[0].uses;
        assert_eq!((groups.len(), uses.issued, uses.accepted, uses.refused), (1, 1, 1, 1));
        assert!(groups[0].lengths.is_empty());
    }
}
