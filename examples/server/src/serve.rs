//! The server's life, from start to stop.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use pierhead::projects::{Mailed, ProjectsError, Purged, Retired};
use pierhead::registry::{CollectSchedule, Collected, Error};
use tokio::runtime::{Builder, Runtime};

use crate::admin;
use crate::assemble::{Parts, assemble};
use crate::banner::{self, Banner};
use crate::config::Retention;
use crate::data_dir::DataDir;
use crate::failure::{Failure, chain};
use crate::net::access::Services;
use crate::net::connection::Connections;
use crate::net::files;
use crate::net::listen::Claim;
use crate::settings::Settings;
use crate::signals::{Hangups, Signals};
use crate::watch::Watch;
use crate::watch::health::Health;
use crate::watch::scrape::Scrape;
use crate::watch::work::{Laps, Round, Work};

/// Threads for files and passwords. More would not make a disk faster.
const BLOCKING_THREADS: usize = 16;

/// How long a thread that has nothing to do is kept.
const BLOCKING_IDLE: Duration = Duration::from_secs(5);

/// How long what is on its way to the disk may take once everything else has ended.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// Serves until told to stop.
///
/// # Errors
/// When it cannot start, or could not stop in order.
pub(crate) fn run(settings: Settings) -> Result<(), Failure> {
    let runtime = runtime()?;
    let done = runtime.block_on(serve(settings));
    runtime.shutdown_timeout(LAST_WRITES);
    done
}

/// Threads for what is done beside each other.
///
/// # Errors
/// When the machine has none.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(BLOCKING_IDLE)
        .enable_all()
        .build()
        .map_err(|error| Failure::because("no threads can be started", &error))
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let most = files::make_room(settings.config.limits.connections);
    let watch = Arc::new(Watch::new());
    let tls = settings.tls(&watch)?;
    let data = DataDir::take(&settings.data)?;
    let claim = Claim::take(settings.listen)?;
    let (at, figures) = (claim.at(), settings.config.metrics);
    let figures = figures.map(|it| Scrape::listen(it.listen.0)).transpose()?;
    let parts = assemble(&settings, &data, at, Arc::clone(&watch))?;
    let started = prepare(&settings, &data, &parts).await;
    let served = match started {
        Ok(()) => {
            let url = settings.url(at);
            let project = banner::project(&parts.projects, settings.provisioning.as_ref()).await;
            let listener = claim.listen()?;
            let banner = Banner {
                url: &url,
                data: data.path(),
                project: project.as_deref(),
            };
            say(&banner.text());
            tracing::info!("listening on {at}");
            let header_timeout = settings.config.limits.header_timeout.0;
            let health = Health::new(parts.projects.clone(), data.blobs());
            let services = Services {
                registry: parts.pierhead.service(),
                rest: parts.rest.clone(),
                health: health.clone(),
            };
            let desk = settings.desk(Arc::clone(&watch))?;
            let connections =
                Connections::new(services, desk, most, header_timeout).secured(tls.clone());
            let scrape = Scrape::new(Arc::clone(&watch), &data, settings.mail(&data));
            let renewal = tls
                .map(|tls| Ok(tls.renew(Hangups::listen()?)))
                .transpose()?;
            let signal = tokio::select! {
                signal = signals.next() => signal,
                () = connections.accept(&listener) => "the listener",
                () = collect(&settings, &parts, &watch) => "the collector",
                () = empty_trash(&settings, &parts, &watch) => "the trash can",
                () = retire(&settings, &parts, &watch) => "the retention rule",
                () = parts.projects.mail_sender(|round| report_mailed(&watch, round)) => "the mail",
                () = scrape.serve(figures) => "the figures",
                () = forever(renewal) => "the certificate",
            };
            health.stop();
            drop(listener);
            stop(signal, &mut signals, &connections, settings.drain).await;
            report_mailed(&watch, parts.projects.send_mail().await);
            Ok(())
        }
        Err(failure) => Err(failure),
    };
    let closed = parts.pierhead.close().await;
    served?;
    closed.map_err(|error| Failure::because("the stores were not closed in order", &error))?;
    tracing::info!("stopped");
    Ok(())
}

/// The operator's account, and what the provisioning file says.
async fn prepare(settings: &Settings, data: &DataDir, parts: &Parts) -> Result<(), Failure> {
    // A file that brings the operator needs none made; any other may name the one that is made.
    let provisioning = settings.provisioning.as_ref();
    if !provisioning.is_some_and(|file| file.makes_operator(admin::NAME)) {
        let made = admin::ensure(&parts.projects, data).await?;
        // At once, whatever comes next: it is never shown again.
        eprint!("{}", banner::password(&made));
    }
    if let Some(provisioning) = provisioning {
        let report = provisioning.apply(&parts.projects).await?;
        say(&provisioning.describe(&report, &parts.projects.options().ids));
    }
    Ok(())
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

/// Does what there is to do, if anything; never returns because there is nothing.
async fn forever(work: Option<impl Future<Output = ()>>) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Lets requests under way finish, for as long as `drain`; a second signal ends them at once.
async fn stop(signal: &str, signals: &mut Signals, connections: &Connections, drain: Duration) {
    let open = connections.open();
    tracing::info!("stopping because of {signal}: {open} connections to finish, at most {drain:?}");
    tokio::select! {
        () = connections.drain() => return,
        () = tokio::time::sleep(drain) => {
            tracing::warn!("{} connections did not finish in time", connections.open());
        }
        signal = signals.next() => {
            tracing::warn!("{signal} again: {} connections are cut off", connections.open());
        }
    }
    connections.end().await;
}

/// Says it on standard output. Nobody may be listening, which is no reason not to serve.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
