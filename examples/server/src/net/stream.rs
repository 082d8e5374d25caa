//! A connection's bytes, read in pieces that get smaller the more connections there are.
//!
//! Large pieces are what makes uploads fast, and whoever reads them keeps as much room for the next
//! one, for as long as a client lets it wait. So many clients that fell silent would fill the
//! memory, were their pieces as large as those of a few.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::access::Busy;
use crate::watch::Watch;

/// The most that is read at once, in bytes.
pub(crate) const LARGEST: usize = 512 * 1024;

/// The least that may be: what an HTTP/1 connection begins with.
const SMALLEST: usize = 8 * 1024;

/// What the pieces of all connections come to.
const ALL: usize = 2 << 20;

/// How many connections there may be, and how many there are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) free: Arc<Semaphore>,
    pub(crate) most: u32,
}

impl Places {
    pub(crate) fn new(most: u32) -> Self {
        let free = Arc::new(Semaphore::new(most as usize));
        Self { free, most }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        (self.most as usize).saturating_sub(self.free.available_permits())
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    places: Places,
    busy: watch::Sender<usize>,
    watch: Arc<Watch>,
    /// While the client has not taken all that was to be written: what is served lets go of an
    /// answer once it is in a buffer.
    owing: Option<Busy>,
}

impl Stream {
    /// What is owed to the client is counted in `busy`.
    pub(crate) fn new(
        tcp: TcpStream,
        places: Places,
        busy: watch::Sender<usize>,
        watch: Arc<Watch>,
    ) -> Self {
        Self {
            tcp,
            places,
            busy,
            watch,
            owing: None,
        }
    }

    /// What may be read at once now, in bytes.
    pub(crate) fn piece(&self) -> usize {
        piece(self.places.taken())
    }

    /// Whether there is something to read.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_read_ready(cx)
    }

    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending if self.owing.is_none() => self.owing = Some(Busy::begin(&self.busy)),
            Poll::Pending => {}
            Poll::Ready(_) => self.owing = None,
        }
        if let Poll::Ready(Ok(length)) = &written {
            self.watch.figures.sent.add(*length as u64);
        }
        written
    }
}

/// What may be read at once when there are so many connections.
fn piece(connections: usize) -> usize {
    (ALL / connections.max(1)).clamp(SMALLEST, LARGEST)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let piece = this.piece().min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(piece));
        let read = Pin::new(&mut this.tcp).poll_read(cx, &mut part);
        let length = part.filled().len();
        buffer.advance(length);
        this.watch.figures.received.add(length as u64);
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write(cx, bytes);
        this.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write_vectored(cx, bytes);
        this.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[test]
    fn pieces_shrink_as_connections_come() {
        for (connections, expected) in [
            (0, LARGEST),
            (4, LARGEST),
            (16, 128 << 10),
            (64, 32 << 10),
            (256, SMALLEST),
            (2048, SMALLEST),
        ] {
            assert_eq!(piece(connections), expected, "{connections}");
        }
    }

    #[tokio::test]
    async fn what_is_read_in_pieces_is_what_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("it is bound");
        let mut client = TcpStream::connect(at).await.expect("it listens");
        let (tcp, _) = listener.accept().await.expect("a client");
        let places = Places::new(600);
        let watch = Arc::new(Watch::new());
        let _taken = places.free.acquire_many(600).await;
        let mut stream = Stream::new(tcp, places.clone(), watch::Sender::new(0), watch);
        let sent: Vec<u8> = (0..100_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        client.write_all(&sent).await.expect("it reads");
        let mut heard = vec![7; sent.len()];
        let first = stream.read(&mut heard).await.expect("bytes");
        assert!(first <= SMALLEST, "{first}");
        stream
            .read_exact(&mut heard[first..])
            .await
            .expect("the rest");
        assert!(heard == sent);
    }
}
