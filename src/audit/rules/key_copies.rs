//! Keys compared with each other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;

use super::super::facts::keys::{KeyFacts, KeySet};
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::subject::Subject;
use super::super::thresholds::Thresholds;
use crate::escape::Text;
use crate::key::firsts::Firsts;

pub(super) static KEY_NAME_COLLISION: Rule = Rule {
    id: "key-name-collision",
    severity: Severity::Error,
    about: "Two keys have the same name and different secrets: a server takes the wrong one and refuses the ticket.",
    hint: "A new key needs a new name: make all bytes of it at random.",
    reference: "RFC 9846 (RFC 5077 section 4)",
    check: Check::Keys(key_name_collision),
};

fn key_name_collision(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    let named = |key: &KeyFacts| key.name.map(|name| (name, key.bytes().len()));
    later_of_pairs(keys, named, KeyFacts::sorted_secrets)
        .map(|(one, other)| (other.subject(), format!("{} has the same name and other secrets", place(one))))
        .collect()
}

pub(super) static RENAMED_KEY: Rule = Rule {
    id: "renamed-key",
    severity: Severity::Warning,
    about: "Two keys have different names and the same secrets: the key was renamed instead of rotated.",
    hint: "Rotation needs new secrets; a new name alone changes nothing for who has the old key.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Keys(renamed_key),
};

fn renamed_key(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    later_of_pairs(keys, |key| key.name.map(|_| key.sorted_secrets()), |key| key.name)
        .map(|(one, other)| (other.subject(), format!("{} has the same secrets under another name", place(one))))
        .collect()
}

pub(super) static DUPLICATE_KEY: Rule = Rule {
    id: "duplicate-key",
    severity: Severity::Warning,
    about: "A key appears twice in one file: fewer keys are kept than it seems.",
    hint: "Remove the copy, and look at what rotates the keys.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Keys(duplicate_key),
};

fn duplicate_key(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    copies(keys, |key| Some(Arc::clone(&key.file)), std::ptr::from_ref)
        .map(|(one, other)| (other.subject(), format!("the key is a copy of {}", place(one))))
        .collect()
}

pub(super) static SHARED_KEY: Rule = Rule {
    id: "shared-key",
    severity: Severity::Warning,
    about: "Two files hold the same key: the hosts or services that use them share it.",
    hint: "If the files are of different services, give each its own key. Name the directories of hosts that share on purpose with --host NAME=DIR.",
    reference: "CVE-2025-23419; CVE-2025-23048",
    check: Check::Keys(shared_key),
};

fn shared_key(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    // hosts are audited side by side because they are meant to share their keys
    let hosts: HashMap<&str, &str> =
        keys.files().iter().filter_map(|file| Some((&*file.path, file.host.as_deref()?))).collect();
    copies(keys, |key| hosts.get(&*key.file).copied(), |key| Arc::clone(&key.file))
        .map(|(one, other)| (other.subject(), format!("the key is identical to {}", place(one))))
        .collect()
}

fn place(key: &KeyFacts) -> String {
    format!("key {} of {}", key.index, Text(key.file.as_bytes()))
}

