//! Reassembly of IP fragments (RFC 791 section 3.2, RFC 8200 section 4.5), bounded in number and size.

use super::ends::Address;

/// Datagrams in pieces at a time; the oldest gives way.
const MAX_DATAGRAMS: usize = 32;
/// Pieces of one datagram.
const MAX_PIECES: usize = 128;
/// Bytes that the pieces of one datagram may hold: overlaps included.
const MAX_HELD: usize = 2 * MAX_LENGTH;
/// The longest IP payload.
const MAX_LENGTH: usize = 0xffff;

/// Source, destination, and the number of the protocol inside.
type Flow = (Address, Address, u8);

/// One fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment<'a> {
    pub(super) id: u32,
    pub(super) offset: usize,
    pub(super) more: bool,
    pub(super) payload: &'a [u8],
}

#[derive(Debug)]
struct Partial {
    flow: Flow,
    id: u32,
    pieces: Vec<(usize, Vec<u8>)>,
    /// Known once the last fragment is there.
    length: Option<usize>,
}

/// Datagrams of which fragments are still missing.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    partial: Vec<Partial>,
    whole: Vec<u8>,
    lost: u64,
}

impl Fragments {
    /// Datagrams that were given up with fragments missing.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.partial.len() as u64
    }

    /// Takes a fragment; gives the payload of the datagram when it is whole.
    pub(super) fn put(&mut self, flow: Flow, fragment: &Fragment<'_>) -> Option<&[u8]> {
        let end = fragment.offset + fragment.payload.len();
        if end > MAX_LENGTH {
            return None;
        }
        let known = self.partial.iter().position(|partial| partial.flow == flow && partial.id == fragment.id);
        let at = known.unwrap_or_else(|| {
            if self.partial.len() >= MAX_DATAGRAMS {
                self.partial.remove(0);
                self.lost += 1;
            }
            self.partial.push(Partial { flow, id: fragment.id, pieces: Vec::new(), length: None });
            self.partial.len() - 1
        });
        let partial = self.partial.get_mut(at)?;
        if !fragment.more {
            partial.length = Some(end);
        }
        let slot = partial.pieces.partition_point(|(offset, _)| *offset < fragment.offset);
        let known = partial
            .pieces
            .get(slot)
            .is_some_and(|(offset, piece)| *offset == fragment.offset && piece.len() >= fragment.payload.len());
        let held: usize = partial.pieces.iter().map(|(_, piece)| piece.len()).sum();
        if !known && partial.pieces.len() < MAX_PIECES && held + fragment.payload.len() <= MAX_HELD {
            partial.pieces.insert(slot, (fragment.offset, fragment.payload.to_vec()));
        }
        let length = partial.length?;
        let mut reached = 0;
        for (offset, piece) in &partial.pieces {
            if *offset > reached {
                return None;
            }
            reached = reached.max(offset + piece.len());
        }
        if reached < length {
            return None;
        }
        let partial = self.partial.remove(at);
        self.whole.clear();
        for (offset, piece) in &partial.pieces {
            // what overlaps is there already
            let fresh = self.whole.len().saturating_sub(*offset);
            self.whole.extend_from_slice(piece.get(fresh..).unwrap_or_default());
        }
        self.whole.truncate(length);
        Some(&self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        (Address::v4([127, 0, 0, 1]), Address::v4([127, 0, 0, 1]), 6)
    }

    fn piece(id: u32, offset: usize, more: bool, payload: &[u8]) -> Fragment<'_> {
        Fragment { id, offset, more, payload }
    }

    #[test]
    fn any_order_and_overlap_give_the_datagram() {
        let mut fragments = Fragments::default();
        assert!(fragments.put(flow(), &piece(1, 8, true, b"89abcdef")).is_none());
        assert!(fragments.put(flow(), &piece(2, 0, true, b"another ")).is_none());
        assert!(fragments.put(flow(), &piece(1, 16, false, b"tail")).is_none());
        assert!(fragments.put(flow(), &piece(1, 8, true, b"89abcdef")).is_none());
        assert_eq!(fragments.put(flow(), &piece(1, 0, true, b"01234567XX")), Some(&b"01234567XXabcdeftail"[..]));
        assert_eq!(fragments.lost(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut fragments = Fragments::default();
        for id in 0..1000 {
            assert!(fragments.put(flow(), &piece(id, 60_000, true, &[0; 6000])).is_none());
            for offset in 1..50 {
                assert!(fragments.put(flow(), &piece(id, offset * 8, true, &vec![0; 60_000])).is_none());
            }
        }
        let held = |partial: &Partial| partial.pieces.iter().map(|(_, piece)| piece.len()).sum::<usize>();
        assert!(fragments.partial.len() <= MAX_DATAGRAMS);
        assert!(fragments.partial.iter().all(|partial| held(partial) <= MAX_HELD));
    }
}
