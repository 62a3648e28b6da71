//! Which offsets of an image may hold a key at all.
//!
//! A key is random bytes. Among 16 of them, more than three zeros or no byte from 0x80 on are so rare (4 in 10 million
//! and 15 in a million keys) that such offsets can wait; in the memory of servers this leaves a few offsets in a
//! hundred. Pages in which most offsets remain hold code, compressed or encrypted bytes, and are looked at last.

use std::ops::Range;

/// Offsets that are tried are multiples of this.
pub(super) const STEP: usize = 4;
/// Bytes of a page.
const PAGE: usize = 4096;
/// The longest key that is sifted: 64 bytes.
const LONGEST: usize = 64;
/// Zeros that 16 bytes of a key may have.
const ZEROS: u32 = 3;
/// Windows in a page.
const OFFSETS: usize = PAGE / STEP;
/// Words of 16 bytes.
const WORDS: usize = 16 / STEP;
/// Offsets in a page from which on it is dense.
const DENSE: usize = OFFSETS / 2;
/// Words of a page and of the longest key behind it.
const LOOKED_AT: usize = (PAGE + LONGEST) / STEP;

/// Which offsets a pass looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What may be a key, in pages that hold little else than data.
    Sparse,
    /// What may be a key, in the other pages.
    Dense,
    /// Every byte.
    Every,
}

/// Room for the words of a page.
pub(super) struct Sieve {
    words: [u32; LOOKED_AT],
    zeros: [u32; LOOKED_AT],
    good: [bool; LOOKED_AT],
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self { words: [0; LOOKED_AT], zeros: [0; LOOKED_AT], good: [false; LOOKED_AT] }
    }

    /// Calls `with` for the offsets in `own` that `reach` wants, with how many times 16 bytes from there on may be part
    /// of a key, four at most. `own.start` is a multiple of the step in its run.
    pub(super) fn visit(&mut self, bytes: &[u8], own: Range<usize>, reach: Reach, mut with: impl FnMut(usize, usize)) {
        if reach == Reach::Every {
            own.for_each(|at| with(at, 4));
            return;
        }
        for start in own.clone().step_by(PAGE) {
            let Some(page) = bytes.get(start..) else { return };
            if is_zero(page) {
                continue;
            }
            self.sift(page);
            let here = self.good.get(..OFFSETS.min((own.end - start).div_ceil(STEP))).unwrap_or_default();
            let count = here.iter().map(|&good| usize::from(good)).sum::<usize>();
            if (count > DENSE) != (reach == Reach::Dense) {
                continue;
            }
            for (at, _) in here.iter().enumerate().filter(|(_, good)| **good) {
                let next = |number: usize| self.good.get(at + number * WORDS).copied().unwrap_or_default();
                let windows = (1..4).take_while(|number| next(*number)).count() + 1;
                with(start + at * STEP, windows);
            }
        }
    }

    /// Marks the windows of a page that may be part of a key.
    fn sift(&mut self, page: &[u8]) {
        let mut count = 0;
        for (to, word) in self.words.iter_mut().zip(page.chunks_exact(STEP)) {
            *to = word.try_into().map_or(0, u32::from_le_bytes);
            count += 1;
        }
        self.words.iter_mut().skip(count).for_each(|word| *word = 0);
        for (zeros, word) in self.zeros.iter_mut().zip(&self.words) {
            // bit 0 of each byte that is zero
            *zeros = (!(((word & 0x7f7f_7f7f) + 0x7f7f_7f7f) | word) & 0x8080_8080) >> 7;
        }
        for (good, (zeros, words)) in self.good.iter_mut().zip(self.zeros.windows(WORDS).zip(self.words.windows(WORDS)))
        {
            let (&[first, second, third, fourth], &[one, two, three, four]) = (zeros, words) else { return };
            let sum = first + second + third + fourth;
            let sum = sum + (sum >> 16);
            let count = (sum + (sum >> 8)) & 0xff;
            #[expect(
                clippy::needless_bitwise_bool,
                reason = "a branch would keep the loop from taking several at a time"
            )]
            let may_be_key = (count <= ZEROS) & ((one | two | three | four) & 0x8080_8080 != 0);
            *good = may_be_key;
        }
    }
}

fn is_zero(page: &[u8]) -> bool {
    let page = page.get(..PAGE + LONGEST).unwrap_or(page);
    page.len() == PAGE + LONGEST && page == [0; PAGE + LONGEST]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(window: &[u8]) -> bool {
        window.iter().map(|byte| u32::from(*byte == 0)).sum::<u32>() <= 3 && window.iter().any(|&byte| byte >= 0x80)
    }

    #[test]
    fn the_sieve_is_what_it_says() {
        // bytes with many zeros and few high ones, and a denser page at the end
        let mut state = 1_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24).to_le_bytes()[0]
        };
        let mut bytes: Vec<u8> = (0..3 * PAGE)
            .map(|_| match next() {
                0..=90 => 0,
                other => other / 2 + 3,
            })
            .collect();
        bytes.extend((0..PAGE + 20).map(|_| next() | 1));
        bytes.extend([0; 2 * PAGE]);
        let mut seen = Vec::new();
        for reach in [Reach::Sparse, Reach::Dense] {
            Sieve::new().visit(&bytes, 0..bytes.len(), reach, |at, windows| {
                assert!((1..=4).contains(&windows));
                assert_eq!(reach == Reach::Dense, (3 * PAGE..4 * PAGE).contains(&at), "{at}");
                seen.push(at);
            });
        }
        let wanted: Vec<usize> = (0..bytes.len() - 15).step_by(4).filter(|&at| plain(&bytes[at..at + 16])).collect();
        assert!(wanted.len() > 1000, "{}", wanted.len());
        seen.sort_unstable();
        assert!(seen == wanted);
        let mut every = 0;
        Sieve::new().visit(&bytes, 3..777, Reach::Every, |_, _| every += 1);
        assert_eq!(every, 774);
    }
}
