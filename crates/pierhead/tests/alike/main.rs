//! Absent, forbidden, in the trash, in a project that is not there, under a repository's number:
//! whoever may not know is answered the same bytes after the same calls of the stores.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod compare;
mod counted;
mod ground;
mod management;
mod registry;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use compare::{Heard, differences};
use ground::{Answer, Ground, Sent};
use http::{Method, StatusCode};
use pierhead::http::Route;
use pierhead::rest::RestService;
use registry::{NAMELESS, mounts, requests, route, token_requests};
use serde_json::{Value, json};
use world::{Hidden, World, claims};

/// What is read of an answer: all of it.
fn whole(_: &Ground, answer: Answer) -> Answer {
    answer
}

#[test]
fn every_shape_of_a_registry_path_is_in_the_list() {
    let listed: BTreeSet<&str> = requests().iter().map(|sent| route(sent).shape()).collect();
    let there: BTreeSet<&str> = Route::SHAPES.iter().copied().collect();
    let nameless = BTreeSet::from(NAMELESS);
    assert_eq!(&listed | &nameless, there);
}

#[test]
fn every_call_of_the_management_api_is_in_the_list() {
    let key = |(method, path): (Method, &'static str)| (path, method.to_string());
    let listed = management::by_number("")
        .into_iter()
        .chain(management::by_name());
    let listed = listed.map(|call| (call.sent.method, call.path));
    let listed: BTreeSet<_> = listed.chain(management::nameless()).map(key).collect();
    let there: BTreeSet<_> = RestService::calls().map(key).collect();
    assert_eq!(listed, there);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_registry_request_is_refused_alike_whatever_it_names() {
    let world = World::new().await;
    let mut told = String::new();
    for looking in &world.looking {
        for sent in requests() {
            let asked = Asked {
                who: looking.who,
                authorization: looking.registry.as_deref(),
                sent: &sent,
                expected: refusal(looking, &sent),
            };
            told += &asked.about(&world, &world.names).await;
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mount_from_what_one_may_not_pull_is_an_upload_whatever_it_names() {
    let world = World::new().await;
    let mut told = String::new();
    for looking in &world.looking {
        for sent in looking.home.iter().flat_map(|home| mounts(home)) {
            let asked = Asked {
                who: looking.who,
                authorization: looking.registry.as_deref(),
                sent: &sent,
                expected: StatusCode::ACCEPTED,
            };
            told += &asked.about(&world, &world.names).await;
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_the_management_api_is_answered_alike_whatever_it_names() {
    let world = World::new().await;
    let mut told = String::new();
    let signed_in = world.looking.iter().find_map(|it| it.secret.as_ref());
    let signed_in = signed_in.map(|secret| format!("Bearer {secret}"));
    for (who, authorization) in [("a stranger", signed_in.as_deref()), ("nobody", None)] {
        let numbers = management::by_number(&world.etag);
        let numbers = numbers.iter().map(|call| (call, &world.entities));
        let names = management::by_name();
        let names = names.iter().map(|call| (call, &world.names));
        for (call, hidden) in numbers.chain(names) {
            let asked = Asked {
                who,
                authorization,
                sent: &call.sent,
                expected: call.answer(authorization.is_some()),
            };
            told += &asked.about(&world, hidden).await;
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_endpoint_grants_nothing_whatever_is_named() {
    let world = World::new().await;
    let mut told = String::new();
    for looking in &world.looking {
        for (shown, sent) in token_requests(looking.secret.as_deref()) {
            let mut all = Vec::new();
            for hidden in &world.names {
                let heard = Heard::of(&world, shown.as_deref(), &sent, hidden, granted).await;
                let access = json!([{ "type": "repository", "name": "NAME", "actions": [] }]);
                let body: Value = serde_json::from_slice(heard.body()).expect("JSON");
                assert_eq!(body["access"], access, "{}: {}", looking.who, hidden.what);
                all.push((hidden, heard));
            }
            told += &differences(&all);
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_look_is_answered_otherwise() {
    let world = World::new().await;
    let owner = world.owner.as_deref();
    for target in ["/v2/NAME/tags/list", "/v2/NAME/manifests/v1"] {
        let sent = Sent::new(Method::GET, target);
        let mut all = Vec::new();
        for hidden in &world.names[..2] {
            all.push((hidden, Heard::of(&world, owner, &sent, hidden, whole).await));
        }
        assert!(!differences(&all).is_empty(), "{target}");
    }
}

/// A request of somebody's, and how it must be answered.
struct Asked<'a> {
    who: &'static str,
    authorization: Option<&'a str>,
    sent: &'a Sent,
    expected: StatusCode,
}

impl Asked<'_> {
    /// Asks for everything that is hidden; says what tells one thing from another, and what is not
    /// answered as it must be.
    async fn about(&self, world: &World, all_hidden: &[Hidden]) -> String {
        let Self {
            who,
            authorization,
            sent,
            expected,
        } = self;
        let mut all = Vec::new();
        let mut told = String::new();
        for hidden in all_hidden {
            let heard = Heard::of(world, *authorization, sent, hidden, whole).await;
            if heard.statuses() != [*expected; 2] {
                let statuses = heard.statuses();
                let _ = write!(told, "\n  {}: {statuses:?}, not {expected}", hidden.what);
            }
            all.push((hidden, heard));
        }
        told += &differences(&all);
        if told.is_empty() {
            return told;
        }
        format!("{who}: {} {}{told}\n", sent.method, sent.target)
    }
}

/// How a request is refused that may be made of nothing here.
fn refusal(looking: &world::Looking, sent: &Sent) -> StatusCode {
    let answered = route(sent).methods().contains(&sent.method);
    match (&looking.registry, &looking.secret) {
        (None, _) => StatusCode::UNAUTHORIZED,
        _ if !answered => StatusCode::METHOD_NOT_ALLOWED,
        (Some(_), None) => StatusCode::UNAUTHORIZED,
        (Some(_), Some(_)) => StatusCode::FORBIDDEN,
    }
}

/// An answer of the token endpoint with what the token lists in the place of the token, which is
/// signed anew each time.
fn granted(ground: &Ground, answer: Answer) -> Answer {
    let mut body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let token = body["token"].as_str().expect("a token");
    let access = serde_json::to_value(claims(ground, token).access).expect("JSON");
    let lasts = body["expires_in"].take();
    let body = json!({ "access": access, "expires_in": lasts }).to_string();
    Answer {
        body: body.into(),
        ..answer
    }
}
