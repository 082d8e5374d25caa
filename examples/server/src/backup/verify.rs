//! `pierhead verify`: whether what rows name is there and whole, in a data directory (a server may
//! be using it), in a backup, or of a snapshot.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use clap::Args;
use pierhead::fs::{BlobFiles, FileKind};
use pierhead::sqlite::{PlaceUse, SqliteReader};
use pierhead::storage::{BlobRecord, StoreError};

use super::blobs::{self, locked};
use super::progress::Progress;
use super::report::{Files, Finding, Found};
use super::{Whose, look, open_blobs, rows, target, way_back};
use crate::config::MissingReferences;
use crate::failure::{Failure, chain};

/// How many findings are told; more are counted.
const TOLD: usize = 100_000;

/// What is checked, and how well.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    whose: Whose,
    /// Check a backup instead of a data directory
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    backup: Option<PathBuf>,
    /// Check what this snapshot names among the blobs of the data directory
    #[arg(long, value_name = "FILE", conflicts_with = "backup")]
    snapshot: Option<PathBuf>,
    /// Look at lengths, and read no blob
    #[arg(long)]
    fast: bool,
    /// Write JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Checks, and says what it found on standard output.
///
/// # Errors
/// When something is damaged, or cannot be checked.
pub(crate) fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    let (config, data) = args.whose.read()?;
    let mut known = None;
    let (rows, files, _held) = match (&args.backup, &args.snapshot) {
        (Some(backup), _) => {
            let (record, rows, files, held) = target::read(backup)?;
            known = record.database_was_damaged();
            (rows, files, held)
        }
        (None, Some(snapshot)) => {
            let rows = SqliteReader::open(snapshot).map_err(|error| {
                Failure::because(format!("{} cannot be read", snapshot.display()), &error)
            })?;
            (rows, open_blobs(&data.blobs())?, None)
        }
        (None, None) => {
            let (rows, files) = look(&data)?;
            (rows, files, None)
        }
    };
    let mut check = Check {
        rows,
        files,
        fast: args.fast,
        found: Found::default(),
    };
    if let Some(known) = known {
        check.add(known);
    }
    let checked = check.all(config.missing_references);
    // Rows of another time than the files, or damaged ones, do not say what nobody needs.
    if args.snapshot.is_some() || check.found.database() {
        check.found.orphans = Files::default();
    }
    // What was found before it was broken off is worth knowing.
    if checked.is_ok() || check.found.damaged > 0 {
        check.found.write(args.json, begun.elapsed())?;
    }
    checked?;
    let number = match check.found.damaged {
        0 => return Ok(()),
        1 => "1 damage was".to_owned(),
        many => format!("{many} damages were"),
    };
    let its_own = args.backup.is_none() && args.snapshot.is_none();
    let remedy = if !check.found.database() {
        "mend what is named above from a backup, or remove the damaged files, which --json names, and \
         push it again"
            .to_owned()
    } else if let Some(way_back) = way_back(&data).filter(|_| its_own) {
        way_back
    } else {
        "use another backup, or another snapshot".to_owned()
    };
    Err(Failure::happened(format!("{number} found; {remedy}")))
}

/// A part of a check.
type Step = fn(&mut Check) -> Result<(), Broken>;

struct Check {
    rows: SqliteReader,
    files: BlobFiles,
    fast: bool,
    found: Found,
}

impl Check {
    fn all(&mut self, allowed: MissingReferences) -> Result<(), Failure> {
        match rows::database(&self.rows) {
            Ok(wrong) => {
                for wrong in wrong {
                    self.add(wrong);
                }
            }
            Err(error) => self.add(Finding::database(chain(&error))),
        }
        // Of a damaged database as much is told as can be read.
        let references: Step = match allowed {
            MissingReferences::Refuse => |it| it.references(false, false),
            MissingReferences::Children => |it| it.references(true, false),
            MissingReferences::All => |it| it.references(true, true),
        };
        let steps: [Step; 4] = [Self::manifests, Self::blobs, Self::strays, references];
        for step in steps {
            match step(self) {
                Ok(()) => {}
                Err(Broken::Rows(error)) if matches!(*error, StoreError::Corrupt { .. }) => {
                    self.add(Finding::database(chain(&*error)));
                }
                Err(Broken::Rows(error)) => {
                    return Err(Failure::because("not all was checked", &*error));
                }
                Err(Broken::Otherwise(failure)) => return Err(failure),
            }
        }
        self.found.whole = self.found.damaged == 0;
        Ok(())
    }

