//! The keys that Knot Resolver makes of its secret and the time (`daemon/tls_session_ticket-srv.c`).
//!
//! Every 4096 seconds SHA3-512 over the number of that epoch, as the machine keeps a `time_t`, and the secret gives a master
//! key of `GnuTLS`, which in turn derives from it the key of its own slot of time. A ticket names the key so derived: a table
//! of names finds epoch and slot, first around the clock, then in all epochs since the library can do so.

use std::sync::OnceLock;

use sha3::{Digest, Sha3_512};
use zeroize::Zeroizing;

use super::rotation::{self, SlotKey};
use crate::ticket::KeyName;

/// Seconds of an epoch (`TST_KEY_LIFETIME`).
const EPOCH_SECONDS: u64 = 4096;
/// Epochs around the clock that are looked at first: as long as tickets live, with room for wrong clocks.
const NEAR: u64 = 18;
/// The first epoch that is tried: it began in July 2017.
const FIRST: u64 = 366_211;
/// The end of those that are tried without a clock: a `time_t` of 32 bits goes no further.
const END: u64 = 1 << 19;
/// Epochs after the clock that are tried: a month.
const AHEAD: u64 = 633;
/// Keys that are kept: tickets of one time have few.
const KEPT: usize = 4;

/// When a key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The time divided by the length of epochs.
    epoch: u64,
    /// The slot of time of `GnuTLS`.
    slot: u64,
    number: TimeNumber,
}

/// How a machine keeps the number that is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeNumber {
    /// 8 bytes, little-endian: nearly every machine.
    Little64,
    /// 4 bytes, little-endian.
    Little32,
    /// 8 bytes, big-endian.
    Big64,
}

impl TimeNumber {
    const ALL: [Self; 3] = [Self::Little64, Self::Little32, Self::Big64];
}

impl Moment {
    /// As a number: epoch, whether the slot is the later one of the epoch, and the kind of number.
    fn pack(self) -> u64 {
        let later = u64::from(self.slot != slots(self.epoch)[0]);
        self.epoch << 3 | later << 2 | self.number as u64
    }

    /// The moment of such a number.
    pub(super) fn unpack(packed: u64) -> Option<Self> {
        let number = *TimeNumber::ALL.get(usize::try_from(packed & 3).ok()?)?;
        let epoch = packed >> 3;
        let [first, last] = slots(epoch);
        Some(Self { epoch, slot: if packed >> 2 & 1 == 1 { last } else { first }, number })
    }

    pub(super) fn epoch(self) -> u64 {
        self.epoch
    }

    pub(super) fn slot(self) -> u64 {
        self.slot
    }
}

/// The slots that the first and the last second of an epoch are in.
fn slots(epoch: u64) -> [u64; 2] {
    let start = epoch.saturating_mul(EPOCH_SECONDS);
    [start, start.saturating_add(EPOCH_SECONDS - 1)].map(|second| second / rotation::SLOT_SECONDS.unsigned_abs())
}

/// Every moment that a key of these epochs can have been made at.
fn moments(epochs: impl Iterator<Item = u64>) -> impl Iterator<Item = Moment> {
    epochs.flat_map(|epoch| {
        let [first, last] = slots(epoch);
        let later = (last != first).then_some(last);
        [Some(first), later]
            .into_iter()
            .flatten()
            .flat_map(move |slot| TimeNumber::ALL.map(|number| Moment { epoch, slot, number }))
    })
}

/// The moments of a machine that keeps numbers as nearly every one does.
fn usual_moments(epochs: impl Iterator<Item = u64>) -> impl Iterator<Item = Moment> {
    moments(epochs).filter(|moment| moment.number == TimeNumber::Little64)
}

/// Which epochs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// All.
    All,
    /// Those around the clock.
    Near,
}

/// A secret.
pub(super) struct Epochs {
    secret: Zeroizing<Vec<u8>>,
    now: Option<i64>,
    reach: Reach,
    /// The names around the clock.
    near: OnceLock<Vec<(KeyName, u64)>>,
    /// The first 8 bytes of all other names, in order.
    names: OnceLock<Vec<([u8; 8], u64)>>,
    /// Keys that were asked for first.
    keys: [OnceLock<SlotKey>; KEPT],
}

