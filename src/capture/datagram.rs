//! From packets to what they carry between two ends: link, IP and transport headers off.

use etherparse::{TcpSlice, UdpSlice};

use super::Remarks;
use super::collect::Stamp;
use super::container::Packet;
use super::fragment::Fragments;
use super::ip::{self, End, Parsed, Transport};
use super::link;

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
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// Takes packets apart; a [`Capture`](super::Capture) has one of its own.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    remarks: Remarks,
    pub(super) stamp: Stamp,
}

impl Decoder {
    /// Takes the next packet of the capture: its headers, and the payload behind them. `None` where it is neither TCP
    /// nor UDP, or a fragment of something whose rest is still to come.
    pub fn decode<'p>(&'p mut self, packet: &Packet<'p>) -> Option<(Datagram, &'p [u8])> {
        self.remarks.packets += 1;
        self.stamp = Stamp { packet: self.remarks.packets, time: packet.time };
        self.remarks.cut += u64::from(packet.data.len() < packet.original_length);
        let Some(ip_packet) = link::ip(packet.link_type, packet.data) else {
            self.unknown(packet.link_type);
            return None;
        };
        let Parsed::Whole(whole) = ip::parse(ip_packet, &mut self.fragments) else { return None };
        let (tcp, ports, payload) = match whole.transport {
            Transport::Tcp => {
                let tcp = TcpSlice::from_slice(whole.payload).ok()?;
                let (syn, ack, fin, rst) = (tcp.syn(), tcp.ack(), tcp.fin(), tcp.rst());
                let fields = Tcp { sequence: tcp.sequence_number(), syn, ack, fin, rst };
                (Some(fields), (tcp.source_port(), tcp.destination_port()), tcp.payload())
            }
            Transport::Udp => {
                let udp = UdpSlice::from_slice_lax(whole.payload).ok()?;
                (None, (udp.source_port(), udp.destination_port()), udp.payload())
            }
        };
        let (source, destination) = (End::new(whole.source, ports.0), End::new(whole.destination, ports.1));
        let route = Route { source, destination, transport: whole.transport };
        // no IP packet is longer
        let missing = u32::try_from(whole.missing).unwrap_or(u32::MAX);
        Some((Datagram { route, step: Step { stamp: self.stamp, tcp, missing } }, payload))
    }

    /// What was unusual so far.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        Remarks { fragments_lost: self.fragments.lost(), ..self.remarks }
    }

    #[cold]
    fn unknown(&mut self, link_type: u16) {
        if !link::is_known(link_type) {
            let (count, first) = self.remarks.unknown_link.unwrap_or((0, link_type));
            self.remarks.unknown_link = Some((count + 1, first));
        }
    }
}
