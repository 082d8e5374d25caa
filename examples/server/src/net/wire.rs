//! The bytes of a connection, as they cross the network or inside TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::stream::Stream;

/// The most that is read ahead, in bytes: four records of TLS.
const AHEAD: usize = 64 * 1024;

/// What is spoken over. TLS is on the heap: what it needs is not to be kept for those without.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(Stream),
    Tls(Box<TlsStream<Ahead>>),
}

impl Wire {
    fn piece(&self) -> usize {
        match self {
            Self::Plain(stream) => stream.piece(),
            Self::Tls(tls) => tls.get_ref().0.stream.piece(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let piece = this.piece().min(buffer.remaining());
        let tls = match this {
            Self::Plain(stream) => return Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(tls) => tls,
        };
        // One record at a time is given out, and a frame of a body made of each: as many as there
        // are make a larger one.
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(piece));
        let read = loop {
            let had = part.filled().len();
            let read = Pin::new(&mut *tls).poll_read(cx, &mut part);
            let more = matches!(read, Poll::Ready(Ok(()))) && part.filled().len() > had;
            if !more || part.remaining() == 0 {
                break read;
            }
        };
        let length = part.filled().len();
        if length == 0 {
            return read;
        }
        // An error, and the end, come again.
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// What lies under TLS. It is read in large pieces, because rustls asks for 4 KiB at a time; what
/// they are read into is kept only while there is something to read.
#[derive(Debug)]
pub(crate) struct Ahead {
    stream: Stream,
    read: Vec<u8>,
    given: usize,
}

impl Ahead {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            read: Vec::new(),
            given: 0,
        }
    }
}

impl AsyncRead for Ahead {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.given == this.read.len() {
            this.given = 0;
            this.read.clear();
            if this.stream.poll_read_ready(cx)?.is_pending() {
                this.read = Vec::new();
                return Poll::Pending;
            }
            this.read.resize(this.stream.piece().min(AHEAD), 0);
            let mut piece = ReadBuf::new(&mut this.read);
            let read = Pin::new(&mut this.stream).poll_read(cx, &mut piece);
            let length = piece.filled().len();
            this.read.truncate(length);
            ready!(read)?;
        }
        let left = this.read.get(this.given..).unwrap_or_default();
        let length = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..length).unwrap_or_default());
        this.given += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ahead {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