impl Epochs {
    /// `now` is where to look first, seconds since 1970.
    pub(super) fn new(secret: &[u8], now: Option<i64>, reach: Reach) -> Self {
        let secret = Zeroizing::new(secret.to_vec());
        Self { secret, now, reach, near: OnceLock::new(), names: OnceLock::new(), keys: Default::default() }
    }

    /// The moment whose key has that name, as a number.
    pub(super) fn moment(&self, name: KeyName) -> Option<u64> {
        let near = self.near().iter().find(|(known, _)| *known == name).map(|(_, moment)| *moment);
        if self.reach == Reach::Near {
            return near;
        }
        near.or_else(|| {
            let prefix = name.as_bytes().first_chunk::<8>()?;
            let names = self.names();
            let at = names.partition_point(|(known, _)| known < prefix);
            let same = names.get(at..)?.iter().take_while(|(known, _)| known == prefix);
            same.map(|(_, moment)| *moment)
                .find(|moment| Moment::unpack(*moment).is_some_and(|moment| self.name(moment) == Some(name)))
        })
    }

    /// What `with` makes of the key of a moment.
    #[inline(never)]
    pub(super) fn with_key<T>(&self, moment: u64, with: impl FnOnce(&SlotKey) -> Option<T>) -> Option<T> {
        let mut kept = self.keys.iter().map_while(OnceLock::get);
        if let Some(key) = kept.find(|key| key.slot == moment) {
            return with(key);
        }
        let mut key = SlotKey::new(moment, self.derive(Moment::unpack(moment)?).as_slice())?;
        let made = with(&key);
        for place in &self.keys {
            match place.set(key) {
                Ok(()) => break,
                Err(back) => key = back,
            }
        }
        made
    }

    fn epoch_now(&self) -> Option<u64> {
        u64::try_from(self.now?).ok().map(|now| now / EPOCH_SECONDS)
    }

    fn near(&self) -> &[(KeyName, u64)] {
        self.near.get_or_init(|| {
            let near = self.epoch_now().map_or(0..0, |epoch| epoch.saturating_sub(NEAR)..epoch.saturating_add(NEAR));
            moments(near).filter_map(|moment| Some((self.name(moment)?, moment.pack()))).collect()
        })
    }

    fn names(&self) -> &[([u8; 8], u64)] {
        self.names.get_or_init(|| {
            let name = |moment| Some((*self.derive(moment).first_chunk()?, moment.pack()));
            let end = self.epoch_now().map_or(END, |epoch| epoch.saturating_add(AHEAD).clamp(FIRST, END));
            let mut names: Vec<_> = usual_moments(FIRST..end).filter_map(name).collect();
            names.sort_unstable();
            names
        })
    }

    fn name(&self, moment: Moment) -> Option<KeyName> {
        self.derive(moment).first_chunk::<16>().copied().map(KeyName::from)
    }

    fn derive(&self, moment: Moment) -> Zeroizing<[u8; rotation::LENGTH]> {
        let hash = match moment.number {
            TimeNumber::Little64 => Sha3_512::new_with_prefix(moment.epoch.to_le_bytes()),
            TimeNumber::Big64 => Sha3_512::new_with_prefix(moment.epoch.to_be_bytes()),
            TimeNumber::Little32 => {
                let [a, b, c, d, ..] = moment.epoch.to_le_bytes();
                Sha3_512::new_with_prefix([a, b, c, d])
            }
        };
        let master: Zeroizing<[u8; rotation::LENGTH]> =
            Zeroizing::new(hash.chain_update(self.secret.as_slice()).finalize().into());
        rotation::derive(master.as_slice(), moment.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_numbers() {
        // 438,437 is within one slot; the end of 438,440 is in the next
        for epoch in 438_430..438_460 {
            for moment in moments(epoch..=epoch) {
                assert_eq!(Moment::unpack(moment.pack()), Some(moment));
            }
        }
        assert!(moments(438_430..438_460).count() > 90);
        assert_eq!(Moment::unpack(3), None);
    }
}
