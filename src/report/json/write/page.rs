//! The end of a buffer, written to in place.

// see the module above: constants come of it
#![allow(clippy::inline_always)]

use zeroize::Zeroize as _;

/// A buffer whose end is written to in place.
///
/// A `Vec` counts every piece that is appended; here a whole member is one step. Beyond `end` the buffer holds zeros.
pub(in crate::report) struct Page<'b> {
    buffer: &'b mut Vec<u8>,
    end: usize,
}

impl<'b> Page<'b> {
    /// How much is zeroed at a time: what most records take.
    const STEP: usize = 2048;

    pub(super) fn new(buffer: &'b mut Vec<u8>) -> Self {
        let end = buffer.len();
        Self { buffer, end }
    }

    /// The next `length` octets, to be filled.
    #[inline(always)]
    fn place(&mut self, length: usize) -> Option<&mut [u8]> {
        let (start, end) = (self.end, self.end + length);
        if end > self.buffer.len() {
            self.grow(length);
        }
        self.end = end;
        self.buffer.get_mut(start..end)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        let wanted = self.end + length + Self::STEP;
        if wanted > self.buffer.capacity() {
            // what grows by itself leaves a copy behind, and there are secrets in it
            let mut larger = Vec::with_capacity(wanted.max(2 * self.buffer.capacity()));
            larger.extend_from_slice(self.buffer);
            std::mem::replace(self.buffer, larger).zeroize();
        }
        self.buffer.resize(wanted, 0);
    }

    /// Appends pieces, one after the other.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, pieces: [&[u8]; N]) {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let Some(mut place) = self.place(length) else { return };
        for piece in pieces {
            let Some((start, rest)) = place.split_at_mut_checked(piece.len()) else { return };
            start.copy_from_slice(piece);
            place = rest;
        }
    }

    /// Appends `before`, a string of `length` octets that `value` fills in, and the mark and comma that end it.
    #[inline(always)]
    pub(super) fn string(&mut self, before: &str, length: usize, value: impl FnOnce(&mut [u8])) {
        let Some(place) = self.place(before.len() + length + 2) else { return };
        let Some((start, place)) = place.split_at_mut_checked(before.len()) else { return };
        let Some((text, end)) = place.split_at_mut_checked(length) else { return };
        start.copy_from_slice(before.as_bytes());
        value(text);
        if let [quote, comma] = end {
            (*quote, *comma) = (b'"', b',');
        }
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut u8> {
        self.buffer.get_mut(self.end.checked_sub(1)?)
    }

    /// How much is written.
    pub(super) fn position(&self) -> usize {
        self.end
    }

    /// What was written since that position.
    pub(super) fn since(&self, position: usize) -> &[u8] {
        self.buffer.get(position..self.end).unwrap_or_default()
    }

    /// Ends the writing: what is left of the zeros goes.
    pub(super) fn trim(self) {
        self.buffer.truncate(self.end);
    }
}
