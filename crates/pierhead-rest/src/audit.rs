//! What was done before, and by whom.

use pierhead_projects::AuditRequest;
use pierhead_projects::audit::AuditRow;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, ok};
use crate::exchange::{Exchange, principal_of};
use crate::json::{Time, shown};

#[derive(Serialize)]
struct Page {
    results: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
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
    let entity = query.one("entity")?.map(|text| exchange.entity_of(text));
    let request = AuditRequest {
        entity: entity.transpose()?,
        principal: query.one("principal")?.map(principal_of).transpose()?,
        before: query.number("before")?,
        limit: query.limit(100)?,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.audit(&actor, &request).await?;
    let last = found.items.last().filter(|_| found.more);
    let next = last.map(|last| last.id.to_string());
    let rows = found.items.into_iter();
    ok(&Page {
        results: rows.map(|row| written(exchange, row)).collect(),
        next,
    })
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
