//! Who an account is: the seam through which an embedder says it.

use std::borrow::Cow;
use std::fmt;

use pierhead_policy::{AccountFacts, CallerFacts, Identity, PrincipalId, Scopes};

use crate::record::CallerRecord;

/// Says which principals an account matches in lists, and whether it counts as certified. By default
/// that is what is stored of it ([`AsStored`]); an embedder adds groups that contain a team, roles of
/// its own directory, or a rule by which accounts are certified.
///
/// It is asked whenever facts are used, for decisions, lists and explanations alike, so that none of
/// them can differ from the others; nothing it said is kept for later. It must not block, and follow
/// from the record alone, and from what the embedder changes only together with something that the
/// store knows of the account (such as its teams): a change is committed if the *stored* facts are as
/// they were when it was decided.
///
/// Every principal costs a list a look-up: some hundred are a good bound. Entries can only name users
/// and teams that are stored, so a group that contains others is a team, too; whether somebody could
/// still mend a list counts its stored members.
///
/// ```
/// use std::borrow::Cow;
/// use pierhead_policy::PrincipalId;
/// use pierhead_projects::record::CallerRecord;
/// use pierhead_projects::{Directory, Resolved};
///
/// /// Whoever is in the team `inner` is in the team `outer`, too.
/// #[derive(Debug)]
/// struct Nested { inner: PrincipalId, outer: PrincipalId }
///
/// impl Directory for Nested {
///     fn resolve<'a>(&self, account: &'a CallerRecord) -> Resolved<'a> {
///         let mut resolved = Resolved::as_stored(account);
///         if resolved.teams.contains(&self.inner) {
///             resolved.teams.to_mut().push(self.outer);
///         }
///         resolved
///     }
/// }
/// ```
pub trait Directory: fmt::Debug + Send + Sync {
    /// Who this account is. Never asked about nobody.
    fn resolve<'a>(&self, account: &'a CallerRecord) -> Resolved<'a>;
}

/// The accounts as they are stored, and nothing more.
#[derive(Clone, Copy, Debug)]
pub struct AsStored;

impl Directory for AsStored {
    fn resolve<'a>(&self, account: &'a CallerRecord) -> Resolved<'a> {
        Resolved::as_stored(account)
    }
}

/// Who an account is to lists and to the rule of certification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// Which principals it matches besides itself, `registered` and `public`. Any order; a
    /// repeated one gains nothing.
    pub teams: Cow<'a, [PrincipalId]>,
    /// Whether it is certified.
    pub certified: bool,
}

impl<'a> Resolved<'a> {
    /// What is stored.
    pub fn as_stored(account: &'a CallerRecord) -> Self {
        Self {
            teams: Cow::Borrowed(&account.teams),
            certified: account.certified,
        }
    }

    /// The facts for a decision about this account with such a credential.
    pub fn facts(&self, account: &CallerRecord, scopes: Scopes) -> CallerFacts<'_> {
        CallerFacts {
            identity: Identity::Account(AccountFacts {
                id: account.id,
                teams: &self.teams,
                certified: self.certified,
                operator: account.operator,
            }),
            scopes,
        }
    }

    /// The same, kept beside its record.
    pub(crate) fn into_owned(self) -> Resolved<'static> {
        Resolved {
            teams: Cow::Owned(self.teams.into_owned()),
            certified: self.certified,
        }
    }
}
