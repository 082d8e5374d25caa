//! Lists of what refers to a manifest.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers>

use http::header::{HeaderValue, LINK};
use http::{Response, StatusCode};
use pierhead_model::{Descriptor, MediaType, RepositoryName, link_next};
use pierhead_registry::{Referrer, ReferrerQuery};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::operation::ReferrersRequest;
use crate::response::{Answer, OCI_FILTERS_APPLIED};

/// How many bytes of annotations one page may hold, so that it stays below the 4 MiB that clients
/// read of a manifest.
const MAX_ANNOTATIONS: usize = 2 << 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u8,
    media_type: MediaType,
    manifests: Vec<Descriptor>,
}

/// `GET`. A subject that nobody refers to, or that is not here, has an empty list.
pub(crate) async fn list(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    request: ReferrersRequest,
) -> Result<Response<ResponseBody>, Failure> {
    let reader = exchange.reader(name).await?;
    let ReferrersRequest {
        subject,
        artifact_type,
        limit,
        after,
    } = request;
    let wanted = limit > 0;
    let query = ReferrerQuery {
        subject,
        artifact_type: artifact_type.clone(),
        after,
        limit: limit.max(1),
        max_bytes: MAX_ANNOTATIONS,
    };
    let mut found = reader.referrers(query).await.map_err(exchange.refused())?;
    if !wanted {
        found.items.clear();
    }
    let mut answer = Answer::new(StatusCode::OK);
    if let (true, Some(last)) = (found.more, found.items.last()) {
        let path = format!("/v2/{name}/referrers/{subject}");
        let (limit, last) = (limit.to_string(), last.digest.to_string());
        let mut params = vec![("n", limit.as_str()), ("last", last.as_str())];
        if let Some(kind) = &artifact_type {
            params.push(("artifactType", kind));
        }
        answer = answer.with_text(LINK, link_next(&path, &params));
    }
    if artifact_type.is_some() {
        answer = answer.with(
            OCI_FILTERS_APPLIED,
            HeaderValue::from_static("artifactType"),
        );
    }
    let manifests = found.items.into_iter().map(descriptor).collect();
    let index = Index {
        schema_version: 2,
        media_type: MediaType::OCI_INDEX,
        manifests,
    };
    answer.json("application/vnd.oci.image.index.v1+json", &index)
}

fn descriptor(referrer: Referrer) -> Descriptor {
    let mut descriptor = Descriptor::new(referrer.media_type, referrer.digest, referrer.size);
    descriptor.artifact_type = referrer.artifact_type;
    // They were read once already; what cannot be read again is left out.
    descriptor.annotations = referrer
        .annotations
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default();
    descriptor
}
