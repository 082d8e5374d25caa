//! A world of a few people and projects, in which the engine decides.

use std::collections::{BTreeMap, BTreeSet};

use pierhead_policy::{
    AccessList, AccountFacts, Action, CallerFacts, Decision, EntityId, Identity, Options,
    Permissions, PrincipalId, ProjectFacts, RepositoryFacts, Scopes, ShareChange, Target,
    TrashMark, check_share_change, decide,
};

use crate::step::{Listed, Share, Step, What, Who};

/// An account.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Account {
    pub(crate) certified: bool,
    pub(crate) operator: bool,
}

/// A project.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Project {
    pub(crate) list: AccessList,
    pub(crate) mark: Option<PrincipalId>,
}

/// A repository. It is found by its name, and everything else about it goes by its number.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Repository {
    pub(crate) project: EntityId,
    pub(crate) name: usize,
    pub(crate) own: Option<AccessList>,
    pub(crate) mark: Option<PrincipalId>,
}

/// Everything there is. Numbers rise and are never given twice.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Lab {
    pub(crate) options: Options,
    pub(crate) accounts: BTreeMap<PrincipalId, Account>,
    pub(crate) teams: BTreeMap<PrincipalId, BTreeSet<PrincipalId>>,
    pub(crate) projects: BTreeMap<EntityId, Project>,
    pub(crate) repositories: BTreeMap<EntityId, Repository>,
    /// Who was deleted.
    pub(crate) gone: BTreeSet<PrincipalId>,
    /// What is in the trash can, with the list of its own that it had when it was put there.
    pub(crate) away: BTreeMap<Asked, Option<AccessList>>,
    next: u64,
}

/// What can be asked about: an entity, or a name that nothing has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Asked {
    Project(EntityId),
    Repository(EntityId),
    NewName(EntityId),
    Nothing,
}

impl Lab {
    /// Four accounts, of whom some are certified and the first is an operator; two teams, two projects.
    pub(crate) fn new(certified: [bool; 4]) -> Self {
        let mut lab = Self {
            options: Options::default(),
            accounts: BTreeMap::new(),
            teams: BTreeMap::new(),
            projects: BTreeMap::new(),
            repositories: BTreeMap::new(),
            gone: BTreeSet::new(),
            away: BTreeMap::new(),
            next: 3_000_000,
        };
        for (at, certified) in certified.into_iter().enumerate() {
            let (id, operator) = (lab.principal(), at == 0);
            lab.accounts.insert(
                id,
                Account {
                    certified,
                    operator,
                },
            );
        }
        lab.arrive();
        lab.arrive();
        lab
    }

    /// Fills what places are free: of accounts, teams and projects, one of each.
    fn arrive(&mut self) {
        if self.accounts.len() < 4 {
            let (id, certified, operator) = (self.principal(), true, false);
            self.accounts.insert(
                id,
                Account {
                    certified,
                    operator,
                },
            );
        }
        if self.teams.len() < 2 {
            let id = self.principal();
            self.teams.insert(id, BTreeSet::new());
        }
        let owner = self.accounts.keys().nth(1 + self.projects.len());
        if let (0 | 1, Some(owner)) = (self.projects.len(), owner) {
            let (list, mark) = (AccessList::of_creator(*owner), None);
            let id = self.entity();
            self.projects.insert(id, Project { list, mark });
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn principal(&mut self) -> PrincipalId {
        PrincipalId::new(self.number())
    }

    pub(crate) fn entity(&mut self) -> EntityId {
        EntityId::new(self.number()).unwrap()
    }

    /// Everybody who could ask, and nobody signed in.
    pub(crate) fn callers(&self) -> impl Iterator<Item = Option<PrincipalId>> {
        self.accounts.keys().copied().map(Some).chain([None])
    }

    /// Everything that could be asked about.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let projects = self.projects.keys().copied();
        let repositories = self.repositories.keys().copied();
        projects
            .flat_map(|id| [Asked::Project(id), Asked::NewName(id)])
            .chain(repositories.map(Asked::Repository))
            .chain([Asked::Nothing])
            .collect()
    }

    /// Shows the engine somebody and something.
    pub(crate) fn show<T>(
        &self,
        who: Option<PrincipalId>,
        asked: Asked,
        to: impl FnOnce(&CallerFacts<'_>, &Target<'_>) -> T,
    ) -> T {
        let mark = |by: Option<PrincipalId>| by.map(|by| TrashMark { by });
        let project = |id| {
            self.projects.get(&id).map(|found| ProjectFacts {
                id,
                list: &found.list,
                trashed: mark(found.mark),
            })
        };
        let target = match asked {
            Asked::Nothing => Target::Nothing,
            Asked::Project(id) => Target::Project {
                project: project(id),
            },
            Asked::NewName(id) => Target::Repository {
                name_ok: true,
                project: project(id),
                repository: None,
            },
            Asked::Repository(id) => {
                let found = &self.repositories[&id];
                Target::Repository {
                    name_ok: true,
                    project: project(found.project),
                    repository: Some(RepositoryFacts {
                        id,
                        own_list: found.own.as_ref(),
                        trashed: mark(found.mark),
                    }),
                }
            }
        };
        let teams = who.map_or_else(Vec::new, |who| self.teams_of(who));
        let identity = match who {
            None => Identity::Anonymous,
            Some(id) => Identity::Account(AccountFacts {
                id,
                teams: &teams,
                certified: self.accounts[&id].certified,
                operator: self.accounts[&id].operator,
            }),
        };
        let caller = CallerFacts {
            identity,
            scopes: Scopes::ALL,
        };
        to(&caller, &target)
    }

    pub(crate) fn teams_of(&self, who: PrincipalId) -> Vec<PrincipalId> {
        let teams = self.teams.iter();
        let joined = teams.filter(|(_, members)| members.contains(&who));
        joined.map(|(team, _)| *team).collect()
    }

    pub(crate) fn answer(
        &self,
        who: Option<PrincipalId>,
        action: Action,
        asked: Asked,
    ) -> Decision {
        self.show(who, asked, |caller, target| {
            decide(&self.options, caller, action, target)
        })
    }

    pub(crate) fn may(&self, who: Option<PrincipalId>, action: Action, asked: Asked) -> bool {
        self.answer(who, action, asked).is_allowed()
    }

    /// Every list there is, in the trash can and out of it.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (Asked, &AccessList)> {
        let projects = self.projects.iter();
        let own = self.repositories.iter();
        projects
            .map(|(id, found)| (Asked::Project(*id), &found.list))
            .chain(
                own.filter_map(|(id, found)| Some((Asked::Repository(*id), found.own.as_ref()?))),
            )
    }

