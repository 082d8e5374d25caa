//! A service over memory, scripted seams, and a way to ask it things.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use pierhead_http::{HttpOptions, RegistryService};
use pierhead_model::{ContentDigest, RepositoryActions, TokenScope};
use pierhead_registry::{
    Action, AllowAll, Allowed, AuthenticationError, Authenticator, Authorizer, AuthorizerError,
    Caller, Ceiling, Credentials, Decision, Denial, DenialKind, Explanation, GrantType,
    IssuedToken, Peer, Registry, Resource, TokenAccess, TokenIssuer, TokenRefusal, TokenRequest,
    TokioClock,
};
use pierhead_storage::{CallerId, MemoryBlobStore, MemoryRepositoryStore};
use tower_service::Service as _;

pub(crate) const HINT: &str = "names here are `<project id>/<name>`";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A header that stands once, or not at all.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        assert!(values.next().is_none(), "`{name}` stands twice");
        Some(first.to_str().expect("headers are ASCII"))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .expect("an error has a code")
            .to_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"]
            .as_str()
            .expect("an error has words")
            .to_owned()
    }

    /// Asserts the status, and the code when it is an error with a body.
    #[track_caller]
    pub(crate) fn expect(self, status: u16, code: &str) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        if !code.is_empty() {
            assert_eq!(self.code(), code, "{text}");
        }
        self
    }
}

/// A service and the headers each request of a client carries.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) service: RegistryService,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A registry in which everybody may do everything.
    pub(crate) fn open() -> Self {
        let rows = Arc::new(MemoryRepositoryStore::new());
        let registry = Registry::builder(
            Arc::new(MemoryBlobStore::new()),
            rows.clone(),
            Arc::new(TokioClock),
        )
        .authorizer(Arc::new(AllowAll::new(rows)))
        .build();
        Self::of(registry)
    }

    /// A registry behind the scripts below, with or without a token endpoint.
    pub(crate) fn guarded(tokens: bool) -> Self {
        let mut builder = Registry::builder(
            Arc::new(MemoryBlobStore::new()),
            Arc::new(MemoryRepositoryStore::new()),
            Arc::new(TokioClock),
        )
        .authenticator(Arc::new(Script))
        .authorizer(Arc::new(Script));
        if tokens {
            builder = builder.token_issuer(Arc::new(Script));
        }
        Self::of(builder.build())
    }

    pub(crate) fn of(registry: Registry) -> Self {
        let options = HttpOptions::default()
            .with_public_url("https://registry.example.org")
            .expect("it is a public URL")
            .with_denied_hint(HINT);
        Self {
            service: RegistryService::new(registry, options),
            headers: Vec::new(),
        }
    }

    /// A client of the same registry under other options.
    pub(crate) fn with_options(&self, change: impl FnOnce(HttpOptions) -> HttpOptions) -> Self {
        let options = change(self.service.options().clone());
        let service = RegistryService::new(self.service.registry().clone(), options);
        Self {
            service,
            headers: self.headers.clone(),
        }
    }

    /// The headers each request carries.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The same client with one more header on every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same client with a token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    fn request<B>(&self, method: &str, uri: &str, body: B) -> Request<B> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(body).expect("the request is one")
    }

    pub(crate) async fn ask<B>(&self, request: Request<B>) -> Reply
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<pierhead_http::BoxError>,
    {
        let response = match self.service.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body ends well").to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn send(&self, method: &str, uri: &str) -> Reply {
        self.ask(self.request(method, uri, Full::<Bytes>::default()))
            .await
    }

    pub(crate) async fn get(&self, uri: &str) -> Reply {
        self.send("GET", uri).await
    }

    pub(crate) async fn with_body(&self, method: &str, uri: &str, body: impl Into<Bytes>) -> Reply {
        self.ask(self.request(method, uri, Full::new(body.into())))
            .await
    }

    /// A body in frames, which may break off.
    pub(crate) async fn with_frames(
        &self,
        method: &str,
        uri: &str,
        frames: Vec<Result<&'static [u8], &'static str>>,
    ) -> Reply {
        let frames = frames.into_iter().map(|frame| {
            frame
                .map(|data| Frame::data(Bytes::from_static(data)))
                .map_err(std::io::Error::other)
        });
        self.ask(self.request(method, uri, StreamBody::new(stream::iter(frames))))
            .await
    }

    /// Pushes a blob at once.
    pub(crate) async fn push_blob(&self, name: &str, content: &'static [u8]) -> ContentDigest {
        let digest = ContentDigest::sha256(content);
        let uri = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        self.with_body("POST", &uri, content).await.expect(201, "");
        digest
    }

    /// Begins a session and returns its location.
    pub(crate) async fn start(&self, name: &str) -> String {
        let reply = self
            .send("POST", &format!("/v2/{name}/blobs/uploads/"))
            .await
            .expect(202, "");
        reply
            .header("location")
            .expect("a session has a location")
            .to_owned()
    }

    /// Pushes an image under a tag or a digest, with everything it names.
    pub(crate) async fn push_image(&self, name: &str, reference: &str, extra: &str) -> Image {
        let image = image(extra);
        self.push_blob(name, b"{}").await;
        self.with("content-type", OCI_MANIFEST)
            .with_body(
                "PUT",
                &format!("/v2/{name}/manifests/{reference}"),
                image.bytes.clone(),
            )
            .await
            .expect(201, "");
        image
    }
}

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) bytes: Bytes,
    pub(crate) digest: ContentDigest,
}

