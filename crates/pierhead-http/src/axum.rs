//! The service in an axum router.

use axum::Router;

use crate::service::RegistryService;

impl RegistryService {
    /// A router that answers `/v2`, everything below it, and the token endpoint when the registry
    /// has a token issuer. It can be merged with other routers; it must not be nested, because
    /// clients look for `/v2/` at the root.
    ///
    /// axum cannot route repository names, which hold slashes, so everything below `/v2/` goes to
    /// the service, which reads the path itself.
    pub fn into_router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let mut router = Router::new()
            .route_service("/v2", self.clone())
            .route_service("/v2/", self.clone())
            .route_service("/v2/{*rest}", self.clone());
        if self.registry().token_issuer().is_some() {
            let path = self.options().token_path().to_owned();
            router = router.route_service(&path, self);
        }
        router
    }
}
