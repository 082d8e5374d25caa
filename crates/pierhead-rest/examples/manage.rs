//! A day's work with the management API, without a socket: `cargo run -p pierhead-rest --example
//! manage`.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::executor::block_on;
use futures::future::BoxFuture;
use http::Request;
use http_body_util::BodyExt as _;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
use pierhead_registry::{Clock, Peer};
use pierhead_rest::{RestOptions, RestService};
use pierhead_storage_sqlite::SqliteStore;
use serde_json::{Value, json};
use tower_service::Service as _;

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        // A server waits on its runtime here; nothing in this program is slow.
        Box::pin(futures::future::pending())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = Arc::new(SqliteStore::open_temporary()?);
    let projects = Projects::new(
        store.clone(),
        store,
        KeyRing::new(SigningKey::generate()?),
        ProjectsOptions::new("https://registry.example", "registry.example"),
        Arc::new(SystemClock),
        Arc::new(ThreadOffload),
    );
    // The first account is made by whoever runs the server.
    let first = AccountRequest::with_password("correct horse").operator();
    let server = Actor::system("first start");
    block_on(projects.create_account(&server, &"olga".parse()?, first))?;
    let mut api = Api {
        service: RestService::new(projects, RestOptions::default()),
        token: String::new(),
    };

    let olga = json!({ "username": "olga", "password": "correct horse" });
    api.token = text(&api.ask("POST", "/auth/v1/login", &olga)?["accessToken"]);
    let ana = json!({ "name": "ana", "password": "battery staple", "certified": true });
    let ana = text(&api.ask("POST", "/pierhead/v1/account", &ana)?["id"]);

    let project = json!({
        "concreteType": "org.sagebionetworks.repo.model.Project", "name": "Genomics",
    });
    let project = text(&api.ask("POST", "/repo/v1/entity", &project)?["id"]);
    let acl = format!("/repo/v1/entity/{project}/acl");
    let mut list = api.ask("GET", &acl, &Value::Null)?;
    if let Some(entries) = list["resourceAccess"].as_array_mut() {
        entries.push(json!({
            "principalId": ana, "accessType": ["READ", "DOWNLOAD", "CREATE", "UPDATE"],
        }));
    }
    api.ask("PUT", &acl, &list)?;

    let why =
        format!("/pierhead/v1/explain?repositoryName={project}/aligner&action=push&account={ana}");
    api.ask("GET", &why, &Value::Null)?;
    let token = json!({ "name": "ci", "scope": ["view"] });
    api.token = text(&api.ask("POST", "/auth/v1/personalAccessToken", &token)?["token"]);
    // A token that only looks moves nothing.
    let path = format!("/repo/v1/entity/{project}");
    api.ask("DELETE", &path, &Value::Null)?;
    Ok(())
}

struct Api {
    service: RestService,
    token: String,
}

impl Api {
    /// Asks, prints, and gives back what was answered.
    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(Peer::at([127, 0, 0, 1].into()));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        let response = block_on(self.service.call(request.body(body.to_string())?))?;
        println!("{method} {path}: {}", response.status());
        let bytes = block_on(response.into_body().collect())?.to_bytes();
        println!("  {}", String::from_utf8_lossy(&bytes));
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
