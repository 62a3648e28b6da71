//! IPv4 and IPv6 (RFC 791, RFC 8200), extension headers and fragments included.

use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6ExtensionSlice, LaxIpv6Slice, ip_number};

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

/// The header of an IP packet, of whichever version, and those that extend it.
struct Header<'a> {
    source: Address,
    destination: Address,
    /// Number of what follows.
    protocol: u8,
    payload: &'a [u8],
    /// Bytes of the payload that should be there by the header's own length, and are not.
    missing: usize,
    /// Of a fragment: where it belongs.
    fragment: Option<Place>,
}

/// Where in a datagram a fragment belongs.
struct Place {
    id: u32,
    offset: usize,
    more: bool,
}

/// Parses an IP packet.
#[inline]
pub(super) fn parse<'a>(packet: Ip<'a>, fragments: &'a mut Fragments) -> Parsed<'a> {
    let header = match packet.bytes.first() {
        Some(0x40..=0x4f) => v4(packet.bytes),
        _ => v6(packet.bytes).map(|Extended(header)| header),
    };
    let Some(Header { source, destination, protocol, payload, missing, fragment }) = header else {
        return Parsed::Other;
    };
    let transport = match protocol {
        TCP => Some(Transport::Tcp),
        UDP => Some(Transport::Udp),
        protocol if tunnel::is_tunnel(protocol) => None,
        _ => return Parsed::Other,
    };
    let is_bounded = packet.is_bounded || fragment.is_some();
    let (payload, missing) = match fragment {
        None => (payload, if packet.is_bounded { 0 } else { missing }),
        Some(_) if missing > 0 => return Parsed::Other,
        Some(Place { id, offset, more }) => {
            let fragment = Fragment { id, offset, more, payload };
            let Some(payload) = fragments.put((source, destination, protocol), &fragment) else { return Parsed::Held };
            (payload, 0)
        }
    };
    match transport {
        Some(transport) => Parsed::Whole(IpPayload { transport, source, destination, payload, missing, is_bounded }),
        None => Parsed::Tunnel(protocol, Ip { bytes: payload, is_bounded }),
    }
}

#[inline]
fn v4(packet: &[u8]) -> Option<Header<'_>> {
    let header = Ipv4HeaderSlice::from_slice(packet).ok()?;
    let there = packet.get(header.slice().len()..)?;
    // segmentation offload leaves a length that is not set
    let said = usize::from(header.total_len()).checked_sub(header.slice().len()).unwrap_or(there.len());
    let payload = there.get(..said).unwrap_or(there);
    let missing = said - payload.len();
    let (protocol, payload) = match header.protocol() {
        ip_number::AUTH => authenticated(payload)?,
        protocol => (protocol.0, payload),
    };
    Some(Header {
        source: Address::v4(header.source()),
        destination: Address::v4(header.destination()),
        protocol,
        payload,
        missing,
        fragment: header.is_fragmenting_payload().then(|| Place {
            id: header.identification().into(),
            offset: header.fragments_offset().byte_offset().into(),
            more: header.more_fragments(),
        }),
    })
}

/// Takes the header off that authenticates a packet (RFC 4302); gives the number of what follows it.
#[cold]
fn authenticated(packet: &[u8]) -> Option<(u8, &[u8])> {
    let header = IpAuthHeaderSlice::from_slice(packet).ok()?;
    Some((header.next_header().0, packet.get(header.slice().len()..)?))
}

/// What is read elsewhere. Of a type of its own, it is taken apart as it comes back: in the place of a header of IPv4, which
/// nearly all are, it would keep those out of registers.
struct Extended<'a>(Header<'a>);

#[inline(never)]
fn v6(packet: &[u8]) -> Option<Extended<'_>> {
    let (ip, _) = LaxIpv6Slice::from_slice(packet).ok()?;
    let (header, inner) = (ip.header(), ip.payload());
    let place = || {
        ip.extensions().clone().into_iter().find_map(|extension| match extension {
            Ipv6ExtensionSlice::Fragment(header) => Some(Place {
                id: header.identification(),
                offset: header.fragment_offset().byte_offset().into(),
                more: header.more_fragments(),
            }),
            _ => None,
        })
    };
    let said = 40 + usize::from(header.payload_length());
    Some(Extended(Header {
        source: Address::v6(header.source()),
        destination: Address::v6(header.destination()),
        protocol: inner.ip_number.0,
        payload: inner.payload,
        missing: if inner.incomplete { said.saturating_sub(packet.len()) } else { 0 },
        fragment: inner.fragmented.then(place).flatten(),
    }))
}
