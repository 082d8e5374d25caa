//! A registry inside somebody else's application: `pierhead-embed-example [ADDRESS [DIRECTORY]]`.
//! Then `docker login 127.0.0.1:5001 -u ana -p swordfish`, and push `127.0.0.1:5001/ana/app`.
//! Left out, and in "Run it" of docs/embedding.md: a collector, a log of faults, an end in order.

use axum::{Router, routing::get};
use pierhead::prelude::*;
use std::{collections::HashMap, sync::Arc};
use tokio::net::TcpListener;

/// What the application has anyway: its users, and what they sign in with (yours is hashed).
#[derive(Debug)]
struct Users(HashMap<String, Secret>);

/// The first seam, who calls. With no token issuer set, clients are asked for HTTP Basic.
#[async_trait]
impl Authenticator for Users {
    async fn authenticate(&self, by: Credentials, _: &Peer) -> Result<Caller, AuthenticationError> {
        if let Credentials::Basic { username, password } = by
            && self.0.get(&username) == Some(&password)
        {
            return Ok(Caller::new(CallerId::new(&username)?, username));
        }
        // `Credentials::None`, too: whoever shows none is asked to sign in.
        Err(AuthenticationError::Invalid)
    }
}

/// The second seam, what they may do: pull and list everything, change what is under their name.
#[derive(Debug)]
struct OwnName(AllowAll);

#[async_trait]
impl Authorizer for OwnName {
    async fn decide(&self, caller: &Caller, action: Action, on: &Resource<'_>) -> Decided {
        let (owner, _) = on.name.as_str().split_once('/').unwrap_or_default();
        if *owner == *caller.name || matches!(action, Action::Pull | Action::Head) {
            return allow();
        }
        deny("this is somebody else's", "push under your own name")
    }
    async fn visible(&self, caller: &Caller, after: Option<&str>, limit: usize) -> Visible {
        self.0.visible(caller, after, limit).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (address, directory) = (args.next(), args.next());
    let builder = directory.map_or_else(|| Ok(Pierhead::in_memory()), Pierhead::in_directory)?;
    let users = Users([("ana".into(), Secret::new("swordfish"))].into());
    let rules = OwnName(AllowAll::new(builder.repositories()));
    let builder = builder.authenticator(Arc::new(users));
    let pierhead = builder.authorizer(Arc::new(rules)).build();
    // The registry answers `/v2/…`; everything else stays the application's.
    let pages = Router::new().route("/", get("my own page"));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:5001")).await?;
    Ok(axum::serve(listener, pages.merge(pierhead.into_router())).await?)
}
