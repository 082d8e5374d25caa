//! What a registry is, as plain maps: the specification that the real one is compared with.

mod aim;

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Answer, At, Call, Thing};
use crate::catalogue::{BLOBS, Blob, Caller, KINDS, MANIFESTS, Manifest, Name, Tag};

/// For how many hours a blob that nothing names, and a session that nobody feeds, are kept.
pub(crate) const GRACE: u64 = 24;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// Hours since the beginning.
    now: u64,
    repositories: BTreeMap<Name, Repository>,
    /// What a caller pushed under a name that no repository had, with when.
    staged: BTreeMap<At, BTreeMap<Blob, u64>>,
    sessions: BTreeMap<At, Session>,
    /// What the last call gave.
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone, Debug, Default)]
struct Repository {
    /// Blobs, each with when it was last pushed, mounted or renewed.
    blobs: BTreeMap<Blob, u64>,
    manifests: BTreeSet<Manifest>,
    tags: BTreeMap<Tag, Manifest>,
    /// Every push of a tag, the oldest first.
    history: Vec<(Tag, Manifest, Caller, u64)>,
}

#[derive(Clone, Debug)]
struct Session {
    bytes: Vec<u8>,
    alive: u64,
}

impl Repository {
    /// Manifests here that name the blob.
    fn naming(&self, blob: Blob) -> BTreeSet<Manifest> {
        let names = |it: &&Manifest| {
            MANIFESTS[**it]
                .blobs
                .iter()
                .any(|(named, _)| *named == blob)
        };
        self.manifests.iter().filter(names).copied().collect()
    }

    /// Indexes here that name the manifest.
    fn listing(&self, manifest: Manifest) -> BTreeSet<Manifest> {
        let lists = |it: &&Manifest| MANIFESTS[**it].children.contains(&manifest);
        self.manifests.iter().filter(lists).copied().collect()
    }
}

