//! One pass over images: what it looks for, and what it does with a piece.

use std::mem::ManuallyDrop;
use std::ops::Range;

use aes::{Aes128Dec, Aes128Enc, Aes192Dec, Aes256Dec};
use cbc::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit, consts::U16};
use memchr::memmem;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::Search;
use super::chacha::{Keys, LANES};
use super::hit::{Hit, Part, PartKind};
use super::image::Cut;
use super::lock::{Cost, Direction, FoundKey, Lock, PairLock, WholeLock, Worth};
use super::mac::Sealed;
use super::plan::{POINTED_LENGTH, Pass, REACH};
use super::proof;
use super::sieve::{Pages, Reach, STEP, Sieve};
use super::target::Target;
use crate::key::format::KeyBytes;

/// A piece of an image, as a pass sees it.
struct Piece<'p> {
    image: usize,
    bytes: &'p [u8],
    /// Where its bytes begin in the image.
    offset: u64,
    own: Range<usize>,
    /// Where its run begins.
    run: u64,
    /// What is known of its pages.
    pages: Option<Pages>,
}

impl<'p> Piece<'p> {
    fn new(cut: &Cut, bytes: &'p [u8], pages: Option<Pages>) -> Self {
        let at = |offset: u64| usize::try_from(offset - cut.read.start).unwrap_or(usize::MAX).min(bytes.len());
        let own = at(cut.own.start)..at(cut.own.end);
        Self { image: cut.image, bytes, offset: cut.read.start, own, run: cut.run, pages }
    }

    /// Calls `with` for the offsets that are wanted; tells what the pages are if that was not known.
    fn sift(&self, reach: Reach, with: impl FnMut(usize, usize)) -> Option<Pages> {
        let mut sieve = Sieve::new();
        sieve.visit(self.bytes, self.own.clone(), reach, self.pages, with);
        (reach != Reach::Every && self.pages.is_none()).then_some(sieve.pages)
    }

    fn get(&self, at: usize, length: usize) -> Option<&'p [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }

    fn place(&self, at: usize) -> u64 {
        self.offset + at as u64
    }

    /// The offsets around one, as far as bytes are there.
    fn near(&self, at: usize, reach: usize) -> Range<usize> {
        at.saturating_sub(reach)..at.saturating_add(reach).min(self.bytes.len())
    }

    /// The offset itself, or the next multiple of a step in the run.
    fn aligned(&self, at: usize, step: usize) -> usize {
        let beyond = usize::try_from((self.place(at) - self.run) % step as u64).unwrap_or_default();
        if beyond == 0 { at } else { at + step - beyond }
    }
}

impl Search {
    /// Looks at a piece; tells what its pages are if that was not known.
    pub(super) fn look_for(&self, pass: Pass, cut: &Cut, bytes: &[u8], hits: &mut Vec<Hit>) -> Option<Pages> {
        let piece = Piece::new(cut, bytes, self.pages_of(cut));
        match pass {
            Pass::Names => self.names(&piece, hits),
            Pass::Pairs(reach) => return self.pairs(&piece, reach, hits),
            Pass::Wholes(reach, cost) => return self.wholes(&piece, reach, cost, hits),
            Pass::Both => {
                self.pairs(&piece, Reach::Every, hits);
                self.wholes(&piece, Reach::Every, Cost::Low, hits);
            }
            Pass::Macs(reach) => return self.macs(&piece, reach, hits),
            Pass::MacsFirst => self.macs_first(&piece, hits),
            Pass::Seeds(reach) => return self.seeds(&piece, reach, hits),
            Pass::Copies => self.copies(&piece, hits),
        }
        None
    }

