//! Handshake messages put together from records (RFC 9846, RFC 8446 section 5.1: a message may span records, and a
//! record hold
//! several messages).

use super::collect::{Collector, Stamp};
use crate::tls::hello::HEADER_LENGTH;
use crate::tls::number::handshake as kind;

/// The longest body that is kept of each type; 0: of no interest.
pub(super) fn longest(kind: u8) -> usize {
    match kind {
        // a session ID, 2^16 of suites, 2^16 of extensions
        kind::CLIENT_HELLO => 0x2_0200,
        kind::SERVER_HELLO | kind::NEW_SESSION_TICKET => 0x1_0100,
        // so much tells an empty one from others
        kind::CERTIFICATE => 3,
        _ => 0,
    }
}

/// How much of a header is there if all of it is.
const WHOLE: u8 = 4;

/// One direction's messages.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    header: [u8; HEADER_LENGTH],
    header_length: u8,
    /// Bytes of the body that are still to come.
    left: u32,
    kept: Option<Vec<u8>>,
    /// The last packet that a part of the message was in.
    stamp: Stamp,
}

impl Assembler {
    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.kept.as_ref().map_or(0, Vec::capacity)
    }

    /// Takes the next bytes, and the packet that they were in: a message has the number of the last one that it was in.
    pub(super) fn feed(&mut self, mut bytes: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) {
        // parts that came late may stand in front of parts that were there before
        self.stamp = if self.header_length == 0 { stamp } else { self.stamp.max(stamp) };
        while let Some((&first, after)) = bytes.split_first() {
            let whole = bytes.split_first_chunk().filter(|_| self.header_length == 0);
            if let Some((header, after)) = whole {
                (self.header, self.header_length, bytes) = (*header, WHOLE, after);
                self.begin();
            } else if let Some(place) = self.header.get_mut(usize::from(self.header_length)) {
                *place = first;
                self.header_length += 1;
                bytes = after;
                if self.header_length < WHOLE {
                    continue;
                }
                self.begin();
            } else {
                let (taken, rest) = bytes.split_at_checked(self.left as usize).unwrap_or((bytes, &[]));
                if let Some(kept) = &mut self.kept {
                    kept.extend_from_slice(taken);
                }
                self.left -= u32::try_from(taken.len()).unwrap_or(self.left);
                bytes = rest;
            }
            if self.left == 0 {
                self.header_length = 0;
                collector.message(side, self.header[0], self.kept.take(), self.stamp);
                self.stamp = stamp;
            }
        }
    }

    /// Passes over bytes that are missing; `false` if that is not possible without losing something.
    pub(super) fn skip(&mut self, length: usize) -> bool {
        // a message that ends in the gap is over; one that begins there is not known
        let fits = u32::try_from(length).ok().filter(|length| *length < self.left);
        let possible = fits.filter(|_| self.header_length == WHOLE && self.kept.is_none());
        self.left -= possible.unwrap_or(0);
        possible.is_some()
    }

    fn begin(&mut self) {
        let [kind, a, b, c] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]);
        let length = self.left as usize;
        if (1..=longest(kind)).contains(&length) {
            let mut kept = Vec::with_capacity(HEADER_LENGTH + length.min(2048));
            kept.extend_from_slice(&self.header);
            self.kept = Some(kept);
        }
    }
}
