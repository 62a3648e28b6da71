//! Versions of QUIC, the salts that their Initial keys are made with, and the forms of their packets.

/// A version of QUIC whose Initial packets can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Version {
    /// RFC 9000
    V1,
    /// RFC 9369
    V2,
    /// Version 2 while it was a draft, 0x709a50c4.
    V2Draft,
    /// A draft of version 1, 22 to 34: 0xff000000 and the number.
    Draft(u8),
    /// One of Facebook's (mvfst), 0xfaceb000 and the number: which of them has which salt is found out by trying.
    Facebook(u8),
    /// Google's T050.
    T050,
    /// Google's T051.
    T051,
}

/// What the keys of Initial packets are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) salt: &'static [u8; 20],
    /// Labels of the key, the IV and the header protection key.
    pub(super) labels: [&'static str; 3],
}

impl Schedule {
    const fn v1(salt: &'static [u8; 20]) -> Self {
        Self { salt, labels: ["quic key", "quic iv", "quic hp"] }
    }

    const fn v2(salt: &'static [u8; 20]) -> Self {
        Self { salt, labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"] }
    }
}

/// draft-ietf-quic-tls-22 section 5.2
const DRAFT_22: Schedule =
    Schedule::v1(b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a");
/// Drafts 23 to 28
const DRAFT_23: Schedule =
    Schedule::v1(b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02");
/// Drafts 29 to 32
const DRAFT_29: Schedule =
    Schedule::v1(b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99");
/// RFC 9001 section 5.2, and drafts 33 and 34
const V1: Schedule = Schedule::v1(b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a");
/// RFC 9369 section 3.3.1
const V2: Schedule = Schedule::v2(b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9");
/// draft-ietf-quic-v2-00 section 3.3.1
const V2_DRAFT: Schedule =
    Schedule::v2(b"\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3");
/// Chromium's `net/third_party/quiche`, as Wireshark's `packet-quic.c` has them too
const T050: Schedule =
    Schedule::v1(b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10");
const T051: Schedule =
    Schedule::v1(b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d");

/// The form of a packet with a long header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PacketType {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

impl Version {
    /// By the number in a long header.
    #[must_use]
    pub(crate) const fn from_id(id: u32) -> Option<Self> {
        match id {
            1 => Some(Self::V1),
            0x6b33_43cf => Some(Self::V2),
            0x709a_50c4 => Some(Self::V2Draft),
            0xff00_0016..=0xff00_0022 => Some(Self::Draft(id.to_be_bytes()[3])),
            0xface_b000..=0xface_b0ff => Some(Self::Facebook(id.to_be_bytes()[3])),
            0x5430_3530 => Some(Self::T050),
            0x5430_3531 => Some(Self::T051),
            _ => None,
        }
    }

    /// By bits 4 and 5 of a long header (RFC 9000 section 17.2, RFC 9369 section 3.2).
    pub(super) const fn packet_type(self, first_byte: u8) -> PacketType {
        let bits = first_byte >> 4 & 3;
        let number = match self {
            Self::V2 | Self::V2Draft => bits.wrapping_sub(1) & 3,
            _ => bits,
        };
        match number {
            0 => PacketType::Initial,
            1 => PacketType::ZeroRtt,
            2 => PacketType::Handshake,
            _ => PacketType::Retry,
        }
    }

    /// What its keys may be made with; the tag of a packet tells which.
    pub(super) const fn schedules(self) -> &'static [Schedule] {
        match self {
            Self::V1 | Self::Draft(33..) => &[V1],
            Self::V2 => &[V2],
            Self::V2Draft => &[V2_DRAFT, V2],
            Self::Draft(..=22) => &[DRAFT_22],
            Self::Draft(23..=28) => &[DRAFT_23],
            Self::Draft(29..=32) => &[DRAFT_29],
            Self::Facebook(_) => &[V1, DRAFT_29, DRAFT_23, DRAFT_22],
            Self::T050 => &[T050],
            Self::T051 => &[T051],
        }
    }
}
