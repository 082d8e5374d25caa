//! Twelve mistakes that a decision could make. Each shows in the table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use pierhead::model::RepositoryName;
use pierhead::policy::{
    self, AccessList, CallerFacts, Certification, Decision, Options, Permissions, PrincipalId,
    ProjectFacts, RepositoryFacts, Rules, Scopes, Target, TrashMark,
};
use pierhead::registry::{self, Authorizer, AuthorizerError, Caller, Resource};
use pierhead::storage::{Repository, RepositoryStore};

/// A mistake, by what somebody who makes it believes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A local list adds to the project's.
    ListsMerge,
    /// An empty local list is none.
    EmptyListIsNone,
    /// The trash can does not bind operators.
    TrashSparesOperators,
    /// A project's mark is on the project alone.
    TrashCoversNothing,
    /// Whoever may create in the project may push to what is there.
    CreateForUpdate,
    /// Whoever may update may create.
    UpdateForCreate,
    /// Certification is asked of every push.
    CertificationOfEveryPush,
    /// Whoever created it may do everything to it.
    CreatorGrants,
    /// What is decided about a name is decided about all that begin with it.
    PrefixMatches,
    /// Every credential is good for everything.
    ScopesIgnored,
    /// Whoever sees it may pull it.
    ReadPulls,
    /// Whoever may create may restore what others trashed.
    AnybodyRestores,
}

impl Fault {
    pub(crate) const TWELVE: [Self; 12] = [
        Self::ListsMerge,
        Self::EmptyListIsNone,
        Self::TrashSparesOperators,
        Self::TrashCoversNothing,
        Self::CreateForUpdate,
        Self::UpdateForCreate,
        Self::CertificationOfEveryPush,
        Self::CreatorGrants,
        Self::PrefixMatches,
        Self::ScopesIgnored,
        Self::ReadPulls,
        Self::AnybodyRestores,
    ];
}

/// The mistake that is made now: its place in [`Fault::TWELVE`], from one; zero is none. Rules
/// are made before the server is, and look here.
static NOW: AtomicUsize = AtomicUsize::new(0);

/// The account that created every repository, for those who think that matters.
static CREATOR: AtomicU64 = AtomicU64::new(0);

/// Makes a mistake from now on, or none.
pub(crate) fn make(fault: Option<Fault>, creator: i64) {
    let place = fault.and_then(|fault| Fault::TWELVE.iter().position(|it| *it == fault));
    CREATOR.store(creator.unsigned_abs(), Ordering::SeqCst);
    NOW.store(place.map_or(0, |place| place + 1), Ordering::SeqCst);
}

fn now() -> Option<Fault> {
    let place = NOW.load(Ordering::SeqCst).checked_sub(1)?;
    Fault::TWELVE.get(place).copied()
}

/// The table, with the mistake in it.
#[derive(Debug)]
pub(crate) struct Mistaken;

impl Rules for Mistaken {
    fn decide(
        &self,
        caller: &CallerFacts<'_>,
        action: policy::Action,
        target: &Target<'_>,
    ) -> Decision {
        match now() {
            None => policy::decide(self, caller, action, target),
            Some(fault) => mistaken(fault, caller, action, target),
        }
    }
}

fn mistaken(
    fault: Fault,
    caller: &CallerFacts<'_>,
    action: policy::Action,
    target: &Target<'_>,
) -> Decision {
    use policy::Action::{Head, ListTags, Pull, Purge, Push, Restore, Trash};
    let (mut options, mut caller, mut facts) = (Options::default(), *caller, Facts::of(target));
    match fault {
        Fault::ListsMerge => {
            if let (Some(project), Some(own)) = (&facts.project_list, &mut facts.own_list) {
                *own = merged(project, own);
            }
        }
        Fault::EmptyListIsNone => {
            facts.own_list = facts.own_list.filter(|own| !own.is_empty());
        }
        Fault::TrashSparesOperators => {
            if caller.is_operator() && !matches!(action, Trash | Restore | Purge) {
                (facts.project_mark, facts.own_mark) = (None, None);
            }
        }
        Fault::TrashCoversNothing => {
            if facts.is_repository {
                facts.project_mark = None;
            }
        }
        Fault::CreateForUpdate => {
            if let (Push, true, Some(list)) = (action, facts.is_repository, &facts.project_list) {
                facts.own_list = Some(as_if(list, Permissions::CREATE, Permissions::UPDATE));
            }
        }
        Fault::UpdateForCreate => {
            if let (false, Some(list)) = (facts.is_repository, &mut facts.project_list) {
                *list = as_if(list, Permissions::UPDATE, Permissions::CREATE);
            }
        }
        Fault::CertificationOfEveryPush => options.certification = Certification::EveryPush,
        Fault::CreatorGrants => {
            let creator = PrincipalId::new(CREATOR.load(Ordering::SeqCst));
            if facts.is_repository && caller.account_id() == Some(creator) {
                facts.own_list = Some(AccessList::of_creator(creator));
            }
        }
        // A decision sees no names; see `Prefixes`.
        Fault::PrefixMatches => {}
        Fault::ScopesIgnored => caller.scopes = Scopes::ALL,
        Fault::ReadPulls => {
            let counting = facts.own_list.as_mut().or(facts.project_list.as_mut());
            if let (Pull | ListTags | Head, Some(list)) = (action, counting) {
                *list = as_if(list, Permissions::READ, Permissions::DOWNLOAD);
            }
        }
        Fault::AnybodyRestores => {
            if let (Restore, Some(by)) = (action, caller.account_id()) {
                let by_caller = |mark: Option<TrashMark>| mark.map(|_| TrashMark { by });
                facts.own_mark = by_caller(facts.own_mark);
                if !facts.is_repository {
                    facts.project_mark = by_caller(facts.project_mark);
                }
            }
        }
    }
    policy::decide(&options, &caller, action, &facts.target(target))
}

