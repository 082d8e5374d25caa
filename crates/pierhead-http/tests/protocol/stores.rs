//! What stores and the embedder's own rules make of a request: redirects, no room, refusals.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use pierhead_model::ContentDigest;
use pierhead_registry::{AllowAll, Limits, Registry, RegistryBuilder, TokioClock};
use pierhead_storage::{
    Admission, AdmissionChange, AdmissionFacts, BlobLimits, BlobRead, BlobStore, BlobWriter,
    Checkpoint, Listed, MemoryBlobStore, MemoryRepositoryStore, Place, ReadOptions, Redirect,
    Refusal, StoreError,
};

use crate::support::{Client, OCI_MANIFEST, image};

fn registry(blobs: Arc<dyn BlobStore>) -> RegistryBuilder {
    let rows = Arc::new(MemoryRepositoryStore::new());
    Registry::builder(blobs, rows.clone(), Arc::new(TokioClock))
        .authorizer(Arc::new(AllowAll::new(rows)))
}

/// Sends every reader elsewhere.
#[derive(Debug)]
struct Elsewhere {
    inner: MemoryBlobStore,
    url: &'static str,
}

#[async_trait]
impl BlobStore for Elsewhere {
    fn limits(&self) -> BlobLimits {
        self.inner.limits().with_redirects(true)
    }

    fn allocate(&self) -> Place {
        self.inner.allocate()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.inner.writer(at, from).await
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        if how.redirect_for.is_some() {
            return Ok(BlobRead::Redirect(Redirect {
                url: self.url.to_owned(),
            }));
        }
        self.inner.read(at, range, how).await
    }

    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Result<(), StoreError> {
        self.inner.remove(at, from).await
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(after, limit).await
    }
}

#[tokio::test]
async fn a_store_that_redirects_is_followed_unless_that_is_switched_off() {
    let store = |url| {
        Arc::new(Elsewhere {
            inner: MemoryBlobStore::new(),
            url,
        })
    };
    let url = "https://bucket.example.org/place?signature=x";
    let client = Client::of(registry(store(url)).build());
    let digest = client.push_blob("a", b"0123456789").await;
    let uri = format!("/v2/a/blobs/{digest}");
    let reply = client.get(&uri).await.expect(307, "");
    assert_eq!(reply.header("location"), Some(url));
    // The range is asked for again where the redirect leads.
    client
        .with("range", "bytes=1-2")
        .get(&uri)
        .await
        .expect(307, "");
    client.send("HEAD", &uri).await.expect(200, "");
    let client = client.with_options(|options| options.with_redirects(None));
    assert_eq!(
        client.get(&uri).await.expect(200, "").body,
        &b"0123456789"[..]
    );
    // What cannot be a header is never sent as one.
    let client = Client::of(registry(store("https://bucket\r\nset-cookie: x")).build());
    let digest = client.push_blob("a", b"0123456789").await;
    client
        .get(&format!("/v2/a/blobs/{digest}"))
        .await
        .expect(500, "UNKNOWN");
}

#[tokio::test]
async fn no_room_is_507_and_a_blob_too_long_is_413() {
    let full = Arc::new(MemoryBlobStore::new().with_capacity(4));
    let client = Client::of(registry(full).build());
    let digest = ContentDigest::sha256(b"0123456789");
    let uri = format!("/v2/a/blobs/uploads/?digest={digest}");
    client
        .with_body("POST", &uri, "0123456789")
        .await
        .expect(507, "UNAVAILABLE");
    let limits = Limits::default().with_max_blob(4);
    let client = Client::of(
        registry(Arc::new(MemoryBlobStore::new()))
            .limits(limits)
            .build(),
    );
    client
        .with_body("POST", &uri, "0123456789")
        .await
        .expect(413, "UNSUPPORTED");
}

/// Lets nothing in.
#[derive(Debug)]
struct ReadOnly;

impl Admission for ReadOnly {
    fn admit(&self, facts: &AdmissionFacts<'_>) -> Result<(), Refusal> {
        match facts.change {
            AdmissionChange::Manifest { .. } => Err(Refusal {
                message: "tags are frozen until Monday".into(),
            }),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_embedder_is_403_in_its_own_words() {
    let blobs = Arc::new(MemoryBlobStore::new());
    let client = Client::of(registry(blobs).admission(Arc::new(ReadOnly)).build());
    client.push_blob("a", b"{}").await;
    let put = client.with("content-type", OCI_MANIFEST);
    let reply = put
        .with_body("PUT", "/v2/a/manifests/v1", image("").bytes)
        .await;
    assert_eq!(
        reply.expect(403, "DENIED").message(),
        "tags are frozen until Monday"
    );
}
