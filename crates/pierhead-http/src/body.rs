//! Bodies: those that come in, read under a bound, and those that go out.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt as _, Stream, StreamExt as _};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use pierhead_registry::{BodyError, Clock};

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How much of a request is read and thrown away behind an early answer, in bytes.
const DRAIN_BYTES: u64 = 1 << 20;

/// For how long.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How long to wait for the next piece of it. A client that is still sending is not this slow; one
/// that stopped when it saw the status, as curl does, waits for the end of the answer.
const DRAIN_IDLE: Duration = Duration::from_millis(500);

/// How a body that was being read came to a bad end.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the request stood still for too long; send it again")]
    Idle,
    #[error("the request took too long; send it again")]
    Slow,
    #[error("the request's `Content-Length` does not match its body; send it again")]
    Length,
    #[error("the request is longer than the {max} bytes that are allowed")]
    TooLong { max: usize },
    #[error("the request broke off; send it again")]
    Broken(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// The body of a request: frames under an idle bound, held against `Content-Length`.
///
/// Nothing is polled before it is wanted, so a client that sent `Expect: 100-continue` keeps its
/// body to itself when the answer comes first.
pub(crate) struct RequestBody {
    inner: UnsyncBoxBody<Bytes, BoxError>,
    clock: Arc<dyn Clock>,
    idle: Duration,
    waiting: Option<BoxFuture<'static, ()>>,
    announced: Option<u64>,
    received: u64,
    /// Whether it was asked for, which is what makes a server send `100 Continue`.
    wanted: bool,
    /// Whether it is of no use to read on.
    over: bool,
    /// What [`Stream`] ended with, for the answer.
    failed: Option<ReadError>,
}

impl RequestBody {
    pub(crate) fn new<B>(
        body: B,
        announced: Option<u64>,
        clock: Arc<dyn Clock>,
        idle: Duration,
    ) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let over = body.is_end_stream() && announced.unwrap_or(0) == 0;
        let inner = body.map_err(Into::into).boxed_unsync();
        Self {
            inner,
            clock,
            idle,
            waiting: None,
            announced,
            received: 0,
            wanted: false,
            over,
            failed: None,
        }
    }

    /// What reading ended with, if it ended badly.
    pub(crate) fn failure(&self) -> Option<&ReadError> {
        self.failed.as_ref()
    }

    /// Whether it was read to its end, or to where it broke.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether any of it was asked for.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// The whole body, if it has at most `max` bytes and arrives within `deadline`.
    pub(crate) async fn collect(
        &mut self,
        max: usize,
        deadline: Duration,
    ) -> Result<Bytes, ReadError> {
        let announced = usize::try_from(self.announced.unwrap_or(0)).unwrap_or(usize::MAX);
        if announced > max {
            return Err(ReadError::TooLong { max });
        }
        let late = self.clock.sleep(deadline);
        let read = self.gather(max);
        futures::pin_mut!(read);
        match futures::future::select(read, late).await {
            futures::future::Either::Left((bytes, _)) => bytes,
            futures::future::Either::Right(_) => Err(ReadError::Slow),
        }
    }

    async fn gather(&mut self, max: usize) -> Result<Bytes, ReadError> {
        let mut first: Option<Bytes> = None;
        let mut more = BytesMut::new();
        while let Some(chunk) = std::future::poll_fn(|cx| self.poll_chunk(cx)).await {
            let chunk = chunk?;
            let length = first.as_ref().map_or(0, Bytes::len).max(more.len());
            if chunk.len() > max - length {
                return Err(ReadError::TooLong { max });
            }
            match first.take() {
                // One piece is the usual case and is not copied.
                None if more.is_empty() => first = Some(chunk),
                None => more.extend_from_slice(&chunk),
                Some(start) => {
                    more.reserve(start.len() + chunk.len());
                    more.extend_from_slice(&start);
                    more.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| more.freeze()))
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ReadError>>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            self.wanted = true;
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(frame) => {
                    self.waiting = None;
                    match self.take(frame) {
                        Taken::Item(item) => return Poll::Ready(item),
                        Taken::Trailers => continue,
                    }
                }
                Poll::Pending => {}
            }
            let (clock, idle) = (&self.clock, self.idle);
            let waiting = self.waiting.get_or_insert_with(|| clock.sleep(idle));
            return waiting.poll_unpin(cx).map(|()| {
                self.over = true;
                Some(Err(ReadError::Idle))
            });
        }
    }

    /// What a frame amounts to.
    fn take(&mut self, frame: Option<Result<Frame<Bytes>, BoxError>>) -> Taken {
        let error = match frame {
            Some(Ok(frame)) => {
                let Ok(chunk) = frame.into_data() else {
                    return Taken::Trailers;
                };
                self.received = self.received.saturating_add(chunk.len() as u64);
                if self
                    .announced
                    .is_none_or(|announced| self.received <= announced)
                {
                    return Taken::Item(Some(Ok(chunk)));
                }
                ReadError::Length
            }
            Some(Err(source)) => ReadError::Broken(Arc::from(source)),
            None if self
                .announced
                .is_some_and(|announced| announced != self.received) =>
            {
                ReadError::Length
            }
            None => {
                self.over = true;
                return Taken::Item(None);
            }
        };
        self.over = true;
        Taken::Item(Some(Err(error)))
    }
}

