//! Answers as people read them: columns, sizes, ages.

use std::time::{Duration, SystemTime};

use pierhead::model::parse_rfc3339;

use crate::terminal::plain;

/// Rows under a heading, in columns as wide as their widest.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heading.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let heading = heading.map(str::to_owned);
    let mut text = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&plain(cell));
            let missing = width.saturating_sub(cell.chars().count());
            line.extend(std::iter::repeat_n(' ', missing + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What is told of one thing, a line each. What is not known is left out.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let told = || facts.iter().filter(|(_, what)| !what.is_empty());
    let width = told().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines: Vec<_> = told()
        .map(|(name, what)| format!("{name:width$}  {}\n", plain(what)))
        .collect();
    lines.concat()
}

/// An amount of bytes: `512 B`, `1.5 KiB`, `12 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    let mut unit = "B";
    let mut whole = bytes;
    let mut tenths = 0;
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if whole < 1_024 {
            break;
        }
        tenths = whole % 1_024 * 10 / 1_024;
        whole /= 1_024;
        unit = next;
    }
    if unit == "B" || whole >= 10 {
        format!("{whole} {unit}")
    } else {
        format!("{whole}.{tenths} {unit}")
    }
}

/// How long ago something was: `3 hours ago`.
pub(crate) fn age(at: SystemTime, now: SystemTime) -> String {
    match span(now.duration_since(at).unwrap_or_default()) {
        Some(span) => format!("{span} ago"),
        None => "just now".to_owned(),
    }
}

/// When something ends: `in 3 hours`.
pub(crate) fn end(at: SystemTime, now: SystemTime) -> String {
    match at.duration_since(now).map(nearly) {
        Ok(Some(span)) => format!("in {span}"),
        Ok(None) => "in a moment".to_owned(),
        Err(_) => "over".to_owned(),
    }
}

/// What is left of 12 hours when it is first told is not 11.
fn nearly(length: Duration) -> Option<String> {
    span(length.saturating_add(Duration::from_secs(30)))
}

/// How long something is good that ends at a time the API wrote: ` for 3 hours`; nothing where that
/// is not known.
pub(crate) fn life(until: Option<&str>, now: SystemTime) -> String {
    let until = until.and_then(|text| parse_rfc3339(text).ok());
    match until.map(|at| at.duration_since(now).map(nearly)) {
        Some(Ok(Some(span))) => format!(" for {span}"),
        Some(_) => " for a moment".to_owned(),
        None => String::new(),
    }
}

/// The largest whole unit of a span, from a minute on.
fn span(length: Duration) -> Option<String> {
    let seconds = length.as_secs();
    let units = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let (length, name) = units.into_iter().find(|(length, _)| seconds >= *length)?;
    let count = seconds / length;
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("{count} {name}{plural}"))
}

/// How long something took or will take: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn lasted(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", span.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// `1 blob`, `2 blobs`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The start of a digest, which is enough for people to tell digests apart.
pub(crate) fn short(digest: &str) -> &str {
    let length = digest.find(':').map_or(0, |colon| colon + 1) + 12;
    digest.get(..length).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns() {
        let rows = [
            ["v1".to_owned(), "1 B".to_owned()],
            ["latest".to_owned(), String::new()],
        ];
        let expected = "TAG     SIZE\nv1      1 B\nlatest\n";
        assert_eq!(table(["TAG", "SIZE"], &rows), expected);
    }

    #[test]
    fn facts_are_told_below_one_another() {
        let told = [
            ("ID", "7".to_owned()),
            ("E-MAIL", String::new()),
            ("NAME", "ana".to_owned()),
        ];
        assert_eq!(facts(&told), "ID    7\nNAME  ana\n");
    }

    #[test]
    fn sizes_and_ages_are_for_people() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_536, "1.5 KiB"),
            (10 << 20, "10 MiB"),
            (u64::MAX, "15 EiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
        for (seconds, shown) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_200, "2 hours ago"),
            (86_400, "1 day ago"),
            (40 * 86_400, "1 month ago"),
            (800 * 86_400, "2 years ago"),
        ] {
            assert_eq!(age(now - Duration::from_secs(seconds), now), shown);
        }
        assert_eq!(age(now + Duration::from_secs(9), now), "just now");
        for (seconds, shown) in [
            (0, "in a moment"),
            (60, "in 1 minute"),
            (7_200, "in 2 hours"),
        ] {
            assert_eq!(end(now + Duration::from_secs(seconds), now), shown);
        }
        assert_eq!(end(now - Duration::from_secs(1), now), "over");
        assert_eq!(end(now + Duration::from_secs(43_190), now), "in 12 hours");
        let told = |text| life(Some(text), SystemTime::UNIX_EPOCH);
        assert_eq!(told("1970-01-02T00:00:00.000Z"), " for 1 day");
        assert_eq!(told("1970-01-01T00:00:00.000Z"), " for a moment");
        assert_eq!(
            (told("soon"), life(None, now)),
            (String::new(), String::new())
        );
        assert_eq!(short("sha256:0123456789abcdef"), "sha256:0123456789ab");
        assert_eq!(short("odd"), "odd");
    }

    #[test]
    fn what_something_took_is_for_people() {
        for (millis, shown) in [
            (430, "0.4 s"),
            (59_999, "59 s"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(lasted(Duration::from_millis(millis)), shown);
        }
    }
}