    fn names(&self, piece: &Piece<'_>, hits: &mut Vec<Hit>) {
        for (target, open) in self.open_targets() {
            let name = open.name.as_bytes();
            for at in find(piece, name) {
                let follows = piece.get(at + name.len(), 16);
                // a copy of the ticket itself
                if open.ivs.iter().any(|iv| Some(iv.as_slice()) == follows) {
                    continue;
                }
                hits.push(Hit::Name { target, offset: piece.place(at) });
                let reach = POINTED_LENGTH;
                let first = piece.aligned(at.saturating_sub(reach), STEP);
                let words = (first..at + name.len() + reach).step_by(STEP);
                hits.extend(
                    words
                        .filter_map(|at| piece.bytes.get(at..)?.first_chunk())
                        .filter_map(|word| self.pointed_at(piece.image, u64::from_le_bytes(*word)).map(Hit::Address)),
                );
            }
        }
    }

    fn pairs(&self, piece: &Piece<'_>, reach: Reach, hits: &mut Vec<Hit>) -> Option<Pages> {
        let trials = Trials::new(self, reach);
        let mut lots = if reach == Reach::Sparse { self.lots(reach, Cost::Least) } else { Vec::new() };
        if trials.is_empty() && lots.is_empty() {
            return None;
        }
        let pages = piece.sift(reach, |at, windows| {
            let Some(bytes) = piece.bytes.get(at..) else { return };
            trials.attempt(bytes, windows, |trial, length| pair(piece, at, length, trial, hits));
            for lot in &mut lots {
                lot.add(piece, at, windows, hits);
            }
        });
        finish(&mut lots, piece, hits);
        pages
    }

    fn wholes(&self, piece: &Piece<'_>, reach: Reach, cost: Cost, hits: &mut Vec<Hit>) -> Option<Pages> {
        let mut lots = self.lots(reach, cost);
        if lots.is_empty() {
            return None;
        }
        let pages = piece.sift(reach, |at, windows| {
            for lot in &mut lots {
                lot.add(piece, at, windows, hits);
            }
        });
        finish(&mut lots, piece, hits);
        pages
    }

