//! The service in an axum router.

use axum::Router;
use axum::body::Body;
use futures::executor::block_on;
use http::Request;
use tower_service::Service as _;

use crate::ground::ground;

#[test]
fn a_router_answers_at_and_below_its_prefixes_and_nothing_else() {
    let mut router: Router = ground().service.into_router();
    for (path, status, is_ours) in [
        ("/repo/v1/userProfile", 200, true),
        ("/repo/v1/userProfile/", 200, true),
        ("/repo/v1/entity/syn1/acl", 404, true),
        ("/repo/v1/entity/a%2Fb", 400, true),
        ("/auth/v1/login", 405, true),
        ("/pierhead/v1/audit", 401, true),
        ("/repo/v1/", 404, true),
        ("/repo/v1", 404, true),
        ("/auth/v1", 404, true),
        ("/file/v1", 404, true),
        ("/file/v1/fileHandle", 404, true),
        ("/pierhead/v1", 404, true),
        ("/repo/v11", 404, false),
        ("/repo", 404, false),
        ("/", 404, false),
        ("/v2/", 404, false),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = block_on(router.call(request)).unwrap();
        assert_eq!(response.status(), status, "{path}");
        let json = response.headers().contains_key("x-content-type-options");
        assert_eq!(json, is_ours, "{path}");
        assert!(
            pierhead_rest::RestService::serves(path) == is_ours,
            "{path}"
        );
    }
}
