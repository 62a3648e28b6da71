//! Keys that a server derives from its key and the time.

use super::bytes::KeyBytes;
use super::epochs::{Epochs, Moment, Reach};
use super::rotation::{Rotation, SlotKey};
use super::scheme::Derivation;
use crate::ticket::KeyName;

/// What finds and derives them. A number tells the keys derived from one key apart.
pub(super) enum Derived {
    /// `GnuTLS`: the number is that of a slot.
    Slots(Box<Rotation>),
    /// Knot Resolver: the number is that of a [`Moment`].
    Epochs(Box<Epochs>),
}

impl Derived {
    /// `None` if the server uses the key as it is. `now`, seconds since 1970, is where to look first.
    pub(super) fn new(key: &KeyBytes, now: Option<i64>) -> Option<Self> {
        match key.scheme.derivation {
            Derivation::None => None,
            Derivation::Slots => Some(Self::Slots(Box::new(Rotation::new(&key.bytes, now)))),
            Derivation::Epochs => Some(Self::Epochs(Box::new(Epochs::new(&key.bytes, now, Reach::All)))),
            Derivation::NearEpochs => Some(Self::Epochs(Box::new(Epochs::new(&key.bytes, now, Reach::Near)))),
        }
    }

    /// The number of the key that has that name.
    pub(super) fn find(&self, name: KeyName) -> Option<u64> {
        match self {
            Self::Slots(rotation) => rotation.slot(name),
            Self::Epochs(epochs) => epochs.moment(name),
        }
    }

    /// What `with` makes of the key of a number.
    pub(super) fn with_key<T>(&self, number: u64, with: impl FnOnce(&SlotKey) -> Option<T>) -> Option<T> {
        match self {
            Self::Slots(rotation) => rotation.with_key(number, with),
            Self::Epochs(epochs) => epochs.with_key(number, with),
        }
    }

    /// The slot of a number.
    pub(super) fn slot(&self, number: u64) -> Option<u64> {
        match self {
            Self::Slots(_) => Some(number),
            Self::Epochs(_) => Moment::unpack(number).map(Moment::slot),
        }
    }

    /// The epoch of a number.
    pub(super) fn epoch(&self, number: u64) -> Option<u64> {
        match self {
            Self::Slots(_) => None,
            Self::Epochs(_) => Moment::unpack(number).map(Moment::epoch),
        }
    }
}
