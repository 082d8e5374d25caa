//! What is asked of a registry, and what it may answer.

use std::collections::BTreeSet;

use proptest::option;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::catalogue::{BLOBS, Blob, Caller, KINDS, MANIFESTS, Manifest, NAMES, Name, TAGS, Tag};
use crate::model::GRACE;

/// Who asks, and about which repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) by: Caller,
    pub(crate) name: Name,
}

/// Some bytes of a blob: its first half, its second, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) blob: Blob,
    pub(crate) part: usize,
}

impl Piece {
    pub(crate) fn bytes(self) -> &'static [u8] {
        let all = BLOBS[self.blob];
        let (first, second) = all.split_at(all.len() / 2);
        [first, second, all][self.part]
    }
}

/// One call. The session of an [`At`] is the last one that was begun there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A whole blob in one request, under the digest of another one if it is `said`.
    Upload {
        at: At,
        blob: Blob,
        said: Blob,
    },
    Begin {
        at: At,
    },
    /// A chunk that begins at a byte if it says so, and that breaks off behind its bytes if `cut`.
    Append {
        at: At,
        piece: Piece,
        from: Option<u64>,
        cut: bool,
    },
    /// The closing request, with a last chunk if there is one.
    Finish {
        at: At,
        piece: Option<Piece>,
        blob: Blob,
    },
    /// Asks for the session, which may be another caller's.
    Status {
        at: At,
        by: Caller,
    },
    Cancel {
        at: At,
    },
    Mount {
        at: At,
        blob: Blob,
        from: Option<Name>,
    },
    /// Under these tags; under its digest, or another one's if it is `said`, when there are none.
    Put {
        at: At,
        manifest: Manifest,
        tags: Vec<Tag>,
        said: Manifest,
    },
    GetTag {
        at: At,
        tag: Tag,
    },
    GetManifest {
        at: At,
        manifest: Manifest,
    },
    GetBlob {
        at: At,
        blob: Blob,
    },
    HeadBlob {
        at: At,
        blob: Blob,
    },
    DeleteTag {
        at: At,
        tag: Tag,
    },
    DeleteManifest {
        at: At,
        manifest: Manifest,
    },
    DeleteBlob {
        at: At,
        blob: Blob,
    },
    Tags {
        at: At,
        after: Option<Tag>,
        limit: usize,
    },
    Catalog {
        after: Option<Name>,
        limit: usize,
    },
    Referrers {
        at: At,
        subject: Manifest,
        kind: Option<usize>,
        after: Option<Manifest>,
        limit: usize,
    },
    History {
        name: Name,
        tag: Option<Tag>,
        limit: usize,
    },
    /// Lets hours go by.
    Wait {
        hours: u64,
    },
    Collect,
    /// The next process on the same stores, which remembers nothing yet.
    Restart,
    /// The last process but one, which goes on beside this one.
    Switch,
}

impl Call {
    /// A whole blob.
    pub(crate) fn upload(at: At, blob: Blob) -> Self {
        Self::Upload {
            at,
            blob,
            said: blob,
        }
    }

    /// A manifest under its digest.
    pub(crate) fn put(at: At, manifest: Manifest) -> Self {
        Self::Put {
            at,
            manifest,
            tags: Vec::new(),
            said: manifest,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// A session, and how many bytes it has.
    Session(u64),
    /// This blob, whole.
    Blob(Blob),
    Stored {
        manifest: Manifest,
        tags: Vec<Tag>,
        created: bool,
    },
    /// This manifest, whole.
    Manifest(Manifest),
    Tags(Vec<Tag>, bool),
    Names(Vec<Name>, bool),
    Referrers(Vec<Manifest>, bool),
    /// Tag, manifest, who, and after how many hours; the newest first.
    History(Vec<(Tag, Manifest, Caller, u64)>),
    NameUnknown,
    ManifestUnknown,
    BlobUnknown,
    UploadUnknown,
    Mismatch,
    /// Required references that are not here.
    Missing(BTreeSet<Thing>),
    /// It stays, because of this manifest; of a model, because of any of these.
    Held(BTreeSet<Manifest>),
    /// The session stands at this byte.
    Range(u64),
    /// The body broke off, and the session stands at this byte.
    Broken(u64),
    /// A newer request has the session.
    Taken,
}

/// What a manifest may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Blob(Blob),
    Manifest(Manifest),
}

impl Answer {
    /// Whether a registry may say this where the model says that.
    pub(crate) fn fits(&self, model: &Self) -> bool {
        match (self, model) {
            (Self::Held(by), Self::Held(any)) => by.len() == 1 && by.is_subset(any),
            _ => self == model,
        }
    }
}

/// Mostly the first caller and the last name, so that calls meet.
pub(crate) fn at() -> impl Strategy<Value = At> {
    let few = |count: usize| prop_oneof![3 => Just(count - 1), 1 => 0..count];
    (few(CALLERS), few(NAMES.len())).prop_map(|(by, name)| At { by, name })
}

const CALLERS: usize = crate::catalogue::CALLERS.len();

fn blob() -> std::ops::Range<Blob> {
    0..BLOBS.len()
}

fn manifest() -> std::ops::Range<Manifest> {
    0..MANIFESTS.len()
}

fn tag() -> std::ops::Range<Tag> {
    0..TAGS.len()
}

fn piece() -> impl Strategy<Value = Piece> {
    (blob(), 0..3_usize).prop_map(|(blob, part)| Piece { blob, part })
}

/// One of these most of the time, the other one seldom.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    other: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![9 => Just(usual), 1 => other].boxed()
}

