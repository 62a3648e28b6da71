//! The TLS record layer of one direction (RFC 9846, RFC 8446 section 5.1), fed in pieces of any size.
//!
//! Only what the collector asks for is kept; application data is counted, not copied.

use super::collect::{Collector, Stamp};
use super::message::Assembler;
use crate::tls::number::content;
use crate::tls::number::handshake as kind;
use crate::tls::wire::Reader;

const HEADER_LENGTH: usize = 5;
/// The longest record that any version allows: 2^14 of content, 2048 of what encryption adds.
const MAX_LENGTH: usize = (1 << 14) + 2048;
/// Bytes that show that a stream is TLS: a record header and the start of a hello, or a ticket up to its length.
const PROBE_LENGTH: usize = 15;
/// Those of a hello in the format of SSL 2.0 up to its lengths, and the most that one may have.
const OLD_HEADER_LENGTH: usize = 11;
const MAX_OLD_HELLO: usize = 4096;
/// Those of an alert.
const ALERT_LENGTH: usize = 7;
/// Those of a ticket that follows a gap.
const TICKET_LENGTH: usize = 10;
/// Segments in which the start of TLS is looked for: a conversation such as STARTTLS may come before it.
const MAX_PROBES: u8 = 200;

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
    /// In a hello in the format of SSL 2.0, of which as many bytes are still to come.
    OldHello {
        left: usize,
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
    head_length: u8,
    probes: u8,
    /// A `ChangeCipherSpec` has passed.
    changed: bool,
    /// TLS was seen here once.
    found: bool,
    /// Bytes are missing: what follows them may be the midst of anything.
    torn: bool,
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
            torn: false,
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

    /// Takes the next bytes; `begins_segment` if a packet's payload begins with them.
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
                State::OldHello { left } => self.old_hello(bytes, left, side, stamp, collector),
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
        if let State::Body { kind: content::APPLICATION_DATA, left, used: Use::Hold } = self.state {
            if length <= left && collector.tear(side) {
                self.held.clear();
                let (kind, left) = (content::APPLICATION_DATA, left - length);
                self.state = if left == 0 { State::Header } else { State::Body { kind, left, used: Use::Skip } };
                return;
            }
        }
        self.torn = true;
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
        let filled = usize::from(self.head_length);
        let head = self.head.get(..filled).unwrap_or_default();
        let answers = collector.awaits_answer(side);
        let may_be_alert = answers && !self.found && may_be_alert(head);
        let may_be_old = !answers && !self.found && may_be_old_hello(head);
        if !may_begin_tls(head, self.found) && !may_be_alert && !may_be_old {
            self.probes += 1;
            if answers && !self.found && !self.torn {
                collector.other(side, head, stamp);
            }
            self.state = if self.probes >= MAX_PROBES { State::Lost } else { State::Waiting };
            return &[];
        }
        let after_gap = self.found && matches!(head, [content::CHANGE_CIPHER_SPEC, _, _, _, _, _, ..]);
        let is_alert = may_be_alert && filled >= ALERT_LENGTH;
        if filled == PROBE_LENGTH || after_gap || is_alert || is_whole_hello(head) {
            let begins = is_alert || may_be_old || begins_hello(head);
            if !std::mem::replace(&mut self.found, true) && !begins {
                // a ticket: the server's hello was before it
                collector.lost(side);
            }
            let (head, length) = (self.head, filled);
            self.head_length = 0;
            self.state = State::Header;
            if may_be_old {
                let message = old_hello_length(&head);
                let kept = head.get(2..length).unwrap_or_default();
                self.held = Vec::with_capacity(message);
                self.held.extend_from_slice(kept);
                self.state = State::OldHello { left: message.saturating_sub(kept.len()) };
                return rest;
            }
            self.feed(head.get(..length).unwrap_or_default(), false, side, stamp, collector);
        }
        rest
    }

    /// Takes the next bytes of a hello in the format of SSL 2.0.
    fn old_hello<'b>(
        &mut self,
        bytes: &'b [u8],
        left: usize,
        side: usize,
        stamp: Stamp,
        collector: &mut Collector,
    ) -> &'b [u8] {
        let (taken, rest) = bytes.split_at_checked(left).unwrap_or((bytes, &[]));
        self.held.extend_from_slice(taken);
        let left = left - taken.len();
        self.state = State::OldHello { left };
        if left == 0 {
            self.state = State::Header;
            collector.message(side, kind::CLIENT_HELLO, Some(std::mem::take(&mut self.held)), stamp);
        }
        rest
    }

    /// Fills the head up to `length`; gives what is left.
    fn fill<'b>(&mut self, bytes: &'b [u8], length: usize) -> &'b [u8] {
        let filled = usize::from(self.head_length);
        let take = length.saturating_sub(filled).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(take).unwrap_or((bytes, &[]));
        if let Some(place) = self.head.get_mut(filled..filled + take) {
            place.copy_from_slice(taken);
            // no more than the head has
            self.head_length = u8::try_from(filled + take).unwrap_or(self.head_length);
        }
        rest
    }

    fn header<'b>(&mut self, bytes: &'b [u8], side: usize, collector: &mut Collector) -> &'b [u8] {
        let whole = bytes.split_first_chunk::<HEADER_LENGTH>().filter(|_| self.head_length == 0);
        let (head, rest) = if let Some((head, rest)) = whole {
            (*head, rest)
        } else {
            let rest = self.fill(bytes, HEADER_LENGTH);
            if usize::from(self.head_length) < HEADER_LENGTH {
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
            (content::ALERT, &[level, description]) if !self.changed => {
                collector.alert(side, level, description, stamp);
            }
            // after a HelloRetryRequest plain hellos follow a ChangeCipherSpec
            (content::HANDSHAKE, content) if is_hello(content) => {
                self.changed = false;
                self.messages.feed(content, side, stamp, collector);
            }
            (content::HANDSHAKE, _) => collector.encrypted_handshake(side, record),
            (content::APPLICATION_DATA, _) => collector.encrypted_record(side, record, stamp),
            _ => {}
        }
    }
}

