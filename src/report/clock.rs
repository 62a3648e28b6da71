//! Times and key names of a picture, as short as they can be without being mistaken for others.

use std::collections::BTreeMap;

use ::time::OffsetDateTime;

use crate::capture::container::Time;
use crate::survey::Group;

/// Digits of a key name that are shown at the least.
const DIGITS: usize = 8;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Writes times within a span.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::report) struct Clock {
    has_date: bool,
    has_seconds: bool,
    has_millis: bool,
}

impl Clock {
    /// One for times between these two, milliseconds since 1970.
    pub(in crate::report) fn new(first: i64, last: i64) -> Self {
        let span = last.saturating_sub(first);
        Self {
            has_date: first.div_euclid(DAY) != last.div_euclid(DAY),
            has_seconds: span < 2 * DAY,
            has_millis: span < 4000,
        }
    }

    /// Whether times have a date each.
    pub(in crate::report) fn has_date(self) -> bool {
        self.has_date
    }

    /// A time.
    pub(in crate::report) fn time(self, time: Time) -> String {
        self.millis(crate::survey::millis(time))
    }

    /// A time in milliseconds since 1970.
    pub(in crate::report) fn millis(self, millis: i64) -> String {
        let Some(moment) = moment(millis) else { return format!("{}", millis.div_euclid(1000)) };
        let date =
            if self.has_date { format!("{:02}-{:02} ", u8::from(moment.month()), moment.day()) } else { String::new() };
        let clock = format!("{:02}:{:02}", moment.hour(), moment.minute());
        match (self.has_seconds, self.has_millis) {
            (_, true) => format!("{date}{clock}:{:02}.{:03}", moment.second(), moment.millisecond()),
            (true, _) => format!("{date}{clock}:{:02}", moment.second()),
            _ => format!("{date}{clock}"),
        }
    }

    /// Two times, or one if they read the same.
    pub(in crate::report) fn span(self, (first, last): (Time, Time)) -> String {
        let (first, last) = (self.time(first), self.time(last));
        if first == last { first } else { format!("{first} – {last}") }
    }
}

/// The day of a time in milliseconds since 1970.
pub(in crate::report) fn day(millis: i64) -> String {
    moment(millis).map_or_else(String::new, |moment| moment.date().to_string())
}

fn moment(millis: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

/// Key names, cut to what tells them apart.
#[derive(Debug, Clone)]
pub(in crate::report) struct Names {
    digits: usize,
    /// The number of each name, in the order of the groups.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    /// Those of the groups of a survey.
    pub(in crate::report) fn new(groups: &[Group]) -> Self {
        let has_key = |group: &&Group| group.uses.has_key();
        // what servers here have comes first, so that their keys differ most
        let (of_servers, foreign): (Vec<&Group>, Vec<&Group>) = groups.iter().partition(has_key);
        let names = of_servers.into_iter().chain(foreign).filter_map(Group::name).map(hex::encode);
        let numbers: BTreeMap<String, usize> = names.zip(0..).collect();
        let shared = numbers
            .keys()
            .zip(numbers.keys().skip(1))
            .map(|(one, other)| one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count());
        let digits = shared.max().map_or(DIGITS, |shared| DIGITS.max(shared + 1));
        Self { digits, numbers }
    }

    /// How many digits of a name are shown, at most.
    pub(in crate::report) fn digits(&self) -> usize {
        self.digits
    }

    /// What is shown of a name, of which this is all in hex.
    pub(in crate::report) fn short<'n>(&self, name: &'n str) -> &'n str {
        name.get(..self.digits).unwrap_or(name)
    }

    /// Which of the names it is, from 0: those that servers here have, then the others, each as they were first seen.
    pub(in crate::report) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}

/// So much of so much in percent, rounded so that only all is 100 and only none is 0.
pub(in crate::report) fn percent(part: u64, whole: u64) -> u64 {
    match (part, whole) {
        (_, 0) | (0, _) => 0,
        _ if part == whole => 100,
        _ => ((u128::from(part) * 200 / u128::from(whole)).div_ceil(2)).clamp(1, 99).try_into().unwrap_or(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_date_only_where_they_need_one() {
        let start = 1_700_000_000_000;
        assert_eq!(Clock::new(start, start + 3000).millis(start + 7), "22:13:20.007");
        assert_eq!(Clock::new(start, start + 60_000).millis(start + 7), "22:13:20");
        assert_eq!(Clock::new(start, start + DAY).millis(start), "11-14 22:13:20");
        assert_eq!(Clock::new(start, start + 9 * DAY).millis(start), "11-14 22:13");
        assert_eq!(day(start), "2023-11-14");
        assert_eq!(Clock::default().millis(i64::MAX), format!("{}", i64::MAX / 1000));
    }
}
