//! Backups in the middle of pushes, deletions and collections.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pierhead_tests::{Api, IMAGE_MANIFEST, Random, digest};
use serde_json::{Value, json};

use super::{backup, elsewhere, ended, folder, login, number, restore, server, verify};
use crate::durability::ledger::Ledger;

/// Collection as busy as it gets.
const CONFIG: &str = "[collector]\nevery = \"1s\"\nkeep = \"0s\"\ngrace = \"2s\"\n";

const PUSHERS: usize = 3;

/// Between whose times something happened.
#[derive(Debug)]
struct Life {
    manifest: Arc<Vec<u8>>,
    acknowledged: Instant,
    /// When its deletion was asked for, and when that was acknowledged.
    ended: Option<(Instant, Option<Instant>)>,
}

type Lives = Mutex<BTreeMap<(String, String), Life>>;

#[test]
fn what_was_acknowledged_before_a_backup_began_is_in_it_and_all_that_is_in_it_is_whole() {
    let backups = number("PIERHEAD_BACKUPS", 3);
    let source = server(CONFIG);
    let names: Vec<String> = (0..PUSHERS)
        .map(|index| format!("syn101/p{index}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lives = Lives::default();
    let stop = AtomicBool::new(false);
    let scratch = folder();
    let to = scratch.path().join("backup");
    let mut most = 0;
    thread::scope(|scope| {
        for (index, name) in names.iter().enumerate() {
            let (lives, stop) = (&lives, &stop);
            let api = login(&source, &[name]);
            scope.spawn(move || pusher(&api, name, index as u64, lives, stop));
        }
        let _stopped = Stop(&stop);
        for round in 0..backups {
            thread::sleep(Duration::from_millis(1_500));
            let began = Instant::now();
            let said = backup(&source.data(), &to).ok();
            let done = Instant::now();
            print!("{said}");
            let files = super::walk(&to.join("blobs"));
            let files = files.iter().filter(|path| path.is_file()).count();
            let counted = format!("in {files} blobs");
            assert!(said.contains(&counted), "not `{counted}`: {said}");
            // Nothing that comes or goes meanwhile is taken for damage.
            print!("{}", verify("--data", &source.data()).ok());
            let (required, refused) = expected(&lives, began, done);
            most = most.max(required.len());
            let new = folder();
            restore(&to, &new.path().join("data")).ok();
            let restored = elsewhere(new);
            let api = login(&restored, &names);
            let ledger = Ledger {
                manifests: required,
                ..Ledger::default()
            };
            let seen = ledger.check(&api);
            println!(
                "round {round}: {} required: {seen:?}",
                ledger.manifests.len()
            );
            for (name, tag) in refused {
                let path = format!("/v2/{name}/manifests/{tag}");
                assert_eq!(api.send("GET", &path, &[], &[]).status, 404, "{name}:{tag}");
            }
        }
    });
    assert!(most > 20, "the load was no load: {most} manifests");
    assert!(source.log().contains("collected"), "nothing was collected");
}

/// What has to be in a backup that ran between these times, and what must not.
#[allow(clippy::type_complexity)]
fn expected(
    lives: &Lives,
    began: Instant,
    done: Instant,
) -> (
    BTreeMap<(String, String), Arc<Vec<u8>>>,
    Vec<(String, String)>,
) {
    let (mut required, mut refused) = (BTreeMap::new(), Vec::new());
    for (key, life) in &*lives.lock().expect("no pusher panicked") {
        match life.ended {
            Some((_, Some(gone))) if gone < began => refused.push(key.clone()),
            Some((asked, _)) if asked < done => {}
            _ if life.acknowledged < began => {
                required.insert(key.clone(), Arc::clone(&life.manifest));
            }
            _ => {}
        }
    }
    (required, refused)
}

/// Pushes images of a few layers, some of them shared, and deletes about every second again.
fn pusher(api: &Api, name: &str, seed: u64, lives: &Lives, stop: &AtomicBool) {
    let mut random = Random::new(seed);
    let base = random.bytes(3_000);
    let mut index = 0;
    let mut own: Vec<(String, String)> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        index += 1;
        let mut layers = vec![base.clone()];
        for _ in 0..=random.below(3) {
            let length = 1 + random.below(60_000);
            layers.push(random.bytes(length));
        }
        let Some((tag, manifest)) = push(api, name, index, &layers) else {
            continue;
        };
        let key = (name.to_owned(), tag);
        own.push((key.1.clone(), digest(&manifest)));
        let life = Life {
            manifest: Arc::new(manifest),
            acknowledged: Instant::now(),
            ended: None,
        };
        lives.lock().expect("nobody panicked").insert(key, life);
        if own.len() > 4 && random.below(2) == 0 {
            let (tag, digest) = own.swap_remove(random.below(own.len()));
            let end = |ended| {
                let mut lives = lives.lock().expect("nobody panicked");
                let life = lives.get_mut(&(name.to_owned(), tag.clone()));
                life.expect("it was pushed").ended = Some(ended);
            };
            let asked = Instant::now();
            end((asked, None));
            let path = format!("/v2/{name}/manifests/{digest}");
            api.send("DELETE", &path, &[], &[]).expect(202);
            end((asked, Some(Instant::now())));
        }
    }
}

/// Pushes an image; `None` when it took so long that a layer was collected before its manifest.
fn push(api: &Api, name: &str, index: usize, layers: &[Vec<u8>]) -> Option<(String, Vec<u8>)> {
    let mut descriptors: Vec<Value> = Vec::new();
    for layer in layers {
        let digest = digest(layer);
        api.push_blob(name, &digest, layer).expect(201);
        let kind = "application/vnd.oci.image.layer.v1.tar";
        descriptors.push(json!({ "mediaType": kind, "digest": digest, "size": layer.len() }));
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": descriptors[0],
        "layers": descriptors[1..],
    });
    let manifest = manifest.to_string().into_bytes();
    let tag = format!("t{index}");
    let kind = [("content-type", IMAGE_MANIFEST)];
    let path = format!("/v2/{name}/manifests/{tag}");
    let answer = api.send("PUT", &path, &kind, &manifest);
    (answer.status != 404).then(|| answer.expect(201));
    let there = api.send("HEAD", &path, &[], &[]).status == 200;
    there.then_some((tag, manifest))
}

