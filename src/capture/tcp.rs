//! TCP reassembly of one direction (RFC 9293 section 3.4): bytes in order, as far as the capture has them.
//!
//! Segments in order are handed on in place; only those ahead of a hole are copied, within bounds.

use super::collect::{Collector, Stamp};
use super::half::{Half, advance, distance};
use super::tls_record::Records;

/// How far ahead of the next byte a segment may be, in bytes.
const MAX_AHEAD: i32 = 1 << 24;
/// What waits for a hole to be filled, in bytes and segments; beyond that the hole is passed over.
const MAX_PENDING: usize = 1 << 18;
const MAX_PENDING_SEGMENTS: usize = 2048;

/// A segment's place and payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
    /// Bytes at its end that were not captured.
    pub(super) missing: usize,
    /// The packet that it came in.
    pub(super) stamp: Stamp,
}

#[derive(Debug)]
struct Pending {
    sequence: u32,
    payload: Vec<u8>,
    missing: usize,
    stamp: Stamp,
}

/// What is in flight in one direction, beyond the next sequence number.
#[derive(Debug, Default)]
pub(super) struct Stream {
    records: Records,
    /// In order of sequence.
    pending: Vec<Pending>,
    pending_length: usize,
}

/// What follows the header by which a proxy tells whom it speaks for (PROXY protocol, versions 1 and 2).
pub(super) fn after_proxy_header(payload: &[u8]) -> Option<&[u8]> {
    /// The longest line of version 1, its end included.
    const MAX_LINE: usize = 107;
    if payload.starts_with(b"PROXY ") {
        let end = payload.iter().take(MAX_LINE).position(|&byte| byte == b'\n')?;
        return payload.get(end + 1..);
    }
    let rest = payload.strip_prefix(b"\r\n\r\n\0\r\nQUIT\n")?;
    let [_, _, high, low] = *rest.first_chunk()?;
    rest.get(4 + usize::from(u16::from_be_bytes([high, low]))..)
}

impl Stream {
    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.pending_length + self.pending.capacity() * size_of::<Pending>() + self.records.memory()
    }

    /// Whether there is no TLS to be found any more.
    pub(super) fn is_lost(&self) -> bool {
        self.records.is_lost()
    }

    /// Whether a hole is being waited for.
    pub(super) fn has_hole(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes a segment of a direction.
    pub(super) fn segment(&mut self, segment: Segment<'_>, half: &mut Half, side: usize, collector: &mut Collector) {
        let ahead = distance(half.next, segment.sequence);
        if ahead > MAX_AHEAD {
            return;
        }
        if ahead > 0 {
            self.hold(segment, side, collector);
            if self.pending_length > MAX_PENDING || self.pending.len() > MAX_PENDING_SEGMENTS {
                self.pass_hole(half, side, collector);
            }
            return;
        }
        self.deliver(segment, half, side, collector);
        self.drain(half, side, collector);
    }

    /// Gives up waiting: every hole is passed over.
    pub(super) fn flush(&mut self, half: &mut Half, side: usize, collector: &mut Collector) {
        while self.has_hole() {
            self.pass_hole(half, side, collector);
        }
    }

    fn hold(&mut self, segment: Segment<'_>, side: usize, collector: &mut Collector) {
        let place = self.pending.partition_point(|held| distance(held.sequence, segment.sequence) > 0);
        let known = self.pending.get(place).filter(|held| held.sequence == segment.sequence);
        if let Some(held) = known.filter(|held| held.payload.len() >= segment.payload.len()) {
            if !held.payload.starts_with(segment.payload) {
                collector.repeated(side, segment.payload);
            }
            return;
        }
        self.pending_length += segment.payload.len();
        let Segment { sequence, payload, missing, stamp } = segment;
        self.pending.insert(place, Pending { sequence, payload: payload.to_vec(), missing, stamp });
    }

    fn pass_hole(&mut self, half: &mut Half, side: usize, collector: &mut Collector) {
        if let Some(first) = self.pending.first() {
            let hole = distance(half.next, first.sequence);
            if hole > 0 {
                self.records.gap(hole.unsigned_abs() as usize, side, collector);
                half.next = first.sequence;
            }
        }
        self.drain(half, side, collector);
    }

    /// Hands on what has become due, as of the packet that it came in.
    fn drain(&mut self, half: &mut Half, side: usize, collector: &mut Collector) {
        if self.pending.is_empty() {
            return;
        }
        let due = |held: &Pending, next: u32| distance(next, held.sequence) <= 0;
        let mut taken = 0;
        let mut pending = std::mem::take(&mut self.pending);
        while let Some(held) = pending.get(taken).filter(|held| due(held, half.next)) {
            let Pending { sequence, ref payload, missing, stamp } = *held;
            self.pending_length = self.pending_length.saturating_sub(payload.len());
            self.deliver(Segment { sequence, payload, missing, stamp }, half, side, collector);
            taken += 1;
        }
        pending.drain(..taken);
        self.pending = pending;
    }

    /// Hands on the part of a segment that is new.
    fn deliver(&mut self, segment: Segment<'_>, half: &mut Half, side: usize, collector: &mut Collector) {
        let seen = distance(segment.sequence, half.next).unsigned_abs() as usize;
        if seen > 0 && !segment.payload.is_empty() {
            collector.repeated(side, segment.payload);
        }
        if let Some(fresh) = segment.payload.get(seen..).filter(|fresh| !fresh.is_empty()) {
            half.takes(fresh.len());
            self.records.feed(fresh, seen == 0, side, segment.stamp, collector);
        }
        let missing = (segment.payload.len() + segment.missing).saturating_sub(seen.max(segment.payload.len()));
        if missing > 0 {
            half.next = advance(half.next, missing);
            self.records.gap(missing, side, collector);
        }
    }
}
