//! Tunnels: packets inside IP packets.

use super::link::{self, ETHERTYPE_BRIDGING, Inside};
use crate::tls::wire::Reader;

/// IP protocol numbers.
mod protocol {
    pub(super) const IPV4: u8 = 4;
    pub(super) const IPV6: u8 = 41;
    pub(super) const GRE: u8 = 47;
    pub(super) const ESP: u8 = 50;
    pub(super) const ETHERIP: u8 = 97;
    pub(super) const L2TP: u8 = 115;
    pub(super) const MPLS: u8 = 137;
}

/// UDP ports (IANA registry "Service Names and Port Numbers").
mod port {
    pub(super) const GTP_U: u16 = 2152;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    pub(super) const GENEVE: u16 = 6081;
}

const ETHERTYPE_MPLS: u16 = 0x8847;
/// Mirrored frames (draft-foschiano-erspan), of types I and II, and of type III.
const ETHERTYPE_ERSPAN: u16 = 0x88be;
const ETHERTYPE_ERSPAN_III: u16 = 0x22eb;

/// Whether packets of an IP protocol have packets inside, be they readable or not.
pub(super) fn is_tunnel(protocol: u8) -> bool {
    use protocol::{ESP, ETHERIP, GRE, IPV4, IPV6, L2TP, MPLS};
    matches!(protocol, IPV4 | IPV6 | GRE | ESP | ETHERIP | L2TP | MPLS)
}

/// What is inside an IP packet; `None` if that cannot be read.
pub(super) fn of_protocol(protocol: u8, payload: &[u8]) -> Option<Inside<'_>> {
    let mut rest = Reader(payload);
    match protocol {
        protocol::IPV4 | protocol::IPV6 => Some(link::ip(payload)),
        protocol::GRE => gre(rest),
        protocol::ETHERIP => {
            rest.take(2)?;
            link::ethernet(rest)
        }
        protocol::MPLS => link::typed(ETHERTYPE_MPLS, rest),
        // encrypted, or of a form that only its ends know
        _ => None,
    }
}

/// What is inside a UDP datagram, if it is one of a tunnel by its port and its form.
pub(super) fn of_ports(ports: (u16, u16), payload: &[u8]) -> Option<Inside<'_>> {
    let rest = Reader(payload);
    let inside = match ports {
        (_, port::VXLAN) => vxlan(rest),
        (_, port::VXLAN_GPE) => vxlan_gpe(rest),
        (_, port::GENEVE) => geneve(rest),
        (port::GTP_U, _) | (_, port::GTP_U) => gtp_u(rest),
        _ => return None,
    }?;
    matches!(inside, Inside::Ip(_)).then_some(inside)
}

/// GRE (RFC 2784, RFC 2890; version 1 of RFC 2637 carries PPP).
fn gre(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    let (flags, kind) = (rest.u16()?, rest.u16()?);
    let fields = |flags: u16, masks: &[u16]| 4 * masks.iter().filter(|&&mask| flags & mask != 0).count();
    let has_sequence = flags & 0x1000 != 0;
    match flags & 7 {
        0 => rest.take(fields(flags, &[0xc000, 0x2000, 0x1000]))?,
        // length and call, then the numbers; without a number of its own it only acknowledges
        1 if has_sequence => rest.take(4 + fields(flags, &[0x1000, 0x0080]))?,
        1 => return Some(Inside::Nothing),
        _ => return None,
    };
    match kind {
        ETHERTYPE_ERSPAN => {
            rest.take(if has_sequence { 8 } else { 0 })?;
            link::ethernet(rest)
        }
        ETHERTYPE_ERSPAN_III => {
            let has_more = rest.take(12)?.last()? & 1 != 0;
            rest.take(if has_more { 8 } else { 0 })?;
            link::ethernet(rest)
        }
        _ => link::typed(kind, rest),
    }
}

/// VXLAN (RFC 7348 section 5).
fn vxlan(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    let [flags, ..] = rest.array::<8>()?;
    (flags & 0x08 != 0).then_some(())?;
    link::ethernet(rest)
}

/// VXLAN with a number for what it carries (draft-ietf-nvo3-vxlan-gpe).
fn vxlan_gpe(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    match rest.array::<8>()? {
        [flags, _, _, 1 | 2, ..] if flags & 0x0c == 0x0c => Some(link::ip(rest.0)),
        [flags, _, _, 3, ..] if flags & 0x0c == 0x0c => link::ethernet(rest),
        _ => None,
    }
}

/// GENEVE (RFC 8926 section 3.4).
fn geneve(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    let first = rest.u8()?;
    (first >> 6 == 0).then_some(())?;
    rest.u8()?;
    let kind = rest.u16()?;
    rest.take(4 + 4 * usize::from(first & 0x3f))?;
    match kind {
        ETHERTYPE_BRIDGING => link::ethernet(rest),
        _ => link::typed(kind, rest),
    }
}

/// GTP-U (3GPP TS 29.281 section 5): only a G-PDU has a packet inside.
fn gtp_u(mut rest: Reader<'_>) -> Option<Inside<'_>> {
    const G_PDU: u8 = 255;
    let [flags, G_PDU, _, _] = rest.array()? else { return None };
    (flags & 0xf0 == 0x30).then_some(())?;
    rest.u32()?;
    if flags & 0x07 != 0 {
        // a sequence number, the number of an N-PDU, the type of the first extension header
        let [.., mut next] = rest.array::<4>()?;
        while next != 0 {
            let length = 4 * usize::from(rest.u8()?);
            next = *rest.take(length.checked_sub(1)?)?.last()?;
        }
    }
    matches!(rest.0.first()? >> 4, 4 | 6).then(|| link::ip(rest.0))
}
