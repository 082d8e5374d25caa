//! A registry to try things on: scripted permissions, logged and failing stores.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{Stream, TryStreamExt, stream};
use parking_lot::Mutex;
use pierhead_model::{ContentDigest, MediaType, Reference, RepositoryActions, RepositoryName};
use pierhead_registry::{
    Action, Allowed, Authorizer, AuthorizerError, BlobRead, BodyError, Caller, CallerId, Ceiling,
    Clock, Decision, Denial, DenialKind, Error, Explanation, Limits, ManifestReceipt, PutManifest,
    ReadOptions, Registry, RegistryBuilder, Resource, TokenAccess, TokioClock,
};
use pierhead_storage::{
    BlobStore, Fence, MemoryBlobStore, MemoryRepositoryStore, RepositoryStore, ScopeId,
};
use pierhead_storage_testing::{CallLog, Counting, FaultPlan, Faults};

use crate::lag::Lag;

/// A registry over stores in memory, and handles to all that is behind it.
pub(crate) struct Bench {
    pub(crate) registry: Registry,
    pub(crate) rules: Rules,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) rows: Arc<dyn RepositoryStore>,
    pub(crate) log: CallLog,
    pub(crate) plan: FaultPlan,
    pub(crate) memory: MemoryRepositoryStore,
    pub(crate) clock: Arc<HandClock>,
}

/// Time that a test moves on by hand, from the system's; waiting is on the runtime.
#[derive(Debug, Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) fn advance(&self, span: Duration) {
        *self.0.lock() += span;
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::now() + *self.0.lock()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        TokioClock.sleep(span)
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(RegistryBuilder) -> RegistryBuilder) -> Self {
        let memory = MemoryRepositoryStore::new();
        let (log, plan) = (CallLog::new(), FaultPlan::new());
        let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobStore::new());
        let rows: Arc<dyn RepositoryStore> = Arc::new(memory.clone());
        let blobs: Arc<dyn BlobStore> = Arc::new(Faults::new(blobs, plan.clone()));
        let rows: Arc<dyn RepositoryStore> = Arc::new(Faults::new(rows, plan.clone()));
        let blobs: Arc<dyn BlobStore> = Arc::new(Counting::new(blobs, log.clone()));
        let rows: Arc<dyn RepositoryStore> = Arc::new(Counting::new(rows, log.clone()));
        // The script asks the memory itself: its calls are neither logged nor failed.
        let rules = Rules(Arc::default(), Arc::new(memory.clone()));
        let clock = Arc::new(HandClock::default());
        let builder = Registry::builder(blobs.clone(), rows.clone(), clock.clone())
            .authorizer(Arc::new(rules.clone()));
        Self {
            registry: change(builder).build(),
            rules,
            blobs,
            rows,
            log,
            plan,
            memory,
            clock,
        }
    }

    /// The same stores, each of whose calls pauses before and after it does anything.
    pub(crate) fn lagging(&self) -> Registry {
        let blobs = Arc::new(Lag(self.blobs.clone()));
        let rows = Arc::new(Lag(self.rows.clone()));
        Registry::builder(blobs, rows, self.clock.clone())
            .authorizer(Arc::new(self.rules.clone()))
            .build()
    }

    /// How many sessions there are, whoever's.
    pub(crate) fn has_no_session(&self) -> bool {
        format!("{:?}", self.memory).contains("uploads: 0")
    }

    /// Another process on the same stores: nothing is left in memory.
    pub(crate) fn restarted(&self) -> Registry {
        Registry::builder(self.blobs.clone(), self.rows.clone(), self.clock.clone())
            .authorizer(Arc::new(self.rules.clone()))
            .limits(Limits::default())
            .build()
    }

    pub(crate) async fn push(&self, name: &str, bytes: &'static [u8]) -> Result<(), Error> {
        push(&self.registry, &ana(), name, bytes).await
    }

    /// An image of one layer under a tag: the repository exists afterwards.
    pub(crate) async fn image(
        &self,
        name: &str,
        tag: &str,
        layer: &'static [u8],
    ) -> Result<ManifestReceipt, Error> {
        self.push(name, b"{}").await?;
        self.push(name, layer).await?;
        put(&self.registry, &ana(), name, tag, image_of(layer)).await
    }

    pub(crate) async fn pull(&self, name: &str, digest: &ContentDigest) -> Result<Vec<u8>, Error> {
        pull(&self.registry, &ana(), name, digest).await
    }
}

pub(crate) async fn push(
    registry: &Registry,
    caller: &Caller,
    name: &str,
    bytes: &'static [u8],
) -> Result<(), Error> {
    let writer = registry.writer(caller, &named(name)).await?;
    writer
        .upload(whole(bytes), &ContentDigest::sha256(bytes))
        .await
        .map(drop)
}

pub(crate) async fn put(
    registry: &Registry,
    caller: &Caller,
    name: &str,
    reference: &str,
    manifest: String,
) -> Result<ManifestReceipt, Error> {
    let reference: Reference = reference.parse().expect("a reference");
    let put = PutManifest {
        reference,
        tags: Vec::new(),
        content_type: Some(MediaType::OCI_MANIFEST),
        bytes: manifest.into(),
    };
    registry
        .writer(caller, &named(name))
        .await?
        .put_manifest(put)
        .await
}

