//! Tickets grouped by the key name they begin with: what a capture or a list tells without any key.
//!
//! A key name is public, and stays the same for as long as a server seals with one key. So names, their first and last
//! appearance and the servers that use them show rotations, and servers that share a key or should.

mod group;
mod names;
mod node;
mod periods;
pub mod picture;
mod remark;
mod room;
pub mod stored;
mod strip;
mod uses;

use std::collections::{BTreeMap, HashMap};

use crate::capture::container::Time;
use crate::key::KeyName;
use crate::resumption::Reason;
use crate::ticket::{self, NAME_LENGTH, Shape};

use self::group::GROUP;
pub use self::group::{Group, KnownKey, Seen};
pub use self::names::{Shown, each as each_name};
pub use self::node::{Node, Outcome};
use self::periods::{compare_periods, unsalted};
pub use self::picture::Picture;
pub use self::remark::{Piece, ROTATION, Remark};
pub use self::room::LeftOut;
use self::room::Room;
use self::strip::Scale;
pub use self::strip::{Strip, millis};
pub use self::uses::{Course, Part, Uses};

/// Of this many tickets of one server that share nothing, the first bytes are not key names.
const NEVER_REPEATING: usize = 5;

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
                        nameless.insert(shape, group.without_name());
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

/// Whether a name is two addresses of a process on a 64-bit machine: what stunnel sends, which never sets it
/// (`src/ctx.c`). Of random names one in 2^32 looks like that.
fn is_uninitialised(name: KeyName) -> bool {
    name.as_bytes().chunks_exact(8).all(|half| matches!(half, [.., high, 0, 0] if *high != 0))
}

#[cfg(test)]
mod tests {
    use super::room::BUDGET;
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
