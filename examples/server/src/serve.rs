//! The server's life, from start to stop.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::admin;
use crate::assemble::{Parts, assemble};
use crate::background;
use crate::banner::{self, Banner};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::net::access::Services;
use crate::net::connection::Connections;
use crate::net::files;
use crate::net::listen::Claim;
use crate::settings::Settings;
use crate::signals::{Hangups, Signals};
use crate::watch::Watch;
use crate::watch::health::Health;
use crate::watch::scrape::Scrape;

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
    // From now on: whatever renews a certificate does not know that the server has only begun.
    let secured = settings.config.tls.as_ref();
    let hangups = secured.map(|_| Hangups::listen()).transpose()?;
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
            let program = std::env::args_os()
                .next()
                .unwrap_or_else(|| "pierhead".into());
            let program = program.to_string_lossy();
            let banner = Banner {
                url: &url,
                data: data.path(),
                project: project.as_deref(),
                program: &program,
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
            let scrape = Scrape::new(Arc::clone(&watch), data.clone(), settings.mail(&data));
            let renewal = tls.zip(hangups);
            let renewal = renewal.map(|(tls, hangups)| tls.renew(hangups));
            let signal = tokio::select! {
                signal = signals.next() => signal,
                () = connections.accept(&listener) => "the listener",
                what = background::run(&settings, &data, &parts, &watch) => what,
                () = scrape.serve(figures) => "the figures",
                () = forever(renewal) => "the certificate",
            };
            health.stop();
            drop(listener);
            stop(signal, &mut signals, &connections, settings.drain).await;
            background::send_mail(&parts, &watch).await;
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
    let provisioning = settings.provisioning.as_ref();
    let made = admin::ensure(&parts.projects, data, provisioning).await?;
    // At once, whatever comes next: it is never shown again.
    let _ = std::io::stderr().write_all(banner::password(&made).as_bytes());
    if let Some(provisioning) = provisioning {
        let report = provisioning.apply(&parts.projects).await?;
        say(&provisioning.describe(&report, &parts.projects.options().ids));
    }
    Ok(())
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