pub(crate) async fn pull(
    registry: &Registry,
    caller: &Caller,
    name: &str,
    digest: &ContentDigest,
) -> Result<Vec<u8>, Error> {
    let blob = registry
        .reader(caller, &named(name))
        .await?
        .blob(digest)
        .await?;
    let BlobRead::Stream(bytes) = blob.read(0..blob.size(), &ReadOptions::default()).await? else {
        panic!("no redirect was asked for");
    };
    Ok(bytes.try_collect::<Vec<_>>().await?.concat())
}

pub(crate) fn image_of(layer: &[u8]) -> String {
    let (config, digest) = (ContentDigest::sha256(b"{}"), ContentDigest::sha256(layer));
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":{}}}]}}"#,
        layer.len(),
    )
}

pub(crate) fn named(name: &str) -> RepositoryName {
    name.parse().expect("a repository name")
}

pub(crate) fn ana() -> Caller {
    Caller::new(CallerId::new("ana").expect("a caller's id"), "Ana")
}

pub(crate) fn ben() -> Caller {
    Caller::new(CallerId::new("ben").expect("a caller's id"), "Ben")
}

/// A caller whose token lists actions on one name.
pub(crate) fn with_token(caller: Caller, name: &str, actions: RepositoryActions) -> Caller {
    let access = TokenAccess::Repository {
        name: named(name),
        actions,
    };
    caller.under(Ceiling::Listed(Arc::from([access])))
}

/// A body in one piece.
pub(crate) fn whole(
    bytes: &'static [u8],
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin {
    stream::iter([Ok(Bytes::from_static(bytes))])
}

/// A body in pieces of one byte, each of which its reader has to wait for.
pub(crate) fn dribble(
    bytes: &'static [u8],
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin {
    Box::pin(stream::unfold(0, move |at| async move {
        if at == bytes.len() {
            return None;
        }
        tokio::task::yield_now().await;
        Some((Ok(Bytes::copy_from_slice(&bytes[at..=at])), at + 1))
    }))
}

/// A body that breaks off after these bytes.
pub(crate) fn broken(
    bytes: &'static [u8],
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin {
    stream::iter([
        Ok(Bytes::from_static(bytes)),
        Err(BodyError::new("the line was cut")),
    ])
}

/// Polls a future at most so often, and drops it.
pub(crate) fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Some(done);
        }
    }
    None
}

/// Permissions that a test sets.
#[derive(Clone, Debug)]
pub(crate) struct Rules(Arc<Mutex<Script>>, Arc<dyn RepositoryStore>);

#[derive(Debug, Default)]
struct Script {
    /// What is refused, by caller, name and action; everything else is allowed.
    refused: BTreeMap<(String, String, &'static str), DenialKind>,
    /// What every fence holds.
    scopes: Vec<ScopeId>,
}

impl Rules {
    pub(crate) fn refuse(&self, caller: &Caller, name: &str, actions: &[Action]) {
        self.refuse_as(caller, name, actions, DenialKind::Permission);
    }

    pub(crate) fn refuse_as(
        &self,
        caller: &Caller,
        name: &str,
        actions: &[Action],
        kind: DenialKind,
    ) {
        for action in actions {
            let key = (caller.id.to_string(), name.to_owned(), word(*action));
            self.0.lock().refused.insert(key, kind);
        }
    }

    /// From now on nothing is refused.
    pub(crate) fn allow_again(&self) {
        self.0.lock().refused.clear();
    }

    /// From now on decisions rest on this scope, too.
    pub(crate) fn rest_on(&self, scope: ScopeId) {
        self.0.lock().scopes.push(scope);
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Pull => "pull",
        Action::Push => "push",
        Action::Head => "head",
        Action::Delete => "delete",
        _ => "another",
    }
}

#[async_trait]
impl Authorizer for Rules {
    async fn decide(
        &self,
        caller: &Caller,
        action: Action,
        resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        let (scopes, refused) = {
            let script = self.0.lock();
            let key = (
                caller.id.to_string(),
                resource.name.to_string(),
                word(action),
            );
            (script.scopes.clone(), script.refused.get(&key).copied())
        };
        if let Some(kind) = refused {
            let explanation = Some(Explanation {
                rule: "refused".into(),
                remedy: "ask".into(),
            });
            return Ok(Decision::Deny(Denial { kind, explanation }));
        }
        let versions = self.1.current(&scopes).await;
        let versions = versions.map_err(|error| AuthorizerError(Arc::new(error)))?;
        let fence = scopes
            .into_iter()
            .zip(versions.iter().map(|version| version.rights));
        Ok(Decision::Allow(Allowed {
            fence: Fence(fence.collect()),
            parent: None,
        }))
    }

    async fn visible(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        let all = self
            .1
            .repositories(after, 1_000)
            .await
            .expect("rows in memory");
        let script = self.0.lock();
        let seen = all
            .into_iter()
            .map(|repository| repository.name)
            .filter(|name| {
                let key = (caller.id.to_string(), name.to_string(), "pull");
                !script.refused.contains_key(&key)
            });
        Ok(seen.take(limit).collect())
    }
}
