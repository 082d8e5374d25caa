//! Provisioning: accounts, teams and projects from a file that a lab keeps.
//!
//! What a key gives is the whole truth for what it names: members and entries that are not listed
//! go. What is absent is untouched. Accounts, teams and projects are never deleted, and what was
//! deleted is never made again: the report says which lines name it.

mod lists;
mod people;
mod plan;
mod world;

use pierhead_auth::Secret;
use pierhead_policy::{EntityId, Permissions, PrincipalId, RequestKind};

use crate::actor::Actor;
use crate::error::ProjectsError;
use crate::projects::{ATTEMPTS, Projects};
use plan::{Numbers, Plan, plan};

/// Everything that is to be so. Each item carries the line it stands on, for messages.
#[derive(Clone, Debug, Default)]
pub struct Provision {
    /// Users.
    pub users: Vec<ProvisionUser>,
    /// Teams.
    pub teams: Vec<ProvisionTeam>,
    /// Projects.
    pub projects: Vec<ProvisionProject>,
}

/// A user. Of the three ways to give a password at most one; it counts only when the account is made.
#[derive(Clone, Debug, Default)]
pub struct ProvisionUser {
    /// The line it stands on.
    pub line: usize,
    /// The user name.
    pub name: String,
    /// The e-mail address, taken as confirmed.
    pub email: Option<String>,
    /// An argon2id hash in PHC form.
    pub password_hash: Option<Secret>,
    /// What the password file holds, read by the caller, without the end of its line.
    pub password_file: Option<Secret>,
    /// The password itself.
    pub password: Option<Secret>,
    /// Whether the account is certified.
    pub certified: Option<bool>,
    /// Whether the account is an operator.
    pub operator: Option<bool>,
}

/// A team.
#[derive(Clone, Debug, Default)]
pub struct ProvisionTeam {
    /// The line it stands on.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// All of its members. Who is none does not manage it, either.
    pub members: Option<Vec<String>>,
}

/// A project.
#[derive(Clone, Debug, Default)]
pub struct ProvisionProject {
    /// The line it stands on.
    pub line: usize,
    /// Its id, such as `syn101`; without one it is found by its name, or gets the next free one.
    pub id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Who holds all eight permissions, whatever `share` says.
    pub owner: Option<String>,
    /// Everybody else who is in its list.
    pub share: Option<Vec<ProvisionShare>>,
}

/// An entry of a project's list: exactly one of `user`, `team` and `everyone`.
#[derive(Clone, Debug)]
pub struct ProvisionShare {
    /// The line it stands on.
    pub line: usize,
    /// A user's name.
    pub user: Option<String>,
    /// A team's name.
    pub team: Option<String>,
    /// `registered` or `public`.
    pub everyone: Option<String>,
    /// What they hold, such as what [`Levels`](pierhead_policy::Levels) name.
    pub permissions: Permissions,
}

/// What was changed. Empty: everything was so already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvisionReport {
    /// Accounts made, by name.
    pub users_created: Vec<String>,
    /// Accounts changed, by name.
    pub users_changed: Vec<String>,
    /// Teams made, by name.
    pub teams_created: Vec<String>,
    /// Teams whose members or managers changed, by name.
    pub teams_changed: Vec<String>,
    /// Projects made.
    pub projects_created: Vec<(EntityId, String)>,
    /// Projects changed.
    pub projects_changed: Vec<(EntityId, String)>,
    /// Projects that are in the trash can and were left alone, with the line that names them.
    pub in_trash: Vec<(usize, EntityId)>,
    /// Projects that were purged and are not made again, with the line that names them: no id is
    /// used twice.
    pub purged: Vec<(usize, EntityId)>,
    /// Users and teams that were deleted and are not made again, with every line that names them: no
    /// name is given twice. They are left out there.
    pub gone: Vec<(usize, String)>,
}

impl ProvisionReport {
    /// Whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        *self
            == Self {
                in_trash: self.in_trash.clone(),
                purged: self.purged.clone(),
                gone: self.gone.clone(),
                ..Self::default()
            }
    }
}

/// Why nothing was provisioned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// Something in the file; nothing was changed.
    #[error("line {line}: {message}")]
    Mistake {
        /// Where.
        line: usize,
        /// What, and what to do.
        message: String,
    },
    /// The store.
    #[error(transparent)]
    Failed(#[from] ProjectsError),
}

impl ProvisionError {
    fn at(line: usize, message: impl Into<String>) -> Self {
        Self::Mistake {
            line,
            message: message.into(),
        }
    }
}

impl Projects {
    /// Makes everything so, in one audited transaction. A mistake changes nothing and names its
    /// line. What is so already is not touched: a second run changes nothing.
    pub async fn provision(
        &self,
        actor: &Actor,
        provision: &Provision,
    ) -> Result<ProvisionReport, ProvisionError> {
        let mut attempts = 1;
        loop {
            match self.try_provision(actor, provision).await {
                Err(ProvisionError::Failed(ProjectsError::Busy)) if attempts < ATTEMPTS => {
                    attempts += 1;
                }
                done => return done,
            }
        }
    }

    async fn try_provision(
        &self,
        actor: &Actor,
        provision: &Provision,
    ) -> Result<ProvisionReport, ProvisionError> {
        let who = self.standing(actor).await?;
        who.administers(RequestKind::ManagementWrite)?;
        let mut expect = who.versions();
        let query = world::query(provision, &self.options().ids)?;
        let survey = self.survey(query.clone()).await?;
        expect.extend(survey.versions.iter().copied());
        let world = world::World::new(&query, survey);
        // Once with numbers that are nobody's, to find every mistake before anything is given out.
        let trial = plan(provision, &world, self.options(), &mut Numbers::trial())?;
        let mut numbers = self.numbers(provision, &trial).await?;
        let Plan {
            changes, report, ..
        } = plan(provision, &world, self.options(), &mut numbers)?;
        self.commit(actor, expect, changes)
            .await
            .map_err(ProjectsError::from)?;
        Ok(report)
    }

    /// Numbers and password hashes for what is new.
    async fn numbers(&self, provision: &Provision, trial: &Plan) -> Result<Numbers, ProjectsError> {
        let principals = match trial.new_principals {
            0 => Vec::new(),
            count => self.store().allocate_principals(count).await?,
        };
        let entities = match trial.new_entities {
            0 => Vec::new(),
            count => self.store().allocate_entities(count).await?,
        };
        let mut hashes = Vec::with_capacity(trial.passwords.len());
        for index in &trial.passwords {
            let user = provision.users.get(*index);
            let text = user.and_then(|user| user.password.clone().or(user.password_file.clone()));
            let Some(text) = text else { continue };
            hashes.push(
                self.inner
                    .passwords
                    .hash(String::new(), text)
                    .await?
                    .as_str()
                    .to_owned(),
            );
        }
        Ok(Numbers::real(principals, entities, hashes))
    }
}

/// The well-known principals by the names that files use.
fn everyone(name: &str) -> Option<PrincipalId> {
    match name {
        "registered" => Some(PrincipalId::REGISTERED),
        "public" => Some(PrincipalId::PUBLIC),
        _ => None,
    }
}
