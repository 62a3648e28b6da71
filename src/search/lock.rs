//! What a candidate is tried on: the contract of the [families](super::families).

use super::chacha::{Keys, LANES};
use crate::key::format::KeyBytes;
use crate::key::scheme::{Hash, Scheme};
use crate::ticket::Arrangement;

/// One AES block.
pub(super) type Block = [u8; 16];

/// A way in which a ticket may have been sealed.
pub(super) enum Lock {
    /// A cipher key and a MAC key that need not lie together: one AES block tells the cipher key, the MAC proves both.
    Pair(PairLock),
    /// One secret that proves itself.
    Whole(WholeLock),
}

impl Lock {
    /// The lock, if it takes two secrets.
    pub(super) fn pair(&self) -> Option<&PairLock> {
        match self {
            Self::Pair(lock) => Some(lock),
            Self::Whole(_) => None,
        }
    }
}

/// AES in some mode, and an HMAC.
pub(super) struct PairLock {
    /// Which way AES is run.
    pub(super) direction: Direction,
    /// Bytes that the AES key may have.
    pub(super) lengths: &'static [usize],
    /// What goes into AES.
    pub(super) input: Block,
    /// What its output is mixed with to give the first block of the session.
    pub(super) mask: Block,
    /// First bytes that a session can have, as most candidates end here.
    pub(super) first: [u8; 3],
    /// Whether a session can begin with a block, given the lengths that its ciphertext may have.
    pub(super) begins: fn(&Block, &[usize]) -> bool,
    /// Bytes of ciphertext, for each of the seals.
    pub(super) ciphertexts: Vec<usize>,
    /// The MACs that the ticket may end in.
    pub(super) seals: Vec<Seal>,
}

impl PairLock {
    /// Whether a session can begin with what AES has made of the input.
    #[inline]
    pub(super) fn may_begin(&self, made: &Block) -> bool {
        let ([made_first, ..], [mask, ..]) = (made, &self.mask);
        self.first.contains(&(made_first ^ mask)) && self.begins(made)
    }

    #[cold]
    fn begins(&self, made: &Block) -> bool {
        let mut block = *made;
        block.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        (self.begins)(&block, &self.ciphertexts)
    }
}

/// Which way AES is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Decrypts the first block: CBC.
    Decrypt,
    /// Encrypts the first counter: CTR.
    Encrypt,
}

/// A MAC that a ticket may end in.
#[derive(Clone, Copy)]
pub(super) struct Seal {
    /// What is done with the keys.
    pub(super) scheme: Scheme,
    /// The hash of the MAC.
    pub(super) hash: Hash,
    /// What the MAC covers.
    pub(super) arrangement: Arrangement,
    /// Bytes that the MAC key may have, in ascending order: of two that verify, one is the other with zeros behind it.
    pub(super) mac_lengths: &'static [usize],
}

/// Tells whether some bytes are the key.
pub(super) type Opens = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Makes a key of the bytes that are one.
pub(super) type Make = Box<dyn Fn(&[u8]) -> FoundKey + Send + Sync>;

/// Tells for less than trials cost which of several candidates are worth one. The first bytes of a session decide, so that
/// forms of sessions that are not known here do not pass.
pub(super) type Worth = Box<dyn Fn(&Keys) -> [bool; LANES] + Send + Sync>;

/// A key that is one secret, such as that of an AEAD.
pub(super) struct WholeLock {
    /// Bytes of the key.
    pub(super) length: usize,
    /// What the key's place is a multiple of: 1 if every byte is cheap enough to try.
    pub(super) step: usize,
    /// How much a trial costs, which decides when it comes.
    pub(super) cost: Cost,
    /// What is asked before a trial, of candidates of 32 bytes, if there is anything cheaper than the trial.
    pub(super) worth: Option<Worth>,
    /// The trial; that it succeeds is the proof.
    pub(super) opens: Opens,
    /// What is found.
    pub(super) make: Make,
}

/// What the trial of a candidate costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Less than that of an AES key, as nearly all candidates are found not to be [worth](WholeLock::worth) a trial.
    Least,
    /// Microseconds.
    Low,
    /// Milliseconds: for the end of a search.
    High,
}

/// A key that was found.
#[derive(Clone)]
pub enum FoundKey {
    /// A key that ticket key files know.
    Known(KeyBytes),
    /// A single secret that no file format of this library carries yet.
    Bare(BareKey),
}

/// One secret, and what it is for.
#[derive(Clone)]
pub struct BareKey {
    /// Whose tickets it opens.
    pub family: &'static str,
    /// What the secret is, such as `key32`.
    pub layout: &'static str,
    /// The cipher.
    pub cipher: &'static str,
    /// Whether tickets name it.
    pub has_name: bool,
    /// The secret; wiped on drop.
    pub bytes: zeroize::Zeroizing<Vec<u8>>,
}

/// What the caller knows beside the tickets.
#[derive(Debug, Clone, Default)]
pub struct Clues {
    /// Times at which the tickets may have been issued, seconds since 1970, the likeliest first.
    pub times: Vec<i64>,
    /// Whether to try every byte of the images in the end.
    pub thorough: bool,
}
