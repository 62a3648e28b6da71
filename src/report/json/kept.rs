//! What the records of many tickets have alike: written once, copied from then on.
//!
//! A kept text can be copied into the record of another session, so it must depend on nothing but what is compared. Types
//! see to that: the texts of a session are written from its [`Mark`], and the mark is what is compared.

use std::sync::OnceLock;

use super::dates::Dates;
use super::fields::{Fields, Texts, key_members};
use super::template::Templates;
use super::write::{Object, members};
use crate::key::TicketKey;
use crate::key::ring::KeyRing;
use crate::session::{Mark, Part, View};

/// For how many kinds of sessions they are kept: some cipher suites times some virtual hosts.
const KINDS: usize = 24;

/// A kind of session.
#[derive(Debug)]
struct Kind {
    numbers: [u64; 8],
    context: Vec<u8>,
    texts: Texts,
}

impl Kind {
    fn is_of(&self, mark: Mark<'_>) -> bool {
        let different = self.numbers.iter().zip(mark.numbers).fold(0, |bits, (one, other)| bits | (one ^ other));
        // skip memcmp for empty slices: a dangling pointer makes it slow
        let same_context = || mark.context.is_empty() || self.context == mark.context;
        different == 0 && self.context.len() == mark.context.len() && same_context()
    }
}

/// What a run keeps of the records that it wrote: texts of keys, of the first kinds of sessions, of sessions that
/// differ in nothing but what is their own, and of dates.
#[derive(Debug)]
pub struct Kept<'k> {
    ring: &'k KeyRing,
    keys: Vec<OnceLock<Vec<u8>>>,
    kinds: Kinds,
    templates: Templates,
    dates: Dates,
}

impl<'k> Kept<'k> {
    /// Nothing yet, for tickets that these keys open.
    #[must_use]
    pub fn new(ring: &'k KeyRing) -> Self {
        let keys = ring.keys().iter().map(|_| OnceLock::new()).collect();
        Self { ring, keys, kinds: Kinds::default(), templates: Templates::default(), dates: Dates::default() }
    }

    /// The keys that tickets are tried with.
    #[must_use]
    pub fn ring(&self) -> &'k KeyRing {
        self.ring
    }

    /// The dates that sessions began and ended on.
    pub(super) fn dates(&self) -> &Dates {
        &self.dates
    }

    /// The texts of whole sessions.
    pub(super) fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Writes what every ticket of a key says about it.
    #[inline]
    pub(super) fn key(&self, key: &TicketKey, object: &mut Object<'_, '_>) {
        let kept = self.ring.number(key).and_then(|number| self.keys.get(number));
        match kept {
            Some(kept) => object.members(kept.get_or_init(|| members(|own| key_members(key, own)))),
            // a key of another ring: one that anybody can guess
            None => key_members(key, object),
        }
    }

    /// The parts of sessions with this mark; `None` if there is no more room.
    pub(super) fn texts(&self, mark: Mark<'_>) -> Option<&Texts> {
        self.kinds.texts(mark, || {
            let cipher = mark.cipher();
            let session = mark.session(&cipher);
            // parts hold no times and no secrets
            let view = View { session: &session, now: 0, redact: true };
            let write = |part| members(|object| view.visit_part(part, &mut Fields::new(object, None, &self.dates, ())));
            Part::ALL.map(write)
        })
    }
}

/// The first kinds of sessions that came.
#[derive(Debug, Default)]
struct Kinds([OnceLock<Kind>; KINDS]);

impl Kinds {
    /// What `make` made of sessions with that mark, or makes now; `None` if there is no more room.
    fn texts(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Texts> {
        let mut kinds = self.0.iter().map_while(OnceLock::get);
        kinds.find(|kind| kind.is_of(mark)).or_else(|| self.keep(mark, make)).map(|kind| &kind.texts)
    }

    #[cold]
    fn keep(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Kind> {
        let mut free = self.0.iter().filter(|kind| kind.get().is_none()).peekable();
        free.peek()?;
        let mut kind = Kind { numbers: mark.numbers, context: mark.context.to_vec(), texts: make() };
        for place in free {
            match place.set(kind) {
                Ok(()) => return place.get(),
                // another thread was faster
                Err(back) => kind = back,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_made_once_as_long_as_there_is_room() {
        let kinds = Kinds::default();
        let mark = |number| Mark { numbers: [number; 8], context: b"x" };
        let text = |number: u64| [vec![], number.to_le_bytes().to_vec(), vec![]];
        for number in 0..KINDS as u64 {
            assert_eq!(kinds.texts(mark(number), || text(number)), Some(&text(number)));
            assert_eq!(kinds.texts(mark(number), || panic!("again")), Some(&text(number)));
        }
        assert_eq!(kinds.texts(mark(99), || panic!("no room")), None);
        let other = Mark { context: b"", ..mark(0) };
        assert_eq!(kinds.texts(other, || panic!("no room")), None);
    }

    #[test]
    fn all_that_is_in_a_mark_counts() {
        let kinds = Kinds::default();
        let mark = Mark { numbers: [0; 8], context: b"x" };
        let text = |name: &str| [name.into(), vec![], vec![]];
        assert_eq!(kinds.texts(mark, || text("first")), Some(&text("first")));
        for at in 0..8 {
            let mut other = mark;
            other.numbers[at] = 1;
            assert_eq!(kinds.texts(other, || text("other")), Some(&text("other")));
        }
        for context in [&b"y"[..], b"", b"xx"] {
            assert_eq!(kinds.texts(Mark { context, ..mark }, || text("context")), Some(&text("context")));
        }
    }
}
