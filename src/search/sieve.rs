//! Which offsets of an image may hold a key at all.
//!
//! A key is random bytes. Among 16 of them, more than three zeros, no byte from 0x80 on, or zeros where the upper half of
//! an address has them, in the last two bytes of eight, are so rare that such offsets can wait (4 in 10 million, 15 and 30
//! in a million keys); in the memory of servers this leaves one offset in a hundred. Pages in which most offsets remain
//! hold code, compressed or encrypted bytes, and are looked at last.

use std::ops::Range;

use super::image::OWN_LENGTH;

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

/// Pages that one piece can have.
const PAGES: usize = OWN_LENGTH / PAGE;

/// What the pages of a piece were found to be, so that they need not be sifted again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pages {
    /// A bit for each page that has offsets for [`Reach::Sparse`].
    sparse: [u64; PAGES / 64],
    /// A bit for each that has offsets for [`Reach::Dense`].
    dense: [u64; PAGES / 64],
}

impl Pages {
    fn bits(&mut self, reach: Reach) -> &mut [u64] {
        if reach == Reach::Dense { &mut self.dense } else { &mut self.sparse }
    }

    fn add(&mut self, reach: Reach, page: usize) {
        if let Some(bits) = self.bits(reach).get_mut(page / 64) {
            *bits |= 1 << (page % 64);
        }
    }

    fn has(mut self, reach: Reach, page: usize) -> bool {
        self.bits(reach).get(page / 64).is_none_or(|bits| bits >> (page % 64) & 1 != 0)
    }

    /// Whether any page has offsets of that kind.
    pub(super) fn has_any(mut self, reach: Reach) -> bool {
        reach == Reach::Every || self.bits(reach).iter().any(|bits| *bits != 0)
    }
}

/// Room for the words of a page.
pub(super) struct Sieve {
    /// What the pages that were sifted are.
    pub(super) pages: Pages,
    words: [u32; LOOKED_AT],
    zeros: [u32; LOOKED_AT],
    good: [bool; LOOKED_AT],
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self { pages: Pages::default(), words: [0; LOOKED_AT], zeros: [0; LOOKED_AT], good: [false; LOOKED_AT] }
    }

    /// Calls `with` for the offsets in `own` that `reach` wants, with how many times 16 bytes from there on may be part
    /// of a key, four at most. `own.start` is a multiple of the step in its run. What is `known` of the pages is believed.
    pub(super) fn visit(
        &mut self,
        bytes: &[u8],
        own: Range<usize>,
        reach: Reach,
        known: Option<Pages>,
        mut with: impl FnMut(usize, usize),
    ) {
        if reach == Reach::Every {
            own.for_each(|at| with(at, 4));
            return;
        }
        for (number, start) in own.clone().step_by(PAGE).enumerate() {
            let Some(page) = bytes.get(start..) else { return };
            if known.is_some_and(|known| !known.has(reach, number)) || is_zero(page) {
                continue;
            }
            self.sift(page);
            let here = self.good.get(..OFFSETS.min((own.end - start).div_ceil(STEP))).unwrap_or_default();
            let count = here.iter().map(|&good| usize::from(good)).sum::<usize>();
            if count == 0 {
                continue;
            }
            let kind = if count > DENSE { Reach::Dense } else { Reach::Sparse };
            self.pages.add(kind, number);
            if kind != reach {
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
        for (zeros, words) in self.zeros.chunks_exact_mut(2).zip(self.words.chunks_exact(2)) {
            let ([low_zeros, high_zeros], &[low, high]) = (zeros, words) else { return };
            *low_zeros = zero_bytes(low);
            // the upper half of an address is too many zeros
            *high_zeros = zero_bytes(high) + if high < 0x1_0000 { ZEROS + 1 } else { 0 };
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

/// Bit 0 of each byte that is zero.
#[inline]
fn zero_bytes(word: u32) -> u32 {
    (!(((word & 0x7f7f_7f7f) + 0x7f7f_7f7f) | word) & 0x8080_8080) >> 7
}

fn is_zero(page: &[u8]) -> bool {
    let page = page.get(..PAGE + LONGEST).unwrap_or(page);
    page.len() == PAGE + LONGEST && page == [0; PAGE + LONGEST]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(window: &[u8], at: usize) -> bool {
        let is_address = |end: &usize| (at + end) % 8 == 0 && window[end - 2..*end] == [0, 0];
        window.iter().map(|byte| u32::from(*byte == 0)).sum::<u32>() <= 3
            && window.iter().any(|&byte| byte >= 0x80)
            && ![4, 8, 12, 16].iter().any(is_address)
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
            let mut sieve = Sieve::new();
            sieve.visit(&bytes, 0..bytes.len(), reach, None, |at, windows| {
                assert!((1..=4).contains(&windows));
                assert_eq!(reach == Reach::Dense, (3 * PAGE..4 * PAGE).contains(&at), "{at}");
                seen.push(at);
            });
            let pages = sieve.pages;
            assert_eq!((pages.sparse[0], pages.dense[0], pages.sparse[1]), (0b1_0111, 0b1000, 0));
            // what is known of the pages changes nothing
            let mut again = 0;
            sieve.visit(&bytes, 0..bytes.len(), reach, Some(pages), |_, _| again += 1);
            assert_eq!(
                again,
                seen.iter().filter(|at| (reach == Reach::Dense) == (3 * PAGE..4 * PAGE).contains(*at)).count()
            );
            sieve.visit(&bytes, 0..bytes.len(), reach, Some(Pages::default()), |at, _| panic!("{at}"));
        }
        let wanted: Vec<usize> =
            (0..bytes.len() - 15).step_by(4).filter(|&at| plain(&bytes[at..at + 16], at)).collect();
        assert!(wanted.len() > 1000, "{}", wanted.len());
        seen.sort_unstable();
        assert!(seen == wanted);
        let mut every = 0;
        Sieve::new().visit(&bytes, 3..777, Reach::Every, None, |_, _| every += 1);
        assert_eq!(every, 774);
    }
}
