//! From a request to an answer.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{EXPECT, HeaderName, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use pierhead_model::{ErrorCode, TokenScope};
use pierhead_registry::{Credentials, Registry};

use crate::body::{BoxError, RequestBody, ResponseBody};
use crate::challenge::{Ask, Challenge, Shown, has_two_hosts, host, peer};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::operation::{Operation, content_length};
use crate::options::HttpOptions;
use crate::response::Answer;
use crate::{blob, catalog, manifest, referrer, tag, token, upload};

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// The distribution protocol and the token endpoint of one registry, as a
/// [`tower_service::Service`].
///
/// It answers `/v2/` and what is below it, and the token endpoint when the registry has a token
/// issuer; anything else is 404. It never fails, holds no state of its own and decides no
/// permission. Cloning is cheap.
///
/// # Cancel safety
/// The future of a request may be dropped at any point: what an upload has received so far is kept
/// for a later request, and a commit happens wholly or not at all.
#[derive(Clone)]
pub struct RegistryService {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    options: HttpOptions,
}

impl RegistryService {
    /// A service for this registry.
    pub fn new(registry: Registry, options: HttpOptions) -> Self {
        Self {
            inner: Arc::new(Inner { registry, options }),
        }
    }

    /// The registry it speaks for.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The options it was made with.
    pub fn options(&self) -> &HttpOptions {
        &self.inner.options
    }
}

impl fmt::Debug for RegistryService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryService")
            .field("options", self.options())
            .finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for RegistryService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        let (parts, body) = request.into_parts();
        let announced = content_length(&parts.headers);
        let clock = Arc::clone(inner.registry.clock());
        let body = RequestBody::new(body, announced, clock, inner.options.idle_timeout());
        Box::pin(async move { Ok(inner.answer(parts, body).await) })
    }
}

impl Inner {
    async fn answer(&self, parts: Parts, mut body: RequestBody) -> Response<ResponseBody> {
        let mut response = self.route(&parts, &mut body).await;
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if parts.uri.path() != self.options.token_path() {
            headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        }
        let refused = response.status().is_client_error() || response.status().is_server_error();
        if parts.method == Method::HEAD {
            *response.body_mut() = ResponseBody::empty();
        } else if refused
            && !body.is_over()
            && (body.is_wanted() || !parts.headers.contains_key(EXPECT))
        {
            // Who asked by `Expect` whether to send the body keeps it after such an answer.
            response = response.map(|content| content.draining(body));
        }
        response
    }

    async fn route(&self, parts: &Parts, body: &mut RequestBody) -> Response<ResponseBody> {
        if has_two_hosts(&parts.headers) {
            let message = "the header `Host` must be sent once";
            return Failure::malformed(ErrorCode::Unsupported, message).into_response();
        }
        let path = parts.uri.path();
        if let Some(issuer) = self.registry.token_issuer()
            && path == self.options.token_path()
        {
            return token::respond(&**issuer, &self.options, parts, body).await;
        }
        if path != "/v2" && !path.starts_with("/v2/") {
            return Failure::no_route().into_response();
        }
        // What is malformed is malformed for everybody.
        let operation = match Operation::read(parts) {
            Ok(operation) => operation,
            Err(failure) => return failure.into_response(),
        };
        let scope = operation.scope();
        let shown = if self.registry.has_authenticator() {
            Shown::by(parts)
        } else {
            Shown::Credentials(Credentials::None)
        };
        let token_sent = matches!(shown, Shown::Credentials(Credentials::Bearer(_)));
        match self.perform(operation, shown, parts, body).await {
            Ok(response) => response,
            Err(failure) => self.refuse(failure, parts, scope.as_ref(), token_sent),
        }
    }

    async fn perform(
        &self,
        operation: Operation,
        shown: Shown,
        parts: &Parts,
        body: &mut RequestBody,
    ) -> Result<Response<ResponseBody>, Failure> {
        let Shown::Credentials(credentials) = shown else {
            return Err(Failure::unauthorized(
                Ask::Invalid,
                "the `Authorization` header cannot be read; log in again",
            ));
        };
        // Docker learns how to sign in at the base and nowhere else, and oras and regctl where they
        // are asked: what is in the catalog for nobody they would show as the caller's own. So
        // whoever shows nothing is asked, also where there is something to be had without.
        let asks = matches!(
            operation,
            Operation::Base
                | Operation::Catalog(_)
                | Operation::Unknown
                | Operation::NotAllowed(..)
        );
        let nothing = matches!(credentials, Credentials::None);
        if asks && nothing && self.registry.has_authenticator() {
            return Err(Failure::unauthorized(Ask::SignIn, "log in first"));
        }
        let caller = self
            .registry
            .authenticate(credentials, &peer(parts))
            .await
            .map_err(|error| Failure::of(error, &self.options))?;
        let exchange = Exchange {
            registry: &self.registry,
            options: &self.options,
            parts,
            caller,
        };
        dispatch(&exchange, operation, body).await
    }

    /// An error, with the challenge if it is a 401.
    fn refuse(
        &self,
        failure: Failure,
        parts: &Parts,
        scope: Option<&TokenScope>,
        token_sent: bool,
    ) -> Response<ResponseBody> {
        let Some(ask) = failure.ask() else {
            return failure.into_response();
        };
        let line = Challenge {
            bearer: self.registry.token_issuer().is_some(),
            options: &self.options,
            host: host(parts),
            scope,
            ask,
            token_sent,
        }
        .line();
        failure.with_text(WWW_AUTHENTICATE, &line).into_response()
    }
}

async fn dispatch(
    exchange: &Exchange<'_>,
    operation: Operation,
    body: &mut RequestBody,
) -> Result<Response<ResponseBody>, Failure> {
    match operation {
        Operation::Base => Answer::new(http::StatusCode::OK).json(
            "application/json",
            &serde_json::Map::<String, serde_json::Value>::new(),
        ),
        Operation::Catalog(page) => catalog::list(exchange, &page).await,
        Operation::Tags(name, page) => tag::list(exchange, &name, &page).await,
        Operation::GetManifest(name, what) => manifest::get(exchange, &name, &what).await,
        Operation::HeadManifest(name, what) => manifest::head(exchange, &name, &what).await,
        Operation::PutManifest(name, put) => manifest::put(exchange, &name, put, body).await,
        Operation::DeleteManifest(name, what) => manifest::delete(exchange, &name, &what).await,
        Operation::GetBlob(name, digest) => blob::get(exchange, &name, &digest).await,
        Operation::HeadBlob(name, digest) => blob::head(exchange, &name, &digest).await,
        Operation::DeleteBlob(name, digest) => blob::delete(exchange, &name, &digest).await,
        Operation::StartUpload(name, how) => upload::start(exchange, &name, how, body).await,
        Operation::Upload(name, id, step) => upload::step(exchange, &name, &id, step, body).await,
        Operation::Referrers(name, query) => referrer::list(exchange, &name, query).await,
        Operation::NotAllowed(_, methods) => Err(Failure::not_allowed(methods)),
        Operation::Unknown => Err(Failure::no_route()),
    }
}
