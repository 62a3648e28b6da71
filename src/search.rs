//! Finding the ticket key of a server in an image of its memory.
//!
//! A [`Search`] knows the tickets and says what it wants to see, a [`Step`] at a time; the caller reads the
//! [pieces](Step::cut) of a step and shows them to it, in any order and from any number of threads, and hands back what
//! was found in them. Only a key under which the MAC or the tag of a ticket verifies counts as found, so that there are
//! no false findings.
//!
//! ```
//! use tktdump::search::{Clues, Image, Search};
//!
//! # let image = include_bytes!("../testdata/keyfind/node22_default_tls13/image.bin");
//! # let ticket = include_bytes!("../testdata/keyfind/node22_default_tls13/ticket.bin");
//! let mut search = Search::new(&[ticket], &Clues::default(), vec![Image::raw(image.len() as u64)]);
//! while let Some(step) = search.next_step() {
//!     let mut hits = step.hits();
//!     for cut in (0..).map_while(|number| step.cut(number)) {
//!         let range = usize::try_from(cut.read.start)?..usize::try_from(cut.read.end)?;
//!         search.look(&step, &cut, &image[range], &mut hits);
//!     }
//!     search.take(hits);
//! }
//! let findings = search.findings();
//! assert_eq!(findings[0].layout, "name16 aes16 hmac16");
//! assert_eq!(findings[0].offsets, [0x3538]);
//! # Ok::<(), std::num::TryFromIntError>(())
//! ```

mod chacha;
mod container;
mod families;
mod finding;
mod found;
mod hit;
mod image;
mod lock;
mod mac;
mod pass;
mod plan;
mod proof;
mod sieve;
mod target;

use std::collections::HashMap;

use zeroize::Zeroizing;

pub use self::container::{Container, DamagedImage, HEAD_LENGTH, ReadAt};
pub use self::finding::{Finding, Proof, Secrets};
use self::found::{Found, Half, SlotKey};
use self::hit::{Hit, Part, PartKind};
use self::image::Cuts;
pub use self::image::{Cut, Image, PIECE_LENGTH, Run};
use self::lock::Cost;
pub use self::lock::{BareKey, Clues, FoundKey};
use self::plan::{AROUND, PLAN, POINTED, Pass};
use self::sieve::{Pages, Reach};
use self::target::Target;

/// Copies of a name, and of a key, whose places are kept.
const PLACES: usize = 1024;
/// Copies of a name around which what takes longer is tried.
const LOOKED_AT: usize = 64;
/// Pieces of which is kept what their pages are: those of 256 GiB.
const PIECES: usize = 1 << 18;
/// Keys that are searched for at the same time.
const AT_ONCE: usize = 16;

/// A search for the keys of tickets.
pub struct Search {
    images: Vec<Image>,
    /// How many tickets were given.
    tickets: usize,
    targets: Vec<Target>,
    thorough: bool,
    /// The targets that are searched for now.
    active: std::ops::Range<usize>,
    /// The next pass of the plan.
    next: usize,
    /// Target, image and offset of names.
    names: Vec<(usize, usize, u64)>,
    /// Image and offset of what addresses beside names point to.
    pointed: Vec<(usize, u64)>,
    halves: Vec<Half>,
    slot_keys: Vec<SlotKey>,
    keys: Vec<Found>,
    /// What the pages of pieces are, by image and beginning.
    pages: HashMap<(usize, u64), Pages>,
}

/// What the search wants to see next.
pub struct Step {
    pass: Pass,
    cuts: Cuts,
}

impl Step {
    /// The n-th piece to read, from 0; `None` after the last one.
    #[must_use]
    pub fn cut(&self, number: u64) -> Option<Cut> {
        self.cuts.get(number)
    }

