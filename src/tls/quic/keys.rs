//! Initial keys and packet protection (RFC 9001 section 5, RFC 9369 section 3).

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::packet::Packet;
use crate::secret::Secret;
use crate::tls::aead::{Aead, xor_nonce};
use crate::tls::tls13::Hash;

/// A version of QUIC whose Initial packets can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
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
    salt: &'static [u8; 20],
    /// Labels of the key, the IV and the header protection key.
    labels: [&'static str; 3],
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
    pub const fn from_id(id: u32) -> Option<Self> {
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

/// The keys of one side's Initial packets.
pub(super) struct Keys {
    key: Secret,
    iv: Zeroizing<[u8; 12]>,
    header: Secret,
}

impl Keys {
    /// Of client and server, from the destination connection ID of the client's first Initial packet, or of the
    /// first one after a Retry.
    pub(super) fn initial(schedule: Schedule, destination: &[u8]) -> [Self; 2] {
        let secret = Hash::Sha256.extract(schedule.salt, destination);
        ["client in", "server in"].map(|label| {
            let secret = Hash::Sha256.expand_label(&secret, label, &[], 32);
            let [key, iv, header] = schedule.labels;
            let mut keys = Self {
                key: Hash::Sha256.expand_label(&secret, key, &[], 16),
                iv: Zeroizing::new([0; 12]),
                header: Hash::Sha256.expand_label(&secret, header, &[], 16),
            };
            keys.iv.copy_from_slice(Hash::Sha256.expand_label(&secret, iv, &[], 12).as_bytes());
            keys
        })
    }

    /// Takes the header protection off and opens the payload. `expected` is the packet number that is next.
    pub(super) fn open(&self, packet: &Packet<'_>, expected: u64) -> Option<Opened> {
        // RFC 9001 section 5.4.2: the sample lies as if the packet number had four bytes
        let sample = packet.protected.get(4..20)?;
        let mask = self.mask(sample)?;
        let [first_mask, number_mask @ ..] = &mask;
        let first = packet.first_byte ^ (first_mask & 0x0f);
        let length = usize::from(first & 3) + 1;
        let (number, sealed) = packet.protected.split_at_checked(length)?;
        let number: Vec<u8> = number.iter().zip(number_mask).map(|(byte, mask)| byte ^ mask).collect();
        let truncated = number.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));

        let header = [&[first], packet.rest_of_header, &number].concat();
        let number = packet_number(expected, truncated, length);
        let payload = Aead::Aes128Gcm.open(self.key.as_bytes(), &xor_nonce(&self.iv, number), &header, sealed)?;
        Some(Opened { number, payload })
    }

    fn mask(&self, sample: &[u8]) -> Option<[u8; 5]> {
        let mut block = sample.try_into().ok()?;
        Aes128Enc::new_from_slice(self.header.as_bytes()).ok()?.encrypt_block(&mut block);
        block.first_chunk().copied()
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> [&[u8]; 3] {
        [self.key.as_bytes(), &self.iv[..], self.header.as_bytes()]
    }
}

/// A packet without its protection.
pub(super) struct Opened {
    pub(super) number: u64,
    pub(super) payload: Zeroizing<Vec<u8>>,
}

/// The packet number closest to the expected one whose last bytes are these (RFC 9000 appendix A.3).
pub(super) fn packet_number(expected: u64, truncated: u64, bytes: usize) -> u64 {
    let window = 1_u64 << (8 * bytes.min(4));
    let half = window / 2;
    let candidate = (expected & !(window - 1)) | truncated;
    if candidate.saturating_add(half) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(half) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}
