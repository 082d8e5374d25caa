//! What the example promises, seen over HTTP.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pierhead::model::ContentDigest;
use pierhead::prelude::*;
use pierhead::testing::{Image, Registry, block_on};
use pierhead_own_permissions_example::{FromTable, Table, UserId};
use ureq::Agent;
use ureq::http::Response;

const ANA: &str = "ana:swordfish";
const BEN: &str = "ben:porpoise";

struct World {
    table: Arc<Table>,
    rows: Arc<dyn RepositoryStore>,
    registry: Registry,
}

/// Ana may change `genomics`, ben may read it; there is an image in it, and one elsewhere.
fn world() -> World {
    let table = Arc::new(Table::default());
    table.add_user("ana", UserId(1), "swordfish");
    table.add_user("ben", UserId(2), "porpoise");
    table.grant(UserId(1), "genomics", true);
    table.grant(UserId(2), "genomics", false);
    let builder = Pierhead::in_memory();
    let rows = builder.repositories();
    let rules = FromTable(Arc::clone(&table), Arc::clone(&rows));
    let builder = builder.authenticator(table.clone());
    let registry = Registry::serve(builder.authorizer(Arc::new(rules))).unwrap();
    for name in ["genomics/app:1", "imaging/app:1", "genomicsother:1"] {
        block_on(registry.push(name, &Image::of("layer"))).unwrap();
    }
    World {
        table,
        rows,
        registry,
    }
}

impl World {
    fn send(&self, method: &str, to: &str, by: &str, body: &[u8]) -> Response<ureq::Body> {
        let config = Agent::config_builder().http_status_as_error(false);
        let agent: Agent = config.build().into();
        let root = if to.starts_with("http") {
            ""
        } else {
            self.registry.url()
        };
        let login = format!("Basic {}", BASE64_STANDARD.encode(by));
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{root}{to}"))
            .header("authorization", login)
            .body(body.to_vec());
        agent.run(request.unwrap()).unwrap()
    }

    fn status(&self, method: &str, to: &str, by: &str) -> u16 {
        self.send(method, to, by, b"").status().as_u16()
    }
}

#[test]
fn grants_are_what_counts() {
    let world = world();
    for (by, method, to, expected) in [
        (ANA, "GET", "/v2/genomics/app/manifests/1", 200),
        (BEN, "GET", "/v2/genomics/app/manifests/1", 200),
        (ANA, "GET", "/v2/imaging/app/manifests/1", 403),
        (ANA, "GET", "/v2/imaging/absent/manifests/1", 403),
        (ANA, "GET", "/v2/genomicsother/manifests/1", 403),
        (ANA, "POST", "/v2/genomics/new/blobs/uploads/", 202),
        (BEN, "POST", "/v2/genomics/new/blobs/uploads/", 403),
        (BEN, "DELETE", "/v2/genomics/app/manifests/1", 403),
        ("ben:wrong", "GET", "/v2/genomics/app/manifests/1", 401),
    ] {
        assert_eq!(world.status(method, to, by), expected, "{by} {method} {to}");
    }
}

#[test]
fn lists_hold_what_may_be_pulled() {
    let world = world();
    let mut listed = world.send("GET", "/v2/_catalog", BEN, b"");
    let listed = listed.body_mut().read_to_string().unwrap();
    assert_eq!(listed, r#"{"repositories":["genomics/app"]}"#);
}

#[test]
fn an_outage_is_no_refusal() {
    let world = world();
    world.table.set_down(true);
    for to in [
        "/v2/genomics/app/manifests/1",
        "/v2/imaging/app/manifests/1",
        "/v2/_catalog",
    ] {
        assert_eq!(world.status("GET", to, ANA), 503, "{to}");
    }
    world.table.set_down(false);
    assert_eq!(
        world.status("GET", "/v2/genomics/app/manifests/1", ANA),
        200
    );
}

#[test]
fn a_grant_that_is_taken_away_ends_a_push_under_way() {
    let world = world();
    let begun = world.send("POST", "/v2/genomics/app/blobs/uploads/", ANA, b"");
    assert_eq!(begun.status(), 202);
    let location = begun.headers()["location"].to_str().unwrap();
    let sent = world.send("PATCH", location, ANA, b"bytes");
    assert_eq!(sent.status(), 202);
    let location = sent.headers()["location"].to_str().unwrap();

    block_on(world.table.revoke(UserId(1), &*world.rows)).unwrap();
    let joint = if location.contains('?') { '&' } else { '?' };
    let closing = format!(
        "{location}{joint}digest={}",
        ContentDigest::sha256(b"bytes")
    );
    assert_eq!(world.status("PUT", &closing, ANA), 403);
}

/// Between the decision and the commit, where no client can look: the version has moved by then.
#[test]
fn what_was_decided_before_does_not_commit_after() {
    let world = world();
    let rules = FromTable(Arc::clone(&world.table), Arc::clone(&world.rows));
    block_on(async {
        let name: RepositoryName = "genomics/app".parse().unwrap();
        let login = Credentials::Basic {
            username: "ana".to_owned(),
            password: Secret::new("swordfish"),
        };
        let ana = world
            .table
            .authenticate(login, &Peer::default())
            .await
            .unwrap();
        let resource = Resource {
            name: &name,
            repository: None,
        };
        let Decision::Allow(allowed) = rules.decide(&ana, Action::Push, &resource).await.unwrap()
        else {
            panic!("ana may push");
        };
        let scopes: Vec<ScopeId> = allowed.fence.0.iter().map(|(scope, _)| *scope).collect();
        assert_eq!(
            Fence::now(&*world.rows, &scopes).await.unwrap(),
            allowed.fence
        );
        world.table.revoke(UserId(1), &*world.rows).await.unwrap();
        assert_ne!(
            Fence::now(&*world.rows, &scopes).await.unwrap(),
            allowed.fence
        );
    });
}

#[test]
fn it_takes_under_25_lines() {
    let source = include_str!("../src/authorizer.rs");
    let (_, own) = source.split_once("counts the lines.\n").unwrap();
    assert!(own.lines().count() < 25, "{} lines", own.lines().count());
    assert!(own.lines().all(|line| line.len() <= 100));
}
