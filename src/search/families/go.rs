//! Go's crypto/tls: AES-128-CTR and HMAC-SHA256 with 16-byte keys, up to 1.20 behind a key name, later without one
//! (`crypto/tls/ticket.go`). A session begins with its version.

use crate::key::scheme::{Hash, Scheme};
use crate::search::lock::{Block, Clues, Direction, Lock, PairLock, Seal};
use crate::ticket::{Arrangement, Shape, Ticket};

/// Bytes of the shortest session: version, suite, time and a secret of 32 bytes.
const SHORTEST: usize = 44;

pub(super) fn locks(ticket: &[u8], _: &Clues) -> Vec<Lock> {
    if matches!(Shape::of(ticket), Shape::GnuTls | Shape::Rfc5077 | Shape::Botan | Shape::Nss) {
        return Vec::new();
    }
    [Arrangement::Named, Arrangement::Nameless]
        .into_iter()
        .filter_map(|arrangement| lock(ticket, arrangement))
        .map(Lock::Pair)
        .collect()
}

fn lock(ticket: &[u8], arrangement: Arrangement) -> Option<PairLock> {
    let seal = Seal { scheme: Scheme::GO, hash: Hash::Sha256, arrangement, mac_lengths: &[16] };
    let split = Ticket::split_as(ticket, arrangement, seal.hash.length()).ok()?;
    let mask = split.ciphertext().first_chunk().copied()?;
    Some(PairLock {
        direction: Direction::Encrypt,
        lengths: &[16],
        input: split.iv().first_chunk().copied()?,
        mask,
        first: [3; 3],
        begins: if arrangement == Arrangement::Named { begins_old } else { begins },
        ciphertexts: vec![split.ciphertext().len()],
        seals: vec![seal],
    })
    .filter(|lock| lock.ciphertexts.iter().all(|&length| length >= SHORTEST))
}

/// Up to 1.20: version, suite, time; TLS 1.3 has a revision 0 before the suite.
fn begins_old(block: &Block, _: &[usize]) -> bool {
    matches!(block, [3, 4, 0, 0x13, _, 0, 0, 0, ..] | [3, 1..=3, _, _, 0, 0, 0, ..])
}

/// From 1.21 on: version, a server's session, suite, time.
fn begins(block: &Block, _: &[usize]) -> bool {
    matches!(block, [3, 1..=4, 1, _, _, 0, 0, 0, ..])
}
