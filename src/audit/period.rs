//! Lengths of time, in seconds, as people read and write them.

use std::fmt;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A number of seconds in the largest unit that leaves a number of two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub i64);

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")];
        let seconds = self.0;
        let (number, unit) = units
            .into_iter()
            .find(|(length, _)| seconds >= 2 * length || seconds == *length)
            .map_or((seconds, "second"), |(length, unit)| (seconds / length, unit));
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

/// Reads `7d`, `36h`, `1day 6h`, or a plain number of seconds.
///
/// # Errors
/// A sentence that says what is taken.
pub fn parse_period(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let seconds = text.parse().ok().or_else(|| humantime::parse_duration(text).ok().map(|length| length.as_secs()));
    seconds
        .and_then(|seconds| i64::try_from(seconds).ok())
        .ok_or_else(|| "neither a length of time, such as 7d, 36h or 90m, nor seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_as_people_say_them() {
        let shown = |seconds| Period(seconds).to_string();
        assert_eq!(shown(7 * DAY + 5), "7 days");
        assert_eq!(shown(DAY), "1 day");
        assert_eq!(shown(26 * HOUR), "26 hours");
        assert_eq!(shown(90 * MINUTE), "90 minutes");
        assert_eq!(shown(61), "61 seconds");
        assert_eq!(shown(1), "1 second");
    }

    #[test]
    fn periods_are_parsed() {
        assert_eq!(parse_period("7d"), Ok(7 * DAY));
        assert_eq!(parse_period("1day 6h"), Ok(30 * HOUR));
        assert_eq!(parse_period("86400"), Ok(DAY));
        assert!(parse_period("soon").is_err() && parse_period("-1").is_err());
    }
}
