//! A registry with Pierhead's own accounts and projects, and what manages them, in one axum
//! application: `cargo run -p pierhead --all-features --example lab -- [ADDRESS [DIRECTORY]]`.
//!
//! Then sign in: `curl ADDRESS/auth/v1/login -d '{"username":"admin","password":"correct horse"}'`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use pierhead::Pierhead;
use pierhead::auth::token::{KeyRing, SigningKey};
use pierhead::http::HttpOptions;
use pierhead::projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
use pierhead::registry::{CollectSchedule, Peer, TokioClock};
use pierhead::rest::{RestOptions, RestService};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:5002".to_owned());
    let directory = args.next().unwrap_or_else(|| "lab-data".to_owned());
    let url = format!("http://{address}");

    // One database under both: the rows of the registry, and accounts and projects.
    let builder = Pierhead::in_directory(directory)?;
    let store = Arc::new(builder.sqlite().ok_or("a directory has a database")?);
    let projects = Projects::new(
        store.clone(),
        store,
        // A key that is made at each start ends every registry token; keep yours as PEM.
        KeyRing::new(SigningKey::generate()?),
        ProjectsOptions::new(&*url, &*address),
        Arc::new(TokioClock),
        Arc::new(ThreadOffload),
    );
    if projects.active_operators().await? == 0 {
        let request = AccountRequest::with_password("correct horse").operator();
        let server = Actor::system("first start");
        projects
            .create_account(&server, &"admin".parse()?, request)
            .await?;
    }
    let http = HttpOptions::default()
        .with_public_url(&url)?
        .with_service(&address)?;
    let pierhead = builder.projects(&projects).http(http).build();

    // `/v2/` and `/token`; `/auth/v1/`, `/repo/v1/` and `/pierhead/v1/`; the rest is the
    // application's. Both want to know who is at the other end, to lock out who guesses passwords.
    let rest = RestService::new(projects.clone(), RestOptions::default());
    let app = Router::new()
        .merge(pierhead.clone().into_router())
        .merge(rest.into_router())
        .layer(middleware::from_fn(with_peer));

    // What nobody reaches any more goes, and so does what has been in the trash can for its time.
    let registry = pierhead.registry().clone();
    tokio::spawn(async move { registry.collector(CollectSchedule::default(), |_| ()).await });
    let every = Duration::from_secs(15 * 60);
    tokio::spawn(async move { projects.trash_emptier(every, |_| ()).await });

    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on {url}");
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    Ok(pierhead.close().await?)
}

async fn with_peer(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(Peer::at(peer.ip()));
    next.run(request).await
}
