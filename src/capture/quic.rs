//! QUIC: the hellos in Initial packets, which anybody can read.

use std::fmt;

use super::collect::{Collector, Stamp};
use crate::tls::quic::{Exchange, Sender, Version};
use crate::tls::wire::Reader;

/// Datagrams of a side of a flow in which the start of QUIC is looked for.
pub(super) const MAX_TRIES: u8 = 8;

/// The level of alerts that end a connection; in QUIC there are no others.
const FATAL: u8 = 2;
/// Bytes of a client's first datagram, at the least.
const MIN_LENGTH: usize = 1200;

/// Both directions of a connection.
pub(super) struct Quic {
    exchange: Box<Exchange>,
    /// Which side of the flow began.
    client: usize,
}

impl fmt::Debug for Quic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quic").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Quic {
    /// Begins with a client's first datagram, of which bytes may be missing; `None` if it is none.
    pub(super) fn begin(
        datagram: &[u8],
        is_cut: bool,
        side: usize,
        stamp: Stamp,
        collector: &mut Collector,
    ) -> Option<Self> {
        let exchange = if is_cut { Exchange::begin_cut(datagram)? } else { Exchange::begin(datagram)? };
        let mut quic = Self { exchange: Box::new(exchange), client: side };
        collector.expect_no_records();
        if is_cut {
            collector.lost(side);
        }
        quic.messages(Sender::Client, side, stamp, collector);
        Some(quic)
    }

    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.exchange.memory()
    }

    /// Stands for the connection ID that it began with.
    pub(super) fn id(&self) -> u32 {
        hash(self.exchange.key_id())
    }

    /// Takes a datagram; whether it belongs to this connection.
    pub(super) fn datagram(&mut self, datagram: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) -> bool {
        let sender = if side == self.client { Sender::Client } else { Sender::Server };
        let is_its = self.exchange.datagram(sender, datagram);
        if is_its {
            self.messages(sender, side, stamp, collector);
        }
        is_its
    }

    fn messages(&mut self, sender: Sender, side: usize, stamp: Stamp, collector: &mut Collector) {
        while let Some(message) = self.exchange.next_message(sender) {
            let kind = message.first().copied().unwrap_or_default();
            collector.message(side, kind, Some(message), stamp);
        }
        if let Some(description) = self.exchange.take_alert(sender) {
            collector.alert(side, FATAL, description, stamp);
        }
    }
}

/// What a datagram that may begin QUIC begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// An Initial packet, for a connection ID that this number stands for.
    Initial(u32),
    /// A version whose keys are not public.
    Unknown(u32),
}

/// What a datagram of a length, of which the end may be missing, begins with: a long header, and the size that RFC 9000
/// section 14.1 wants of it.
pub(super) fn start(datagram: &[u8], length: usize) -> Option<Start> {
    let [0xc0..=0xff, a, b, c, d, ..] = *datagram else { return None };
    let version = u32::from_be_bytes([a, b, c, d]);
    if length < MIN_LENGTH {
        return None;
    }
    if Version::from_id(version).is_none() {
        return is_version(version).then_some(Start::Unknown(version));
    }
    let mut rest = Reader(datagram.get(5..)?);
    Some(Start::Initial(hash(rest.vec8()?)))
}

/// Whether a number is that of a version of QUIC for certain: a draft, or one of Google's with its own handshake.
fn is_version(version: u32) -> bool {
    matches!(version, 0xff00_0000..=0xff00_00ff | 0x5130_3000..=0x5130_39ff | 0x5430_3000..=0x5430_39ff)
}

/// FNV-1a: who makes two IDs of a client's own that are the same here hides a connection of his own.
fn hash(id: &[u8]) -> u32 {
    id.iter().fold(0x811c_9dc5, |hash: u32, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
