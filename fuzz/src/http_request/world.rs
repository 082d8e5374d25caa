//! One registry in memory, who may ask it what, and a time that only stands or is moved.
//!
//! Whoever asks may do everything under `all/`, whoever is signed in under `own/`, nobody anything
//! elsewhere; `told/` says why not, and `down/` cannot be decided.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use pierhead_http::{HttpOptions, RegistryService, Vouched};
use pierhead_model::{RepositoryActions, RepositoryName};
use pierhead_registry::{
    Action, Allowed, AuthenticationError, Authenticator, Authorizer, AuthorizerError, Caller,
    CallerId, Ceiling, Clock, CollectSchedule, Credentials, Decision, Denial, DenialKind,
    Explanation, IssuedToken, Peer, Registry, Resource, TokenAccess, TokenIssuer, TokenRefusal,
    TokenRequest,
};
use pierhead_storage::{MemoryBlobStore, MemoryRepositoryStore, RepositoryStore};
use tower_service::Service as _;

use super::answer::Reply;
use super::script::{End, Sent};

/// How long a request may wait: longer than any bound of the service.
const PATIENCE: u32 = 600;

/// A registry and everything around it.
pub(super) struct World {
    service: RegistryService,
    pub(super) blobs: MemoryBlobStore,
    rows: MemoryRepositoryStore,
    clock: Hand,
    seams: Arc<Seams>,
}

impl World {
    pub(super) fn new() -> Self {
        let (blobs, rows) = (MemoryBlobStore::new(), MemoryRepositoryStore::new());
        let clock = Hand::default();
        let seams = Arc::new(Seams {
            rows: rows.clone(),
            last: Mutex::default(),
            down: AtomicBool::new(false),
        });
        Self {
            service: service(&blobs, &rows, &clock, &seams),
            blobs,
            rows,
            clock,
            seams,
        }
    }

    /// Nothing but the stores is as it was.
    pub(super) fn restart(&mut self) {
        self.service = service(&self.blobs, &self.rows, &self.clock, &self.seams);
    }

    /// Lets time pass, and collects.
    pub(super) fn wait(&self, span: Duration) {
        self.clock.advance(span);
        let schedule = CollectSchedule::default();
        let done = self.finish(self.registry().collect(&schedule));
        assert!(done.expect("memory can be collected").failed.is_none());
    }

    pub(super) fn registry(&self) -> &Registry {
        self.service.registry()
    }

    /// Whether the last request was answered by something that did not answer itself.
    pub(super) fn was_down(&self) -> bool {
        self.seams.down.load(Ordering::Relaxed)
    }

    /// Who asked last, whatever their token listed.
    pub(super) fn last_caller(&self) -> Caller {
        let last = self.seams.last().clone();
        last.expect("somebody was known").under(Ceiling::Unbounded)
    }

