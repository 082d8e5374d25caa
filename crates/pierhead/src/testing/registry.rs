//! A registry on a port of its own, and what a test asks of it.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt as _, stream};
use pierhead_model::{
    ContentDigest, Manifest, ParseError, Reference, ReferenceRole, RepositoryName,
};
use pierhead_registry::{
    AllowAll, AuthenticationError, Authenticator, BlobRead, Caller, CallerId, Credentials, Error,
    Event, Observer, Peer, PutManifest, ReadOptions, Reader, Secret, TokioClock,
};

use super::server::Server;
use super::{Image, Pulled};
use crate::{Builder, Pierhead};

/// A registry that lives as long as this value. See the [module](super) for what it starts.
#[derive(Debug)]
pub struct Registry {
    // Dropped first: nobody is served by a registry whose helpers are gone.
    server: Server,
    url: String,
    heard: Arc<Heard>,
    /// The same stores without permissions: the test's own hand.
    hand: pierhead_registry::Registry,
}

impl Registry {
    /// Starts one in memory, in which everybody may do everything.
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn start() -> io::Result<Self> {
        let builder = Pierhead::in_memory();
        let open = AllowAll::new(builder.repositories());
        Self::serve(builder.authorizer(Arc::new(open)))
    }

    /// Starts one in memory for these users, each with a password: whoever signs in may do
    /// everything, nobody else anything.
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn with_users<'a>(users: impl IntoIterator<Item = (&'a str, &'a str)>) -> io::Result<Self> {
        let users = users.into_iter();
        let users = users.map(|(name, password)| (name.to_owned(), Secret::new(password)));
        let builder = Pierhead::in_memory();
        let open = AllowAll::new(builder.repositories());
        let builder = builder.authenticator(Arc::new(Users(users.collect())));
        Self::serve(builder.authorizer(Arc::new(open)))
    }

    /// Starts whatever was built: stores, users and permissions of one's own. It is closed when this
    /// value is dropped, as by [`Pierhead::close`].
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn serve(builder: Builder) -> io::Result<Self> {
        let rows = builder.repositories();
        let hand = pierhead_registry::Registry::builder(
            builder.blobs(),
            Arc::clone(&rows),
            Arc::new(TokioClock),
        );
        let hand = hand.authorizer(Arc::new(AllowAll::new(rows))).build();
        let heard = Arc::new(Heard::default());
        let server = Server::start(builder.observer(heard.clone()).build())?;
        let url = format!("http://{}", server.at);
        Ok(Self {
            server,
            url,
            heard,
            hand,
        })
    }

    /// Where it is, as docker names it: `127.0.0.1:` and its port.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Where it is, as a URL without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts an image there, past all permissions and observers: what the code under test finds.
    /// `name` is written as `team/app:1`.
    ///
    /// # Errors
    /// [`TestingError::Name`] when the name is none, else what the registry refuses.
    pub async fn push(&self, name: &str, image: &Image) -> Result<ContentDigest, TestingError> {
        let (name, reference) = parse(name)?;
        let (hand, image) = (self.hand.clone(), image.clone());
        self.beside(async move {
            let writer = hand.writer(&Caller::anonymous(), &name).await?;
            for blob in image.blobs() {
                let digest = ContentDigest::sha256(&blob);
                let body = stream::iter([Ok(blob)]);
                writer.upload(body, &digest).await?;
            }
            let put = PutManifest {
                reference,
                tags: Vec::new(),
                content_type: None,
                bytes: image.manifest(),
            };
            Ok(writer.put_manifest(put).await?.digest)
        })
        .await
    }

    /// Reads back what is there, past all permissions. `name` is written as `team/app:1`, or as
    /// `team/app@sha256:…`.
    ///
    /// # Errors
    /// [`TestingError::Name`] when the name is none; [`Error::ManifestUnknown`] when nothing is
    /// there.
    pub async fn pull(&self, name: &str) -> Result<Pulled, TestingError> {
        let (name, reference) = parse(name)?;
        let hand = self.hand.clone();
        self.beside(async move {
            let reader = hand.reader(&Caller::anonymous(), &name).await?;
            let found = reader.manifest(&reference).await?;
            let manifest = Manifest::from_stored(&found.bytes, &found.media_type)
                .map_err(Error::ManifestInvalid)?;
            let mut pulled = Pulled {
                digest: found.digest,
                media_type: found.media_type,
                manifest: found.bytes,
                config: None,
                layers: Vec::new(),
            };
            for reference in manifest.references() {
                let Some(digest) = reference.digest.content() else {
                    continue;
                };
                match reference.role {
                    ReferenceRole::Config => pulled.config = Some(read(&reader, &digest).await?),
                    ReferenceRole::Layer => pulled.layers.push(read(&reader, &digest).await?),
                    _ => {}
                }
            }
            Ok(pulled)
        })
        .await
    }

    /// Everything that clients have changed over HTTP, in order.
    pub fn events(&self) -> Vec<Event> {
        let heard = self.heard.0.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The manifests that clients have pushed, in order, each as `team/app:1`, or by its digest
    /// where it has no tag.
    pub fn pushed(&self) -> Vec<String> {
        let mut pushed = Vec::new();
        for event in self.events() {
            if let Event::ManifestPut {
                name, digest, tags, ..
            } = event
            {
                if tags.is_empty() {
                    pushed.push(format!("{name}@{digest}"));
                }
                pushed.extend(tags.iter().map(|tag| format!("{name}:{tag}")));
            }
        }
        pushed
    }

    /// Runs on the registry's own runtime, whatever the caller's is.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, TestingError> {
        let done = self.server.runtime.spawn(work).await;
        Ok(done.map_err(|error| TestingError::Broken(error.to_string()))??)
    }
}

