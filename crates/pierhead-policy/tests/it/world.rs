//! A small world in plain numbers, and how it is shown to the engine.

use pierhead_policy::{
    AccessList, AccountFacts, Action, CallerFacts, Certification, Decision, EntityId, Identity,
    Options, Permissions, PrincipalId, ProjectCreation, ProjectFacts, RepositoryFacts, Scopes,
    Target, TrashMark, decide,
};

pub(crate) const ME: u64 = 3_000_001;
pub(crate) const OTHER: u64 = 3_000_002;
pub(crate) const MY_TEAM: u64 = 3_000_010;
pub(crate) const MY_OTHER_TEAM: u64 = 3_000_011;
pub(crate) const THEIR_TEAM: u64 = 3_000_012;
pub(crate) const REGISTERED: u64 = 273_948;
pub(crate) const PUBLIC: u64 = 273_949;

pub(crate) const PROJECT: u64 = 101;
pub(crate) const REPOSITORY: u64 = 102;

pub(crate) const READ: u8 = 1;
pub(crate) const DOWNLOAD: u8 = 2;
pub(crate) const CREATE: u8 = 4;
pub(crate) const UPDATE: u8 = 8;
pub(crate) const DELETE: u8 = 16;
pub(crate) const SHARE: u8 = 32;
pub(crate) const CAN_EDIT: u8 = READ | DOWNLOAD | CREATE | UPDATE;
pub(crate) const ALL: u8 = 255;

const TEAMS: [PrincipalId; 2] = [PrincipalId::new(MY_TEAM), PrincipalId::new(MY_OTHER_TEAM)];

/// Entries: who, bits.
pub(crate) type List = Vec<(u64, u8)>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Repository,
    Project,
    Nothing,
}

/// Everything that a decision could depend on.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) name_ok: bool,
    /// List, who trashed it.
    pub(crate) project: Option<(List, Option<u64>)>,
    /// Own list, who trashed it.
    pub(crate) repository: Option<(Option<List>, Option<u64>)>,
    pub(crate) signed_in: bool,
    pub(crate) certified: bool,
    pub(crate) operator: bool,
    pub(crate) view: bool,
    pub(crate) download: bool,
    pub(crate) modify: bool,
    pub(crate) certification: Certification,
    pub(crate) public_download: bool,
    pub(crate) operators_create: bool,
}

impl World {
    /// An inheriting repository, asked for by me, not certified, all scopes, default settings.
    pub(crate) fn with_repository(project: &[(u64, u8)]) -> Self {
        Self {
            kind: Kind::Repository,
            name_ok: true,
            project: Some((project.to_vec(), None)),
            repository: Some((None, None)),
            signed_in: true,
            certified: false,
            operator: false,
            view: true,
            download: true,
            modify: true,
            certification: Certification::NewRepository,
            public_download: false,
            operators_create: false,
        }
    }

    /// A name under the project where nothing is.
    pub(crate) fn with_new_name(project: &[(u64, u8)]) -> Self {
        Self {
            repository: None,
            ..Self::with_repository(project)
        }
    }

    /// The project itself.
    pub(crate) fn with_project(project: &[(u64, u8)]) -> Self {
        Self {
            kind: Kind::Project,
            ..Self::with_new_name(project)
        }
    }

    pub(crate) fn local(mut self, list: &[(u64, u8)]) -> Self {
        self.repository = Some((Some(list.to_vec()), None));
        self
    }

    pub(crate) fn certified(mut self) -> Self {
        self.certified = true;
        self
    }

    pub(crate) fn operator(mut self) -> Self {
        self.operator = true;
        self
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.signed_in = false;
        self
    }

    pub(crate) fn scopes(mut self, view: bool, download: bool, modify: bool) -> Self {
        (self.view, self.download, self.modify) = (view, download, modify);
        self
    }

    pub(crate) fn repository_trashed_by(mut self, who: u64) -> Self {
        if let Some((_, mark)) = &mut self.repository {
            *mark = Some(who);
        }
        self
    }

    pub(crate) fn project_trashed_by(mut self, who: u64) -> Self {
        if let Some((_, mark)) = &mut self.project {
            *mark = Some(who);
        }
        self
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            certification: self.certification,
            public_download: self.public_download,
            project_creation: if self.operators_create {
                ProjectCreation::Operators
            } else {
                ProjectCreation::Everyone
            },
        }
    }

    /// Shows the world to the engine in its own types.
    pub(crate) fn shown<T>(
        &self,
        to: impl FnOnce(&Options, &CallerFacts<'_>, &Target<'_>) -> T,
    ) -> T {
        let own = |list: &List| {
            AccessList::from_stored(
                list.iter()
                    .map(|(who, bits)| (PrincipalId::new(*who), Permissions::from_bits(*bits))),
            )
            .unwrap()
        };
        let mark = |by: &Option<u64>| {
            by.map(|by| TrashMark {
                by: PrincipalId::new(by),
            })
        };
        let project_list = self.project.as_ref().map(|(list, _)| own(list));
        let own_list = self
            .repository
            .as_ref()
            .and_then(|(list, _)| list.as_ref().map(own));
        let project = self
            .project
            .as_ref()
            .zip(project_list.as_ref())
            .map(|((_, by), list)| ProjectFacts {
                id: EntityId::new(PROJECT).unwrap(),
                list,
                trashed: mark(by),
            });
        let repository = self.repository.as_ref().map(|(_, by)| RepositoryFacts {
            id: EntityId::new(REPOSITORY).unwrap(),
            own_list: own_list.as_ref(),
            trashed: mark(by),
        });
        let target = match self.kind {
            Kind::Repository => Target::Repository {
                name_ok: self.name_ok,
                project,
                repository,
            },
            Kind::Project => Target::Project { project },
            Kind::Nothing => Target::Nothing,
        };
        let caller = CallerFacts {
            identity: if self.signed_in {
                Identity::Account(AccountFacts {
                    id: PrincipalId::new(ME),
                    teams: &TEAMS,
                    certified: self.certified,
                    operator: self.operator,
                })
            } else {
                Identity::Anonymous
            },
            scopes: Scopes {
                view: self.view,
                download: self.download,
                modify: self.modify,
            },
        };
        to(&self.options(), &caller, &target)
    }

    pub(crate) fn decide(&self, action: Action) -> Decision {
        self.shown(|options, caller, target| decide(options, caller, action, target))
    }
}
