//! From the words of the model to those of the registry, and back.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::{Stream, stream};
use pierhead::model::{ContentDigest, RepositoryName};
use pierhead::registry::{BodyError, Caller, CallerId, Error, ManifestReceipt, Page};

use crate::call::{Answer, Call, Thing};
use crate::catalogue::{CALLERS, MANIFESTS, NAMES, TAGS, blob_of, manifest_of};

pub(crate) fn caller(by: usize) -> Caller {
    Caller::new(CallerId::new(CALLERS[by]).expect("an id"), CALLERS[by])
}

pub(crate) fn name(name: usize) -> RepositoryName {
    NAMES[name].parse().expect("a name")
}

/// A body of two frames, behind which it may break off.
pub(crate) fn body(
    bytes: &'static [u8],
    cut: bool,
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin {
    let (first, second) = bytes.split_at(bytes.len() / 3);
    let frames = [first, second].map(|frame| Ok(Bytes::from_static(frame)));
    let end = cut.then(|| Err(BodyError::new("the line was cut")));
    stream::iter(frames.into_iter().chain(end))
}

pub(crate) fn place(all: &[&str], text: &str) -> usize {
    let at = all.iter().position(|it| *it == text);
    at.unwrap_or_else(|| panic!("nobody pushed `{text}`"))
}

pub(crate) fn listed<T>(page: &Page<T>, one: impl Fn(&T) -> usize) -> Vec<usize> {
    page.items.iter().map(one).collect()
}

pub(crate) fn blob_answer(digest: &ContentDigest) -> Answer {
    Answer::Blob(blob_of(digest).expect("one that was pushed"))
}

pub(crate) fn whole_manifest(digest: &ContentDigest, bytes: &Bytes) -> Answer {
    let manifest = manifest_of(digest).expect("one that was pushed");
    assert_eq!(*bytes, MANIFESTS[manifest].bytes, "a manifest is whole");
    Answer::Manifest(manifest)
}

pub(crate) fn stored(receipt: &ManifestReceipt) -> Answer {
    let manifest = manifest_of(&receipt.digest).expect("one that was pushed");
    let subject = MANIFESTS[manifest].subject;
    let subject = subject.map(|it| MANIFESTS[it].digest.into());
    assert_eq!(receipt.subject, subject);
    Answer::Stored {
        manifest,
        tags: receipt
            .tags
            .iter()
            .map(|tag| place(&TAGS, tag.as_str()))
            .collect(),
        created: receipt.created,
    }
}

pub(crate) fn refusal(call: &Call, error: &Error) -> Answer {
    match error {
        Error::NameUnknown => Answer::NameUnknown,
        Error::ManifestUnknown { .. } => Answer::ManifestUnknown,
        Error::BlobUnknown { .. } => Answer::BlobUnknown,
        Error::UploadUnknown => Answer::UploadUnknown,
        Error::DigestMismatch(_) => Answer::Mismatch,
        Error::ManifestBlobUnknown { digests } => Answer::Missing(
            digests
                .iter()
                .map(|digest| {
                    let digest = digest.content().expect("all of one algorithm");
                    let blob = blob_of(&digest).map(Thing::Blob);
                    let thing = blob.or(manifest_of(&digest).map(Thing::Manifest));
                    thing.expect("one that was named")
                })
                .collect(),
        ),
        Error::Held { by } => {
            let by = manifest_of(by).expect("one that was pushed");
            Answer::Held(BTreeSet::from([by]))
        }
        Error::RangeMismatch { offset } => Answer::Range(*offset),
        Error::BodyBroken { offset, .. } => Answer::Broken(*offset),
        Error::UploadTaken { .. } => Answer::Taken,
        error => panic!("{call:?}: {error}: {error:?}"),
    }
}
