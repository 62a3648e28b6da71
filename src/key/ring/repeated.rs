//! Pieces of records that many tickets have alike: made once, copied from then on.

use std::sync::OnceLock;

use crate::session::field::Mark;

/// How many pieces are kept: for some cipher suites and some virtual hosts.
const PIECES: usize = 12;

/// What was made of what.
#[derive(Debug)]
struct Piece {
    about: u8,
    numbers: [u64; 2],
    bytes: Vec<u8>,
    text: Vec<u8>,
}

impl Piece {
    fn is_of(&self, mark: Mark<'_>) -> bool {
        // to compare nothing at all can be slow where an empty slice points nowhere
        let same_bytes = || mark.bytes.is_empty() || self.bytes == mark.bytes;
        self.about == mark.about && self.numbers == mark.numbers && self.bytes.len() == mark.bytes.len() && same_bytes()
    }
}

/// The first pieces that came.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    pieces: [OnceLock<Piece>; PIECES],
}

impl Repeated {
    /// What was made of `of`.
    pub(crate) fn find(&self, of: Mark<'_>) -> Option<&[u8]> {
        let mut pieces = self.pieces.iter().map_while(OnceLock::get);
        pieces.find(|piece| piece.is_of(of)).map(|piece| piece.text.as_slice())
    }

    /// Keeps what was made of `of`, while there is room.
    pub(crate) fn keep(&self, of: Mark<'_>, text: &[u8]) {
        if self.pieces.last().is_some_and(|last| last.get().is_some()) {
            return;
        }
        let Mark { about, numbers, bytes } = of;
        let mut piece = Piece { about, numbers, bytes: bytes.to_vec(), text: text.to_vec() };
        for place in &self.pieces {
            match place.set(piece) {
                Ok(()) => return,
                Err(back) => piece = back,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_again_as_long_as_there_is_room() {
        let repeated = Repeated::default();
        let mark = |number| Mark { about: 1, numbers: [number, 0], bytes: b"x" };
        for number in 0..20 {
            assert_eq!(repeated.find(mark(number)), None);
            repeated.keep(mark(number), &number.to_le_bytes());
        }
        assert_eq!(repeated.find(mark(0)), Some(&0_u64.to_le_bytes()[..]));
        assert_eq!(repeated.find(mark(11)), Some(&11_u64.to_le_bytes()[..]));
        assert_eq!(repeated.find(mark(12)), None);
        assert_eq!(repeated.find(Mark { about: 2, ..mark(0) }), None);
        assert_eq!(repeated.find(Mark { bytes: b"", ..mark(0) }), None);
    }
}
