//! The keys of two hosts compared: which are the same, which only one of them has, and whether the order is the same.

use std::collections::HashMap;

use super::{Fingerprint, Layout, TicketKey};

/// One key of a host: the same bytes, however they may be divided.
#[derive(Debug, Clone)]
pub struct Entry<'k> {
    /// Its readings, one for each layout that is possible.
    pub readings: Vec<&'k TicketKey>,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Both hosts have it, as the same of those that both have.
    Same,
    /// Both hosts have it, but not in the same order.
    OtherOrder,
    /// Only the first host has it.
    OnlyA,
    /// Only the second host has it.
    OnlyB,
}

impl Comparison {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Same, Self::OtherOrder, Self::OnlyA, Self::OnlyB];

    /// The word in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::OtherOrder => "other_order",
            Self::OnlyA => "only_a",
            Self::OnlyB => "only_b",
        }
    }
}

/// A key of one host or of both.
#[derive(Debug, Clone)]
pub struct Compared<'k> {
    /// What became of it.
    pub comparison: Comparison,
    /// The key; of two that are the same, the first host's.
    pub entry: Entry<'k>,
    /// The second host's, if both have it.
    pub other: Option<Entry<'k>>,
}

impl<'k> Entry<'k> {
    /// The reading that stands for the key.
    #[must_use]
    pub fn first(&self) -> Option<&'k TicketKey> {
        self.readings.first().copied()
    }

    /// The layouts that are possible, each with the fingerprint that the key then has.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<(Layout, Fingerprint)> {
        self.readings.iter().map(|key| (key.layout(), key.fingerprint())).collect()
    }

    /// Whether two keys are one: every way to read the one is a way to read the other.
    fn is(&self, other: &Self) -> bool {
        let has = |entry: &Self, key: &TicketKey| entry.readings.iter().any(|k| k.fingerprint() == key.fingerprint());
        let (less, more) = if self.readings.len() <= other.readings.len() { (self, other) } else { (other, self) };
        less.readings.iter().all(|key| has(more, key))
    }
}

/// The keys of a host, in its order.
#[must_use]
pub fn entries(keys: &[TicketKey]) -> Vec<Entry<'_>> {
    let mut places = HashMap::new();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for key in keys {
        let origin = key.origin();
        let place = *places.entry((&*origin.file, origin.index)).or_insert_with(|| {
            entries.push(Entry { readings: Vec::new() });
            entries.len() - 1
        });
        if let Some(entry) = entries.get_mut(place) {
            entry.readings.push(key);
        }
    }
    entries
}

