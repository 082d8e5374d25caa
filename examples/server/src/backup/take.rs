//! `pierhead backup`: a state of a registry, beside a running server or without one.
//!
//! First a copy of the database, then every blob it names: bytes are written before their row and
//! removed long after it, so what the copy names is there, unless a collection came first. Then
//! another copy is taken, and what it names in addition is copied. Only then does the backup
//! become what its record names, at once; so breaking off at any moment leaves the former one.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Instant, SystemTime};

use clap::Args;
use pierhead::fs::BlobFiles;
use pierhead::sqlite::{SqliteReader, Totals};
use pierhead::storage::{BlobRecord, StoreError};

use super::blobs::{self, Copied, Damage, locked};
use super::progress::Progress;
use super::record::{self, Record};
use super::report::{self, Finding};
use super::target::Target;
use super::{Whose, failed, look, names, rows, way_back};
use crate::data_dir::Layout;
use crate::failure::{Failure, chain};
use crate::table::{count, lasted, size};
use crate::terminal::{print, say};

/// How often a new copy of the database is taken because blobs were collected meanwhile.
const ROUNDS: u32 = 5;

/// How many damaged blobs are told in full.
const TOLD: usize = 1_000;

/// What is to be kept, and where.
#[derive(Args, Clone, Debug)]
pub(crate) struct BackupArgs {
    /// The directory of the backup, best on another disk: a new one, or that of the last backup, where
    /// only what is new is copied
    #[arg(value_name = "TO")]
    to: PathBuf,
    #[command(flatten)]
    whose: Whose,
    /// Do not compare what is copied with its digest
    #[arg(long)]
    fast: bool,
}

/// What one round of copying came to.
#[derive(Debug, Default)]
struct Round {
    copied: u64,
    copied_bytes: u64,
    there: u64,
    /// Collected between the copy of the database and now.
    collected: u64,
    damaged: u64,
    findings: Vec<Finding>,
}

/// Takes a backup.
///
/// # Errors
/// When there is nothing to back up, the directory cannot be used, or not all could be copied.
pub(crate) fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    let (_, data) = args.whose.read()?;
    let (live, blobs) = look(&data)?;
    let mut target = Target::take(&args.to, &data)?;
    same_registry(&live, &target)?;
    let untidy = |error| Failure::because("what an earlier try left cannot be removed", &error);
    target.tidy().map_err(untidy)?;
    // A copy leaves out what cannot be found any more, and looks whole.
    let wrong = rows::database(&live)
        .map_err(|error| Failure::because("the database cannot be checked", &error))?;
    if target.shares_disk(&data) {
        say(&format!(
            "{} is on the same disk as the data: it does not outlive that disk",
            target.path.display()
        ));
    }
    let live = Mutex::new(live);
    let mut total = Round::default();
    for round in 1..=ROUNDS {
        let at = SystemTime::now();
        let name = names::name(at);
        let done = copied(&data, &live, &blobs, &target, &name, &wrong, args.fast);
        let (rows, totals, round_total) = match done {
            Ok(done) => done,
            Err(failure) => {
                // What is half done would only take room.
                let _ = target.tidy();
                return Err(failure);
            }
        };
        total.copied += round_total.copied;
        total.copied_bytes += round_total.copied_bytes;
        if round_total.collected > 0 {
            drop(rows);
            let _ = target.tidy();
            say(&format!(
                "{} collected while copying, looking again ({round} of {ROUNDS})",
                count(round_total.collected, "blob")
            ));
            continue;
        }
        let registry = rows.identity();
        let registry =
            registry.map_err(|error| Failure::because("the copy is unreadable", &error))?;
        let mut record = Record::of(&target.path, &name, at, registry, totals)?;
        record.damaged = round_total.damaged;
        record.database_damaged = !wrong.is_empty();
        record.write(&target.path)?;
        target.record = Some(record);
        // The new one is in place; from here on a failure costs nothing but room.
        let untidy = |error| Failure::because("the former backup was not removed", &error);
        target.tidy().map_err(untidy)?;
        let (removed, removed_bytes) = target.prune(&rows)?;
        print(&format!(
            "{}: {} with {}, {} in {} ({}); {} copied ({}), {} there before, {} removed ({}); took {}\n",
            target.path.display(),
            report::repositories(totals.repositories),
            count(totals.tags, "tag"),
            size(totals.bytes),
            count(totals.blobs, "blob"),
            pierhead::model::rfc3339(at),
            total.copied,
            size(total.copied_bytes),
            round_total.there,
            removed,
            size(removed_bytes),
            lasted(begun.elapsed())
        ))?;
        return whole(&args.to, &rows, round_total);
    }
    Err(Failure::happened(format!(
        "blobs were collected in each of {ROUNDS} rounds before they were copied, and {} is as it was \
         before; raise collector.keep above the time a backup takes, or try again",
        target.path.display()
    )))
}

