//! What is listed of a store: which rows, in which order, from where on.

use std::time::SystemTime;

use pierhead_model::{ContentDigest, Tag};
use pierhead_policy::{EntityId, PrincipalId};

use crate::record::TargetRecord;

/// Which repositories to list, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogQuery {
    /// Only those whose list that counts gives READ to one of these; none: whatever their lists say.
    pub readers: Option<Vec<PrincipalId>>,
    /// Only what follows this name, which need not be one of a repository.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// What a list of entities is ordered by. Equal ones follow in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildOrder {
    /// By name, after this name and number.
    Name(Option<(String, EntityId)>),
    /// By name, from the first that has this very name.
    From(String),
    /// By when they were made, after this time and number.
    Created(Option<(SystemTime, EntityId)>),
}

/// Which entities to list: those of one parent, in one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildrenQuery {
    /// The repositories of this project; none: all projects.
    pub parent: Option<EntityId>,
    /// By what, and after which.
    pub order: ChildOrder,
    /// The other way round.
    pub descending: bool,
    /// Only those whose list that counts gives READ to one of these; none: whatever their lists say.
    pub readers: Option<Vec<PrincipalId>>,
    /// At most so many.
    pub limit: usize,
}

/// Which trashed entities to list, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrashQuery {
    /// Only repositories of this project.
    pub project: Option<EntityId>,
    /// Only what was put there at this time or earlier.
    pub until: Option<SystemTime>,
    /// Only what was put there by this account, or belongs to a project in whose list one of its
    /// principals (it, its teams, `registered`, `public`) may change permissions.
    pub restorer: Option<(PrincipalId, Vec<PrincipalId>)>,
    /// Only what follows this one.
    pub after: Option<(SystemTime, EntityId)>,
    /// At most so many.
    pub limit: usize,
}

/// Which accounts to list, in the order of their folded names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountQuery {
    /// Only those whose folded name begins with this, which is of `a-z` and `0-9`.
    pub prefix: String,
    /// Only what follows this folded name, which need not be one of an account.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// What tags are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagOrder {
    /// By their newest push; equal ones by name.
    #[default]
    Created,
    /// By name.
    Name,
}

/// Some projects whose list nobody can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnmendedRows {
    /// The projects, in the order of their numbers.
    pub found: Vec<TargetRecord>,
    /// The last project that was looked at, if there may be more behind it.
    pub last: Option<EntityId>,
}

/// Which records of tags to list, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedQuery {
    /// Of which external repository.
    pub reference: EntityId,
    /// Only those of this tag.
    pub tag: Option<Tag>,
    /// Only those with a smaller id.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Which tags to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagQuery {
    /// Of which repository.
    pub repository: EntityId,
    /// Whether it is an external one.
    pub external: bool,
    /// By what.
    pub order: TagOrder,
    /// The other way round.
    pub descending: bool,
    /// How many to leave out.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// A page of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRows {
    /// How many tags there are in all.
    pub total: u64,
    /// The page.
    pub rows: Vec<TagRow>,
}

/// A tag and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// The tag.
    pub tag: Tag,
    /// What it names.
    pub digest: ContentDigest,
    /// When it was last pushed.
    pub at: SystemTime,
}
