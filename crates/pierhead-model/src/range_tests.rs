//! Tests of byte ranges.

use proptest::prelude::*;

use super::*;

#[derive(Debug, PartialEq)]
enum Answer {
    Bytes(u64, u64),
    Unsatisfiable,
    Multiple,
    Unit,
    Malformed,
}
use Answer::{Bytes, Malformed, Multiple, Unit};

#[test]
fn a_range_means_these_bytes() {
    let max = "18446744073709551615";
    let huge = "9".repeat(1_000_000);
    for (header, len, expected) in [
        ("bytes=0-0", 10, Bytes(0, 1)),
        ("bytes=0-9", 10, Bytes(0, 10)),
        ("bytes=0-10", 10, Bytes(0, 10)),
        ("bytes=9-", 10, Bytes(9, 10)),
        ("bytes=10-", 10, Answer::Unsatisfiable),
        ("bytes=10-20", 10, Answer::Unsatisfiable),
        ("bytes=-1", 10, Bytes(9, 10)),
        ("bytes=-10", 10, Bytes(0, 10)),
        ("bytes=-11", 10, Bytes(0, 10)),
        ("bytes=-0", 10, Answer::Unsatisfiable),
        ("bytes=0-", 0, Answer::Unsatisfiable),
        ("bytes=-5", 0, Answer::Unsatisfiable),
        ("BYTES=1-2", 10, Bytes(1, 3)),
        ("bytes= 1-2 ", 10, Bytes(1, 3)),
        ("bytes=007-008", 10, Bytes(7, 9)),
        (&format!("bytes=0-{max}"), 10, Bytes(0, 10)),
        (
            &format!("bytes={max}-{max}"),
            u64::MAX,
            Answer::Unsatisfiable,
        ),
        (&format!("bytes=0-{huge}"), 10, Bytes(0, 10)),
        (&format!("bytes={huge}-"), 10, Answer::Unsatisfiable),
        (&format!("bytes=-{huge}"), 10, Bytes(0, 10)),
        ("bytes=0-1,3-4", 10, Multiple),
        (&format!("bytes={}", "0-1,".repeat(1_000)), 10, Multiple),
        ("items=0-1", 10, Unit),
        ("=0-1", 10, Unit),
        ("", 10, Malformed),
        ("bytes", 10, Malformed),
        ("bytes=", 10, Malformed),
        ("bytes=-", 10, Malformed),
        ("bytes=a-b", 10, Malformed),
        ("bytes=1", 10, Malformed),
        ("bytes=2-1", 10, Malformed),
        ("bytes=1-2x", 10, Malformed),
        ("bytes=1--2", 10, Malformed),
        ("bytes=+1-2", 10, Malformed),
        ("bytes=0x1-2", 10, Malformed),
        ("bytes=١-٢", 10, Malformed),
    ] {
        let found = match ByteRange::parse(header) {
            Ok(range) => match range.resolve(len) {
                Ok(range) => Bytes(range.start, range.end),
                Err(error) => {
                    assert_eq!(error.len, len);
                    Answer::Unsatisfiable
                }
            },
            Err(RangeError::Multiple) => Multiple,
            Err(RangeError::Unit) => Unit,
            Err(RangeError::Malformed(_)) => Malformed,
        };
        assert_eq!(found, expected, "{header:.60}");
    }
}

#[test]
fn a_content_range_is_read_in_both_forms() {
    for (header, expected) in [
        ("0-0", Some((0, 0, None))),
        ("5-9", Some((5, 9, None))),
        ("5-9/*", Some((5, 9, None))),
        ("5-9/10", Some((5, 9, Some(10)))),
        ("bytes 5-9/10", Some((5, 9, Some(10)))),
        ("Bytes  5-9/*", Some((5, 9, None))),
        ("0-18446744073709551614", Some((0, u64::MAX - 1, None))),
        ("bytes 5-9", None),
        ("bytes=5-9", None),
        ("bytes */10", None),
        ("5-9/9", None),
        ("9-5", None),
        ("0-18446744073709551615", None),
        ("18446744073709551616-18446744073709551617", None),
        ("", None),
        ("-", None),
        ("-5", None),
        ("5-", None),
        ("5-9/", None),
        ("5-9/10x", None),
        ("5-9 ", None),
        (" 5-9", None),
        ("a-b", None),
        ("bytés 1-2", None),
    ] {
        let read = ContentRange::parse(header);
        let found = read
            .ok()
            .map(|range| (range.start(), range.end(), range.total()));
        assert_eq!(found, expected, "{header}");
    }
    assert_eq!("2-4".parse::<ContentRange>().unwrap().len(), 3);
}

proptest! {
    #[test]
    fn a_resolved_range_lies_within(header in "bytes=[0-9]{0,21}-[0-9]{0,21}", len in any::<u64>()) {
        if let Ok(range) = ByteRange::parse(&header)
            && let Ok(bytes) = range.resolve(len)
        {
            prop_assert!(bytes.start < bytes.end && bytes.end <= len);
        }
    }

    #[test]
    fn no_text_upsets_it(text in "\\PC{0,30}") {
        let _ = ByteRange::parse(&text);
        let _ = ContentRange::parse(&text);
    }

    #[test]
    fn content_ranges_go_round(start in 0..u64::MAX, more in any::<u64>()) {
        let end = start.saturating_add(more).min(u64::MAX - 1);
        let range = ContentRange::parse(&format!("{start}-{end}")).unwrap();
        prop_assert_eq!((range.start(), range.end()), (start, end));
        prop_assert_eq!(range.len(), end - start + 1);
    }
}
