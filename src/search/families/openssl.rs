//! Name, IV, AES-CBC and HMAC: OpenSSL, `BoringSSL`, picotls and the servers on them, and rustls on aws-lc.
//!
//! The first block of the session tells the AES key: an `SSL_SESSION` begins with its length and two INTEGERs, picotls
//! and rustls have beginnings of their own (`ssl/ssl_asn1.c`, `lib/picotls.c`, `rustls/src/server/persist.rs`).

use crate::key::scheme::{Hash, Mode, Scheme};
use crate::search::lock::{Block, Clues, Direction, Lock, PairLock, Seal};
use crate::ticket::{Arrangement, Ticket};

/// The hashes that servers have for the MAC, with the lengths of their keys: OpenSSL's own, `BoringSSL`'s, and the block
/// of the hash, which H2O takes (`src/ssl.c`).
const SEALS: [Seal; 5] = [
    seal(Hash::Sha256, Arrangement::Named, &[16, 32, 64]),
    seal(Hash::Sha256, Arrangement::UnsentLength, &[16, 32, 64]),
    seal(Hash::Sha1, Arrangement::Named, &[16, 20, 32, 64]),
    seal(Hash::Sha384, Arrangement::Named, &[32, 48, 128]),
    seal(Hash::Sha512, Arrangement::Named, &[32, 64, 128]),
];

const fn seal(hash: Hash, arrangement: Arrangement, mac_lengths: &'static [usize]) -> Seal {
    let arrangements: &[Arrangement] = match arrangement {
        Arrangement::UnsentLength => &[Arrangement::UnsentLength],
        _ => &[Arrangement::Named],
    };
    Seal { scheme: Scheme::of_mac(Mode::Cbc, hash, arrangements), hash, arrangement, mac_lengths }
}

pub(super) fn locks(ticket: &[u8], clues: &Clues) -> Vec<Lock> {
    let split = |seal: &Seal| {
        let split = Ticket::split_as(ticket, seal.arrangement, seal.hash.length()).ok()?;
        split.whole_blocks().ok().map(|split| (*seal, split))
    };
    let ways: Vec<(Seal, Ticket<'_>)> = SEALS.iter().filter_map(split).collect();
    let first = ways
        .first()
        .and_then(|(_, split)| Some((split.ciphertext().first_chunk().copied()?, split.iv().first_chunk().copied()?)));
    let Some((input, mask)) = first else { return Vec::new() };
    vec![Lock::Pair(PairLock {
        direction: Direction::Decrypt,
        lengths: if clues.thorough { &[16, 24, 32] } else { &[16, 32] },
        input,
        mask,
        first: [0x30, 0, 1],
        begins,
        ciphertexts: ways.iter().map(|(_, split)| split.ciphertext().len()).collect(),
        seals: ways.into_iter().map(|(seal, _)| seal).collect(),
    })]
}

fn begins(block: &Block, ciphertexts: &[usize]) -> bool {
    match block[0] {
        0x30 => is_asn1(block, ciphertexts),
        0 | 1 => is_picotls(block) || is_rustls(block),
        _ => false,
    }
}

/// A SEQUENCE that fills the ciphertext but for its padding, then the structure version 1 and another INTEGER.
fn is_asn1(block: &Block, ciphertexts: &[usize]) -> bool {
    let (length, rest) = match block {
        [_, length @ 0..=0x7f, rest @ ..] => (2 + usize::from(*length), rest.as_slice()),
        [_, 0x81, length, rest @ ..] => (3 + usize::from(*length), rest.as_slice()),
        [_, 0x82, high, low, rest @ ..] => (4 + usize::from(u16::from_be_bytes([*high, *low])), rest.as_slice()),
        _ => return false,
    };
    let fits =
        |ciphertext: &usize| (*ciphertext).checked_sub(16).is_some_and(|least| (least..*ciphertext).contains(&length));
    rest.starts_with(&[2, 1, 1, 2]) && ciphertexts.iter().any(fits)
}

fn is_picotls(block: &Block) -> bool {
    block.get(2..10) == Some(b"ptls0001")
}

/// A flag, the host name if there is one, the version, a suite, and the length of the secret.
fn is_rustls(block: &Block) -> bool {
    let (name, rest) = match block {
        [0, rest @ ..] => (&[][..], rest.as_slice()),
        [_, length, rest @ ..] if *length > 0 => rest.split_at_checked((*length).into()).unwrap_or((rest, &[])),
        _ => return false,
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let expected: [fn(u8) -> bool; 5] = [
        |major| major == 3,
        |minor| matches!(minor, 3 | 4),
        |suite| matches!(suite, 0x00 | 0x13 | 0xc0 | 0xcc),
        |_| true,
        |length| matches!(length, 32 | 48),
    ];
    name.iter().all(is_name) && rest.iter().zip(expected).all(|(byte, is_right)| is_right(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_begin_as_their_servers_write_them() {
        let block = |start: &[u8]| {
            let mut block = [0x55; 16];
            block[..start.len()].copy_from_slice(start);
            block
        };
        assert!(begins(&block(&[0x30, 0x6a, 2, 1, 1, 2]), &[112]));
        assert!(begins(&block(&[0x30, 0x6a, 2, 1, 1, 2]), &[96, 112]));
        assert!(!begins(&block(&[0x30, 0x6a, 2, 1, 1, 2]), &[96, 128]));
        assert!(begins(&block(&[0x30, 0x81, 0x8d, 2, 1, 1, 2]), &[160]), "no padding is a whole block of it");
        assert!(!begins(&block(&[0x30, 0x81, 0x9d, 2, 1, 1, 2]), &[160]));
        assert!(begins(&block(&[0x30, 0x82, 4, 0, 2, 1, 1, 2]), &[1040]));
        assert!(begins(&block(b"\x00\x60ptls0001"), &[112]));
        assert!(begins(&block(&[0, 3, 4, 0x13, 2, 48]), &[]) && !begins(&block(&[0, 3, 4, 0x13, 2, 49]), &[]));
        assert!(begins(&block(b"\x01\x09localhost\x03\x03\xc0\x2f0"), &[]));
        assert!(!begins(&block(b"\x01\x09local ost\x03\x03\xc0\x2f0"), &[]));
    }
}
