//! An open registry in memory, for trying clients out: everybody may do everything, and nothing is
//! kept.
//!
//! `cargo run -p pierhead-http --features axum --example open_registry -- 5000`

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use pierhead_http::{HttpOptions, RegistryService};
use pierhead_registry::{AllowAll, Peer, Registry, TokioClock};
use pierhead_storage::{MemoryBlobStore, MemoryRepositoryStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let rows = Arc::new(MemoryRepositoryStore::new());
    let registry = Registry::builder(
        Arc::new(MemoryBlobStore::new()),
        rows.clone(),
        Arc::new(TokioClock),
    )
    .authorizer(Arc::new(AllowAll::new(rows)))
    .build();
    let router = RegistryService::new(registry, HttpOptions::default())
        .into_router()
        .layer(middleware::from_fn(with_peer));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await?;
    Ok(())
}

/// Tells the service who is at the other end of the connection.
async fn with_peer(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> axum::response::Response {
    request.extensions_mut().insert(Peer::at(peer.ip()));
    next.run(request).await
}
