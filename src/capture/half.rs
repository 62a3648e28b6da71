//! One direction of a flow, and the sequence numbers of TCP (RFC 9293 section 3.4).

/// One direction of a flow.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Half {
    /// TCP: the sequence number that is due.
    pub(super) next: u32,
    /// TCP: the sequence number before the first byte.
    pub(super) initial: u32,
    /// TCP: the largest number that the other side acknowledged, if `is_acknowledged`.
    acknowledged: u32,
    /// TCP: bytes that were captured, modulo 2^32.
    pub(super) captured: u32,
    /// `next` is known.
    pub(super) synchronised: bool,
    is_acknowledged: bool,
    /// TCP: its SYN was seen.
    pub(super) syn: bool,
    /// TCP: the number of its FIN, which counts as a byte.
    pub(super) fin: Option<u32>,
    /// Its end was seen.
    pub(super) closed: bool,
    /// Segments that were looked at and had nothing of TLS.
    pub(super) tries: u8,
}

/// How far an acknowledgement, or the first data, may be from what was seen, in bytes: beyond that it is of another
/// connection.
const MAX_DISTANCE: i32 = 1 << 24;

impl Half {
    /// Begins at the number of its first byte.
    pub(super) fn begin(&mut self, first: u32, syn: bool) {
        *self = Self {
            next: first,
            initial: first.wrapping_sub(1),
            synchronised: true,
            syn,
            acknowledged: 0,
            captured: 0,
            is_acknowledged: false,
            fin: None,
            closed: false,
            tries: self.tries,
        };
    }

    /// Takes the next bytes.
    pub(super) fn takes(&mut self, length: usize) {
        self.next = advance(self.next, length);
        self.captured = advance(self.captured, length);
    }

    /// Whether data of a number cannot belong to what was taken for the start, so that something else was: a stray
    /// packet, or one of an earlier connection.
    pub(super) fn is_astray(&self, first: u32) -> bool {
        // a byte before the first one asks whether the other side is still there
        self.captured == 0 && !(-1..=MAX_DISTANCE).contains(&distance(self.next, first))
    }

    /// The other side acknowledges what comes before a number.
    pub(super) fn acknowledge(&mut self, number: u32) {
        let is_near = self.synchronised && distance(self.next, number) < MAX_DISTANCE;
        let is_new = !self.is_acknowledged || distance(self.acknowledged, number) > 0;
        if is_near && is_new && distance(self.initial, number) > 0 {
            (self.acknowledged, self.is_acknowledged) = (number, true);
        }
    }

    /// Whether the other side has acknowledged everything before a number, and nothing behind it.
    pub(super) fn is_acknowledged_to(&self, number: u32) -> bool {
        self.is_acknowledged && self.acknowledged == number
    }

    /// How many bytes the other side acknowledged that were not captured.
    pub(super) fn unseen(&self) -> u32 {
        let sent = self.acknowledged.wrapping_sub(self.initial).wrapping_sub(1);
        let fin = u32::from(self.fin.is_some_and(|fin| self.acknowledged == fin.wrapping_add(1)));
        let unseen = sent.wrapping_sub(self.captured).wrapping_sub(fin);
        // that FIN need not be in the capture, and what is captured need not be acknowledged yet
        if self.is_acknowledged && (2..1 << 31).contains(&unseen) { unseen } else { 0 }
    }
}

/// The distance from one sequence number to another, which wraps.
pub(super) fn distance(from: u32, to: u32) -> i32 {
    i32::from_ne_bytes(to.wrapping_sub(from).to_ne_bytes())
}

#[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap, and so does this")]
pub(super) fn advance(sequence: u32, length: usize) -> u32 {
    sequence.wrapping_add(length as u32)
}
