//! The packets of a datagram (RFC 9000 section 12.2 and 17.2).

use super::Version;
use super::keys::PacketType;
use crate::tls::wire::Reader;

/// Connection IDs are no longer in versions 1 and 2 (RFC 9000 section 17.2).
const MAX_CONNECTION_ID: usize = 20;

/// A packet with a long header, still protected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) version: Version,
    pub(super) destination: &'a [u8],
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

/// The next packet that is not the last one by its form: a short header, or a Retry.
fn next_packet<'a>(rest: &mut Reader<'a>) -> Option<(PacketType, Packet<'a>)> {
    let start = rest.0;
    let first_byte = rest.u8()?;
    // a short header: the rest of the datagram is one packet, of later keys
    if first_byte & 0x80 == 0 {
        return None;
    }
    let version = Version::from_id(rest.u32()?)?;
    let destination = rest.vec8()?;
    let source = rest.vec8()?;
    if destination.len() > MAX_CONNECTION_ID || source.len() > MAX_CONNECTION_ID {
        return None;
    }
    let kind = version.packet_type(first_byte);
    match kind {
        // it has no length, and nothing can follow it
        PacketType::Retry => return None,
        PacketType::Initial => {
            let token = varint(rest)?;
            rest.take(token.try_into().ok()?)?;
        }
        PacketType::ZeroRtt | PacketType::Handshake => {}
    }
    let length = varint(rest)?;
    let rest_of_header = start.get(1..start.len().checked_sub(rest.0.len())?)?;
    let protected = rest.take(length.try_into().ok()?)?;
    let packet = Packet { version, destination, first_byte, rest_of_header, protected };
    Some((kind, packet))
}

/// A variable-length integer (RFC 9000 section 16).
pub(super) fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.u8()?;
    let more = reader.take((1 << (first >> 6)) - 1)?;
    Some(more.iter().fold(u64::from(first & 0x3f), |value, &byte| value << 8 | u64::from(byte)))
}
