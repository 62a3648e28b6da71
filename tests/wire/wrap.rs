//! What stands in front of an IP packet: link layers and tunnels.

use super::prefixed;

const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/// An IPv4 header in front of what it carries.
pub fn ipv4(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let header = [0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    [&header[..], &from, &to, payload].concat()
}

/// An IPv6 header in front of what it carries.
pub fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let address = |last: u8| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    [&[0x60, 0, 0, 0, length[0], length[1], next, 64][..], &address(1), &address(2), payload].concat()
}

pub fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

/// The `EtherType` of an IP packet.
fn kind(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] }
}

/// Something with an `EtherType` of its own in an Ethernet frame.
pub fn frame(payload: &[u8]) -> Vec<u8> {
    [&MACS[..], payload].concat()
}

pub fn ethernet(ip: &[u8]) -> Vec<u8> {
    frame(&[&kind(ip)[..], ip].concat())
}

/// IEEE 802.2 LLC with SNAP (RFC 1042), in a frame that Ethernet has padded.
pub fn snap(ip: &[u8]) -> Vec<u8> {
    let llc = [&[0xaa, 0xaa, 3, 0, 0, 0][..], &kind(ip), ip].concat();
    let mut frame = frame(&prefixed(2, &llc));
    frame.resize(frame.len().max(60), 0xee);
    frame
}

/// Cisco metadata: version, length, a security group tag.
pub fn cisco_metadata(ip: &[u8]) -> Vec<u8> {
    frame(&[&[0x89, 9, 1, 1, 0, 1, 0, 0x19][..], &kind(ip), ip].concat())
}

/// A `PPPoE` session; what follows its own length is padding.
pub fn pppoe(ip: &[u8]) -> Vec<u8> {
    let protocol = if ip[0] >> 4 == 6 { [0, 0x57] } else { [0, 0x21] };
    let inner = [&protocol[..], ip].concat();
    frame(&[&[0x88, 0x64, 0x11, 0, 0, 1][..], &prefixed(2, &inner), &[0; 6]].concat())
}

const OUTER: ([u8; 4], [u8; 4]) = ([192, 0, 2, 1], [192, 0, 2, 2]);

fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(protocol, OUTER.0, OUTER.1, payload)
}

/// GRE (RFC 2784), with the key and the sequence number of RFC 2890.
pub fn gre(ip: &[u8]) -> Vec<u8> {
    outer(47, &[&[0x30, 0][..], &kind(ip), &[0, 0, 0, 7, 0, 0, 0, 9], ip].concat())
}

/// GRE with a checksum and a whole Ethernet frame.
pub fn gre_ethernet(ip: &[u8]) -> Vec<u8> {
    outer(47, &[&[0x80, 0, 0x65, 0x58, 1, 2, 0, 0][..], &ethernet(ip)].concat())
}

/// ERSPAN of type II.
pub fn erspan(ip: &[u8]) -> Vec<u8> {
    let header = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0];
    outer(47, &[&header[..], &ethernet(ip)].concat())
}

/// IP in IP, whatever the versions.
pub fn ip_in_ipv4(ip: &[u8]) -> Vec<u8> {
    outer(if ip[0] >> 4 == 6 { 41 } else { 4 }, ip)
}

pub fn ip_in_ipv6(ip: &[u8]) -> Vec<u8> {
    ipv6(if ip[0] >> 4 == 6 { 41 } else { 4 }, ip)
}

/// VXLAN (RFC 7348).
pub fn vxlan(ip: &[u8]) -> Vec<u8> {
    let inner = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &ethernet(ip)].concat();
    outer(17, &udp(50_000, 4789, &inner))
}

/// GENEVE (RFC 8926) with an option of four bytes.
pub fn geneve(ip: &[u8]) -> Vec<u8> {
    let header = [2, 0, 0x65, 0x58, 0, 0, 42, 0, 1, 2, 3, 1, 9, 9, 9, 9];
    outer(17, &udp(50_000, 6081, &[&header[..], &ethernet(ip)].concat()))
}

/// GTP-U (3GPP TS 29.281), with a sequence number and an extension header.
pub fn gtp_u(ip: &[u8]) -> Vec<u8> {
    let rest = [&[0, 1, 0, 0x85][..], &[1, 0x10, 0x09, 0], ip].concat();
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    let header = [0x36, 255, length[0], length[1], 0, 0, 0, 7];
    outer(17, &udp(2152, 2152, &[&header[..], &rest].concat()))
}

/// GTP-U without anything optional.
pub fn gtp_u_plain(ip: &[u8]) -> Vec<u8> {
    let length = u16::try_from(ip.len()).unwrap().to_be_bytes();
    outer(17, &udp(2152, 2152, &[&[0x30, 255, length[0], length[1], 0, 0, 0, 7][..], ip].concat()))
}
