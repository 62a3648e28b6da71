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

/// An IP address as numbers, which are compared with every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    is_v6: bool,
    high: u64,
    low: u64,
}

impl Address {
    pub(super) fn v4(bytes: [u8; 4]) -> Self {
        Self { is_v6: false, high: 0, low: u32::from_be_bytes(bytes).into() }
    }

    pub(super) fn v6(bytes: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
        let (high, low) = ((number >> 64) as u64, number as u64);
        Self { is_v6: true, high, low }
    }
}

/// Marks an end that has an address of IPv6, above its port.
const V6: u64 = 1 << 16;

/// Address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct End {
    /// The port, and whether the address is of IPv6.
    port: u64,
    high: u64,
    low: u64,
}

impl End {
    #[inline]
    pub(super) fn new(Address { is_v6, high, low }: Address, port: u16) -> Self {
        Self { port: u64::from(port) | if is_v6 { V6 } else { 0 }, high, low }
    }
}

impl From<End> for SocketAddr {
    fn from(end: End) -> Self {
        let End { port, high, low } = end;
        #[expect(clippy::cast_possible_truncation, reason = "the mark stands above it")]
        let number = port as u16;
        let ip: IpAddr = match u32::try_from(low) {
            Ok(low) if port & V6 == 0 => Ipv4Addr::from_bits(low).into(),
            _ => Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into(),
        };
        Self::new(ip, number)
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

    /// All of it, and the transport, as few numbers to be hashed: two of them but for IPv6.
    pub(super) fn as_numbers(&self, transport: Transport) -> (u64, u64, Option<(u64, u64, u64)>) {
        let Self { low, high } = self;
        let ports = low.port << 32 | high.port << 1 | u64::from(transport == Transport::Udp);
        if low.port & V6 == 0 {
            return (low.low << 32 | high.low, ports, None);
        }
        (low.low, ports, Some((low.high, high.high, high.low)))
    }
}