    fn lots(&self, reach: Reach, cost: Cost) -> Vec<Lot<'_>> {
        let targets = self.open_targets().filter(|(target, _)| self.wants_wholes(*target, reach, cost));
        let locks = targets.flat_map(|(target, open)| open.wholes(reach, cost).map(move |lock| (target, lock)));
        let sorts = !self.thorough || reach != Reach::Every;
        locks.map(|(target, lock)| Lot::new(target, lock, sorts)).collect()
    }

    fn macs(&self, piece: &Piece<'_>, reach: Reach, hits: &mut Vec<Hit>) -> Option<Pages> {
        let mut pages = None;
        for half in &self.halves {
            let Some(open) = self.target(half.target).filter(|open| open.key.is_none()) else { continue };
            let Some(Lock::Pair(lock)) = open.locks.get(half.lock) else { continue };
            let sealed: Vec<_> = lock.seals.iter().filter_map(|seal| Sealed::new(&open.ticket, *seal)).collect();
            pages = piece.sift(reach, |at, windows| {
                let Some((key, length)) = mac_key_at(&sealed, &open.ticket, &half.key, at, windows, piece.bytes) else {
                    return;
                };
                let mut parts = vec![Part { kind: PartKind::Hmac, offset: piece.place(at), length }];
                let aes = half.offsets.first().filter(|_| half.image == piece.image);
                parts.extend(aes.map(|&offset| Part { kind: PartKind::Aes, offset, length: half.key.len() }));
                hits.push(Hit::Key { target: half.target, key: FoundKey::Known(key), parts });
            });
        }
        pages
    }

    /// MAC keys first: what proves a key even if the session is none that its first block tells.
    fn macs_first(&self, piece: &Piece<'_>, hits: &mut Vec<Hit>) {
        for (target, open) in self.open_targets() {
            for lock in open.locks.iter().filter_map(Lock::pair) {
                let sealed: Vec<_> = lock.seals.iter().filter_map(|seal| Sealed::new(&open.ticket, *seal)).collect();
                for at in piece.own.clone() {
                    let right = sealed.iter().find_map(|sealed| {
                        let mut lengths = sealed.seal.mac_lengths.iter();
                        let length =
                            lengths.find(|length| piece.get(at, **length).is_some_and(|key| sealed.is_under(key)))?;
                        Some((sealed.seal, *length))
                    });
                    let Some((seal, mac_length)) = right else { continue };
                    let Some(mac) = piece.get(at, mac_length) else { continue };
                    let found = piece.near(at, REACH).find_map(|at| {
                        let length = lock.lengths.iter().find(|length| {
                            piece.get(at, **length).is_some_and(|aes| proof::decrypts(lock, &open.ticket, aes))
                        })?;
                        Some((at, *length))
                    });
                    let Some((aes_at, aes_length)) = found else { continue };
                    let key = piece.get(aes_at, aes_length).and_then(|aes| proof::pair(&open.ticket, aes, mac, seal));
                    let Some(key) = key.filter(|key| proof::verifies(key, &open.ticket)) else { continue };
                    let parts = vec![
                        Part { kind: PartKind::Hmac, offset: piece.place(at), length: mac_length },
                        Part { kind: PartKind::Aes, offset: piece.place(aes_at), length: aes_length },
                    ];
                    hits.push(Hit::Key { target, key: FoundKey::Known(key), parts });
                }
            }
        }
    }

    fn seeds(&self, piece: &Piece<'_>, reach: Reach, hits: &mut Vec<Hit>) -> Option<Pages> {
        let wanted: Vec<(usize, &[u8], &[u8])> = self.seedless().collect();
        piece.sift(reach, |at, windows| {
            let Some(seed) = piece.get(at, 32).filter(|_| windows >= 2) else { return };
            let digest = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
            for (key, aes, mac) in &wanted {
                if digest.get(16..32) == Some(aes) && digest.get(32..48) == Some(mac) {
                    hits.push(Hit::Seed { key: *key, seed: Zeroizing::new(seed.to_vec()) });
                }
            }
        })
    }

    fn copies(&self, piece: &Piece<'_>, hits: &mut Vec<Hit>) {
        for (number, key) in self.keys.iter().enumerate() {
            let Some((first, second)) = key.needles() else { continue };
            for at in find(piece, first) {
                let is_whole = second.is_none_or(|(distance, second)| {
                    let at = i64::try_from(at).ok().and_then(|at| at.checked_add(distance));
                    at.and_then(|at| usize::try_from(at).ok()).and_then(|at| piece.get(at, second.len()))
                        == Some(second)
                });
                if is_whole {
                    hits.push(Hit::Copy { key: number, offset: piece.place(at) });
                }
            }
        }
    }
}

/// Candidates for a key that is one secret: one by one, or as many at once as its lock sorts.
struct Lot<'s> {
    target: usize,
    lock: &'s WholeLock,
    worth: Option<&'s Worth>,
    keys: Keys,
    places: [usize; LANES],
    count: usize,
}

impl<'s> Lot<'s> {
    /// `sorts` if what is not worth a trial by the first bytes of its session is left out.
    fn new(target: usize, lock: &'s WholeLock, sorts: bool) -> Self {
        let worth = lock.worth.as_ref().filter(|_| sorts);
        Self { target, lock, worth, keys: Keys::default(), places: [0; LANES], count: 0 }
    }

    fn add(&mut self, piece: &Piece<'_>, at: usize, windows: usize, hits: &mut Vec<Hit>) {
        if windows < self.lock.length / 16 || piece.aligned(at, self.lock.step) != at {
            return;
        }
        if self.worth.is_none() {
            return self.attempt(piece, at, hits);
        }
        if let (Some(key), Some(place)) = (piece.get(at, self.lock.length), self.places.get_mut(self.count)) {
            self.keys.set(self.count, key);
            *place = at;
            self.count += 1;
        }
        if self.count == LANES {
            self.finish(piece, hits);
        }
    }