/// Refuses to turn the backup of one registry into that of another: most often a data directory
/// that is new because a disk was not mounted. The same for a registry that went back to a state
/// before this backup, or has a twin that made it: there would be no copy any more of what only the
/// backup has.
fn same_registry(live: &SqliteReader, target: &Target) -> Result<(), Failure> {
    // Where the record is lost, its database may still be there.
    let last = match &target.record {
        Some(record) => target.path.join(&record.database),
        None => match names::newest(&target.path) {
            Some(left) => left,
            None => return Ok(()),
        },
    };
    let unread = |error| Failure::because("the database cannot be read", &error);
    let here = live.identity().map_err(unread)?;
    let earlier = SqliteReader::open(&last);
    let of = match (&target.record, &earlier) {
        (Some(record), _) => record.registry.clone(),
        (None, Ok(earlier)) => earlier.identity().ok().flatten().map(record::registry),
        (None, Err(_)) => None,
    };
    let here = here.map(record::registry);
    let what = if here.is_some() && of.is_some() && of != here {
        "is the backup of another registry"
    } else {
        match &earlier {
            Ok(earlier) if live.follows(earlier).is_ok_and(|follows| !follows) => {
                "has what this registry has never had: it went back to an earlier state, or \
                 another machine runs a copy of it"
            }
            Ok(_) => return Ok(()),
            Err(error) => return not_lost(target, error),
        }
    };
    let of_when = target.record.as_ref().map_or_else(String::new, |last| {
        format!(" ({}, {})", last.begun_at, count(last.blobs, "blob"))
    });
    Err(Failure::told(format!(
        "{} {what}{of_when}; is {} the right data directory? name another directory for its backup, \
         or remove that one first",
        target.path.display(),
        live.path().parent().unwrap_or(Path::new(".")).display()
    )))
}

/// What is damaged is worth no refusal: it takes another backup to have one. What is whole, and only
/// another program can read, may have what nothing else has.
fn not_lost(target: &Target, error: &StoreError) -> Result<(), Failure> {
    let whole = |record: &Record| record.check(&target.path).is_ok();
    if !target.record.as_ref().is_some_and(whole) {
        return Ok(());
    }
    let shown = target.path.display();
    let what = format!("the backup in {shown} is whole, and this program cannot read it");
    Err(Failure::because(what, error).with_hint("use the one that made it, or another directory"))
}

