//! The texts of whole sessions, but for what is each session's own.
//!
//! Most tickets of a server hold sessions that differ from an earlier one only in the secret, the ID, the times and the
//! name. The text of the earlier one, as the ordinary walk wrote it, is cut where that walk said that such a thing stands;
//! what is between the cuts is copied from then on. It is found by all that it was written from: the
//! [`Outline`] of the session, and whether secrets are held back.

use std::cell::RefCell;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::cuts::Cuts;
use super::dates::Dates;
use super::fields::Fields;
use super::write::{Object, members};
use crate::session::{Outline, Own, OwnPart, OwnView, Session, Visitor as _};

/// For how many outlines a text is kept: cipher suites times lengths of names.
const PLACES: usize = 512;
/// In how many places a text may be.
const TRIED: usize = 16;
/// How many more sessions may be looked for in vain than were found, before nobody decrypts a ticket to look any more.
const MOST_IN_VAIN: u32 = 1000;

/// The cuts of a text, as they were told.
#[derive(Default)]
pub(super) struct Told(RefCell<Vec<(OwnPart, usize, usize)>>);

impl Cuts for &Told {
    fn cut(&self, part: OwnPart, from: usize, to: usize) {
        if from < to {
            self.0.borrow_mut().push((part, from, to));
        }
    }
}

/// The text of a session's members without its own.
pub(super) struct Template {
    outline: Outline,
    redact: bool,
    /// All pieces, one after the other.
    text: Vec<u8>,
    /// What is the session's own, and where in the text the piece before it ends.
    cuts: Vec<(OwnPart, usize)>,
}

impl Template {
    /// Cuts the members of a session, which `write` writes.
    fn new(outline: Outline, redact: bool, dates: &Dates, write: impl Fn(&mut Fields<'_, '_, '_, &Told>)) -> Self {
        let told = Told::default();
        let whole = members(|object| {
            // it may be asked for again, on a larger page
            told.0.borrow_mut().clear();
            write(&mut Fields::new(object, None, dates, &told));
        });
        let whole = zeroize::Zeroizing::new(whole);
        let (mut text, mut cuts, mut at) = (Vec::new(), Vec::new(), 0);
        for (part, from, to) in told.0.into_inner() {
            text.extend_from_slice(whole.get(at..from).unwrap_or_default());
            cuts.push((part, text.len()));
            // the comma belongs to what follows, where a brace may have taken its place
            at = to - 1;
        }
        text.extend_from_slice(whole.get(at..).unwrap_or_default());
        Self { outline, redact, text, cuts }
    }

    /// Writes the members of a session of that outline, which has these of its own.
    #[inline]
    pub(super) fn write(&self, own: Own<'_>, now: i64, dates: &Dates, object: &mut Object<'_, '_>) {
        let view = OwnView { own, now, redact: self.redact };
        let mut fields = Fields::new(object, None, dates, ());
        let mut at = 0;
        for (number, &(part, end)) in self.cuts.iter().enumerate() {
            let piece = self.text.get(at..end).unwrap_or_default();
            // what stands before all of it keeps its comma
            if number == 0 {
                fields.object.members(piece);
            } else {
                fields.object.go_on(piece);
            }
            fields.own(&view, part);
            at = end;
        }
        fields.object.go_on(self.text.get(at..).unwrap_or_default());
    }
}

/// The texts that there are.
pub(super) struct Templates {
    places: Box<[OnceLock<Box<Template>>]>,
    /// How many more sessions were looked for in vain than were found.
    in_vain: AtomicU32,
}

impl Templates {
    /// That of the session which is this plaintext, and what the session has of its own.
    #[inline]
    pub(super) fn find<'p>(&self, plaintext: &'p [u8], redact: bool) -> Option<(&Template, Own<'p>)> {
        self.at(plaintext).map_while(OnceLock::get).find_map(|template| {
            let own = template.outline.own(plaintext).filter(|_| template.redact == redact)?;
            Some((&**template, own))
        })
    }

    /// Whether most sessions are like earlier ones, or there were not many yet.
    #[inline]
    pub(super) fn have_hope(&self) -> bool {
        self.in_vain.load(Ordering::Relaxed) < MOST_IN_VAIN
    }

    /// Learns whether a session was like an earlier one.
    #[inline]
    pub(super) fn learn(&self, found: bool) {
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        // written only if it changes, so that threads do not wait for each other
        if !found {
            self.in_vain.store(in_vain + 1, Ordering::Relaxed);
        } else if in_vain > 0 {
            self.in_vain.store(in_vain - 1, Ordering::Relaxed);
        }
    }

    /// Keeps the text of a session, if there is room and hope for another one of its outline. `write` writes all of its
    /// members.
    #[cold]
    pub(super) fn keep(
        &self,
        session: &Session<'_>,
        redact: bool,
        dates: &Dates,
        write: impl Fn(&mut Fields<'_, '_, '_, &Told>),
    ) {
        let Some(free) = self.at(session.encoded).find(|place| place.get().is_none()) else { return };
        if let Some(outline) = Outline::of(session) {
            // another thread may have been faster
            let _ = free.set(Box::new(Template::new(outline, redact, dates, write)));
        }
    }

    /// The places of sessions that begin so: length, version, protocol and cipher suite are there.
    #[inline]
    fn at(&self, plaintext: &[u8]) -> impl Iterator<Item = &OnceLock<Box<Template>>> + use<'_> {
        let start = plaintext.first_chunk().map_or(0, |start| u128::from_le_bytes(*start));
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let mixed = (start as u64 ^ (start >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let first = usize::try_from(mixed).unwrap_or(0);
        (first..first + TRIED).filter_map(|place| self.places.get(place % PLACES))
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self { places: (0..PLACES).map(|_| OnceLock::new()).collect(), in_vain: AtomicU32::new(0) }
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}