/// Compares two hosts: the keys of the first in its order, then those that only the second has.
#[must_use]
pub fn compare<'k>(a: &[Entry<'k>], b: &[Entry<'k>]) -> Vec<Compared<'k>> {
    let mut by_fingerprint: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for (place, entry) in b.iter().enumerate() {
        for key in &entry.readings {
            by_fingerprint.entry(key.fingerprint()).or_default().push(place);
        }
    }
    let mut taken = vec![false; b.len()];
    let mut partner = |entry: &Entry<'k>| {
        let fingerprint = entry.first()?.fingerprint();
        let of_all = entry.readings.iter().filter_map(|key| by_fingerprint.get(&key.fingerprint()));
        let near = by_fingerprint.get(&fingerprint).into_iter().chain(of_all).flatten();
        let is_free =
            |place: &&usize| taken.get(**place) == Some(&false) && b.get(**place).is_some_and(|b| entry.is(b));
        let place = *near.into_iter().find(is_free)?;
        if let Some(taken) = taken.get_mut(place) {
            *taken = true;
        }
        Some(place)
    };
    let partners: Vec<Option<usize>> = a.iter().map(&mut partner).collect();
    // the how-manieth of those that both have each one is on the other host
    let mut common: Vec<usize> = partners.iter().flatten().copied().collect();
    common.sort_unstable();
    let ranks: HashMap<usize, usize> = (0..).zip(common).map(|(rank, place)| (place, rank)).collect();
    let mut rank = 0;
    let mut compared = Vec::with_capacity(a.len());
    for (entry, partner) in a.iter().zip(partners) {
        let comparison = match partner {
            None => Comparison::OnlyA,
            Some(place) => {
                rank += 1;
                if ranks.get(&place) == Some(&(rank - 1)) { Comparison::Same } else { Comparison::OtherOrder }
            }
        };
        let other = partner.and_then(|place| b.get(place)).cloned();
        compared.push(Compared { comparison, entry: entry.clone(), other });
    }
    let left = b.iter().zip(taken).filter(|(_, taken)| !taken);
    compared.extend(left.map(|(entry, _)| Compared {
        comparison: Comparison::OnlyB,
        entry: entry.clone(),
        other: None,
    }));
    compared
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::key::file::{read_as, read_auto};
    use crate::key::formats::by_name;
    use crate::key::ring::KeyRing;

    fn key(n: u8, length: u8) -> Vec<u8> {
        (0..length).map(|i| i.wrapping_mul(91) ^ n).collect()
    }

    fn ring(keys: &[Vec<u8>]) -> KeyRing {
        let file = |(n, key): (usize, &Vec<u8>)| (Arc::from(format!("{n}.key")), read_auto(key).unwrap());
        KeyRing::new(keys.iter().enumerate().map(file).collect())
    }

    fn words(a: &KeyRing, b: &KeyRing) -> Vec<&'static str> {
        let compared = compare(&entries(a.keys()), &entries(b.keys()));
        compared.iter().map(|compared| compared.comparison.as_str()).collect()
    }

    #[test]
    fn keys_are_the_same_whatever_their_files_are_called() {
        let keys = [key(1, 80), key(2, 48), key(3, 80)];
        assert_eq!(words(&ring(&keys), &ring(&keys)), ["same"; 3]);
        assert_eq!(words(&ring(&keys[..2]), &ring(&keys)), ["same", "same", "only_b"]);
        assert_eq!(words(&ring(&keys), &ring(&keys[1..])), ["only_a", "same", "same"]);
        let swapped = [keys[1].clone(), keys[0].clone(), keys[2].clone()];
        assert_eq!(words(&ring(&keys), &ring(&swapped)), ["other_order", "other_order", "same"]);
        assert_eq!(words(&ring(&[]), &ring(&keys[..1])), ["only_b"]);
        let twice = [keys[0].clone(), keys[0].clone()];
        assert_eq!(words(&ring(&twice), &ring(&keys[..1])), ["same", "only_a"]);
    }

    #[test]
    fn a_key_has_a_fingerprint_for_each_layout() {
        let keys = ring(&[key(1, 80)]);
        let entries = entries(keys.keys());
        let layouts: Vec<String> = entries[0].fingerprints().iter().map(|(layout, _)| layout.to_string()).collect();
        assert_eq!(layouts, ["name16 hmac32 aes32", "name16 aes32 hmac32"]);
        // a host whose format is known has one of them
        let named = read_as(by_name("nginx").unwrap(), &key(1, 80)).unwrap();
        let named = KeyRing::new(vec![("a".into(), named)]);
        assert_eq!(words(&keys, &named), ["same"]);
        // the first bytes alone are not a key
        let (whole, other) = (ring(&[key(1, 96)]), ring(&[[key(1, 64), key(2, 32)].concat()]));
        assert_eq!(words(&whole, &other), ["same", "only_a", "only_a", "only_b", "only_b"]);
    }

    #[test]
    fn many_keys_take_time_in_proportion() {
        let many = |n: u32| -> Vec<Vec<u8>> { (0..n).map(|n| [&n.to_be_bytes()[..], &key(7, 44)].concat()).collect() };
        let (a, b) = (ring(&many(5000)), ring(&many(5000)));
        let begun = std::time::Instant::now();
        assert!(words(&a, &b).iter().all(|word| *word == "same"));
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
