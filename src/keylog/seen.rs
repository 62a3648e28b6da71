//! Which lines have been written, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::mem;

use super::line::Line;

/// Lines that are told apart: 16 bytes each, 64 MiB in all. A log of that many lines has a gigabyte.
const MOST: usize = 1 << 22;
/// Lines in the table of the latest ones.
const RECENT: usize = 1 << 16;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It was written.
    New,
    /// It had been written before.
    Duplicate,
    /// Another secret had been written under the same label and client random. A reader would take one of the two,
    /// so that this one was left out.
    Conflict,
    /// As many lines have been written as can be told apart, so that this one was left out.
    Full,
}

/// For each line a hash of label and client random, and one of the secret. Nobody who does not know the key of the hashes
/// can make two lines look alike.
///
/// The latest lines are in a table, the others in a few sorted runs, each longer than the next, which take as little
/// memory as can be.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    recent: HashMap<u64, u64>,
    runs: Vec<Vec<(u64, u64)>>,
}

impl Seen {
    /// Takes note of a line, and says whether it is new.
    pub(super) fn insert(&mut self, line: &Line) -> Written {
        let key = self.hasher.hash_one((line.label, line.client_random));
        let secret = self.hasher.hash_one(line.secret.as_bytes());
        match self.known(key) {
            Some(known) if known == secret => Written::Duplicate,
            Some(_) => Written::Conflict,
            None if self.count() >= MOST => Written::Full,
            None => {
                self.recent.insert(key, secret);
                if self.recent.len() >= RECENT {
                    self.sort();
                }
                Written::New
            }
        }
    }

    fn known(&self, key: u64) -> Option<u64> {
        let in_run = |run: &Vec<(u64, u64)>| {
            let at = run.binary_search_by_key(&key, |(key, _)| *key).ok()?;
            run.get(at).map(|(_, secret)| *secret)
        };
        self.recent.get(&key).copied().or_else(|| self.runs.iter().find_map(in_run))
    }

    fn count(&self) -> usize {
        self.recent.len() + self.runs.iter().map(Vec::len).sum::<usize>()
    }

    /// Makes a run of the table, and one run of those that are no longer than what follows them.
    #[cold]
    fn sort(&mut self) {
        let mut run: Vec<(u64, u64)> = mem::take(&mut self.recent).into_iter().collect();
        while self.runs.last().is_some_and(|before| before.len() <= run.len()) {
            let mut before = self.runs.pop().unwrap_or_default();
            before.reserve_exact(run.len());
            before.append(&mut run);
            run = before;
        }
        run.sort_unstable();
        self.runs.push(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keylog::Label;
    use crate::secret::Secret;

    fn line(number: usize, secret: u8) -> Line {
        let mut client_random = [0; 32];
        client_random[..8].copy_from_slice(&number.to_be_bytes());
        Line { label: Label::ClientRandom, client_random, secret: Secret::new(vec![secret; 48]) }
    }

    #[test]
    fn no_line_is_forgotten() {
        let mut seen = Seen::default();
        for number in 0..200_000 {
            assert_eq!(seen.insert(&line(number, 1)), Written::New);
        }
        assert!(seen.runs.len() <= 4, "{} runs", seen.runs.len());
        for number in (0..200_000).step_by(997) {
            assert_eq!(seen.insert(&line(number, 1)), Written::Duplicate);
            assert_eq!(seen.insert(&line(number, 2)), Written::Conflict);
        }
        assert_eq!(seen.count(), 200_000);
    }

    #[test]
    fn memory_is_bounded() {
        let run = (0..MOST as u64).map(|number| (number, 0)).collect();
        let mut seen = Seen { runs: vec![run], ..Seen::default() };
        for number in 0..1000 {
            assert_eq!(seen.insert(&line(number, 1)), Written::Full);
        }
        assert_eq!(seen.count(), MOST);
    }
}
