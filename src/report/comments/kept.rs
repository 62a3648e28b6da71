//! Comments until the packets come by again.

use super::Comment;

/// The most bytes of comments that are kept: a million of them, about.
pub const MAX_LENGTH: usize = 1 << 27;
/// The most comments of one packet.
const MAX_OF_PACKET: usize = 16;

/// Comments of a capture, in the order of its packets and of their coming.
///
/// A comment costs its bytes and 16 more; those beyond [`MAX_LENGTH`] bytes in all, and beyond 16 on one packet, are left
/// out and counted.
#[derive(Debug, Default)]
pub struct Kept {
    texts: String,
    /// Packet, start and length of each.
    places: Vec<(u64, u32, u32)>,
    left_out: u64,
    is_sorted: bool,
}

impl Kept {
    /// Adds a comment, if there is room.
    pub fn add(&mut self, comment: &Comment) {
        let (start, length) = (self.texts.len(), comment.text.len());
        if start + length > MAX_LENGTH {
            self.left_out += 1;
            return;
        }
        // MAX_LENGTH is far below what 32 bits count
        let [start, length] = [start, length].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        self.texts.push_str(&comment.text);
        self.places.push((comment.packet, start, length));
        self.is_sorted = false;
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// How many there was no room for.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Puts them in order of packets.
    pub fn sort(&mut self) {
        self.places.sort_unstable();
        let mut of_packet = (0, 0);
        let before = self.places.len();
        self.places.retain(|&(packet, ..)| {
            of_packet = if of_packet.0 == packet { (packet, of_packet.1 + 1) } else { (packet, 1) };
            of_packet.1 <= MAX_OF_PACKET
        });
        self.left_out += (before - self.places.len()) as u64;
        self.is_sorted = true;
    }

    /// Those of a packet, once they are [sorted](Self::sort).
    #[must_use]
    pub fn of(&self, packet: u64) -> Vec<&str> {
        debug_assert!(self.is_sorted, "they are sorted once all are there");
        let first = self.places.partition_point(|place| place.0 < packet);
        let places = self.places.get(first..).unwrap_or_default().iter().take_while(|place| place.0 == packet);
        places.filter_map(|&(_, start, length)| self.texts.get(start as usize..(start + length) as usize)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(packet: u64, text: &str) -> Comment {
        Comment { packet, text: text.to_owned(), is_problem: false }
    }

    #[test]
    fn comments_come_back_by_packet_in_their_order() {
        let mut kept = Kept::default();
        for (packet, text) in [(9, "c"), (2, "b"), (9, "a"), (2, "a"), (1 << 40, "far")] {
            kept.add(&comment(packet, text));
        }
        kept.sort();
        assert_eq!((kept.of(2), kept.of(9), kept.of(1 << 40)), (vec!["b", "a"], vec!["c", "a"], vec!["far"]));
        assert!(kept.of(0).is_empty() && kept.of(3).is_empty());
        assert_eq!((kept.count(), kept.left_out()), (5, 0));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut kept = Kept::default();
        let long = "x".repeat(MAX_LENGTH / 4);
        (0..6).for_each(|packet| kept.add(&comment(packet, &long)));
        assert_eq!((kept.count(), kept.left_out()), (4, 2));
        let mut kept = Kept::default();
        (0..20).for_each(|_| kept.add(&comment(7, "a")));
        kept.sort();
        assert_eq!((kept.of(7).len(), kept.left_out()), (16, 4));
    }
}
