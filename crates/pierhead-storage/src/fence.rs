//! Versions of what permissions rest on, and the fence made of them.

use crate::{CallerId, ParentId, RepositoryId, RepositoryStore, StoreError};
use pierhead_model::{ContentDigest, RepositoryName};

/// A kind of thing whose rights are versioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ScopeKind {
    /// What repositories are created under; the id is a [`ParentId`].
    Parent,
    /// A repository; the id is a [`RepositoryId`].
    Repository,
    /// An account.
    Account,
    /// One credential of an account.
    Credential,
    /// Anything else that an embedder's permissions rest on.
    Other,
}

impl ScopeKind {
    /// A small number for this kind that stores may write down; it never changes its meaning.
    pub fn code(self) -> u8 {
        match self {
            Self::Parent => 1,
            Self::Repository => 2,
            Self::Account => 3,
            Self::Credential => 4,
            Self::Other => 5,
        }
    }

    /// The kind that [`ScopeKind::code`] gave this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::Parent,
            Self::Repository,
            Self::Account,
            Self::Credential,
            Self::Other,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }
}

/// One thing whose rights are versioned. A scope that was never bumped stands at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId {
    /// Its kind.
    pub kind: ScopeKind,
    /// Its id within the kind.
    pub id: u64,
}

impl ScopeId {
    /// The scope of a parent.
    pub fn parent(id: ParentId) -> Self {
        Self {
            kind: ScopeKind::Parent,
            id: id.0,
        }
    }

    /// The scope of a repository.
    pub fn repository(id: RepositoryId) -> Self {
        Self {
            kind: ScopeKind::Repository,
            id: id.0,
        }
    }

    /// The scope of an account.
    pub fn account(id: u64) -> Self {
        Self {
            kind: ScopeKind::Account,
            id,
        }
    }

    /// The scope of a credential.
    pub fn credential(id: u64) -> Self {
        Self {
            kind: ScopeKind::Credential,
            id,
        }
    }

    /// The scope of anything else that an embedder's permissions rest on, by an id of its own: a
    /// group, a folder, a contract.
    pub fn other(id: u64) -> Self {
        Self {
            kind: ScopeKind::Other,
            id,
        }
    }

    /// [`ScopeId::other`] for what has a name and no number. The id is the first eight bytes,
    /// big-endian, of the name's SHA-256, today and in every later version. Two names that share one
    /// move each other's version: that costs a decision more, and never makes a wrong one.
    pub fn named(name: &str) -> Self {
        let digest = ContentDigest::sha256(name.as_bytes());
        let first = digest.bytes().iter().take(8);
        Self::other(first.fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

/// The part of a version that decisions rest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights {
    /// A random number that is new whenever the database is made or restored from a snapshot, so
    /// that counters which went backwards are not taken for the ones they once were.
    pub epoch: u64,
    /// Moved by whatever can change a decision, and by nothing else.
    pub counter: u64,
}

/// Both counters of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    /// What decisions rest on.
    pub rights: Rights,
    /// Moved by whatever changes what is stored in the scope; for caches alone.
    pub content: u64,
}

/// What a permission rested on. A mutating call compares it inside its transaction; if any counter
/// moved, the answer is [`StoreError::Stale`](crate::StoreError::Stale) and nothing is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fence(pub Vec<(ScopeId, Rights)>);

impl Fence {
    /// These scopes as they stand now. Ask it *before* reading what is decided from: whatever
    /// changes in between has then moved the fence, and is decided anew.
    ///
    /// # Errors
    /// Those of [`RepositoryStore::current`].
    pub async fn now(rows: &dyn RepositoryStore, scopes: &[ScopeId]) -> Result<Self, StoreError> {
        let versions = rows.current(scopes).await?;
        let rights = versions.into_iter().map(|version| version.rights);
        Ok(Self(scopes.iter().copied().zip(rights).collect()))
    }
}

/// What an allowed decision opens. Store calls take a view, never a name, so that rights and rows
/// cannot part company. A view whose repository is gone, or whose new name is taken, is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// A repository that exists.
    Repository(RepositoryId),
    /// A name that no repository has, for a caller who may create it.
    New(NewName),
}

/// A name that no repository has yet, as one caller sees it: empty but for what they staged there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewName {
    /// The name.
    pub name: RepositoryName,
    /// What the repository will be created under.
    pub parent: Option<ParentId>,
    /// The caller whose staged blobs count.
    pub caller: CallerId,
}

/// A view together with the fence of the decision that opened it: what every mutating call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// What may be changed.
    pub view: View,
    /// What the permission rested on.
    pub fence: Fence,
}

#[cfg(test)]
mod tests {
    use super::ScopeId;

    #[test]
    fn a_name_has_the_same_scope_for_ever() {
        for (name, id) in [("", 0xe3b0_c442_98fc_1c14), ("abc", 0xba78_16bf_8f01_cfea)] {
            assert_eq!(ScopeId::named(name), ScopeId::other(id), "{name:?}");
        }
    }
}
