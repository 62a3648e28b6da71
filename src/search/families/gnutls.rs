//! `GnuTLS`: a master key of 64 bytes, from which one is derived for each slot of time, and the keys of slots themselves,
//! which lie in memory as long as a connection is open (`lib/stek.c`, `lib/ext/session_ticket.c`).

use std::collections::BTreeSet;

use sha3::{Digest, Sha3_512};
use zeroize::Zeroizing;

use crate::key::format::KeyBytes;
use crate::key::layout::Layout;
use crate::key::scheme::{Hash, Scheme};
use crate::search::lock::{Block, Clues, Cost, Direction, FoundKey, Lock, PairLock, Seal, WholeLock};
use crate::search::mac::Sealed;
use crate::search::sieve::STEP;
use crate::ticket::{Arrangement, Shape, Ticket};

const SEAL: Seal =
    Seal { scheme: Scheme::GNUTLS, hash: Hash::Sha1, arrangement: Arrangement::SentLength, mac_lengths: &[16] };
/// Seconds that a slot may have: three times the lifetime of sessions. First the default, then Exim's two hours, then
/// the round numbers that applications choose.
const SLOT_SECONDS: [i64; 9] = [64_800, 21_600, 10_800, 259_200, 32_400, 43_200, 5_400, 1_800, 900];
/// Slots on either side of a time that are tried first.
const NEAR: i64 = 2;
/// Zeros that a master key may have: a random one has this many once in 10^26 times.
const MOST_ZEROS: usize = 16;
/// How long before the times that are known a ticket may have been issued, when all else has failed.
const FAR_SECONDS: i64 = 400 * 86_400;

pub(super) fn locks(ticket: &[u8], clues: &Clues) -> Vec<Lock> {
    if Shape::of(ticket) != Shape::GnuTls {
        return Vec::new();
    }
    let near = slots(clues.times.iter().copied(), &SLOT_SECONDS, NEAR);
    let far: Vec<u64> = {
        let tried: BTreeSet<u64> = near.iter().copied().collect();
        let latest = clues.times.iter().max().copied();
        let default_slots = SLOT_SECONDS.iter().take(2);
        let all = default_slots.flat_map(|&seconds| {
            let last = latest.unwrap_or_default() / seconds;
            (last - FAR_SECONDS / seconds..last).rev().filter_map(|slot| u64::try_from(slot).ok())
        });
        all.filter(|slot| !tried.contains(slot)).collect()
    };
    let step = if clues.thorough { 1 } else { STEP };
    let masters = [(near, Cost::Low), (far, Cost::High)];
    let masters = masters.into_iter().filter(|(slots, _)| !slots.is_empty());
    let masters = masters.map(|(slots, cost)| Lock::Whole(master(ticket, slots, cost, step)));
    slot_key(ticket).into_iter().map(Lock::Pair).chain(masters).collect()
}

/// The slots around some times, for each length of slots; no slot twice.
fn slots(times: impl Iterator<Item = i64>, lengths: &[i64], reach: i64) -> Vec<u64> {
    let mut slots = Vec::new();
    for time in times {
        for seconds in lengths {
            for distance in 0..=2 * reach {
                // the slot itself, the ones before it, the ones after it
                let distance = if distance > reach { distance - reach } else { -distance };
                let slot = u64::try_from(time / seconds + distance).unwrap_or_default();
                if !slots.contains(&slot) {
                    slots.push(slot);
                }
            }
        }
    }
    slots
}

fn master(ticket: &[u8], slots: Vec<u64>, cost: Cost, step: usize) -> WholeLock {
    let ticket = ticket.to_vec();
    let opens = move |master: &[u8]| !is_sparse(master) && slots.iter().any(|slot| is_of_slot(&ticket, master, *slot));
    WholeLock { length: Layout::GNUTLS.size(), step, cost, worth: None, opens: Box::new(opens), make: Box::new(make) }
}

/// Whether so many bytes are zero that the others cannot be a random key: saves what a slot costs.
fn is_sparse(master: &[u8]) -> bool {
    master.iter().map(|byte| usize::from(*byte == 0)).sum::<usize>() > MOST_ZEROS
}

/// Whether the key that a master gives for a slot has the ticket's name, and its MAC is right.
fn is_of_slot(ticket: &[u8], master: &[u8], slot: u64) -> bool {
    let digest = Sha3_512::new().chain_update(slot.to_be_bytes()).chain_update(master).finalize();
    let key = Zeroizing::new(<[u8; 64]>::from(digest));
    let Some(parts) = Layout::GNUTLS.divide(key.as_slice()) else { return false };
    parts.name.is_some_and(|name| ticket.starts_with(name))
        && Sealed::new(ticket, SEAL).is_some_and(|sealed| sealed.is_under(parts.hmac))
}

fn make(master: &[u8]) -> FoundKey {
    FoundKey::Known(KeyBytes::new(0, master, Layout::GNUTLS).with_scheme(Scheme::GNUTLS))
}

fn slot_key(ticket: &[u8]) -> Option<PairLock> {
    let split = Ticket::split_as(ticket, Arrangement::SentLength, SEAL.hash.length()).ok()?;
    Some(PairLock {
        direction: Direction::Decrypt,
        lengths: &[32],
        input: split.ciphertext().first_chunk().copied()?,
        mask: split.iv().first_chunk().copied()?,
        first: [0xfa, 0, 0],
        begins,
        ciphertexts: vec![split.ciphertext().len()],
        seals: vec![SEAL],
    })
}

/// TLS 1.2: the magic number plus the version of the library, 3.0 to 4.x. TLS 1.3: the PRF, four random bytes, the
/// lifetime of at most seven days, and the length of the secret.
fn begins(block: &Block, _: &[usize]) -> bool {
    matches!(block, [0xfa, 0xe1..=0xe3, ..] | [0, 1..=15, _, _, _, _, 0, 0..=9, _, _, 32 | 48, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_around_a_time_come_once_and_nearest_first() {
        assert_eq!(slots([100_000].into_iter(), &[10_000], 2), [10, 9, 8, 11, 12]);
        let all = slots([1_795_000_000, 1_795_000_100].into_iter(), &SLOT_SECONDS, NEAR);
        assert!(all.len() <= 2 * 5 * SLOT_SECONDS.len());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
