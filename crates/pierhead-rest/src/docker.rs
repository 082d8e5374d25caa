//! What is in a repository: its tags, every push of them, and its number by its name; the tags of one
//! elsewhere, as they are recorded.

use pierhead_model::{ContentDigest, Tag};
use pierhead_projects::listing::TagOrder;
use pierhead_projects::{PushView, TagRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::entity::Numbered;
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::json::{Time, shown};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DockerTagPage)]
pub(crate) struct Tags {
    total_number_of_results: u64,
    results: Vec<Tagged>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DockerTag)]
pub(crate) struct Tagged {
    repository_id: String,
    #[schema(value_type = String)]
    tag: Tag,
    digest: String,
    created_on: Time,
    /// Not known of what is in another registry.
    size: Option<u64>,
    platforms: Vec<String>,
}

/// What a tag of an external repository names. What else the platform's clients send is the server's
/// to say.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Commit {
    #[schema(value_type = String)]
    tag: Tag,
    #[schema(value_type = String)]
    digest: ContentDigest,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PushPage)]
pub(crate) struct Pushes {
    results: Vec<Push>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Push {
    id: String,
    #[schema(value_type = String)]
    tag: Tag,
    digest: String,
    at: Time,
    /// Nothing for callers without an account.
    who: Option<String>,
}

/// A page of tags.
pub(crate) async fn tags(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let query = &exchange.query;
    let order = match query.one("sort")? {
        None | Some("CREATED_ON") => TagOrder::Created,
        Some("TAG") => TagOrder::Name,
        Some(_) => {
            let reason = "`sort` is `CREATED_ON` or `TAG`; correct it";
            return Err(Failure::malformed(reason));
        }
    };
    let request = TagRequest {
        order,
        descending: !query.flag("ascending")?,
        offset: query.offset()?,
        limit: query.limit(20)?,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.tags(&actor, id, &request).await?;
    let tags = found.items.into_iter();
    ok(&Tags {
        total_number_of_results: found.total,
        results: tags
            .map(|tag| Tagged {
                repository_id: exchange.shown(id),
                tag: tag.tag,
                digest: tag.digest.to_string(),
                created_on: Time(tag.at),
                size: tag.size,
                platforms: tag.platforms,
            })
            .collect(),
    })
}

/// Records a tag of a repository in another registry.
pub(crate) async fn record(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let Commit { tag, digest } = exchange.sent()?;
    let actor = exchange.actor().await?;
    let recorded = exchange.projects.record_tag(&actor, id, &tag, digest);
    recorded.await?;
    created(&serde_json::json!({}))
}

/// Takes a tag away; what it names stays.
pub(crate) async fn delete(exchange: &Exchange<'_>) -> Answer {
    let (id, tag): (_, Tag) = (exchange.entity()?, exchange.name(1).parse()?);
    let actor = exchange.actor().await?;
    exchange.projects.delete_tag(&actor, id, &tag).await?;
    Ok(done())
}

/// The number of the repository of a name.
pub(crate) async fn find(exchange: &Exchange<'_>) -> Answer {
    let name = exchange.query.required("repositoryName")?;
    let name = exchange.repository_name(name)?;
    let actor = exchange.actor().await?;
    let id = exchange.projects.repository_named(&actor, name).await?;
    ok(&Numbered {
        id: exchange.shown(id),
    })
}

/// Every push, the newest first.
pub(crate) async fn pushes(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let query = &exchange.query;
    let tag: Option<Tag> = query.one("tag")?.map(str::parse).transpose()?;
    let (before, limit) = (query.number("before")?, query.limit(100)?);
    let actor = exchange.actor().await?;
    let pushes = exchange
        .projects
        .pushes(&actor, id, tag.as_ref(), before, limit);
    let found = pushes.await?;
    let last = found.reached();
    let next = last.map(|last| last.id.to_string());
    let written = |push: PushView| Push {
        id: push.id.to_string(),
        tag: push.tag,
        digest: push.digest.to_string(),
        at: Time(push.at),
        who: push.by.map(shown),
    };
    ok(&Pushes {
        results: found.items.into_iter().map(written).collect(),
        next,
    })
}
