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
#[expect(clippy::struct_excessive_bools, reason = "as they stand in the header")]
pub(super) struct Tcp {
    pub(super) sequence: u32,
    /// The next byte that the sender waits for, if `ack` is set.
    pub(super) acknowledged: u32,
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
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
    /// Takes the next packet of the capture: its headers, and the payload behind them. `None` if it is neither TCP nor
    /// UDP, or a fragment of something whose rest is still to come.
    pub fn decode<'p>(&'p mut self, packet: &Packet<'p>) -> Option<(Datagram, &'p [u8])> {
        let Self { fragments, remarks, stamp } = self;
        if remarks.packets == 0 {
            remarks.first = Some(packet.time);
        }
        remarks.packets += 1;
        *stamp = Stamp { packet: remarks.packets, time: packet.time };
        remarks.last = packet.time;
        remarks.cut += u64::from(packet.data.len() < packet.original_length);
        let mut ip = match link::open(packet.link_type, packet.data) {
            Some(inside) => remarks.ip(inside)?,
            None => return count(&mut remarks.unknown_link, packet.link_type),
        };
        for fragments in fragments {
            ip = match ip::parse(ip, fragments) {
                Parsed::Whole(whole) => {
                    let (tcp, ports, payload) = headers(&whole)?;
                    let inside = if tcp.is_none() { tunnel::of_ports(ports, payload) } else { None };
                    match inside {
                        Some(inside) => remarks.ip(inside.bounded(whole.is_bounded))?,
                        None => return Some(datagram(*stamp, &whole, tcp, ports, payload)),
                    }
                }
                Parsed::Tunnel(protocol, ip) => match tunnel::of_protocol(protocol, ip.bytes) {
                    Some(inside) => remarks.ip(inside.bounded(ip.is_bounded))?,
                    None => return count(&mut remarks.unknown_tunnel, protocol),
                },
                Parsed::Held | Parsed::Other => return None,
            };
        }
        remarks.too_deep += 1;
        None
    }

    /// What was unusual so far.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks { fragments_lost: self.fragments.iter().map(Fragments::lost).sum(), ..self.remarks }
    }
}

/// Fields of TCP, ports and payload of an IP packet's payload.
type Headers<'p> = (Option<Tcp>, (u16, u16), &'p [u8]);

#[inline]
fn headers<'p>(whole: &IpPayload<'p>) -> Option<Headers<'p>> {
    match whole.transport {
        Transport::Tcp => {
            let tcp = TcpSlice::from_slice(whole.payload).ok()?;
            let (sequence, acknowledged) = (tcp.sequence_number(), tcp.acknowledgment_number());
            let (syn, ack, fin, rst) = (tcp.syn(), tcp.ack(), tcp.fin(), tcp.rst());
            let fields = Tcp { sequence, acknowledged, syn, ack, fin, rst };
            Some((Some(fields), (tcp.source_port(), tcp.destination_port()), tcp.payload()))
        }
        Transport::Udp => {
            let udp = UdpSlice::from_slice_lax(whole.payload).ok()?;
            Some((None, (udp.source_port(), udp.destination_port()), udp.payload()))
        }
    }
}

#[inline]
fn datagram<'p>(
    stamp: Stamp,
    whole: &IpPayload<'_>,
    tcp: Option<Tcp>,
    ports: (u16, u16),
    payload: &'p [u8],
) -> (Datagram, &'p [u8]) {
    let (source, destination) = (End::new(whole.source, ports.0), End::new(whole.destination, ports.1));
    let route = Route { source, destination, transport: whole.transport };
    // no IP packet is longer
    let missing = u32::try_from(whole.missing).unwrap_or(u32::MAX);
    (Datagram { route, step: Step { stamp, tcp, missing } }, payload)
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