/// Why a helper did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestingError {
    /// Not a name with a tag or a digest.
    #[error("write `{text}` as team/app:1, or as team/app@sha256:…")]
    Name {
        /// What was given.
        text: String,
        /// What is wrong with one of its parts, if both are there.
        source: Option<ParseError>,
    },
    /// The registry refused.
    #[error(transparent)]
    Registry(#[from] Error),
    /// A request over HTTP had no answer.
    #[error("the registry did not answer over HTTP")]
    Http(#[source] io::Error),
    /// A store panicked, or the registry's thread is gone.
    #[error("the registry broke: {0}")]
    Broken(String),
}

pub(super) fn parse(text: &str) -> Result<(RepositoryName, Reference), TestingError> {
    let wrong = |source| TestingError::Name {
        text: text.to_owned(),
        source,
    };
    let parts = text.split_once('@').or_else(|| text.rsplit_once(':'));
    let (name, reference) = parts.ok_or_else(|| wrong(None))?;
    let name = name.parse().map_err(|error| wrong(Some(error)))?;
    let reference = reference.parse().map_err(|error| wrong(Some(error)))?;
    Ok((name, reference))
}

async fn read(reader: &Reader, digest: &ContentDigest) -> Result<Bytes, Error> {
    let blob = reader.blob(digest).await?;
    match blob.read(0..blob.size(), &ReadOptions::default()).await? {
        BlobRead::Stream(bytes) => Ok(bytes.try_collect::<Vec<_>>().await?.concat().into()),
        BlobRead::Redirect(to) => Err(pierhead_storage::StoreError::unavailable(
            "reading a blob",
            format!(
                "the store gave a redirect to who did not ask for one: {}",
                to.url
            ),
        )
        .into()),
    }
}

/// Remembers everything.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observer for Heard {
    fn committed(&self, event: &Event) {
        let heard = self.0.lock();
        heard
            .unwrap_or_else(PoisonError::into_inner)
            .push(event.clone());
    }
}

/// Users with passwords, for `Basic`.
struct Users(HashMap<String, Secret>);

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[async_trait]
impl Authenticator for Users {
    async fn authenticate(&self, by: Credentials, _: &Peer) -> Result<Caller, AuthenticationError> {
        match by {
            Credentials::Basic { username, password }
                if self.0.get(&username) == Some(&password) =>
            {
                Ok(Caller::new(CallerId::new(&username)?, username))
            }
            _ => Err(AuthenticationError::Invalid),
        }
    }
}
