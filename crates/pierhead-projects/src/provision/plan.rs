//! The changes that make a file true. Pure: the same file and the same world give the same plan.

use std::collections::{HashMap, HashSet};

use pierhead_auth::password::{PasswordHash, check_rules};
use pierhead_policy::{AccessList, EntityId, ListError, Permissions, PrincipalId};
use serde_json::json;

use super::world::{World, entity_id, shown};
use super::{
    Provision, ProvisionError, ProvisionProject, ProvisionReport, ProvisionShare, ProvisionTeam,
    ProvisionUser, everyone,
};
use crate::audit::list_json;
use crate::change::{Change, EntityRef, NewAccount, Recorded};
use crate::name::{AccountName, Email, fold};
use crate::options::ProjectsOptions;
use crate::project::{FIRST_ENTITY, check_project_name};
use crate::record::ProjectRecord;
use crate::survey::{Account, EntityFound, Found, Team};
use crate::team::member_change;

type Result<T> = std::result::Result<T, ProvisionError>;

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

    fn principal(&mut self, plan: &mut Plan) -> Option<PrincipalId> {
        plan.new_principals += 1;
        if self.trial {
            // Above every number that is ever given, each once.
            return Some(PrincipalId::new(u64::MAX - plan.new_principals as u64));
        }
        self.principals.pop()
    }

    fn entity(&mut self, plan: &mut Plan) -> Option<EntityId> {
        plan.new_entities += 1;
        if self.trial {
            return EntityId::new(EntityId::MAX.get() - plan.new_entities as u64);
        }
        self.entities.pop()
    }

    fn hash(&mut self) -> Option<String> {
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
        let id = planner.team(team)?;
        teams.insert(fold(&team.name), id);
    }
    check_names_once(&provision.projects)?;
    for project in &provision.projects {
        planner.project(project, &teams)?;
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    world: &'a World,
    options: &'a ProjectsOptions,
    numbers: &'a mut Numbers,
    plan: Plan,
    /// Users that the file makes, by folded name.
    users: HashMap<String, PrincipalId>,
    /// Where the file names a user or a team, by folded name.
    named: HashMap<String, usize>,
    emails: HashSet<String>,
    operators: i128,
    /// Where an operator last lost the role.
    demoted: Option<usize>,
    projects: HashSet<EntityId>,
}

