//! Snapshots of the database that the server takes by itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use pierhead::sqlite::SqliteStore;

use super::names;
use crate::config::Snapshot;
use crate::failure::chain;
use crate::private;

/// How long after a start the first one is taken at the earliest: a start has enough to do.
const FIRST: Duration = Duration::from_secs(60);

/// After how long it is tried again when it did not work, unless one is due sooner.
const AGAIN: Duration = Duration::from_secs(15 * 60);

/// A snapshot that is there now.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

/// Takes snapshots for ever, and tells `report` of every try: a future to be dropped. One that is
/// under way then is finished when the store is closed.
pub(crate) async fn snapshots(
    store: SqliteStore,
    directory: PathBuf,
    rule: Snapshot,
    mut report: impl FnMut(Result<Taken, String>),
) {
    let every = rule.every.0;
    let keep = usize::try_from(rule.keep).unwrap_or(usize::MAX);
    if keep == 0 {
        return std::future::pending().await;
    }
    let mut wait = due(&directory, every).max(FIRST.min(every));
    loop {
        tokio::time::sleep(wait).await;
        let taken = round(&store, &directory, keep).await;
        wait = match taken {
            Ok(_) => every,
            // One that is there, beside old ones that cannot be removed, is not taken again: they
            // would fill the disk.
            Err(_) => due(&directory, every).max(AGAIN.min(every)),
        };
        report(taken);
    }
}

/// How long until the next one is due.
fn due(directory: &Path, every: Duration) -> Duration {
    let age = names::newest(directory).and_then(|newest| {
        let at = names::time(newest.file_name()?.to_str()?)?;
        // How old those are that a clock gone wrong has named, nobody knows.
        SystemTime::now().duration_since(at).ok()
    });
    age.map_or(Duration::ZERO, |age| every.saturating_sub(age))
}

/// Takes one, and then removes the oldest beyond so many.
async fn round(store: &SqliteStore, directory: &Path, keep: usize) -> Result<Taken, String> {
    let failed = |error: io::Error| error.to_string();
    private::directory(directory).map_err(failed)?;
    let begun = Instant::now();
    let name = names::name(SystemTime::now());
    let path = directory.join(&name);
    let taken = store.snapshot(&path).await;
    taken.map_err(|error| chain(&error))?;
    let bytes = fs::metadata(&path).map_err(failed)?.len();
    thin_out(directory, &name, keep)
        .map_err(|error| format!("the old ones were not removed ({error})"))?;
    let took = begun.elapsed();
    Ok(Taken { path, bytes, took })
}

/// Removes the oldest but so many, and what a killed server left. The newest is the one just taken,
/// whatever the clock said of others.
fn thin_out(directory: &Path, newest: &str, keep: usize) -> io::Result<()> {
    let all = names::by_age(directory, newest)?;
    for old in all.iter().rev().skip(keep) {
        fs::remove_file(directory.join(old))?;
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if names::is_of_copy(&name) && names::time(&name).is_none() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    fn files(directory: &Path) -> Vec<String> {
        let mut found: Vec<_> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        found.sort();
        found
    }

    #[tokio::test]
    async fn so_many_stay_and_they_are_the_newest() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let store = SqliteStore::open_temporary().expect("a database");
        let directory = scratch.path().join("snapshots");
        fs::create_dir(&directory).expect("a directory");
        let old = "metadata-20200101T000000.000Z.db";
        for name in [old, "metadata-20200102T000000.000Z.db.partial", "notes.txt"] {
            fs::write(directory.join(name), "").expect("a scratch file");
        }
        let rule = Snapshot {
            every: Span(Duration::from_millis(20)),
            keep: 2,
        };
        let mut tries = Vec::new();
        let run = snapshots(store.clone(), directory.clone(), rule, |it| tries.push(it));
        let ended = tokio::time::timeout(Duration::from_millis(1_500), run).await;
        assert!(ended.is_err(), "it never ends");
        assert!(
            tries.len() > 2 && tries.iter().all(Result::is_ok),
            "{tries:?}"
        );
        store.close().await.expect("a last snapshot ends in order");
        // The last one may have come after the last look.
        let now = names::name(SystemTime::now());
        thin_out(&directory, &now, 2).expect("a directory");
        let found = files(&directory);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(!found.contains(&old.to_owned()), "{found:?}");
        assert_eq!(found[2], "notes.txt", "what is not ours stays");
    }

    #[test]
    fn what_a_clock_gone_wrong_has_named_goes_before_what_was_just_taken() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let name = |year: u32| format!("metadata-{year}0101T000000.000Z.db");
        for year in [2020, 2021, 2022, 2030, 2031] {
            fs::write(scratch.path().join(name(year)), "").expect("a scratch file");
        }
        let newest = names::newest(scratch.path()).expect("there are some");
        assert!(newest.ends_with(name(2022)), "{}", newest.display());
        for (keep, left) in [(4, &[2020, 2021, 2022, 2031][..]), (1, &[2022])] {
            thin_out(scratch.path(), &name(2022), keep).expect("a directory");
            let left: Vec<_> = left.iter().copied().map(name).collect();
            assert_eq!(files(scratch.path()), left);
        }
    }

    #[test]
    fn what_a_clock_gone_wrong_has_named_does_not_put_off_the_next() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let hour = Duration::from_secs(3_600);
        let put = |name: &str| fs::write(scratch.path().join(name), "").expect("a scratch file");
        assert_eq!(due(scratch.path(), hour), Duration::ZERO, "there is none");
        put("metadata-99990101T000000.000Z.db");
        assert_eq!(due(scratch.path(), hour), Duration::ZERO);
        put(&names::name(SystemTime::now()));
        let left = due(scratch.path(), hour);
        assert!(left > hour / 2 && left <= hour, "{left:?}");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_and_tried_again() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let store = SqliteStore::open_temporary().expect("a database");
        let directory = scratch.path().join("snapshots");
        fs::write(&directory, "in the way").expect("a scratch file");
        let rule = Snapshot {
            every: Span(Duration::from_millis(20)),
            keep: 1,
        };
        let mut tries = Vec::new();
        let run = snapshots(store, directory, rule, |it| tries.push(it));
        let ended = tokio::time::timeout(Duration::from_millis(500), run).await;
        assert!(ended.is_err() && tries.len() > 1 && tries.iter().all(Result::is_err));
    }

    #[tokio::test]
    async fn none_are_taken_when_none_are_kept() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let store = SqliteStore::open_temporary().expect("a database");
        let directory = scratch.path().join("snapshots");
        let rule = Snapshot {
            every: Span(Duration::ZERO),
            keep: 0,
        };
        let run = snapshots(store, directory.clone(), rule, |it| panic!("{it:?}"));
        let ended = tokio::time::timeout(Duration::from_millis(100), run).await;
        assert!(ended.is_err() && !directory.exists());
    }
}
