//! Every request of the distribution protocol that names a repository.

use http::Method;
use pierhead::http::Route;

use crate::ground::{HOST, Sent};
use crate::world::{BLOB, MANIFEST_TYPE, TAG, basic, digest, manifest};

/// Every method that a path is tried with.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// The shapes of the paths that name no repository.
pub(crate) const NAMELESS: [&str; 2] = ["/v2/", "/v2/_catalog"];

/// A path of each other shape, with whatever query makes another request of it. `NAME` stands for
/// what is asked for, `UPLOAD` for an upload that somebody else has begun there.
fn targets() -> Vec<String> {
    let (blob, image) = (digest(BLOB), digest(&manifest(BLOB)));
    vec![
        "/v2/NAME/tags/list".to_owned(),
        "/v2/NAME/tags/list?n=1&last=a".to_owned(),
        format!("/v2/NAME/manifests/{TAG}"),
        format!("/v2/NAME/manifests/{image}"),
        format!("/v2/NAME/manifests/{image}?tag=v2&tag=v3"),
        "/v2/NAME/manifests/not-there".to_owned(),
        format!("/v2/NAME/blobs/{blob}"),
        format!("/v2/NAME/blobs/{image}"),
        "/v2/NAME/blobs/uploads/".to_owned(),
        "/v2/NAME/blobs/uploads/?digest-algorithm=sha512".to_owned(),
        format!("/v2/NAME/blobs/uploads/?digest={blob}"),
        format!("/v2/NAME/blobs/uploads/?mount={blob}"),
        format!("/v2/NAME/blobs/uploads/?mount={blob}&from=NAME"),
        format!("/v2/NAME/blobs/uploads/UPLOAD?digest={blob}"),
        format!("/v2/NAME/referrers/{image}"),
        format!("/v2/NAME/referrers/{image}?artifactType=application/x"),
    ]
}

/// Every target with every method.
pub(crate) fn requests() -> Vec<Sent> {
    let mut requests = Vec::new();
    for target in targets() {
        for method in METHODS {
            let sent = Sent::new(method.clone(), &target);
            requests.push(match method {
                Method::PUT if target.contains("/manifests/") => sent
                    .with_header("content-type", MANIFEST_TYPE)
                    .with_body(&manifest(BLOB)),
                Method::POST | Method::PUT | Method::PATCH => sent.with_body(BLOB),
                _ => sent,
            });
        }
    }
    requests
}

/// Mounts from what is asked for into a repository of one's own.
pub(crate) fn mounts(home: &str) -> Vec<Sent> {
    let digests = [digest(BLOB), digest("nobody has this")];
    let target = |digest| format!("/v2/{home}/blobs/uploads/?mount={digest}&from=NAME");
    digests
        .map(|digest| Sent::new(Method::POST, target(digest)))
        .to_vec()
}

/// The two ways to ask for a token, each with its `Authorization`.
pub(crate) fn token_requests(secret: Option<&str>) -> Vec<(Option<String>, Sent)> {
    let asked = format!("service={HOST}&scope=repository:NAME:delete,pull,push");
    let get = Sent::new(Method::GET, format!("/token?{asked}"));
    let mut all = vec![(secret.map(basic), get)];
    if let Some(secret) = secret {
        let form = format!("grant_type=password&username=any&password={secret}&{asked}");
        let post = Sent::new(Method::POST, "/token")
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_body(&form);
        all.push((None, post));
    }
    all
}

/// The route of a target.
pub(crate) fn route(sent: &Sent) -> Route {
    let path = sent.target.split('?').next().unwrap_or_default();
    let path = path.replace("NAME", "syn1/name");
    Route::parse(&path.replace("UPLOAD", &"0".repeat(32))).expect("a path of the protocol")
}
