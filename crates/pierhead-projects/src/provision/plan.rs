//! The changes that make a file true. Pure: the same file and the same world give the same plan.

use std::collections::{HashMap, HashSet};

use pierhead_policy::{EntityId, PrincipalId};

use super::lists::check_names_once;
use super::world::{World, shown};
use super::{Provision, ProvisionError, ProvisionReport};
use crate::change::Recorded;
use crate::options::ProjectsOptions;
use crate::people::name::fold;
use crate::survey::Found;

pub(super) type Result<T> = std::result::Result<T, ProvisionError>;

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) changes: Vec<Recorded>,
    pub(super) report: ProvisionReport,
    pub(super) new_principals: usize,
    pub(super) new_entities: usize,
    /// Which users' passwords are to be hashed, in order.
    pub(super) passwords: Vec<usize>,
}

/// Numbers and hashes for what is new, given out in order.
#[derive(Debug)]
pub(super) struct Numbers {
    principals: Vec<PrincipalId>,
    entities: Vec<EntityId>,
    hashes: Vec<String>,
    trial: bool,
}

impl Numbers {
    /// For a plan that is never carried out.
    pub(super) fn trial() -> Self {
        Self {
            principals: Vec::new(),
            entities: Vec::new(),
            hashes: Vec::new(),
            trial: true,
        }
    }

    pub(super) fn real(
        mut principals: Vec<PrincipalId>,
        mut entities: Vec<EntityId>,
        mut hashes: Vec<String>,
    ) -> Self {
        principals.reverse();
        entities.reverse();
        hashes.reverse();
        Self {
            principals,
            entities,
            hashes,
            trial: false,
        }
    }

    pub(super) fn principal(&mut self, plan: &mut Plan) -> Option<PrincipalId> {
        plan.new_principals += 1;
        if self.trial {
            // Above every number that is ever given, each once.
            return Some(PrincipalId::new(u64::MAX - plan.new_principals as u64));
        }
        self.principals.pop()
    }

    pub(super) fn entity(&mut self, plan: &mut Plan) -> Option<EntityId> {
        plan.new_entities += 1;
        if self.trial {
            return EntityId::new(EntityId::MAX.get() - plan.new_entities as u64);
        }
        self.entities.pop()
    }

    pub(super) fn hash(&mut self) -> Option<String> {
        if self.trial {
            Some(String::new())
        } else {
            self.hashes.pop()
        }
    }
}

/// Makes the plan, or names the first mistake.
pub(super) fn plan(
    provision: &Provision,
    world: &World,
    options: &ProjectsOptions,
    numbers: &mut Numbers,
) -> Result<Plan> {
    let mut planner = Planner {
        world,
        options,
        numbers,
        plan: Plan::default(),
        users: HashMap::new(),
        named: HashMap::new(),
        emails: HashSet::new(),
        operators: i128::from(world.active_operators),
        demoted: None,
        projects: HashSet::new(),
    };
    for (index, user) in provision.users.iter().enumerate() {
        planner.user(index, user)?;
    }
    if let (Some(line), 0) = (planner.demoted, planner.operators) {
        let message = "the last active operator stays one; make another account an operator first";
        return Err(ProvisionError::at(line, message));
    }
    // Every team is known before a project names one, and every user before a team does.
    let mut teams = HashMap::new();
    for team in &provision.teams {
        if let Some(id) = planner.team(team)? {
            teams.insert(fold(&team.name), id);
        }
    }
    check_names_once(&provision.projects)?;
    for project in &provision.projects {
        planner.project(project, &teams)?;
    }
    Ok(planner.plan)
}

pub(super) struct Planner<'a> {
    pub(super) world: &'a World,
    pub(super) options: &'a ProjectsOptions,
    pub(super) numbers: &'a mut Numbers,
    pub(super) plan: Plan,
    /// Users that the file makes, by folded name.
    pub(super) users: HashMap<String, PrincipalId>,
    /// Where the file names a user or a team, by folded name.
    pub(super) named: HashMap<String, usize>,
    pub(super) emails: HashSet<String>,
    pub(super) operators: i128,
    /// Where an operator last lost the role.
    pub(super) demoted: Option<usize>,
    pub(super) projects: HashSet<EntityId>,
}

impl Planner<'_> {
    /// The user of a name; nobody where that was deleted.
    pub(super) fn known_user(&mut self, line: usize, name: &str) -> Result<Option<PrincipalId>> {
        let folded = fold(name);
        match (self.users.get(&folded), self.world.names.get(&folded)) {
            (Some(id), _) => Ok(Some(*id)),
            (None, Some(Found::Account(account))) => Ok(Some(account.id)),
            (None, Some(Found::Gone { name, .. })) => {
                self.gone(line, name);
                Ok(None)
            }
            _ => {
                let message = format!("there is no user `{}`; add it as a [[user]]", shown(name));
                Err(ProvisionError::at(line, message))
            }
        }
    }

    /// Somebody who was deleted is left out where the file names them.
    pub(super) fn gone(&mut self, line: usize, name: &str) {
        self.plan.report.gone.push((line, name.to_owned()));
    }
}

/// The second plan asks for no more than the first one counted.
pub(super) fn moved(line: usize) -> ProvisionError {
    ProvisionError::at(line, "this cannot be provisioned now; try again")
}
