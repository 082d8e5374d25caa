//! Times as texts: RFC 3339 section 5.6, in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ParseError;

/// The last second that has four digits for its year: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

/// A time to the second, `2026-01-01T00:00:00Z`. What is before 1970 counts as 1970, what is after
/// 9999 as its end.
pub fn rfc3339(time: SystemTime) -> String {
    let (date, _) = parts(time);
    format!("{date}Z")
}

/// The same to the millisecond, `2026-01-01T00:00:00.000Z`; what is finer is cut off.
pub fn rfc3339_millis(time: SystemTime) -> String {
    let (date, millis) = parts(time);
    format!("{date}.{millis:03}Z")
}

/// Reads a time in UTC, with `Z` for its offset and at most nine digits of a fraction.
///
/// ```
/// use pierhead_model::{parse_rfc3339, rfc3339_millis};
/// let time = parse_rfc3339("2026-02-28T23:59:59.5Z")?;
/// assert_eq!(rfc3339_millis(time), "2026-02-28T23:59:59.500Z");
/// # Ok::<(), pierhead_model::ParseError>(())
/// ```
///
/// # Errors
/// [`ParseError`] for another shape, a day or an hour that there is not, a leap second, another
/// offset, and for years before 1970.
pub fn parse_rfc3339(text: &str) -> Result<SystemTime, ParseError> {
    let wrong = |at, reason| ParseError::new("time", text, at, reason);
    let shape = || wrong(0, "it is written as `2026-01-01T00:00:00Z`");
    let (date, fraction) = match text.strip_suffix('Z') {
        None => return Err(wrong(text.len(), "it is in UTC and ends in `Z`")),
        Some(rest) => rest.split_once('.').unwrap_or((rest, "0")),
    };
    let bytes = date.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if bytes.len() != 19 || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return Err(shape());
    }
    let number = |from: usize, to: usize| digits(bytes.get(from..to)?);
    let read = || {
        Some([
            number(0, 4)?,
            number(5, 7)?,
            number(8, 10)?,
            number(11, 13)?,
            number(14, 16)?,
            number(17, 19)?,
        ])
    };
    let [year, month, day, hour, minute, second] = read().ok_or_else(shape)?;
    if year < 1970 {
        return Err(wrong(0, "it is 1970 or later"));
    }
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(wrong(5, "there is no such day"));
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(wrong(11, "there is no such time of the day"));
    }
    let nanos = match (fraction.len(), digits(fraction.as_bytes())) {
        (length @ 1..=9, Some(value)) => {
            let zeros = u32::try_from(9 - length).unwrap_or(0);
            value * 10_u64.pow(zeros)
        }
        _ => return Err(wrong(19, "a fraction has one to nine digits")),
    };
    let seconds = days_from_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Ok(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanos))
}

/// What stands before the fraction, and milliseconds.
fn parts(time: SystemTime) -> (String, u32) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let since = since.min(Duration::new(LAST, 999_999_999));
    let seconds = since.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date_from_1970(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    (text, since.subsec_millis())
}

/// The date so many days after 1 January 1970.
fn date_from_1970(days: u64) -> (u64, u64, u64) {
    // Days since 1 March of year 0, so that a leap day is the last of its year; 146,097 days are
    // 400 years.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// The other way round, for a date from 1970 on.
fn days_from_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn days_in(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A number of digits alone, without a sign.
fn digits(bytes: &[u8]) -> Option<u64> {
    let plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(bytes).ok().filter(|_| plain)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_written_and_read_as_rfc_3339_says() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(at(seconds)), text);
            assert_eq!(parse_rfc3339(text), Ok(at(seconds)));
        }
    }

    #[test]
    fn every_day_of_four_hundred_years_is_read_as_it_was_written() {
        for day in 0..146_097 {
            let time = at(day * 86_400);
            assert_eq!(parse_rfc3339(&rfc3339(time)), Ok(time));
        }
    }

    #[test]
    fn fractions_are_kept_to_the_millisecond() {
        let time = UNIX_EPOCH + Duration::from_nanos(1_234_999_999);
        assert_eq!(rfc3339_millis(time), "1970-01-01T00:00:01.234Z");
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01.234999999Z"), Ok(time));
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(rfc3339_millis(before), "1970-01-01T00:00:00.000Z");
        let after = at(LAST + 1);
        assert_eq!(rfc3339_millis(after), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+00:00",
            "2026-01-01T00:00:00z",
            "2026-01-01 00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00.-1Z",
            "2026-1-01T00:00:00Z",
            "2026-01-01T00:00:0éZ",
        ] {
            assert!(parse_rfc3339(bad).is_err(), "{bad}");
        }
    }
}
