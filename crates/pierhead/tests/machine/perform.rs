//! Calls of a real registry, and its answers in the words of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::TryStreamExt as _;
use parking_lot::Mutex;
use pierhead::model::{ContentDigest, Reference};
use pierhead::registry::{
    BlobRead, CollectSchedule, Error, Mounted, PutManifest, ReadOptions, ReferrerQuery, Registry,
    StartUpload, UploadId, Writer,
};
use pierhead::storage::{RepositoryStore, View};

use crate::call::{Answer, At, Call, Piece};
use crate::catalogue::{
    BLOBS, Blob, CALLERS, KINDS, MANIFESTS, NAMES, TAGS, blob_digest, manifest_of,
};
use crate::ground::{Ground, Hours};
use crate::words::{
    blob_answer, body, caller, listed, name, place, refusal, stored, whole_manifest,
};

/// A registry, and the sessions that its clients remember.
pub(crate) struct Subject {
    registry: Registry,
    /// The one that was asked before.
    before: Registry,
    rows: Arc<dyn RepositoryStore>,
    clock: Arc<Hours>,
    sessions: Sessions,
}

/// The sessions that clients remember; a clone is another handle to the same ones.
pub(crate) type Sessions = Arc<Mutex<BTreeMap<At, UploadId>>>;

type Done = Result<Answer, Error>;