/// For every key the first earlier one that has something in common with it and something else not, if there is one.
fn later_of_pairs<'k, S: Hash + Eq, P: PartialEq>(
    keys: &'k KeySet,
    shared: impl Fn(&'k KeyFacts) -> Option<S>,
    differs: impl Fn(&'k KeyFacts) -> P,
) -> impl Iterator<Item = (&'k KeyFacts, &'k KeyFacts)> {
    earlier(keys, shared, differs).into_iter().zip(keys.keys()).filter_map(|(one, other)| Some((one?.1, other)))
}

/// For every key the first earlier copy of it, `within` something and in another `place`: the same bytes, or the same name
/// and secrets in another order.
fn copies<'k, W: Hash + Eq, P: PartialEq>(
    keys: &'k KeySet,
    within: impl Fn(&'k KeyFacts) -> W,
    place: impl Fn(&'k KeyFacts) -> P,
) -> impl Iterator<Item = (&'k KeyFacts, &'k KeyFacts)> {
    let equal = earlier(keys, |key| Some((within(key), key.name, key.sorted_secrets())), &place);
    let same_bytes = earlier(keys, |key| Some((within(key), key.bytes())), &place);
    let first = |(one, other): (Earlier<'k>, Earlier<'k>)| match (one, other) {
        (Some(one), Some(other)) => Some(if one.0 <= other.0 { one } else { other }),
        (one, other) => one.or(other),
    };
    let found = equal.into_iter().zip(same_bytes).map(first);
    found.zip(keys.keys()).filter_map(|(one, other)| Some((one?.1, other)))
}

/// An earlier key, with its number among all keys.
type Earlier<'k> = Option<(usize, &'k KeyFacts)>;

/// For every key the first earlier one that shares something with it and differs in something else.
fn earlier<'k, S: Hash + Eq, P: PartialEq>(
    keys: &'k KeySet,
    shared: impl Fn(&'k KeyFacts) -> Option<S>,
    differs: impl Fn(&'k KeyFacts) -> P,
) -> Vec<Earlier<'k>> {
    let all: Vec<&KeyFacts> = keys.keys().collect();
    // hashes in the place of what is shared, which may be long; what is found is compared in full
    let hasher = RandomState::new();
    let mut seen: HashMap<u64, Firsts<u32, P>> = HashMap::new();
    let mut take = |(number, key): (u32, &'k KeyFacts)| {
        let (shared_by_this, property) = (shared(key)?, differs(key));
        match seen.entry(hasher.hash_one(&shared_by_this)) {
            Entry::Occupied(mut known) => {
                let found = known.get().unlike(&property).and_then(|&at| usize::try_from(at).ok());
                known.get_mut().add(number, property);
                let found = found.and_then(|at| Some((at, *all.get(at)?)));
                found.filter(|(_, other)| shared(other).as_ref() == Some(&shared_by_this))
            }
            Entry::Vacant(place) => {
                place.insert(Firsts::new(number, property));
                None
            }
        }
    };
    (0..).zip(all.iter().copied()).map(&mut take).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY, OTHER_KEY};

    #[test]
    fn one_name_with_two_secrets_is_a_collision() {
        let same_name = [&GOOD_KEY[..16], &OTHER_KEY[16..]].concat();
        assert!(testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", &same_name)]).contains(&"key-name-collision"));
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", OTHER_KEY)]).contains(&"key-name-collision"));
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", GOOD_KEY)]).contains(&"key-name-collision"));
    }

    #[test]
    fn one_secret_with_two_names_is_a_renamed_key() {
        let same_secrets = [&OTHER_KEY[..16], &GOOD_KEY[16..]].concat();
        let found = testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", &same_secrets)]);
        assert!(found.contains(&"renamed-key") && !found.contains(&"shared-key"), "{found:?}");
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", OTHER_KEY)]).contains(&"renamed-key"));
    }

    #[test]
    fn copies_are_told_apart_by_where_they_stand() {
        let twice = [GOOD_KEY, OTHER_KEY, GOOD_KEY].concat();
        let found = testing::key_rules(&[("a.key", &twice)]);
        assert!(found.contains(&"duplicate-key") && !found.contains(&"shared-key"), "{found:?}");
        let found = testing::key_rules(&[("web1.key", GOOD_KEY), ("web2.key", GOOD_KEY)]);
        assert!(found.contains(&"shared-key") && !found.contains(&"duplicate-key"), "{found:?}");
        let found = testing::key_rules(&[("web1.key", GOOD_KEY), ("web2.key", OTHER_KEY)]);
        assert!(!found.contains(&"shared-key") && !found.contains(&"duplicate-key"), "{found:?}");
    }
}
