//! What is in a repository, as far as READ shows it: tags with sizes and platforms, and every push.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use futures::StreamExt as _;
use pierhead_model::{ContentDigest, Manifest, Platform, Reference, ReferenceRole, Tag};
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_storage::{
    BlobRead, BlobStore, ReadOptions, RepositoryId, ScopeId, StoreError, StoredManifest, Touch,
    View,
};

use crate::actor::{Actor, Standing};
use crate::entity::view::{Listed, MAX_PAGE, account_of};
use crate::error::ProjectsError;
use crate::listing::{RecordedQuery, TagOrder, TagQuery, TagRow};
use crate::projects::{Inner, Projects};

/// The most manifests of an index that are looked at for one tag.
const MAX_CHILDREN: usize = 64;

/// The bytes of manifests that are read for one page, but for the last one's.
const MAX_BYTES: usize = 16 << 20;

/// The longest image configuration that is read for its platform, in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// A tag as whoever may see the repository sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagView {
    /// The tag.
    pub tag: Tag,
    /// What it names.
    pub digest: ContentDigest,
    /// When it was last pushed.
    pub at: SystemTime,
    /// The bytes of the manifest and of everything it names, each once; of an index those of its
    /// first 64 images that are there, added up. Of an external repository that is not known.
    pub size: Option<u64>,
    /// What it runs on, such as `linux/amd64`; empty where that is not known.
    pub platforms: Vec<String>,
}

/// A page of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagPage {
    /// How many there are in all.
    pub total: u64,
    /// The page.
    pub items: Vec<TagView>,
}

/// Which tags to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagRequest {
    /// By what.
    pub order: TagOrder,
    /// The other way round.
    pub descending: bool,
    /// How many to leave out.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// One push of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushView {
    /// Grows with every push.
    pub id: u64,
    /// The tag.
    pub tag: Tag,
    /// What it was made to name.
    pub digest: ContentDigest,
    /// When.
    pub at: SystemTime,
    /// By whom; told only to who is signed in.
    pub by: Option<PrincipalId>,
}

impl Projects {
    /// The tags of a repository. A project has none. A page ends early once 16 MiB of manifests were
    /// read for it, which the store's memory of the last ones makes rare; ask on from there.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn tags(
        &self,
        actor: &Actor,
        id: EntityId,
        request: &TagRequest,
    ) -> Result<TagPage, ProjectsError> {
        let (_, target) = self.seen(actor, id).await?;
        if target.repository.is_none() {
            return Ok(TagPage::default());
        }
        let external = target.is_external();
        let query = TagQuery {
            repository: id,
            external,
            order: request.order,
            descending: request.descending,
            offset: request.offset,
            limit: request.limit.min(MAX_PAGE),
        };
        let found = self.store().tags(&query).await?;
        let mut look = Look {
            id,
            content: self.content(id).await?,
            left: MAX_BYTES,
        };
        let mut items = Vec::with_capacity(found.rows.len());
        for TagRow { tag, digest, at } in found.rows {
            if external {
                items.push(TagView {
                    tag,
                    digest,
                    at,
                    size: None,
                    platforms: Vec::new(),
                });
                continue;
            }
            let Some(sum) = self.inner.sum_of_tag(&mut look, digest).await? else {
                break;
            };
            items.push(TagView {
                tag,
                digest,
                at,
                size: Some(sum.size),
                platforms: sum.platforms,
            });
        }
        Ok(TagPage {
            total: found.total,
            items,
        })
    }

    /// The `content` counter of a repository.
    pub(crate) async fn content(&self, id: EntityId) -> Result<u64, StoreError> {
        let scope = ScopeId::repository(RepositoryId(id.get()));
        let versions = self.inner.facts.repositories.current(&[scope]).await?;
        Ok(versions.first().map_or(0, |version| version.content))
    }

    /// Every push of one tag, or of all, the newest first, before push `before`; of an external
    /// repository everything that was recorded. A project has none.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn pushes(
        &self,
        actor: &Actor,
        id: EntityId,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Listed<PushView>, ProjectsError> {
        let (who, target) = self.seen(actor, id).await?;
        let limit = limit.min(MAX_PAGE);
        let mut items = Vec::new();
        if target.repository.is_some() {
            let wanted = limit + 1;
            let found = if target.is_external() {
                let query = RecordedQuery {
                    reference: id,
                    tag: tag.cloned(),
                    before,
                    limit: wanted,
                };
                self.store().recorded(&query).await?
            } else {
                let view = View::Repository(RepositoryId(id.get()));
                let rows = &self.inner.facts.repositories;
                rows.history(&view, tag, before, wanted).await?
            };
            let told = !matches!(who, Standing::Anonymous);
            items.extend(found.into_iter().map(|entry| PushView {
                id: entry.id,
                tag: entry.tag,
                digest: entry.digest,
                at: entry.at,
                by: account_of(&entry.by).filter(|_| told),
            }));
        }
        Ok(Listed::cut(items, limit))
    }

    /// Lets tags be shown with the platform of single images, which stands in a blob. Without it
    /// only those of indexes are known.
    pub fn read_platforms_from(&self, blobs: Arc<dyn BlobStore>) {
        *self.inner.blobs.write() = Some(blobs);
    }
}

/// What a manifest amounts to: of an image everything it names, of an index itself alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    size: u64,
    platforms: Vec<String>,
    children: Vec<ContentDigest>,
}

/// What is to be remembered of a repository's content: valid for one state of it.
pub(crate) type SumKey = (EntityId, u64, ContentDigest);