impl Model {
    /// Does what a call says and answers it.
    pub(crate) fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Upload { at, blob, said } if blob == said => self.add(*at, *blob),
            Call::Upload { .. } => Answer::Mismatch,
            Call::Begin { at } => self.begin(*at),
            Call::Append {
                at,
                piece,
                from,
                cut,
            } => match self.receive(*at, piece.bytes(), *from, *cut) {
                Ok(()) => Answer::Session(self.stands(*at)),
                Err(refused) => refused,
            },
            Call::Finish { at, piece, blob } => {
                let rest = piece.map_or(&[][..], |piece| piece.bytes());
                if let Err(refused) = self.receive(*at, rest, None, false) {
                    return refused;
                }
                let whole = self.sessions.remove(at);
                if whole.is_some_and(|it| it.bytes == BLOBS[*blob]) {
                    self.add(*at, *blob)
                } else {
                    Answer::Mismatch
                }
            }
            Call::Status { at, by } if at.by == *by && self.sessions.contains_key(at) => {
                Answer::Session(self.stands(*at))
            }
            Call::Status { .. } => Answer::UploadUnknown,
            Call::Cancel { at } => match self.sessions.remove(at) {
                Some(_) => Answer::Done,
                None => Answer::UploadUnknown,
            },
            Call::Mount { at, blob, from } => self.mount(*at, *blob, *from),
            Call::Put {
                tags,
                manifest,
                said,
                ..
            } if tags.is_empty() && manifest != said => Answer::Mismatch,
            Call::Put {
                at, manifest, tags, ..
            } => self.put(*at, *manifest, tags),
            Call::GetTag { at, tag } => {
                let found = self.repository(*at).and_then(|it| it.tags.get(tag));
                found.map_or(Answer::ManifestUnknown, |it| Answer::Manifest(*it))
            }
            Call::GetManifest { at, manifest } => {
                match self
                    .repository(*at)
                    .filter(|it| it.manifests.contains(manifest))
                {
                    Some(_) => Answer::Manifest(*manifest),
                    None => Answer::ManifestUnknown,
                }
            }
            Call::GetBlob { at, blob } => match self.seen(*at).and_then(|it| it.get(blob)) {
                Some(_) => Answer::Blob(*blob),
                None => Answer::BlobUnknown,
            },
            Call::HeadBlob { at, blob } => self.head(*at, *blob),
            Call::DeleteTag { at, tag } => {
                let tags = self.repositories.get_mut(&at.name).map(|it| &mut it.tags);
                match tags.and_then(|tags| tags.remove(tag)) {
                    Some(_) => Answer::Done,
                    None => Answer::ManifestUnknown,
                }
            }
            Call::DeleteManifest { at, manifest } => self.delete_manifest(*at, *manifest),
            Call::DeleteBlob { at, blob } => self.delete_blob(*at, *blob),
            Call::Collect => self.collect(),
            Call::Wait { hours } => {
                self.now += hours;
                Answer::Done
            }
            Call::Restart | Call::Switch => Answer::Done,
            _ => self.list(call),
        }
    }

    fn repository(&self, at: At) -> Option<&Repository> {
        self.repositories.get(&at.name)
    }

    /// The blobs a caller sees: the repository's, or what they staged while there is none.
    fn seen(&self, at: At) -> Option<&BTreeMap<Blob, u64>> {
        match self.repository(at) {
            Some(repository) => Some(&repository.blobs),
            None => self.staged.get(&at),
        }
    }

    fn seen_mut(&mut self, at: At) -> &mut BTreeMap<Blob, u64> {
        match self.repositories.get_mut(&at.name) {
            Some(repository) => &mut repository.blobs,
            None => self.staged.entry(at).or_default(),
        }
    }

    fn add(&mut self, at: At, blob: Blob) -> Answer {
        let now = self.now;
        self.seen_mut(at).insert(blob, now);
        Answer::Blob(blob)
    }

    fn begin(&mut self, at: At) -> Answer {
        let session = Session {
            bytes: Vec::new(),
            alive: self.now,
        };
        self.sessions.insert(at, session);
        Answer::Session(0)
    }

    fn receive(
        &mut self,
        at: At,
        bytes: &[u8],
        from: Option<u64>,
        cut: bool,
    ) -> Result<(), Answer> {
        let (now, stands) = (self.now, self.stands(at));
        let session = self.sessions.get_mut(&at).ok_or(Answer::UploadUnknown)?;
        if from.is_some_and(|from| from != stands) {
            return Err(Answer::Range(stands));
        }
        session.bytes.extend(bytes);
        if !bytes.is_empty() {
            session.alive = now;
        }
        if cut {
            return Err(Answer::Broken(stands + bytes.len() as u64));
        }
        Ok(())
    }

    /// Without a source, from wherever the caller sees it.
    fn mount(&mut self, at: At, blob: Blob, from: Option<Name>) -> Answer {
        let mut names = match from {
            Some(name) => name..name + 1,
            None => 0..crate::catalogue::NAMES.len(),
        };
        let by = at.by;
        if names.any(|name| {
            self.seen(At { by, name })
                .is_some_and(|it| it.contains_key(&blob))
        }) {
            self.add(at, blob)
        } else {
            self.begin(at)
        }
    }

    fn put(&mut self, at: At, manifest: Manifest, tags: &[Tag]) -> Answer {
        let recipe = &MANIFESTS[manifest];
        let is_staged = |blob| self.staged.get(&at).is_some_and(|it| it.contains_key(blob));
        let repository = self.repository(at);
        let blobs = recipe.blobs.iter().filter(|(blob, required)| {
            let linked = repository.is_some_and(|it| it.blobs.contains_key(blob));
            *required && !linked && !is_staged(blob)
        });
        let children = recipe
            .children
            .iter()
            .filter(|it| !repository.is_some_and(|here| here.manifests.contains(it)));
        let missing: BTreeSet<_> = blobs
            .map(|(blob, _)| Thing::Blob(*blob))
            .chain(children.map(|it| Thing::Manifest(*it)))
            .collect();
        if !missing.is_empty() {
            return Answer::Missing(missing);
        }
        let mut once: Vec<Tag> = Vec::new();
        for tag in tags {
            if !once.contains(tag) {
                once.push(*tag);
            }
        }
        let created = repository.is_none();
        let staged = self.staged.remove(&at).unwrap_or_default();
        let repository = self.repositories.entry(at.name).or_default();
        for (blob, since) in staged {
            let link = repository.blobs.entry(blob).or_insert(since);
            *link = since.max(*link);
        }
        repository.manifests.insert(manifest);
        for tag in &once {
            repository.tags.insert(*tag, manifest);
            repository.history.push((*tag, manifest, at.by, self.now));
        }
        Answer::Stored {
            manifest,
            tags: once,
            created,
        }
    }

    /// Whoever may push renews a blob that has less than half of its grace left.
    fn head(&mut self, at: At, blob: Blob) -> Answer {
        let now = self.now;
        match self.seen(at).and_then(|it| it.get(&blob)) {
            Some(since) if now - since > GRACE / 2 => self.add(at, blob),
            Some(_) => Answer::Blob(blob),
            None => Answer::BlobUnknown,
        }
    }

    fn delete_manifest(&mut self, at: At, manifest: Manifest) -> Answer {
        let Some(repository) = self.repositories.get_mut(&at.name) else {
            return Answer::ManifestUnknown;
        };
        if !repository.manifests.contains(&manifest) {
            return Answer::ManifestUnknown;
        }
        let by = repository.listing(manifest);
        if !by.is_empty() {
            return Answer::Held(by);
        }
        repository.manifests.remove(&manifest);
        repository.tags.retain(|_, named| *named != manifest);
        Answer::Done
    }

    fn delete_blob(&mut self, at: At, blob: Blob) -> Answer {
        let by = self
            .repository(at)
            .map(|it| it.naming(blob))
            .unwrap_or_default();
        match self.seen(at).and_then(|it| it.get(&blob)) {
            None => Answer::BlobUnknown,
            Some(_) if !by.is_empty() => Answer::Held(by),
            Some(_) => {
                self.seen_mut(at).remove(&blob);
                Answer::Done
            }
        }
    }

    fn collect(&mut self) -> Answer {
        let now = self.now;
        let keep = |since: u64| now - since < GRACE;
        self.sessions.retain(|_, session| keep(session.alive));
        for repository in self.repositories.values_mut() {
            let held = repository.clone();
            let blobs = &mut repository.blobs;
            blobs.retain(|blob, since| keep(*since) || !held.naming(*blob).is_empty());
        }
        for staged in self.staged.values_mut() {
            staged.retain(|_, since| keep(*since));
        }
        Answer::Done
    }

    fn list(&self, call: &Call) -> Answer {
        match call {
            Call::Tags { at, after, limit } => {
                let Some(repository) = self.repository(*at) else {
                    return Answer::NameUnknown;
                };
                let (tags, more) = page(repository.tags.keys(), *after, *limit);
                Answer::Tags(tags, more)
            }
            Call::Catalog { after, limit } => {
                let (names, more) = page(self.repositories.keys(), *after, *limit);
                Answer::Names(names, more)
            }
            Call::Referrers {
                at,
                subject,
                kind,
                after,
                limit,
            } => {
                let all = self.repository(*at).map(|it| &it.manifests);
                let kind = kind.map(|kind| KINDS[kind]);
                let mut all: Vec<_> = all
                    .into_iter()
                    .flatten()
                    .filter(|it| MANIFESTS[**it].subject == Some(*subject))
                    .filter(|it| kind.is_none() || MANIFESTS[**it].kind == kind)
                    .copied()
                    .collect();
                let digest = |it: &Manifest| MANIFESTS[*it].digest;
                all.sort_by_key(digest);
                if let Some(after) = after {
                    all.retain(|it| digest(it) > digest(after));
                }
                let more = all.len() > *limit;
                all.truncate(*limit);
                Answer::Referrers(all, more)
            }
            Call::History { name, tag, limit } => {
                let all = self.repositories.get(name).map(|it| &it.history);
                let newest_first = all.into_iter().flatten().rev();
                let these = newest_first.filter(|(of, ..)| tag.is_none_or(|tag| *of == tag));
                Answer::History(these.take(*limit).copied().collect())
            }
            other => unreachable!("{other:?} is no list"),
        }
    }
}

/// Names and tags are in their order in the catalogue.
fn page<'a>(
    all: impl Iterator<Item = &'a usize>,
    after: Option<usize>,
    limit: usize,
) -> (Vec<usize>, bool) {
    let mut rest: Vec<_> = all
        .copied()
        .filter(|it| after.is_none_or(|after| *it > after))
        .collect();
    let more = rest.len() > limit;
    rest.truncate(limit);
    (rest, more)
}
