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

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

use super::access::{Access, Desk, Services};
use super::stream::{self, Places, Stream};
use crate::watch::Watch;

/// The longest header of a request, in bytes. A token is a few KiB.
const HEADER: u32 = 64 * 1024;

/// What a client may send on one stream, and on all of a connection's, before it is read.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;

/// What one stream keeps of an answer that its client has not taken yet.
const SEND_BUFFER: usize = 256 * 1024;

/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 64;

/// How long a client may take nothing of what it is sent before it counts as gone.
const WRITE_STALL: Duration = Duration::from_secs(60);

/// How long an idle connection of HTTP/2 may take to end after it was told to.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long a connection keeps its place without a request, however many others wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a request's header may still take once the server stops.
const LAST_HEADER: Duration = Duration::from_secs(1);

/// How often it is said at most that every place is taken.
const REMIND: Duration = Duration::from_secs(60);

/// How an HTTP/2 connection begins (RFC 9113 section 3.4). No method of HTTP/1 begins so.
const PREFACE: &[u8; 3] = b"PRI";

/// How a TLS connection begins (RFC 8446 section 5.1): a handshake record.
const TLS_HANDSHAKE: u8 = 22;

/// What whoever tries TLS is told. Clients try it first, and go on without only when they are
/// answered in HTTP.
const NO_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    this server speaks HTTP without TLS; use http://, or put a reverse proxy with TLS in front\n";

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
            phase: watch::Sender::new(Phase::Serving),
            places: Places::new(most.max(1)),
            give_way: Arc::default(),
            header_timeout,
        }
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
        async move {
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%peer, "a connection could not be prepared: {error}");
                return;
            }
            let begins = tokio::time::timeout(header_timeout, begin(&stream));
            let spoken = tokio::select! {
                // Who has sent something is not sent away.
                biased;
                begins = begins => match begins {
                    Ok(Ok(spoken)) => spoken,
                    Ok(Err(_)) | Err(_) => return,
                },
                () = in_turn(&told, &mut stops) => return,
                _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            };
            let gives_way = gives_way(access.busy().subscribe(), &told, stops);
            // On the heap: a connection that says nothing is to cost nothing.
            let stream = Stream::new(stream, places, access.busy().clone(), watch);
            let served = Box::pin(speak(spoken, stream, access, &mut phase, header_timeout));
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

/// Serves a connection in what its client speaks.
async fn speak(
    spoken: Spoken,
    stream: Stream,
    access: Access,
    phase: &mut watch::Receiver<Phase>,
    header_timeout: Duration,
) -> hyper::Result<()> {
    let io = TokioIo::new(stream);
    match spoken {
        Spoken::Http1 => {
            let served = http1_builder(header_timeout).serve_connection(io, access);
            // It ends idle connections itself.
            let never = std::future::pending();
            run(served, http1::Connection::graceful_shutdown, phase, never).await
        }
        // By itself on the heap: what it needs is not to be kept for connections of HTTP/1 as well.
        Spoken::Http2 => Box::pin(speak_http2(io, access, phase, header_timeout)).await,
        Spoken::Tls => {
            let _ = tokio::time::timeout(WRITE_STALL, refuse_tls(io.into_inner())).await;
            Ok(())
        }
    }
}

async fn speak_http2(
    io: TokioIo<Stream>,
    access: Access,
    phase: &mut watch::Receiver<Phase>,
    header_timeout: Duration,
) -> hyper::Result<()> {
    let busy = access.busy().subscribe();
    let served = http2_builder().serve_connection(io, access);
    let idle = idle(busy.clone(), header_timeout);
    let served = run(served, http2::Connection::graceful_shutdown, phase, idle);
    // Who does not go after being told to is cut off.
    let gone = self::idle(busy, header_timeout.saturating_add(GOODBYE));
    tokio::select! {
        ended = served => ended,
        () = gone => Ok(()),
    }
}

/// Serves a connection to its end, or to what the phase makes of it.
async fn run<C: Future<Output = hyper::Result<()>>>(
    served: C,
    finish: impl FnOnce(std::pin::Pin<&mut C>),
    phase: &mut watch::Receiver<Phase>,
    idle: impl Future<Output = ()>,
) -> hyper::Result<()> {
    tokio::pin!(served);
    tokio::select! {
        ended = &mut served => return ended,
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => finish(served.as_mut()),
        () = idle => finish(served.as_mut()),
    }
    tokio::select! {
        ended = &mut served => ended,
        _ = phase.wait_for(|phase| *phase == Phase::Over) => Ok(()),
    }
}

/// Returns once no request has been under way for so long.
async fn idle(mut busy: watch::Receiver<usize>, span: Duration) {
    while busy.wait_for(|count| *count == 0).await.is_ok() {
        match tokio::time::timeout(span, busy.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
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

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    Http1,
    Http2,
    Tls,
}

/// Looks at the first bytes without taking them.
async fn begin(stream: &TcpStream) -> io::Result<Spoken> {
    let mut start = [0_u8; PREFACE.len()];
    loop {
        match stream.peek(&mut start).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if start[0] == TLS_HANDSHAKE => return Ok(Spoken::Tls),
            seen if start[..seen] != PREFACE[..seen] => return Ok(Spoken::Http1),
            seen if seen == PREFACE.len() => return Ok(Spoken::Http2),
            // The rest of three bytes is on its way, and what is there makes the socket readable.
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Answers in HTTP. What was sent is read first: a connection that is closed on unread bytes is
/// reset, and the answer lost.
async fn refuse_tls(mut stream: Stream) -> io::Result<()> {
    let mut hello = [0_u8; 4096];
    let _ = stream.read(&mut hello).await?;
    stream.write_all(NO_TLS).await?;
    stream.shutdown().await
}

fn http1_builder(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(stream::LARGEST)
        .max_header_size(HEADER as usize)
        .half_close(false);
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}
