//! Link layers: what stands in front of the IP header.

use crate::tls::wire::Reader;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
/// MPLS (RFC 3032), and the number it had for multicast before RFC 5332.
const ETHERTYPES_MPLS: [u16; 2] = [0x8847, 0x8848];
/// Ethernet in Ethernet, as GRE (RFC 1701) and GENEVE number it.
pub(super) const ETHERTYPE_BRIDGING: u16 = 0x6558;
/// PPP in GRE (RFC 2637).
const ETHERTYPE_PPP: u16 = 0x880b;
/// The largest number in place of an `EtherType` that is a length (IEEE 802.3).
const MAX_LENGTH: u16 = 1500;
/// IEEE 802.2 LLC as `LINUX_SLL` numbers it.
const SLL_802_2: u16 = 4;

/// Tags, and the bytes between such an `EtherType` and the next one.
const TAGS: [(u16, usize); 10] = [
    // 802.1Q, 802.1ad, and three that were in use before it
    (0x8100, 2),
    (0x88a8, 2),
    (0x9100, 2),
    (0x9200, 2),
    (0x9300, 2),
    // Cisco metadata: version, length, a security group tag
    (0x8909, 6),
    // VN-Tag and 802.1BR
    (0x8926, 4),
    (0x893f, 6),
    // HSR (IEC 62439-3)
    (0x892f, 4),
    // 802.1ah: a service tag and the addresses of the frame inside
    (0x88e7, 16),
];
/// `EtherType`s that never carry TCP or UDP of others: nothing is missed if they are passed over. ARP, RARP, the
/// discovery of `PPPoE`, and how switches and clocks talk to each other.
const NO_IP: [u16; 12] =
    [0x0806, 0x8035, 0x8863, 0x8808, 0x8809, 0x888e, 0x88cc, 0x88f7, 0x8902, 0x9000, 0x22f0, 0x6002];
/// More tags than any network has.
const MAX_TAGS: usize = 8;
/// More labels than any path has.
const MAX_LABELS: usize = 16;

/// What a frame has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside<'a> {
    /// An IP packet.
    Ip(Ip<'a>),
    /// Something else, of which nobody misses anything.
    Nothing,
    /// Something that may be a packet, under an `EtherType` that is not known.
    Unknown(u16),
}

/// An IP packet in a frame, with what may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ip<'a> {
    pub(super) bytes: &'a [u8],
    /// A length of the frame's own says where it ends: what IP says beyond that was never sent.
    pub(super) is_bounded: bool,
}

impl From<Option<Self>> for Inside<'_> {
    fn from(inside: Option<Self>) -> Self {
        inside.unwrap_or(Self::Nothing)
    }
}

/// What is inside a frame; `None` if the link type is not known.
#[inline]
pub(super) fn open(link_type: u16, frame: &[u8]) -> Option<Inside<'_>> {
    // nearly every frame of nearly every capture
    if let (1, Some((header, packet))) = (link_type, frame.split_first_chunk::<14>()) {
        if header.ends_with(&ETHERTYPE_IPV4.to_be_bytes()) {
            return Some(ip(packet));
        }
    }
    open_any(link_type, frame)
}

fn open_any(link_type: u16, frame: &[u8]) -> Option<Inside<'_>> {
    let mut rest = Reader(frame);
    let inside = match link_type {
        // NULL and LOOP: an address family, whose number depends on the system; the IP version tells as well
        0 | 108 => rest.take(4).map(|_| ip(rest.0)),
        // Ethernet
        1 => ethernet(rest),
        // RAW as systems number it internally, RAW, IPV4, IPV6
        12 | 14 | 101 | 228 | 229 => Some(ip(rest.0)),
        // LINUX_SLL
        113 => rest.take(14).and_then(|_| network(rest)),
        // LINUX_SLL2
        276 => {
            let kind = rest.u16();
            rest.take(18).and_then(|_| typed(kind?, rest))
        }
        // PPP, with or without HDLC framing in front
        9 | 50 => ppp(rest),
        // PPP with the direction in front: PPP_WITH_DIR, LINUX_PPP_WITHDIRECTION
        166 | 204 => rest.take(1).and_then(|_| ppp(rest)),
        // PPP_ETHER: PPPoE without Ethernet
        51 => pppoe(rest),
        // Cisco's HDLC: address and control, then an EtherType
        104 => rest.take(2).and_then(|_| network(rest)),
        // ATM_RFC1483
        100 => llc(rest),
        // ENC of OpenBSD: address family, SPI, flags
        109 => rest.take(12).map(|_| ip(rest.0)),
        // PFLOG: the length of the header, which is padded to words
        117 => {
            let length = rest.0.first().map(|&length| usize::from(length).next_multiple_of(4));
            length.and_then(|length| rest.take(length)).map(|_| ip(rest.0))
        }
        // 802.11, bare and behind the headers of Prism, AVS and radiotap
        105 => wireless(rest),
        119 => rest.take(144).and_then(|_| wireless(rest)),
        163 => rest.take(64).and_then(|_| wireless(rest)),
        127 => {
            let length = rest.0.get(2..4).and_then(|length| length.first_chunk()).copied().map(u16::from_le_bytes);
            length.and_then(|length| rest.take(length.into())).and_then(|_| wireless(rest))
        }
        _ => return None,
    };
    Some(inside.into())
}

