//! The packets of a datagram (RFC 9000 section 12.2 and 17.2).

use super::version::PacketType;
use super::version::Version;
use crate::tls::wire::Reader;

/// Connection IDs are no longer in versions 1 and 2 (RFC 9000 section 17.2).
const MAX_CONNECTION_ID: usize = 20;

/// A packet with a long header, still protected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) version: Version,
    pub(super) destination: &'a [u8],
    /// Whether a token goes with it: of a Retry, or of an earlier connection.
    pub(super) has_token: bool,
    pub(super) first_byte: u8,
    /// The header between its first byte and the packet number.
    pub(super) rest_of_header: &'a [u8],
    /// Packet number and payload.
    pub(super) protected: &'a [u8],
}

/// The Initial packets of a datagram, in order, as far as it can be split.
pub(super) fn initial_packets(datagram: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut rest = Reader(datagram);
    std::iter::from_fn(move || next_packet(&mut rest)).filter_map(|(kind, packet)| match kind {
        PacketType::Initial => Some(packet),
        _ => None,
    })
}

/// What all packets with a long header begin with.
struct Header<'a> {
    first_byte: u8,
    version: Version,
    kind: PacketType,
    destination: &'a [u8],
    source: &'a [u8],
}

fn header<'a>(rest: &mut Reader<'a>) -> Option<Header<'a>> {
    let first_byte = rest.u8()?;
    // a short header: the rest of the datagram is one packet, of later keys
    if first_byte & 0x80 == 0 {
        return None;
    }
    let version = Version::from_id(rest.u32()?)?;
    let (destination, source) = (rest.vec8()?, rest.vec8()?);
    let is_short = destination.len() <= MAX_CONNECTION_ID && source.len() <= MAX_CONNECTION_ID;
    is_short.then_some(Header { first_byte, version, kind: version.packet_type(first_byte), destination, source })
}

/// The connection ID that a server wants to be called by from here on, if a datagram is a Retry (RFC 9000 section 17.2.5).
pub(super) fn retry(datagram: &[u8]) -> Option<&[u8]> {
    let header = header(&mut Reader(datagram))?;
    (header.kind == PacketType::Retry).then_some(header.source)
}

/// Version and destination of an Initial packet of which the rest may be missing.
pub(super) fn initial_header(datagram: &[u8]) -> Option<(Version, &[u8])> {
    let header = header(&mut Reader(datagram))?;
    (header.kind == PacketType::Initial).then_some((header.version, header.destination))
}

/// The next packet that is not the last one by its form: a short header, or a Retry.
fn next_packet<'a>(rest: &mut Reader<'a>) -> Option<(PacketType, Packet<'a>)> {
    let start = rest.0;
    let Header { first_byte, version, kind, destination, .. } = header(rest)?;
    let mut has_token = false;
    match kind {
        // it has no length, and nothing can follow it
        PacketType::Retry => return None,
        PacketType::Initial => {
            let token = varint(rest)?;
            has_token = token > 0;
            rest.take(token.try_into().ok()?)?;
        }
        PacketType::ZeroRtt | PacketType::Handshake => {}
    }
    let length = varint(rest)?;
    let rest_of_header = start.get(1..start.len().checked_sub(rest.0.len())?)?;
    let protected = rest.take(length.try_into().ok()?)?;
    let packet = Packet { version, destination, has_token, first_byte, rest_of_header, protected };
    Some((kind, packet))
}

/// A variable-length integer (RFC 9000 section 16).
pub(super) fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.u8()?;
    let more = reader.take((1 << (first >> 6)) - 1)?;
    Some(more.iter().fold(u64::from(first & 0x3f), |value, &byte| value << 8 | u64::from(byte)))
}