    /// How many pieces there are.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.cuts.pieces()
    }

    /// Bytes that the step looks at.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.cuts.length()
    }

    /// Room for what is found in pieces.
    #[must_use]
    pub fn hits(&self) -> Hits {
        Hits::default()
    }

    /// What the step looks for, in a few words.
    #[must_use]
    pub fn about(&self) -> &'static str {
        match self.pass {
            Pass::Names => "key names",
            Pass::Both => "keys near key names",
            Pass::Pairs(Reach::Sparse) => "AES keys",
            Pass::Pairs(Reach::Dense) => "AES keys in dense pages",
            Pass::Pairs(Reach::Every) => "AES keys at every byte",
            Pass::Wholes(_, Cost::High) => "master keys of any time slot",
            Pass::Wholes(Reach::Sparse, _) => "AEAD and master keys",
            Pass::Wholes(Reach::Dense, _) => "AEAD and master keys in dense pages",
            Pass::Wholes(Reach::Every, _) => "AEAD and master keys at every byte",
            Pass::Macs(_) => "the MAC key to an AES key",
            Pass::MacsFirst => "MAC keys near key names",
            Pass::Seeds(_) => "the seed of a key",
            Pass::Copies => "copies of the keys",
        }
    }
}

/// What was found in pieces of a step.
#[derive(Default)]
pub struct Hits {
    found: Vec<(usize, Hit)>,
    pages: Vec<((usize, u64), Pages)>,
}

impl Hits {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.pages.is_empty()
    }

    /// Adds what was found in other pieces of the same step.
    pub fn append(&mut self, mut other: Self) {
        self.found.append(&mut other.found);
        self.pages.append(&mut other.pages);
    }
}

impl Search {
    /// Sets up a search in some images. Tickets that no family known here seals are left out: see
    /// [`missing`](Self::missing).
    #[must_use]
    pub fn new(tickets: &[impl AsRef<[u8]>], clues: &Clues, images: Vec<Image>) -> Self {
        let mut targets: Vec<Target> = Vec::new();
        let mut by_name = HashMap::new();
        for (number, ticket) in tickets.iter().map(AsRef::as_ref).enumerate() {
            let known = Target::name_of(ticket).and_then(|name| by_name.get(&name)).copied();
            if let Some(target) = known.and_then(|known: usize| targets.get_mut(known)) {
                target.add(number, ticket);
            } else if let Some(target) = Target::new(number, ticket, clues) {
                by_name.insert(target.name, targets.len());
                targets.push(target);
            }
        }
        Self {
            images,
            tickets: tickets.len(),
            active: 0..AT_ONCE.min(targets.len()),
            targets,
            thorough: clues.thorough,
            next: 0,
            names: Vec::new(),
            pointed: Vec::new(),
            halves: Vec::new(),
            slot_keys: Vec::new(),
            keys: Vec::new(),
            pages: HashMap::new(),
        }
    }

    /// What to read next; `None` when the search has come to its end.
    pub fn next_step(&mut self) -> Option<Step> {
        loop {
            let Some(&pass) = PLAN.get(self.next) else {
                let rest = self.active.end..(self.active.end + AT_ONCE).min(self.targets.len());
                if rest.is_empty() {
                    return None;
                }
                self.active = rest;
                self.next = 0;
                continue;
            };
            self.next += 1;
            if matches!(pass, Pass::Seeds(_)) {
                self.take_slot_keys();
            }
            if let Some(cuts) = self.cuts(pass).filter(|cuts| !cuts.is_empty()) {
                return Some(Step { pass, cuts });
            }
        }
    }

