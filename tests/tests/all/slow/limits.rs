//! What ends slow clients, and who gets in beside them.

use std::io::Write as _;
use std::time::{Duration, Instant};

use pierhead_tests::{Api, Raw};

use super::{BEGINNING, Slow, WAYS, Way, kept, owner, server, upload};

/// Long enough for any machine, and shorter than the limits that are not set here.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn every_slow_client_ends_by_a_limit_and_what_its_body_brought_is_kept() {
    let config = "[limits]\nheader_timeout = \"2s\"\nbody_idle_timeout = \"3s\"\n";
    let server = server(1024, 20_000, config);
    let (api, bearer) = owner(&server);
    let uploads = [(); 5].map(|()| upload(&api));
    let slow = Slow::start(server.address(), &WAYS, 20, &bearer, &uploads);
    for (way, heard) in slow.ended(SOON) {
        let status = heard.get(9..12).unwrap_or_default();
        assert_eq!(
            status == "408",
            way == Way::Body || !heard.is_empty(),
            "{way:?}: {heard}"
        );
    }
    // Nobody said that these had gone: they fell silent.
    for location in &uploads {
        assert_eq!(kept(&api, location), BEGINNING);
    }
}

#[test]
fn whoever_comes_when_every_place_is_taken_is_given_that_of_a_client_without_a_request() {
    // Of 840 files, 640 are kept for other things, and each connection takes two.
    let mut server = server(840, 840, "");
    let log = server.log();
    assert!(log.contains("at most 100 connections at a time"), "{log}");

    let (api, bearer) = owner(&server);
    let location = upload(&api);
    let mut under_way = Raw::connect(server.address()).expect("the server listens");
    let headers = [("Authorization", &*bearer), ("Content-Length", "10")];
    under_way
        .begin(&format!("PATCH {location}"), &headers)
        .expect("the server reads");
    under_way.send(b"01234").expect("the server reads");

    let ways = [Way::Idle, Way::Line, Way::Header];
    let mut slow = Slow::start(server.address(), &ways, 300, &bearer, &[]);
    let since = Instant::now();
    for _ in 0..20 {
        let newcomer = Api::anonymous(&server.host).send("GET", "/v2/", &[], &[]);
        newcomer.expect(401);
    }
    let took = since.elapsed();
    assert!(took < SOON, "{took:?}");
    let log = server.log();
    assert!(log.contains("all 100 connections are in use"), "{log}");

    // What has a request under way gives way to nobody.
    under_way.send(b"56789").expect("the server reads");
    assert_eq!(under_way.answer(false).expect("an answer").status, 202);
    assert_eq!(kept(&api, &location), 10);

    // Nor do slow headers hold up a stop, which would wait for half a minute.
    let since = Instant::now();
    server.stop();
    let took = since.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    slow.stop();
    let clients = slow.clients.lock().expect("nobody panics with it");
    for (way, stream) in clients.iter() {
        let mut stream = stream;
        let gone = (0..2).any(|_| stream.write_all(b"a").is_err());
        assert!(gone || *way == Way::Idle, "{way:?}");
    }
}