/// What a frame amounts to.
enum Taken {
    /// The next item, or the end.
    Item(Option<Result<Bytes, ReadError>>),
    /// Trailers, which mean nothing here.
    Trailers,
}

impl Stream for RequestBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx).map(|chunk| {
            Some(chunk?.map_err(|error| {
                self.failed = Some(error.clone());
                BodyError::new(error)
            }))
        })
    }
}

/// The body of an answer.
///
/// Behind an answer that came before the request was read, it reads on and throws away up to 1 MiB
/// for at most 2 s, or until none comes for half a second, before it gives its last byte: a connection that is closed on a client in the
/// middle of sending shows it a broken pipe instead of the answer.
pub struct ResponseBody {
    content: Content,
    drain: Option<Drain>,
}

enum Content {
    Empty,
    Full(Bytes),
    Stream {
        stream: BoxStream<'static, Result<Bytes, BoxError>>,
        left: u64,
    },
}

struct Drain {
    rest: RequestBody,
    left: u64,
    late: BoxFuture<'static, ()>,
}

impl ResponseBody {
    /// No body.
    pub(crate) fn empty() -> Self {
        Self {
            content: Content::Empty,
            drain: None,
        }
    }

    /// These bytes.
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Content::Full(bytes.into()),
            drain: None,
        }
    }

    /// Exactly `length` bytes from a stream; any other number of them is an error.
    pub(crate) fn stream(stream: BoxStream<'static, Result<Bytes, BoxError>>, length: u64) -> Self {
        Self {
            content: Content::Stream {
                stream,
                left: length,
            },
            drain: None,
        }
    }

    /// Reads the rest of the request before the last byte.
    pub(crate) fn draining(mut self, mut rest: RequestBody) -> Self {
        rest.idle = DRAIN_IDLE;
        rest.waiting = None;
        let late = rest.clock.sleep(DRAIN_TIME);
        self.drain = Some(Drain {
            rest,
            left: DRAIN_BYTES,
            late,
        });
        self
    }

    fn left(&self) -> u64 {
        match &self.content {
            Content::Empty => 0,
            Content::Full(bytes) => bytes.len() as u64,
            Content::Stream { left, .. } => *left,
        }
    }
}

impl Drain {
    /// Ready once enough was read, or waited.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.late.poll_unpin(cx).is_ready() {
                return Poll::Ready(());
            }
            match futures::ready!(self.rest.poll_chunk(cx)) {
                Some(Ok(chunk)) if (chunk.len() as u64) < self.left => {
                    self.left -= chunk.len() as u64;
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match &mut this.content {
            Content::Empty => Poll::Ready(None),
            Content::Full(bytes) => {
                if let Some(drain) = &mut this.drain {
                    // A server stops asking once the announced length is written, so the last
                    // byte is what has to wait.
                    if bytes.len() > 1 {
                        let start = bytes.split_to(bytes.len() - 1);
                        return Poll::Ready(Some(Ok(Frame::data(start))));
                    }
                    futures::ready!(drain.poll(cx));
                    this.drain = None;
                }
                let bytes = std::mem::take(bytes);
                this.content = Content::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Stream { stream, left } => {
                let item = match futures::ready!(stream.poll_next_unpin(cx)) {
                    Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                        Some(rest) => {
                            *left = rest;
                            return Poll::Ready(Some(Ok(Frame::data(chunk))));
                        }
                        None => Some(Err("the store gave more bytes than were asked for".into())),
                    },
                    Some(Err(error)) => Some(Err(error)),
                    None if *left > 0 => {
                        Some(Err("the store gave fewer bytes than were asked for".into()))
                    }
                    None => None,
                };
                this.content = Content::Empty;
                Poll::Ready(item)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("left", &self.left())
            .field("drains", &self.drain.is_some())
            .finish_non_exhaustive()
    }
}
