//! What copies of the database are called: `metadata-20261126T021500.000Z.db`, so that they sort by
//! time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pierhead::model::{parse_rfc3339, rfc3339_millis};

const PREFIX: &str = "metadata-";
const SUFFIX: &str = "Z.db";

/// The name of a copy that was begun at this time.
pub(super) fn name(at: SystemTime) -> String {
    let mut time = rfc3339_millis(at).replace(['-', ':'], "");
    time.truncate(time.len() - 1);
    format!("{PREFIX}{time}{SUFFIX}")
}

/// When a copy of this name was begun; `None` for what is no such name.
pub(super) fn time(name: &str) -> Option<SystemTime> {
    let time = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (date, clock) = time.split_once('T')?;
    let part = |text: &str, from, to| text.get(from..to).map(str::to_owned);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(date, 0, 4)?,
        part(date, 4, 6)?,
        part(date, 6, 8)?,
        part(clock, 0, 2)?,
        part(clock, 2, 4)?,
        clock.get(4..)?
    );
    let at = parse_rfc3339(&text).ok()?;
    (self::name(at) == name).then_some(at)
}

/// Every copy in a directory, the oldest first.
pub(super) fn all(directory: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Ok(name) = entry?.file_name().into_string()
            && time(&name).is_some()
        {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Half a copy that a killed process left, or the name of a whole one.
pub(super) fn is_of_copy(name: &str) -> bool {
    let whole = name.strip_suffix(".partial").unwrap_or(name);
    let whole = whole.strip_suffix("-journal").unwrap_or(whole);
    let whole = whole.strip_suffix(".partial").unwrap_or(whole);
    time(whole).is_some()
}

/// The same, those first whose time is later than `now`: a clock that was wrong has named them, and
/// nobody knows how old they are.
pub(super) fn by_age(directory: &Path, now: &str) -> io::Result<Vec<String>> {
    let mut found = all(directory)?;
    let past = found.partition_point(|name| name.as_str() <= now);
    found.rotate_left(past);
    Ok(found)
}

/// The newest copy in a directory that may not be there.
pub(super) fn newest(directory: &Path) -> Option<PathBuf> {
    let newest = by_age(directory, &name(SystemTime::now())).ok()?.pop()?;
    Some(directory.join(newest))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_is_a_time_and_sorts_like_it() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_659_300_123);
        assert_eq!(name(at), "metadata-20261126T021500.123Z.db");
        assert_eq!(time(&name(at)), Some(at));
        assert!(name(at) < name(at + Duration::from_millis(1)));
        for other in [
            "metadata.db",
            "metadata-.db",
            "metadata-20261126T021500.123Z.db.partial",
            "metadata-20261326T021500.123Z.db",
            "metadata-20261126T021500.12Z.db",
            "metadata-2026112ßT021500.123Z.db",
        ] {
            assert_eq!(time(other), None, "{other}");
        }
        for left in ["", ".partial", ".partial-journal"] {
            assert!(is_of_copy(&format!("{}{left}", name(at))), "{left}");
        }
        assert!(!is_of_copy("metadata.db"));
    }
}
