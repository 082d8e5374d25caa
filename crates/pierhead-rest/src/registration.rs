//! Accounts that people make for themselves, and the invitations to do so.

use pierhead_auth::Secret;
use pierhead_projects::pending::{InvitationId, InvitationRecord};
use pierhead_projects::{AccountName, Email, ProjectsError, RegistrationRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::json::{Time, end, shown, stored};
use crate::page::{PAGE, after_invitation, read_invitation};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRegistration)]
pub(crate) struct New {
    name: String,
    password: String,
    email: Option<String>,
    invitation: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    id: String,
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    email: Option<String>,
    expires: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MadeInvitation<'a> {
    id: String,
    invitation: &'a str,
    expires: Time,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    id: String,
    /// Nothing where the server itself made it.
    by: Option<String>,
    email: Option<String>,
    created: Time,
    expires: Time,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationPage)]
pub(crate) struct Page {
    results: Vec<Invitation>,
    next_page_token: Option<String>,
}

/// Makes an account for whoever asks. What else the request shows of its sender does not matter.
pub(crate) async fn register(exchange: &Exchange<'_>) -> Answer {
    let sent: New = exchange.sent()?;
    let name: AccountName = sent.name.parse().map_err(ProjectsError::Name)?;
    let email: Option<Result<Email, _>> = sent.email.as_deref().map(str::parse);
    let mut request = RegistrationRequest::new(sent.password);
    request.email = email.transpose().map_err(ProjectsError::Email)?;
    request.invitation = sent.invitation.map(Secret::new);
    let peer = exchange.peer();
    let made = exchange.projects.register(&name, request, &peer);
    created(&Registered {
        id: shown(made.await?),
        name: name.to_string(),
    })
}

/// Makes an invitation; its text is in this answer and nowhere else.
pub(crate) async fn invite(exchange: &Exchange<'_>) -> Answer {
    let sent: NewInvitation = exchange.sent()?;
    let email: Option<Result<Email, _>> = sent.email.as_deref().map(str::parse);
    let email = email.transpose().map_err(ProjectsError::Email)?;
    let expires = end(sent.expires.as_deref())?;
    let actor = exchange.actor().await?;
    let made = exchange.projects.invite(&actor, email.as_ref(), expires);
    let made = made.await?;
    created(&MadeInvitation {
        id: made.id.0.to_string(),
        invitation: made.token.expose(),
        expires: Time(made.expires),
    })
}

/// Those that nobody has used.
pub(crate) async fn invitations(exchange: &Exchange<'_>) -> Answer {
    let after = exchange.query.one("nextPageToken")?;
    let after = after.map(read_invitation).transpose()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.invitations(&actor, after, PAGE).await?;
    let last = found.reached();
    let next_page_token = last.map(|last| after_invitation(last.id));
    ok(&Page {
        results: found.items.into_iter().map(written).collect(),
        next_page_token,
    })
}

/// Takes one back.
pub(crate) async fn revoke(exchange: &Exchange<'_>) -> Answer {
    let id = stored(exchange.name(0))
        .map(InvitationId)
        .ok_or_else(|| Failure::malformed("an invitation is named by its number; correct it"))?;
    let actor = exchange.actor().await?;
    exchange.projects.revoke_invitation(&actor, id).await?;
    Ok(done())
}

fn written(found: InvitationRecord) -> Invitation {
    Invitation {
        id: found.id.0.to_string(),
        by: found.by.map(shown),
        email: found.email.map(|email| email.as_str().to_owned()),
        created: Time(found.created),
        expires: Time(found.expires),
    }
}
