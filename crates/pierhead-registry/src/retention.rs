//! Which former versions of tags may go, and taking them away.
//!
//! A *version* of a tag is a digest that was pushed under it. What a tag names now always stays, and
//! so does what the [`RetentionRule`] spares. What stays keeps everything that belongs to it: an
//! index its manifests, an artifact its subject, a manifest its referrers. What was pushed by its
//! digest alone, and belongs to nothing, was put there on purpose, and stays as well.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use pierhead_model::{ContentDigest, Tag};
use pierhead_storage::{
    Inventory, InventoryManifest, Permit, RepositoryStore, Retirement, StoreError,
};

use crate::{Error, Remover};

/// Manifests taken in one transaction.
const BATCH: usize = 100;

/// How often it is decided anew when the repository changes meanwhile.
const ROUNDS: usize = 8;

/// What of a tag's former versions stays: what either bound spares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    newest: Option<usize>,
    younger_than: Option<Duration>,
}

/// A manifest that a rule lets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirable {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last pushed.
    pub at: SystemTime,
    /// The tags it was pushed as; none for what goes with another.
    pub tags: Vec<Tag>,
}

impl RetentionRule {
    /// Spares the `newest` versions of each tag that are still there, the present one among them,
    /// and versions pushed less than `younger_than` ago. `None` without any bound: such a rule would
    /// spare nothing.
    pub fn new(newest: Option<usize>, younger_than: Option<Duration>) -> Option<Self> {
        (newest.is_some() || younger_than.is_some()).then_some(Self {
            newest,
            younger_than,
        })
    }

    /// How many versions of each tag it spares.
    pub fn newest(&self) -> Option<usize> {
        self.newest
    }

    /// Up to which age it spares a version.
    pub fn younger_than(&self) -> Option<Duration> {
        self.younger_than
    }

    /// What may go of a repository, each before what it names.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use pierhead_registry::RetentionRule;
    /// use pierhead_storage::Inventory;
    ///
    /// let month = Duration::from_secs(30 * 24 * 60 * 60);
    /// let rule = RetentionRule::new(Some(10), Some(month)).expect("it has a bound");
    /// assert!(rule.retirable(&Inventory::default(), SystemTime::now()).is_empty());
    /// ```
    pub fn retirable(&self, inventory: &Inventory, now: SystemTime) -> Vec<Retirable> {
        let held = Held::new(inventory);
        let stays = held.belonging_to(self.spared(&held, now));
        let mut tags: HashMap<ContentDigest, Vec<Tag>> = HashMap::new();
        for push in &inventory.pushes {
            tags.entry(push.digest).or_default().push(push.tag.clone());
        }
        let goes = held.holders_first(&stays);
        goes.map(|manifest| Retirable {
            digest: manifest.digest,
            size: manifest.size,
            at: manifest.at,
            tags: tags.remove(&manifest.digest).unwrap_or_default(),
        })
        .collect()
    }

    /// The manifests that stay for their own sake, by their places in the inventory.
    fn spared(&self, held: &Held<'_>, now: SystemTime) -> Vec<usize> {
        let mut versions = HashSet::new();
        let mut spared = HashSet::new();
        let mut count: HashMap<&Tag, usize> = HashMap::new();
        for push in &held.inventory.pushes {
            let Some(at) = held.place(&push.digest) else {
                continue;
            };
            versions.insert(at);
            let newer = count.entry(&push.tag).or_default();
            // A clock that went backwards makes nothing old.
            let age = now.duration_since(push.at).unwrap_or_default();
            if self.newest.is_some_and(|newest| *newer < newest)
                || self.younger_than.is_some_and(|young| age < young)
            {
                spared.insert(at);
            }
            *newer += 1;
        }
        let manifests = held.inventory.manifests.iter().enumerate();
        let stays = |(at, manifest): (usize, &InventoryManifest)| {
            let on_purpose = !versions.contains(&at)
                && held.holders[at] == 0
                && manifest
                    .subject
                    .is_none_or(|subject| held.place(&subject).is_none());
            (manifest.tagged || spared.contains(&at) || on_purpose).then_some(at)
        };
        manifests.filter_map(stays).collect()
    }

