//! What of each request is written down.

use std::error::Error;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::AUTHORIZATION;
use hyper::http::Extensions;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Uri};
use pierhead::http::{Fault, RegistryService, ResponseBody};
use pierhead::registry::Peer;
use pierhead::rest::{self, RestService};
use tokio::sync::watch;
use tower_service::Service as _;
use tracing::Instrument as _;

use super::forwarded::Proxies;
use super::owed::{Owed, Part};
use super::request_id::{REQUEST_ID, RequestId, RequestIds};
use crate::failure::chain;
use crate::watch::Watch;
use crate::watch::figures::{Answered, Kind};
use crate::watch::health::Health;

/// What is served: the registry, what manages it, and whether it is well.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) registry: RegistryService,
    pub(crate) rest: RestService,
    pub(crate) health: Health,
}

/// What is done with every request besides.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) watch: Arc<Watch>,
    pub(crate) proxies: Proxies,
    pub(crate) ids: RequestIds,
    /// Whether every request is worth a line.
    pub(crate) log_requests: bool,
}

impl Services {
    async fn answer(mut self, request: Request<Incoming>) -> Response<Content> {
        // No registry's client asks at the root. The platform's clients are told that their pages are
        // there, and look before anything else.
        let path = request.uri().path();
        if Health::serves(path) {
            let answer = self.health.answer(request.method(), path).await;
            return answer.map(Either::Right);
        }
        let answer = if path == "/" || RestService::serves(path) {
            let answer = self.rest.call(request).await;
            answer.map(|answer| answer.map(Either::Right))
        } else {
            let answer = self.registry.call(request).await;
            answer.map(|answer| answer.map(Either::Left))
        };
        match answer {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// Of either service.
type Content = Either<ResponseBody, Full<Bytes>>;

/// The services for one connection. Query strings and headers are never written down:
/// there may be secrets in them.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    services: Services,
    desk: Arc<Desk>,
    peer: IpAddr,
    busy: watch::Sender<usize>,
    owed: Arc<Owed>,
}

/// Something under way on a connection: a request until its answer has been handed over, and bytes
/// that the client has not taken yet.
#[derive(Debug)]
pub(crate) struct Busy(watch::Sender<usize>);

impl Busy {
    pub(crate) fn begin(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// The same for the figures.
#[derive(Debug)]
struct UnderWay {
    desk: Arc<Desk>,
    kind: Kind,
}

impl UnderWay {
    fn begin(desk: &Arc<Desk>, kind: Kind) -> Self {
        desk.watch.figures.began(kind);
        let desk = Arc::clone(desk);
        Self { desk, kind }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.desk.watch.figures.ended(self.kind);
    }
}

/// An answer's body; its request is under way until it is dropped.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Content,
    owed: Part,
    _busy: Busy,
    _under_way: UnderWay,
}

impl Body for Answer {
    type Data = <Content as Body>::Data;
    type Error = <Content as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.owed.asked(matches!(frame, Poll::Ready(Some(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is remembered of a request while it is answered.
struct Seen {
    peer: IpAddr,
    kind: Kind,
    method: Method,
    uri: Uri,
    signed: bool,
    since: Instant,
}

impl Access {
    /// For a connection from `peer`.
    pub(crate) fn new(services: Services, desk: Arc<Desk>, peer: IpAddr) -> Self {
        let busy = watch::Sender::new(0);
        Self {
            services,
            desk,
            peer,
            busy,
            owed: Arc::default(),
        }
    }

    /// How much is under way on the connection.
    pub(crate) fn busy(&self) -> &watch::Sender<usize> {
        &self.busy
    }

    /// What was not taken of its answers.
    pub(super) fn owed(&self) -> Arc<Owed> {
        Arc::clone(&self.owed)
    }
}

impl Service<Request<Incoming>> for Access {
    type Response = Response<Answer>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let desk = Arc::clone(&self.desk);
        let headers = request.headers();
        let given = desk
            .proxies
            .trusts(self.peer)
            .then(|| RequestId::given(headers));
        let id = given.flatten().unwrap_or_else(|| desk.ids.next());
        let seen = Seen {
            peer: desk.proxies.peer(self.peer, headers),
            kind: Kind::of(request.uri().path()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            signed: headers.contains_key(AUTHORIZATION),
            since: Instant::now(),
        };
        request.extensions_mut().insert(Peer::at(seen.peer));
        let busy = Busy::begin(&self.busy);
        let under_way = UnderWay::begin(&desk, seen.kind);
        let owed = Part::of(self.owed());
        let answer = self.services.clone().answer(request);
        // Of the highest level, so that it is there for whatever is logged.
        let span = tracing::error_span!("request", %id);
        let answered = async move {
            let mut answer = answer.await;
            seen.write_down(&desk, &answer);
            answer.headers_mut().insert(REQUEST_ID, id.into_value());
            Ok(answer.map(|body| Answer {
                body,
                owed,
                _busy: busy,
                _under_way: under_way,
            }))
        };
        Box::pin(answered.instrument(span))
    }
}

/// What the services tell their owner alone of an answer.
fn fault(of: &Extensions) -> Option<&(dyn Error + 'static)> {
    let registry = of
        .get()
        .map(|Fault(error)| &**error as &(dyn Error + 'static));
    let rest = || {
        of.get()
            .map(|rest::Fault(error)| &**error as &(dyn Error + 'static))
    };
    registry.or_else(rest)
}

impl Seen {
    fn write_down(&self, desk: &Desk, answer: &Response<Content>) {
        let Self {
            peer, method, uri, ..
        } = self;
        let (status, took) = (answer.status(), self.since.elapsed());
        let answered = Answered {
            method,
            status,
            signed: self.signed,
            took,
        };
        desk.watch.figures.answered(self.kind, answered);
        // A letter that cannot be seen might make a line look like another.
        let (path, number) = (uri.path().escape_debug(), status.as_u16());
        let meaning = match self.kind {
            // Whoever asks is told, every few seconds.
            Kind::Health => Meaning::Usual,
            _ => meaning(status, self.signed),
        };
        match meaning {
            Meaning::Fault => {
                let why = fault(answer.extensions());
                let why = why.map_or_else(|| "for no known reason".to_owned(), chain);
                tracing::error!(%peer, "could not answer {method} {path}: {number}, {why}");
            }
            Meaning::Refusal => tracing::info!(%peer, "refused {method} {path}: {number}"),
            Meaning::Usual if desk.log_requests && self.kind != Kind::Health => {
                let bytes = answer.body().size_hint().lower();
                tracing::info!(%peer, bytes, ?took, "{method} {path}: {number}");
            }
            Meaning::Usual => tracing::debug!(%peer, ?took, "{method} {path}: {number}"),
        }
    }
}

/// What a status tells whoever runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Something here is broken.
    Fault,
    /// Somebody may not do what they tried.
    Refusal,
    /// Everything else: what is missing or malformed is the client's own business.
    Usual,
}

fn meaning(status: StatusCode, signed: bool) -> Meaning {
    match status {
        // Every login begins with a 401 to whoever has not signed in yet.
        StatusCode::UNAUTHORIZED if !signed => Meaning::Usual,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            Meaning::Refusal
        }
        status if status.is_server_error() => Meaning::Fault,
        _ => Meaning::Usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_and_faults_stand_out_and_the_first_401_does_not() {
        for (status, signed, expected) in [
            (200, true, Meaning::Usual),
            (201, true, Meaning::Usual),
            (401, false, Meaning::Usual),
            (401, true, Meaning::Refusal),
            (403, true, Meaning::Refusal),
            (404, true, Meaning::Usual),
            (429, false, Meaning::Refusal),
            (500, true, Meaning::Fault),
            (503, false, Meaning::Fault),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(meaning(status, signed), expected, "{status} {signed}");
        }
    }
}
