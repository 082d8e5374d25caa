//! The changes for projects and their lists.

use std::collections::{HashMap, HashSet};

use pierhead_policy::{AccessList, EntityId, ListError, Permissions, PrincipalId};
use serde_json::json;

use super::plan::{Planner, Result, moved};
use super::world::{entity_id, shown};
use super::{ProvisionError, ProvisionProject, ProvisionShare, everyone};
use crate::audit::list_json;
use crate::change::{Change, EntityRef, Recorded};
use crate::entity::project::{FIRST_ENTITY, check_project_name};
use crate::people::name::fold;
use crate::record::ProjectRecord;
use crate::survey::{EntityFound, Found};

impl Planner<'_> {
    pub(super) fn project(
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
            Some(owner) => self.known_user(line, owner)?,
            None => None,
        };
        let share = match &project.share {
            Some(share) => Some(self.entries(share, teams)?),
            None => None,
        };
        if let Some(text) = &project.id {
            let id = entity_id(line, text, &self.options.ids)?;
            if let Some(EntityFound::Purged) = self.world.entities.get(&id) {
                self.once(line, id)?;
                self.plan.report.purged.push((line, id));
                return Ok(());
            }
        }
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
                Some(EntityFound::Project(found)) => Ok(Some(ProjectRecord::clone(found))),
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
        let owner = owner.ok_or_else(|| {
            let message = match &project.owner {
                Some(_) => "the owner was deleted; name another",
                None => "a new project needs an `owner`",
            };
            ProvisionError::at(line, message)
        })?;
        let id = match &project.id {
            Some(text) => entity_id(line, text, &self.options.ids)?,
            None => self
                .numbers
                .entity(&mut self.plan)
                .ok_or_else(|| moved(line))?,
        };
        self.once(line, id)?;
        let list = self.list(Some(owner), &share.unwrap_or_default())?;
        self.plan.report.projects_created.push((id, name.clone()));
        let change = Change::CreateProject {
            description: String::new(),
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
        if let Some(owner) = owner.filter(|owner| Some(*owner) != found.owner) {
            let change = Change::SetOwner { project: id, owner };
            self.plan.changes.push(Recorded::replacing(
                change,
                &json!(found.owner.map(PrincipalId::get)),
            ));
        }
        let entries = match (share, owner) {
            (None, None) => None,
            (Some(share), _) => Some(share),
            (None, Some(_)) => Some(stored(project.line, &found.list)),
        };
        if let Some(entries) = entries {
            let list = self.list(owner.or(found.owner), &entries)?;
            if list != found.list {
                let list_before = list_json(&found.list);
                let entity = EntityRef::Project(id);
                let change = Change::SetList {
                    entity,
                    list: Some(list),
                    etag: None,
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

    /// The list of these entries in which the owner, if there still is one, holds everything.
    fn list(&self, owner: Option<PrincipalId>, entries: &[Shared]) -> Result<AccessList> {
        let kept = entries.iter().filter(|(_, who, _)| Some(*who) != owner);
        let all = kept
            .map(|(_, who, what)| (*who, *what))
            .chain(owner.map(|owner| (owner, Permissions::ALL)));
        AccessList::checked(all, &*self.options.policy, |_| true).map_err(|error| {
            let whose = match error {
                ListError::PublicTooMuch { .. } => Some(PrincipalId::PUBLIC),
                _ => None,
            };
            let line = entries.iter().find(|(_, who, _)| Some(*who) == whose);
            ProvisionError::at(line.map_or(0, |(line, ..)| *line), error.to_string())
        })
    }

    fn entries(
        &mut self,
        share: &[ProvisionShare],
        teams: &HashMap<String, PrincipalId>,
    ) -> Result<Entries> {
        let mut seen = HashSet::new();
        let mut entries = Entries::new();
        for entry in share {
            let Some(who) = self.shared_with(entry, teams)? else {
                continue;
            };
            if !seen.insert(who) {
                let message = "this user or team is listed twice; give it one entry";
                return Err(ProvisionError::at(entry.line, message));
            }
            entries.push((entry.line, who, entry.permissions));
        }
        Ok(entries)
    }

    /// Whom an entry means; nobody where that was deleted.
    fn shared_with(
        &mut self,
        entry: &ProvisionShare,
        teams: &HashMap<String, PrincipalId>,
    ) -> Result<Option<PrincipalId>> {
        let line = entry.line;
        match (&entry.user, &entry.team, &entry.everyone) {
            (Some(user), None, None) => self.known_user(line, user),
            (None, Some(team), None) => {
                let folded = fold(team);
                match (teams.get(&folded), self.world.names.get(&folded)) {
                    (Some(id), _) => Ok(Some(*id)),
                    (None, Some(Found::Team(found))) => Ok(Some(found.id)),
                    (None, Some(Found::Gone { name, .. })) => {
                        self.gone(line, name);
                        Ok(None)
                    }
                    _ => {
                        let team = shown(team);
                        let message = format!("there is no team `{team}`; add it as a [[team]]");
                        Err(ProvisionError::at(line, message))
                    }
                }
            }
            (None, None, Some(name)) => everyone(name).map(Some).ok_or_else(|| {
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

/// An entry with the line it stands on.
type Shared = (usize, PrincipalId, Permissions);
type Entries = Vec<Shared>;

fn stored(line: usize, list: &AccessList) -> Entries {
    list.entries()
        .iter()
        .map(|entry| (line, entry.principal, entry.permissions))
        .collect()
}

/// Two projects of one name can be told apart only if both have ids.
pub(super) fn check_names_once(projects: &[ProvisionProject]) -> Result<()> {
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