/// Stops the pushers, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_collected_between_the_rows_and_the_bytes_makes_another_round() {
    use rustix::process::{Pid, Signal, kill_process};

    let source = server(CONFIG);
    let api = login(&source, &[super::NAME]);
    let mut images = super::push(&api, 7, 150);
    // Blobs are copied in the order of their digests.
    images.sort_by_key(pierhead_tests::Tiny::blob_digest);
    let scratch = folder();
    let to = scratch.path().join("backup");
    let data = source.data();
    let mut command = super::command(&[&"backup", &"--data", &data, &to]);
    // Held still right after the copy of the database, it sees a collection go by.
    let gone = thread::scope(|scope| {
        let running = scope.spawn(move || {
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().expect("the program starts")
        });
        let child = running.join().expect("it started");
        let pid = Pid::from_child(&child);
        let end = Instant::now() + Duration::from_secs(30);
        while !has_database(&to) {
            assert!(Instant::now() < end, "there is no copy of the database");
            thread::sleep(Duration::from_micros(200));
        }
        kill_process(pid, Signal::STOP).expect("it runs");
        let gone = images.split_off(100);
        for tiny in &gone {
            let path = format!("/v2/{}/manifests/{}", super::NAME, tiny.digest());
            api.send("DELETE", &path, &[], &[]).expect(202);
        }
        thread::sleep(Duration::from_secs(5));
        kill_process(pid, Signal::CONT).expect("it runs");
        let output = child.wait_with_output().expect("it is ours");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("collected while copying, looking again (1 of 5)"),
            "{said}"
        );
        gone
    });
    verify("--backup", &to).ok();
    let record = std::fs::read(to.join("backup.json")).expect("a record");
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    assert_eq!(record["blobs"], 100, "{} are gone", gone.len());
    let data = ended(&mut super::command(&[
        &"verify",
        &"--fast",
        &"--json",
        &"--data",
        &source.data(),
    ]));
    let data: Value = serde_json::from_str(&data.ok()).expect("JSON");
    assert_eq!(data["blobs"], 100);
}

fn has_database(to: &std::path::Path) -> bool {
    std::fs::read_dir(to).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|end| end == "db"))
    })
}
