//! The keys that `GnuTLS` derives from a master key, one for each slot of time (`lib/stek.c`, since 3.6.4).
//!
//! The key of slot T is SHA3-512 over T (64 bits, big-endian) and the master key; T is the time divided by three times
//! the lifetime of sessions, which is 6 hours unless the application says otherwise. A ticket names its key, and the
//! name is derived too, so that a search finds the slot: around the clock first, at every length of slots that is known of
//! a server, and then everywhere.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use sha3::{Digest, Sha3_512};
use zeroize::Zeroizing;

use super::crypto::Engine;
use super::layout::Layout;
use super::scheme::Scheme;
use crate::ticket::KeyName;

/// Bytes of a master key, and of what is derived from it.
pub(super) const LENGTH: usize = 64;
/// Seconds of a slot: three times the default lifetime of a session (`gnutls_db_set_cache_expiration`).
pub(super) const SLOT_SECONDS: i64 = 3 * 21_600;
/// Seconds of slots that are looked at around the clock, three times a lifetime: 6 hours, and what servers and their
/// modules set: a day, 2 hours (Exim), 1 hour, 30, 10 and 5 minutes (`mod_gnutls`).
const LENGTHS: [i64; 7] = [SLOT_SECONDS, 3 * 86_400, 3 * 7200, 3 * 3600, 3 * 1800, 3 * 600, 3 * 300];
/// Those of them that are looked for at any time. A day needs no search of its own: its slots have smaller numbers.
const SEARCHED: [i64; 4] = [SLOT_SECONDS, 3 * 7200, 3 * 3600, 3 * 300];
/// Slots around the clock: as long as tickets live, with room for wrong clocks.
const NEAR: u64 = 12;
/// Slots whose keys are kept: tickets of one time have few.
const KEPT: usize = 4;
/// Names whose slot, or lack of one, is kept: a list of tickets has few.
const RECENT: usize = 8;
/// The last slot that is tried at the default lifetime, from the first: it ends in 2061.
const LAST_SLOT: u64 = 44_500;
/// Slots of another length that are tried, the latest ones: some 30 milliseconds.
const MOST_SLOTS: u64 = 47_000;
/// When `GnuTLS` began to derive keys (3.6.4), seconds since 1970.
const BEGINNING: i64 = 1_537_000_000;
/// How far ahead of the clock slots are tried, seconds.
const AHEAD: i64 = 30 * 86_400;
/// Tables of names that are kept for all keys together, 2 MiB each at most; further keys are searched anew for each
/// name.
const MAX_TABLES: usize = 16;

/// How many keys have tables.
static TABLES: AtomicUsize = AtomicUsize::new(0);

/// A master key.
pub(super) struct Rotation {
    master: Zeroizing<Vec<u8>>,
    now: Option<i64>,
    /// What the last searches found.
    recent: Mutex<Recent>,
    /// The names of all slots that are searched, if there is room for them.
    tables: OnceLock<Option<Tables>>,
    /// Keys of the slots that were asked for first.
    keys: OnceLock<Box<[OnceLock<SlotKey>; KEPT]>>,
}

/// Names, each with its slot or none, and which of them is replaced next.
type Recent = (usize, [Option<(KeyName, Option<u64>)>; RECENT]);

/// For each length of slots the beginnings of the names, sorted, each with the number of its slot in the range.
struct Tables([OnceLock<Vec<(u32, u32)>>; SEARCHED.len()]);

