//! What the server does unasked, round by round: each is logged and counted.

use std::time::Duration;

use pierhead::projects::{Mailed, ProjectsError, Purged, Retired};
use pierhead::registry::{CollectSchedule, Collected, Error};

use crate::assemble::Parts;
use crate::backup::{self, Taken};
use crate::config::Retention;
use crate::data_dir::DataDir;
use crate::failure::chain;
use crate::settings::Settings;
use crate::table::{lasted, size};
use crate::watch::Watch;
use crate::watch::work::{Laps, Round, Work};

/// Runs for ever; what ends nevertheless is named.
pub(crate) async fn run(
    settings: &Settings,
    data: &DataDir,
    parts: &Parts,
    watch: &Watch,
) -> &'static str {
    tokio::select! {
        () = collect(settings, parts, watch) => "the collector",
        () = empty_trash(settings, parts, watch) => "the trash can",
        () = retire(settings, parts, watch) => "the retention rule",
        () = take_snapshots(settings, data, parts, watch) => "the snapshots",
        () = parts.projects.mail_sender(|round| report_mailed(watch, round)) => "the mail",
    }
}

fn schedule(settings: &Settings) -> CollectSchedule {
    let mut schedule = CollectSchedule::default();
    if let Some(every) = settings.config.collector.every {
        schedule.every = every.0.max(Duration::from_secs(1));
    }
    if let Some(keep) = settings.config.collector.keep {
        schedule.keep = keep.0;
    }
    schedule
}

/// Removes what nothing reaches any more, for ever.
async fn collect(settings: &Settings, parts: &Parts, watch: &Watch) {
    let schedule = schedule(settings);
    let mut laps = Laps::after(schedule.every);
    let report = |round| {
        let round = report_collected(round).took(laps.ended(schedule.every));
        watch.rounds.ended(Work::Collector, &round);
    };
    parts.pierhead.registry().collector(schedule, report).await;
}

fn report_collected(round: Result<Collected, Error>) -> Round {
    match round {
        Ok(Collected {
            rows,
            places,
            failed,
        }) => {
            if rows > 0 || places > 0 {
                tracing::info!("collected {rows} rows and the bytes of {places} blobs");
            }
            let round = match failed {
                Some(error) => {
                    tracing::warn!("a blob could not be removed: {}", chain(&error));
                    Round::failed()
                }
                None => Round::good(),
            };
            round.with("rows", rows).with("blobs", places)
        }
        Err(error) => {
            tracing::warn!("nothing was collected: {}", chain(&error));
            Round::failed()
        }
    }
}

/// Purges what has been in the trash can for its time, for ever.
async fn empty_trash(settings: &Settings, parts: &Parts, watch: &Watch) {
    let every = schedule(settings).every;
    let mut laps = Laps::after(every);
    let report = |round| {
        let round = report_purged(round).took(laps.ended(every));
        watch.rounds.ended(Work::Trash, &round);
    };
    parts.projects.trash_emptier(every, report).await;
}

fn report_purged(round: Result<Purged, ProjectsError>) -> Round {
    match round {
        Ok(Purged { entities, .. }) => {
            if entities > 0 {
                tracing::info!("purged {entities} projects and repositories from the trash can");
            }
            Round::good().with("entities", entities)
        }
        Err(error) => {
            tracing::warn!("the trash can was not emptied: {}", chain(&error));
            Round::failed()
        }
    }
}

/// Takes away the former versions of tags that the rule lets go, for ever.
async fn retire(settings: &Settings, parts: &Parts, watch: &Watch) {
    let Some(Retention { rule, every }) = settings.config.retention else {
        return std::future::pending().await;
    };
    let report = |round| watch.rounds.ended(Work::Retention, &report_retired(round));
    parts.projects.retention_keeper(rule, every.0, report).await;
}

fn report_retired(round: Result<Retired, ProjectsError>) -> Round {
    match round {
        Ok(Retired {
            repositories,
            manifests,
        }) => {
            if manifests > 0 {
                tracing::info!("retired {manifests} manifests of {repositories} repositories");
            }
            Round::good().with("manifests", manifests)
        }
        Err(error) => {
            tracing::warn!("not all that may go was retired: {}", chain(&error));
            Round::failed()
        }
    }
}

/// Copies the database every now and then, for ever.
async fn take_snapshots(settings: &Settings, data: &DataDir, parts: &Parts, watch: &Watch) {
    let (directory, rule) = (data.snapshots(), settings.config.snapshot);
    let report = |round| watch.rounds.ended(Work::Snapshot, &report_taken(round));
    backup::snapshots(parts.rows.clone(), directory, rule, report).await;
}

fn report_taken(round: Result<Taken, String>) -> Round {
    match round {
        Ok(Taken { path, bytes, took }) => {
            tracing::info!(
                "took the snapshot {} ({}) in {}",
                path.display(),
                size(bytes),
                lasted(took)
            );
            Round::good().took(took).with("bytes", bytes)
        }
        Err(error) => {
            tracing::error!(
                "NO SNAPSHOT of the database was taken: {error}; mend that, it is tried again within \
                 15 minutes"
            );
            Round::failed()
        }
    }
}

/// Sends what mail waits.
pub(crate) async fn send_mail(parts: &Parts, watch: &Watch) {
    report_mailed(watch, parts.projects.send_mail().await);
}

fn report_mailed(watch: &Watch, round: Result<Mailed, ProjectsError>) {
    let round = match round {
        Ok(Mailed { sent }) => {
            if sent > 0 {
                tracing::info!("messages left to be carried: {sent}");
            }
            Round::good().with("messages", sent)
        }
        Err(error) => {
            tracing::warn!("not all mail was sent: {}", chain(&error));
            Round::failed()
        }
    };
    watch.rounds.ended(Work::Mail, &round);
}
