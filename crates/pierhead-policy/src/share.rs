//! Changing sharing: what a list may be changed to.

use thiserror::Error;

use crate::bits::Permission;
use crate::facts::{CallerFacts, Identity, Target};
use crate::id::PrincipalId;
use crate::list::{AccessList, ListError};
use crate::rules::Rules;

/// What is wanted of an entity's sharing settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShareChange<'a> {
    /// Give an inheriting repository a list of its own.
    GiveLocal {
        /// The list to start with.
        list: &'a AccessList,
    },
    /// Replace the entity's own list as a whole.
    Replace {
        /// The new list.
        list: &'a AccessList,
        /// Whether the etag that the caller read is still the entity's.
        etag_is_current: bool,
    },
    /// Take a repository's own list away, so that it inherits again.
    RemoveLocal,
}

/// Why sharing cannot be changed so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Rule 1: it has a list already.
    #[error("it has a sharing list of its own already; replace that instead")]
    AlreadyLocal,
    /// Rules 2 and 3: it has no list of its own.
    #[error("it inherits its sharing settings; give it a list of its own if it should differ")]
    Inherits,
    /// Rule 3: a project's list stays.
    #[error("a project cannot lose its sharing list; replace it instead")]
    ProjectKeepsItsList,
    /// Rule 2: somebody was faster.
    #[error("the sharing list was changed since it was read; read it again")]
    StaleEtag,
    /// Rule 4: no list at all.
    #[error(transparent)]
    List(#[from] ListError),
    /// Rule 5: it would let more people pull than before.
    #[error(
        "letting {} download needs a certified account; ask an operator to certify you",
        if *principal == PrincipalId::PUBLIC { "anyone" } else { "everybody who is signed in" }
    )]
    NotCertified {
        /// `registered` or `public`.
        principal: PrincipalId,
    },
    /// Rule 6: nobody could mend the project's list.
    #[error(
        "nobody could change this list again; leave CHANGE_PERMISSIONS to an active user, or to a \
         team with an active member"
    )]
    NobodyCouldMend,
    /// Rule 6: the caller could not mend the repository's list.
    #[error(
        "you could not change this list again; leave CHANGE_PERMISSIONS to yourself or to a team \
         of yours"
    )]
    CallerCouldNotMend,
    /// There is nothing here whose sharing could be changed.
    #[error("there is nothing here to share; name an existing project or repository")]
    NothingThere,
}

impl ShareError {
    /// Whether it says that no list could be changed so here and now, whatever is in it (rules 1 to
    /// 3 and the etag).
    pub const fn is_about_the_place(&self) -> bool {
        matches!(
            self,
            Self::AlreadyLocal
                | Self::Inherits
                | Self::ProjectKeepsItsList
                | Self::StaleEtag
                | Self::NothingThere
        )
    }
}

/// Checks a change of sharing against rules 1 to 6, in that order.
///
/// `target` are the facts before the change; ask [`decide`](crate::decide()) for
/// [`Action::ChangeSharing`](crate::Action::ChangeSharing) first, which looks at trash, scopes and
/// permission. `active` says whether a principal is an active account, or a team with at least
/// one active member; it is asked only about a project's new list and never about `registered` or
/// `public`.
///
/// Rule 6 says nothing about a removal: the list that counts afterwards is the project's, which
/// passed it when it was written.
///
/// # Errors
///
/// [`ShareError`], the first rule that refuses.
pub fn check_share_change<R: Rules + ?Sized>(
    rules: &R,
    caller: &CallerFacts<'_>,
    target: &Target<'_>,
    change: &ShareChange<'_>,
    active: impl FnMut(PrincipalId) -> bool,
) -> Result<(), ShareError> {
    let (project, repository) = match *target {
        Target::Repository {
            project: Some(project),
            repository: Some(repository),
            ..
        } => (project, Some(repository)),
        Target::Project {
            project: Some(project),
        } => (project, None),
        _ => return Err(ShareError::NothingThere),
    };
    let own = match repository {
        Some(repository) => repository.own_list,
        None => Some(project.list),
    };
    let before = own.unwrap_or(project.list);
    let sent = match *change {
        ShareChange::GiveLocal { .. } if own.is_some() => return Err(ShareError::AlreadyLocal),
        ShareChange::RemoveLocal if repository.is_none() => {
            return Err(ShareError::ProjectKeepsItsList);
        }
        ShareChange::Replace { .. } | ShareChange::RemoveLocal if own.is_none() => {
            return Err(ShareError::Inherits);
        }
        ShareChange::Replace {
            etag_is_current: false,
            ..
        } => return Err(ShareError::StaleEtag),
        ShareChange::GiveLocal { list } | ShareChange::Replace { list, .. } => Some(list),
        ShareChange::RemoveLocal => None,
    };
    if let Some(list) = sent {
        list.check_public(rules)?;
    }
    let after = sent.unwrap_or(project.list);
    check_widening(rules, caller, before, after)?;
    match sent {
        Some(list) if !caller.is_operator() => {
            if repository.is_some() {
                check_caller_can_mend(rules, caller, list)
            } else if can_be_mended(list, active) {
                Ok(())
            } else {
                Err(ShareError::NobodyCouldMend)
            }
        }
        _ => Ok(()),
    }
}

/// Whether somebody can still change a project's list (rule 6): an active account holds
/// `CHANGE_PERMISSIONS` by name or through a team. Projects for which this ends are shown to
/// operators (rule 8).
///
/// `active` says whether a principal is an active account, or a team with at least one active
/// member.
pub fn can_be_mended(list: &AccessList, mut active: impl FnMut(PrincipalId) -> bool) -> bool {
    list.entries().iter().any(|entry| {
        entry.principal != PrincipalId::REGISTERED
            && entry.principal != PrincipalId::PUBLIC
            && entry.permissions.has(Permission::ChangePermissions)
            && active(entry.principal)
    })
}

/// Rule 5. `registered` is whoever is signed in and so matches `public`, too: narrowing from
/// `public` to `registered` widens nothing.
fn check_widening<R: Rules + ?Sized>(
    rules: &R,
    caller: &CallerFacts<'_>,
    before: &AccessList,
    after: &AccessList,
) -> Result<(), ShareError> {
    if caller.is_certified() || caller.is_operator() {
        return Ok(());
    }
    let downloads = |list: &AccessList, principal| {
        let public = list.counted(PrincipalId::PUBLIC, rules);
        let bits = if principal == PrincipalId::REGISTERED {
            public | list.counted(PrincipalId::REGISTERED, rules)
        } else {
            public
        };
        bits.has(Permission::Download)
    };
    for principal in [PrincipalId::PUBLIC, PrincipalId::REGISTERED] {
        if downloads(after, principal) && !downloads(before, principal) {
            return Err(ShareError::NotCertified { principal });
        }
    }
    Ok(())
}

/// Rule 6 for a repository's list: the caller holds `CHANGE_PERMISSIONS` by name or through a
/// team.
fn check_caller_can_mend<R: Rules + ?Sized>(
    rules: &R,
    caller: &CallerFacts<'_>,
    after: &AccessList,
) -> Result<(), ShareError> {
    let mends = match caller.identity {
        Identity::Anonymous => false,
        Identity::Account(account) => after
            .bits_by_name_or_team(account.id, account.teams, rules)
            .has(Permission::ChangePermissions),
    };
    if mends {
        Ok(())
    } else {
        Err(ShareError::CallerCouldNotMend)
    }
}
