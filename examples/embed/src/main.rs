//! A registry inside somebody else's application: `pierhead-embed-example [ADDRESS [DIRECTORY]]`.
//! Then `docker login 127.0.0.1:5001 -u ana -p swordfish`, and push `127.0.0.1:5001/ana/app`.

use std::{collections::HashMap, sync::Arc};

use axum::{Router, routing::get};
use pierhead::prelude::*;

/// What the application has anyway: its users, and what they sign in with (yours is hashed).
#[derive(Debug)]
struct Users(HashMap<String, Secret>);

/// The first seam, who calls. With no token issuer set, clients are asked for HTTP Basic.
#[async_trait::async_trait]
impl Authenticator for Users {
    async fn authenticate(&self, by: Credentials, _: &Peer) -> Result<Caller, AuthenticationError> {
        match by {
            Credentials::Basic { username, password }
                if self.0.get(&username) == Some(&password) =>
            {
                let id = CallerId::new(&username).map_err(|_| AuthenticationError::Invalid)?;
                Ok(Caller::new(id, username))
            }
            _ => Err(AuthenticationError::Invalid),
        }
    }
}

/// The second seam, what they may do. Here everybody pulls everything, so everything is listed, and
/// changes what is under their own name. `Allowed` can carry versions that must stand at commit.
#[derive(Debug)]
struct OwnName(AllowAll);

#[async_trait::async_trait]
impl Authorizer for OwnName {
    async fn decide(&self, caller: &Caller, action: Action, on: &Resource<'_>) -> Decided {
        let (owner, _) = on.name.as_str().split_once('/').unwrap_or_default();
        if owner == &*caller.name || matches!(action, Action::Pull | Action::Head) {
            return Ok(Decision::Allow(Allowed::default()));
        }
        let (rule, remedy) = (
            "this is somebody else's".into(),
            "push under your own name".into(),
        );
        let explanation = Some(Explanation { rule, remedy });
        Ok(Decision::Deny(Denial {
            kind: DenialKind::Permission,
            explanation,
        }))
    }
    async fn visible(&self, caller: &Caller, after: Option<&str>, limit: usize) -> Visible {
        self.0.visible(caller, after, limit).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or("127.0.0.1:5001".into());
    // In memory or in a directory; or bring stores of your own to `Pierhead::builder`.
    let builder = args
        .next()
        .map_or_else(|| Ok(Pierhead::in_memory()), Pierhead::in_directory)?;
    let users = Users([("ana".into(), Secret::new("swordfish"))].into());
    let rules = OwnName(AllowAll::new(builder.repositories()));
    let pierhead = builder
        .authenticator(Arc::new(users))
        .authorizer(Arc::new(rules))
        .build();
    let app = Router::new()
        .route("/", get("my own page"))
        .merge(pierhead.into_router());
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?)
}