    /// Tries those that are worth it of the candidates that have gathered.
    fn finish(&mut self, piece: &Piece<'_>, hits: &mut Vec<Hit>) {
        let Some(worth) = self.worth.filter(|_| self.count > 0) else { return };
        let gathered = self.places.into_iter().zip(worth(&self.keys)).take(self.count);
        gathered.filter(|(_, is_worth)| *is_worth).for_each(|(at, _)| self.attempt(piece, at, hits));
        self.count = 0;
    }

    fn attempt(&self, piece: &Piece<'_>, at: usize, hits: &mut Vec<Hit>) {
        let Some(key) = piece.get(at, self.lock.length).filter(|key| (self.lock.opens)(key)) else { return };
        let part = Part { kind: PartKind::Key, offset: piece.place(at), length: self.lock.length };
        hits.push(Hit::Key { target: self.target, key: (self.lock.make)(key), parts: vec![part] });
    }
}

fn finish(lots: &mut [Lot<'_>], piece: &Piece<'_>, hits: &mut Vec<Hit>) {
    for lot in lots {
        lot.finish(piece, hits);
    }
}

/// Looks at what one block has passed as an AES key.
fn pair(piece: &Piece<'_>, at: usize, length: usize, trial: &Trial<'_>, hits: &mut Vec<Hit>) {
    let Some(aes) = piece.get(at, length) else { return };
    let ticket = &trial.open.ticket;
    if !proof::decrypts(trial.lock, ticket, aes) {
        return;
    }
    let found = mac_key(trial.lock, ticket, aes, piece.near(at, REACH), piece.bytes);
    let target = trial.target;
    let Some((key, mac, mac_length)) = found else {
        let key = Zeroizing::new(aes.to_vec());
        hits.push(Hit::Aes { target, lock: trial.number, key, offset: piece.place(at) });
        return;
    };
    let parts = vec![
        Part { kind: PartKind::Aes, offset: piece.place(at), length },
        Part { kind: PartKind::Hmac, offset: piece.place(mac), length: mac_length },
    ];
    hits.push(if key.scheme.derives() {
        Hit::Slot { target, key, parts }
    } else {
        Hit::Key { target, key: FoundKey::Known(key), parts }
    });
}

/// Where a needle lies in the part of a piece that is its own.
fn find(piece: &Piece<'_>, needle: &[u8]) -> impl Iterator<Item = usize> {
    let end = piece.own.end.saturating_add(needle.len()).saturating_sub(1).min(piece.bytes.len());
    let own = piece.bytes.get(piece.own.start..end).unwrap_or_default();
    let found: Vec<usize> = memmem::find_iter(own, needle).collect();
    let start = piece.own.start;
    found.into_iter().map(move |at| start + at)
}

/// The MAC key that lies near an AES key, and the whole key, proved.
fn mac_key(
    lock: &PairLock,
    ticket: &[u8],
    aes: &[u8],
    near: Range<usize>,
    bytes: &[u8],
) -> Option<(KeyBytes, usize, usize)> {
    let sealed: Vec<_> = lock.seals.iter().filter_map(|seal| Sealed::new(ticket, *seal)).collect();
    near.into_iter().find_map(|at| {
        let (key, length) = mac_key_at(&sealed, ticket, aes, at, 4, bytes)?;
        Some((key, at, length))
    })
}

/// The MAC key that lies at an offset: the shortest, as HMAC does not tell a key from the same with zeros behind it.
fn mac_key_at(
    sealed: &[Sealed<'_>],
    ticket: &[u8],
    aes: &[u8],
    at: usize,
    windows: usize,
    bytes: &[u8],
) -> Option<(KeyBytes, usize)> {
    let bytes = bytes.get(at..)?;
    sealed.iter().find_map(|sealed| {
        let lengths = sealed.seal.mac_lengths.iter().filter(|length| windows >= 4 || **length <= 16 * windows);
        let length = lengths.copied().find(|&length| bytes.get(..length).is_some_and(|key| sealed.is_under(key)))?;
        let key = proof::pair(ticket, aes, bytes.get(..length)?, sealed.seal)?;
        proof::verifies(&key, ticket).then_some((key, length))
    })
}

/// A lock that AES keys are tried on.
struct Trial<'s> {
    target: usize,
    open: &'s Target,
    number: usize,
    lock: &'s PairLock,
}

/// The locks that AES keys are tried on, by direction and length of key.
struct Trials<'s> {
    decrypt128: Vec<Trial<'s>>,
    decrypt192: Vec<Trial<'s>>,
    decrypt256: Vec<Trial<'s>>,
    encrypt128: Vec<Trial<'s>>,
}

