//! Lists of tags.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags>

use http::header::LINK;
use http::{Response, StatusCode};
use pierhead_model::{RepositoryName, Tag, link_next};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::query::PageQuery;
use crate::response::Answer;

#[derive(Serialize)]
struct Document<'a> {
    name: &'a RepositoryName,
    tags: &'a [Tag],
}

/// `GET`. A `last` that is no tag, or one that is gone, is only a place in the order.
pub(crate) async fn list(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    page: &PageQuery,
) -> Result<Response<ResponseBody>, Failure> {
    let reader = exchange.reader(name).await?;
    // Nothing is wanted, but whether the repository is there still shows.
    let limit = page.limit.max(1);
    let found = reader
        .tags(page.last.as_deref(), limit)
        .await
        .map_err(exchange.refused())?;
    let tags = if page.limit == 0 {
        &[]
    } else {
        found.items.as_slice()
    };
    let mut answer = Answer::new(StatusCode::OK);
    if let (true, Some(last)) = (found.more, tags.last()) {
        let path = format!("/v2/{name}/tags/list");
        let link = link_next(&path, &[("n", &limit.to_string()), ("last", last.as_str())]);
        answer = answer.with_text(LINK, link);
    }
    answer.json("application/json", &Document { name, tags })
}
