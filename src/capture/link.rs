//! Link layers: what stands in front of the IP header.

use crate::tls::wire::Reader;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
const ETHERTYPE_MPLS: u16 = 0x8847;
/// VLAN tags: 802.1Q, 802.1ad, and two that were in use before it.
const ETHERTYPES_VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
/// More tags than any network has.
const MAX_TAGS: usize = 8;

/// The IP packet inside a frame; `None` where there is none, or the link type is not known.
pub(super) fn ip(link_type: u16, frame: &[u8]) -> Option<&[u8]> {
    let mut cursor = Reader(frame);
    match link_type {
        // NULL and LOOP: an address family, whose number depends on the system; the IP version tells as well
        0 | 108 => {
            cursor.take(4)?;
            Some(cursor.0)
        }
        // Ethernet
        1 => {
            cursor.take(12)?;
            network(cursor)
        }
        // RAW as systems number it internally, RAW, IPV4, IPV6
        12 | 14 | 101 | 228 | 229 => Some(frame),
        // LINUX_SLL
        113 => {
            cursor.take(14)?;
            network(cursor)
        }
        // LINUX_SLL2
        276 => {
            let protocol = cursor.array::<2>()?;
            cursor.take(18)?;
            typed(u16::from_be_bytes(protocol), cursor)
        }
        // PPP, with or without HDLC framing in front
        9 | 50 => {
            if cursor.0.starts_with(&[0xff, 0x03]) {
                cursor.take(2)?;
            }
            matches!(cursor.u16()?, 0x0021 | 0x0057).then_some(cursor.0)
        }
        _ => None,
    }
}

/// Whether packets of a link type can be read at all.
pub(super) fn is_known(link_type: u16) -> bool {
    matches!(link_type, 0 | 1 | 9 | 12 | 14 | 50 | 101 | 108 | 113 | 228 | 229 | 276)
}

/// What follows an `EtherType`.
fn network(mut cursor: Reader<'_>) -> Option<&[u8]> {
    let kind = cursor.u16()?;
    typed(kind, cursor)
}

fn typed(mut kind: u16, mut cursor: Reader<'_>) -> Option<&[u8]> {
    for _ in 0..MAX_TAGS {
        match kind {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Some(cursor.0),
            ETHERTYPE_PPPOE_SESSION => {
                cursor.take(6)?;
                return matches!(cursor.u16()?, 0x0021 | 0x0057).then_some(cursor.0);
            }
            ETHERTYPE_MPLS => {
                // the lowest bit of the third byte marks the last label
                while cursor.u32()? & 0x100 == 0 {}
                return Some(cursor.0);
            }
            kind if ETHERTYPES_VLAN.contains(&kind) => cursor.take(2)?,
            _ => return None,
        };
        kind = cursor.u16()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_headers_come_off() {
        let ip_packet = [0x45, 1, 2, 3];
        let frame = |parts: &[&[u8]]| [parts.concat(), ip_packet.to_vec()].concat();
        let mac = [7; 12];
        for (link_type, header) in [
            (1, frame(&[&mac, &[8, 0]])),
            (1, frame(&[&mac, &[0x81, 0, 0, 5, 8, 0]])),
            (1, frame(&[&mac, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]])),
            (1, frame(&[&mac, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0, 0x21]])),
            (1, frame(&[&mac, &[0x88, 0x47, 0, 0, 0x10, 9, 0, 0, 0x11, 9]])),
            (113, frame(&[&[1; 14], &[8, 0]])),
            (276, frame(&[&[8, 0], &[1; 18]])),
            (0, frame(&[&[2, 0, 0, 0]])),
            (101, frame(&[])),
        ] {
            assert_eq!(ip(link_type, &header), Some(&ip_packet[..]), "{link_type} {header:02x?}");
        }
        assert_eq!(ip(1, &frame(&[&mac, &[8, 6]])), None, "ARP");
        assert_eq!(ip(1, &mac), None);
        assert_eq!(ip(1, &[[0x81, 0]; 50].concat()), None, "tags without end");
    }
}
