//! Counts over time, in few bytes: buckets that grow as the time that they cover does.

use std::collections::BTreeMap;

use crate::capture::container::Time;

/// Widths of buckets, in milliseconds: each is a multiple of the one before it, so that buckets can be put together,
/// and all are round, so that an axis can be.
const WIDTHS: [i64; 22] = [
    1,
    2,
    10,
    20,
    100,
    200,
    1_000,
    2_000,
    10_000,
    20_000,
    60_000,
    120_000,
    600_000,
    1_200_000,
    3_600_000,
    7_200_000,
    21_600_000,
    86_400_000,
    172_800_000,
    864_000_000,
    8_640_000_000,
    86_400_000_000,
];
/// Buckets that the time from the first to the last event takes, at most.
const MAX_BUCKETS: i64 = 1024;
/// Buckets that all strips may have together: about 32 bytes each.
const MAX_FILLED: usize = 1 << 20;

/// How wide buckets are: as narrow as the time that was seen so far allows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scale {
    /// Which of [`WIDTHS`].
    step: usize,
    /// First and last time seen, milliseconds since 1970.
    span: Option<(i64, i64)>,
    /// Buckets that have something in them.
    filled: usize,
}

impl Scale {
    /// Takes note of a time, and says whether buckets have grown, so that all strips are to be
    /// [coarsened](Strip::coarsen).
    pub(super) fn widen(&mut self, time: Time) -> bool {
        let at = millis(time);
        let (first, last) = self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at)));
        self.span = Some((first, last));
        let before = self.step;
        let last_step = WIDTHS.len() - 1;
        while self.step < last_step && last.saturating_sub(first) / self.width() >= MAX_BUCKETS {
            self.step += 1;
        }
        if self.filled > MAX_FILLED && self.step < last_step {
            self.step += 1;
        }
        self.step != before
    }

    /// Width of a bucket, milliseconds.
    pub(super) fn width(&self) -> i64 {
        WIDTHS.get(self.step).copied().unwrap_or(i64::MAX)
    }

    /// Takes note of how many buckets are filled after they were coarsened.
    pub(super) fn recount(&mut self, filled: usize) {
        self.filled = filled;
    }

    /// Makes the buckets at least as wide as those of another scale.
    pub(super) fn match_to(&mut self, other: Self) {
        self.step = self.step.max(other.step);
    }

    /// Counts an event in a strip.
    pub(super) fn count(&mut self, strip: &mut Strip, time: Option<Time>) {
        self.filled += usize::from(strip.count(time, self.width()));
    }
}

/// Events of one kind: how many, from when to when, and how many in each bucket of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// How many.
    pub total: u64,
    /// The first and the last, as far as times are known.
    pub span: Option<(Time, Time)>,
    /// How many in each bucket that has any: n-th bucket since 1970.
    buckets: BTreeMap<i64, u32>,
}

impl Strip {
    /// Counts an event, and says whether a bucket more is filled.
    fn count(&mut self, time: Option<Time>, width: i64) -> bool {
        self.total += 1;
        let Some(time) = time else { return false };
        widen(&mut self.span, Some(time));
        let before = self.buckets.len();
        let bucket = self.buckets.entry(millis(time).div_euclid(width)).or_default();
        *bucket = bucket.saturating_add(1);
        self.buckets.len() > before
    }

    /// Puts buckets together that fall into one of the new width.
    pub(super) fn coarsen(&mut self, from: i64, to: i64) {
        if from == to {
            return;
        }
        let mut buckets = BTreeMap::new();
        for (number, count) in std::mem::take(&mut self.buckets) {
            let bucket: &mut u32 = buckets.entry((number.saturating_mul(from)).div_euclid(to)).or_default();
            *bucket = bucket.saturating_add(count);
        }
        self.buckets = buckets;
    }

    /// How many buckets are filled.
    pub(super) fn filled(&self) -> usize {
        self.buckets.len()
    }

    /// Adds another strip with buckets of one width.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.total += other.total;
        if let Some((first, last)) = other.span {
            widen(&mut self.span, Some(first));
            widen(&mut self.span, Some(last));
        }
        for (number, count) in &other.buckets {
            let bucket = self.buckets.entry(*number).or_default();
            *bucket = bucket.saturating_add(*count);
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The buckets that have something in them, by their numbers since 1970.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.buckets.iter().map(|(number, count)| (*number, *count))
    }
}

/// Makes a span of time hold another point.
pub(super) fn widen(span: &mut Option<(Time, Time)>, time: Option<Time>) {
    if let Some(time) = time {
        let (first, last) = span.unwrap_or((time, time));
        *span = Some((first.min(time), last.max(time)));
    }
}

/// Milliseconds since 1970.
#[must_use]
pub fn millis(time: Time) -> i64 {
    time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanoseconds / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        let nanoseconds = u32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap();
        Time { seconds: millis.div_euclid(1000), nanoseconds }
    }

    #[test]
    fn each_width_is_a_multiple_of_the_one_before() {
        assert!(WIDTHS.windows(2).all(|pair| pair[1] % pair[0] == 0));
    }

    #[test]
    fn buckets_grow_and_nothing_is_lost() {
        let (mut scale, mut strip) = (Scale::default(), Strip::default());
        for number in 0..5000 {
            let time = at(1_700_000_000_000 + number * 37);
            let before = scale.width();
            if scale.widen(time) {
                strip.coarsen(before, scale.width());
                scale.recount(strip.filled());
            }
            scale.count(&mut strip, Some(time));
        }
        assert_eq!(scale.width(), 200);
        assert!(strip.filled() <= 1025, "{}", strip.filled());
        assert_eq!(strip.buckets().map(|(_, count)| u64::from(count)).sum::<u64>(), 5000);
        assert_eq!(strip.total, 5000);
        assert_eq!(strip.buckets().next(), Some((1_700_000_000_000 / 200, 6)));
    }

    #[test]
    fn any_time_is_taken() {
        let mut scale = Scale::default();
        for time in [at(0), Time { seconds: i64::MAX, nanoseconds: 0 }, Time { seconds: i64::MIN, nanoseconds: 0 }] {
            scale.widen(time);
            scale.count(&mut Strip::default(), Some(time));
        }
        assert_eq!(scale.width(), 86_400_000_000);
    }
}
