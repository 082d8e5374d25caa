//! Pulling: manifests, blobs, tags, referrers.

use std::ops::Range;
use std::sync::Arc;

use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};
use pierhead_storage::{
    BlobRead, BlobRecord, BlobStore, ReadOptions, Referrer, ReferrerQuery, StoreError,
    StoredManifest, Touch,
};

use crate::access::Access;
use crate::{Action, Caller, Error, Page, Registry};

/// The right to pull from one name.
#[derive(Clone, Debug)]
pub struct Reader {
    access: Access,
}

impl Registry {
    /// Asks for the right to pull.
    pub async fn reader(&self, caller: &Caller, name: &RepositoryName) -> Result<Reader, Error> {
        Ok(Reader {
            access: Access::decide(self, caller, name, Action::Pull).await?,
        })
    }
}

impl Reader {
    /// The manifest of a tag or a digest.
    pub async fn manifest(&self, reference: &Reference) -> Result<StoredManifest, Error> {
        find_manifest(&self.access, reference).await
    }

    /// A blob, ready to be read.
    pub async fn blob(&self, digest: &ContentDigest) -> Result<Blob, Error> {
        let record = find_blob(&self.access, digest, Touch::No).await?;
        Ok(Blob {
            record,
            blobs: Arc::clone(&self.access.registry.inner.blobs),
        })
    }

    /// Tags in the order of their bytes, after `after`, at most `limit`.
    pub async fn tags(&self, after: Option<&str>, limit: usize) -> Result<Page<Tag>, Error> {
        if self.access.is_new() {
            return Err(Error::NameUnknown);
        }
        let limit = limit.min(self.access.registry.limits().page);
        let (rows, after) = (&self.access.registry.inner.rows, after.map(str::to_owned));
        let call = self.access.call(|permit| {
            let (rows, after) = (Arc::clone(rows), after.clone());
            Box::pin(async move { rows.tags(&permit.view, after.as_deref(), limit + 1).await })
        });
        let (found, _) = call.await?;
        Ok(Page::cut(
            found.into_iter().map(|tag| tag.name).collect(),
            limit,
        ))
    }

    /// Manifests that name a subject, whether that is here or not.
    pub async fn referrers(&self, mut query: ReferrerQuery) -> Result<Page<Referrer>, Error> {
        let limit = query.limit.min(self.access.registry.limits().page);
        query.limit = limit + 1;
        let rows = &self.access.registry.inner.rows;
        let call = self.access.call(|permit| {
            let (rows, query) = (Arc::clone(rows), query.clone());
            Box::pin(async move { rows.referrers(&permit.view, &query).await })
        });
        let (found, _) = call.await?;
        // A page cut short by its bytes goes on, too; whether it was, one more row tells.
        let annotations = found.iter().filter_map(|it| it.annotations.as_ref());
        let cut_short = annotations.map(String::len).sum::<usize>() >= query.max_bytes;
        let last = found.last().filter(|_| found.len() <= limit && cut_short);
        let Some(last) = last else {
            return Ok(Page::cut(found, limit));
        };
        let next = ReferrerQuery {
            after: Some(last.digest),
            limit: 1,
            ..query.clone()
        };
        let call = self.access.call(|permit| {
            let (rows, next) = (Arc::clone(rows), next.clone());
            Box::pin(async move { rows.referrers(&permit.view, &next).await })
        });
        let (rest, _) = call.await?;
        Ok(Page {
            items: found,
            more: !rest.is_empty(),
        })
    }
}

/// A blob that its reader may read.
#[derive(Clone, Debug)]
pub struct Blob {
    record: BlobRecord,
    blobs: Arc<dyn BlobStore>,
}

impl Blob {
    /// What is known of it.
    pub fn record(&self) -> &BlobRecord {
        &self.record
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.record.size
    }

    /// Its bytes, or a part of them.
    pub async fn read(&self, range: Range<u64>, how: &ReadOptions) -> Result<BlobRead, Error> {
        match self.blobs.read(&self.record.place, range, how).await {
            Ok(read) => Ok(read),
            // The row says that it is there: its absence is damage, not absence.
            Err(error @ (StoreError::NotFound | StoreError::Range)) => {
                Err(Error::Corrupt(Arc::new(error)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) async fn find_manifest(
    access: &Access,
    reference: &Reference,
) -> Result<StoredManifest, Error> {
    let registry = &access.registry;
    let call = access.call(|permit| {
        let (registry, reference) = (registry.clone(), reference.clone());
        Box::pin(async move {
            let inner = &registry.inner;
            inner
                .caches
                .manifest(&*inner.rows, &permit.view, &reference)
                .await
        })
    });
    let (found, _) = call.await?;
    found.ok_or_else(|| Error::ManifestUnknown {
        reference: reference.clone(),
    })
}

pub(crate) async fn find_blob(
    access: &Access,
    digest: &ContentDigest,
    touch: Touch,
) -> Result<BlobRecord, Error> {
    let (rows, digest) = (&access.registry.inner.rows, *digest);
    let call = access.call(|permit| {
        let rows = Arc::clone(rows);
        Box::pin(async move { rows.find_blob(&permit.view, &digest, touch).await })
    });
    let (found, _) = call.await?;
    found.ok_or(Error::BlobUnknown { digest })
}

/// Whether the bytes are where the row says. They may be lost with a disk; who asks in order to leave
/// out an upload must hear so, because that upload would bring them back.
pub(crate) async fn is_there(blobs: &dyn BlobStore, record: &BlobRecord) -> Result<bool, Error> {
    let all = 0..record.size;
    match blobs
        .read(&record.place, all, &ReadOptions::default())
        .await
    {
        Ok(_) => Ok(true),
        Err(StoreError::NotFound | StoreError::Range) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