/// A copy of the database, and of every blob it names that is there.
fn copied(
    data: &Layout,
    live: &Mutex<SqliteReader>,
    blobs: &BlobFiles,
    target: &Target,
    name: &str,
    wrong: &[Finding],
    fast: bool,
) -> Result<(SqliteReader, Totals, Round), Failure> {
    let remedy = "make room or name a directory on a larger disk; the last backup there is whole";
    let broken =
        |what: String| move |error: StoreError| failed(what.clone(), &target.path, remedy, &error);
    let path = target.path.join(name);
    let unread = broken(format!("the database was not copied to {}", path.display()));
    let unread = |error| match way_back(data) {
        Some(hint) if matches!(error, StoreError::Corrupt { .. }) => Failure::happened(format!(
            "the database is damaged ({}), and the last backup in {} is as it was; {hint}",
            chain(&error),
            target.path.display()
        )),
        _ => unread(error),
    };
    locked(live).snapshot(&path).map_err(&unread)?;
    let mut rows = SqliteReader::open(&path).map_err(&unread)?;
    let wrong = not_worse(wrong, &rows, target)?;
    let totals = rows.totals().map_err(&unread)?;
    let progress = Progress::new("backing up", totals.blobs, totals.bytes);
    let done = Mutex::new(Round {
        damaged: wrong.len() as u64,
        findings: wrong,
        ..Round::default()
    });
    progress.shown(|| {
        blobs::each(&mut rows, |record| {
            let place = &record.place;
            let unwritten = broken(format!("{} (blob {place}) was not copied", record.digest));
            let fate =
                blobs::copy(record, blobs, &target.blobs, fast, &progress).map_err(&unwritten)?;
            // Whether it went for good is read in the rows only now that it is not there.
            let collected = fate == Copied::No(Damage::Missing) && {
                let now = locked(live).blob(&record.digest).map_err(&unwritten)?;
                now.is_none_or(|now| now.place != *place)
            };
            progress.file();
            locked(&done).count(record, fate, collected);
            Ok(())
        })
    })?;
    target
        .blobs
        .sync()
        .map_err(broken("the blobs were not copied".to_owned()))?;
    let done = done.into_inner();
    Ok((rows, totals, done.unwrap_or_default()))
}

/// What is damaged in the database, or in the rows of its new copy. When the last backup does not have
/// that damage, the new one must not take its place: the rows there may be the only good ones.
fn not_worse(
    damage: &[Finding],
    rows: &SqliteReader,
    target: &Target,
) -> Result<Vec<Finding>, Failure> {
    let unread = |error| Failure::because("the copy of the database cannot be checked", &error);
    let mut wrong = rows::wrong(rows).map_err(unread)?;
    for found in damage {
        if !wrong.iter().any(|it| it.what == found.what) {
            wrong.push(found.clone());
        }
    }
    let Some(record) = target.record.as_ref().filter(|_| !wrong.is_empty()) else {
        return Ok(wrong);
    };
    let last = SqliteReader::open(target.path.join(&record.database));
    // Of what cannot be read nothing is lost.
    let Ok(before) = last.and_then(|last| rows::wrong(&last)) else {
        return Ok(wrong);
    };
    let new = |it: &Finding| {
        let known = |known: &Finding| (&known.what, &known.digest) == (&it.what, &it.digest);
        let of_database = record.database_damaged && it.digest.is_none();
        !of_database && !before.iter().any(known)
    };
    if !wrong.iter().any(new) {
        return Ok(wrong);
    }
    wrong.retain(new);
    report::tell(&mut wrong, rows);
    Err(Failure::happened(format!(
        "the database is damaged, and the backup in {} is not: it is as it was. Push what is named \
         above again, or go back to that backup; until then, back up what is new into another \
         directory",
        target.path.display()
    )))
}

impl Round {
    fn count(&mut self, record: &BlobRecord, fate: Copied, collected: bool) {
        match fate {
            Copied::Now => {
                self.copied += 1;
                self.copied_bytes += record.size;
            }
            Copied::Before => self.there += 1,
            Copied::No(_) if collected => self.collected += 1,
            Copied::No(damage) => {
                self.damaged += 1;
                if self.findings.len() < TOLD {
                    self.findings.push(Finding::blob(record, damage));
                }
            }
        }
    }
}

/// Says what the backup lacks because the data directory has lost it.
fn whole(to: &Path, rows: &SqliteReader, round: Round) -> Result<(), Failure> {
    if round.damaged == 0 {
        return Ok(());
    }
    let mut findings = round.findings;
    report::tell(&mut findings, rows);
    Err(Failure::happened(format!(
        "the backup in {} is finished, but {} in the data directory, and not in the backup either; \
         push what is named above again",
        to.display(),
        match round.damaged {
            1 => "1 thing is lost or damaged".to_owned(),
            many => format!("{many} things are lost or damaged"),
        }
    )))
}