/// Whether a plain `ClientHello` or `ServerHello` begins here.
fn is_hello(content: &[u8]) -> bool {
    // drafts of TLS 1.3 up to 21 have 0x7f
    matches!(content, [1 | 2, 0 | 1, _, _, 3, 0..=4, ..] | [2, 0 | 1, _, _, 0x7f, ..])
}

/// Whether a stream that begins so may be TLS: a record that begins with a hello, or is a `NewSessionTicket` by all of
/// its lengths; or, if TLS was seen before a gap, a record that is plain for certain.
fn may_begin_tls(head: &[u8], resume: bool) -> bool {
    begins_hello(head) || may_go_on_tls(head, resume)
}

/// Likewise, of what is not a hello.
fn may_go_on_tls(head: &[u8], resume: bool) -> bool {
    let matches = |pattern: &[&[u8]]| {
        head.iter().zip(pattern).all(|(byte, allowed)| allowed.is_empty() || allowed.contains(byte))
    };
    let ticket: [&[u8]; TICKET_LENGTH] = [&[22], &[3], &[0, 1, 2, 3, 4], &[], &[], &[4], &[0], &[], &[], &[]];
    let change: [&[u8]; 6] = [&[20], &[3], &[0, 1, 2, 3, 4], &[0], &[1], &[1]];
    (matches(&ticket) && (resume || may_be_ticket(head))) || (resume && matches(&change))
}

/// Whether a segment that begins so may begin TLS.
pub(super) fn may_begin(segment: &[u8]) -> bool {
    match segment {
        [content::HANDSHAKE, ..] => true,
        [0x80..=0xff, ..] => segment.len() >= OLD_HEADER_LENGTH && may_be_old_hello(segment),
        _ => false,
    }
}

/// Whether a record with a short hello is there to its end.
fn is_whole_hello(head: &[u8]) -> bool {
    let &[.., high, low] = head.first_chunk::<HEADER_LENGTH>().unwrap_or(&[0; HEADER_LENGTH]);
    let length = usize::from(u16::from_be_bytes([high, low]));
    // type, length and version tell it from other protocols
    length >= 6 && head.len() >= HEADER_LENGTH + length && begins_hello(head)
}

/// Whether an alert in plain begins so.
fn may_be_alert(head: &[u8]) -> bool {
    let pattern = [content::ALERT..=content::ALERT, 3..=3, 0..=4, 0..=0, 2..=2, 1..=2];
    head.iter().zip(pattern).all(|(byte, allowed)| allowed.contains(byte))
}

/// Whether a ClientHello in the format of SSL 2.0 begins so: a length with the top bit set, the type, a version, and
/// lengths that agree with the first one, as far as they are there (RFC 9846, RFC 5246 appendix E.2).
fn may_be_old_hello(head: &[u8]) -> bool {
    if !matches!(head, [0x80..=0xff] | [0x80..=0xff, _] | [0x80..=0xff, _, 1] | [0x80..=0xff, _, 1, 3 | 0, ..]) {
        return false;
    }
    let Some(header) = head.first_chunk::<OLD_HEADER_LENGTH>() else { return true };
    let &[_, _, _, major, minor, ref lengths @ ..] = header;
    let mut lengths = Reader(lengths);
    let [suites, session_id, challenge] = [(); 3].map(|()| lengths.u16().map_or(0, usize::from));
    let is_version = matches!((major, minor), (3, 0..=4) | (0, 2));
    let are_lengths = suites > 0 && suites % 3 == 0 && session_id <= 32 && (8..=32).contains(&challenge);
    let whole = OLD_HEADER_LENGTH - 2 + suites + session_id + challenge;
    is_version && are_lengths && whole == old_hello_length(head) && whole <= MAX_OLD_HELLO
}

/// The length that a hello in the format of SSL 2.0 says it has, from its type on.
fn old_hello_length(head: &[u8]) -> usize {
    head.first_chunk().map_or(0, |&pair| usize::from(u16::from_be_bytes(pair) & 0x7fff))
}

/// Whether records that hold a hello begin so, however short they are.
fn begins_hello(head: &[u8]) -> bool {
    // nearly always all that is there is of one record
    if let &[content::HANDSHAKE, 3, 0..=4, high, low, 1 | 2, 0 | 1, _, _, 3 | 0x7f, ..] = head {
        if usize::from(u16::from_be_bytes([high, low])) + HEADER_LENGTH >= head.len() {
            return true;
        }
    }
    let (mut at, mut length, mut left, mut seen) = (0, 0, 0, 0);
    head.iter().all(|&byte| {
        if left > 0 {
            (left, seen) = (left - 1, seen + 1);
            return match seen {
                1 => matches!(byte, 1 | 2),
                2 => byte <= 1,
                // drafts of TLS 1.3 up to 21 have 0x7f
                5 => matches!(byte, 3 | 0x7f),
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

/// Whether the lengths of record, message and ticket agree, as far as they are there (RFC 9846, RFC 5077 section 3.3).
fn may_be_ticket(head: &[u8]) -> bool {
    let number = |at: usize| {
        let pair = head.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*pair)))
    };
    let Some(message) = number(7) else { return true };
    let ticket = number(13).unwrap_or_else(|| message.saturating_sub(6));
    number(3) == Some(message + 4) && ticket > 0 && message == ticket + 6
}
