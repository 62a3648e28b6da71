//! From packets to what they carry between two ends: link, IP and transport headers off.

use etherparse::{TcpSlice, UdpSlice};

use super::collect::Stamp;
use super::container::Packet;
use super::ends::{End, Transport};
use super::fragment::Fragments;
use super::ip::{self, IpPayload, Parsed};
use super::link::{self, Inside, Ip};
use super::remarks::Remarks;
use super::tunnel;

/// What the headers of a packet say.
///
/// It owns nothing and borrows nothing, so that packets can be taken apart in one thread and followed in another.
#[derive(Debug, Clone, Copy)]
pub struct Datagram {
    /// Where it came from and went to: the same for many packets in a row.
    pub route: Route,
    /// What is its own.
    pub step: Step,
}

/// Where a packet came from and went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub(super) source: End,
    pub(super) destination: End,
    pub(super) transport: Transport,
}

/// What a packet has for itself.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub(super) stamp: Stamp,
    /// The fields of TCP; `None` is UDP.
    pub(super) tcp: Option<Tcp>,
    /// Bytes of the payload that were sent and not captured.
    pub(super) missing: u32,
}

/// The fields of a TCP header (RFC 9293 section 3.1) that reassembly looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tcp {
    pub(super) sequence: u32,
    /// The next byte that the sender waits for, if [`is_ack`](Self::is_ack).
    pub(super) acknowledged: u32,
    flags: u8,
}

impl Tcp {
    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const RST: u8 = 4;
    const ACK: u8 = 16;

    #[inline]
    fn new(header: &TcpSlice<'_>) -> Self {
        let flags = header.header_slice().get(13).copied().unwrap_or_default();
        Self { sequence: header.sequence_number(), acknowledged: header.acknowledgment_number(), flags }
    }

    pub(super) fn is_syn(self) -> bool {
        self.flags & Self::SYN != 0
    }

    pub(super) fn is_ack(self) -> bool {
        self.flags & Self::ACK != 0
    }

    pub(super) fn is_fin(self) -> bool {
        self.flags & Self::FIN != 0
    }

    pub(super) fn is_rst(self) -> bool {
        self.flags & Self::RST != 0
    }
}

/// Packets inside packets, the outermost one included.
const MAX_DEPTH: usize = 4;

/// Takes packets apart; a [`Capture`](super::Capture) has one of its own.
#[derive(Debug, Default)]
pub struct Decoder {
    /// One for every depth of tunnels.
    fragments: [Fragments; MAX_DEPTH],
    remarks: Remarks,
    pub(super) stamp: Stamp,
}

impl Decoder {
    /// Counts a packet that cannot be read, so that those after it have the numbers that other programs give them.
    pub fn pass_over(&mut self) {
        self.remarks.packets += 1;
    }

    /// Takes the next packet of the capture: its headers, and the payload behind them. `None` if it is neither TCP nor
    /// UDP, or a fragment of something whose rest is still to come.
    // inlined, its result goes from registers to where it is kept: a copy of fields that were just written, word by word,
    // would wait for them
    #[inline]
    pub fn decode<'p>(&'p mut self, packet: &Packet<'p>) -> Option<(Datagram, &'p [u8])> {
        let Self { fragments, remarks, stamp } = self;
        remarks.first.get_or_insert(packet.time);
        remarks.packets += 1;
        *stamp = Stamp { packet: remarks.packets, time: packet.time };
        remarks.last = packet.time;
        remarks.cut += u64::from(packet.data.len() < packet.original_length);
        let [fragments, inner @ ..] = fragments;
        let ip = match link::open(packet.link_type, packet.data) {
            Some(inside) => remarks.ip(inside)?,
            None => return count(&mut remarks.unknown_link, packet.link_type),
        };
        match remarks.open(ip, fragments)? {
            Layer::Datagram(headers) => Some(headers.datagram(*stamp)),
            Layer::Inside(ip) => tunnelled(ip, inner, remarks)?.datagram(*stamp).into(),
        }
    }

    /// What was unusual so far.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks { fragments_lost: self.fragments.iter().map(Fragments::lost).sum(), ..self.remarks }
    }
}

/// What is behind the headers of an IP packet.
#[derive(Clone, Copy)]
enum Layer<'p> {
    Datagram(Headers<'p>),
    /// Another IP packet.
    Inside(Ip<'p>),
}

/// An IP packet with TCP or UDP, taken apart.
#[derive(Clone, Copy)]
struct Headers<'p> {
    route: Route,
    tcp: Option<Tcp>,
    missing: usize,
    payload: &'p [u8],
}

impl<'p> Headers<'p> {
    #[inline]
    fn datagram(self, stamp: Stamp) -> (Datagram, &'p [u8]) {
        let Self { route, tcp, missing, payload } = self;
        // no IP packet is longer
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        (Datagram { route, step: Step { stamp, tcp, missing } }, payload)
    }
}

/// What is in a tunnel.
#[cold]
fn tunnelled<'p>(mut ip: Ip<'p>, fragments: &'p mut [Fragments], remarks: &mut Remarks) -> Option<Headers<'p>> {
    for fragments in fragments {
        ip = match remarks.open(ip, fragments)? {
            Layer::Datagram(headers) => return Some(headers),
            Layer::Inside(ip) => ip,
        };
    }
    remarks.too_deep += 1;
    None
}

impl Remarks {
    /// The IP packet in something; counts what is not understood.
    #[inline]
    fn ip<'p>(&mut self, inside: Inside<'p>) -> Option<Ip<'p>> {
        match inside {
            Inside::Ip(ip) => Some(ip),
            Inside::Nothing => None,
            Inside::Unknown(kind) => count(&mut self.unknown_ethertype, kind),
        }
    }

    /// What is in an IP packet; counts what is not understood.
    #[inline]
    fn open<'p>(&mut self, ip: Ip<'p>, fragments: &'p mut Fragments) -> Option<Layer<'p>> {
        let whole = match ip::parse(ip, fragments) {
            Parsed::Whole(whole) => whole,
            Parsed::Tunnel(protocol, ip) => {
                return match tunnel::of_protocol(protocol, ip.bytes) {
                    Some(inside) => self.ip(inside.bounded(ip.is_bounded)).map(Layer::Inside),
                    None => count(&mut self.unknown_tunnel, protocol),
                };
            }
            Parsed::Held | Parsed::Other => return None,
        };
        let IpPayload { transport, source, destination, payload, missing, is_bounded } = whole;
        let (tcp, ports, payload) = match transport {
            Transport::Tcp => {
                let tcp = TcpSlice::from_slice(payload).ok()?;
                (Some(Tcp::new(&tcp)), (tcp.source_port(), tcp.destination_port()), tcp.payload())
            }
            Transport::Udp => {
                let udp = UdpSlice::from_slice_lax(payload).ok()?;
                let ports = (udp.source_port(), udp.destination_port());
                if let Some(inside) = tunnel::of_ports(ports, udp.payload()) {
                    return self.ip(inside.bounded(is_bounded)).map(Layer::Inside);
                }
                (None, ports, udp.payload())
            }
        };
        let (source, destination) = (End::new(source, ports.0), End::new(destination, ports.1));
        Some(Layer::Datagram(Headers { route: Route { source, destination, transport }, tcp, missing, payload }))
    }
}

/// Counts something that is passed over, and keeps the first of its kind.
#[cold]
pub(super) fn count<K, T>(counted: &mut Option<(u64, K)>, kind: K) -> Option<T> {
    match counted {
        Some((count, _)) => *count += 1,
        None => *counted = Some((1, kind)),
    }
    None
}