/// The rest of a frame as an IP packet.
#[inline]
pub(super) fn ip(bytes: &[u8]) -> Inside<'_> {
    Inside::Ip(Ip { bytes, is_bounded: false })
}

/// An Ethernet frame.
pub(super) fn ethernet(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    rest.take(12)?;
    network(rest)
}

/// What follows an `EtherType`, or a length that stands in its place.
fn network(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    let kind = rest.u16()?;
    typed(kind, rest)
}

/// What is of an `EtherType`.
pub(super) fn typed(mut kind: u16, mut rest: Reader<'_>) -> Option<Inside<'_>> {
    for _ in 0..MAX_TAGS {
        match kind {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Some(ip(rest.0)),
            ETHERTYPE_PPPOE_SESSION => return pppoe(rest),
            ETHERTYPE_PPP => return ppp(rest),
            ETHERTYPE_BRIDGING => return ethernet(rest),
            SLL_802_2 => return llc(rest),
            0..=MAX_LENGTH => {
                let whole = rest.take(kind.into());
                let is_bounded = whole.is_some();
                return llc(whole.map_or(rest, Reader)).map(|inside| inside.bounded(is_bounded));
            }
            kind if ETHERTYPES_MPLS.contains(&kind) => return labels(rest),
            kind if NO_IP.contains(&kind) => return Some(Inside::Nothing),
            _ => {}
        }
        let Some((_, length)) = TAGS.iter().find(|(tag, _)| *tag == kind) else { return Some(Inside::Unknown(kind)) };
        rest.take(*length)?;
        kind = rest.u16()?;
    }
    Some(Inside::Unknown(kind))
}

/// A stack of MPLS labels: the lowest bit of the third byte marks the last one. What follows has no type of its own.
fn labels(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    for _ in 0..MAX_LABELS {
        if rest.u32()? & 0x100 != 0 {
            return match rest.0.first()? >> 4 {
                4 | 6 => Some(ip(rest.0)),
                // a pseudowire: a control word (RFC 4385), then Ethernet
                0 => rest.take(4).and_then(|_| ethernet(rest)),
                _ => ethernet(rest),
            };
        }
    }
    None
}

/// IEEE 802.2 LLC: SNAP (RFC 1042) says what follows; anything else is the talk of switches.
fn llc(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    match rest.array()? {
        // Ethernet's types, and those of frames that were bridged
        [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8] => network(rest),
        // RFC 2684: a whole Ethernet frame, with its checksum or without
        [0xaa, 0xaa, 3, 0, 0x80, 0xc2] => match rest.u16()? {
            1 | 7 => rest.take(2).and_then(|_| ethernet(rest)),
            _ => Some(Inside::Nothing),
        },
        _ => Some(Inside::Nothing),
    }
}

/// `PPPoE` behind its `EtherType` (RFC 2516): its own length bounds the packet, and what follows is padding.
fn pppoe(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    rest.take(4)?;
    let length = rest.u16()?;
    let whole = rest.take(length.into());
    let is_bounded = whole.is_some();
    ppp(whole.map_or(rest, Reader)).map(|inside| inside.bounded(is_bounded))
}

/// PPP (RFC 1661), with or without HDLC framing; its numbers may be shortened to one byte.
fn ppp(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    if rest.0.starts_with(&[0xff, 0x03]) {
        rest.take(2)?;
    }
    let protocol = match rest.u8()? {
        short if short & 1 == 1 => u16::from(short),
        high => u16::from(high) << 8 | u16::from(rest.u8()?),
    };
    Some(match protocol {
        0x0021 | 0x0057 => ip(rest.0),
        0x0281 => return labels(rest),
        _ => Inside::Nothing,
    })
}

/// IEEE 802.11: only data frames that are not encrypted have anything to read.
fn wireless(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    let [first, flags] = rest.array()?;
    let (is_data, has_qos) = (first & 0x0c == 0x08, first & 0x80 != 0);
    // null frames have no data, and encrypted ones none to read
    if !is_data || first & 0x40 != 0 || flags & 0x40 != 0 {
        return Some(Inside::Nothing);
    }
    let four_addresses = if flags & 3 == 3 { 6 } else { 0 };
    let qos = if has_qos { 2 } else { 0 };
    let high_throughput = if has_qos && flags & 0x80 != 0 { 4 } else { 0 };
    rest.take(22 + four_addresses + qos + high_throughput)?;
    llc(rest)
}

impl Inside<'_> {
    /// What is inside, marked as bounded if a length other than IP's bounds it.
    pub(super) fn bounded(self, by_length: bool) -> Self {
        match self {
            Self::Ip(ip) => Self::Ip(Ip { is_bounded: ip.is_bounded || by_length, ..ip }),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(link_type: u16, frame: &[u8]) -> Option<&[u8]> {
        match open(link_type, frame)? {
            Inside::Ip(ip) => Some(ip.bytes),
            _ => None,
        }
    }

    #[test]
    fn tags_and_headers_come_off() {
        let ip_packet = [0x45, 1, 2, 3];
        let frame = |parts: &[&[u8]]| [parts.concat(), ip_packet.to_vec()].concat();
        let mac = [7; 12];
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
        for (link_type, header) in [
            (1, frame(&[&mac, &[8, 0]])),
            (1, frame(&[&mac, &[0x81, 0, 0, 5, 8, 0]])),
            (1, frame(&[&mac, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]])),
            (1, frame(&[&mac, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0, 0x21]])),
            (1, frame(&[&mac, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 5, 0x21]])),
            (1, frame(&[&mac, &[0x88, 0x47, 0, 0, 0x10, 9, 0, 0, 0x11, 9]])),
            (1, frame(&[&mac, &[0x89, 9, 1, 1, 0, 1, 0, 0x19, 8, 0]])),
            (1, frame(&[&mac, &[0x89, 0x26, 1, 1, 0, 1, 8, 0]])),
            (1, frame(&[&mac, &[0x88, 0xe7, 0, 1, 0, 1], &mac, &[8, 0]])),
            (1, frame(&[&mac, &[0, 12], &snap])),
            (1, frame(&[&mac, &[0x81, 0, 0, 5, 0, 12], &snap])),
            (113, frame(&[&[1; 14], &[8, 0]])),
            (113, frame(&[&[1; 14], &[0, 4], &snap])),
            (276, frame(&[&[8, 0], &[1; 18]])),
            (0, frame(&[&[2, 0, 0, 0]])),
            (101, frame(&[])),
            (9, frame(&[&[0xff, 3, 0, 0x21]])),
            (204, frame(&[&[1, 0, 0x21]])),
            (51, frame(&[&[0x11, 0, 0, 1, 0, 6, 0, 0x21]])),
            (104, frame(&[&[0x0f, 0, 8, 0]])),
            (100, frame(&[&snap])),
            (109, frame(&[&[2; 12]])),
            (117, frame(&[&[61], &[0; 63]])),
            (105, frame(&[&[0x08, 1], &[0; 22], &snap])),
            (105, frame(&[&[0x88, 3], &[0; 30], &snap])),
            (127, frame(&[&[0, 0, 8, 0, 0, 0, 0, 0, 0x08, 1], &[0; 22], &snap])),
        ] {
            assert_eq!(inner(link_type, &header), Some(&ip_packet[..]), "{link_type} {header:02x?}");
        }
        assert_eq!(open(1, &frame(&[&mac, &[8, 6]])), Some(Inside::Nothing), "ARP");
        assert_eq!(open(1, &frame(&[&mac, &[0x88, 0xe5]])), Some(Inside::Unknown(0x88e5)), "MACsec");
        assert_eq!(open(1, &frame(&[&mac, &[0, 7, 0x42, 0x42, 3]])), Some(Inside::Nothing), "spanning tree");
        assert_eq!(open(105, &frame(&[&[0x08, 0x41], &[0; 30]])), Some(Inside::Nothing), "encrypted");
        assert_eq!(open(1, &mac), Some(Inside::Nothing));
        assert_eq!(inner(1, &[&mac[..], &[0x81, 0].repeat(50)].concat()), None, "tags without end");
        assert_eq!(open(220, &mac), None);
    }

    #[test]
    fn a_length_of_the_frame_bounds_the_packet() {
        let frame = [&[7; 12][..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0, 0x21, 0x45, 1, 2, 3, 9, 9]].concat();
        assert_eq!(open(1, &frame), Some(Inside::Ip(Ip { bytes: &[0x45, 1, 2, 3], is_bounded: true })));
        let cut = frame.get(..24).unwrap_or_default();
        assert_eq!(
            open(1, cut),
            Some(Inside::Ip(Ip { bytes: &[0x45, 1], is_bounded: false })),
            "by the snapshot length"
        );
    }
}
