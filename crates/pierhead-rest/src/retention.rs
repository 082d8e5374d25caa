//! Taking former versions of tags away.

use std::time::Duration;

use pierhead_model::Tag;
use pierhead_projects::MAX_PAGE;
use pierhead_registry::{RetentionRule, Retirable};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, ok};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::json::Time;

/// A misspelt `dryRun` must not be taken for none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sent {
    newest: Option<u32>,
    younger_than_seconds: Option<u64>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Retired {
    /// The first of them.
    results: Vec<Manifest>,
    total_number_of_results: usize,
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    digest: String,
    size: u64,
    pushed_on: Time,
    /// The tags it was pushed as.
    tags: Vec<Tag>,
}

/// Takes away what the rule in the body lets go, or only says what that is.
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
    let actor = exchange.actor().await?;
    let found = if sent.dry_run {
        exchange.projects.retirable(&actor, id, &rule).await?
    } else {
        exchange.projects.retire(&actor, id, &rule).await?
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
    })
}
