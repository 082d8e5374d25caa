//! What was done before, and by whom.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, LINK};
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::audit::AuditRow;
use pierhead_projects::{AuditRequest, MAX_PAGE};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Answer, ok, respond};
use crate::error::Failure;
use crate::exchange::{Exchange, principal_of};
use crate::json::{Time, shown};

const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct Page {
    results: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct Row {
    id: String,
    at: Time,
    /// Nothing where the server itself did it.
    who: Option<String>,
    from: String,
    what: String,
    entity: Option<String>,
    principal: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

/// A page of the record, the newest first.
pub(crate) async fn read(exchange: &Exchange<'_>) -> Answer {
    let query = &exchange.query;
    let request = AuditRequest {
        entity: entity(exchange)?,
        principal: principal(exchange)?,
        before: query.number("before")?,
        after: None,
        limit: query.limit(100)?,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.audit(&actor, &request).await?;
    let last = found.reached();
    let next = last.map(|last| last.id.to_string());
    let rows = found.items.into_iter();
    ok(&Page {
        results: rows.map(|row| written(exchange, row)).collect(),
        next,
    })
}

/// Rows after one, the oldest first, each a line of its own: for whoever keeps them elsewhere.
pub(crate) async fn export(exchange: &Exchange<'_>) -> Answer {
    let query = &exchange.query;
    let request = AuditRequest {
        entity: entity(exchange)?,
        principal: principal(exchange)?,
        before: None,
        after: Some(query.number("after")?.unwrap_or(0)),
        limit: query.limit(MAX_PAGE)?,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.audit(&actor, &request).await?;
    let last = found.reached();
    let next = last.map(|last| next(exchange, &request, last.id));
    let mut lines = Vec::new();
    for row in found.items {
        serde_json::to_writer(&mut lines, &written(exchange, row)).map_err(Failure::internal)?;
        lines.push(b'\n');
    }
    let mut response = respond(StatusCode::OK, lines);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, NDJSON);
    if let Some(next) = next {
        let next = HeaderValue::try_from(next).map_err(Failure::internal)?;
        headers.insert(LINK, next);
    }
    Ok(response)
}

/// The same question from behind a row.
fn next(exchange: &Exchange<'_>, request: &AuditRequest, last: u64) -> String {
    let entity = request.entity.map(|id| exchange.shown(id));
    let entity = entity.map_or_else(String::new, |id| format!("&entity={id}"));
    let principal = request.principal;
    let principal = principal.map_or_else(String::new, |id| format!("&principal={id}"));
    let (path, limit) = (exchange.parts.uri.path(), request.limit);
    format!("<{path}?after={last}&limit={limit}{entity}{principal}>; rel=\"next\"")
}

fn entity(exchange: &Exchange<'_>) -> Result<Option<EntityId>, Failure> {
    let asked = exchange.query.one("entity")?;
    asked.map(|text| exchange.entity_of(text)).transpose()
}

fn principal(exchange: &Exchange<'_>) -> Result<Option<PrincipalId>, Failure> {
    let asked = exchange.query.one("principal")?;
    asked.map(principal_of).transpose()
}

fn written(exchange: &Exchange<'_>, row: AuditRow) -> Row {
    // The record is JSON; a text that is none is shown as it stands.
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    Row {
        id: row.id.to_string(),
        at: Time(row.at),
        who: row.who.map(shown),
        from: row.from,
        what: row.what,
        entity: row.entity.map(|id| exchange.shown(id)),
        principal: row.principal.map(shown),
        before: row.before.map(value),
        after: row.after.map(value),
    }
}
