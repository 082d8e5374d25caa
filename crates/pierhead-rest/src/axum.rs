//! The service in an axum router.

use axum::Router;

use crate::route::PREFIXES;
use crate::service::RestService;

impl RestService {
    /// A router that answers everything at and below `/auth/v1`, `/file/v1`, `/repo/v1` and
    /// `/pierhead/v1`. It can be merged with other routers; it must not be nested, because clients
    /// look for these at the root.
    pub fn into_router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        PREFIXES.iter().fold(Router::new(), |router, prefix| {
            router
                .route_service(prefix, self.clone())
                .route_service(&format!("{prefix}/"), self.clone())
                .route_service(&format!("{prefix}/{{*rest}}"), self.clone())
        })
    }
}
