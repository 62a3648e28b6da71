//! Packet captures: from packets to the handshakes in them.
//!
//! [`container::Reader`] takes a capture file apart, a [`Capture`] follows the connections in its packets and hands
//! over a [`Connection`] as soon as its handshake is decided. Memory is bounded however large or hostile a capture is:
//! in the number of flows, in what a handshake may hold, and in what all of them hold together.
//!
//! ```
//! use tktdump::capture::{Capture, container::{Reader, Step}};
//!
//! # let file: &[u8] = include_bytes!("../testdata/nginx48_tls12/capture.pcap");
//! let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), file);
//! let mut kinds = Vec::new();
//! loop {
//!     match reader.step(rest)? {
//!         Step::Packet { packet, used } => {
//!             capture.packet(&packet, &mut |connection| kinds.push(connection.handshake().as_str()));
//!             rest = &rest[used..];
//!         }
//!         Step::Skip(length) => rest = &rest[length as usize..],
//!         Step::Secrets { used, .. } => rest = &rest[used..], // see Capture::with_secrets
//!         Step::Need(_) => break, // the end: nothing more is there
//!     }
//! }
//! capture.finish(&mut |connection| kinds.push(connection.handshake().as_str()));
//! assert_eq!(kinds, ["full", "resumed_ticket"]);
//! # Ok::<(), tktdump::capture::container::Damaged>(())
//! ```

pub mod connection;
pub mod container;
pub mod datagram;
pub(crate) mod evidence;

mod after;
mod collect;
mod dtls;
mod ends;
mod flow;
mod followed;
mod fragment;
mod half;
mod ip;
mod issuers;
mod link;
mod message;
mod quic;
mod remarks;
mod side;
pub mod sighting;
mod tcp;
mod tls_record;
mod tunnel;

use self::collect::{Collector, Stamp};
pub use self::connection::Connection;
use self::container::Packet;
use self::datagram::{Decoder, Route, Step, Tcp};
use self::dtls::Dtls;
use self::ends::Ends;
pub use self::ends::{Number, Transport};
pub(crate) use self::flow::Hashed;
use self::flow::{Flow, Flows, Handshake, Talk};
use self::half::Half;
use self::issuers::Issuers;
use self::quic::Quic;
pub use self::remarks::Remarks;
use self::tcp::{Segment, Stream};
use crate::keylog::Secrets;

/// What all open handshakes may hold together, in bytes.
const MEMORY: usize = 24 << 20;
/// How many segments of one direction are searched for the start of TLS.
const MAX_TRIES: u8 = 200;

/// Where a flow is, and a side of it.
type Place = (usize, usize);

/// Takes connections that are decided.
pub type Sink<'s> = dyn FnMut(Connection) + 's;

/// Follows the connections of a capture.
#[derive(Debug, Default)]
pub struct Capture {
    decoder: Decoder,
    flows: Flows,
    stamp: Stamp,
    memory: usize,
    given_up: u64,
    open_at_end: u64,
    unknown_quic: Option<(u64, u32)>,
    /// What opens the server's records after the handshake.
    secrets: Secrets,
    issuers: Issuers,
    unopened: u64,
    followed_in_part: u64,
}

impl Capture {
    /// With secrets that somebody logged: the tickets that servers issue in TLS 1.3 are opened
    /// ([`Connection::opened_tickets`]).
    ///
    /// After the handshake, only records that can hold tickets are opened: the server's first 16, then at most 1,024 of up
    /// to 4,096 bytes each. A ticket that comes after application data is handed over as a connection without a hello.
    #[must_use]
    pub fn with_secrets(secrets: Secrets) -> Self {
        Self { secrets, ..Self::default() }
    }

