//! IPv4 and IPv6 (RFC 791, RFC 8200), extension headers and fragments included.

use etherparse::{Ipv6ExtensionSlice, LaxIpSlice};

use super::ends::{Address, Transport};
use super::fragment::{Fragment, Fragments};
use super::link::Ip;
use super::tunnel;

/// IP protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// A whole IP packet, its headers off.
#[derive(Debug, Clone, Copy)]
pub(super) struct IpPayload<'a> {
    pub(super) transport: Transport,
    pub(super) source: Address,
    pub(super) destination: Address,
    /// From the TCP or UDP header on.
    pub(super) payload: &'a [u8],
    /// Bytes of the payload that were sent and not captured.
    pub(super) missing: usize,
    /// A length other than IP's says where the payload ends.
    pub(super) is_bounded: bool,
}

/// What became of an IP packet.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    Whole(IpPayload<'a>),
    /// A tunnel, by the number of its protocol.
    Tunnel(u8, Ip<'a>),
    /// A fragment of something whose rest is still to come.
    Held,
    /// Neither TCP nor UDP, or no IP packet at all.
    Other,
}

/// Parses an IP packet.
#[inline]
pub(super) fn parse<'a>(packet: Ip<'a>, fragments: &'a mut Fragments) -> Parsed<'a> {
    let Ok((ip, _)) = LaxIpSlice::from_slice(packet.bytes) else { return Parsed::Other };
    let inner = ip.payload();
    let protocol = inner.ip_number.0;
    let transport = match protocol {
        TCP => Some(Transport::Tcp),
        UDP => Some(Transport::Udp),
        protocol if tunnel::is_tunnel(protocol) => None,
        _ => return Parsed::Other,
    };
    let (source, destination) = addresses(&ip);
    let whole = |payload, missing, is_bounded| match transport {
        Some(transport) => Parsed::Whole(IpPayload { transport, source, destination, payload, missing, is_bounded }),
        None => Parsed::Tunnel(protocol, Ip { bytes: payload, is_bounded }),
    };
    if !inner.fragmented {
        let is_cut = inner.incomplete && !packet.is_bounded;
        let missing = if is_cut { lost(&ip, packet.bytes.len()) } else { 0 };
        return whole(inner.payload, missing, packet.is_bounded);
    }
    let Some(fragment) = fragment(&ip, inner.payload, inner.incomplete) else { return Parsed::Other };
    match fragments.put((source, destination, protocol), &fragment) {
        Some(payload) => whole(payload, 0, true),
        None => Parsed::Held,
    }
}

fn addresses(ip: &LaxIpSlice<'_>) -> (Address, Address) {
    match ip {
        LaxIpSlice::Ipv4(ip) => (Address::v4(ip.header().source()), Address::v4(ip.header().destination())),
        LaxIpSlice::Ipv6(ip) => (Address::v6(ip.header().source()), Address::v6(ip.header().destination())),
    }
}

/// By how much an IP packet says it is longer than what is there.
fn lost(ip: &LaxIpSlice<'_>, there: usize) -> usize {
    let said = match ip {
        LaxIpSlice::Ipv4(ip) => usize::from(ip.header().total_len()),
        LaxIpSlice::Ipv6(ip) => 40 + usize::from(ip.header().payload_length()),
    };
    said.saturating_sub(there)
}

fn fragment<'a>(ip: &LaxIpSlice<'a>, payload: &'a [u8], incomplete: bool) -> Option<Fragment<'a>> {
    if incomplete {
        return None;
    }
    match ip {
        LaxIpSlice::Ipv4(ip) => Some(Fragment {
            id: ip.header().identification().into(),
            offset: ip.header().fragments_offset().byte_offset().into(),
            more: ip.header().more_fragments(),
            payload,
        }),
        LaxIpSlice::Ipv6(ip) => ip.extensions().clone().into_iter().find_map(|extension| match extension {
            Ipv6ExtensionSlice::Fragment(header) => Some(Fragment {
                id: header.identification(),
                offset: header.fragment_offset().byte_offset().into(),
                more: header.more_fragments(),
                payload,
            }),
            _ => None,
        }),
    }
}
