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

mod collect;
mod dtls;
mod flow;
mod fragment;
mod ip;
mod link;
mod message;
mod quic;
pub mod sighting;
mod tcp;
mod tls_record;

use self::collect::{Collector, Stamp};
pub use self::connection::Connection;
use self::container::Packet;
use self::datagram::{Decoder, Route, Step, Tcp};
use self::dtls::Dtls;
use self::flow::{Flow, Flows, Handshake, Talk};
use self::ip::{Ends, Transport};
use self::quic::Quic;
use self::tcp::{Segment, Stream};

/// What all open handshakes may hold together, in bytes.
const MEMORY: usize = 8 << 20;
/// Segments of a direction that are looked at for the start of TLS.
const MAX_TRIES: u8 = 200;

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
}

/// What is worth saying about a capture as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Packets seen.
    pub packets: u64,
    /// Packets of a link type that is not known, and the first such type.
    pub unknown_link: Option<(u64, u16)>,
    /// Packets that were captured only in part.
    pub cut: u64,
    /// Datagrams of which fragments were missing.
    pub fragments_lost: u64,
    /// Handshakes given up to stay within memory.
    pub given_up: u64,
}

impl Capture {
    /// Takes the next packet. Connections that it decides go to `sink`.
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut Sink<'_>) {
        let mut decoder = std::mem::take(&mut self.decoder);
        if let Some((datagram, payload)) = decoder.decode(packet) {
            self.datagram(&datagram.route, &datagram.step, payload, sink);
        }
        self.adopt(decoder);
    }

    /// Takes what a [`Decoder`] made of the next packet that it could make something of.
    pub fn datagram(&mut self, route: &Route, step: &Step, payload: &[u8], sink: &mut Sink<'_>) {
        self.stamp = step.stamp;
        match step.tcp {
            Some(tcp) => self.tcp(route, step, tcp, payload, sink),
            None => self.udp(route, payload, sink),
        }
    }

    /// Takes over the decoder that packets were taken apart with elsewhere, at the end of the capture.
    pub fn adopt(&mut self, decoder: Decoder) {
        self.stamp = decoder.stamp;
        self.decoder = decoder;
    }

    /// Ends the capture: what is still open goes to `sink`.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        let stamp = self.stamp;
        for flow in self.flows.open() {
            finish(flow, stamp, sink);
        }
        self.memory = 0;
    }

    /// What was unusual so far.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks { given_up: self.given_up, ..self.decoder.remarks() }
    }

    /// Where the flow of a packet is, and which side sent it.
    fn find(&mut self, route: &Route, sink: &mut Sink<'_>) -> (usize, usize) {
        let Route { source, destination, transport } = *route;
        if let Some(found) = self.flows.last(source, destination, transport) {
            return found;
        }
        let (ends, is_high) = Ends::new(source, destination);
        let (stamp, memory, given_up) = (self.stamp, &mut self.memory, &mut self.given_up);
        let at = self.flows.find(ends, transport, &mut |old| {
            *given_up += u64::from(old.handshake.is_some());
            *memory -= finish(old, stamp, sink);
        });
        (at, usize::from(is_high))
    }

    fn tcp(&mut self, route: &Route, step: &Step, tcp: Tcp, payload: &[u8], sink: &mut Sink<'_>) {
        let (at, side) = self.find(route, sink);
        let sequence = tcp.sequence;
        let stamp = self.stamp;
        if tcp.syn {
            self.begin_tcp(at, side, sequence, tcp.ack, sink);
        }
        let Some(flow) = self.flows.get(at) else { return };
        if flow.done {
            return;
        }
        let Ends { low, high } = flow.ends;
        let Some(half) = flow.halves.get_mut(side) else { return };
        let first = sequence.wrapping_add(u32::from(tcp.syn));
        if !half.synchronised {
            half.synchronised = true;
            half.next = first;
            half.initial = first.wrapping_sub(1);
        }
        let mut segment = Segment { sequence: first, payload, missing: step.missing as usize };
        if !segment.payload.is_empty() || segment.missing > 0 {
            if flow.handshake.is_none() && passes_by(half, &mut segment) {
                flow.done = flow.halves.iter().all(|half| half.tries >= MAX_TRIES);
                return;
            }
            let handshake = flow.handshake.get_or_insert_with(|| {
                let collector = Collector::new(flow.stream, [low.into(), high.into()], stamp);
                Handshake::new(collector, Talk::Tcp([Stream::default(), Stream::default()]))
            });
            if let Talk::Tcp(streams) = &mut handshake.talk {
                if let Some(stream) = streams.get_mut(side) {
                    stream.segment(segment, &mut half.next, side, stamp, &mut handshake.collector);
                }
            }
            let no_tls = matches!(&handshake.talk, Talk::Tcp(streams) if streams.iter().all(Stream::is_lost));
            if handshake.collector.is_decided() || no_tls {
                self.memory -= finish(flow, stamp, sink);
                return;
            }
            self.account(at, sink);
        }
        self.end_tcp(at, side, tcp, payload.len(), sink);
    }

    /// A SYN begins a connection; one that begins it a second time, with another number, begins another one.
    fn begin_tcp(&mut self, at: usize, side: usize, sequence: u32, answer: bool, sink: &mut Sink<'_>) {
        let stamp = self.stamp;
        let Some(flow) = self.flows.get(at) else { return };
        let Some(half) = flow.halves.get(side) else { return };
        if !half.synchronised || half.initial == sequence {
            return;
        }
        // what follows an unseen start may be older than this: only an answer cannot begin a connection
        if answer && !half.closed {
            return;
        }
        self.memory -= finish(flow, stamp, sink);
        let stream = self.flows.number(Transport::Tcp);
        if let Some(flow) = self.flows.get(at) {
            flow.renew(stream);
        }
    }

    /// RST, or FIN in both directions, ends a connection. An RST counts only at the number that is due (RFC 5961
    /// section 3): others come from elsewhere, or from an earlier connection.
    fn end_tcp(&mut self, at: usize, side: usize, tcp: Tcp, length: usize, sink: &mut Sink<'_>) {
        if !tcp.rst && !tcp.fin {
            return;
        }
        let stamp = self.stamp;
        let Some(flow) = self.flows.get(at) else { return };
        let Some(half) = flow.halves.get_mut(side) else { return };
        // a FIN ahead of a hole: its time has not come
        let end = tcp::advance(tcp.sequence, length);
        let due = tcp::distance(half.next, end);
        let reset = tcp.rst && (due == 0 || (due == 1 && half.closed));
        half.closed |= reset || (tcp.fin && due <= 0);
        if reset || flow.halves.iter().all(|half| half.closed) {
            self.memory -= finish(flow, stamp, sink);
        }
    }

    fn udp(&mut self, route: &Route, payload: &[u8], sink: &mut Sink<'_>) {
        let (at, side) = self.find(route, sink);
        let stamp = self.stamp;
        let Some(flow) = self.flows.get(at) else { return };
        if flow.done {
            return;
        }
        let Ends { low, high } = flow.ends;
        let talk = flow.handshake.as_ref().map(|handshake| &handshake.talk);
        if matches!(talk, Some(Talk::Dtls(sides)) if dtls::begins_another(payload, sides)) {
            self.memory -= finish(flow, stamp, sink);
        }
        let handshake = match &mut flow.handshake {
            Some(handshake) => {
                let collector = &mut handshake.collector;
                match &mut handshake.talk {
                    Talk::Dtls([low, high]) => {
                        let dtls = if side == 0 { low } else { high };
                        dtls.datagram(payload, side, stamp, collector);
                    }
                    Talk::Quic(quic) => quic.datagram(payload, side, stamp, collector),
                    Talk::Tcp(_) => {}
                }
                handshake
            }
            none => {
                let mut collector = Collector::new(flow.stream, [low.into(), high.into()], stamp);
                let Some(half) = flow.halves.get_mut(side) else { return };
                let Some(talk) = begin_talk(payload, side, half, stamp, &mut collector) else { return };
                none.insert(Handshake::new(collector, talk))
            }
        };
        if handshake.collector.is_decided() {
            self.memory -= finish(flow, stamp, sink);
            return;
        }
        self.account(at, sink);
    }

    /// Counts what a flow holds, and makes room where all hold too much.
    fn account(&mut self, at: usize, sink: &mut Sink<'_>) {
        let stamp = self.stamp;
        let Some(handshake) = self.flows.get(at).and_then(|flow| flow.handshake.as_mut()) else { return };
        let now = handshake.measure();
        self.memory = self.memory + now - std::mem::replace(&mut handshake.memory, now);
        while self.memory > MEMORY {
            let Some(flow) = self.flows.handshake_to_give_up(at) else { return };
            self.given_up += 1;
            self.memory -= finish(flow, stamp, sink);
        }
    }
}

