//! The keys that `GnuTLS` derives from a master key, one for each slot of time (`lib/stek.c`, since 3.6.4).
//!
//! The key of slot T is SHA3-512 over T (64 bits, big-endian) and the master key; T is the time divided by three times
//! the lifetime of sessions, which is 6 hours unless the application says otherwise. A ticket names its key, and the
//! name is derived too, so that a table of names finds the slot.

use std::collections::HashMap;
use std::sync::OnceLock;

use sha3::{Digest, Sha3_512};
use zeroize::Zeroizing;

use super::KeyName;
use super::crypto::Engine;
use super::layout::Layout;
use super::scheme::Scheme;

/// Bytes of a master key, and of what is derived from it.
pub(super) const LENGTH: usize = 64;
/// Seconds of a slot: three times the default lifetime of a session (`gnutls_db_set_cache_expiration`).
pub(super) const SLOT_SECONDS: i64 = 3 * 21_600;
/// Slots around the clock that are looked at first: as long as tickets live, with room for wrong clocks.
const NEAR: u64 = 12;
/// Slots whose keys are kept: tickets of one time have few.
const KEPT: usize = 4;
/// The last slot that is tried: at the default lifetime it ends in 2061. Where sessions live longer, slots are fewer.
const LAST_SLOT: u64 = 44_500;

/// A master key.
pub(super) struct Rotation {
    master: Zeroizing<Vec<u8>>,
    now: Option<i64>,
    /// The names of slots around the clock.
    near: OnceLock<Vec<(KeyName, u64)>>,
    names: OnceLock<HashMap<KeyName, u64>>,
    /// Keys of the slots that were asked for first.
    keys: [OnceLock<SlotKey>; KEPT],
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
        Self { master, now, near: OnceLock::new(), names: OnceLock::new(), keys: Default::default() }
    }

    /// The slot whose key has that name.
    pub(super) fn slot(&self, name: KeyName) -> Option<u64> {
        let near = self.near().iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot);
        near.or_else(|| self.names().get(&name).copied())
    }

    /// What `with` makes of the key of a slot.
    #[inline(never)]
    pub(super) fn with_key<T>(&self, slot: u64, with: impl FnOnce(&SlotKey) -> Option<T>) -> Option<T> {
        let mut kept = self.keys.iter().map_while(OnceLock::get);
        if let Some(key) = kept.find(|key| key.slot == slot) {
            return with(key);
        }
        let mut key = self.key(slot)?;
        let made = with(&key);
        for place in &self.keys {
            match place.set(key) {
                Ok(()) => break,
                Err(back) => key = back,
            }
        }
        made
    }

    fn near(&self) -> &[(KeyName, u64)] {
        self.near.get_or_init(|| {
            let around = self.now.and_then(|now| u64::try_from(now / SLOT_SECONDS).ok());
            let near = around.map_or(0..0, |slot| slot.saturating_sub(NEAR)..slot.saturating_add(NEAR));
            near.rev().filter_map(|slot| Some((self.name(slot)?, slot))).collect()
        })
    }

    fn key(&self, slot: u64) -> Option<SlotKey> {
        SlotKey::new(slot, self.derive(slot).as_slice())
    }

    fn names(&self) -> &HashMap<KeyName, u64> {
        self.names.get_or_init(|| (1..=LAST_SLOT).filter_map(|slot| Some((self.name(slot)?, slot))).collect())
    }

    fn name(&self, slot: u64) -> Option<KeyName> {
        self.derive(slot).first_chunk::<16>().copied().map(KeyName::from)
    }

    fn derive(&self, slot: u64) -> Zeroizing<[u8; LENGTH]> {
        derive(&self.master, slot)
    }
}
