//! Taking former versions of tags away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pierhead_model::Tag;
use pierhead_projects::MAX_PAGE;
use pierhead_registry::{RetentionRule, Retirable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::json::{Time, digits};

/// A misspelt `dryRun` must not be taken for none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = RetireRequest)]
pub(crate) struct Sent {
    newest: Option<u32>,
    younger_than_seconds: Option<u64>,
    #[serde(default)]
    dry_run: bool,
    /// As a dry run told it: nothing goes but what that named.
    state: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Retired {
    /// The first of them.
    results: Vec<Manifest>,
    total_number_of_results: usize,
    dry_run: bool,
    /// Of a dry run: of which state of the repository it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Whether that was all: the repository may have changed meanwhile.
    complete: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RetiredManifest)]
pub(crate) struct Manifest {
    digest: String,
    size: u64,
    pushed_on: Time,
    /// The tags it was pushed as.
    #[schema(value_type = Vec<String>)]
    tags: Vec<Tag>,
}

/// Takes away what the rule in the body lets go, or only says what that is. A time of the client's
/// own that lies before now only spares more.
pub(crate) async fn retire(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let sent: Sent = exchange.sent()?;
    let newest = sent.newest.map(|newest| newest as usize);
    let younger = sent.younger_than_seconds.map(Duration::from_secs);
    let rule = RetentionRule::new(newest, younger).ok_or_else(|| {
        Failure::malformed(
            "say what stays: `newest` versions of each tag, `youngerThanSeconds`, or both",
        )
    })?;
    let plan = sent.state.as_deref().map(read_state).transpose()?;
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    let (found, state, complete) = if sent.dry_run {
        let plan = projects.retirable(&actor, id, &rule).await?;
        let state = written_state(plan.content, plan.at);
        (plan.manifests, Some(state), true)
    } else {
        let gone = projects.retire(&actor, id, &rule, plan).await?;
        (gone.items, None, !gone.more)
    };
    let total_number_of_results = found.len();
    let written = |it: Retirable| Manifest {
        digest: it.digest.to_string(),
        size: it.size,
        pushed_on: Time(it.at),
        tags: it.tags,
    };
    ok(&Retired {
        results: found.into_iter().take(MAX_PAGE).map(written).collect(),
        total_number_of_results,
        dry_run: sent.dry_run,
        state,
        complete,
    })
}

/// A repository's `content` counter, and microseconds since 1970.
fn written_state(content: u64, at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{content}-{}", since.as_micros())
}

fn read_state(text: &str) -> Result<(u64, SystemTime), Failure> {
    let read = || {
        let (content, micros) = text.split_once('-')?;
        let since = Duration::from_micros(digits(micros)?);
        Some((digits(content)?, UNIX_EPOCH.checked_add(since)?))
    };
    read().ok_or_else(|| Failure::malformed("`state` is none that a dry run told; run it again"))
}
