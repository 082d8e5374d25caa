//! What the areas of the API share of one request.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use pierhead_auth::authorization::parse_bearer;
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::{Actor, Etag, ExternalName, Projects};
use pierhead_registry::Peer;
use serde::Deserialize;

use crate::error::Failure;
use crate::json;
use crate::query::Query;

/// A request, read as far as all areas read it. They read the rest, and all of it, before they ask
/// who calls: what is malformed is malformed for everybody.
pub(crate) struct Exchange<'a> {
    pub(crate) projects: &'a Projects,
    pub(crate) parts: &'a Parts,
    /// What the path says of which thing.
    pub(crate) names: Vec<String>,
    pub(crate) query: Query,
    /// Empty where the call takes none.
    pub(crate) body: Bytes,
}

impl Exchange<'_> {
    /// Where the request comes from.
    pub(crate) fn peer(&self) -> Peer {
        self.parts.extensions.get().copied().unwrap_or_default()
    }

    /// Who calls, by the one `Authorization` header.
    pub(crate) async fn actor(&self) -> Result<Actor, Failure> {
        let unreadable =
            || Failure::unauthorized("send one header `Authorization: Bearer`, with a token in it");
        let mut headers = self.parts.headers.get_all(AUTHORIZATION).iter();
        let token = match (headers.next(), headers.next()) {
            (None, _) => None,
            (Some(header), None) => {
                let text = header.to_str().map_err(|_| unreadable())?;
                Some(parse_bearer(text).map_err(|_| unreadable())?)
            }
            (Some(_), Some(_)) => return Err(unreadable()),
        };
        Ok(self.projects.actor(token, &self.peer()).await?)
    }

    /// Whoever reads back what the caller was just allowed to do: a token that may only write is
    /// told what it wrote, and who gave up a right by it, too.
    pub(crate) fn itself() -> Actor {
        Actor::system("management API")
    }

    /// The entity that the path names.
    pub(crate) fn entity(&self) -> Result<EntityId, Failure> {
        self.entity_of(self.name(0))
    }

    /// The entity that a text names.
    pub(crate) fn entity_of(&self, text: &str) -> Result<EntityId, Failure> {
        let ids = &self.projects.options().ids;
        ids.parse_lenient(text).map_err(|_| {
            Failure::malformed(format!(
                "an id is `{0}` and a number without leading zeros, as in `{0}101`; correct it",
                ids.prefix()
            ))
        })
    }

    /// The user or team that the path names at this place.
    pub(crate) fn principal(&self, at: usize) -> Result<PrincipalId, Failure> {
        principal_of(self.name(at))
    }

    /// What the path says at this place.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("", String::as_str)
    }

    /// The body.
    pub(crate) fn sent<'b, T: Deserialize<'b>>(&'b self) -> Result<T, Failure> {
        json::read(&self.body)
    }

    /// How an entity is written.
    pub(crate) fn shown(&self, id: EntityId) -> String {
        self.projects.options().ids.show(id).to_string()
    }

    /// A repository's whole name, in which the registry's host may stand first.
    pub(crate) fn repository_name<'t>(&self, text: &'t str) -> Result<&'t str, Failure> {
        let bare = self.projects.without_host(text);
        match self.projects.options().ids.split(bare) {
            Ok(_) => Ok(bare),
            Err(error) => Err(Failure::malformed(error.to_string())),
        }
    }

    /// The name of a repository here, or of one in another registry.
    pub(crate) fn any_repository_name<'t>(&self, text: &'t str) -> Result<&'t str, Failure> {
        match text.parse::<ExternalName>() {
            Ok(_) => Ok(text),
            Err(_) => self.repository_name(text),
        }
    }
}

/// The state that was read before it is changed, as a body names it.
pub(crate) fn etag(sent: Option<&str>) -> Result<Etag, Failure> {
    let sent = sent
        .ok_or_else(|| Failure::malformed("`etag` is needed; send the one that was read before"))?;
    sent.parse()
        .map_err(|error| Failure::malformed(format!("`etag`: {error}")))
}

/// The user or team that a text names.
pub(crate) fn principal_of(text: &str) -> Result<PrincipalId, Failure> {
    json::principal(text)
        .ok_or_else(|| Failure::malformed("a user or a team is named by its number; correct it"))
}
