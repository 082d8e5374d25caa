//! `kill -9` in the middle of pushes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pierhead_tests::{ANA_PASSWORD, Api, LAB, Random, Raw, Server, ServerOptions};

use super::ledger::Ledger;
use super::push::{Image, Moment, Pusher, Session, Trigger};

/// Repositories that the rounds go through: the first push to each makes it.
const REPOSITORIES: usize = 5;

/// A closing request counts when the signal left within this time of its last byte or its answer.
const CLOSE: Duration = Duration::from_millis(20);

/// What the rounds were, for the report.
#[derive(Debug, Default)]
struct Tally {
    bodies: usize,
    closings: usize,
    late: usize,
    closed_acknowledged: usize,
    resumed: usize,
    resumed_beyond_nothing: usize,
}

#[test]
fn what_was_acknowledged_outlives_kill_9() {
    let rounds = number("PIERHEAD_KILLS", 10);
    let seed = u64::try_from(number("PIERHEAD_SEED", 20_261_123)).unwrap_or_default();
    println!("{rounds} rounds of kill -9; PIERHEAD_SEED={seed}");
    let begun = Instant::now();
    let mut server = Server::start(ServerOptions {
        provision: Some(LAB.into()),
        ..ServerOptions::default()
    });
    let ledger = Mutex::new(Ledger::default());
    let mut tally = Tally::default();
    for round in 0..rounds {
        let mut random = Random::new(seed.wrapping_add(round as u64));
        let name = format!("syn101/r{}", round % REPOSITORIES);
        let image = Image::new(&mut random, name, format!("t{round}"));
        let part = random.below(image.parts());
        // Both kinds in turn, so that each has its half.
        let (moment, wait) = if round % 2 == 0 {
            let at = 1 + random.below(image.length(part) - 1);
            (Moment::Body { part, at }, random.below(5_000))
        } else {
            let answered = random.below(3) == 0;
            let longest = if answered { 4_000 } else { 16_000 };
            (Moment::Closing { part, answered }, random.below(longest))
        };
        let wait = Duration::from_micros(wait as u64);
        let (token, _) = login(&server);
        let session = killed_at(
            &mut server,
            &token,
            &image,
            moment,
            wait,
            &ledger,
            &mut tally,
        );

        server = server.again();
        let (token, api) = login(&server);
        let found = ledger.lock().expect("no pusher panicked").check(&api);
        println!("round {round}: {moment:?} + {wait:?}: {found:?}");

        if let Some(session) = session {
            resume(&server, &token, &image, &session, &mut tally);
        }
        let pusher = Pusher {
            address: server.address(),
            token: &token,
            trigger: None,
        };
        pusher
            .push(&image, &|part| enter(&ledger, &image, part))
            .unwrap_or_else(|error| panic!("round {round}: the repeated push: {error}"));
    }
    let (_, api) = login(&server);
    let found = ledger.lock().expect("no pusher panicked").check(&api);
    println!("{tally:?}; at the end {found:?}; {:?}", begun.elapsed());
    // At least 15 of 50, and as many in proportion.
    let least = (rounds * 3).div_euclid(10);
    assert!(
        tally.bodies >= least,
        "only {} kills fell into a body",
        tally.bodies
    );
    assert!(
        tally.closings >= least,
        "only {} kills fell on a closing request",
        tally.closings
    );
}

#[test]
fn the_check_notices_a_blob_that_is_lost_and_one_that_is_changed() {
    let mut server = Server::start(ServerOptions {
        provision: Some(LAB.into()),
        ..ServerOptions::default()
    });
    let ledger = Mutex::new(Ledger::default());
    let image = Image::new(&mut Random::new(1), "syn101/r0".into(), "t".into());
    let (token, api) = login(&server);
    let pusher = Pusher {
        address: server.address(),
        token: &token,
        trigger: None,
    };
    pusher
        .push(&image, &|part| enter(&ledger, &image, part))
        .expect("a push");
    let ledger = ledger.into_inner().expect("no pusher panicked");
    assert_eq!(ledger.check(&api).blobs, image.blobs.len());
    // A checker that knows of no acknowledgement still sees a manifest whose blob is not whole.
    let forgetful = Ledger::default();
    assert_eq!(forgetful.check(&api).blobs, image.blobs.len());

    let file = smallest_file(&server.data().join("blobs"));
    let mut bytes = std::fs::read(&file).expect("a blob's file");
    bytes[0] ^= 1;
    for change in [Some(bytes), None] {
        server.stop();
        match change {
            Some(bytes) => std::fs::write(&file, bytes).expect("a blob's file"),
            None => std::fs::remove_file(&file).expect("a blob's file"),
        }
        server = server.again();
        let (_, api) = login(&server);
        for ledger in [&ledger, &forgetful] {
            let look = std::panic::AssertUnwindSafe(|| ledger.check(&api));
            assert!(
                std::panic::catch_unwind(look).is_err(),
                "the damage went unnoticed"
            );
        }
    }
}