/// Manifests that are put.
pub(crate) fn puts() -> BoxedStrategy<Call> {
    let tags = proptest::collection::vec(tag(), 0..3);
    (at(), manifest(), tags)
        .prop_flat_map(|(at, manifest, tags)| {
            mostly(manifest, self::manifest()).prop_map(move |said| Call::Put {
                at,
                manifest,
                tags: tags.clone(),
                said,
            })
        })
        .boxed()
}

/// Calls that push.
pub(crate) fn pushes() -> BoxedStrategy<Call> {
    let upload = (at(), blob()).prop_flat_map(|(at, blob)| {
        mostly(blob, self::blob()).prop_map(move |said| Call::Upload { at, blob, said })
    });
    let mount = (at(), blob(), option::of(0..NAMES.len()));
    let mount = mount.prop_map(|(at, blob, from)| Call::Mount { at, blob, from });
    prop_oneof![4 => upload, 3 => puts(), 2 => mount].boxed()
}

/// Calls to sessions. `stands` is where a chunk might well begin.
pub(crate) fn sessions(stands: impl Fn(At) -> u64 + 'static) -> BoxedStrategy<Call> {
    let append = (at(), piece(), 0..4, proptest::bool::weighted(0.1)).prop_map(
        move |(at, piece, from, cut)| Call::Append {
            at,
            piece,
            from: match from {
                0 => None,
                1 => Some(0),
                _ => Some(stands(at)),
            },
            cut,
        },
    );
    let finish = (at(), blob()).prop_flat_map(|(at, blob)| {
        let rest = option::of((0..3_usize).prop_map(move |part| Piece { blob, part }));
        rest.prop_map(move |piece| Call::Finish { at, piece, blob })
    });
    let status = at()
        .prop_flat_map(|at| mostly(at.by, 0..CALLERS).prop_map(move |by| Call::Status { at, by }));
    prop_oneof![
        3 => at().prop_map(|at| Call::Begin { at }),
        4 => append,
        3 => finish,
        1 => status,
        1 => at().prop_map(|at| Call::Cancel { at }),
    ]
    .boxed()
}

/// Calls that read.
pub(crate) fn reads() -> BoxedStrategy<Call> {
    let limit = || 1..4_usize;
    let referrers = (
        at(),
        manifest(),
        option::weighted(0.3, 0..KINDS.len()),
        option::weighted(0.3, manifest()),
        limit(),
    );
    prop_oneof![
        6 => (at(), tag()).prop_map(|(at, tag)| Call::GetTag { at, tag }),
        3 => (at(), manifest()).prop_map(|(at, manifest)| Call::GetManifest { at, manifest }),
        3 => (at(), blob()).prop_map(|(at, blob)| Call::GetBlob { at, blob }),
        2 => (at(), blob()).prop_map(|(at, blob)| Call::HeadBlob { at, blob }),
        2 => (at(), option::weighted(0.3, tag()), limit())
            .prop_map(|(at, after, limit)| Call::Tags { at, after, limit }),
        1 => (option::weighted(0.3, 0..NAMES.len()), limit())
            .prop_map(|(after, limit)| Call::Catalog { after, limit }),
        2 => referrers.prop_map(|(at, subject, kind, after, limit)| Call::Referrers {
            at, subject, kind, after, limit,
        }),
        1 => (0..NAMES.len(), option::of(tag()), 1..9_usize)
            .prop_map(|(name, tag, limit)| Call::History { name, tag, limit }),
    ]
    .boxed()
}

/// Calls that delete.
pub(crate) fn deletes() -> BoxedStrategy<Call> {
    prop_oneof![
        2 => (at(), tag()).prop_map(|(at, tag)| Call::DeleteTag { at, tag }),
        3 => (at(), manifest()).prop_map(|(at, manifest)| Call::DeleteManifest { at, manifest }),
        3 => (at(), blob()).prop_map(|(at, blob)| Call::DeleteBlob { at, blob }),
    ]
    .boxed()
}

/// Time and collection.
pub(crate) fn collections() -> BoxedStrategy<Call> {
    // A half and the whole of what anything is kept for, and what is just beside them.
    let moments = vec![1, GRACE / 2 - 1, GRACE / 2, GRACE / 2 + 1, GRACE];
    let wait = proptest::sample::select(moments).prop_map(|hours| Call::Wait { hours });
    prop_oneof![3 => wait, 2 => Just(Call::Collect)].boxed()
}

/// Every question about what goes with time.
pub(crate) fn what_goes() -> Vec<Call> {
    let mut all = Vec::new();
    for (by, name) in (0..CALLERS).flat_map(|by| (0..NAMES.len()).map(move |name| (by, name))) {
        let at = At { by, name };
        all.push(Call::Status { at, by });
        all.extend(blob().map(|blob| Call::GetBlob { at, blob }));
    }
    all
}

/// Every question there is about what is stored.
pub(crate) fn probes() -> Vec<Call> {
    let mut all = vec![Call::Catalog {
        after: None,
        limit: 9,
    }];
    for name in 0..NAMES.len() {
        all.push(Call::History {
            name,
            tag: None,
            limit: 1_000,
        });
        for by in 0..CALLERS {
            let at = At { by, name };
            all.push(Call::Tags {
                at,
                after: None,
                limit: 9,
            });
            all.extend(tag().map(|tag| Call::GetTag { at, tag }));
            all.extend(blob().map(|blob| Call::GetBlob { at, blob }));
            all.extend(blob().map(|blob| Call::HeadBlob { at, blob }));
            all.extend(manifest().map(|manifest| Call::GetManifest { at, manifest }));
            all.extend(manifest().map(|subject| Call::Referrers {
                at,
                subject,
                kind: None,
                after: None,
                limit: 9,
            }));
        }
    }
    all
}