impl Planner<'_> {
    fn user(&mut self, index: usize, user: &ProvisionUser) -> Result<()> {
        let name = self.name(user.line, "user", &user.name)?;
        let email = self.email(user)?;
        check_password(user)?;
        match self.world.names.get(&name.folded()) {
            Some(Found::Account(account)) => self.existing_user(user, account, email.as_ref()),
            Some(Found::Team(_)) => Err(ProvisionError::at(
                user.line,
                format!("`{name}` is a team; choose another name"),
            )),
            None => self.new_user(index, user, name, email),
        }
    }

    fn new_user(
        &mut self,
        index: usize,
        user: &ProvisionUser,
        name: AccountName,
        email: Option<Email>,
    ) -> Result<()> {
        let id = self
            .numbers
            .principal(&mut self.plan)
            .ok_or_else(|| moved(user.line))?;
        let password = if let Some(hash) = &user.password_hash {
            Some(hash.expose().to_owned())
        } else if user.password.is_some() || user.password_file.is_some() {
            self.plan.passwords.push(index);
            Some(self.numbers.hash().ok_or_else(|| moved(user.line))?)
        } else {
            None
        };
        let operator = user.operator.unwrap_or(false);
        self.operators += i128::from(operator);
        self.users.insert(name.folded(), id);
        self.plan.report.users_created.push(name.to_string());
        let certified = user.certified.unwrap_or(false);
        let new = NewAccount {
            id,
            name,
            email,
            password,
            certified,
            operator,
        };
        self.plan
            .changes
            .push(Recorded::new(Change::CreateAccount(new)));
        Ok(())
    }

    fn existing_user(
        &mut self,
        user: &ProvisionUser,
        found: &Account,
        email: Option<&Email>,
    ) -> Result<()> {
        let (account, before) = (found.id, self.plan.changes.len());
        if let Some(email) = email.filter(|email| found.email.as_deref() != Some(email.as_str())) {
            let change = Change::SetEmail {
                account,
                email: email.clone(),
            };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.email)));
        }
        if let Some(certified) = user.certified.filter(|wanted| *wanted != found.certified) {
            let change = Change::SetCertified { account, certified };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.certified)));
        }
        if let Some(operator) = user.operator.filter(|wanted| *wanted != found.operator) {
            if !found.disabled {
                self.operators += if operator { 1 } else { -1 };
            }
            if !operator {
                self.demoted = Some(user.line);
            }
            let change = Change::SetOperator { account, operator };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.operator)));
        }
        if self.plan.changes.len() > before {
            self.plan.report.users_changed.push(found.name.clone());
        }
        Ok(())
    }

    fn email(&mut self, user: &ProvisionUser) -> Result<Option<Email>> {
        let Some(text) = &user.email else {
            return Ok(None);
        };
        let email: Email = text
            .parse()
            .map_err(|error: crate::BadEmail| ProvisionError::at(user.line, error.to_string()))?;
        let same_name = |found: &Found| match found {
            Found::Account(account) => fold(&account.name) == fold(&user.name),
            Found::Team(_) => false,
        };
        let other = self
            .world
            .emails
            .get(&email.folded())
            .is_some_and(|found| !same_name(found));
        if other || !self.emails.insert(email.folded()) {
            let message = "the e-mail address belongs to another account; use another";
            return Err(ProvisionError::at(user.line, message));
        }
        Ok(Some(email))
    }

    /// A name that this file has not given to anybody before.
    fn name(&mut self, line: usize, what: &str, text: &str) -> Result<AccountName> {
        let name: AccountName = text.parse().map_err(|error: crate::BadName| {
            ProvisionError::at(line, format!("the {what} `{}`: {error}", shown(text)))
        })?;
        match self.named.insert(name.folded(), line) {
            None => Ok(name),
            Some(first) => {
                let message = format!(
                    "`{name}` stands in line {first} already (`.`, `-` and `_` do not count); \
                     join the two or choose another name"
                );
                Err(ProvisionError::at(line, message))
            }
        }
    }

    fn team(&mut self, team: &ProvisionTeam) -> Result<PrincipalId> {
        let name = self.name(team.line, "team", &team.name)?;
        let found = match self.world.names.get(&name.folded()) {
            Some(Found::Team(found)) => found.clone(),
            Some(Found::Account(_)) => {
                let message = format!("`{name}` is a user; choose another name");
                return Err(ProvisionError::at(team.line, message));
            }
            None => {
                let id = self
                    .numbers
                    .principal(&mut self.plan)
                    .ok_or_else(|| moved(team.line))?;
                self.plan.report.teams_created.push(name.to_string());
                let change = Change::CreateTeam {
                    id,
                    name: name.clone(),
                };
                self.plan.changes.push(Recorded::new(change));
                Team {
                    id,
                    name: name.to_string(),
                    people: Vec::new(),
                }
            }
        };
        let Some(members) = &team.members else {
            return Ok(found.id);
        };
        let mut wanted = HashSet::new();
        let mut changes = Vec::new();
        for member in members {
            let account = self.known_user(team.line, member)?;
            if wanted.insert(account) {
                changes.extend(member_change(&found, account, true));
            }
        }
        for person in found
            .people
            .iter()
            .filter(|person| !wanted.contains(&person.account))
        {
            changes.extend(member_change(&found, person.account, false));
        }
        let is_new = self
            .plan
            .report
            .teams_created
            .last()
            .is_some_and(|last| *last == found.name);
        if !changes.is_empty() && !is_new {
            self.plan.report.teams_changed.push(found.name.clone());
        }
        self.plan.changes.extend(changes);
        Ok(found.id)
    }

    fn known_user(&self, line: usize, name: &str) -> Result<PrincipalId> {
        let folded = fold(name);
        match (self.users.get(&folded), self.world.names.get(&folded)) {
            (Some(id), _) => Ok(*id),
            (None, Some(Found::Account(account))) => Ok(account.id),
            _ => {
                let message = format!("there is no user `{}`; add it as a [[user]]", shown(name));
                Err(ProvisionError::at(line, message))
            }
        }
    }

    fn project(
        &mut self,
        project: &ProvisionProject,
        teams: &HashMap<String, PrincipalId>,
    ) -> Result<()> {
        let line = project.line;
        if let Some(name) = &project.name {
            check_project_name(name)
                .map_err(|error| ProvisionError::at(line, error.to_string()))?;
        }
        let owner = match &project.owner {
            Some(owner) => Some(self.known_user(line, owner)?),
            None => None,
        };
        let share = match &project.share {
            Some(share) => Some(self.entries(share, teams)?),
            None => None,
        };
        let found = self.find_project(project)?;
        if let Some(found) = &found {
            self.once(line, found.id)?;
            if found.trashed.is_some() {
                self.plan.report.in_trash.push((line, found.id));
                return Ok(());
            }
        }
        match found {
            Some(found) => self.existing_project(project, &found, owner, share),
            None => self.new_project(project, owner, share),
        }
    }

    fn once(&mut self, line: usize, id: EntityId) -> Result<()> {
        if self.projects.insert(id) {
            return Ok(());
        }
        let id = self.options.ids.show(id).to_string();
        Err(ProvisionError::at(
            line,
            format!("the project {id} is named twice; join the two"),
        ))
    }

    fn find_project(&self, project: &ProvisionProject) -> Result<Option<ProjectRecord>> {
        let line = project.line;
        if let Some(text) = &project.id {
            let id = entity_id(line, text, &self.options.ids)?;
            return match self.world.entities.get(&id) {
                Some(EntityFound::Project(found)) => Ok(Some(found.clone())),
                Some(EntityFound::Other) => {
                    let message = format!("{text} is not a project; choose another id");
                    Err(ProvisionError::at(line, message))
                }
                _ if id.get() >= FIRST_ENTITY => {
                    let first = self.options.ids.prefix();
                    let message = format!(
                        "there is no project {text}, and ids from {first}{FIRST_ENTITY} are given \
                         by the server; choose a smaller one, or leave it out"
                    );
                    Err(ProvisionError::at(line, message))
                }
                _ => Ok(None),
            };
        }
        let named = project
            .name
            .as_ref()
            .and_then(|name| self.world.projects.get(name));
        match named.map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(Some(one.clone())),
            Some(_) => {
                let message = "two projects have this name; add the `id` of the one that is meant";
                Err(ProvisionError::at(line, message))
            }
        }
    }

    fn new_project(
        &mut self,
        project: &ProvisionProject,
        owner: Option<PrincipalId>,
        share: Option<Entries>,
    ) -> Result<()> {
        let line = project.line;
        let name = project.name.clone();
        let name = name.ok_or_else(|| ProvisionError::at(line, "a new project needs a `name`"))?;
        let owner =
            owner.ok_or_else(|| ProvisionError::at(line, "a new project needs an `owner`"))?;
        let id = match &project.id {
            Some(text) => entity_id(line, text, &self.options.ids)?,
            None => self
                .numbers
                .entity(&mut self.plan)
                .ok_or_else(|| moved(line))?,
        };
        self.once(line, id)?;
        let list = self.list(owner, share.unwrap_or_default())?;
        self.plan.report.projects_created.push((id, name.clone()));
        let change = Change::CreateProject {
            id,
            name,
            owner,
            list,
        };
        self.plan.changes.push(Recorded::new(change));
        Ok(())
    }

    fn existing_project(
        &mut self,
        project: &ProvisionProject,
        found: &ProjectRecord,
        owner: Option<PrincipalId>,
        share: Option<Entries>,
    ) -> Result<()> {
        let (id, before) = (found.id, self.plan.changes.len());
        if let Some(name) = project.name.as_ref().filter(|name| **name != found.name) {
            let change = Change::SetProjectName {
                project: id,
                name: name.clone(),
            };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.name)));
        }
        if let Some(owner) = owner.filter(|owner| *owner != found.owner) {
            let change = Change::SetOwner { project: id, owner };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.owner.get())));
        }
        let entries = match (share, owner) {
            (None, None) => None,
            (Some(share), _) => Some(share),
            (None, Some(_)) => Some(stored(project.line, &found.list)),
        };
        if let Some(entries) = entries {
            let list = self.list(owner.unwrap_or(found.owner), entries)?;
            if list != found.list {
                let list_before = list_json(&found.list);
                let entity = EntityRef::Project(id);
                let change = Change::SetList {
                    entity,
                    list: Some(list),
                };
                self.plan
                    .changes
                    .push(Recorded::replacing(change, &list_before));
            }
        }
        if self.plan.changes.len() > before {
            let name = project.name.clone().unwrap_or_else(|| found.name.clone());
            self.plan.report.projects_changed.push((id, name));
        }
        Ok(())
    }

    /// The list of these entries in which the owner holds everything.
    fn list(&self, owner: PrincipalId, entries: Entries) -> Result<AccessList> {
        let kept = entries.iter().filter(|(_, who, _)| *who != owner);
        let all = kept
            .map(|(_, who, what)| (*who, *what))
            .chain([(owner, Permissions::ALL)]);
        AccessList::checked(all, &self.options.policy, |_| true).map_err(|error| {
            let whose = match error {
                ListError::PublicTooMuch { .. } => Some(PrincipalId::PUBLIC),
                _ => None,
            };
            let line = entries.iter().find(|(_, who, _)| Some(*who) == whose);
            ProvisionError::at(line.map_or(0, |(line, ..)| *line), error.to_string())
        })
    }

    fn entries(
        &self,
        share: &[ProvisionShare],
        teams: &HashMap<String, PrincipalId>,
    ) -> Result<Entries> {
        let mut seen = HashSet::new();
        let mut entries = Entries::new();
        for entry in share {
            let who = self.shared_with(entry, teams)?;
            if !seen.insert(who) {
                let message = "this user or team is listed twice; give it one entry";
                return Err(ProvisionError::at(entry.line, message));
            }
            entries.push((entry.line, who, entry.level.permissions()));
        }
        Ok(entries)
    }

    fn shared_with(
        &self,
        entry: &ProvisionShare,
        teams: &HashMap<String, PrincipalId>,
    ) -> Result<PrincipalId> {
        let line = entry.line;
        match (&entry.user, &entry.team, &entry.everyone) {
            (Some(user), None, None) => self.known_user(line, user),
            (None, Some(team), None) => {
                let folded = fold(team);
                match (teams.get(&folded), self.world.names.get(&folded)) {
                    (Some(id), _) => Ok(*id),
                    (None, Some(Found::Team(found))) => Ok(found.id),
                    _ => {
                        let team = shown(team);
                        let message = format!("there is no team `{team}`; add it as a [[team]]");
                        Err(ProvisionError::at(line, message))
                    }
                }
            }
            (None, None, Some(name)) => everyone(name).ok_or_else(|| {
                let name = shown(name);
                let message =
                    format!("`everyone` is `registered` or `public`, not `{name}`; correct it");
                ProvisionError::at(line, message)
            }),
            _ => {
                let message = "an entry of `share` has exactly one of `user`, `team`, `everyone`";
                Err(ProvisionError::at(line, message))
            }
        }
    }
}

