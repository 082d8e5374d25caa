//! A server that stops, or is killed, in the middle.

use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{ANA_PASSWORD, Api, Line, Random, Raw, Server};

use super::{Client, NAME, SIZE, assert_stored, file, owner, seed, server};

/// How often it is killed.
const KILLS: usize = 5;

/// The most that a kill may take, in bytes.
const LOSS: u64 = 8 << 20;

/// How long the line takes for 32 KiB: an upload takes some seconds.
const PACE: Duration = Duration::from_millis(1);

#[test]
fn a_stop_keeps_every_byte_that_had_arrived() {
    let mut random = Random::new(seed());
    let mut server = server();
    let bytes = random.bytes(SIZE);
    let api = owner(&server);
    let uploads = format!("/v2/{NAME}/blobs/uploads/");
    let begun = api.send("POST", &uploads, &[], &[]).expect(202);
    let location = begun.header("location");
    let mut at = 0;
    // With a stop each: the first bytes, some that fill no distance between two saves, many.
    for more in [
        2 + random.below(100_000),
        2 + random.below(8 << 20),
        2 + random.below(32 << 20),
    ] {
        let mut raw = Raw::connect(server.address()).expect("the server listens");
        let length = (SIZE - at).to_string();
        let bearer = token(&server);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Length", &length),
        ];
        raw.begin(&format!("PATCH {location}"), &headers)
            .expect("the server reads");
        raw.send(&bytes[at..at + more]).expect("the server reads");
        at += more;
        let end = Instant::now() + Duration::from_secs(60);
        let api = owner(&server);
        while kept(&api, location) < at {
            assert!(Instant::now() < end, "what was sent does not arrive");
            std::thread::sleep(Duration::from_millis(20));
        }
        server.stop();
        server = server.again();
        assert_eq!(kept(&owner(&server), location), at);
    }
    let digest = ContentDigest::sha256(&bytes);
    let close = format!("{location}?digest={digest}");
    owner(&server)
        .send("PUT", &close, &[], &bytes[at..])
        .expect(201);
    assert_stored(&server, &bytes);
}

#[test]
fn a_client_goes_on_after_a_stop_and_after_each_of_five_kills() {
    let mut random = Random::new(seed());
    let mut server = server();
    let (bytes, file) = file(&server, &mut random);
    let line = Line::paced(server.address(), PACE, []);
    let mut client = Client::start(&line.host, &file);
    let step = SIZE / (KILLS + 2);
    let mut lost_before = 0;
    for round in 0..=KILLS {
        let point = (round * step + 1 + random.below(step)) as u64;
        client.until("the point", |client| {
            client.places().len() > round && line.handed() >= point
        });
        let stops = round == KILLS;
        if stops {
            server.stop();
        } else {
            server.kill();
        }
        let handed = line.handed();
        server = server.again();
        client.until("a new start", |client| client.places().len() > round + 1);
        let place = client.places()[round + 1];
        // All that was handed over and is not there, of which some was lost before.
        let lost = (handed - place).saturating_sub(lost_before);
        lost_before += lost;
        println!(
            "{}: {handed} bytes handed over, goes on at {place}, lost {lost}",
            if stops { "stop" } else { "kill -9" }
        );
        let most = if stops { 1 << 20 } else { LOSS };
        assert!(lost <= most, "{lost} bytes were lost\n{}", client.said());
    }
    client.finish(&bytes);
    assert_stored(&server, &bytes);
}

fn token(server: &Server) -> String {
    let scope = format!("repository:{NAME}:pull,push");
    let answer = Api::anonymous(&server.host).token("ana", ANA_PASSWORD, &[&scope]);
    let answer = answer.expect(200).json();
    format!("Bearer {}", answer["token"].as_str().expect("a token"))
}

/// How many bytes the session has.
fn kept(api: &Api, location: &str) -> usize {
    let status = api.send("GET", location, &[], &[]).expect(204);
    let last = status.header("range").strip_prefix("0-").expect("a range");
    let last: usize = last.parse().expect("a number");
    if last == 0 { 0 } else { last + 1 }
}