    /// The secrets, to which those of the capture itself can be added.
    pub fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }

    /// Takes the next packet. Connections that it decides go to `sink`.
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut Sink<'_>) {
        let mut decoder = std::mem::take(&mut self.decoder);
        if let Some((datagram, payload)) = decoder.decode(packet) {
            self.datagram(&datagram.route, &datagram.step, payload, sink);
        }
        self.adopt(decoder);
    }

    /// Counts a packet that cannot be read.
    pub fn pass_over(&mut self) {
        self.decoder.pass_over();
    }

    /// Takes a packet that a [`Decoder`] has already decoded.
    pub fn datagram(&mut self, route: &Route, step: &Step, payload: &[u8], sink: &mut Sink<'_>) {
        self.stamp = step.stamp;
        let last = self.flows.last(&route.source, &route.destination, route.transport);
        let place = last.unwrap_or_else(|| self.search(route, sink));
        match step.tcp {
            Some(tcp) => self.tcp(place, step, tcp, payload, sink),
            None => self.udp(place, step.missing as usize, payload, sink),
        }
    }

    /// At the end, takes over the decoder that decoded the packets elsewhere, for its counts.
    pub fn adopt(&mut self, decoder: Decoder) {
        self.stamp = decoder.stamp;
        self.decoder = decoder;
    }

    /// Ends the capture: what is still open goes to `sink`.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        for flow in self.flows.open() {
            let is_open = |handshake: &Handshake| !handshake.collector.is_handed_over();
            self.open_at_end += u64::from(flow.handshake.as_deref().is_some_and(is_open));
            if let Some(handshake) = flow.handshake.as_deref_mut() {
                flush(handshake, &mut flow.halves);
            }
            flow.count_followed(&mut self.unopened, &mut self.followed_in_part);
            finish(flow, true, sink);
        }
        self.memory = 0;
    }

    /// Counts of what was unusual so far.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        let Self { unknown_quic, given_up, open_at_end, unopened, followed_in_part, .. } = *self;
        Remarks { unknown_quic, given_up, open_at_end, unopened, followed_in_part, ..self.decoder.remarks() }
    }

    /// Where the flow of a packet is, and which side sent it.
    fn search(&mut self, route: &Route, sink: &mut Sink<'_>) -> Place {
        let Route { source, destination, transport } = *route;
        let (ends, is_high) = Ends::new(source, destination);
        let (memory, given_up) = (&mut self.memory, &mut self.given_up);
        let at = self.flows.find(ends, transport, &mut |old| {
            let (count, length) = give_up(old, sink);
            *given_up += count;
            *memory -= length;
        });
        (at, usize::from(is_high))
    }

    fn tcp(&mut self, (at, side): Place, step: &Step, tcp: Tcp, payload: &[u8], sink: &mut Sink<'_>) {
        let stamp = self.stamp;
        if tcp.is_syn() && !tcp.is_ack() {
            self.flows.begin_anew(at);
        }
        if tcp.is_syn() {
            self.begin_tcp(at, side, tcp, sink);
        }
        let Some(flow) = self.flows.get(at) else { return };
        if flow.done {
            return;
        }
        let Ends { low, high } = flow.ends;
        let [half, other] = flow.from(side);
        let first = tcp.sequence.wrapping_add(u32::from(tcp.is_syn()));
        let has_data = !payload.is_empty() || step.missing > 0;
        if !half.synchronised || (has_data && half.is_astray(first)) {
            half.begin(first, tcp.is_syn());
        }
        if tcp.is_ack() {
            other.acknowledge(tcp.acknowledged);
        }
        if has_data {
            let mut segment = Segment { sequence: first, payload, missing: step.missing as usize, stamp };
            if flow.handshake.is_none() && flow.halves.get_mut(side).is_some_and(|half| passes_by(half, &mut segment)) {
                flow.done = flow.halves.iter().all(|half| half.tries >= MAX_TRIES);
                return;
            }
            let number = flow.next();
            let handshake = flow.handshake.get_or_insert_with(|| {
                let collector = Collector::new(number, [low.into(), high.into()], stamp);
                Handshake::new(collector, Talk::Tcp([Stream::default(), Stream::default()]))
            });
            let stream = match &mut handshake.talk {
                Talk::Tcp(streams) => streams.get_mut(side),
                Talk::Dtls(_) | Talk::Quic(_) => None,
            };
            if let (Some(stream), Some(half)) = (stream, flow.halves.get_mut(side)) {
                stream.segment(segment, half, side, &mut handshake.collector);
            }
            let no_tls = matches!(&handshake.talk, Talk::Tcp(streams) if streams.iter().all(Stream::is_lost));
            let is_decided = handshake.collector.is_decided() || no_tls;
            if !self.secrets.is_empty() {
                self.look_after(at, sink);
            }
            if is_decided {
                return self.end(at, sink);
            }
            self.account(at, sink);
        }
        self.end_tcp(at, side, tcp, payload.len(), sink);
    }

    /// A SYN begins a connection; a second SYN with another sequence number begins a new one on the same flow.
    fn begin_tcp(&mut self, at: usize, side: usize, tcp: Tcp, sink: &mut Sink<'_>) {
        let Some(flow) = self.flows.get(at) else { return };
        let [half, _] = flow.from(side);
        let first = tcp.sequence.wrapping_add(1);
        if !half.synchronised {
            return;
        }
        if half.initial == tcp.sequence {
            // sent again: what came between was of an earlier connection
            half.syn = true;
            half.closed &= half.captured > 0;
            return;
        }
        if tcp.is_ack() {
            // what was taken for the start was a stray packet, or an answer to an earlier connection
            if half.captured == 0 {
                return half.begin(first, true);
            }
            // what follows an unseen start may be older than this: only an answer cannot begin a connection
            if !half.closed {
                return;
            }
        }
        self.finish_flow(at, sink);
        let stream = self.flows.number(Transport::Tcp);
        if let Some(flow) = self.flows.get(at) {
            flow.renew(stream);
        }
    }

    /// RST, or FIN in both directions, ends a connection. An RST counts only at the number that is due, or that the
    /// other side waits for (RFC 5961 section 3): others come from elsewhere, or from an earlier connection.
    fn end_tcp(&mut self, at: usize, side: usize, tcp: Tcp, length: usize, sink: &mut Sink<'_>) {
        if !tcp.is_rst() && !tcp.is_fin() {
            return;
        }
        let stamp = self.stamp;
        let Some(flow) = self.flows.get(at) else { return };
        let [half, _] = flow.from(side);
        // a FIN ahead of a hole: its time has not come
        let end = half::advance(tcp.sequence, length);
        let due = half::distance(half.next, end);
        let is_next = due == 0 || (due == 1 && half.closed) || half.is_acknowledged_to(tcp.sequence);
        let reset = tcp.is_rst() && is_next;
        half.fin = half.fin.or(tcp.is_fin().then_some(end));
        half.closed |= reset || (tcp.is_fin() && due <= 0);
        let is_over = reset || flow.halves.iter().all(|half| half.closed);
        if let Some(handshake) = flow.handshake.as_mut().filter(|_| reset || tcp.is_fin()) {
            handshake.collector.ends(side, reset, stamp);
        }
        if is_over {
            self.finish_flow(at, sink);
        }
    }

    fn udp(&mut self, (at, side): Place, missing: usize, payload: &[u8], sink: &mut Sink<'_>) {
        let stamp = self.stamp;
        let Some(flow) = self.flows.get(at) else { return };
        let datagram = Datagram { bytes: payload, length: payload.len() + missing, side, stamp };
        match flow.handshake.as_deref_mut() {
            Some(Handshake { talk: Talk::Dtls(sides), collector, .. }) => {
                if dtls::begins_another(payload, sides) {
                    self.memory -= finish(flow, false, sink);
                    begin_dtls(flow, datagram);
                } else if let Some(dtls) = sides.get_mut(side) {
                    dtls.datagram(payload, side, stamp, collector);
                }
            }
            None if dtls::begins_handshake(payload) => begin_dtls(flow, datagram),
            _ => {
                if !quic_datagram(flow, datagram) {
                    self.begin_quic(at, datagram, sink);
                }
            }
        }
        self.settle(at, sink);
    }

    /// The start of a QUIC connection, even if others run between the same ends.
    fn begin_quic(&mut self, at: usize, datagram: Datagram<'_>, sink: &mut Sink<'_>) {
        let Datagram { bytes, length, side, stamp } = datagram;
        let Some(flow) = self.flows.get(at) else { return };
        let number = flow.next();
        let Some(half) = flow.halves.get_mut(side).filter(|half| half.tries < quic::MAX_TRIES) else { return };
        match quic::start(bytes, length) {
            // sent again, after all was decided
            Some(quic::Start::Initial(id)) if flow.decided.contains(&id) => return,
            Some(quic::Start::Initial(_)) => {}
            Some(quic::Start::Unknown(version)) if half.tries == 0 => {
                half.tries = 1;
                return datagram::count(&mut self.unknown_quic, version).unwrap_or_default();
            }
            _ => return,
        }
        half.tries += 1;
        let is_cut = bytes.len() < length;
        let mut collector = collector(number, flow.ends, stamp);
        let Some(quic) = Quic::begin(bytes, is_cut, side, stamp, &mut collector) else { return };
        flow.begun = number.nth;
        half.tries = if is_cut { half.tries } else { 0 };
        self.memory -= flow.make_room(&mut |handshake| end(handshake, sink));
        flow.add(Handshake::new(collector, Talk::Quic(quic)));
    }

    /// Hands over the connections of a flow of datagrams that are decided, and counts what is left.
    fn settle(&mut self, at: usize, sink: &mut Sink<'_>) {
        let Some(flow) = self.flows.get(at) else { return };
        if flow.handshake.is_none() {
            return;
        }
        self.memory -= flow.take_decided(&mut |handshake| end(handshake, sink));
        self.account(at, sink);
    }

    /// Counts what a flow holds, and makes room if all hold too much.
    fn account(&mut self, at: usize, sink: &mut Sink<'_>) {
        let mut handshake = self.flows.get(at).and_then(|flow| flow.handshake.as_deref_mut());
        while let Some(each) = handshake {
            let now = each.measure();
            self.memory = self.memory + now - std::mem::replace(&mut each.memory, now);
            handshake = each.other.as_deref_mut();
        }
        while self.memory > MEMORY {
            let Some(flow) = self.flows.handshake_to_give_up(at) else { return };
            let (count, length) = give_up(flow, sink);
            self.given_up += count;
            self.memory -= length;
        }
    }
}

