//! The ends of a flow: transport, addresses and ports.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The transport protocol of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768), with DTLS or QUIC in it.
    Udp,
}

impl Transport {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Which connection of a capture one is. For people: `connection 3`, `UDP connection 3`, and `UDP connection 3.2` for the
/// second one between the same ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    /// What carries it: flows of each are numbered on their own.
    pub transport: Transport,
    /// Number of the flow, from 0.
    pub stream: u64,
    /// Which connection of the flow it is, from 1: over UDP several may follow each other, or go on side by side.
    pub nth: u32,
}

impl Number {
    /// Behind a label that says what it is.
    pub(crate) fn in_field(self) -> String {
        let transport = if self.transport == Transport::Udp { "UDP " } else { "" };
        format!("{transport}{}", self.short())
    }

    /// The numbers alone.
    #[must_use]
    pub fn short(self) -> String {
        let Self { stream, nth, .. } = self;
        if nth > 1 { format!("{stream}.{nth}") } else { stream.to_string() }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = if self.transport == Transport::Udp { "UDP " } else { "" };
        write!(f, "{transport}connection {}", self.short())
    }
}

/// An IP address as a number, which is compared and hashed with every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    is_v6: bool,
    number: u128,
}

impl Address {
    pub(super) fn v4(bytes: [u8; 4]) -> Self {
        Self { is_v6: false, number: u32::from_be_bytes(bytes).into() }
    }

    pub(super) fn v6(bytes: [u8; 16]) -> Self {
        Self { is_v6: true, number: u128::from_be_bytes(bytes) }
    }

    fn ip(self) -> IpAddr {
        match u32::try_from(self.number) {
            Ok(number) if !self.is_v6 => Ipv4Addr::from_bits(number).into(),
            _ => Ipv6Addr::from_bits(self.number).into(),
        }
    }
}

/// Address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct End {
    is_v6: bool,
    number: u128,
    port: u16,
}

impl End {
    pub(super) fn new(Address { is_v6, number }: Address, port: u16) -> Self {
        Self { is_v6, number, port }
    }
}

impl From<End> for SocketAddr {
    fn from(end: End) -> Self {
        let End { is_v6, number, port } = end;
        Self::new(Address { is_v6, number }.ip(), port)
    }
}

/// The two ends of a flow, in an order of their own, so that both directions have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    pub(super) low: End,
    pub(super) high: End,
}

impl Ends {
    /// The ends, and whether the sender is the higher one.
    pub(super) fn new(source: End, destination: End) -> (Self, bool) {
        if source <= destination {
            (Self { low: source, high: destination }, false)
        } else {
            (Self { low: destination, high: source }, true)
        }
    }

    /// All of it, and the transport, as few numbers to be hashed.
    pub(super) fn as_numbers(&self, transport: Transport) -> (u128, u128, u64) {
        let Self { low, high } = self;
        let kind = u64::from(low.is_v6) << 1 | u64::from(transport == Transport::Udp);
        (low.number, high.number, u64::from(low.port) << 32 | u64::from(high.port) << 16 | kind)
    }
}
