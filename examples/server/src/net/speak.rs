//! What a client speaks, and its connection served in that.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::access::Access;
use super::connection::{Phase, WRITE_STALL};
use super::stream::{self, Stream};
use super::tls::{self, Tls};
use super::wire::{Ahead, Wire};

/// The longest header of a request, in bytes. A token is a few KiB.
const HEADER: u32 = 64 * 1024;

/// What a client may send on one stream, and on all of a connection's, before it is read.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;

/// What one stream keeps of an answer that its client has not taken yet.
const SEND_BUFFER: usize = 256 * 1024;

/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 64;

/// How long an idle connection of HTTP/2 may take to end after it was told to.
const GOODBYE: Duration = Duration::from_secs(5);

/// How an HTTP/2 connection begins (RFC 9113 section 3.4). No method of HTTP/1 begins so.
const PREFACE: &[u8; 3] = b"PRI";

/// How a TLS connection begins (RFC 8446 section 5.1): a handshake record.
const TLS_HANDSHAKE: u8 = 22;

/// How long it is at most until it is looked again for the rest of how a connection begins.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What whoever tries TLS is told where there is none. Clients try it first, and go on without only
/// when they are answered in HTTP.
const NO_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    this server speaks HTTP without TLS; use http://, or give it a certificate\n";

/// What whoever does not try it is told where there is.
const ONLY_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    this server speaks HTTP within TLS only; use https://\n";

/// What a client speaks, and over what.
#[derive(Debug)]
pub(super) enum Spoken {
    Http1(Wire),
    Http2(Wire),
    /// It cannot be served, but be told so.
    Wrong(Stream, &'static [u8]),
}

/// Finds out what a client speaks, and secures the connection.
///
/// # Errors
/// When it ends, or the client and the server cannot agree.
pub(super) async fn open(
    tcp: TcpStream,
    tls: Option<Arc<Tls>>,
    secured: impl FnOnce(TcpStream) -> Stream,
) -> io::Result<Spoken> {
    let begun = begin(&tcp).await?;
    let stream = secured(tcp);
    let Some(tls) = tls else {
        return Ok(match begun {
            Begun::Http1 => Spoken::Http1(Wire::Plain(stream)),
            Begun::Http2 => Spoken::Http2(Wire::Plain(stream)),
            Begun::Tls => Spoken::Wrong(stream, NO_TLS),
        });
    };
    if begun != Begun::Tls {
        return Ok(Spoken::Wrong(stream, ONLY_TLS));
    }
    let stream = tls.handshake(Ahead::new(stream)).await?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2);
    let wire = Wire::Tls(stream);
    Ok(if http2 {
        Spoken::Http2(wire)
    } else {
        Spoken::Http1(wire)
    })
}

/// Serves a connection in what its client speaks.
pub(super) async fn speak(
    spoken: Spoken,
    access: Access,
    phase: &mut watch::Receiver<Phase>,
    header_timeout: Duration,
) -> hyper::Result<()> {
    match spoken {
        Spoken::Http1(wire) => {
            let io = TokioIo::new(wire);
            let served = http1_builder(header_timeout).serve_connection(io, access);
            // It ends idle connections itself.
            let never = std::future::pending();
            run(served, http1::Connection::graceful_shutdown, phase, never).await
        }
        // By itself on the heap: what it needs is not to be kept for connections of HTTP/1 as well.
        Spoken::Http2(wire) => {
            Box::pin(speak_http2(
                TokioIo::new(wire),
                access,
                phase,
                header_timeout,
            ))
            .await
        }
        Spoken::Wrong(stream, words) => {
            let _ = tokio::time::timeout(WRITE_STALL, refuse(stream, words)).await;
            Ok(())
        }
    }
}

async fn speak_http2(
    io: TokioIo<Wire>,
    access: Access,
    phase: &mut watch::Receiver<Phase>,
    header_timeout: Duration,
) -> hyper::Result<()> {
    let (busy, owed) = (access.busy().subscribe(), access.owed());
    let served = http2_builder().serve_connection(io, access);
    let idle = idle(busy.clone(), header_timeout);
    let served = run(served, http2::Connection::graceful_shutdown, phase, idle);
    // Who does not go after being told to is cut off, and who takes nothing.
    let gone = self::idle(busy, header_timeout.saturating_add(GOODBYE));
    tokio::select! {
        ended = served => ended,
        () = gone => Ok(()),
        () = owed.stalls(WRITE_STALL) => Ok(()),
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

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Http1,
    Http2,
    Tls,
}

/// Looks at the first bytes without taking them.
async fn begin(stream: &TcpStream) -> io::Result<Begun> {
    let mut start = [0_u8; PREFACE.len()];
    let mut pause = Duration::from_millis(5);
    loop {
        match stream.peek(&mut start).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if start[0] == TLS_HANDSHAKE => return Ok(Begun::Tls),
            seen if start[..seen] != PREFACE[..seen] => return Ok(Begun::Http1),
            seen if seen == PREFACE.len() => return Ok(Begun::Http2),
            // The rest of three bytes is on its way, and what is there makes the socket readable.
            _ => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Answers in HTTP. What was sent is read first: a connection that is closed on unread bytes is
/// reset, and the answer lost.
async fn refuse(mut stream: Stream, words: &[u8]) -> io::Result<()> {
    let mut hello = [0_u8; 4096];
    let _ = stream.read(&mut hello).await?;
    stream.write_all(words).await?;
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
