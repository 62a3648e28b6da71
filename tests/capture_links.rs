//! One capture behind every link layer and in every tunnel: what is found stays the same.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod wire;

use tktdump::capture::Remarks;
use tktdump::capture::container::{Reader, Step};
use wire::{Talk, follow, found, wrap};

/// The IPv4 packets of a capture of a real server.
fn packets() -> Vec<Vec<u8>> {
    let mut rest = include_bytes!("../testdata/variants/rawip101.pcap").as_slice();
    let (mut reader, mut packets) = (Reader::new(), Vec::new());
    loop {
        match reader.step(rest).unwrap() {
            Step::Packet { packet, used } => {
                packets.push(packet.data.to_vec());
                rest = &rest[used..];
            }
            Step::Skip(length) => rest = &rest[usize::try_from(length).unwrap()..],
            Step::Secrets { used, .. } => rest = &rest[used..],
            Step::Need(_) => return packets,
        }
    }
}

/// Changes packets by what they are put into.
type Wrap = fn(&[u8]) -> Vec<u8>;

const LINKS: [(&str, Wrap); 5] = [
    ("Ethernet", wrap::ethernet),
    ("LLC/SNAP", wrap::snap),
    ("Cisco metadata", wrap::cisco_metadata),
    ("PPPoE", wrap::pppoe),
    ("bare", |ip| ip.to_vec()),
];
const TUNNELS: [(&str, Wrap); 10] = [
    ("GRE", wrap::gre),
    ("GRE with Ethernet", wrap::gre_ethernet),
    ("ERSPAN", wrap::erspan),
    ("IPIP, 6in4", wrap::ip_in_ipv4),
    ("4in6, 6in6", wrap::ip_in_ipv6),
    ("VXLAN", wrap::vxlan),
    ("GENEVE", wrap::geneve),
    ("GTP-U", wrap::gtp_u),
    ("plain GTP-U", wrap::gtp_u_plain),
    ("none", |ip| ip.to_vec()),
];

fn link_type(link: &str) -> u16 {
    if link == "bare" { 101 } else { 1 }
}

#[test]
fn links_and_tunnels_come_off() {
    let original = found(&wire::connections(&packets()));
    assert_eq!(original.iter().map(|found| found.1).collect::<Vec<_>>(), ["full", "resumed_ticket"]);
    for (link, on_link) in LINKS {
        for (tunnel, in_tunnel) in TUNNELS {
            let sent: Vec<_> = packets().iter().map(|packet| on_link(&in_tunnel(packet))).collect();
            let (connections, remarks) = follow(link_type(link), &sent);
            assert_eq!(found(&connections), original, "{tunnel} on {link}");
            let (first, last) = (remarks.first, remarks.last);
            let expected = Remarks { packets: remarks.packets, first, last, ..Remarks::default() };
            assert_eq!(remarks, expected, "{tunnel} on {link}");
        }
    }
}

#[test]
fn tunnels_are_followed_to_a_depth() {
    let original = found(&wire::connections(&packets()));
    for (name, in_tunnel) in TUNNELS.iter().filter(|(name, _)| *name != "none") {
        let nested = |depth: usize| -> Vec<Vec<u8>> {
            packets().iter().map(|packet| (0..depth).fold(packet.clone(), |inner, _| in_tunnel(&inner))).collect()
        };
        assert_eq!(found(&follow(101, &nested(3)).0), original, "{name}");
        let (connections, remarks) = follow(101, &nested(4));
        assert_eq!((connections.len(), remarks.too_deep), (0, remarks.packets), "{name}");
    }
}

