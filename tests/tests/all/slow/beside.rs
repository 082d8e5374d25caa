//! Service beside 2,000 slow clients.

use std::time::{Duration, Instant};

use pierhead_tests::{Raw, Server, Tiny};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{BEGINNING, NAME, Slow, WAYS, kept, owner, server, upload};

const CLIENTS: usize = 2_000;

/// Requests of each measurement.
const REQUESTS: usize = 300;

/// How much slower service may be here, where other work runs on the same machine. Measured
/// without, it is below 2.
const SLOWER: f64 = 4.0;

/// The server's memory beside them, in KiB.
const MEMORY: usize = 100 << 10;

/// The median and the 99th of a hundred.
#[derive(Clone, Copy, Debug)]
struct Latency {
    median: Duration,
    p99: Duration,
}

#[test]
fn service_is_as_quick_beside_two_thousand_slow_clients_and_memory_stays_small() {
    raise_open_files();
    let rounds = std::env::var("PIERHEAD_SLOW_ROUNDS").map_or(5, |text| {
        text.parse()
            .expect("`PIERHEAD_SLOW_ROUNDS` must be a number")
    });
    let server = server(1024, 20_000, "");
    let (api, bearer) = owner(&server);
    Tiny::of("slow").push(&api, NAME, "v1").expect(201);
    let uploads: Vec<String> = (0..CLIENTS / WAYS.len()).map(|_| upload(&api)).collect();
    let mut raw = Raw::connect(server.address()).expect("the server listens");
    measure(&mut raw, &bearer);
    let before = memory(&server);

    let (mut medians, mut p99s, mut most, mut entries) = (vec![], vec![], 0, vec![]);
    for round in 0..rounds {
        let quiet = measure(&mut raw, &bearer);
        let alone = sockets(&server);
        let slow = Slow::start(server.address(), &WAYS, CLIENTS, &bearer, &uploads);
        wait("the slow clients are in", || {
            sockets(&server) >= alone + CLIENTS
        });
        // What comes at once has been dealt with; from here on they are slow.
        wait("their bodies have begun", || {
            kept(&api, &uploads[uploads.len() - 1]) >= (round + 1) * BEGINNING
        });
        let beside = measure(&mut raw, &bearer);
        most = most.max(memory(&server));
        let since = Instant::now();
        let mut newcomer = Raw::connect(server.address()).expect("the server listens");
        get(&mut newcomer, &bearer);
        entries.push(since.elapsed());
        drop((slow, newcomer));
        wait("the slow clients are gone", || sockets(&server) <= alone);
        println!("round {round}: {quiet:?} alone, {beside:?} beside {CLIENTS} slow clients");
        medians.push(beside.median.as_secs_f64() / quiet.median.as_secs_f64());
        p99s.push(beside.p99.as_secs_f64() / quiet.p99.as_secs_f64());
    }
    let (median, p99) = (middle(&mut medians), middle(&mut p99s));
    // Other work on this machine falls into some rounds; slow clients are there in each.
    let best = p99s[0];
    let entry = entries.into_iter().max().unwrap_or_default();
    println!(
        "the median is {median:.2} times as long, the 99th of a hundred {p99:.2} times \
         ({best:.2} in the best round); \
         a newcomer is answered within {entry:?}; memory {before} KiB, then {most} KiB, \
         {} bytes for each slow client",
        most.saturating_sub(before) * 1024 / CLIENTS
    );
    assert!(
        median < SLOWER && best < SLOWER,
        "{median:.2} and {best:.2} times as long"
    );
    assert!(
        entry < Duration::from_secs(5),
        "a newcomer waited for {entry:?}"
    );
    assert!(most < MEMORY, "{most} KiB");
}

fn measure(raw: &mut Raw, bearer: &str) -> Latency {
    let took = (0..REQUESTS).map(|_| {
        // Spread over what slow clients do in a second.
        std::thread::sleep(Duration::from_millis(3));
        let since = Instant::now();
        get(raw, bearer);
        since.elapsed()
    });
    let mut took: Vec<Duration> = took.collect();
    took.sort_unstable();
    Latency {
        median: took[REQUESTS / 2],
        p99: took[REQUESTS * 99 / 100],
    }
}

fn get(raw: &mut Raw, bearer: &str) {
    let line = format!("GET /v2/{NAME}/manifests/v1");
    let answer = raw.request(&line, &[("Authorization", bearer)], &[]);
    assert_eq!(answer.expect("an answer").status, 200);
}

fn middle(ratios: &mut [f64]) -> f64 {
    ratios.sort_unstable_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// What is resident, in KiB.
fn memory(server: &Server) -> usize {
    let path = format!("/proc/{}/status", server.pid());
    let status = std::fs::read_to_string(path).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number of KiB")
}

/// How many sockets the server has open. Uploads keep files open beyond their connections.
fn sockets(server: &Server) -> usize {
    let path = format!("/proc/{}/fd", server.pid());
    let files = std::fs::read_dir(path).expect("the server runs").flatten();
    let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    links
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count()
}

#[track_caller]
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This process has the other ends of all these connections.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("a limit that may be raised");
    let enough = limit.maximum.is_none_or(|files| files > 2 * CLIENTS as u64);
    assert!(enough, "this needs `ulimit -Hn` above {}", 2 * CLIENTS);
}