    pub(crate) fn own_list(&self, of: Asked) -> Option<&AccessList> {
        self.lists()
            .find(|(whose, _)| *whose == of)
            .map(|(_, list)| list)
    }

    /// The same with another list of something that has one.
    pub(crate) fn with_list(&self, of: Asked, list: AccessList) -> Self {
        let mut lab = self.clone();
        lab.set_list(of, Some(list));
        lab
    }

    fn set_list(&mut self, of: Asked, list: Option<AccessList>) {
        match (of, list) {
            (Asked::Project(id), Some(list)) => self.projects.get_mut(&id).unwrap().list = list,
            (Asked::Repository(id), own) => self.repositories.get_mut(&id).unwrap().own = own,
            (other, list) => unreachable!("{other:?} has no such list: {list:?}"),
        }
    }

    fn set_mark(&mut self, of: Asked, mark: Option<PrincipalId>) {
        match of {
            Asked::Project(id) => self.projects.get_mut(&id).unwrap().mark = mark,
            Asked::Repository(id) => self.repositories.get_mut(&id).unwrap().mark = mark,
            Asked::NewName(_) | Asked::Nothing => unreachable!("nothing to mark"),
        }
    }

    /// Whom a step is about, among those there are.
    pub(crate) fn who(&self, who: Who) -> Option<PrincipalId> {
        self.accounts.keys().copied().nth(who.0)
    }

    pub(crate) fn team(&self, team: usize) -> Option<PrincipalId> {
        self.teams.keys().copied().nth(team)
    }

    /// What a step is about, among what there is.
    pub(crate) fn what(&self, what: What) -> Option<Asked> {
        match what {
            What::Project(at) => self.projects.keys().nth(at).copied().map(Asked::Project),
            What::Repository(at) => {
                let id = self.repositories.keys().nth(at);
                id.copied().map(Asked::Repository)
            }
            What::Trashed(at) => self.away.keys().nth(at).copied(),
        }
    }

    /// Tries a step: what the engine refuses does not happen.
    pub(crate) fn perform(&mut self, step: &Step) {
        // Whoever or whatever is not there does nothing.
        let _ = self.attempt(step);
    }