impl Subject {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self::with_sessions(ground, Sessions::default())
    }

    /// A registry whose clients remember these sessions.
    pub(crate) fn with_sessions(ground: &Ground, sessions: Sessions) -> Self {
        Self {
            registry: ground.registry(),
            before: ground.registry(),
            rows: Arc::clone(&ground.rows),
            clock: Arc::clone(&ground.clock),
            sessions,
        }
    }

    /// What its clients remember.
    pub(crate) fn sessions(&self) -> Sessions {
        Arc::clone(&self.sessions)
    }

    /// Another registry on the same stores, with clients that remember their sessions.
    pub(crate) fn restart(&mut self, ground: &Ground) {
        self.switch();
        self.registry = ground.registry();
    }

    /// Goes back to the registry that was asked before.
    pub(crate) fn switch(&mut self) {
        std::mem::swap(&mut self.registry, &mut self.before);
    }

    /// Makes a call. Anything but an answer of the model's is a failure, and so is content that is
    /// not whole.
    pub(crate) async fn call(&self, call: &Call) -> Answer {
        let done = match call {
            Call::Upload { .. } | Call::Mount { .. } | Call::Put { .. } => self.push(call).await,
            Call::Begin { .. }
            | Call::Append { .. }
            | Call::Finish { .. }
            | Call::Status { .. }
            | Call::Cancel { .. } => self.session(call).await,
            Call::DeleteTag { .. } | Call::DeleteManifest { .. } | Call::DeleteBlob { .. } => {
                self.delete(call).await
            }
            Call::Wait { hours } => {
                self.clock.advance(*hours);
                Ok(Answer::Done)
            }
            Call::Collect => self.collect().await,
            Call::Restart | Call::Switch => Ok(Answer::Done),
            _ => self.read(call).await,
        };
        done.unwrap_or_else(|error| refusal(call, &error))
    }

    async fn writer(&self, at: At) -> Result<Writer, Error> {
        self.registry.writer(&caller(at.by), &name(at.name)).await
    }

    async fn push(&self, call: &Call) -> Done {
        match call {
            Call::Upload { at, blob, said } => {
                let body = body(BLOBS[*blob], false);
                let writer = self.writer(*at).await?;
                let record = writer.upload(body, &blob_digest(*said)).await?;
                Ok(blob_answer(&record.digest))
            }
            Call::Mount { at, blob, from } => {
                let (digest, from) = (blob_digest(*blob), from.map(name));
                let writer = self.writer(*at).await?;
                match writer.mount(&digest, from.as_ref()).await? {
                    Mounted::Mounted(record) => Ok(blob_answer(&record.digest)),
                    Mounted::Started(status) => {
                        self.sessions.lock().insert(*at, status.id);
                        Ok(Answer::Session(status.offset))
                    }
                }
            }
            Call::Put {
                at,
                manifest,
                tags,
                said,
            } => {
                let recipe = &MANIFESTS[*manifest];
                let tag = |tag: &usize| TAGS[*tag].parse().expect("a tag");
                let put = PutManifest {
                    reference: match tags.first() {
                        Some(first) => Reference::Tag(tag(first)),
                        None => Reference::Digest(MANIFESTS[*said].digest),
                    },
                    tags: tags.iter().skip(1).map(tag).collect(),
                    content_type: Some(recipe.media_type.clone()),
                    bytes: recipe.bytes.clone(),
                };
                let receipt = self.writer(*at).await?.put_manifest(put).await?;
                Ok(stored(&receipt))
            }
            other => unreachable!("{other:?} pushes nothing"),
        }
    }

    async fn session(&self, call: &Call) -> Done {
        let id = |at: &At| {
            let known = self.sessions.lock().get(at).copied();
            known.ok_or(Error::UploadUnknown)
        };
        match call {
            Call::Begin { at } => {
                let algorithm = blob_digest(0).algorithm();
                let writer = self.writer(*at).await?;
                let status = writer.start(StartUpload { algorithm }).await?;
                self.sessions.lock().insert(*at, status.id);
                Ok(Answer::Session(status.offset))
            }
            Call::Append {
                at,
                piece,
                from,
                cut,
            } => {
                let bytes = piece.bytes();
                let range = from.map(|from| {
                    let text = format!("{from}-{}", from + bytes.len() as u64 - 1);
                    text.parse().expect("a range")
                });
                let writer = self.writer(*at).await?;
                let status = writer.append(id(at)?, range, body(bytes, *cut)).await?;
                Ok(Answer::Session(status.offset))
            }
            Call::Finish { at, piece, blob } => {
                let body = body(piece.map_or(&[][..], Piece::bytes), false);
                let writer = self.writer(*at).await?;
                let record = writer
                    .finish(id(at)?, None, body, &blob_digest(*blob))
                    .await?;
                Ok(blob_answer(&record.digest))
            }
            Call::Status { at, by } => {
                let writer = self.writer(At { by: *by, ..*at }).await?;
                Ok(Answer::Session(writer.status(id(at)?).await?.offset))
            }
            Call::Cancel { at } => {
                self.writer(*at).await?.cancel(id(at)?).await?;
                Ok(Answer::Done)
            }
            other => unreachable!("{other:?} is no call to a session"),
        }
    }

    async fn delete(&self, call: &Call) -> Done {
        let remover = async |at: &At| self.registry.remover(&caller(at.by), &name(at.name)).await;
        match call {
            Call::DeleteTag { at, tag } => {
                let tag = TAGS[*tag].parse().expect("a tag");
                remover(at).await?.tag(&tag).await?;
            }
            Call::DeleteManifest { at, manifest } => {
                let digest = MANIFESTS[*manifest].digest;
                remover(at).await?.manifest(&digest).await?;
            }
            Call::DeleteBlob { at, blob } => {
                remover(at).await?.blob(&blob_digest(*blob)).await?;
            }
            other => unreachable!("{other:?} deletes nothing"),
        }
        Ok(Answer::Done)
    }

    async fn collect(&self) -> Done {
        let done = self.registry.collect(&CollectSchedule::default()).await?;
        assert!(done.failed.is_none(), "{done:?}");
        Ok(Answer::Done)
    }

    async fn read(&self, call: &Call) -> Done {
        let reader = async |at: &At| self.registry.reader(&caller(at.by), &name(at.name)).await;
        match call {
            Call::GetTag { at, tag } => {
                let tag = Reference::Tag(TAGS[*tag].parse().expect("a tag"));
                let found = reader(at).await?.manifest(&tag).await?;
                Ok(whole_manifest(&found.digest, &found.bytes))
            }
            Call::GetManifest { at, manifest } => {
                let digest = Reference::Digest(MANIFESTS[*manifest].digest);
                let found = reader(at).await?.manifest(&digest).await?;
                Ok(whole_manifest(&found.digest, &found.bytes))
            }
            Call::GetBlob { at, blob } => {
                let blob = reader(at).await?.blob(&blob_digest(*blob)).await?;
                let read = blob.read(0..blob.size(), &ReadOptions::default()).await?;
                let BlobRead::Stream(bytes) = read else {
                    panic!("nobody asked for a redirect");
                };
                let bytes = bytes.try_collect::<Vec<_>>().await?.concat();
                assert_eq!(
                    ContentDigest::sha256(&bytes),
                    blob.record().digest,
                    "{call:?}"
                );
                Ok(blob_answer(&blob.record().digest))
            }
            Call::HeadBlob { at, blob } => {
                let checker = self
                    .registry
                    .checker(&caller(at.by), &name(at.name))
                    .await?;
                Ok(blob_answer(
                    &checker.blob(&blob_digest(*blob)).await?.digest,
                ))
            }
            Call::Tags { at, after, limit } => {
                let after = after.map(|tag| TAGS[tag]);
                let page = reader(at).await?.tags(after, *limit).await?;
                let tags = listed(&page, |tag| place(&TAGS, tag.as_str()));
                Ok(Answer::Tags(tags, page.more))
            }
            Call::Catalog { after, limit } => {
                let after = after.map(|name| NAMES[name]);
                let page = self.registry.catalog(&caller(0), after, *limit).await?;
                let names = listed(&page, |name| place(&NAMES, name.as_str()));
                Ok(Answer::Names(names, page.more))
            }
            Call::Referrers {
                at,
                subject,
                kind,
                after,
                limit,
            } => {
                let query = ReferrerQuery {
                    subject: MANIFESTS[*subject].digest,
                    artifact_type: kind.map(|kind| KINDS[kind].to_owned()),
                    after: after.map(|manifest| MANIFESTS[manifest].digest),
                    limit: *limit,
                    max_bytes: 1 << 20,
                };
                let page = reader(at).await?.referrers(query).await?;
                let found = listed(&page, |referrer| {
                    let manifest = manifest_of(&referrer.digest).expect("one that was pushed");
                    let recipe = &MANIFESTS[manifest];
                    assert_eq!(referrer.size, recipe.bytes.len() as u64);
                    assert_eq!(referrer.artifact_type.as_deref(), recipe.kind);
                    manifest
                });
                Ok(Answer::Referrers(found, page.more))
            }
            Call::History { name, tag, limit } => self.history(*name, *tag, *limit).await,
            other => unreachable!("{other:?} reads nothing"),
        }
    }

    /// Of the store itself: the registry has no call for it.
    async fn history(&self, of: usize, tag: Option<usize>, limit: usize) -> Done {
        let Some(found) = self.rows.find_repository(&name(of)).await? else {
            return Ok(Answer::History(Vec::new()));
        };
        let tag = tag.map(|tag| TAGS[tag].parse().expect("a tag"));
        let view = View::Repository(found.id);
        let entries = self.rows.history(&view, tag.as_ref(), None, limit).await?;
        assert!(entries.is_sorted_by(|a, b| a.id > b.id), "{entries:?}");
        let entries = entries.iter().map(|it| {
            (
                place(&TAGS, it.tag.as_str()),
                manifest_of(&it.digest).expect("one that was pushed"),
                place(&CALLERS, it.by.as_str()),
                Hours::since_began(it.at),
            )
        });
        Ok(Answer::History(entries.collect()))
    }

    /// Where the bytes of everything are that somebody sees.
    pub(crate) async fn places(&self) -> BTreeSet<String> {
        let mut places = BTreeSet::new();
        for (by, of, blob) in every_blob() {
            let reader = self.registry.reader(&caller(by), &name(of)).await;
            let reader = reader.expect("everybody may read");
            if let Ok(found) = reader.blob(&blob_digest(blob)).await {
                places.insert(found.record().place.to_string());
            }
        }
        places
    }
}

fn every_blob() -> impl Iterator<Item = (usize, usize, Blob)> {
    let blobs = |by, of| (0..BLOBS.len()).map(move |blob| (by, of, blob));
    let names = move |by| (0..NAMES.len()).flat_map(move |of| blobs(by, of));
    (0..CALLERS.len()).flat_map(names)
}
