//! Access lists: who is granted what, by one entity.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::bits::Permissions;
use crate::facts::Principals;
use crate::id::PrincipalId;
use crate::rules::{Rules, public_ceiling};
use crate::sieve::Sieve;

/// One line of an access list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Entry {
    /// Who.
    pub principal: PrincipalId,
    /// What; never empty in a list.
    pub permissions: Permissions,
}

/// An entity's access list: each principal at most once, each with at least one permission.
///
/// Sorted by principal. Empty is a list, too: it grants nothing to anybody, and it does not inherit.
/// Copies share their entries.
///
/// ```
/// use pierhead_policy::{AccessList, Level, ListError, Options, PrincipalId};
///
/// let ann = PrincipalId::new(3_000_001);
/// let options = Options::default();
/// let list = AccessList::checked([(ann, Level::CanEdit.permissions())], &options, |_| true);
/// assert_eq!(list.unwrap().get(ann), Some(Level::CanEdit.permissions()));
///
/// let twice = [(ann, Level::CanView.into()), (ann, Level::CanEdit.into())];
/// let refused = AccessList::checked(twice, &options, |_| true);
/// assert_eq!(refused, Err(ListError::Repeated(ann)));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AccessList {
    entries: Arc<[Entry]>,
    sieve: Sieve,
}

impl Serialize for AccessList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

/// Why something is no access list (rule 4 of sharing). All of these are a malformed request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// A principal that does not exist.
    #[error("principal {0} is not known; name an existing user or team")]
    Unknown(PrincipalId),
    /// A principal in two entries.
    #[error("principal {0} is listed twice; give it one entry with all of its permissions")]
    Repeated(PrincipalId),
    /// An entry that grants nothing.
    #[error("the entry of principal {0} grants nothing; give it a permission or leave it out")]
    Empty(PrincipalId),
    /// The anonymous caller in a list.
    #[error("the anonymous caller cannot be listed; list `public` to share with anyone")]
    Anonymous,
    /// `public` with more than it may be given.
    #[error("`public` may not be given {excess}; leave that out of its entry")]
    PublicTooMuch {
        /// What is too much.
        excess: Permissions,
    },
}

impl AccessList {
    /// A list with no entry.
    pub fn empty() -> Self {
        Self::of_sorted(Vec::new())
    }

    /// The list of a new project: its creator holds all eight permissions, nobody else any.
    pub fn of_creator(creator: PrincipalId) -> Self {
        Self::of_sorted(vec![Entry {
            principal: creator,
            permissions: Permissions::ALL,
        }])
    }

    /// A list as a caller sent it, in any order. `known` says whether a user or a team of that
    /// number exists; it is not asked about the well-known principals.
    ///
    /// # Errors
    ///
    /// [`ListError`], for the first principal (by number) that has something wrong.
    pub fn checked<R: Rules + ?Sized>(
        entries: impl IntoIterator<Item = (PrincipalId, Permissions)>,
        rules: &R,
        mut known: impl FnMut(PrincipalId) -> bool,
    ) -> Result<Self, ListError> {
        let list = Self::from_stored(entries)?;
        for entry in list.entries() {
            match entry.principal {
                PrincipalId::REGISTERED => {}
                PrincipalId::PUBLIC => list.check_public(rules)?,
                other if known(other) => {}
                unknown => return Err(ListError::Unknown(unknown)),
            }
        }
        Ok(list)
    }

    /// A list as it was stored, in any order: only its shape is checked, because principals were
    /// known when it was written and `public_download` may have been switched off since.
    ///
    /// # Errors
    ///
    /// [`ListError::Repeated`], [`ListError::Empty`], [`ListError::Anonymous`].
    pub fn from_stored(
        entries: impl IntoIterator<Item = (PrincipalId, Permissions)>,
    ) -> Result<Self, ListError> {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(principal, permissions)| Entry {
                principal,
                permissions,
            })
            .collect();
        entries.sort_by_key(|entry| entry.principal);
        let mut before = None;
        for entry in &entries {
            if entry.principal == PrincipalId::ANONYMOUS {
                return Err(ListError::Anonymous);
            }
            if before == Some(entry.principal) {
                return Err(ListError::Repeated(entry.principal));
            }
            if entry.permissions.is_empty() {
                return Err(ListError::Empty(entry.principal));
            }
            before = Some(entry.principal);
        }
        Ok(Self::of_sorted(entries))
    }

    fn of_sorted(entries: Vec<Entry>) -> Self {
        Self {
            sieve: Sieve::of(entries.iter().map(|entry| entry.principal)),
            entries: entries.into(),
        }
    }

    /// What `public` holds by this list must not exceed what it may be given now.
    pub(crate) fn check_public<R: Rules + ?Sized>(&self, rules: &R) -> Result<(), ListError> {
        let excess = self
            .get(PrincipalId::PUBLIC)
            .unwrap_or_default()
            .difference(public_ceiling(rules));
        if excess.is_empty() {
            Ok(())
        } else {
            Err(ListError::PublicTooMuch { excess })
        }
    }

    /// Its entries, by principal.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is written for one principal, not cut down.
    pub fn get(&self, principal: PrincipalId) -> Option<Permissions> {
        if !self.sieve.lets_through(principal) {
            return None;
        }
        self.entries
            .binary_search_by_key(&principal, |entry| entry.principal)
            .ok()
            .map(|at| self.entries[at].permissions)
    }

    /// What a caller holds by this list: the union over every principal it matches, `public` cut
    /// down. Does not allocate.
    pub fn bits_for<R: Rules + ?Sized>(&self, who: &Principals<'_>, rules: &R) -> Permissions {
        let mut held = self.counted(PrincipalId::PUBLIC, rules);
        if let Some(account) = who.account {
            held |= self.counted(PrincipalId::REGISTERED, rules);
            held |= self.bits_by_name_or_team(account, who.teams, rules);
        }
        held
    }

    /// What an account holds by its own entry and its teams', leaving `registered` and `public`
    /// out.
    pub(crate) fn bits_by_name_or_team<R: Rules + ?Sized>(
        &self,
        account: PrincipalId,
        teams: &[PrincipalId],
        rules: &R,
    ) -> Permissions {
        let own = self.counted(account, rules);
        let union = |held, team: &PrincipalId| held | self.counted(*team, rules);
        teams.iter().fold(own, union)
    }

    /// What one principal's entry counts for when deciding: `public` is cut down to READ, and
    /// DOWNLOAD while the rules let it have that.
    pub fn counted<R: Rules + ?Sized>(&self, principal: PrincipalId, rules: &R) -> Permissions {
        let written = self.get(principal).unwrap_or_default();
        if principal == PrincipalId::PUBLIC {
            written & public_ceiling(rules)
        } else {
            written
        }
    }

    /// The same list less the entry of a principal that is gone. May become empty.
    pub fn without(&self, gone: PrincipalId) -> Self {
        let kept = self.entries.iter().copied();
        Self::of_sorted(kept.filter(|entry| entry.principal != gone).collect())
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
