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
}

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
            _ => None,
        }
    }

    /// By bits 4 and 5 of a long header (RFC 9000 section 17.2, RFC 9369 section 3.2).
    pub(super) const fn packet_type(self, first_byte: u8) -> PacketType {
        let bits = first_byte >> 4 & 3;
        let number = match self {
            Self::V1 => bits,
            Self::V2 => bits.wrapping_sub(1) & 3,
        };
        match number {
            0 => PacketType::Initial,
            1 => PacketType::ZeroRtt,
            2 => PacketType::Handshake,
            _ => PacketType::Retry,
        }
    }

    const fn salt(self) -> &'static [u8; 20] {
        match self {
            Self::V1 => b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
            Self::V2 => b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
        }
    }

    /// Labels of the key, the IV and the header protection key.
    const fn labels(self) -> [&'static str; 3] {
        match self {
            Self::V1 => ["quic key", "quic iv", "quic hp"],
            Self::V2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
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
    pub(super) fn initial(version: Version, destination: &[u8]) -> [Self; 2] {
        let secret = Hash::Sha256.extract(version.salt(), destination);
        ["client in", "server in"].map(|label| {
            let secret = Hash::Sha256.expand_label(&secret, label, &[], 32);
            let [key, iv, header] = version.labels();
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