impl Tables {
    /// `None` if too many keys have tables.
    fn new() -> Option<Self> {
        let count = TABLES.fetch_add(1, Ordering::Relaxed);
        let tables = Self(Default::default());
        // what is dropped here is counted off again
        if count < MAX_TABLES { Some(tables) } else { None }
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        TABLES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The key of one slot.
pub(super) struct SlotKey {
    pub(super) slot: u64,
    pub(super) engine: Engine,
}

impl SlotKey {
    /// Sets up what was derived; `slot` tells it from others.
    pub(super) fn new(slot: u64, derived: &[u8]) -> Option<Self> {
        Some(Self { slot, engine: Engine::new(&Layout::GNUTLS.divide(derived)?, &Scheme::GNUTLS)? })
    }
}

/// What `GnuTLS` derives from a master key for a slot.
pub(super) fn derive(master: &[u8], slot: u64) -> Zeroizing<[u8; LENGTH]> {
    let digest = Sha3_512::new().chain_update(slot.to_be_bytes()).chain_update(master).finalize();
    Zeroizing::new(digest.into())
}

impl Rotation {
    /// `now` is where to look first, seconds since 1970.
    pub(super) fn new(master: &[u8], now: Option<i64>) -> Self {
        let master = Zeroizing::new(master.to_vec());
        Self { master, now, recent: Mutex::default(), tables: OnceLock::new(), keys: OnceLock::new() }
    }

    /// The slot whose key has that name.
    pub(super) fn slot(&self, name: KeyName) -> Option<u64> {
        let known =
            |recent: &Recent| recent.1.iter().flatten().find(|(known, _)| *known == name).map(|(_, slot)| *slot);
        let lock = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = known(&lock()) {
            return slot;
        }
        let slot = self.near(name).or_else(|| self.search(name));
        let (next, recent) = &mut *lock();
        if let Some(place) = recent.get_mut(*next % RECENT) {
            *place = Some((name, slot));
        }
        *next = next.wrapping_add(1);
        slot
    }

    /// What `with` makes of the key of a slot.
    #[inline(never)]
    pub(super) fn with_key<T>(&self, slot: u64, with: impl FnOnce(&SlotKey) -> Option<T>) -> Option<T> {
        let keys = self.keys.get_or_init(Box::default);
        let mut kept = keys.iter().map_while(OnceLock::get);
        if let Some(key) = kept.find(|key| key.slot == slot) {
            return with(key);
        }
        let mut key = self.key(slot)?;
        let made = with(&key);
        for place in keys.iter() {
            match place.set(key) {
                Ok(()) => break,
                Err(back) => key = back,
            }
        }
        made
    }

    /// Looks around the clock.
    fn near(&self, name: KeyName) -> Option<u64> {
        let now = self.now?;
        LENGTHS.iter().find_map(|length| {
            let slot = u64::try_from(now / length).ok()?;
            let mut near = (slot.saturating_sub(NEAR)..slot.saturating_add(NEAR)).rev();
            near.find(|&slot| self.name(slot) == Some(name))
        })
    }

    /// Looks everywhere.
    #[cold]
    fn search(&self, name: KeyName) -> Option<u64> {
        let tables = self.tables.get_or_init(Tables::new);
        SEARCHED.iter().enumerate().find_map(|(number, &length)| {
            let mut range = self.range(length);
            let Some(table) = tables.as_ref().and_then(|tables| tables.0.get(number)) else {
                return range.find(|&slot| self.name(slot) == Some(name));
            };
            let table = table.get_or_init(|| {
                let names = (0_u32..).zip(range.clone());
                let mut table: Vec<(u32, u32)> =
                    names.filter_map(|(at, slot)| Some((beginning(self.name(slot)?), at))).collect();
                table.sort_unstable();
                table
            });
            let first = table.partition_point(|(known, _)| *known < beginning(name));
            let alike = table.iter().skip(first).take_while(|(known, _)| *known == beginning(name));
            alike.map(|(_, at)| range.start + u64::from(*at)).find(|&slot| self.name(slot) == Some(name))
        })
    }

    /// The slots of a length that are searched.
    fn range(&self, length: i64) -> Range<u64> {
        if length == SLOT_SECONDS {
            return 1..LAST_SLOT + 1;
        }
        let slot = |seconds: i64| u64::try_from(seconds / length).unwrap_or(0);
        let begin = slot(BEGINNING);
        let end = match self.now {
            Some(now) => slot(now.saturating_add(AHEAD)).max(begin),
            None => begin + MOST_SLOTS,
        };
        begin.max(end.saturating_sub(MOST_SLOTS))..end
    }

    fn key(&self, slot: u64) -> Option<SlotKey> {
        SlotKey::new(slot, self.derive(slot).as_slice())
    }

    fn name(&self, slot: u64) -> Option<KeyName> {
        self.derive(slot).first_chunk::<16>().copied().map(KeyName::from)
    }

    fn derive(&self, slot: u64) -> Zeroizing<[u8; LENGTH]> {
        derive(&self.master, slot)
    }
}

/// The first bytes of a name.
fn beginning(name: KeyName) -> u32 {
    name.as_bytes().first_chunk().copied().map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_420_000;

    /// Which of some slots are found.
    fn found(rotation: &Rotation, slots: &[u64]) -> Vec<bool> {
        slots.iter().map(|&slot| rotation.slot(rotation.name(slot).unwrap()) == Some(slot)).collect()
    }

    #[test]
    fn slots_of_every_length_are_found() {
        let rotation = Rotation::new(&[1; LENGTH], Some(NOW));
        let around_the_clock: Vec<u64> = LENGTHS.iter().map(|length| (NOW / length).unsigned_abs()).collect();
        assert_eq!(found(&rotation, &around_the_clock), [true; LENGTHS.len()]);
        // a year ago, by Exim; and at the default lifetime any time
        let earlier = ((NOW - 31_536_000) / SEARCHED[1]).unsigned_abs();
        assert_eq!(found(&rotation, &[earlier, 1, 23_700, LAST_SLOT]), [true; 4]);
        let a_year_ago = |length: i64| ((NOW - 31_536_000) / length).unsigned_abs();
        assert!(SEARCHED.iter().all(|&length| rotation.range(length).contains(&a_year_ago(length))));
    }

    #[test]
    fn a_search_is_bounded() {
        for now in [None, Some(0), Some(NOW), Some(i64::MAX), Some(i64::MIN)] {
            let rotation = Rotation::new(&[2; LENGTH], now);
            for length in SEARCHED {
                let range = rotation.range(length);
                assert!(range.end - range.start <= MOST_SLOTS, "{now:?}, {length}: {range:?}");
            }
        }
    }

    #[test]
    fn few_keys_have_tables() {
        let tables: Vec<Option<Tables>> = (0..2 * MAX_TABLES).map(|_| Tables::new()).collect();
        assert!((1..=MAX_TABLES).contains(&tables.iter().flatten().count()));
        drop(tables);
        assert!(Tables::new().is_some());
    }
}
