//! What a check found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use pierhead::model::{ContentDigest, RepositoryName};
use pierhead::sqlite::{MissingReference, SqliteReader};
use pierhead::storage::BlobRecord;
use serde::Serialize;

use super::blobs::Damage;
use crate::failure::Failure;
use crate::table::{self, count, lasted, size};
use crate::terminal::{print, say};

/// How many of those who would miss something are told.
const NAMED: usize = 1_000;

/// Something that is not as it should be, and who misses it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// What is wrong, in a few words.
    pub(super) what: String,
    /// The blob or the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    /// Where its bytes are, or should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// Tags by which it is found, by repository. Without tags: it is there, or was uploaded for it.
    pub(super) affected: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    of: Option<ContentDigest>,
    /// Nobody else misses it, whoever has the same manifest.
    #[serde(skip)]
    only: Option<String>,
}

impl Finding {
    /// A blob whose file is not what it should be.
    pub(super) fn blob(record: &BlobRecord, damage: Damage) -> Self {
        let what = match damage {
            Damage::Missing => "blob missing",
            Damage::Length => "blob of wrong length",
            Damage::Bytes => "blob damaged",
            Damage::Unreadable => "blob unreadable",
        };
        let place = record.place.as_str();
        Self {
            what: what.to_owned(),
            file: place.get(..2).map(|shard| format!("blobs/{shard}/{place}")),
            ..Self::of(record.digest)
        }
    }

    /// A manifest whose bytes are others.
    pub(super) fn manifest(digest: ContentDigest) -> Self {
        Self {
            what: "manifest damaged".to_owned(),
            ..Self::of(digest)
        }
    }

    /// A manifest that names what no row says, so that nothing keeps it.
    pub(super) fn lacking(digest: ContentDigest, repository: &RepositoryName) -> Self {
        Self {
            what: "names what the database does not know".to_owned(),
            only: Some(repository.to_string()),
            ..Self::of(digest)
        }
    }

    /// A manifest that names what its repository does not have.
    pub(super) fn reference(missing: &MissingReference) -> Self {
        let kind = if missing.child { "manifest" } else { "blob" };
        Self {
            what: format!("names a {kind} that is not there"),
            only: Some(missing.repository.to_string()),
            ..Self::of(missing.manifest)
        }
    }

    /// Something about the database itself.
    pub(super) fn database(what: String) -> Self {
        Self {
            what,
            digest: None,
            file: None,
            affected: BTreeMap::new(),
            of: None,
            only: None,
        }
    }

    fn of(digest: ContentDigest) -> Self {
        Self {
            digest: Some(digest.to_string()),
            of: Some(digest),
            ..Self::database(String::new())
        }
    }

    /// Asks the rows who misses it, which damaged ones may not say.
    pub(super) fn name(&mut self, rows: &SqliteReader) {
        let named = self.of.as_ref();
        let named = named.and_then(|digest| rows.named_by(digest, NAMED).ok());
        for by in named.into_iter().flatten() {
            let repository = by.repository.to_string();
            if self.only.as_ref().is_some_and(|only| *only != repository) {
                continue;
            }
            let tags = self.affected.entry(repository).or_default();
            tags.extend(by.tag.map(|tag| tag.to_string()));
        }
    }
}

/// All that a check found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    pub(super) whole: bool,
    pub(super) blobs: u64,
    pub(super) bytes: u64,
    pub(super) manifests: u64,
    /// All that is wrong; `damage` has at most the first hundred thousand.
    pub(super) damaged: u64,
    pub(super) damage: Vec<Finding>,
    /// Manifests that name what is not there, where the configuration or the kind of layer allows that.
    pub(super) missing_references: u64,
    /// Files of uploads under way.
    pub(super) uploads: Files,
    /// Files that wait to be removed.
    pub(super) condemned: Files,
    /// Files that nothing names, and never will.
    pub(super) orphans: Files,
}

/// Files that are no blob's.
#[derive(Debug, Default, Serialize)]
pub(super) struct Files {
    pub(super) count: u64,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) paths: Vec<String>,
}

impl Found {
    /// Whether the database itself is damaged.
    pub(super) fn database(&self) -> bool {
        self.damage.iter().any(|finding| finding.digest.is_none())
    }

    /// Writes it to standard output, for people or for programs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, json: bool, took: Duration) -> Result<(), Failure> {
        let text = if json {
            let text = serde_json::to_string_pretty(self);
            text.map_err(|error| Failure::because("the report cannot be written", &error))? + "\n"
        } else {
            self.text(took)
        };
        print(&text)
    }

    fn text(&self, took: Duration) -> String {
        let mut text = String::new();
        if !self.damage.is_empty() {
            text += &table(&self.damage);
            text += "\n";
        }
        let _ = writeln!(
            text,
            "{}: {} in {}, {}; took {}",
            if self.whole { "whole" } else { "DAMAGED" },
            size(self.bytes),
            count(self.blobs, "blob"),
            count(self.manifests, "manifest"),
            lasted(took)
        );
        for (files, what) in [
            (&self.uploads, "of uploads under way"),
            (&self.condemned, "waiting to be removed"),
            (&self.orphans, "that nothing names (--json has their names)"),
        ] {
            if files.count > 0 {
                let (count, size) = (count(files.count, "file"), size(files.bytes));
                let _ = writeln!(text, "{count} ({size}) {what}");
            }
        }
        if self.missing_references > 0 {
            let what = "of manifests to what is not there, and need not be";
            let references = count(self.missing_references, "reference");
            let _ = writeln!(text, "{references} {what}");
        }
        text
    }
}

/// Says what was found, and who misses it, on standard error.
pub(super) fn tell(findings: &mut [Finding], rows: &SqliteReader) {
    for finding in &mut *findings {
        finding.name(rows);
    }
    say(table(findings).trim_end());
}

/// A line for each finding and repository.
fn table(findings: &[Finding]) -> String {
    let mut rows = Vec::new();
    for finding in findings {
        let digest = finding.digest.as_deref().map_or("", table::short);
        let row = |repository: &str, tags: &str| {
            [&finding.what, digest, repository, tags].map(str::to_owned)
        };
        if finding.affected.is_empty() {
            rows.push(row("", ""));
        }
        for (repository, tags) in &finding.affected {
            rows.push(row(repository, &tags.join(", ")));
        }
    }
    table::table(["WHAT", "DIGEST", "REPOSITORY", "TAGS"], &rows)
}

/// `1 repository`, `2 repositories`.
pub(super) fn repositories(number: u64) -> String {
    match number {
        1 => "1 repository".to_owned(),
        many => format!("{many} repositories"),
    }
}
