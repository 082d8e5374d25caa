//! What must hold of the stores, whatever was asked.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::TryStreamExt as _;
use pierhead_model::{
    ContentDigest, Manifest, ManifestLimits, Reference, ReferenceRole, RepositoryName,
};
use pierhead_registry::{BlobRead, Caller, CallerId, Error, ReadOptions, Reader, StoredManifest};
use pierhead_storage::{BlobStore as _, Place};

use super::Pushed;
use super::world::World;

/// Longer than anything is kept that nobody names.
const LONG: Duration = Duration::from_hours(100);

/// Every tag names a manifest, all that a manifest must have is there, every blob is what its digest
/// says; and the same once everything that nothing names was collected, and nothing else is left.
pub(super) fn check(world: &World, pushed: &[Pushed]) {
    places(world, pushed);
    world.wait(LONG);
    world.wait(LONG);
    let named = places(world, pushed);
    let listed = world.finish(world.blobs.list(None, usize::MAX));
    let listed = listed.expect("a list").into_iter().map(|it| it.place);
    assert_eq!(
        listed.collect::<BTreeSet<_>>(),
        named,
        "the rest was removed"
    );
}

/// Where the blobs are that can be seen.
fn places(world: &World, pushed: &[Pushed]) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let look = |by, name| Look {
        world,
        reader: reader(world, by, name),
    };
    let mut manifests = BTreeSet::new();
    for it in pushed {
        if it.is_manifest {
            manifests.insert((&it.name, it.digest));
        } else {
            places.extend(look(&it.by, &it.name).blob(&it.digest));
        }
    }
    let ana = Caller::new(CallerId::new("ana").expect("an id"), "ana");
    for (name, digest) in manifests {
        let look = look(&ana, name);
        if let Some(manifest) = look.manifest(&Reference::Digest(digest)) {
            look.whole(&manifest, &mut places);
        }
        let tags = world.finish(look.reader.tags(None, usize::MAX));
        for tag in tags.expect("the name was pushed to").items {
            let named = look.manifest(&Reference::Tag(tag));
            let named = named.expect("a tag names what is there");
            look.whole(&named, &mut places);
        }
    }
    places
}

fn reader(world: &World, by: &Caller, name: &RepositoryName) -> Reader {
    let reader = world.finish(world.registry().reader(by, name));
    reader.expect("who could push can pull")
}

/// A repository as one caller sees it.
struct Look<'a> {
    world: &'a World,
    reader: Reader,
}

impl Look<'_> {
    fn manifest(&self, reference: &Reference) -> Option<StoredManifest> {
        match self.world.finish(self.reader.manifest(reference)) {
            Ok(found) => {
                let digest = ContentDigest::of(found.digest.algorithm(), &found.bytes);
                assert_eq!(digest, found.digest);
                Some(found)
            }
            Err(Error::ManifestUnknown { .. }) => None,
            Err(error) => panic!("{reference}: {error}"),
        }
    }

    /// The place of a blob that is there, and is what its digest says.
    fn blob(&self, digest: &ContentDigest) -> Option<Place> {
        let blob = match self.world.finish(self.reader.blob(digest)) {
            Ok(blob) => blob,
            Err(Error::BlobUnknown { .. }) => return None,
            Err(error) => panic!("{digest}: {error}"),
        };
        let how = ReadOptions::default();
        let read = self.world.finish(blob.read(0..blob.size(), &how));
        let BlobRead::Stream(bytes) = read.expect("a blob can be read") else {
            panic!("memory does not redirect");
        };
        let bytes = self.world.finish(bytes.try_collect::<Vec<_>>());
        let bytes = bytes.expect("a blob can be read").concat();
        assert_eq!(ContentDigest::of(digest.algorithm(), &bytes), *digest);
        Some(blob.record().place.clone())
    }

    /// Everything a manifest must have is there; what it may have is looked at.
    fn whole(&self, manifest: &StoredManifest, places: &mut BTreeSet<Place>) {
        let limits = ManifestLimits::default();
        let read = Manifest::from_pushed(&manifest.bytes, Some(&manifest.media_type), &limits);
        for named in read.expect("it was accepted").references() {
            let digest = named.digest.content();
            let is_here = match (named.role, digest) {
                (ReferenceRole::Subject, _) => continue,
                (ReferenceRole::Child, Some(digest)) => {
                    self.manifest(&Reference::Digest(digest)).is_some()
                }
                (_, Some(digest)) => {
                    let place = self.blob(&digest);
                    places.extend(place.clone());
                    place.is_some()
                }
                (_, None) => false,
            };
            assert!(is_here || !named.distributable, "{} is not", named.digest);
        }
    }
}