/// An image without layers, with `extra` put into it, such as `,"subject":{…}`.
pub(crate) fn image(extra: &str) -> Image {
    let config = ContentDigest::sha256(b"{}");
    let bytes = Bytes::from(format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[]{extra}}}"#
    ));
    let digest = ContentDigest::sha256(&bytes);
    Image { bytes, digest }
}

/// Alice may do everything under `syn1/`, anybody may pull under `public/`, whoever is signed in is
/// told why not under `told/`, and `down/` cannot be decided.
#[derive(Debug)]
struct Script;

#[async_trait]
impl Authenticator for Script {
    async fn authenticate(
        &self,
        credentials: Credentials,
        _: &Peer,
    ) -> Result<Caller, AuthenticationError> {
        let alice = || Caller::new(CallerId::new("alice").expect("it is an id"), "alice");
        match credentials {
            Credentials::None => Ok(Caller::anonymous()),
            Credentials::Basic { username, password }
                if username == "alice" && password.expose() == "secret:1" =>
            {
                Ok(alice())
            }
            Credentials::Vouched(who) if who.downcast_ref() == Some(&"alice") => Ok(alice()),
            Credentials::Bearer(token) => match token.expose() {
                "alice" => Ok(alice()),
                "anonymous" => Ok(Caller::anonymous().under(Ceiling::Listed(Arc::from([])))),
                "alice-pull" => {
                    let list = [TokenAccess::Repository {
                        name: "syn1/a".parse().expect("it is a name"),
                        actions: RepositoryActions::PULL,
                    }];
                    Ok(alice().under(Ceiling::Listed(Arc::from(list))))
                }
                "many" => Err(AuthenticationError::TooMany {
                    retry_after: Duration::from_millis(1_500),
                }),
                "down" => Err(AuthenticationError::Unavailable(Arc::new(secret_fault()))),
                _ => Err(AuthenticationError::Invalid),
            },
            _ => Err(AuthenticationError::Invalid),
        }
    }
}

/// What no client may ever read.
fn secret_fault() -> std::io::Error {
    std::io::Error::other("db-7.internal refused the connection")
}

#[async_trait]
impl Authorizer for Script {
    async fn decide(
        &self,
        caller: &Caller,
        action: Action,
        resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        let deny = |kind, explanation| Ok(Decision::Deny(Denial { kind, explanation }));
        let told = || Explanation {
            rule: "no edit permission".into(),
            remedy: "ask bob".into(),
        };
        let reads = matches!(action, Action::Pull | Action::Head);
        match resource.name.components().next() {
            Some("syn1") if !caller.id.is_anonymous() => Ok(Decision::Allow(Allowed::default())),
            Some("public") if reads => Ok(Decision::Allow(Allowed::default())),
            Some("told") if !caller.id.is_anonymous() => deny(DenialKind::Permission, Some(told())),
            Some("scope") => deny(DenialKind::Scope, Some(told())),
            Some("down") => Err(AuthorizerError(Arc::new(secret_fault()))),
            _ => deny(DenialKind::Permission, None),
        }
    }

    async fn visible(
        &self,
        _: &Caller,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<pierhead_model::RepositoryName>, AuthorizerError> {
        Ok(Vec::new())
    }
}

/// Puts what it was asked into the token, so that tests read it there.
#[async_trait]
impl TokenIssuer for Script {
    async fn issue(&self, request: TokenRequest) -> Result<IssuedToken, TokenRefusal> {
        let who = match (&request.credentials, request.grant) {
            (Credentials::None, GrantType::Password) => "anonymous".to_owned(),
            (Credentials::Basic { username, password }, GrantType::Password) => {
                match username.as_str() {
                    "many" => {
                        return Err(TokenRefusal::TooMany {
                            retry_after: Duration::from_secs(7),
                        });
                    }
                    "down" => return Err(TokenRefusal::Unavailable(Arc::new(secret_fault()))),
                    _ if password.expose() != "secret:1" => return Err(TokenRefusal::Credentials),
                    _ => username.clone(),
                }
            }
            (Credentials::Bearer(token), GrantType::RefreshToken) => {
                if token.expose() != "again" {
                    return Err(TokenRefusal::Credentials);
                }
                format!("refreshed by {}", token.expose())
            }
            (Credentials::Vouched(_), _) => "vouched".to_owned(),
            _ => return Err(TokenRefusal::Credentials),
        };
        if request
            .service
            .as_deref()
            .is_some_and(|name| name != "registry.example.org")
        {
            return Err(TokenRefusal::Request(
                "there is no such service here".into(),
            ));
        }
        let scopes = request
            .scopes
            .iter()
            .map(TokenScope::to_string)
            .collect::<Vec<_>>();
        Ok(IssuedToken {
            token: format!("{who} {}", scopes.join(" ")),
            expires_in: Duration::from_secs(900),
            issued_at: UNIX_EPOCH + Duration::from_secs(951_782_400),
            refresh_token: request.offline.then(|| "again".to_owned()),
        })
    }
}
