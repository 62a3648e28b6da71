//! Keys compared with each other.

use std::collections::HashMap;

use super::super::facts::keys::{KeyFacts, KeySet};
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::subject::Subject;
use super::super::thresholds::Thresholds;
use crate::escape::Text;

pub(super) static KEY_NAME_COLLISION: Rule = Rule {
    id: "key-name-collision",
    severity: Severity::Error,
    about: "Two keys have the same name and different secrets: a server takes the wrong one and refuses the ticket.",
    hint: "A new key needs a new name: make all bytes of it at random.",
    reference: "RFC 9846 (RFC 5077 section 4)",
    check: Check::Keys(key_name_collision),
};

fn key_name_collision(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    later_of_pairs(keys, |one, other| {
        one.name.is_some()
            && one.name == other.name
            && one.bytes().len() == other.bytes().len()
            && one.sorted_secrets() != other.sorted_secrets()
    })
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
    let named = |one: &KeyFacts, other: &KeyFacts| one.name.zip(other.name).is_some_and(|(one, other)| one != other);
    later_of_pairs(keys, |one, other| named(one, other) && one.sorted_secrets() == other.sorted_secrets())
        .map(|(one, other)| (other.subject(), format!("{} has the same secrets under another name", place(one))))
        .collect()
}

pub(super) static DUPLICATE_KEY: Rule = Rule {
    id: "duplicate-key",
    severity: Severity::Warning,
    about: "A key stands twice in one file: fewer keys are kept than it seems.",
    hint: "Remove the copy, and look at what rotates the keys.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Keys(duplicate_key),
};

fn duplicate_key(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    later_of_pairs(keys, |one, other| one.file == other.file && is_copy(one, other))
        .map(|(one, other)| (other.subject(), format!("the key is a copy of {}", place(one))))
        .collect()
}

pub(super) static SHARED_KEY: Rule = Rule {
    id: "shared-key",
    severity: Severity::Warning,
    about: "Files with different names hold the same key: hosts or services share it.",
    hint: "Give services that do not share certificates and client authentication keys of their own.",
    reference: "CVE-2025-23419; CVE-2025-23048",
    check: Check::Keys(shared_key),
};

fn shared_key(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    // hosts are audited side by side because they are meant to share their keys
    let hosts: HashMap<&str, &str> =
        keys.files().iter().filter_map(|file| Some((&*file.path, file.host.as_deref()?))).collect();
    let apart = |one: &KeyFacts, other: &KeyFacts| hosts.get(&*one.file) != hosts.get(&*other.file);
    later_of_pairs(keys, |one, other| one.file != other.file && is_copy(one, other) && !apart(one, other))
        .map(|(one, other)| (other.subject(), format!("the key is also {}", place(one))))
        .collect()
}

fn is_copy(one: &KeyFacts, other: &KeyFacts) -> bool {
    let equal = one.name == other.name && one.sorted_secrets() == other.sorted_secrets();
    equal || one.bytes() == other.bytes()
}

fn place(key: &KeyFacts) -> String {
    format!("key {} of {}", key.index, Text(key.file.as_bytes()))
}

/// For every key the first earlier one that `is` so, where there is one.
fn later_of_pairs<'k>(
    keys: &'k KeySet,
    is: impl Fn(&KeyFacts, &KeyFacts) -> bool + 'k,
) -> impl Iterator<Item = (&'k KeyFacts, &'k KeyFacts)> {
    keys.keys()
        .enumerate()
        .filter_map(move |(count, other)| keys.keys().take(count).find(|one| is(one, other)).map(|one| (one, other)))
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
