//! Which former versions of tags may go, and taking them away.
//!
//! A *version* of a tag is a digest that was pushed under it. What a tag names now always stays, and
//! so does what the [`RetentionRule`] spares. What stays keeps everything that belongs to it: an
//! index its manifests, an artifact its subject, a manifest its referrers. What was last pushed by its
//! digest, later than any index that names it, was put there on purpose, and stays as well.
//!
//! What belongs together goes together, in one transaction: a half of it left behind would seem to
//! have been pushed on purpose.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use pierhead_model::{ContentDigest, Tag};
use pierhead_storage::{
    Inventory, InventoryManifest, Permit, RepositoryStore, Retirement, StoreError,
};

use crate::{Error, Remover};

/// Manifests taken in one transaction, but for larger ones that belong together.
const BATCH: usize = 100;

/// How often it is decided anew when the repository changes before anything could be taken.
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
    /// and manifests pushed less than `younger_than` ago. `None` without any bound: such a rule would
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

    /// What may go of a repository, in batches to be taken one after the other, each in one
    /// transaction. What belongs together is in one batch, each before what it names.
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
    pub fn retirable(&self, inventory: &Inventory, now: SystemTime) -> Vec<Vec<Retirable>> {
        let held = Held::new(inventory);
        let stays = held.belonging_to(self.spared(&held, now));
        let mut tags: HashMap<ContentDigest, Vec<Tag>> = HashMap::new();
        for push in &inventory.pushes {
            tags.entry(push.digest).or_default().push(push.tag.clone());
        }
        let mut batches: Vec<Vec<Retirable>> = Vec::new();
        for together in held.together(&stays) {
            let retirable = together.into_iter().map(|manifest| Retirable {
                digest: manifest.digest,
                size: manifest.size,
                at: manifest.at,
                tags: tags.remove(&manifest.digest).unwrap_or_default(),
            });
            let retirable: Vec<_> = retirable.collect();
            match batches.last_mut() {
                Some(batch) if batch.len() + retirable.len() <= BATCH => batch.extend(retirable),
                _ => batches.push(retirable),
            }
        }
        batches
    }

    /// The manifests that stay for their own sake, by their places in the inventory.
    fn spared(&self, held: &Held<'_>, now: SystemTime) -> Vec<usize> {
        let manifests = &held.inventory.manifests;
        let mut last_tagged: Vec<Option<SystemTime>> = vec![None; manifests.len()];
        let mut newest = HashSet::new();
        let mut count: HashMap<&Tag, usize> = HashMap::new();
        for push in &held.inventory.pushes {
            let Some(at) = held.place(&push.digest) else {
                continue;
            };
            last_tagged[at] = last_tagged[at].max(Some(push.at));
            let newer = count.entry(&push.tag).or_default();
            if self.newest.is_some_and(|newest| *newer < newest) {
                newest.insert(at);
            }
            *newer += 1;
        }
        let stays = |at: &usize| {
            let manifest = &manifests[*at];
            // A clock that went backwards makes nothing old.
            let age = now.duration_since(manifest.at).unwrap_or_default();
            let young = self.younger_than.is_some_and(|young| age < young);
            let refers = manifest.subject.is_some_and(|it| held.place(&it).is_some());
            let by_digest = last_tagged[*at].max(held.named_at[*at]) < Some(manifest.at);
            manifest.tagged || newest.contains(at) || young || (by_digest && !refers)
        };
        (0..manifests.len()).filter(stays).collect()
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
        let mut idle = 0;
        'rounds: while idle < ROUNDS {
            idle += 1;
            let inventory = rows.inventory(&permit.view).await?;
            let mut seen = inventory.content;
            for batch in self.retirable(&inventory, now) {
                let digests: Vec<_> = batch.iter().map(|it| it.digest).collect();
                match rows.retire(&digests, seen, permit).await? {
                    Retirement::Moved => continue 'rounds,
                    Retirement::Done {
                        gone: taken,
                        content,
                    } => {
                        (seen, idle) = (content, 0);
                        let taken: HashSet<_> = taken.into_iter().collect();
                        let batch = batch.into_iter();
                        batch.filter(|it| taken.contains(&it.digest)).for_each(gone);
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
    /// How many indexes name each manifest, and when the last of them was pushed.
    holders: Vec<usize>,
    named_at: Vec<Option<SystemTime>>,
}

impl<'a> Held<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let digests = inventory.manifests.iter().map(|manifest| manifest.digest);
        let places: HashMap<_, _> = digests.zip(0..).collect();
        let mut holders = vec![0; places.len()];
        let mut named_at: Vec<Option<SystemTime>> = vec![None; places.len()];
        for index in &inventory.manifests {
            for at in index.children.iter().filter_map(|child| places.get(child)) {
                holders[*at] += 1;
                named_at[*at] = named_at[*at].max(Some(index.at));
            }
        }
        Self {
            inventory,
            places,
            holders,
            named_at,
        }
    }

    fn place(&self, digest: &ContentDigest) -> Option<usize> {
        self.places.get(digest).copied()
    }

    fn subject(&self, at: usize) -> Option<usize> {
        let subject = self.inventory.manifests[at].subject?;
        self.place(&subject)
    }

    fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let children = self.inventory.manifests[at].children.iter();
        children.filter_map(|child| self.place(child))
    }

    /// What belongs to these, they themselves included.
    fn belonging_to(&self, mut these: Vec<usize>) -> HashSet<usize> {
        let mut referrers: HashMap<usize, Vec<usize>> = HashMap::new();
        for at in 0..self.inventory.manifests.len() {
            if let Some(subject) = self.subject(at) {
                referrers.entry(subject).or_default().push(at);
            }
        }
        let mut belongs: HashSet<usize> = these.iter().copied().collect();
        while let Some(at) = these.pop() {
            let referrers = referrers.get(&at).into_iter().flatten().copied();
            for other in self.children(at).chain(self.subject(at)).chain(referrers) {
                if belongs.insert(other) {
                    these.push(other);
                }
            }
        }
        belongs
    }

    /// All others, those that belong together apart from the rest, each behind every index that
    /// names it.
    fn together(&self, stays: &HashSet<usize>) -> Vec<Vec<&'a InventoryManifest>> {
        let mut left = self.holders.clone();
        let all = 0..self.inventory.manifests.len();
        let goes: Vec<usize> = all.filter(|at| !stays.contains(at)).collect();
        // What stays keeps its children, so that no index that stays names any of these.
        let mut next: VecDeque<usize> = goes.iter().copied().filter(|at| left[*at] == 0).collect();
        let mut ordered = Vec::with_capacity(goes.len());
        let mut groups = Groups::new(self.inventory.manifests.len());
        while let Some(at) = next.pop_front() {
            ordered.push(at);
            if let Some(subject) = self.subject(at) {
                groups.join(at, subject);
            }
            for child in self.children(at) {
                left[child] -= 1;
                if stays.contains(&child) {
                    continue;
                }
                groups.join(at, child);
                if left[child] == 0 {
                    next.push_back(child);
                }
            }
        }
        let mut found: Vec<Vec<&InventoryManifest>> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for at in ordered {
            let place = *places.entry(groups.of(at)).or_insert(found.len());
            if place == found.len() {
                found.push(Vec::new());
            }
            found[place].push(&self.inventory.manifests[at]);
        }
        found
    }
}

/// Which manifests belong together, directly or through others.
struct Groups(Vec<usize>);

impl Groups {
    fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    fn of(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        self.0[one.max(other)] = one.min(other);
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
        let batches = rule.retirable(&inventory, now);
        Ok(batches.into_iter().flatten().collect())
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
