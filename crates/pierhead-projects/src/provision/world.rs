//! What there is of what a file names.

use std::collections::{HashMap, HashSet};

use pierhead_policy::{EntityId, ProjectIds};

use super::{Provision, ProvisionError};
use crate::people::name::{Email, fold};
use crate::record::ProjectRecord;
use crate::survey::{EntityFound, Found, PrincipalKey, Survey, SurveyQuery};

/// Everything that a file names.
pub(super) fn query(
    provision: &Provision,
    ids: &ProjectIds,
) -> Result<SurveyQuery, ProvisionError> {
    let mut names = HashSet::new();
    let mut query = SurveyQuery {
        operators: true,
        ..SurveyQuery::default()
    };
    let mut principal = |query: &mut SurveyQuery, name: &str| {
        let folded = fold(name);
        if names.insert(folded.clone()) {
            query.principals.push(PrincipalKey::Name(folded));
        }
    };
    for user in &provision.users {
        principal(&mut query, &user.name);
        if let Some(Ok(email)) = user.email.as_deref().map(str::parse::<Email>) {
            query.principals.push(PrincipalKey::Email(email.folded()));
        }
    }
    for team in &provision.teams {
        principal(&mut query, &team.name);
        for member in team.members.iter().flatten() {
            principal(&mut query, member);
        }
    }
    for project in &provision.projects {
        if let Some(name) = &project.owner {
            principal(&mut query, name);
        }
        for share in project.share.iter().flatten() {
            for name in share.user.iter().chain(&share.team) {
                principal(&mut query, name);
            }
        }
        match (&project.id, &project.name) {
            (Some(id), _) => query.projects.push(entity_id(project.line, id, ids)?),
            (None, Some(name)) => query.project_names.push(name.clone()),
            (None, None) => {
                let message = "a project needs an `id` or a `name`; add one";
                return Err(ProvisionError::at(project.line, message));
            }
        }
    }
    Ok(query)
}

/// An id as it must stand in a file.
pub(super) fn entity_id(
    line: usize,
    text: &str,
    ids: &ProjectIds,
) -> Result<EntityId, ProvisionError> {
    ids.parse(text).map_err(|_| {
        let prefix = ids.prefix();
        let message = format!(
            "`{}` is no project id; write `{prefix}` and a number, as in `{prefix}101`",
            shown(text)
        );
        ProvisionError::at(line, message)
    })
}

/// A text from a file for a message: cut, without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(64)
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// What was found, by what it was asked by.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) names: HashMap<String, Found>,
    pub(super) emails: HashMap<String, Found>,
    pub(super) entities: HashMap<EntityId, EntityFound>,
    pub(super) projects: HashMap<String, Vec<ProjectRecord>>,
    pub(super) active_operators: u64,
}

impl World {
    pub(super) fn new(query: &SurveyQuery, survey: Survey) -> Self {
        let mut world = Self {
            active_operators: survey.active_operators,
            ..Self::default()
        };
        for (key, found) in query.principals.iter().zip(survey.principals) {
            let Some(found) = found else { continue };
            match key {
                PrincipalKey::Name(name) => world.names.insert(name.clone(), found),
                PrincipalKey::Email(email) => world.emails.insert(email.clone(), found),
                PrincipalKey::Id(_) => None,
            };
        }
        world
            .entities
            .extend(query.projects.iter().copied().zip(survey.projects));
        world.projects.extend(
            query
                .project_names
                .iter()
                .cloned()
                .zip(survey.project_names),
        );
        world
    }
}
