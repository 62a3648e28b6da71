//! What renderers write on.

#![allow(
    clippy::inline_always,
    reason = "pieces of constant length only become constant copies where the call is inlined; the profile says it is worth it"
)]

use std::io;
use std::ops::Deref;

use zeroize::Zeroize as _;

/// A buffer that records are appended to, and that is wiped when it goes.
///
/// A `Vec` prepares the room that it gains and counts every piece that comes; a page has all its room from the start,
/// keeps it when it is cleared, and is written to in place, a member of a record at a time.
#[derive(Default)]
pub struct Page {
    /// All the room there is; what was written ends at `end`.
    room: Vec<u8>,
    end: usize,
    /// Where it ended at most, before it was cleared.
    most: usize,
}

impl Page {
    /// How much room comes with the first record, in bytes: what most of them take.
    const STEP: usize = 2048;

    /// An empty page, whose room comes with the first record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty page with room for as many bytes. A page that is never filled is never copied to a larger one.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { room: vec![0; bytes], end: 0, most: 0 }
    }

    /// How much there is room for, without gaining more.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.room.len()
    }

    /// Empties it; the room stays.
    pub fn clear(&mut self) {
        self.most = self.most.max(self.end);
        self.end = 0;
    }

    /// Appends bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.line(|line| line.put([bytes]));
    }

    /// Appends what `write` writes. If there is not room enough for it, it is asked again, on a larger page.
    pub(super) fn line(&mut self, write: impl Fn(&mut Line<'_>)) {
        while !self.try_line(&write) {
            self.grow();
        }
    }

    // by itself, so that nothing is prepared for a second time
    #[inline(never)]
    fn try_line(&mut self, write: &impl Fn(&mut Line<'_>)) -> bool {
        let mut line = Line { end: self.end, page: &mut self.room };
        write(&mut line);
        let Line { page, end } = line;
        let has_room = end <= page.len();
        if has_room {
            self.end = end;
        }
        has_room
    }

    #[cold]
    fn grow(&mut self) {
        // what grows by itself leaves a copy behind, and there are secrets in it
        let mut larger = vec![0; (2 * self.room.len()).max(Self::STEP)];
        larger.iter_mut().zip(self.iter()).for_each(|(to, from)| *to = *from);
        // the line that was too long stands behind the end
        self.room.as_mut_slice().zeroize();
        self.room = larger;
    }

    fn wipe(&mut self) {
        // what was never touched takes no memory, and is not to take any now
        let used = self.most.max(self.end);
        if let Some(used) = self.room.get_mut(..used) {
            used.zeroize();
        }
    }
}

/// What is written at the end of a page.
pub(super) struct Line<'p> {
    page: &'p mut [u8],
    /// Where it ends; beyond the page if there was too little room.
    end: usize,
}

impl Line<'_> {
    /// The next `length` bytes, to be filled.
    #[inline(always)]
    fn place(&mut self, length: usize) -> Option<&mut [u8]> {
        let start = self.end;
        self.end = start + length;
        // in two steps, which take fewer comparisons than one
        self.page.get_mut(start..)?.get_mut(..length)
    }

    /// Where in the page it ends.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.end
    }

    /// Takes the last byte back, if it is that one.
    #[inline(always)]
    pub(super) fn take_back(&mut self, last: u8) {
        let before = self.end.wrapping_sub(1);
        if self.page.get(before) == Some(&last) {
            self.end = before;
        }
    }

    /// Appends pieces, one after the other.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, pieces: [&[u8]; N]) {
        if let Some(place) = self.place(length(&pieces)) {
            fill(place, pieces);
        }
    }

    /// Appends `before`, `bytes` bytes that `value` fills in, and `after`.
    #[inline(always)]
    pub(super) fn fill<const N: usize>(
        &mut self,
        before: [&[u8]; N],
        bytes: usize,
        value: impl FnOnce(&mut [u8]),
        after: &[u8],
    ) {
        let Some(place) = self.place(length(&before) + bytes + after.len()) else { return };
        let Some(place) = fill(place, before) else { return };
        let Some((text, place)) = place.split_at_mut_checked(bytes) else { return };
        value(text);
        fill(place, [after]);
    }

    /// Appends `before`, and as many bytes as `value` says that it filled in, up to `M`.
    #[inline(always)]
    pub(super) fn fill_some<const N: usize, const M: usize>(
        &mut self,
        before: [&[u8]; N],
        value: impl FnOnce(&mut [u8; M]) -> usize,
    ) {
        let from = self.end + length(&before);
        let place = self.place(length(&before) + M).and_then(|place| fill(place, before));
        if let Some(place) = place.and_then(<[u8]>::first_chunk_mut) {
            self.end = from + value(place);
        }
    }
}

#[inline(always)]
fn length(pieces: &[&[u8]]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum()
}

/// Fills in pieces, and gives what is behind them.
#[inline(always)]
fn fill<'p, const N: usize>(mut place: &'p mut [u8], pieces: [&[u8]; N]) -> Option<&'p mut [u8]> {
    for piece in pieces {
        let (start, rest) = place.split_at_mut_checked(piece.len())?;
        start.copy_from_slice(piece);
        place = rest;
    }
    Some(place)
}

impl Deref for Page {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.room.get(..self.end).unwrap_or_default()
    }
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_written_since_it_was_cleared() {
        let mut page = Page::with_capacity(8);
        let mut written = Vec::new();
        for length in [0, 3, 5, 1, 4000, 9000] {
            let piece = vec![b'x'; length];
            page.line(|line| line.put([b"<", &piece, b">"]));
            written.extend_from_slice(&[b"<", &piece[..], b">"].concat());
            assert_eq!(&*page, written);
        }
        let room = page.capacity();
        page.clear();
        assert_eq!((&*page, page.capacity()), (&b""[..], room));
    }

    #[test]
    fn a_line_is_whole_however_much_room_there_is() {
        for room in 0..20 {
            let mut page = Page::with_capacity(room);
            page.line(|line| {
                line.fill([b"a"], 2, |place| place.copy_from_slice(b"bc"), b"d");
                line.fill_some([b"e", b"f"], |place: &mut [u8; 9]| {
                    place[..2].copy_from_slice(b"gh");
                    2
                });
                line.put([b"i"]);
            });
            assert_eq!(&*page, b"abcdefghi");
        }
    }

    #[test]
    fn it_is_wiped_as_a_whole() {
        let mut page = Page::with_capacity(8);
        page.extend_from_slice(b"secret");
        page.clear();
        page.extend_from_slice(b"no");
        page.wipe();
        assert_eq!(page.room, [0; 8]);
    }
}
