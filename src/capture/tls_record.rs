//! The TLS record layer of one direction (RFC 8446 section 5.1), fed in pieces of any size.
//!
//! Only what the collector asks for is kept; application data is counted, not copied.

use super::collect::{Collector, Stamp};
use super::message::Assembler;

const HEADER_LENGTH: usize = 5;
/// The longest record that any version allows: 2^14 of content, 2048 of what encryption adds.
const MAX_LENGTH: usize = (1 << 14) + 2048;
/// Bytes that show that a stream is TLS: a record header and the start of a hello, or a ticket up to its length.
const PROBE_LENGTH: usize = 15;
/// Those of a ticket that follows a gap.
const TICKET_LENGTH: usize = 10;
/// Segments in which the start of TLS is looked for: a conversation such as STARTTLS may come before it.
const MAX_PROBES: u8 = 200;

/// Record content types.
pub(super) mod content {
    pub(in crate::capture) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(in crate::capture) const ALERT: u8 = 21;
    pub(in crate::capture) const HANDSHAKE: u8 = 22;
    pub(in crate::capture) const APPLICATION_DATA: u8 = 23;
    pub(in crate::capture) const HEARTBEAT: u8 = 24;
}

/// Room that is made for a record before its bytes are there.
const MAX_RESERVED: usize = 128;

/// What is done with the content of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Skip,
    /// Handshake messages in plain.
    Messages,
    /// Kept until the record is whole.
    Hold,
}

#[derive(Debug)]
enum State {
    /// Looking for TLS; the bytes that may be its start.
    Probe,
    /// This segment has something else; the next one may begin with TLS.
    Waiting,
    Header,
    Body {
        kind: u8,
        left: usize,
        used: Use,
    },
    /// There is no TLS here.
    Lost,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Records {
    state: State,
    /// The start of a probe or of a header.
    head: [u8; PROBE_LENGTH],
    head_length: usize,
    probes: u8,
    /// A `ChangeCipherSpec` has passed.
    changed: bool,
    /// TLS was seen here once.
    found: bool,
    held: Vec<u8>,
    messages: Assembler,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            state: State::Probe,
            head: [0; PROBE_LENGTH],
            head_length: 0,
            probes: 0,
            changed: false,
            found: false,
            held: Vec::new(),
            messages: Assembler::default(),
        }
    }
}

impl Records {
    /// Whether nothing more can be learned here.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.held.capacity() + self.messages.memory()
    }

    /// Takes the next bytes; `begins_segment` where a packet's payload begins with them.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        begins_segment: bool,
        side: usize,
        stamp: Stamp,
        collector: &mut Collector,
    ) {
        if begins_segment && matches!(self.state, State::Waiting) {
            self.state = State::Probe;
            self.head_length = 0;
        }
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Probe => self.probe(bytes, side, stamp, collector),
                State::Header => self.header(bytes, side, collector),
                State::Body { kind, left, used } => self.body(bytes, kind, left, used, side, stamp, collector),
                State::Waiting | State::Lost => return,
            };
        }
    }

    /// As many bytes are missing here for ever.
    pub(super) fn gap(&mut self, length: usize, side: usize, collector: &mut Collector) {
        if let State::Body { kind, left, used } = self.state {
            if length <= left && (used == Use::Skip || (used == Use::Messages && self.messages.skip(length))) {
                let left = left - length;
                self.state = if left == 0 { State::Header } else { State::Body { kind, left, used } };
                return;
            }
        }
        if self.found {
            collector.lost(side);
        }
        self.messages = Assembler::default();
        self.held = Vec::new();
        if !self.is_lost() {
            self.head_length = 0;
            self.state = State::Probe;
        }
    }

    /// Collects the bytes that tell TLS from anything else.
    fn probe<'b>(&mut self, bytes: &'b [u8], side: usize, stamp: Stamp, collector: &mut Collector) -> &'b [u8] {
        let rest = self.fill(bytes, PROBE_LENGTH);
        let head = self.head.get(..self.head_length).unwrap_or_default();
        if !may_begin_tls(head, self.found) {
            self.probes += 1;
            self.state = if self.probes >= MAX_PROBES { State::Lost } else { State::Waiting };
            return &[];
        }
        let after_gap = self.found && matches!(head, [content::CHANGE_CIPHER_SPEC, _, _, _, _, _, ..]);
        if self.head_length == PROBE_LENGTH || after_gap {
            if !std::mem::replace(&mut self.found, true) && !begins_hello(head) {
                // a ticket: the server's hello was before it
                collector.lost(side);
            }
            let (head, length) = (self.head, self.head_length);
            self.head_length = 0;
            self.state = State::Header;
            self.feed(head.get(..length).unwrap_or_default(), false, side, stamp, collector);
        }
        rest
    }

    /// Fills the head up to `length`; gives what is left.
    fn fill<'b>(&mut self, bytes: &'b [u8], length: usize) -> &'b [u8] {
        let take = length.saturating_sub(self.head_length).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(take).unwrap_or((bytes, &[]));
        if let Some(place) = self.head.get_mut(self.head_length..self.head_length + take) {
            place.copy_from_slice(taken);
            self.head_length += take;
        }
        rest
    }

    fn header<'b>(&mut self, bytes: &'b [u8], side: usize, collector: &mut Collector) -> &'b [u8] {
        let whole = bytes.split_first_chunk::<HEADER_LENGTH>().filter(|_| self.head_length == 0);
        let (head, rest) = if let Some((head, rest)) = whole {
            (*head, rest)
        } else {
            let rest = self.fill(bytes, HEADER_LENGTH);
            if self.head_length < HEADER_LENGTH {
                return rest;
            }
            self.head_length = 0;
            (self.head.first_chunk().copied().unwrap_or_default(), rest)
        };
        let [kind, major, _, high, low] = head;
        let left = usize::from(u16::from_be_bytes([high, low]));
        if !matches!(kind, content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT) || major != 3 || left > MAX_LENGTH {
            // out of step, or no TLS after all
            collector.lost(side);
            self.state = State::Waiting;
            return &[];
        }
        let may_be_finished = kind == content::HANDSHAKE && left > 0;
        if self.changed && !may_be_finished && !collector.is_done(side) {
            collector.not_finished();
        }
        let used = match kind {
            content::HANDSHAKE if !self.changed => Use::Messages,
            content::HANDSHAKE | content::CHANGE_CIPHER_SPEC | content::ALERT if !collector.is_done(side) => Use::Hold,
            content::APPLICATION_DATA if collector.wants_record(side, left) => Use::Hold,
            _ => Use::Skip,
        };
        if used == Use::Hold {
            self.held.clear();
            self.held.reserve(HEADER_LENGTH + left.min(MAX_RESERVED));
            self.held.extend_from_slice(&head);
        }
        if left > 0 {
            self.state = State::Body { kind, left, used };
        }
        rest
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of the state, taken apart once")]
    fn body<'b>(
        &mut self,
        bytes: &'b [u8],
        kind: u8,
        left: usize,
        used: Use,
        side: usize,
        stamp: Stamp,
        collector: &mut Collector,
    ) -> &'b [u8] {
        let (content, rest) = bytes.split_at_checked(left).unwrap_or((bytes, &[]));
        let left = left - content.len();
        self.state = if left == 0 { State::Header } else { State::Body { kind, left, used } };
        match used {
            Use::Skip => {}
            Use::Messages => self.messages.feed(content, side, stamp, collector),
            Use::Hold => {
                self.held.extend_from_slice(content);
                if left == 0 {
                    let record = std::mem::take(&mut self.held);
                    self.record(kind, &record, side, stamp, collector);
                    // the next one is often as short
                    if record.capacity() <= HEADER_LENGTH + MAX_RESERVED {
                        self.held = record;
                    }
                }
            }
        }
        rest
    }

    /// Takes a whole record, its header included.
    fn record(&mut self, kind: u8, record: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) {
        let content = record.get(HEADER_LENGTH..).unwrap_or_default();
        match (kind, content) {
            (content::CHANGE_CIPHER_SPEC, [1]) => {
                self.changed = true;
                collector.change_cipher_spec(side);
            }
            (content::ALERT, &[level, description]) if !self.changed => collector.alert(side, level, description),
            // after a HelloRetryRequest plain hellos follow a ChangeCipherSpec
            (content::HANDSHAKE, content) if is_hello(content) => {
                self.changed = false;
                self.messages.feed(content, side, stamp, collector);
            }
            (content::HANDSHAKE, _) => collector.encrypted_handshake(side, record),
            (content::APPLICATION_DATA, _) => collector.encrypted_record(side, record),
            _ => {}
        }
    }
}

