//! The list of repositories, as far as the caller may see them.

use http::header::LINK;
use http::{Response, StatusCode};
use pierhead_model::{RepositoryName, link_next};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::query::PageQuery;
use crate::response::Answer;

#[derive(Serialize)]
struct Document<'a> {
    repositories: &'a [RepositoryName],
}

/// `GET`. What the caller may not see is left out before pages are cut.
pub(crate) async fn list(
    exchange: &Exchange<'_>,
    page: &PageQuery,
) -> Result<Response<ResponseBody>, Failure> {
    // Nothing is wanted, but whether the caller may ask still shows.
    let limit = page.limit.max(1);
    let found = exchange
        .registry
        .catalog(&exchange.caller, page.last.as_deref(), limit)
        .await
        .map_err(exchange.refused())?;
    let repositories = if page.limit == 0 {
        &[]
    } else {
        found.items.as_slice()
    };
    let mut answer = Answer::new(StatusCode::OK);
    if let (true, Some(last)) = (found.more, repositories.last()) {
        let params = [("n", &*limit.to_string()), ("last", last.as_str())];
        answer = answer.with_text(LINK, link_next("/v2/_catalog", &params));
    }
    answer.json("application/json", &Document { repositories })
}
