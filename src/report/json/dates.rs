//! The dates of days, made once.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Dates, each in the place that its day has for it.
pub(in crate::report) struct Dates(Box<[AtomicU64; Self::PLACES]>);

impl Dates {
    /// The days of some years.
    const PLACES: usize = 1024;

    /// The date of a day as a number, which `make` makes if it is not there.
    pub(in crate::report) fn date(&self, day: i32, make: impl FnOnce() -> Option<u32>) -> Option<u32> {
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
}
