//! Whole requests at the service, over stores in memory.
//!
//! An input is a few requests as text (`script` has its grammar), asked one after another of one
//! registry (`world`). Every answer is held against what the protocol knows (`answer`), what was
//! taken in is asked for again, and in the end the stores are (`state`).

mod answer;
mod script;
mod state;
mod world;

use http::Method;
use pierhead_http::Route;
use pierhead_model::{ContentDigest, Reference, RepositoryName};
use pierhead_registry::Caller;

use answer::Reply;
use script::{Sent, Step};
use world::World;

/// How many steps of an input are taken.
const MAX_STEPS: usize = 40;

/// What was acknowledged with 201.
pub(crate) struct Pushed {
    by: Caller,
    name: RepositoryName,
    digest: ContentDigest,
    is_manifest: bool,
}

/// No request upsets the service, whatever came before it, and what it acknowledges is so.
pub fn check(data: &[u8]) {
    let mut world = World::new();
    let mut past = script::Past::default();
    let mut pushed = Vec::new();
    for step in script::steps(data).take(MAX_STEPS) {
        match script::read(step, &past) {
            Some(Step::Ask(sent)) => {
                let Some(reply) = world.ask(&sent, None) else {
                    continue;
                };
                answer::check(&sent, &reply, world.was_down());
                if reply.status == 201 {
                    pushed.push(kept(&world, &sent, &reply));
                }
                past.note(&reply);
            }
            Some(Step::Wait(span)) => world.wait(span),
            Some(Step::Restart) => world.restart(),
            None => {}
        }
    }
    state::check(&world, &pushed);
}

/// What was acknowledged is there at once, for whoever pushed it, and is what was sent.
fn kept(world: &World, sent: &Sent, reply: &Reply) -> Pushed {
    let by = world.last_caller();
    let location = reply.header("location").expect("201 says where");
    let ask = |method| {
        let again = Sent::bare(method, location);
        let reply = world.ask(&again, Some(&by)).expect("a location is a path");
        answer::check(&again, &reply, false);
        assert_eq!(reply.status, 200, "{} {location}", again.method);
        reply
    };
    let (get, head) = (ask(Method::GET), ask(Method::HEAD));
    let digest = reply.digest().expect("201 says what");
    assert_eq!(ContentDigest::of(digest.algorithm(), &get.body), digest);
    for found in [&get, &head] {
        assert_eq!(found.digest(), Some(digest));
        assert_eq!(
            found.header("content-length"),
            Some(&*get.body.len().to_string())
        );
    }
    let (name, is_manifest) = match Route::parse(location) {
        Ok(Route::Blob { name, .. }) => (name, false),
        Ok(Route::Manifest { name, reference }) => {
            assert_eq!(reference, Reference::Digest(digest));
            assert_eq!(get.body, sent.body, "a manifest is served as it came");
            (name, true)
        }
        other => panic!("{location} is {other:?}"),
    };
    Pushed {
        by,
        name,
        digest,
        is_manifest,
    }
}