/// Entries with the lines they stand on.
type Entries = Vec<(usize, PrincipalId, Permissions)>;

fn stored(line: usize, list: &AccessList) -> Entries {
    list.entries()
        .iter()
        .map(|entry| (line, entry.principal, entry.permissions))
        .collect()
}

/// Two projects of one name can be told apart only if both have ids.
fn check_names_once(projects: &[ProvisionProject]) -> Result<()> {
    let mut seen: HashMap<&str, &ProvisionProject> = HashMap::new();
    for project in projects {
        let Some(name) = project.name.as_deref() else {
            continue;
        };
        if let Some(first) = seen.insert(name, project)
            && (first.id.is_none() || project.id.is_none())
        {
            let message = format!(
                "a project of this name stands in line {} already; give both an `id`",
                first.line
            );
            return Err(ProvisionError::at(project.line, message));
        }
    }
    Ok(())
}

fn check_password(user: &ProvisionUser) -> Result<()> {
    let given = [&user.password_hash, &user.password_file, &user.password];
    if given.iter().filter(|one| one.is_some()).count() > 1 {
        let message = "give one of `password_hash`, `password_file` and `password`";
        return Err(ProvisionError::at(user.line, message));
    }
    if let Some(hash) = &user.password_hash {
        let parsed: std::result::Result<PasswordHash, _> = hash.expose().parse();
        parsed.map_err(|error| ProvisionError::at(user.line, error.to_string()))?;
    }
    if let Some(password) = user.password.as_ref().or(user.password_file.as_ref()) {
        check_rules(password).map_err(|error| ProvisionError::at(user.line, error.to_string()))?;
    }
    Ok(())
}

/// The second plan asks for no more than the first one counted.
fn moved(line: usize) -> ProvisionError {
    ProvisionError::at(line, "this cannot be provisioned now; try again")
}