/// What can be changed about a target.
struct Facts {
    is_repository: bool,
    project_list: Option<AccessList>,
    project_mark: Option<TrashMark>,
    own_list: Option<AccessList>,
    own_mark: Option<TrashMark>,
}

impl Facts {
    fn of(target: &Target<'_>) -> Self {
        let (project, repository) = match *target {
            Target::Repository {
                project,
                repository,
                ..
            } => (project, repository),
            Target::Project { project } => (project, None),
            Target::Nothing => (None, None),
        };
        Self {
            is_repository: repository.is_some(),
            project_list: project.map(|found| found.list.clone()),
            project_mark: project.and_then(|found| found.trashed),
            own_list: repository.and_then(|found| found.own_list.cloned()),
            own_mark: repository.and_then(|found| found.trashed),
        }
    }

    /// The target with these facts.
    fn target<'a>(&'a self, target: &Target<'a>) -> Target<'a> {
        let project = |found: ProjectFacts<'a>| ProjectFacts {
            list: self.project_list.as_ref().unwrap_or(found.list),
            trashed: self.project_mark,
            ..found
        };
        let repository = |found: RepositoryFacts<'a>| RepositoryFacts {
            own_list: self.own_list.as_ref(),
            trashed: self.own_mark,
            ..found
        };
        match *target {
            Target::Repository {
                name_ok,
                project: around,
                repository: found,
            } => Target::Repository {
                name_ok,
                project: around.map(project),
                repository: found.map(repository),
            },
            Target::Project { project: found } => Target::Project {
                project: found.map(project),
            },
            Target::Nothing => Target::Nothing,
        }
    }
}

/// What either list gives.
fn merged(one: &AccessList, other: &AccessList) -> AccessList {
    let mut entries: BTreeMap<PrincipalId, Permissions> = BTreeMap::new();
    for entry in one.entries().iter().chain(other.entries()) {
        *entries.entry(entry.principal).or_default() |= entry.permissions;
    }
    AccessList::from_stored(entries).expect("each principal once")
}

/// A list by which who holds the one permission holds the other, and nobody else does.
fn as_if(list: &AccessList, holds: Permissions, other: Permissions) -> AccessList {
    let entries = list.entries().iter().map(|entry| {
        let mut permissions = entry.permissions.difference(other);
        if permissions.intersects(holds) {
            permissions |= other;
        }
        (entry.principal, permissions)
    });
    let entries = entries.filter(|(_, permissions)| !permissions.is_empty());
    AccessList::from_stored(entries).expect("each principal once")
}

/// An authorizer that takes a name for the shorter one that it begins with, while
/// [`Fault::PrefixMatches`] is made.
#[derive(Debug)]
pub(crate) struct Prefixes {
    right: Arc<dyn Authorizer>,
    rows: Arc<dyn RepositoryStore>,
}

impl Prefixes {
    pub(crate) fn wrap(
        right: Arc<dyn Authorizer>,
        rows: Arc<dyn RepositoryStore>,
    ) -> Arc<dyn Authorizer> {
        Arc::new(Self { right, rows })
    }

    async fn shorter(&self, name: &RepositoryName) -> Option<Repository> {
        for end in (1..name.as_str().len()).rev() {
            let Ok(shorter) = name.as_str()[..end].parse() else {
                continue;
            };
            if let Ok(Some(found)) = self.rows.find_repository(&shorter).await {
                return Some(found);
            }
        }
        None
    }
}

#[async_trait]
impl Authorizer for Prefixes {
    async fn decide(
        &self,
        caller: &Caller,
        action: registry::Action,
        resource: &Resource<'_>,
    ) -> Result<registry::Decision, AuthorizerError> {
        if now() == Some(Fault::PrefixMatches)
            && let Some(shorter) = self.shorter(resource.name).await
        {
            let resource = Resource {
                name: &shorter.name,
                repository: Some(&shorter),
            };
            return self.right.decide(caller, action, &resource).await;
        }
        self.right.decide(caller, action, resource).await
    }

    async fn visible(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        self.right.visible(caller, after, limit).await
    }
}