    fn add(&mut self, mut finding: Finding) {
        // Every step may meet the same damage of the database.
        if finding.digest.is_none() && self.found.damage.iter().any(|it| it.what == finding.what) {
            return;
        }
        self.found.damaged += 1;
        if self.found.damage.len() < TOLD {
            // A damaged database may not say who is affected; that it is damaged is told by itself.
            finding.name(&self.rows);
            self.found.damage.push(finding);
        }
    }

    /// Bytes that are not those of their digest, or name what no row does.
    fn manifests(&mut self) -> Result<(), Broken> {
        let (seen, wrong) = rows::manifests(&self.rows)?;
        self.found.manifests = seen;
        for wrong in wrong {
            self.add(wrong);
        }
        Ok(())
    }

    /// Blobs whose files are gone or others. What was collected while it was looked at is neither.
    fn blobs(&mut self) -> Result<(), Broken> {
        let totals = self.rows.totals()?;
        (self.found.blobs, self.found.bytes) = (totals.blobs, totals.bytes);
        let progress = Progress::new("checking", totals.blobs, totals.bytes);
        let suspects = Mutex::new(Vec::new());
        let (files, fast) = (&self.files, self.fast);
        let rows = &mut self.rows;
        progress.shown(|| {
            blobs::each(rows, |record| {
                let damage = blobs::check(record, files, fast, &progress);
                progress.file();
                let damage = damage.map_err(|error| {
                    Failure::because(format!("{} cannot be read", record.digest), &error)
                })?;
                if let Some(damage) = damage {
                    locked(&suspects).push((record.clone(), damage));
                }
                Ok(())
            })
        })?;
        for (record, damage) in suspects.into_inner().unwrap_or_default() {
            if self.is_named(&record)? {
                self.add(Finding::blob(&record, damage));
            }
        }
        Ok(())
    }

    /// Whether a blob is still where it was.
    fn is_named(&self, record: &BlobRecord) -> Result<bool, StoreError> {
        let now = self.rows.blob(&record.digest)?;
        Ok(now.is_some_and(|now| now.place == record.place))
    }

    /// Files that are no blob's.
    fn strays(&mut self) -> Result<(), Broken> {
        for part in 0..BlobFiles::PARTS {
            for file in self.files.part(part)? {
                let used = match &file.kind {
                    FileKind::Sealed(place) | FileKind::Open(place) => self.rows.place(place)?,
                    _ => None,
                };
                let stray = match used {
                    Some(PlaceUse::Blob(_)) => continue,
                    Some(PlaceUse::Upload) => &mut self.found.uploads,
                    Some(PlaceUse::Condemned) => &mut self.found.condemned,
                    // Its row goes after it; so it may have gone meanwhile.
                    _ if !self.files.is_there(&file)? => continue,
                    _ => &mut self.found.orphans,
                };
                stray.count += 1;
                stray.bytes += file.len;
                if used.is_none() && stray.paths.len() < TOLD {
                    stray.paths.push(format!("blobs/{}", file.path));
                }
            }
        }
        Ok(())
    }

    /// Manifests that name what is not there.
    fn references(&mut self, children: bool, blobs: bool) -> Result<(), Broken> {
        for missing in self.rows.missing_references(TOLD)? {
            let allowed = if missing.child { children } else { blobs };
            if allowed || !missing.distributable {
                self.found.missing_references += 1;
                continue;
            }
            self.add(Finding::reference(&missing));
        }
        Ok(())
    }
}

/// Why a step was not done.
enum Broken {
    /// The rows, or the directory, could not be read.
    Rows(Box<StoreError>),
    Otherwise(Failure),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Rows(Box::new(error))
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Otherwise(failure)
    }
}
