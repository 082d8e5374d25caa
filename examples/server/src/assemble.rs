//! The crates, joined.

use std::net::SocketAddr;
use std::sync::Arc;

use pierhead::Pierhead;
use pierhead::fs::{FsBlobStore, FsOptions};
use pierhead::model::ManifestLimits;
use pierhead::policy::{Certification, Options, ProjectCreation};
use pierhead::projects::{Job, Offload, Projects, ProjectsOptions, Registration};
use pierhead::registry::{Event, Limits, MissingReferences, Observer, TokioClock};
use pierhead::rest::{RestOptions, RestService};
use pierhead::sqlite::{SqliteOptions, SqliteStore};
use pierhead::storage::StoreError;

use crate::backup;
use crate::config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::keys;
use crate::mail::FileMailer;
use crate::settings::Settings;
use crate::watch::Watch;

/// A registry with its accounts and projects.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The registry and its protocol; closing it closes the database.
    pub(crate) pierhead: Pierhead,
    /// Accounts, teams, projects.
    pub(crate) projects: Projects,
    /// What manages them over the network.
    pub(crate) rest: RestService,
    /// The database behind all of them.
    pub(crate) rows: SqliteStore,
}

/// Opens the stores in the data directory and joins everything, to be reached at `at`.
///
/// # Errors
/// When a store cannot be opened or the keys cannot be read.
pub(crate) fn assemble(
    settings: &Settings,
    data: &DataDir,
    at: SocketAddr,
    watch: Arc<Watch>,
) -> Result<Parts, Failure> {
    let config = &settings.config;
    if !config.storage.sync {
        tracing::warn!(
            "storage.sync is off: acknowledged pushes are LOST when the power fails; remove it from \
             the configuration unless this is a test"
        );
    }
    let opened = |what: &str, error: StoreError| {
        Failure::because(
            format!(
                "the {what} in {} could not be opened",
                data.path().display()
            ),
            &error,
        )
    };
    let options = FsOptions::default().with_sync(config.storage.sync);
    let blobs = FsBlobStore::open(data.blobs(), options).map_err(|error| opened("blobs", error))?;
    let options = SqliteOptions::default().with_sync(config.storage.sync);
    let rows = SqliteStore::open(data.database(), options).map_err(|error| {
        let damaged = matches!(error, StoreError::Corrupt { .. });
        let failure = opened("database", error);
        match backup::way_back(data).filter(|_| damaged) {
            Some(hint) => Failure::happened(format!("{failure}; {hint}")),
            None => failure,
        }
    })?;
    let keys = keys::ring(&data.keys(), settings.token_life)?;

    let rows = Arc::new(rows);
    let mut options = ProjectsOptions::new(settings.url(at), settings.service(at))
        .with_hosts(settings.hosts())
        .with_policy(policy(config))
        .with_token_life(settings.token_life);
    if let Some(life) = config.session_life {
        options = options.with_session_life(life.0);
    }
    if let Some(life) = config.refresh_token_life {
        options = options.with_refresh_tokens(life.0);
    }
    if let Some(keep) = config.trash.keep {
        options = options.with_trash_keep(keep.0);
    }
    options = options.with_registration(match settings.registration() {
        config::Registration::Open => Registration::Open,
        config::Registration::Invitation => Registration::ByInvitation,
        config::Registration::Closed => Registration::Closed,
    });
    if let (Some(mail), Some(directory)) = (&config.mail, settings.mail(data)) {
        let mailer = FileMailer::open(directory, mail.from.clone(), settings.url(at))?;
        options = options.with_mailer(Arc::new(mailer));
    }
    let projects = Projects::new(
        rows.clone(),
        rows.clone(),
        keys,
        options,
        Arc::new(TokioClock),
        Arc::new(BlockingThreads),
    );
    let pierhead = Pierhead::builder(Arc::new(blobs), rows.clone(), Arc::new(TokioClock))
        .projects(&projects)
        .observer(Arc::new(Commits(watch)))
        .limits(limits(config))
        .missing_references(match config.missing_references {
            config::MissingReferences::Refuse => MissingReferences::Refuse,
            config::MissingReferences::Children => MissingReferences::Children,
            config::MissingReferences::All => MissingReferences::All,
        })
        .http(settings.http(at)?)
        .closing(SqliteStore::clone(&rows))
        .build();
    let rest = RestService::new(projects.clone(), RestOptions::default());
    Ok(Parts {
        pierhead,
        projects,
        rest,
        rows: SqliteStore::clone(&rows),
    })
}

fn policy(config: &config::Config) -> Options {
    Options {
        certification: match config.certification {
            config::Certification::NewRepository => Certification::NewRepository,
            config::Certification::EveryPush => Certification::EveryPush,
        },
        public_download: config.public_download,
        project_creation: match config.project_creation {
            config::ProjectCreation::Everyone => ProjectCreation::Everyone,
            config::ProjectCreation::Operators => ProjectCreation::Operators,
        },
    }
}

fn limits(config: &config::Config) -> Limits {
    let mut limits = Limits::default().with_manifest(ManifestLimits {
        max_bytes: usize::try_from(config.limits.manifest.0).unwrap_or(usize::MAX),
        opaque_manifests: config.opaque_manifests,
        ..ManifestLimits::default()
    });
    if let Some(blob) = config.limits.blob {
        limits = limits.with_max_blob(blob.0);
    }
    if let Some(grace) = config.collector.grace {
        limits = limits.with_grace(grace.0);
    }
    if let Some(idle) = config.collector.upload_idle {
        limits = limits.with_upload_idle(idle.0);
    }
    limits
}

/// Passwords are hashed beside blocking file work, on the runtime's own threads.
#[derive(Debug)]
struct BlockingThreads;

impl Offload for BlockingThreads {
    fn run(&self, job: Job) {
        drop(tokio::task::spawn_blocking(job));
    }
}

/// Counts what is committed, and writes pushes and deletions into the log.
#[derive(Debug)]
struct Commits(Arc<Watch>);

impl Observer for Commits {
    fn committed(&self, event: &Event) {
        let figures = &self.0.figures;
        match event {
            Event::ManifestPut {
                name,
                digest,
                tags,
                created,
                by,
                ..
            } => {
                figures.pushes.add(1);
                let tags: Vec<&str> = tags.iter().map(pierhead::model::Tag::as_str).collect();
                let new = if *created { " (a new repository)" } else { "" };
                tracing::info!(%by, "pushed {name}{new} {digest} as [{}]", tags.join(", "));
            }
            Event::ManifestDeleted {
                name, digest, by, ..
            } => {
                figures.manifests_deleted.add(1);
                tracing::info!(%by, "deleted {name}@{digest}");
            }
            Event::TagDeleted { name, tag, by, .. } => {
                figures.tags_deleted.add(1);
                tracing::info!(%by, "deleted {name}:{tag}");
            }
            Event::BlobAdded { size, .. } => {
                figures.blobs_added.add(1);
                figures.blob_bytes_added.add(*size);
            }
            Event::BlobDeleted { .. } => figures.blobs_deleted.add(1),
            _ => {}
        }
    }
}
