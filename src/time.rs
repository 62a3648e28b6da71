//! Times as people and RFC 3339 write them.

use ::time::OffsetDateTime;

/// Seconds since 1970 as RFC 3339 in UTC; `None` outside the years 0 to 9999.
#[must_use]
pub fn utc(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let century = u8::try_from(year / 100).ok().filter(|century| *century < 100 && year >= 0)?;
    let parts = [
        ("", century),
        ("", u8::try_from(year % 100).ok()?),
        ("-", month.into()),
        ("-", day),
        ("T", hour),
        (":", minute),
        (":", second),
    ];
    // `time` itself takes four times as long
    let mut text = String::with_capacity("0000-00-00T00:00:00Z".len());
    for (before, number) in parts {
        text.push_str(before);
        text.push(char::from(b'0' + number / 10));
        text.push(char::from(b'0' + number % 10));
    }
    text.push('Z');
    Some(text)
}

#[cfg(test)]
mod tests {
    use ::time::format_description::well_known::Rfc3339;

    use super::*;

    #[test]
    fn formats_and_knows_its_limits() {
        assert_eq!(utc(1_700_000_000).as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(utc(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(utc(i64::MAX), None);
        let days = (0..4000).map(|number| 86_399 * 9973 * number - 62_167_219_300);
        for seconds in days.chain([253_402_300_799, 253_402_300_800, -62_167_219_200, -62_167_219_201]) {
            let other = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok());
            assert_eq!(utc(seconds), other, "{seconds}");
        }
    }
}
