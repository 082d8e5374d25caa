//! Two writers on one upload session. A client whose line died comes back on another connection
//! while the server still holds the old one: what is committed is one client's bytes, whole.

use std::time::Duration;

use pierhead_model::ContentDigest;
use pierhead_tests::{ANA_PASSWORD, Api, LAB, Random, Raw, RawAnswer, Server, ServerOptions};

const NAME: &str = "syn101/zombie";

/// A server and a caller's token.
struct Ground {
    server: Server,
    api: Api,
    authorization: String,
}

/// One of the two clients: a connection with a body of known length under way.
struct Writer {
    raw: Raw,
    bytes: Vec<u8>,
    sent: usize,
}

impl Ground {
    fn new() -> Self {
        let options = ServerOptions {
            provision: Some(LAB.into()),
            ..Default::default()
        };
        let server = Server::start(options);
        let scopes = ["repository:syn101/zombie:pull,push"];
        let answer = Api::anonymous(&server.host).token("ana", ANA_PASSWORD, &scopes);
        let answer = answer.expect(200).json();
        let authorization = format!("Bearer {}", answer["token"].as_str().expect("a token"));
        let api = Api::login(&server.host, "ana", ANA_PASSWORD, &scopes);
        Self {
            server,
            api,
            authorization,
        }
    }

    fn session(&self) -> String {
        let path = format!("/v2/{NAME}/blobs/uploads/");
        self.api
            .send("POST", &path, &[], &[])
            .expect(202)
            .header("location")
            .to_owned()
    }

    /// Begins a request whose body will be these bytes.
    fn begin(&self, line: &str, range: Option<&str>, bytes: &[u8]) -> Writer {
        let length = bytes.len().to_string();
        let mut headers = vec![
            ("Authorization", self.authorization.as_str()),
            ("Content-Length", &length),
        ];
        headers.extend(range.map(|range| ("Content-Range", range)));
        let mut raw = Raw::connect(self.server.address()).expect("the server listens");
        raw.begin(line, &headers).expect("the server reads");
        Writer {
            raw,
            bytes: bytes.to_vec(),
            sent: 0,
        }
    }

    fn close(&self, location: &str, digest: ContentDigest) -> u16 {
        let line = format!("{location}?digest={digest}");
        self.api.send("PUT", &line, &[], &[]).status
    }

    /// How many bytes the session says it has.
    fn kept(&self, location: &str) -> usize {
        let status = self.api.send("GET", location, &[], &[]).expect(204);
        let last = status.header("range").strip_prefix("0-").expect("a range");
        let last: usize = last.parse().expect("a number");
        if last == 0 { 0 } else { last + 1 }
    }

    /// The blob of this digest: its own bytes or nothing.
    fn is_there(&self, bytes: &[u8]) -> bool {
        let digest = ContentDigest::sha256(bytes);
        let answer = self
            .api
            .send("GET", &format!("/v2/{NAME}/blobs/{digest}"), &[], &[]);
        assert!(matches!(answer.status, 200 | 404), "{}", answer.status);
        assert!(
            answer.status == 404 || answer.body == bytes,
            "other bytes under {digest}"
        );
        answer.status == 200
    }
}

impl Writer {
    /// Sends so many bytes more; whether somebody still took them.
    fn send(&mut self, count: usize) -> bool {
        let end = (self.sent + count).min(self.bytes.len());
        let sent = self.raw.send(&self.bytes[self.sent..end]).is_ok();
        self.sent = end;
        sent
    }

    /// Sends the rest and reads the answer; `None` when the connection was ended instead, which
    /// only a client that was told before would see.
    fn finish(mut self) -> Option<RawAnswer> {
        self.send(self.bytes.len());
        self.raw.answer(false).ok()
    }
}

/// Lets what was sent arrive; nothing that is asserted depends on how long it takes.
fn pause() {
    std::thread::sleep(Duration::from_millis(60));
}

