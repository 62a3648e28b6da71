//! Key names under which guesses were in vain: the next ticket of the name is sealed under the same key, and is not worth a
//! hundred MACs again.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ticket::KeyName;

/// Names that are remembered; a new one takes the place of another. A power of two.
const NAMES: usize = 1 << 12;
/// Tickets of a name on which guesses are made, however many were in vain: some may be damaged, or sent to deceive.
const TRIED: u64 = 64;
/// The part of an entry that counts; the rest is of the hash of the name.
const COUNT: u64 = (1 << 24) - 1;

/// Counts, for each name, the tickets on which guesses were in vain. It may forget, but never takes a name for another,
/// unless somebody guesses its hash keys.
pub(super) struct InVain {
    entries: Vec<AtomicU64>,
    keys: RandomState,
}

impl Default for InVain {
    fn default() -> Self {
        Self { entries: (0..NAMES).map(|_| AtomicU64::new(0)).collect(), keys: RandomState::new() }
    }
}

impl InVain {
    /// What `guess` finds; `None` without asking if it was in vain on many tickets of the name. Ever fewer are still asked
    /// about after that: those whose number is a power of two.
    pub(super) fn guess<T>(&self, name: KeyName, guess: impl FnOnce() -> Option<T>) -> Option<T> {
        let hash = self.keys.hash_one(name);
        let Some(entry) = usize::try_from(hash).ok().and_then(|hash| self.entries.get(hash % NAMES)) else {
            return guess();
        };
        let known = entry.load(Ordering::Relaxed);
        let count = if known & !COUNT == hash & !COUNT { known & COUNT } else { 0 };
        // one that was right once is always made
        let found = if count < TRIED || count == COUNT || count.is_power_of_two() { guess() } else { None };
        let count = if found.is_some() || count == COUNT { COUNT } else { (count + 1).min(COUNT - 1) };
        entry.store(hash & !COUNT | count, Ordering::Relaxed);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_vain_is_hardly_tried_again() {
        let (memory, name) = (InVain::default(), KeyName::new([7; 16]));
        let mut asked = 0_u64;
        for _ in 0..100_000 {
            let found: Option<()> = memory.guess(name, || {
                asked += 1;
                None
            });
            assert_eq!(found, None);
        }
        assert!((TRIED..TRIED + 16).contains(&asked), "{asked}");
        assert_eq!(memory.guess(KeyName::new([8; 16]), || Some(1)), Some(1), "another name");
    }

    #[test]
    fn what_was_right_once_is_always_tried() {
        let (memory, name) = (InVain::default(), KeyName::new([7; 16]));
        for _ in 0..TRIED - 1 {
            assert_eq!(memory.guess(name, || None::<u8>), None);
        }
        assert_eq!(memory.guess(name, || Some(1)), Some(1));
        for _ in 0..1000 {
            assert_eq!(memory.guess(name, || None::<u8>), None);
        }
        assert_eq!(memory.guess(name, || Some(2)), Some(2));
    }
}
