//! What the names of groups and the times at which servers sealed under them say together.

use std::collections::{BTreeMap, HashMap};

use super::group::Group;
use crate::capture::container::Time;
use crate::key::KeyName;

/// Bytes of a name that are the key's if the rest is salt.
const PREFIX: usize = 4;

/// Puts names together that share their first four bytes: the rest is a salt (wangle and fizz seal so).
pub(super) fn unsalted(groups: HashMap<KeyName, Group>) -> Vec<Group> {
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

/// Compares the periods in which each server sealed under its names. A name replaces another one if the server had
/// stopped sealing under that before it began with this; if the periods overlap, several nodes are behind one address,
/// or there are several keys at a time.
pub(super) fn compare_periods(groups: &mut [Group]) {
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
