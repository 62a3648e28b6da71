//! Memory for what rules remember of tickets: items whose size others choose are bounded in bytes.

/// The longest foreign text that is remembered whole: the longest host name there is (RFC 1035 section 2.3.4).
const MAX_TEXT: usize = 255;
/// Bytes that one rule may remember besides items of a fixed size.
const BUDGET: usize = 8 << 20;

/// As much of a foreign text as is remembered.
pub(in crate::audit) fn crop(text: &[u8]) -> &[u8] {
    text.get(..MAX_TEXT).unwrap_or(text)
}

/// The bytes that a rule has left, and how often it had none.
#[derive(Debug)]
pub(in crate::audit) struct Room {
    left: usize,
    left_out: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: BUDGET, left_out: 0 }
    }
}

impl Room {
    /// Takes so many bytes; `false`, and counted, if they are not there or the rule has too many items.
    pub(in crate::audit) fn take(&mut self, bytes: usize, has_place: bool) -> bool {
        let fits = has_place && bytes <= self.left;
        if fits {
            self.left -= bytes;
        } else {
            self.left_out += 1;
        }
        fits
    }

    /// Tickets that the rule could not remember.
    pub(in crate::audit) fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut room = Room::default();
        assert!(room.take(BUDGET - 1, true) && room.take(1, true));
        assert!(!room.take(1, true) && !room.take(0, false));
        assert!(room.take(0, true));
        assert_eq!(room.left_out(), 2);
        assert_eq!((crop(&[0; 300]).len(), crop(&[0; 3]).len()), (MAX_TEXT, 3));
    }
}
