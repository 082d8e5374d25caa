//! What was allowed a moment ago. With a token that is good, on a request that had been let in: once
//! the permission has gone, nothing more is told and nothing is committed.

mod held;
mod next;
mod scene;
mod ways;

use std::fmt::Write as _;
use std::sync::Arc;

use held::{Put, held};
use pierhead_storage_testing::Intercepted;
use pierhead_tests::{Inside, InsideOptions, Server, ServerOptions, Unfenced};
use scene::{Ground, Scene};
use ways::{Target, Way};

#[test]
fn with_a_token_from_before_the_very_next_request_is_refused() {
    let server = Server::start(ServerOptions::default());
    let ground = Ground::of(&server.host, &server.data());
    for (way, target) in every() {
        next::check(&Scene::new(&ground, way, target));
    }
}

#[test]
fn a_put_whose_last_byte_comes_after_the_permission_has_gone_commits_nothing() {
    let server = Server::start(ServerOptions::default());
    let ground = Ground::of(&server.host, &server.data());
    assert_eq!(what_is_committed(&ground), "");
}

/// The server inside the tests is no different; what the next test shows is the fence's doing.
#[test]
fn a_server_inside_the_tests_commits_nothing_either() {
    let server = Inside::start(InsideOptions::default());
    let ground = Ground::of(&server.host, &server.data());
    assert_eq!(what_is_committed(&ground), "");
}

#[test]
fn without_the_fences_compare_every_one_of_these_puts_is_committed() {
    let server = Inside::start(InsideOptions {
        between: |rows| Arc::new(Intercepted::new(rows, Unfenced)),
        ..InsideOptions::default()
    });
    let ground = Ground::of(&server.host, &server.data());
    for (way, target) in every() {
        for put in Put::EVERY {
            let outcome = held(&Scene::new(&ground, way, target), put);
            let committed = outcome.status == 201 && !outcome.changes.is_empty() && outcome.is_seen;
            assert!(committed, "{way:?} {target:?} {put:?}: {outcome:?}");
        }
    }
}

/// Every way to lose a permission, for something that exists and for a new name.
fn every() -> impl Iterator<Item = (Way, Target)> {
    let targets = |way: Way| [Target::New, Target::Existing].map(|target| (way, target));
    let all = Way::EVERY.into_iter().flat_map(targets);
    all.filter(|(way, target)| way.concerns(*target))
}

/// What of the PUTs is answered otherwise than by a refusal, changes the stores, or is seen later.
fn what_is_committed(ground: &Ground) -> String {
    let mut text = String::new();
    for (way, target) in every() {
        for put in Put::EVERY {
            let outcome = held(&Scene::new(ground, way, target), put);
            // Whoever was let in and then signed out is refused as somebody or as nobody.
            let refused = outcome.status == 403 || outcome.status == way.status();
            if !refused || !outcome.changes.is_empty() || outcome.is_seen {
                let _ = writeln!(text, "{way:?} {target:?} {put:?}: {outcome:?}");
            }
        }
    }
    text
}