    /// What a pass has to see; `None` if it has nothing to look for.
    fn cuts(&self, pass: Pass) -> Option<Cuts> {
        let any =
            |wanted: &dyn Fn(usize, &Target) -> bool| self.open_targets().any(|(number, open)| wanted(number, open));
        let may = |reach| self.thorough || reach != Reach::Every;
        let everywhere = |wanted: bool| wanted.then(|| Cuts::all(&self.images, |_, _| true));
        let pages = |reach: Reach, wanted: bool| {
            let has = |image, start| self.pages.get(&(image, start)).is_none_or(|pages| pages.has_any(reach));
            (wanted && may(reach)).then(|| Cuts::all(&self.images, has))
        };
        match pass {
            Pass::Names => everywhere(any(&|_, _| true)),
            Pass::Both => {
                let open = |target: &usize| self.open_target(*target);
                let around = self.names.iter().filter(|(target, ..)| open(target));
                let around = around.map(|&(_, image, offset)| (image, offset, AROUND));
                let pointed = self.pointed.iter().map(|&(image, offset)| (image, offset, POINTED));
                Some(Cuts::ranges(&self.images, around.chain(pointed).collect()))
            }
            Pass::MacsFirst => {
                let around = self.names.iter().filter(|(target, ..)| {
                    self.open_target(*target) && self.halves.iter().all(|half| half.target != *target)
                });
                let around = around.take(LOOKED_AT).map(|&(_, image, offset)| (image, offset, AROUND));
                Some(Cuts::ranges(&self.images, around.collect()))
            }
            Pass::Pairs(reach) => {
                let wants_pairs = |number: usize, open: &Target| open.has_pairs(reach) && !self.has_slot_key(number);
                let wants_wholes = |number| reach == Reach::Sparse && self.wants_wholes(number, reach, Cost::Least);
                pages(reach, any(&|number, open| wants_pairs(number, open) || wants_wholes(number)))
            }
            Pass::Wholes(reach, cost) => pages(reach, any(&|number, _| self.wants_wholes(number, reach, cost))),
            Pass::Macs(reach) => pages(reach, self.halves.iter().any(|half| self.open_target(half.target))),
            Pass::Seeds(reach) => pages(reach, self.seedless().next().is_some()),
            Pass::Copies => everywhere(self.keys.iter().any(|key| key.needles().is_some())),
        }
    }

    /// Looks at a piece: `bytes` are those that `cut` says, or as many of them as there are.
    pub fn look(&self, step: &Step, cut: &Cut, bytes: &[u8], hits: &mut Hits) {
        let mut found = Vec::new();
        let pages = self.look_for(step.pass, cut, bytes, &mut found);
        hits.found.extend(found.into_iter().map(|hit| (cut.image, hit)));
        hits.pages.extend(pages.map(|pages| ((cut.image, cut.own.start), pages)));
    }

    /// Whether a step need not go on, as all that it looks for has been found.
    #[must_use]
    pub fn is_enough(&self, step: &Step, hits: &Hits) -> bool {
        match step.pass {
            Pass::Names | Pass::Copies => false,
            Pass::Seeds(_) => {
                let found = |key: usize| {
                    hits.found.iter().any(|(_, hit)| matches!(hit, Hit::Seed { key: found, .. } if *found == key))
                };
                self.seedless().all(|(key, ..)| found(key))
            }
            _ => {
                let found = |target: usize| {
                    hits.found.iter().any(|(_, hit)| matches!(hit, Hit::Key { target: found, .. } if *found == target))
                };
                self.open_targets().all(|(target, _)| found(target))
            }
        }
    }

    /// Takes what was found in all pieces of a step.
    pub fn take(&mut self, hits: Hits) {
        let Hits { found: mut hits, pages } = hits;
        let room = PIECES.saturating_sub(self.pages.len());
        self.pages.extend(pages.into_iter().take(room));
        // the order in which pieces were read is chance
        hits.sort_by_key(|(image, hit)| (*image, hit.offset()));
        for (image, hit) in hits {
            self.take_hit(image, hit);
        }
        self.pointed.sort_unstable();
        self.pointed.dedup();
    }

    fn take_hit(&mut self, image: usize, hit: Hit) {
        match hit {
            Hit::Name { target, offset } => {
                if self.names.iter().filter(|(known, ..)| *known == target).count() < PLACES {
                    self.names.push((target, image, offset));
                }
            }
            Hit::Address(offset) => {
                if self.pointed.len() < PLACES {
                    self.pointed.push((image, offset));
                }
            }
            Hit::Aes { target, lock, key, offset } => self.take_half(target, lock, key, image, offset),
            Hit::Slot { target, key, parts } => {
                if self.slot_keys.iter().all(|known| known.target != target) {
                    self.slot_keys.push(SlotKey { target, key, image, parts });
                }
            }
            Hit::Key { target, key, parts } => self.take_key(target, key, image, parts),
            Hit::Seed { key, seed } => {
                if let Some(found) = self.keys.get_mut(key) {
                    found.add_seed(&seed);
                }
            }
            Hit::Copy { key, offset } => {
                if let Some(found) = self.keys.get_mut(key).filter(|found| found.image == image) {
                    found.add_copy(offset, PLACES);
                }
            }
        }
    }