/// Whether a plain `ClientHello` or `ServerHello` begins here.
fn is_hello(content: &[u8]) -> bool {
    matches!(content, [1 | 2, 0 | 1, _, _, 3, 0..=4, ..])
}

/// Whether a stream that begins so may be TLS: a record that begins with a hello, or is a `NewSessionTicket` by all of
/// its lengths; or, where TLS was seen before a gap, a record that is plain for certain.
fn may_begin_tls(head: &[u8], resume: bool) -> bool {
    let matches = |pattern: &[&[u8]]| {
        head.iter().zip(pattern).all(|(byte, allowed)| allowed.is_empty() || allowed.contains(byte))
    };
    let ticket: [&[u8]; TICKET_LENGTH] = [&[22], &[3], &[0, 1, 2, 3, 4], &[], &[], &[4], &[0], &[], &[], &[]];
    let change: [&[u8]; 6] = [&[20], &[3], &[0, 1, 2, 3, 4], &[0], &[1], &[1]];
    begins_hello(head) || (matches(&ticket) && (resume || may_be_ticket(head))) || (resume && matches(&change))
}

/// Whether records that hold a hello begin so, however short they are.
fn begins_hello(head: &[u8]) -> bool {
    let (mut at, mut length, mut left, mut seen) = (0, 0, 0, 0);
    head.iter().all(|&byte| {
        if left > 0 {
            (left, seen) = (left - 1, seen + 1);
            return match seen {
                1 => matches!(byte, 1 | 2),
                2 => byte <= 1,
                5 => byte == 3,
                _ => true,
            };
        }
        length = length << 8 | usize::from(byte);
        at += 1;
        match at {
            1 => byte == content::HANDSHAKE,
            2 => byte == 3,
            3 => byte <= 4,
            4 => true,
            _ => {
                (at, left) = (0, length & 0xffff);
                left > 0
            }
        }
    })
}

/// Whether the lengths of record, message and ticket agree, as far as they are there (RFC 5077 section 3.3).
fn may_be_ticket(head: &[u8]) -> bool {
    let number = |at: usize| {
        let pair = head.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*pair)))
    };
    let Some(message) = number(7) else { return true };
    let ticket = number(13).unwrap_or_else(|| message.saturating_sub(6));
    number(3) == Some(message + 4) && ticket > 0 && message == ticket + 6
}