#[test]
fn fragments_of_tunnels_are_put_together() {
    let original = found(&wire::connections(&packets()));
    let halves = |packet: &[u8], number: u16| -> [Vec<u8>; 2] {
        let (header, payload) = packet.split_at(20);
        let middle = payload.len() / 16 * 8;
        let piece = |from: usize, to: usize, more: u16| {
            let mut piece = [header, &payload[from..to]].concat();
            let length = u16::try_from(piece.len()).unwrap();
            piece[2..4].copy_from_slice(&length.to_be_bytes());
            piece[4..6].copy_from_slice(&number.to_be_bytes());
            piece[6..8].copy_from_slice(&(more | u16::try_from(from / 8).unwrap()).to_be_bytes());
            piece
        };
        [piece(0, middle, 0x2000), piece(middle, payload.len(), 0)]
    };
    let sent: Vec<_> =
        (1..).zip(packets()).flat_map(|(number, packet)| halves(&wrap::vxlan(&packet), number)).collect();
    assert_eq!(found(&wire::connections(&sent)), original);
    // inside and outside
    let both = (1..).zip(packets()).flat_map(|(number, packet)| {
        let inner = halves(&packet, number);
        (0..).zip(inner).flat_map(move |(at, piece)| halves(&wrap::gre(&piece), number * 2 + at))
    });
    assert_eq!(found(&wire::connections(&both.collect::<Vec<_>>())), original);
}

#[test]
fn padding_behind_a_length_of_the_link_is_no_hole() {
    // an acknowledgement whose IP length counts padding that the link's own length does not
    let lie = |mut packet: Vec<u8>| {
        if packet.len() == 40 {
            packet[3] += 6;
        }
        packet
    };
    let mut talk = Talk::open(40_000);
    talk.full12(&wire::Hello::tls12(1), &wire::ticket(7, 1));
    for (name, on_link) in [("PPPoE", wrap::pppoe as Wrap), ("LLC/SNAP", wrap::snap)] {
        let sent: Vec<_> = talk.packets.iter().map(|packet| on_link(&lie(packet.clone()))).collect();
        let (connections, _) = follow(1, &sent);
        assert_eq!(found(&connections), [(0, "full", vec![wire::ticket(7, 1)])], "{name}");
    }
}

#[test]
fn what_is_passed_over_is_counted() {
    let packet = &packets()[0];
    let esp = wrap::ipv4(50, [192, 0, 2, 1], [192, 0, 2, 2], &[9; 80]);
    let macsec = wrap::frame(&[&[0x88, 0xe5][..], packet].concat());
    let sent = [wrap::ethernet(&esp), macsec.clone(), wrap::ethernet(&esp), macsec, wrap::frame(&[8, 6, 0, 1])];
    let (_, remarks) = follow(1, &sent);
    let expected = Remarks {
        packets: 5,
        unknown_ethertype: Some((2, 0x88e5)),
        unknown_tunnel: Some((2, 50)),
        first: remarks.first,
        last: remarks.last,
        ..Remarks::default()
    };
    assert_eq!(remarks, expected);
    assert_eq!(follow(147, &sent).1.unknown_link, Some((5, 147)));
}

/// The seeds that the fuzzer has of each link and tunnel, made by `TKTDUMP_SEEDS=write cargo test --test capture_links`.
#[test]
fn the_fuzzer_has_every_link_and_tunnel() {
    let mut talk = Talk::open(40_000);
    talk.full12(&wire::Hello::tls12(1), &wire::ticket(7, 1)).close();
    let old = [&[0x80, 0x22, 1, 3, 1, 0, 9, 0, 0, 0, 16][..], &[0, 0, 0x2f, 0, 0, 0x0a, 1, 0, 0x80], &[0xc4; 16]];
    let mut odd = Talk::open(40_001);
    odd.send(wire::Side::Client, &old.concat()).send(wire::Side::Server, &wire::alert(2, 40));
    let all = [talk.packets, odd.packets].concat();
    let links = LINKS.iter().map(|(name, wrap)| (name, link_type(name), wrap));
    let tunnels = TUNNELS.iter().map(|(name, wrap)| (name, 101, wrap));
    for (name, link, wrap) in links.chain(tunnels) {
        let name = name.to_lowercase().replace([' ', ',', '/'], "_");
        let path = std::path::Path::new("fuzz/corpus/capture").join(format!("{name}.pcap"));
        let seed = wire::pcap(link.into(), &all.iter().map(|packet| wrap(packet)).collect::<Vec<_>>());
        if std::env::var("TKTDUMP_SEEDS").is_ok_and(|value| value == "write") {
            std::fs::write(&path, &seed).unwrap();
        }
        assert_eq!(std::fs::read(&path).ok(), Some(seed), "{}", path.display());
    }
}
