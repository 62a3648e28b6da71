//! The passes of a search, and their order.

use super::image::MARGIN_LENGTH;
use super::lock::Cost;
use super::sieve::Reach;

/// Bytes around a name in which addresses are looked for, and around what they point to.
pub(super) const POINTED_LENGTH: usize = 64;
/// Bytes around a name, and around one half of a key, in which keys are looked for.
pub(super) const REACH: usize = 4096;
/// Both as distances in an image.
pub(super) const POINTED: u64 = POINTED_LENGTH as u64;
pub(super) const AROUND: u64 = REACH as u64;
const _: () = assert!(REACH + 128 <= MARGIN_LENGTH, "a piece has around it what is looked for around a key");

/// What a pass looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Names of keys, and addresses beside them.
    Names,
    /// AES keys, which a MAC key near them proves.
    Pairs(Reach),
    /// Keys that are one secret.
    Wholes(Reach, Cost),
    /// Both of these.
    Both,
    /// The MAC keys to AES keys that were found.
    Macs(Reach),
    /// MAC keys near names, and AES keys near them.
    MacsFirst,
    /// The seeds of keys that were found.
    Seeds(Reach),
    /// Copies of keys that were found.
    Copies,
}

/// The order of the search. A pass that has nothing to do is left out, and all end when every key is found.
pub(super) const PLAN: [Pass; 17] = {
    use Pass::{Both, Copies, Macs, MacsFirst, Names, Pairs, Seeds, Wholes};
    use Reach::{Dense, Every, Sparse};
    [
        Names,
        Both,
        Pairs(Sparse),
        Wholes(Sparse, Cost::Low),
        Pairs(Dense),
        Macs(Sparse),
        Macs(Dense),
        MacsFirst,
        Wholes(Dense, Cost::Low),
        Wholes(Sparse, Cost::High),
        Pairs(Every),
        Macs(Every),
        Wholes(Every, Cost::Low),
        Seeds(Sparse),
        Seeds(Dense),
        Seeds(Every),
        Copies,
    ]
};
