//! Initial keys and packet protection (RFC 9001 section 5, RFC 9369 section 3).

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::packet::Packet;
use super::version::Schedule;
use crate::secret::Secret;
use crate::tls::aead::{Aead, xor_nonce};
use crate::tls::tls13::Hash;

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