    /// Asks, for somebody who was proved already if one is named, and reads the answer to its end.
    /// `None` when it is no request.
    pub(super) fn ask(&self, sent: &Sent, vouched: Option<&Caller>) -> Option<Reply> {
        let body = sent.body.clone();
        let halves = [
            body.slice(..body.len() / 2),
            body.slice(body.len() / 2..body.len()),
        ];
        let frames = stream::iter(halves).map(|half| Ok(Frame::data(half)));
        let body = match sent.end {
            End::Whole if body.len() < 2 => Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync(),
            End::Whole => StreamBody::new(frames).boxed_unsync(),
            End::Cut => {
                let cut = stream::iter([Err(io::Error::other("the line was cut"))]);
                StreamBody::new(frames.chain(cut)).boxed_unsync()
            }
            End::Still => StreamBody::new(frames.chain(stream::pending())).boxed_unsync(),
        };
        let mut request = Request::builder()
            .method(&sent.method)
            .uri(sent.uri.clone())
            .body(body)
            .ok()?;
        *request.headers_mut() = sent.headers.clone();
        if let Some(caller) = vouched {
            request
                .extensions_mut()
                .insert(Vouched(Arc::new(caller.id.clone())));
        }
        self.seams.down.store(false, Ordering::Relaxed);
        let answered = self.service.clone().call(request);
        let (parts, body) = match self.finish(answered) {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let body = self.finish(body.collect()).expect("an answer ends well");
        Some(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }

    /// Runs something to its end. When it waits it can only be for time, since nobody else is here.
    pub(super) fn finish<T>(&self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..PATIENCE {
            if let Poll::Ready(done) = what.as_mut().poll(&mut context) {
                return done;
            }
            self.clock.advance(Duration::from_secs(1));
        }
        panic!("it waits for what never comes");
    }
}

fn service(
    blobs: &MemoryBlobStore,
    rows: &MemoryRepositoryStore,
    clock: &Hand,
    seams: &Arc<Seams>,
) -> RegistryService {
    let registry = Registry::builder(
        Arc::new(blobs.clone()),
        Arc::new(rows.clone()),
        Arc::new(clock.clone()),
    )
    .authenticator(seams.clone())
    .authorizer(seams.clone())
    .token_issuer(seams.clone())
    .build();
    RegistryService::new(registry, HttpOptions::default())
}

/// Time that is moved by hand, in milliseconds.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn advance(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).expect("a short span");
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> SystemTime {
        let past = Duration::from_millis(self.0.load(Ordering::Relaxed));
        UNIX_EPOCH + Duration::from_secs(1 << 30) + past
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let (hand, end) = (self.clone(), self.now() + span);
        Box::pin(std::future::poll_fn(move |_| {
            if hand.now() < end {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        }))
    }
}

/// Who calls, and what they may do.
#[derive(Debug)]
struct Seams {
    rows: MemoryRepositoryStore,
    /// Who was known last.
    last: Mutex<Option<Caller>>,
    /// Whether something was asked that cannot be said.
    down: AtomicBool,
}

impl Seams {
    fn last(&self) -> MutexGuard<'_, Option<Caller>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn down(&self) -> Arc<io::Error> {
        self.down.store(true, Ordering::Relaxed);
        Arc::new(io::Error::other("db-7.internal refused the connection"))
    }

    /// The bearer of a token: a person, or one under what a token lists.
    fn bearer(&self, token: &str) -> Result<Caller, AuthenticationError> {
        let listed = |actions| TokenAccess::Repository {
            name: "all/a".parse().expect("a name"),
            actions,
        };
        let access = match token {
            "ana" | "ben" => return person(token),
            "anonymous" => return Ok(Caller::anonymous().under(Ceiling::Listed(Arc::from([])))),
            "pull" => listed(RepositoryActions::PULL),
            "push" => listed(RepositoryActions::PUSH),
            "delete" => listed(RepositoryActions::DELETE),
            "catalog" => TokenAccess::Catalog,
            "many" => return Err(too_many()),
            "down" => return Err(AuthenticationError::Unavailable(self.down())),
            _ => return Err(AuthenticationError::Invalid),
        };
        Ok(person("ana")?.under(Ceiling::Listed(Arc::from([access]))))
    }
}

fn person(name: &str) -> Result<Caller, AuthenticationError> {
    let id = CallerId::new(name).map_err(|_| AuthenticationError::Invalid)?;
    Ok(Caller::new(id, name))
}

fn too_many() -> AuthenticationError {
    AuthenticationError::TooMany {
        retry_after: Duration::from_millis(1_500),
    }
}

#[async_trait]
impl Authenticator for Seams {
    async fn authenticate(
        &self,
        credentials: Credentials,
        _: &Peer,
    ) -> Result<Caller, AuthenticationError> {
        let caller = match credentials {
            Credentials::None => Caller::anonymous(),
            Credentials::Basic { username, password } if password.expose() == "x" => {
                person(&username)?
            }
            Credentials::Bearer(token) => self.bearer(token.expose())?,
            Credentials::Vouched(who) => {
                let id = who.downcast_ref::<CallerId>().expect("an id");
                Caller::new(id.clone(), id.as_str())
            }
            _ => return Err(AuthenticationError::Invalid),
        };
        *self.last() = Some(caller.clone());
        Ok(caller)
    }
}

fn may(caller: &Caller, name: &RepositoryName) -> bool {
    match name.components().next() {
        Some("all") => true,
        Some("own") => !caller.id.is_anonymous(),
        _ => false,
    }
}

#[async_trait]
impl Authorizer for Seams {
    async fn decide(
        &self,
        caller: &Caller,
        _: Action,
        resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        if may(caller, resource.name) {
            return Ok(Decision::Allow(Allowed::default()));
        }
        let explained = |kind, explanation| Ok(Decision::Deny(Denial { kind, explanation }));
        match resource.name.components().next() {
            Some("down") => Err(AuthorizerError(self.down())),
            Some("told") => {
                let explanation = Explanation {
                    rule: "no edit permission".into(),
                    remedy: "ask ben".into(),
                };
                explained(DenialKind::Scope, Some(explanation))
            }
            _ => explained(DenialKind::Permission, None),
        }
    }

    async fn visible(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        let all = self.rows.repositories(after, usize::MAX).await;
        let names = all.expect("rows in memory").into_iter().map(|it| it.name);
        Ok(names.filter(|name| may(caller, name)).take(limit).collect())
    }
}

#[async_trait]
impl TokenIssuer for Seams {
    async fn issue(&self, request: TokenRequest) -> Result<IssuedToken, TokenRefusal> {
        let token = match request.credentials {
            Credentials::None => "anonymous".to_owned(),
            Credentials::Basic { username, .. } if username == "many" => {
                return Err(TokenRefusal::TooMany {
                    retry_after: Duration::ZERO,
                });
            }
            Credentials::Basic { username, .. } if username == "down" => {
                return Err(TokenRefusal::Unavailable(self.down()));
            }
            Credentials::Basic { username, password } if password.expose() == "x" => username,
            Credentials::Bearer(token) => token.expose().to_owned(),
            _ => return Err(TokenRefusal::Credentials),
        };
        if request.service.is_some_and(|name| name != "pierhead") {
            return Err(TokenRefusal::Request("no such service is here".into()));
        }
        Ok(IssuedToken {
            token,
            expires_in: Duration::from_mins(15),
            issued_at: UNIX_EPOCH,
            refresh_token: request.offline.then(|| "ana".to_owned()),
        })
    }
}
