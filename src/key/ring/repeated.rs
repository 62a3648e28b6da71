//! What the records of many tickets have alike: made once, copied from then on.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::session::{Mark, Part};

/// For how many kinds of sessions they are kept: some cipher suites times some virtual hosts.
const KINDS: usize = 24;

/// What was made of the parts of a session.
pub(crate) type Texts = [Vec<u8>; Part::ALL.len()];

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
        // to compare nothing at all can be slow where an empty slice points nowhere
        let same_context = || mark.context.is_empty() || self.context == mark.context;
        different == 0 && self.context.len() == mark.context.len() && same_context()
    }
}

/// The first kinds that came, and the last dates.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    kinds: [OnceLock<Kind>; KINDS],
    dates: Dates,
}

impl Repeated {
    /// The dates that sessions began and ended on.
    pub(crate) fn dates(&self) -> &Dates {
        &self.dates
    }

    /// What `make` made of sessions like that, or makes now; `None` where there is no more room.
    pub(crate) fn texts(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Texts> {
        let mut kinds = self.kinds.iter().map_while(OnceLock::get);
        kinds.find(|kind| kind.is_of(mark)).or_else(|| self.keep(mark, make)).map(|kind| &kind.texts)
    }

    #[cold]
    fn keep(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Kind> {
        let mut free = self.kinds.iter().filter(|kind| kind.get().is_none()).peekable();
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

/// Dates, each in the place that its day has for it.
pub(crate) struct Dates(Box<[AtomicU64; Self::PLACES]>);

impl Dates {
    /// The days of some years.
    const PLACES: usize = 1024;

    /// The date of a day as a number, which `make` makes if it is not there.
    pub(crate) fn date(&self, day: i32, make: impl FnOnce() -> Option<u32>) -> Option<u32> {
        // the day in the upper half, its date in the lower
        let day = u32::from_ne_bytes(day.to_ne_bytes());
        let Some(place) = self.0.get(day as usize % Self::PLACES) else { return make() };
        let kept = place.load(Ordering::Relaxed);
        #[expect(clippy::cast_possible_truncation, reason = "the halves")]
        let (kept_day, date) = ((kept >> 32) as u32, kept as u32);
        if kept_day == day && date != 0 {
            return Some(date);
        }
        let date = make()?;
        place.store(u64::from(day) << 32 | u64::from(date), Ordering::Relaxed);
        Some(date)
    }
}

impl Default for Dates {
    fn default() -> Self {
        Self(Box::new([const { AtomicU64::new(0) }; Self::PLACES]))
    }
}

impl fmt::Debug for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dates").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_made_once_as_long_as_there_is_room() {
        let repeated = Repeated::default();
        let mark = |number| Mark { numbers: [number; 8], context: b"x" };
        let text = |number: u64| [vec![], number.to_le_bytes().to_vec(), vec![]];
        for number in 0..KINDS as u64 {
            assert_eq!(repeated.texts(mark(number), || text(number)), Some(&text(number)));
            assert_eq!(repeated.texts(mark(number), || panic!("again")), Some(&text(number)));
        }
        assert_eq!(repeated.texts(mark(99), || panic!("no room")), None);
        let other = Mark { context: b"", ..mark(0) };
        assert_eq!(repeated.texts(other, || panic!("no room")), None);
    }

    #[test]
    fn a_date_is_kept_until_another_takes_its_place() {
        let dates = Dates::default();
        for (day, others) in [(0, 1024), (-1, 1023), (20_000, 20_000 - 1024)] {
            assert_eq!(dates.date(day, || Some(19_700_101)), Some(19_700_101));
            assert_eq!(dates.date(day, || panic!("again")), Some(19_700_101));
            assert_eq!(dates.date(others, || None), None);
            assert_eq!(dates.date(others, || Some(7)), Some(7));
            assert_eq!(dates.date(day, || Some(8)), Some(8));
        }
    }

    #[test]
    fn all_that_is_in_a_mark_counts() {
        let repeated = Repeated::default();
        let mark = Mark { numbers: [0; 8], context: b"x" };
        let text = |name: &str| [name.into(), vec![], vec![]];
        assert_eq!(repeated.texts(mark, || text("first")), Some(&text("first")));
        for at in 0..8 {
            let mut other = mark;
            other.numbers[at] = 1;
            assert_eq!(repeated.texts(other, || text("other")), Some(&text("other")));
        }
        for context in [&b"y"[..], b"", b"xx"] {
            assert_eq!(repeated.texts(Mark { context, ..mark }, || text("context")), Some(&text("context")));
        }
    }
}
