//! Paths of the distribution protocol.

use http::Uri;
use pierhead_http::{Route, RouteError};

use pierhead_model::RepositoryName;

use crate::{grammar, text};

/// A path has the route that its segments say, one spelling, and none where the grammar refuses.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    path(text);
    // What arrives is read by the crate `http` first, which cuts the query off.
    if let Ok(uri) = text.parse::<Uri>() {
        path(uri.path());
    }
}

fn path(text: &str) {
    let route = match Route::parse(text) {
        Ok(route) => route,
        Err(error) => {
            assert_eq!(expected(text), None, "refused {text:?}: {error}");
            match &error {
                RouteError::Name(error) | RouteError::Tag(error) | RouteError::Digest(error) => {
                    // The part it points into was read from the path.
                    assert!(error.at() <= text.len());
                    assert!(!error.to_string().contains(char::is_control));
                }
                _ => {}
            }
            return;
        }
    };
    let (shape, name, last) = expected(text).unwrap_or_else(|| panic!("{text:?} became {route:?}"));
    assert_eq!(route.shape(), shape, "{text:?}");
    assert!(Route::SHAPES.contains(&shape));
    assert_eq!(route.name().map(RepositoryName::as_str), name, "{text:?}");
    assert!(!route.methods().is_empty());
    let read = match &route {
        Route::Manifest { reference, .. } => reference.to_string(),
        Route::Blob { digest, .. } | Route::Referrers { digest, .. } => digest.to_string(),
        Route::Upload { id, .. } => id.to_string(),
        _ => String::new(),
    };
    assert_eq!(read, last, "{text:?}");

    let written = shape
        .replace("<name>", name.unwrap_or_default())
        .replace("<reference>", &read)
        .replace("<digest>", &read)
        .replace("<id>", &read);
    assert_eq!(Route::parse(&written).as_ref(), Ok(&route));
    // One spelling, but for the colon of a digest and the slash of the base.
    let one = if matches!(route, Route::Upload { .. }) {
        text.to_owned()
    } else {
        text.replace("%3A", ":").replace("%3a", ":")
    };
    assert!(one == written || text == "/v2", "{text:?} and {written:?}");
}

/// Shape, name and last part of a path, found by taking it apart into segments.
fn expected(text: &str) -> Option<(&'static str, Option<&str>, String)> {
    if text == "/v2" || text == "/v2/" {
        return Some(("/v2/", None, String::new()));
    }
    if text == "/v2/_catalog" {
        return Some(("/v2/_catalog", None, String::new()));
    }
    let rest = text.strip_prefix("/v2/")?;
    let segments: Vec<_> = rest.split('/').collect();
    let colons = |last: &str| last.replace("%3A", ":").replace("%3a", ":");
    let (shape, name, last) = match segments.as_slice() {
        [_, .., "blobs", "uploads", ""] => ("/v2/<name>/blobs/uploads/", 3, String::new()),
        [_, .., "tags", "list"] => ("/v2/<name>/tags/list", 2, String::new()),
        [_, .., "blobs", "uploads", id] => ("/v2/<name>/blobs/uploads/<id>", 3, (*id).to_owned()),
        [_, .., word @ ("manifests" | "blobs" | "referrers"), last] => {
            let last = colons(last);
            let digest = grammar::content_digest(&last);
            let shape = match *word {
                "manifests" if digest || grammar::tag(&last) => "/v2/<name>/manifests/<reference>",
                "blobs" if digest => "/v2/<name>/blobs/<digest>",
                "referrers" if digest => "/v2/<name>/referrers/<digest>",
                _ => return None,
            };
            (shape, 2, last)
        }
        _ => return None,
    };
    let behind: usize = segments
        .iter()
        .rev()
        .take(name)
        .map(|it| it.len() + 1)
        .sum();
    let name = rest.get(..rest.len().checked_sub(behind)?)?;
    grammar::repository_name(name).then_some((shape, Some(name), last))
}