/// A datagram of a flow.
#[derive(Clone, Copy)]
struct Datagram<'d> {
    bytes: &'d [u8],
    /// How many bytes it had on the wire.
    length: usize,
    side: usize,
    stamp: Stamp,
}

/// What takes a handshake over UDP.
fn collector(number: Number, Ends { low, high }: Ends, stamp: Stamp) -> Collector {
    Collector::new(number, [low.into(), high.into()], stamp)
}

/// The start of DTLS.
fn begin_dtls(flow: &mut Flow, datagram: Datagram<'_>) {
    let Datagram { bytes, side, stamp, .. } = datagram;
    let number = flow.next();
    flow.begun = number.nth;
    let mut collector = collector(number, flow.ends, stamp);
    let mut sides = [Dtls::default(), Dtls::default()];
    if let Some(dtls) = sides.get_mut(side) {
        dtls.datagram(bytes, side, stamp, &mut collector);
        flow.handshake = Some(Handshake::new(collector, Talk::Dtls(sides)));
    }
}

/// Gives a datagram to the QUIC connection that it belongs to; whether there is one.
fn quic_datagram(flow: &mut Flow, datagram: Datagram<'_>) -> bool {
    let Datagram { bytes, side, stamp, .. } = datagram;
    let mut handshake = flow.handshake.as_deref_mut();
    while let Some(each) = handshake {
        let Handshake { talk, collector, other, .. } = each;
        let is_its = match talk {
            Talk::Quic(quic) => quic.datagram(bytes, side, stamp, collector),
            Talk::Tcp(_) | Talk::Dtls(_) => false,
        };
        if is_its {
            return true;
        }
        handshake = other.as_deref_mut();
    }
    false
}

