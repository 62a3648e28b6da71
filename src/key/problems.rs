//! What is wrong with keys, as far as they themselves and their neighbours show it.

use std::collections::HashMap;

use super::firsts::Firsts;
use super::{Fingerprint, KeyName, Layout, Scheme, TicketKey, Weakness};

/// The problems of each key, a sentence each, in the order of `keys`. None of them gives a secret away.
#[must_use]
pub fn of(keys: &[TicketKey]) -> Vec<Vec<String>> {
    let mut neighbours = Neighbours::default();
    for (number, key) in (0..).zip(keys) {
        neighbours.add(number, key);
    }
    keys.iter().map(|key| weaknesses(key).chain(neighbours.problems(key, keys)).collect()).collect()
}

fn weaknesses(key: &TicketKey) -> impl Iterator<Item = String> {
    let weak = |what: &str, weakness: Weakness| format!("the {what} is {weakness}");
    let [cipher, mac] = key.weakness();
    let secrets = match (cipher, mac) {
        (Some(one), Some(other)) if one == other => vec![format!("the secrets are {one}")],
        _ => cipher
            .map(|found| weak("AES key", found))
            .into_iter()
            .chain(mac.map(|found| weak("HMAC key", found)))
            .collect(),
    };
    let zero_name = key.name().is_some_and(|name| name.is_zero());
    let name =
        zero_name.then(|| "the key name is all zero: a key that was never set up, or a file of zeros".to_owned());
    secrets.into_iter().chain(name)
}

/// Only keys that are read the same way are compared: two readings of the same bytes are not two keys.
type Kind = (Layout, Scheme);

/// The number of a kind: there may be many keys, and there are few kinds.
type KindNumber = u16;

fn kind(key: &TicketKey) -> Kind {
    (key.layout(), key.scheme())
}

/// Keys that have something in common, by their numbers, so that none need be compared with all.
#[derive(Default)]
struct Neighbours<'k> {
    kinds: HashMap<Kind, KindNumber>,
    /// Those of one name, by their secrets.
    named: HashMap<(KindNumber, KeyName), Firsts<u32, Fingerprint>>,
    /// Those of the same secrets, by their name.
    alike: HashMap<(KindNumber, Fingerprint), Firsts<u32, Option<KeyName>>>,
    /// Those of one file of the same name and secrets, by their number: hosts and services are meant to have the same
    /// keys, only a copy in one file is a mistake.
    copies: HashMap<(&'k str, KindNumber, KeyName, Fingerprint), Firsts<u32, usize>>,
}

impl<'k> Neighbours<'k> {
    fn add(&mut self, number: u32, key: &'k TicketKey) {
        let next = KindNumber::try_from(self.kinds.len()).unwrap_or(KindNumber::MAX);
        let (kind, secrets) = (*self.kinds.entry(kind(key)).or_insert(next), key.secrets_fingerprint());
        let mut alike = self.alike.entry((kind, secrets));
        alike = alike.and_modify(|firsts| firsts.add(number, key.name()));
        alike.or_insert_with(|| Firsts::new(number, key.name()));
        if let Some(name) = key.name() {
            let named = self.named.entry((kind, name)).and_modify(|firsts| firsts.add(number, secrets));
            named.or_insert_with(|| Firsts::new(number, secrets));
            let copies = self.copies.entry((file(key), kind, name, secrets));
            let copies = copies.and_modify(|firsts| firsts.add(number, key.origin().index));
            copies.or_insert_with(|| Firsts::new(number, key.origin().index));
        }
    }

    /// Of each kind of problem the first: that another key is the same, or half the same.
    fn problems(&self, key: &'k TicketKey, keys: &[TicketKey]) -> impl Iterator<Item = String> + use<> {
        let kind = self.kinds.get(&kind(key)).copied().unwrap_or_default();
        let secrets = key.secrets_fingerprint();
        let twice =
            key.name().and_then(|name| self.copies.get(&(file(key), kind, name, secrets))?.unlike(&key.origin().index));
        let changed = key.name().and_then(|name| self.named.get(&(kind, name))?.unlike(&secrets));
        let renamed = self.alike.get(&(kind, secrets)).and_then(|firsts| firsts.unlike(&key.name()));
        let other = |number: &u32| keys.get(usize::try_from(*number).ok()?).map(place);
        let [twice, changed, renamed] = [twice, changed, renamed].map(|number| number.and_then(other));
        [
            twice.map(|place| format!("identical to {place}")),
            changed.map(|place| {
                format!("{place} has the same name and other secrets: a server that has one of them cannot open the other's tickets")
            }),
            renamed.map(|place| format!("{place} has the same secrets under another name")),
        ]
        .into_iter()
        .flatten()
    }
}

fn file(key: &TicketKey) -> &str {
    &key.origin().file
}

fn place(key: &TicketKey) -> String {
    format!("{}, key {}", crate::escape::Text(key.origin().file.as_bytes()), key.origin().index)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::key::file::read_auto;
    use crate::key::ring::KeyRing;

    fn problems(files: &[(&str, &[u8])]) -> Vec<Vec<String>> {
        let files = files.iter().map(|(path, file)| (Arc::from(*path), read_auto(file).unwrap())).collect();
        of(KeyRing::new(files).keys())
    }

    fn key(name: u8, secret: u8) -> Vec<u8> {
        (0..48).map(|i: u8| if i < 16 { i ^ name } else { (i ^ secret).wrapping_mul(73) ^ (i >> 1) }).collect()
    }

    #[test]
    fn good_keys_have_none() {
        assert!(problems(&[("a", &key(3, 4)), ("b", &key(5, 6))]).iter().all(Vec::is_empty));
    }

    #[test]
    fn names_and_secrets_are_compared() {
        let found = problems(&[("a", &key(3, 4)), ("b", &key(3, 6))]).concat().join("\n");
        assert!(found.contains("b, key 0 has the same name and other secrets"), "{found}");
        let found = problems(&[("a", &key(3, 4)), ("b", &key(5, 4))]).concat().join("\n");
        assert!(found.contains("same secrets under another name"), "{found}");
        let lines = [3, 5, 3].map(|n| data_encoding::BASE64.encode(&key(n, n + 1)) + "\n").concat();
        let found = problems(&[("a", lines.as_bytes())]).concat().join("\n");
        assert!(found.contains("identical to a, key 0"), "{found}");
        assert!(problems(&[("a", &key(3, 4)), ("b", &key(3, 4))]).iter().all(Vec::is_empty), "two hosts");
    }

    #[test]
    fn weak_bytes_are_named() {
        let found = problems(&[("a", &[0; 48])]).concat().join("\n");
        assert!(found.contains("secrets are all zero") && found.contains("name is all zero"), "{found}");
        let mut half = key(3, 4);
        half[16..32].fill(7);
        let found = problems(&[("a", &half)]).concat().join("\n");
        assert!(found.contains("the AES key is nothing but bytes 07") && found.contains("the HMAC key"), "{found}");
        let found = problems(&[("a", &[9; 32])]).concat().join("\n");
        assert!(found.contains("secrets are nothing but bytes 09"), "a key of Go, whose seed is weak: {found}");
    }
}