impl<'s> Trials<'s> {
    fn new(search: &'s Search, reach: Reach) -> Self {
        let of = |direction: Direction, length: usize| {
            let locks = search.open_targets().flat_map(|(target, open)| {
                open.locks.iter().enumerate().filter_map(move |(number, lock)| {
                    let lock = lock.pair().filter(|lock| open.wants_pairs(lock, reach))?;
                    Some(Trial { target, open, number, lock })
                })
            });
            locks.filter(|trial| trial.lock.direction == direction && trial.lock.lengths.contains(&length)).collect()
        };
        Self {
            decrypt128: of(Direction::Decrypt, 16),
            decrypt192: of(Direction::Decrypt, 24),
            decrypt256: of(Direction::Decrypt, 32),
            encrypt128: of(Direction::Encrypt, 16),
        }
    }

    fn is_empty(&self) -> bool {
        [&self.decrypt128, &self.decrypt192, &self.decrypt256, &self.encrypt128].iter().all(|trials| trials.is_empty())
    }

    /// Tries the bytes at an offset as AES keys; calls `with` for each lock whose first block they give, with the length
    /// of the key.
    #[inline]
    fn attempt(&self, bytes: &[u8], windows: usize, mut with: impl FnMut(&Trial<'s>, usize)) {
        if !self.decrypt128.is_empty() {
            decrypt::<Aes128Dec>(bytes, 16, &self.decrypt128, &mut with);
        }
        if windows >= 2 {
            if !self.decrypt256.is_empty() {
                decrypt::<Aes256Dec>(bytes, 32, &self.decrypt256, &mut with);
            }
            if !self.decrypt192.is_empty() {
                decrypt::<Aes192Dec>(bytes, 24, &self.decrypt192, &mut with);
            }
        }
        if !self.encrypt128.is_empty() {
            encrypt(bytes, &self.encrypt128, &mut with);
        }
    }
}

#[inline]
fn decrypt<'s, C>(bytes: &[u8], length: usize, trials: &[Trial<'s>], with: &mut impl FnMut(&Trial<'s>, usize))
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    // `new_from_slice` would copy the schedule, which takes as long as making it
    let Some(Ok(key)) = bytes.get(..length).map(<&Array<u8, C::KeySize>>::try_from) else { return };
    let mut cipher = ManuallyDrop::new(C::new(key));
    let mut is_likely = false;
    for trial in trials {
        let mut block = Array::from(trial.lock.input);
        cipher.decrypt_block(&mut block);
        if trial.lock.may_begin(&block.0) {
            is_likely = true;
            with(trial, length);
        }
    }
    if is_likely {
        // drops the schedule where it is, which wipes it. That of some bytes of an image is left for the next to overwrite:
        // to wipe each would take a quarter of the time of a search
        *cipher = C::new(&Array::default());
    }
}

#[inline]
fn encrypt<'s>(bytes: &[u8], trials: &[Trial<'s>], with: &mut impl FnMut(&Trial<'s>, usize)) {
    let Some(Ok(key)) = bytes.get(..16).map(<&Array<u8, U16>>::try_from) else { return };
    let mut cipher = ManuallyDrop::new(Aes128Enc::new(key));
    let mut is_likely = false;
    for trial in trials {
        let mut block = Array::from(trial.lock.input);
        cipher.encrypt_block(&mut block);
        if trial.lock.may_begin(&block.0) {
            is_likely = true;
            with(trial, 16);
        }
    }
    if is_likely {
        *cipher = Aes128Enc::new(&Array::default());
    }
}