fn smallest_file(blobs: &std::path::Path) -> std::path::PathBuf {
    let shards = std::fs::read_dir(blobs).expect("the blobs").flatten();
    let files = shards
        .filter_map(|shard| std::fs::read_dir(shard.path()).ok())
        .flatten()
        .flatten();
    files
        .map(|file| file.path())
        .min_by_key(|path| std::fs::metadata(path).map_or(u64::MAX, |found| found.len()))
        .expect("a blob")
}

/// Pushes, and kills at the moment that was chosen.
fn killed_at(
    server: &mut Server,
    token: &str,
    image: &Image,
    moment: Moment,
    wait: Duration,
    ledger: &Mutex<Ledger>,
    tally: &mut Tally,
) -> Option<Session> {
    let (now, told) = mpsc::channel();
    let trigger = Trigger {
        moment,
        now,
        killed: AtomicBool::new(false),
        session: Mutex::default(),
    };
    let address = server.address();
    let pushed = thread::scope(|scope| {
        let pusher = Pusher {
            address,
            token,
            trigger: Some(&trigger),
        };
        let task = scope.spawn(move || pusher.push(image, &|part| enter(ledger, image, part)));
        let Ok(fired) = told.recv_timeout(Duration::from_secs(60)) else {
            trigger.killed.store(true, Ordering::Release);
            panic!("the push never came to {moment:?}: {:?}", task.join());
        };
        thread::sleep(wait.saturating_sub(fired.elapsed()));
        let elapsed = fired.elapsed();
        server.kill();
        trigger.killed.store(true, Ordering::Release);
        match moment {
            Moment::Body { .. } => tally.bodies += 1,
            Moment::Closing { .. } if elapsed <= CLOSE => tally.closings += 1,
            Moment::Closing { .. } => tally.late += 1,
        }
        task.join().expect("a pusher does not panic")
    });
    if let Moment::Closing { part, answered } = moment {
        let ledger = ledger.lock().expect("no pusher panicked");
        let name = image.name.clone();
        let known = match image.blobs.get(part) {
            Some(blob) => ledger.blobs.contains_key(&(name, blob.digest.to_string())),
            None => ledger.manifests.contains_key(&(name, image.tag.clone())),
        };
        tally.closed_acknowledged += usize::from(known);
        assert!(known || !answered, "an answer was not entered");
    } else {
        assert!(
            pushed.is_err(),
            "a push whose body was cut off cannot have ended well"
        );
    }
    trigger.session.into_inner().expect("no pusher panicked")
}

/// Goes on with an upload where the server says it is; what it kept is what was sent.
fn resume(server: &Server, token: &str, image: &Image, session: &Session, tally: &mut Tally) {
    let blob = &image.blobs[session.part];
    let authorization = format!("Bearer {token}");
    let bearer = ("Authorization", authorization.as_str());
    let mut raw = Raw::connect(server.address()).expect("the server listens");
    let location = &session.location;
    let status = raw
        .request(&format!("GET {location}"), &[bearer], &[])
        .expect("an answer");
    assert_eq!(
        status.status,
        204,
        "an upload that began is still known: {}",
        status.text()
    );
    let last: usize = status
        .header("range")
        .strip_prefix("0-")
        .and_then(|last| last.parse().ok())
        .unwrap_or_else(|| panic!("`{}` is no range", status.header("range")));
    // `0-0` says nothing or one byte.
    let at = if last == 0 { 0 } else { last + 1 };
    assert!(
        at <= session.sent,
        "{at} bytes are kept of {} that were sent",
        session.sent
    );
    tally.resumed += 1;
    tally.resumed_beyond_nothing += usize::from(at > 0);
    if at == 0 {
        return;
    }
    let rest = &blob.bytes[at..];
    let range = format!("{at}-{}", blob.bytes.len() - 1);
    let line = format!("PUT {location}?digest={}", blob.digest);
    let answer = raw.request(&line, &[bearer, ("Content-Range", &range)], rest);
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "a resumed upload: {}", answer.text());
}

/// Writes down what was acknowledged.
fn enter(ledger: &Mutex<Ledger>, image: &Image, part: usize) {
    let mut ledger = ledger.lock().expect("no pusher panicked");
    let name = image.name.clone();
    match image.blobs.get(part) {
        Some(blob) => {
            ledger
                .blobs
                .insert((name, blob.digest.to_string()), blob.bytes.clone());
        }
        None => {
            ledger
                .manifests
                .insert((name, image.tag.clone()), image.manifest.clone());
        }
    }
}

fn login(server: &Server) -> (String, Api) {
    let mut scopes = vec!["registry:catalog:*".to_owned()];
    scopes.extend((0..REPOSITORIES).map(|index| format!("repository:syn101/r{index}:pull,push")));
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let answer = Api::anonymous(&server.host)
        .token("ana", ANA_PASSWORD, &scopes)
        .expect(200);
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    (
        token,
        Api::login(&server.host, "ana", ANA_PASSWORD, &scopes),
    )
}

fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("`{variable}` must be a number")),
        Err(_) => default,
    }
}
