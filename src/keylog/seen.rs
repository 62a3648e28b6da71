//! Which lines have been written, in bounded memory.

use std::collections::HashMap;
use std::mem;

use sha2::{Digest, Sha256};

use super::{Line, Written};

const GENERATION: usize = 1 << 16;

/// Hashes of lines in two generations: when the newer one is full, the older one is forgotten.
#[derive(Default)]
pub(super) struct Seen {
    newer: HashMap<[u8; 16], [u8; 16]>,
    older: HashMap<[u8; 16], [u8; 16]>,
}

impl Seen {
    /// Takes note of a line, and says whether it is new.
    pub(super) fn insert(&mut self, line: &Line) -> Written {
        let key = digest(&[line.label.as_str().as_bytes(), &line.client_random]);
        let secret = digest(&[line.secret.as_bytes()]);
        match self.newer.get(&key).or_else(|| self.older.get(&key)) {
            Some(known) if *known == secret => Written::Duplicate,
            Some(_) => Written::Conflict,
            None => {
                if self.newer.len() >= GENERATION {
                    self.older = mem::take(&mut self.newer);
                }
                self.newer.insert(key, secret);
                Written::New
            }
        }
    }
}

/// Half a hash: too long for two lines to be taken for one.
fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut state = Sha256::new();
    for part in parts {
        state.update(part);
    }
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(state.finalize()) {
        *to = from;
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keylog::Label;
    use crate::secret::Secret;

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        let line = |number: u32| {
            let mut client_random = [0; 32];
            client_random[..4].copy_from_slice(&number.to_be_bytes());
            Line { label: Label::ClientRandom, client_random, secret: Secret::zeroed(48) }
        };
        for number in 0..200_000 {
            assert_eq!(seen.insert(&line(number)), Written::New);
            assert!(seen.newer.len() + seen.older.len() <= 2 * GENERATION);
        }
        for number in 200_000 - 65_536..200_000 {
            assert_eq!(seen.insert(&line(number)), Written::Duplicate);
        }
        assert_eq!(seen.insert(&line(0)), Written::New, "forgotten");
    }
}