#[track_caller]
fn assert_lost(answer: Option<&RawAnswer>) {
    let answer = answer.expect("the loser is answered");
    assert!(
        matches!(answer.status, 404 | 416),
        "{}: {}",
        answer.status,
        answer.text()
    );
    let code = answer.code();
    let codes = [
        "BLOB_UPLOAD_UNKNOWN",
        "BLOB_UPLOAD_INVALID",
        "RANGE_INVALID",
    ];
    assert!(codes.contains(&code.as_str()), "{}", answer.text());
}

#[test]
fn a_client_that_comes_back_goes_on_and_its_old_connection_changes_nothing() {
    let ground = Ground::new();
    let bytes = Random::new(1).bytes(3 << 20);
    let location = ground.session();
    let mut old = ground.begin(&format!("PATCH {location}"), None, &bytes);
    old.send(2 << 20);
    pause();
    let kept = ground.kept(&location);
    assert!(kept <= 2 << 20, "more is kept than was sent");

    // Without a `Content-Range` the newer request goes on where the session truly is; here it asks
    // first, as clients that resume do.
    let rest = &bytes[kept..];
    let range = format!("{kept}-{}", bytes.len() - 1);
    let mut new = ground.begin(&format!("PATCH {location}"), Some(&range), rest);
    new.send(rest.len() / 2);
    pause();
    old.send(4096);
    let answer = new.finish().expect("an answer");
    if answer.status == 416 {
        // More of the old connection's bytes had been kept by the time it was taken over.
        let last: usize = answer.header("range")[2..].parse().expect("a number");
        let rest = &bytes[last + 1..];
        let range = format!("{}-{}", last + 1, bytes.len() - 1);
        let new = ground.begin(&format!("PATCH {location}"), Some(&range), rest);
        assert_eq!(new.finish().expect("an answer").status, 202);
    } else {
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    assert_lost(old.finish().as_ref());
    assert_eq!(ground.close(&location, ContentDigest::sha256(&bytes)), 201);
    assert!(ground.is_there(&bytes));
}

#[test]
fn a_newer_patch_wins_over_one_that_sent_nothing_yet() {
    let ground = Ground::new();
    let (a, b) = (Random::new(2).bytes(500_000), Random::new(3).bytes(700_000));
    for range in [None, Some(format!("0-{}", b.len() - 1))] {
        let location = ground.session();
        let line = format!("PATCH {location}");
        let mut old = ground.begin(&line, None, &a);
        pause();
        let mut new = ground.begin(&line, range.as_deref(), &b);
        new.send(b.len() / 2);
        pause();
        old.send(a.len() / 2);
        pause();
        let answer = new.finish().expect("an answer");
        assert_eq!(answer.status, 202, "{range:?}: {}", answer.text());
        assert_lost(old.finish().as_ref());
        assert_eq!(
            ground.close(&location, ContentDigest::sha256(&b)),
            201,
            "{range:?}"
        );
        assert!(ground.is_there(&b) && !ground.is_there(&a));
    }
}

#[test]
fn a_newer_closing_put_wins_over_a_patch_that_sent_nothing_yet() {
    let ground = Ground::new();
    let (a, b) = (Random::new(4).bytes(500_000), Random::new(5).bytes(700_000));
    let location = ground.session();
    let mut old = ground.begin(&format!("PATCH {location}"), None, &a);
    pause();
    let line = format!("PUT {location}?digest={}", ContentDigest::sha256(&b));
    let mut new = ground.begin(&line, None, &b);
    new.send(b.len() / 3);
    pause();
    old.send(a.len() / 2);
    assert_eq!(new.finish().expect("an answer").status, 201);
    assert_lost(old.finish().as_ref());
    assert!(ground.is_there(&b) && !ground.is_there(&a));
    assert_eq!(ground.api.send("GET", &location, &[], &[]).status, 404);
}

#[test]
fn a_range_that_pretends_nothing_came_before_is_refused_with_the_true_one() {
    let ground = Ground::new();
    let (a, b) = (Random::new(6).bytes(400_000), Random::new(7).bytes(400_000));
    let location = ground.session();
    let first = ground
        .begin(&format!("PATCH {location}"), None, &a)
        .finish();
    assert_eq!(first.expect("an answer").status, 202);
    let range = format!("0-{}", b.len() - 1);
    let line = format!("PUT {location}?digest={}", ContentDigest::sha256(&b));
    let answer = ground
        .begin(&line, Some(&range), &b)
        .finish()
        .expect("an answer");
    assert_eq!(answer.status, 416, "{}", answer.text());
    assert_eq!(answer.header("range"), format!("0-{}", a.len() - 1));
    assert_eq!(ground.close(&location, ContentDigest::sha256(&a)), 201);
    assert!(ground.is_there(&a) && !ground.is_there(&b));
}

/// Whatever the order in which the pieces of two bodies arrive, and whether they say where they
/// belong: nothing but one client's whole bytes is ever committed, and nobody is told otherwise.
#[test]
fn interleaved_bodies_never_mix() {
    let ground = Ground::new();
    let mut outcomes = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..24_u64 {
        let mut random = Random::new(1000 + seed);
        let bodies = [0, 1].map(|_| {
            let length = 20_000 + random.below(300_000);
            random.bytes(length)
        });
        let digests = bodies.each_ref().map(|bytes| ContentDigest::sha256(bytes));
        let location = ground.session();
        let mut writers = [0, 1].map(|index| {
            let bytes = &bodies[index];
            let range = format!("0-{}", bytes.len() - 1);
            let range = (random.below(2) == 0).then_some(range);
            let line = if random.below(2) == 0 {
                format!("PATCH {location}")
            } else {
                format!("PUT {location}?digest={}", digests[index])
            };
            let put = line.starts_with("PUT");
            let writer = ground.begin(&line, range.as_deref(), bytes);
            if random.below(2) == 0 {
                pause();
            }
            (writer, put)
        });
        for _ in 0..10 {
            let (writer, _) = &mut writers[random.below(2)];
            let count = 1 + random.below(60_000);
            writer.send(count);
            if random.below(3) == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let [(first, first_put), (second, second_put)] = writers;
        let answers = [first.finish(), second.finish()];
        let mut told = [false, false];
        let mut words = Vec::new();
        for (index, (answer, put)) in answers.iter().zip([first_put, second_put]).enumerate() {
            let status = answer.as_ref().expect("each is answered").status;
            words.push(format!("{}{status}", if put { "put" } else { "patch" }));
            match status {
                201 if put => told[index] = true,
                202 if !put => {}
                // Two bodies one after the other have neither's digest.
                400 if put => {}
                404 | 416 => {}
                _ => panic!("seed {seed}: {}", answer.as_ref().expect("answered").text()),
            }
        }
        // Whoever was not refused tries to have it.
        for index in [0, 1] {
            let status = ground.close(&location, digests[index]);
            assert!(
                matches!(status, 201 | 400 | 404 | 416),
                "seed {seed}: {status}"
            );
            told[index] |= status == 201;
        }
        assert!(
            !(told[0] && told[1]),
            "seed {seed}: one session was committed twice"
        );
        for index in [0, 1] {
            assert_eq!(ground.is_there(&bodies[index]), told[index], "seed {seed}");
        }
        words.sort();
        words.push(if told[0] || told[1] {
            "one".into()
        } else {
            "none".into()
        });
        *outcomes.entry(words.join(" ")).or_default() += 1;
    }
    println!("{outcomes:?}");
    let committed = outcomes.iter().filter(|(words, _)| words.ends_with("one"));
    assert!(
        committed.count() > 0,
        "no order at all let anybody win: {outcomes:?}"
    );
}