impl Sum {
    fn runs_on(&mut self, platform: String) {
        if self.platforms.len() < MAX_CHILDREN && !self.platforms.contains(&platform) {
            self.platforms.push(platform);
        }
    }
}

/// One look at a repository: what of it is remembered, and how much may still be read.
struct Look {
    id: EntityId,
    content: u64,
    left: usize,
}

impl Inner {
    /// What a tag amounts to; `None` once as much was read as may be for one page.
    async fn sum_of_tag(
        &self,
        look: &mut Look,
        digest: ContentDigest,
    ) -> Result<Option<Sum>, StoreError> {
        let Some(found) = self.sum_of(look, digest).await? else {
            return Ok(None);
        };
        let mut sum = Sum::clone(&found);
        for child in &found.children {
            // An index in an index is counted, and not looked into.
            let Some(image) = self.sum_of(look, *child).await? else {
                return Ok(None);
            };
            sum.size = sum.size.saturating_add(image.size);
            for platform in &image.platforms {
                sum.runs_on(platform.clone());
            }
        }
        Ok(Some(sum))
    }

    async fn sum_of(
        &self,
        look: &mut Look,
        digest: ContentDigest,
    ) -> Result<Option<Arc<Sum>>, StoreError> {
        let key = (look.id, look.content, digest);
        if let Some(known) = self.sums.get(&key) {
            return Ok(Some(known));
        }
        if look.left == 0 {
            return Ok(None);
        }
        let view = View::Repository(RepositoryId(look.id.get()));
        let (rows, reference) = (&self.facts.repositories, Reference::Digest(digest));
        let (sum, settled) = match rows.find_manifest(&view, &reference).await? {
            None => (Sum::default(), true),
            Some(stored) => {
                look.left = look.left.saturating_sub(stored.bytes.len());
                self.sum(&view, &stored).await
            }
        };
        let sum = Arc::new(sum);
        if settled {
            self.sums.put(key, Arc::clone(&sum));
        }
        Ok(Some(sum))
    }

    /// Adds up a manifest, and says whether that will not change.
    async fn sum(&self, view: &View, stored: &StoredManifest) -> (Sum, bool) {
        let mut sum = Sum {
            size: stored.bytes.len() as u64,
            ..Sum::default()
        };
        let Ok(manifest) = Manifest::from_stored(&stored.bytes, &stored.media_type) else {
            return (sum, true);
        };
        let mut seen = HashSet::new();
        let mut config = None;
        for named in manifest.references() {
            match named.role {
                ReferenceRole::Child if sum.children.len() < MAX_CHILDREN => {
                    let child = named.digest.content();
                    let child = child.filter(|child| !sum.children.contains(child));
                    sum.children.extend(child);
                    if let Some(platform) = named.platform.and_then(spoken) {
                        sum.runs_on(platform);
                    }
                }
                ReferenceRole::Child | ReferenceRole::Subject => {}
                role => {
                    if role == ReferenceRole::Config {
                        config = named.digest.content();
                    }
                    if seen.insert(named.digest) {
                        sum.size = sum.size.saturating_add(named.size);
                    }
                }
            }
        }
        let Some(config) = config else {
            return (sum, true);
        };
        // The list is worth having without it.
        let platform = self.platform(view, &config).await;
        let settled = platform.is_ok();
        if let Ok(Some(platform)) = platform {
            sum.runs_on(platform);
        }
        (sum, settled)
    }

    /// The platform that an image's configuration names.
    async fn platform(
        &self,
        view: &View,
        config: &ContentDigest,
    ) -> Result<Option<String>, StoreError> {
        let Some(blobs) = self.blobs.read().clone() else {
            return Ok(None);
        };
        let rows = &self.facts.repositories;
        let Some(blob) = rows.find_blob(view, config, Touch::No).await? else {
            return Ok(None);
        };
        if blob.size > MAX_CONFIG {
            return Ok(None);
        }
        let (whole, how) = (0..blob.size, ReadOptions::default());
        let BlobRead::Stream(mut stream) = blobs.read(&blob.place, whole, &how).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        // A configuration names its platform as an index names those of its entries.
        let platform = serde_json::from_slice::<Platform>(&bytes).ok();
        Ok(platform.as_ref().and_then(spoken))
    }
}

/// `os/architecture` and the variant, if there is one; nothing where one of them is not known.
fn spoken(platform: &Platform) -> Option<String> {
    let mut parts = vec![platform.os.as_str(), platform.architecture.as_str()];
    parts.extend(platform.variant.as_deref().filter(|text| !text.is_empty()));
    let known = |part: &&str| {
        (1..=64).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_graphic())
            && *part != "unknown"
    };
    parts.iter().all(known).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_os_architecture_and_variant() {
        for (config, platform) in [
            (
                r#"{"os":"linux","architecture":"amd64"}"#,
                Some("linux/amd64"),
            ),
            (
                r#"{"os":"linux","architecture":"arm","variant":"v7","rootfs":{}}"#,
                Some("linux/arm/v7"),
            ),
            (r#"{"os":"linux","architecture":""}"#, None),
            (r#"{"os":"unknown","architecture":"unknown"}"#, None),
            ("{\"os\":\"li\\nux\",\"architecture\":\"amd64\"}", None),
            (r#"{"architecture":"amd64"}"#, None),
        ] {
            let named: Platform = serde_json::from_str(config).unwrap();
            assert_eq!(spoken(&named).as_deref(), platform, "{config}");
        }
    }
}
