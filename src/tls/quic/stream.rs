//! The handshake messages of one side, put together from CRYPTO frames.

use crate::tls::wire::Reader;

/// A ClientHello with the largest tickets and key shares in use is far below this.
pub(super) const MAX_STREAM: usize = 1 << 15;
/// More separate pieces than this are not kept: a sender has no use for them.
const MAX_PIECES: usize = 256;

/// Bytes from the start of a stream, with holes.
#[derive(Default)]
pub(super) struct Stream {
    bytes: Vec<u8>,
    /// What of it is there: start and end, in order, with a hole between any two.
    pieces: Vec<(usize, usize)>,
    read: usize,
    overflow: bool,
}

impl Stream {
    /// Takes the bytes of a frame. What was there already stays.
    pub(super) fn insert(&mut self, offset: u64, data: &[u8]) {
        let range = usize::try_from(offset).ok().and_then(|start| Some((start, start.checked_add(data.len())?)));
        let Some((start, end)) = range.filter(|&(_, end)| end <= MAX_STREAM) else {
            self.overflow = true;
            return;
        };
        if data.is_empty() {
            return;
        }
        // the pieces that the new one touches
        let first = self.pieces.partition_point(|piece| piece.1 < start);
        let last = self.pieces.partition_point(|piece| piece.0 <= end);
        if first == last && self.pieces.len() >= MAX_PIECES {
            self.overflow = true;
            return;
        }
        let touched = self.pieces.get(first..last).unwrap_or_default().to_vec();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut at = start;
        for &(from, to) in touched.iter().chain([&(end, end)]) {
            if let (Some(hole), Some(source)) =
                (self.bytes.get_mut(at..from), data.get(at - start..from.saturating_sub(start)))
            {
                hole.copy_from_slice(source);
            }
            at = at.max(to);
        }
        let whole = touched.iter().fold((start, end), |whole, piece| (whole.0.min(piece.0), whole.1.max(piece.1)));
        self.pieces.splice(first..last, [whole]);
    }

    /// The next message that is whole.
    pub(super) fn next_message(&mut self) -> Option<Vec<u8>> {
        let &(0, contiguous) = self.pieces.first()? else { return None };
        let unread = self.bytes.get(self.read..contiguous)?;
        let mut reader = Reader(unread);
        reader.u8()?;
        let length = reader.u24()?;
        if self.read.checked_add(length).is_none_or(|end| end > MAX_STREAM) {
            self.overflow = true;
        }
        reader.take(length)?;
        let message = unread.get(..unread.len() - reader.0.len())?.to_vec();
        self.read += message.len();
        Some(message)
    }

    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.pieces.capacity() * size_of::<(usize, usize)>()
    }

    /// Whether something was left out because it goes beyond the bounds.
    #[cfg(test)]
    pub(super) fn overflowed(&self) -> bool {
        self.overflow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn holes_are_waited_for() {
        let mut stream = Stream::default();
        stream.insert(5, &[4, 5, 2, 0]);
        assert_eq!(stream.next_message(), None);
        stream.insert(0, &[1, 0, 0, 2, 9]);
        assert_eq!(stream.next_message(), Some(vec![1, 0, 0, 2, 9, 4]));
        assert_eq!(stream.next_message(), None, "5, 2, 0 is the start of another");
        stream.insert(9, &[0]);
        assert_eq!(stream.next_message(), None);
        assert!(stream.overflowed(), "a message of 131,072 bytes");
    }

    #[test]
    fn bounds_are_kept() {
        let mut stream = Stream::default();
        stream.insert(u64::MAX, &[1]);
        stream.insert(MAX_STREAM as u64, &[1]);
        assert!(stream.bytes.is_empty() && stream.overflowed());
        let mut stream = Stream::default();
        for offset in 0..1000 {
            stream.insert(offset * 2, &[0]);
        }
        assert!(stream.pieces.len() <= MAX_PIECES && stream.overflowed());
        let mut stream = Stream::default();
        stream.insert(MAX_STREAM as u64 - 1, &[1]);
        assert!(!stream.overflowed());
    }

    proptest! {
        #[test]
        fn any_order_and_overlap_gives_the_message(
            mut frames in proptest::collection::vec((0_usize..300, 1_usize..80), 0..40),
            size in 4_usize..300,
        ) {
            let mut message: Vec<u8> = (0..size).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            message[..4].copy_from_slice(&[1, 0, 0, 0]);
            message[2..4].copy_from_slice(&u16::try_from(size - 4).unwrap().to_be_bytes());
            // random pieces first, then all of it in pieces of seven
            frames.extend((0..size).step_by(7).map(|start| (start, 7)));
            let mut stream = Stream::default();
            for (start, length) in frames {
                let end = (start + length).min(size);
                if let Some(data) = message.get(start..end) {
                    stream.insert(start as u64, data);
                }
                prop_assert!(stream.pieces.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
            prop_assert_eq!(stream.next_message(), Some(message));
            prop_assert_eq!(stream.next_message(), None);
        }
    }
}
