//! `kill -9` of a backup, and of a restore.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use pierhead_tests::{Random, Server};

use super::{
    backup, command, elsewhere, folder, login, number, pulls, push, restore, server, verify,
};

/// Starts it, and kills it after a while; whether it was done before.
fn killed(command: &mut Command, after: Duration) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    thread::sleep(after);
    let done = child.try_wait().expect("it is ours").is_some();
    let _ = child.kill();
    let _ = child.wait();
    done
}

fn source() -> (Server, pierhead_tests::Api) {
    let source = server("");
    let api = login(&source, &[super::NAME]);
    (source, api)
}

#[test]
fn a_backup_that_is_killed_leaves_the_last_one_whole() {
    let rounds = number("PIERHEAD_BACKUPS", 6);
    let (source, api) = source();
    let first = push(&api, 1, 20);
    let scratch = folder();
    let to = scratch.path().join("backup");
    let data = source.data();
    // Before there is any, none can be restored.
    killed(
        &mut command(&[&"backup", &"--data", &data, &to]),
        Duration::from_millis(5),
    );
    if !to.join("backup.json").exists() {
        let said = restore(&to, &scratch.path().join("none")).refused(2);
        assert!(
            said.contains("was never finished") || said.contains("is no backup"),
            "{said}"
        );
    }
    backup(&source.data(), &to).ok();
    let mut random = Random::new(5);
    let mut broken_off = 0;
    for round in 0..rounds {
        push(&api, 100 + round as u64, 30);
        let after = Duration::from_millis(5 + random.below(60) as u64);
        let done = killed(&mut command(&[&"backup", &"--data", &data, &to]), after);
        broken_off += usize::from(!done);
        verify("--backup", &to).ok();
        let new = folder();
        restore(&to, &new.path().join("data")).ok();
        verify("--data", &new.path().join("data")).ok();
        if round == 0 {
            let restored = elsewhere(new);
            let tags = login(&restored, &[super::NAME]);
            let path = format!("/v2/{}/manifests/{}", super::NAME, first[19].digest());
            tags.send("GET", &path, &[], &[]).expect(200);
        }
    }
    assert!(
        broken_off * 2 >= rounds,
        "only {broken_off} of {rounds} were broken off"
    );
    backup(&source.data(), &to).ok();
    let left: Vec<_> = super::walk(&to)
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_restore_that_is_killed_is_no_registry_and_can_be_repeated() {
    let rounds = number("PIERHEAD_BACKUPS", 5);
    let (source, api) = source();
    let images = push(&api, 1, 60);
    let scratch = folder();
    let to = scratch.path().join("backup");
    backup(&source.data(), &to).ok();
    let mut random = Random::new(6);
    let mut broken_off = 0;
    for round in 0..rounds {
        let data = scratch.path().join(format!("data{round}"));
        let after = Duration::from_millis(10 + random.below(60) as u64);
        if killed(&mut command(&[&"restore", &to, &"--data", &data]), after) {
            continue;
        }
        if !data.join("restore-unfinished").exists() {
            // Killed before it began, or after it was done.
            continue;
        }
        broken_off += 1;
        let said = start(&data).refused(1);
        assert!(said.contains("was not finished"), "{said}");
        let said = restore(&to, &data).refused(2);
        assert!(said.contains("unfinished restore"), "{said}");
        let said = backup(&data, &scratch.path().join("other")).refused(2);
        assert!(said.contains("there is no registry"), "{said}");
    }
    assert!(broken_off > 0, "none of {rounds} was broken off");
    let new = folder();
    restore(&to, &new.path().join("data")).ok();
    let restored = elsewhere(new);
    pulls(&login(&restored, &[super::NAME]), &images);
}

fn start(data: &Path) -> super::Ended {
    super::ended(&mut command(&[
        &"serve",
        &"--listen",
        &"127.0.0.1:0",
        &"--data",
        &data,
    ]))
}