    fn take_half(&mut self, target: usize, lock: usize, key: Zeroizing<Vec<u8>>, image: usize, offset: u64) {
        let is_same = |half: &&mut Half| half.target == target && half.lock == lock && half.key == key;
        match self.halves.iter_mut().find(is_same) {
            Some(half) if half.image == image => {
                if half.offsets.len() < PLACES && !half.offsets.contains(&offset) {
                    half.offsets.push(offset);
                }
            }
            Some(_) => {}
            None => self.halves.push(Half { target, lock, key, image, offsets: vec![offset] }),
        }
    }

    fn take_key(&mut self, target: usize, key: FoundKey, image: usize, mut parts: Vec<Part>) {
        let Some(open) = self.targets.get(target).filter(|open| open.key.is_none()) else { return };
        let secrets = parts.iter().map(|part| part.offset).min().unwrap_or_default();
        let names = self.names.iter().filter(|(of, on, _)| (*of, *on) == (target, image));
        let nearest = names.map(|(_, _, offset)| *offset).min_by_key(|offset| offset.abs_diff(secrets));
        if let Some(offset) = nearest.filter(|offset| offset.abs_diff(secrets) <= AROUND) {
            parts.push(Part { kind: PartKind::Name, offset, length: open.name.as_bytes().len() });
        }
        let number = self.keys.len();
        let mut found = Found::new(key, image, parts);
        for (other, open) in self.targets.iter_mut().enumerate() {
            if open.key.is_none() && (other == target || found.opens(open)) {
                open.key = Some(number);
                found.tickets.extend(&open.tickets);
            }
        }
        found.tickets.sort_unstable();
        self.keys.push(found);
    }

    /// Contents itself with the keys of slots whose master keys were not found.
    fn take_slot_keys(&mut self) {
        for SlotKey { target, key, image, parts } in std::mem::take(&mut self.slot_keys) {
            self.take_key(target, FoundKey::Known(key), image, parts);
        }
    }

    /// Whether the key of the slot is known, in which a target's ticket was sealed.
    fn has_slot_key(&self, target: usize) -> bool {
        self.slot_keys.iter().any(|known| known.target == target)
    }

    /// Numbers, AES keys and MAC keys of the keys whose seed is to be found.
    fn seedless(&self) -> impl Iterator<Item = (usize, &[u8], &[u8])> {
        let keys = self.keys.iter().enumerate();
        keys.filter_map(|(number, found)| found.seedless().map(|(aes, mac)| (number, aes, mac)))
    }

    fn target(&self, number: usize) -> Option<&Target> {
        self.targets.get(number)
    }

    fn open_target(&self, number: usize) -> bool {
        self.active.contains(&number) && self.target(number).is_some_and(|target| target.key.is_none())
    }

    /// The targets that are searched for and whose key is not found yet.
    fn open_targets(&self) -> impl Iterator<Item = (usize, &Target)> {
        self.targets.iter().enumerate().filter(|(number, _)| self.open_target(*number))
    }

    /// Whether single secrets of that cost are tried for a target, among that many candidates.
    fn wants_wholes(&self, number: usize, reach: Reach, cost: Cost) -> bool {
        let is_half_found = self.halves.iter().any(|half| half.target == number);
        let is_settled = is_half_found || (cost == Cost::High && self.has_slot_key(number));
        let wants = |target: &Target| target.wants_wholes(reach) && target.wholes(reach, cost).next().is_some();
        !is_settled && self.target(number).is_some_and(wants)
    }

    /// What is known of the pages of a piece.
    fn pages_of(&self, cut: &Cut) -> Option<Pages> {
        self.pages.get(&(cut.image, cut.own.start)).copied()
    }

    /// Where an address lies in an image.
    fn pointed_at(&self, image: usize, address: u64) -> Option<u64> {
        self.images.get(image)?.offset(address)
    }
}
