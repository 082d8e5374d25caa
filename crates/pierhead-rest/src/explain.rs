//! Why something is allowed or refused.

use pierhead_policy::{Action, PrincipalId};
use pierhead_projects::Subject;

use crate::answer::{Answer, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, principal_of};

/// What can be asked about.
pub(crate) const ACTIONS: [Action; 17] = [
    Action::Pull,
    Action::ListTags,
    Action::Push,
    Action::Head,
    Action::Delete,
    Action::See,
    Action::SeeList,
    Action::Describe,
    Action::CreateExternalReference,
    Action::ChangeExternalReference,
    Action::Trash,
    Action::Restore,
    Action::Purge,
    Action::ChangeSharing,
    Action::Audit,
    Action::ListTrash,
    Action::CreateProject,
];

/// About an entity.
pub(crate) async fn entity(exchange: &Exchange<'_>) -> Answer {
    let subject = Subject::Entity(exchange.entity()?);
    let (action, about) = asked(exchange)?;
    answer(exchange, &subject, action, about).await
}

/// About a repository's name, whether or not there is one; only making a project is about none.
pub(crate) async fn name(exchange: &Exchange<'_>) -> Answer {
    let (action, about) = asked(exchange)?;
    let subject = match exchange.query.one("repositoryName")? {
        None if action == Action::CreateProject => Subject::Nothing,
        _ => {
            let name = exchange.query.required("repositoryName")?;
            Subject::Name(exchange.repository_name(name)?.to_owned())
        }
    };
    answer(exchange, &subject, action, about).await
}

fn asked(exchange: &Exchange<'_>) -> Result<(Action, Option<PrincipalId>), Failure> {
    let asked = exchange.query.required("action")?;
    let known = Action::from_name(asked).filter(|action| ACTIONS.contains(action));
    let action = known.ok_or_else(|| {
        let names: Vec<&str> = ACTIONS.iter().map(|action| action.name()).collect();
        Failure::malformed(format!(
            "`action` is one of {}; correct it",
            names.join(", ")
        ))
    })?;
    let about = exchange.query.one("account")?;
    Ok((action, about.map(principal_of).transpose()?))
}

async fn answer(
    exchange: &Exchange<'_>,
    subject: &Subject,
    action: Action,
    about: Option<PrincipalId>,
) -> Answer {
    let actor = exchange.actor().await?;
    let explained = exchange.projects.explain(&actor, subject, action, about);
    ok(&explained.await?)
}
