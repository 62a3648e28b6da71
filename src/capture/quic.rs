//! QUIC versions 1 and 2: the hellos in Initial packets, which anybody can read.

use std::fmt;

use super::collect::{Collector, Stamp};
use crate::tls::quic::{Exchange, Sender};

/// Datagrams of a side of a flow in which the start of QUIC is looked for.
pub(super) const MAX_TRIES: u8 = 8;

/// Both directions of a flow.
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
    /// Begins with a client's first datagram; `None` where it is none.
    pub(super) fn begin(datagram: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) -> Option<Self> {
        let mut quic = Self { exchange: Box::new(Exchange::begin(datagram)?), client: side };
        collector.expect_no_records();
        quic.messages(Sender::Client, side, stamp, collector);
        Some(quic)
    }

    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.exchange.memory()
    }

    /// Takes a datagram.
    pub(super) fn datagram(&mut self, datagram: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) {
        let sender = if side == self.client { Sender::Client } else { Sender::Server };
        if self.exchange.datagram(sender, datagram) {
            self.messages(sender, side, stamp, collector);
        }
    }

    fn messages(&mut self, sender: Sender, side: usize, stamp: Stamp, collector: &mut Collector) {
        while let Some(message) = self.exchange.next_message(sender) {
            let kind = message.first().copied().unwrap_or_default();
            collector.message(side, kind, Some(message), stamp);
        }
    }
}

/// Whether a datagram may be a client's Initial packet: a long header of a version that is known, and the size that
/// RFC 9000 section 14.1 wants of it.
pub(super) fn may_begin(datagram: &[u8]) -> bool {
    const VERSION_1: [u8; 4] = [0, 0, 0, 1];
    const VERSION_2: [u8; 4] = [0x6b, 0x33, 0x43, 0xcf];
    matches!(datagram, [0xc0..=0xff, a, b, c, d, ..]
        if datagram.len() >= 1200 && [VERSION_1, VERSION_2].contains(&[*a, *b, *c, *d]))
}