/// The start of DTLS or QUIC in a datagram, if it is one.
fn begin_talk(
    datagram: &[u8],
    side: usize,
    half: &mut flow::Half,
    stamp: Stamp,
    collector: &mut Collector,
) -> Option<Talk> {
    if dtls::begins_handshake(datagram) {
        let mut sides = [Dtls::default(), Dtls::default()];
        sides.get_mut(side)?.datagram(datagram, side, stamp, collector);
        return Some(Talk::Dtls(sides));
    }
    if half.tries >= quic::MAX_TRIES || !quic::may_begin(datagram) {
        return None;
    }
    half.tries += 1;
    Quic::begin(datagram, side, stamp, collector).map(Talk::Quic)
}

/// Whether a segment has nothing to do with TLS, so that nothing need be set up for it.
/// Takes the header of a proxy off.
fn passes_by(half: &mut flow::Half, segment: &mut Segment<'_>) -> bool {
    if tcp::distance(half.next, segment.sequence) != 0 || segment.missing > 0 {
        // out of order: what fills the hole may be the start
        return half.tries >= MAX_TRIES;
    }
    if let Some(after) = tcp::after_proxy_header(segment.payload).filter(|after| !after.is_empty()) {
        half.next = tcp::advance(half.next, segment.payload.len() - after.len());
        (segment.sequence, segment.payload) = (half.next, after);
    }
    if half.tries < MAX_TRIES && segment.payload.first() == Some(&tls_record::content::HANDSHAKE) {
        return false;
    }
    half.tries = half.tries.saturating_add(1);
    half.next = tcp::advance(half.next, segment.payload.len());
    true
}

/// Ends what a flow holds; gives the memory that is free again.
fn finish(flow: &mut Flow, stamp: Stamp, sink: &mut Sink<'_>) -> usize {
    let Some(mut handshake) = flow.handshake.take() else { return 0 };
    // over DTLS a new handshake may follow
    flow.done = !matches!(handshake.talk, Talk::Dtls(_));
    if let Talk::Tcp(streams) = &mut handshake.talk {
        for (side, (stream, half)) in streams.iter_mut().zip(&mut flow.halves).enumerate() {
            stream.flush(&mut half.next, side, stamp, &mut handshake.collector);
        }
    }
    if let Some(connection) = handshake.collector.finish() {
        sink(connection);
    }
    handshake.memory
}