    /// Takes away what may go, and tells `gone` of each manifest once it is. Dropped at any point, or
    /// failed, it has taken some of them.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the permit is, or when the repository never stayed as it was while
    /// this was decided.
    pub async fn apply(
        &self,
        rows: &dyn RepositoryStore,
        permit: &Permit,
        now: SystemTime,
        gone: &(dyn Fn(Retirable) + Send + Sync),
    ) -> Result<(), StoreError> {
        'rounds: for _ in 0..ROUNDS {
            let inventory = rows.inventory(&permit.view).await?;
            let mut seen = inventory.content;
            let retirable = self.retirable(&inventory, now);
            for batch in retirable.chunks(BATCH) {
                let digests: Vec<_> = batch.iter().map(|it| it.digest).collect();
                match rows.retire(&digests, seen, permit).await? {
                    Retirement::Moved => continue 'rounds,
                    Retirement::Done {
                        gone: taken,
                        content,
                    } => {
                        seen = content;
                        let taken = batch.iter().filter(|it| taken.contains(&it.digest));
                        taken.cloned().for_each(gone);
                    }
                }
            }
            return Ok(());
        }
        Err(StoreError::Stale)
    }
}

/// An inventory, and what in it belongs together.
struct Held<'a> {
    inventory: &'a Inventory,
    places: HashMap<ContentDigest, usize>,
    /// How many indexes name each manifest.
    holders: Vec<usize>,
}

impl<'a> Held<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let digests = inventory.manifests.iter().map(|manifest| manifest.digest);
        let places: HashMap<_, _> = digests.zip(0..).collect();
        let mut holders = vec![0; places.len()];
        for child in inventory.manifests.iter().flat_map(|it| &it.children) {
            if let Some(at) = places.get(child) {
                holders[*at] += 1;
            }
        }
        Self {
            inventory,
            places,
            holders,
        }
    }

    fn place(&self, digest: &ContentDigest) -> Option<usize> {
        self.places.get(digest).copied()
    }

    fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let children = self.inventory.manifests[at].children.iter();
        children.filter_map(|child| self.place(child))
    }

    /// What belongs to these, they themselves included.
    fn belonging_to(&self, mut these: Vec<usize>) -> HashSet<usize> {
        let mut referrers: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, manifest) in self.inventory.manifests.iter().enumerate() {
            let subject = manifest.subject.and_then(|subject| self.place(&subject));
            if let Some(subject) = subject {
                referrers.entry(subject).or_default().push(at);
            }
        }
        let mut belongs: HashSet<usize> = these.iter().copied().collect();
        while let Some(at) = these.pop() {
            let subject = self.inventory.manifests[at].subject;
            let subject = subject.and_then(|subject| self.place(&subject));
            let referrers = referrers.get(&at).into_iter().flatten().copied();
            for other in self.children(at).chain(subject).chain(referrers) {
                if belongs.insert(other) {
                    these.push(other);
                }
            }
        }
        belongs
    }

    /// All others, each behind every index that names it.
    fn holders_first(&self, stays: &HashSet<usize>) -> impl Iterator<Item = &'a InventoryManifest> {
        let mut left = self.holders.clone();
        let all = 0..self.inventory.manifests.len();
        // What stays keeps its children, so that no index that stays names any of these.
        let mut next: VecDeque<usize> = all
            .filter(|at| left[*at] == 0 && !stays.contains(at))
            .collect();
        let mut ordered = Vec::new();
        while let Some(at) = next.pop_front() {
            ordered.push(&self.inventory.manifests[at]);
            for child in self.children(at) {
                left[child] -= 1;
                if left[child] == 0 && !stays.contains(&child) {
                    next.push_back(child);
                }
            }
        }
        ordered.into_iter()
    }
}

impl Remover {
    /// What a rule lets go of the repository as it is now.
    pub async fn retirable(&self, rule: &RetentionRule) -> Result<Vec<Retirable>, Error> {
        let rows = &self.access.registry.inner.rows;
        let call = self.access.call(|permit| {
            let rows = Arc::clone(rows);
            Box::pin(async move { rows.inventory(&permit.view).await })
        });
        let (inventory, _) = call.await?;
        let now = self.access.registry.clock().now();
        Ok(rule.retirable(&inventory, now))
    }

    /// Takes away what a rule lets go, and says what that was. Their blobs go with a later
    /// collection. Dropped at any point it has taken some of it.
    ///
    /// # Errors
    /// [`Error::Busy`] when pushes never paused; some of it may be gone.
    pub async fn retire(&self, rule: &RetentionRule) -> Result<Vec<Retirable>, Error> {
        let rows = &self.access.registry.inner.rows;
        let now = self.access.registry.clock().now();
        let gone = Arc::new(Mutex::new(Vec::new()));
        let call = self.access.call(|permit| {
            let (rows, rule, remover) = (Arc::clone(rows), *rule, self.clone());
            let gone = Arc::clone(&gone);
            Box::pin(async move {
                let told = |it: Retirable| {
                    remover.tell_deleted(&permit, it.digest);
                    gone.lock().push(it);
                };
                rule.apply(&*rows, &permit, now, &told).await
            })
        });
        call.await?;
        Ok(std::mem::take(&mut *gone.lock()))
    }
}