    fn attempt(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Share { by, what, change } => {
                let (by, of) = (self.who(*by)?, self.what(*what)?);
                self.share(by, of, change);
            }
            Step::Join { who, team } => {
                let (who, team) = (self.who(*who)?, self.team(*team)?);
                self.teams.get_mut(&team)?.insert(who);
            }
            Step::Leave { who, team } => {
                let (who, team) = (self.who(*who)?, self.team(*team)?);
                self.teams.get_mut(&team)?.remove(&who);
            }
            Step::Certify { who, certified } => {
                let who = self.who(*who)?;
                self.accounts.get_mut(&who)?.certified = *certified;
            }
            Step::Trash { by, what } => {
                let (by, of) = (self.who(*by)?, self.what(*what)?);
                let answer = self.answer(Some(by), Action::Trash, of);
                // The first mark stays.
                if let Decision::Allow {
                    unchanged: false, ..
                } = answer
                {
                    self.trash(of, by);
                }
            }
            Step::Restore { by, what } => {
                let (by, of) = (self.who(*by)?, self.what(*what)?);
                if self.may(Some(by), Action::Restore, of) {
                    self.restore(of);
                }
            }
            Step::Purge { by, what } => {
                let (by, of) = (self.who(*by)?, self.what(*what)?);
                if self.may(Some(by), Action::Purge, of) {
                    self.purge(of);
                }
            }
            Step::Push { by, project, name } => {
                let by = self.who(*by)?;
                let project = *self.projects.keys().nth(*project)?;
                self.push(by, project, *name);
            }
            Step::Arrive => self.arrive(),
            Step::DeleteAccount { who } => {
                // The last operator stays one.
                let who = self.who(*who).filter(|who| !self.accounts[who].operator)?;
                self.accounts.remove(&who);
                self.delete(who);
            }
            Step::DeleteTeam { team } => {
                let team = self.team(*team)?;
                self.teams.remove(&team);
                self.delete(team);
            }
        }
        Some(())
    }

    fn share(&mut self, by: PrincipalId, of: Asked, change: &Share) {
        if !self.may(Some(by), Action::ChangeSharing, of) {
            return;
        }
        let known = |who| self.accounts.contains_key(&who) || self.teams.contains_key(&who);
        let sent = match change {
            Share::Inherit => None,
            Share::List(entries) => {
                let named = entries.iter().filter_map(|(who, bits)| {
                    Some((self.listed(*who)?, Permissions::from_bits(*bits)))
                });
                match AccessList::checked(named, &self.options, known) {
                    Ok(list) => Some(list),
                    Err(_) => return,
                }
            }
        };
        let has_own = match of {
            Asked::Repository(id) => self.repositories[&id].own.is_some(),
            _ => true,
        };
        let wanted = match &sent {
            None => ShareChange::RemoveLocal,
            Some(list) if has_own => ShareChange::Replace {
                list,
                etag_is_current: true,
            },
            Some(list) => ShareChange::GiveLocal { list },
        };
        let active = |who| {
            self.accounts.contains_key(&who)
                || self
                    .teams
                    .get(&who)
                    .is_some_and(|members| !members.is_empty())
        };
        let fits = self.show(Some(by), of, |caller, target| {
            check_share_change(&self.options, caller, target, &wanted, active)
        });
        if fits.is_ok() {
            self.set_list(of, sent);
        }
    }

    pub(crate) fn listed(&self, who: Listed) -> Option<PrincipalId> {
        match who {
            Listed::Account(at) => self.who(Who(at)),
            Listed::Team(at) => self.team(at),
            Listed::Registered => Some(PrincipalId::REGISTERED),
            Listed::Public => Some(PrincipalId::PUBLIC),
        }
    }

    /// The repository that has a name, in the trash can or out of it.
    pub(crate) fn named(&self, project: EntityId, name: usize) -> Option<EntityId> {
        let mut all = self.repositories.iter();
        let found = all.find(|(_, it)| (it.project, it.name) == (project, name));
        found.map(|(id, _)| *id)
    }

    fn push(&mut self, by: PrincipalId, project: EntityId, name: usize) {
        if self.named(project, name).is_none()
            && self.may(Some(by), Action::Push, Asked::NewName(project))
        {
            self.pushed(project, name);
        }
    }

    /// A first manifest arrives.
    pub(crate) fn pushed(&mut self, project: EntityId, name: usize) -> EntityId {
        let id = self.entity();
        let made = Repository {
            project,
            name,
            own: None,
            mark: None,
        };
        self.repositories.insert(id, made);
        id
    }

    pub(crate) fn trash(&mut self, of: Asked, by: PrincipalId) {
        let list = self.own_list(of).cloned();
        self.away.insert(of, list);
        self.set_mark(of, Some(by));
    }

    pub(crate) fn restore(&mut self, of: Asked) {
        self.away.remove(&of);
        self.set_mark(of, None);
    }

    fn purge(&mut self, of: Asked) {
        self.away.remove(&of);
        match of {
            Asked::Repository(id) => drop(self.repositories.remove(&id)),
            Asked::Project(id) => {
                self.projects.remove(&id);
                self.repositories.retain(|_, found| found.project != id);
                let there = &self.repositories;
                self.away.retain(|of, _| match of {
                    Asked::Repository(id) => there.contains_key(id),
                    _ => true,
                });
            }
            Asked::NewName(_) | Asked::Nothing => unreachable!("nothing to purge"),
        }
    }

    /// A principal is gone, and its entries with it, in the trash can, too.
    fn delete(&mut self, gone: PrincipalId) {
        self.gone.insert(gone);
        for members in self.teams.values_mut() {
            members.remove(&gone);
        }
        for project in self.projects.values_mut() {
            project.list = project.list.without(gone);
        }
        for repository in self.repositories.values_mut() {
            repository.own = repository.own.as_ref().map(|own| own.without(gone));
        }
    }
}
