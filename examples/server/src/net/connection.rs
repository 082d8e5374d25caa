//! Connections: accepted one by one, at most so many at once, each within bounds.
//!
//! A client that sends a header slowly, or nothing at all, costs a place among them for as long as
//! `header_timeout`. So that such clients, however many, keep nobody out, whoever comes when every
//! place is taken is given that of the connection that has been without a request for longest, once
//! that has had a moment to ask for something.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

use super::access::{Access, Desk, Services};
use super::speak;
use super::stream::{Places, Stream};
use super::tls::Tls;
use crate::watch::Watch;

/// How long a client may take nothing of what it is sent before it counts as gone.
pub(super) const WRITE_STALL: Duration = Duration::from_secs(60);

/// How long a connection keeps its place without a request, however many others wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a request's header may still take once the server stops.
const LAST_HEADER: Duration = Duration::from_secs(1);

/// How often it is said at most that every place is taken.
const REMIND: Duration = Duration::from_secs(60);

/// Whether connections go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// As usual.
    Serving,
    /// Requests under way are finished, no new ones begun.
    Draining,
    /// Everything is dropped where it stands.
    Over,
}

/// One of the places, and a connection in it.
struct Place {
    _permit: OwnedSemaphorePermit,
    watch: Arc<Watch>,
}

impl Place {
    fn take(permit: OwnedSemaphorePermit, watch: Arc<Watch>) -> Self {
        watch.figures.accepted.add(1);
        watch.figures.connections.add(1);
        Self {
            _permit: permit,
            watch,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watch.figures.connections.one_less();
    }
}

/// Accepts connections and serves them.
#[derive(Debug)]
pub(crate) struct Connections {
    services: Services,
    desk: Arc<Desk>,
    tls: Option<Arc<Tls>>,
    phase: watch::Sender<Phase>,
    places: Places,
    /// Heard by every connection without a request under way, the longest idle first.
    give_way: Arc<Notify>,
    header_timeout: Duration,
}

impl Connections {
    /// At most `most` at once; a request's header must arrive within `header_timeout`, which is
    /// also how long a connection may be idle.
    pub(crate) fn new(services: Services, desk: Desk, most: u32, header_timeout: Duration) -> Self {
        desk.watch.figures.most_connections.add(u64::from(most));
        Self {
            services,
            desk: Arc::new(desk),
            tls: None,
            phase: watch::Sender::new(Phase::Serving),
            places: Places::new(most.max(1)),
            give_way: Arc::default(),
            header_timeout,
        }
    }

    /// The same within TLS, if there is any.
    pub(crate) fn secured(mut self, tls: Option<Arc<Tls>>) -> Self {
        self.tls = tls;
        self
    }

    /// Accepts until dropped. Never ends on its own: what fails is one connection.
    pub(crate) async fn accept(&self, listener: &TcpListener) {
        let mut said = None;
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most often too many open files: some will be closed soon.
                    tracing::warn!("a connection was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let crowded = self.places.free.available_permits() == 0;
            if crowded && said.is_none_or(|said: Instant| said.elapsed() > REMIND) {
                said = Some(Instant::now());
                tracing::warn!(
                    "all {} connections are in use; idle ones give way to new ones, or new ones \
                     wait; raise limits.connections",
                    self.places.most
                );
            }
            let Some(permit) = self.place().await else {
                return;
            };
            let served = self.serve(stream, peer.ip());
            let place = Place::take(permit, Arc::clone(&self.desk.watch));
            tokio::spawn(async move {
                served.await;
                drop(place);
            });
        }
    }

    /// A place for one more. `None` never comes: the semaphore is not closed.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let free = || Arc::clone(&self.places.free);
        if let Ok(permit) = free().try_acquire_owned() {
            return Some(permit);
        }
        self.give_way.notify_one();
        let permit = free().acquire_owned().await.ok();
        // When a request ended first, nobody need give way any more.
        tokio::select! {
            biased;
            () = self.give_way.notified() => {}
            () = std::future::ready(()) => {}
        }
        permit
    }

    /// Ends idle connections and waits until the others have finished what they are at.
    pub(crate) async fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
        let ended = self.places.free.acquire_many(self.places.most);
        tokio::pin!(ended);
        tokio::select! {
            _ = &mut ended => return,
            () = tokio::time::sleep(LAST_HEADER) => self.give_way.notify_waiters(),
        }
        drop(ended.await);
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.places.taken()
    }

    /// Drops what is left.
    pub(crate) async fn end(&self) {
        self.phase.send_replace(Phase::Over);
        drop(self.places.free.acquire_many(self.places.most).await);
    }

    fn serve(&self, stream: TcpStream, peer: IpAddr) -> impl Future<Output = ()> + use<> {
        let access = Access::new(
            self.services.clone(),
            Arc::clone(&self.desk),
            peer.to_canonical(),
        );
        let (mut phase, header_timeout) = (self.phase.subscribe(), self.header_timeout);
        let (told, places) = (Arc::clone(&self.give_way), self.places.clone());
        let (mut stops, watch) = (self.phase.subscribe(), Arc::clone(&self.desk.watch));
        let tls = self.tls.clone();
        async move {
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%peer, "a connection could not be prepared: {error}");
                return;
            }
            let busy = access.busy().clone();
            let stream_of = |tcp| Stream::new(tcp, places, busy, watch);
            let opened = tokio::time::timeout(header_timeout, speak::open(stream, tls, stream_of));
            let spoken = tokio::select! {
                // Who has sent something is not sent away.
                biased;
                opened = opened => match opened {
                    Ok(Ok(spoken)) => spoken,
                    Ok(Err(error)) => {
                        tracing::debug!(%peer, "a connection was not begun: {error}");
                        return;
                    }
                    Err(_) => return,
                },
                () = in_turn(&told, &mut stops) => return,
                _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            };
            let gives_way = gives_way(access.busy().subscribe(), &told, stops);
            // On the heap: a connection that says nothing is to cost nothing.
            let served = Box::pin(speak::speak(spoken, access, &mut phase, header_timeout));
            let ended = tokio::select! {
                biased;
                ended = served => ended,
                () = gives_way => return,
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, "a connection ended: {error}");
            }
        }
    }
}

/// Returns once it is this connection's turn to give way, on which nothing is under way then.
async fn gives_way(
    mut busy: watch::Receiver<usize>,
    told: &Notify,
    mut stops: watch::Receiver<Phase>,
) {
    while busy.wait_for(|count| *count == 0).await.is_ok() {
        tokio::select! {
            () = in_turn(told, &mut stops) => {
                if *busy.borrow() == 0 {
                    return;
                }
                // A request came in the same moment: let it be another's turn.
                told.notify_one();
            }
            _ = busy.changed() => {}
        }
    }
    std::future::pending::<()>().await;
}

/// Returns once whoever has nothing under way since now is told to go: those before it first. Not
/// before it had its moment, but for a server that stops.
async fn in_turn(told: &Notify, stops: &mut watch::Receiver<Phase>) {
    tokio::select! {
        () = tokio::time::sleep(PATIENCE) => {}
        _ = stops.wait_for(|phase| *phase != Phase::Serving) => {}
    }
    told.notified().await;
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    let stall = u32::try_from(WRITE_STALL.as_millis()).unwrap_or(u32::MAX);
    // Counts bytes that are not acknowledged and those that the client leaves no room for.
    sockopt::set_tcp_user_timeout(stream, stall)?;
    sockopt::set_socket_keepalive(stream, true)?;
    Ok(())
}
