//! TLS, with a certificate that may be renewed while connections go on.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) use super::certificate::PairFiles;
use super::certificate::{Pair, Stamp};
use super::wire::Ahead;
use crate::failure::Failure;
use crate::signals::Hangups;
use crate::watch::Watch;

/// What HTTP/2 is called when a connection is secured.
pub(super) const HTTP2: &[u8] = b"h2";

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// How often it is said that the certificate needs somebody.
const REMIND: Duration = Duration::from_secs(86_400);

/// A certificate that ends sooner needs somebody: what renews it should have done so.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// What connections are secured with.
#[derive(Debug)]
pub(crate) struct Tls {
    files: PairFiles,
    /// The files when they were first read.
    first: Stamp,
    /// What the server is called in its public URLs.
    hosts: Vec<String>,
    served: Arc<Served>,
    config: Arc<ServerConfig>,
    watch: Arc<Watch>,
}

/// The certificate of whoever comes next.
#[derive(Debug)]
struct Served(RwLock<Pair>);

impl Served {
    fn pair(&self) -> Pair {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().key)
    }
}

impl Tls {
    /// Reads the certificate. `hosts` are the names in the public URLs.
    ///
    /// # Errors
    /// When it cannot be used. One that has ended can: it is complained of, and may be renewed.
    pub(crate) fn open(
        files: PairFiles,
        hosts: Vec<String>,
        watch: Arc<Watch>,
    ) -> Result<Arc<Self>, Failure> {
        // Before they are read: what is renewed in between is seen at the first look.
        let first = files.stamp();
        let pair = Pair::read(&files).map_err(Failure::told)?;
        watch.certificate(pair.ends);
        let served = Arc::new(Served(RwLock::new(pair)));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::because("TLS cannot be spoken", &error))?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::<Served>::clone(&served));
        config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(Self {
            files,
            first,
            hosts,
            served,
            config: Arc::new(config),
            watch,
        }))
    }

    /// Secures a connection.
    ///
    /// # Errors
    /// When it ends, or the client does not agree.
    pub(super) async fn handshake(&self, stream: Ahead) -> io::Result<Box<TlsStream<Ahead>>> {
        let figures = &self.watch.figures;
        figures.handshakes_begun.add(1);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        // On the heap, and from there not moved: it is large.
        let secured = Box::pin(acceptor.accept(stream)).await?;
        figures.handshakes_done.add(1);
        Ok(Box::new(secured))
    }

    /// Serves a renewed certificate once it is there, for ever: within a minute, or at once when
    /// told by a signal.
    pub(crate) async fn renew(self: Arc<Self>, mut hangups: Hangups) {
        let mut stamp = self.first;
        let mut remind = tokio::time::interval(REMIND);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                () = hangups.next() => true,
                _ = look.tick() => false,
                _ = remind.tick() => {
                    self.complain(SystemTime::now());
                    continue;
                }
            };
            let this = Arc::clone(&self);
            // The files may lie on a disk that does not answer.
            let looked = tokio::task::spawn_blocking(move || this.look(stamp, told));
            stamp = looked.await.unwrap_or(stamp);
        }
    }

    /// Takes over what is in the files when they are not as they were, or anyhow.
    fn look(&self, before: Stamp, anyhow: bool) -> Stamp {
        let stamp = self.files.stamp();
        if stamp == before && !anyhow {
            return before;
        }
        let now = SystemTime::now();
        let read = Pair::read(&self.files).and_then(|pair| {
            if pair.ends > now {
                return Ok(pair);
            }
            let certificate = self.files.certificate.display();
            Err(format!(
                "the certificate in {certificate} has ended; put a renewed one there"
            ))
        });
        match read {
            Ok(pair) => {
                self.watch.certificate(pair.ends);
                *self
                    .served
                    .0
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = pair;
                tracing::info!("the certificate was read again; new connections are given it");
                self.complain(now);
            }
            Err(why) => tracing::error!("{why}; the certificate of before is still served"),
        }
        stamp
    }

    /// Says what clients will complain of.
    fn complain(&self, now: SystemTime) {
        let pair = self.served.pair();
        let certificate = self.files.certificate.display();
        match pair.ends.duration_since(now) {
            Err(_) => tracing::error!(
                "the certificate in {certificate} has ended, and clients refuse it; put a renewed \
                 one there, which is taken within a minute"
            ),
            Ok(left) if left < SOON => {
                let days = left.as_secs() / 86_400;
                tracing::warn!(
                    "the certificate in {certificate} ends in {days} days; put a renewed one there, \
                     which is taken within a minute"
                );
            }
            Ok(_) => {}
        }
        for host in &self.hosts {
            if pair.names(host) == Some(false) {
                tracing::warn!(
                    "the certificate in {certificate} does not name {host}, and clients that come \
                     under that name refuse it; have one made that does, or correct public_urls"
                );
            }
        }
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