/// Skips a proxy header in `segment`, then tells whether the rest has nothing to do with TLS, so that no state is needed.
fn passes_by(half: &mut Half, segment: &mut Segment<'_>) -> bool {
    if half::distance(half.next, segment.sequence) != 0 || segment.missing > 0 {
        // out of order: what fills the hole may be the start
        return half.tries >= MAX_TRIES;
    }
    if let Some(after) = tcp::after_proxy_header(segment.payload).filter(|after| !after.is_empty()) {
        half.takes(segment.payload.len() - after.len());
        (segment.sequence, segment.payload) = (half.next, after);
    }
    if half.tries < MAX_TRIES && tls_record::may_begin(segment.payload) {
        return false;
    }
    half.tries = half.tries.saturating_add(1);
    half.takes(segment.payload.len());
    true
}

/// Ends what a flow holds, `at_end` of the capture; gives the memory that is free again.
fn finish(flow: &mut Flow, at_end: bool, sink: &mut Sink<'_>) -> usize {
    let (mut next, mut memory) = (flow.handshake.take(), 0);
    while let Some(mut handshake) = next {
        next = handshake.other.take();
        if let Talk::Tcp(_) = &handshake.talk {
            flow.done = true;
            flush(&mut handshake, &mut flow.halves);
            handshake.collector.conclude(&flow.halves, at_end);
        }
        memory += end(handshake, sink);
    }
    memory
}

/// Gives up waiting for what is missing.
fn flush(handshake: &mut Handshake, halves: &mut [Half; 2]) {
    let Talk::Tcp(streams) = &mut handshake.talk else { return };
    for (side, (stream, half)) in streams.iter_mut().zip(halves).enumerate() {
        stream.flush(half, side, &mut handshake.collector);
    }
}

/// Drops what a flow holds; gives the number of handshakes dropped and the memory freed. A dropped handshake makes no record
/// now, because later packets may still make one and no connection may have two. A finished handshake goes to `sink`.
fn give_up(flow: &mut Flow, sink: &mut Sink<'_>) -> (u64, usize) {
    let (mut next, mut count, mut memory) = (flow.handshake.take(), 0, 0);
    while let Some(mut handshake) = next {
        next = handshake.other.take();
        flow.done |= matches!(handshake.talk, Talk::Tcp(_));
        if handshake.collector.is_only_followed() {
            handshake.collector.conclude(&flow.halves, false);
            memory += end(handshake, sink);
            continue;
        }
        flow.given_up |= flow.done;
        count += u64::from(!handshake.collector.is_handed_over());
        memory += handshake.memory;
    }
    (count, memory)
}

/// Hands over what was found in a handshake; gives the memory that is free again.
fn end(handshake: Box<Handshake>, sink: &mut Sink<'_>) -> usize {
    let memory = handshake.memory;
    if let Some(connection) = handshake.collector.finish() {
        sink(connection);
    }
    memory
}
