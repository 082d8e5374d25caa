//! Directories that are no place for a backup, or for a restore; full disks.

use std::fs;
use std::path::Path;
use std::process::Command;

use pierhead_tests::{Tiny, binary, digest};
use rusqlite::Connection;
use serde_json::Value;

use super::{NAME, backup, elsewhere, ended, folder, login, push, restore, server, verify};

#[test]
fn a_directory_that_is_no_place_for_it_is_refused_with_words() {
    let source = server("");
    push(&login(&source, &[NAME]), 1, 1);
    let (data, scratch) = (source.data(), folder());
    let at = |name: &str| scratch.path().join(name);
    for (to, status, words) in [
        (data.join("backup"), 2, "are inside one another"),
        (data.clone(), 2, "are inside one another"),
        (source.folder().to_owned(), 2, "are inside one another"),
    ] {
        let said = backup(&data, &to).refused(status);
        assert!(said.contains(words), "{said}");
    }
    fs::create_dir(at("thesis")).unwrap();
    fs::write(at("thesis/thesis.tex"), "").unwrap();
    let said = backup(&data, &at("thesis")).refused(2);
    assert!(said.contains("something else than a backup"), "{said}");
    let said = backup(&at("nothing"), &at("backup")).refused(2);
    assert!(said.contains("there is no registry"), "{said}");
    assert!(!at("backup").exists(), "nothing was made");

    backup(&data, &at("backup")).ok();
    let lock = fs::File::open(at("backup/backup.lock")).unwrap();
    lock.lock().unwrap();
    for said in [
        backup(&data, &at("backup")).refused(1),
        restore(&at("backup"), &at("new")).refused(1),
        verify("--backup", &at("backup")).refused(1),
    ] {
        assert!(said.contains("wait until that is done"), "{said}");
    }
    drop(lock);
    // A disk that was not mounted looks like a new registry.
    let other = server("");
    let said = backup(&other.data(), &at("backup")).refused(2);
    assert!(said.contains("the backup of another registry"), "{said}");
    verify("--backup", &at("backup")).ok();

    let said = restore(&at("thesis"), &at("new")).refused(2);
    assert!(said.contains("is no backup"), "{said}");
    for full in ["thesis", "backup"] {
        let said = restore(&at("backup"), &at(full)).refused(2);
        assert!(said.contains("is not empty"), "{said}");
    }
    let serve: [&dyn AsRef<std::ffi::OsStr>; 3] = [&"serve", &"--data", &at("backup")];
    let said = ended(&mut super::command(&serve)).refused(2);
    assert!(
        said.contains("is a backup; type: pierhead restore"),
        "{said}"
    );
    let said = ended(&mut super::command(&[
        &"restore",
        &"--snapshot",
        &at("thesis/thesis.tex"),
        &"--data",
        &data,
    ]));
    let said = said.refused(1);
    assert!(said.contains("is in use by another server"), "{said}");
}

/// A backup refuses a registry without what only the backup has.
fn keeps_what_it_has(kept: &Path, what: &str, data: &Path) {
    let said = backup(data, kept).refused(2);
    assert!(
        said.contains("has what this registry has never had"),
        "{said}"
    );
    let said = verify("--backup", kept).ok();
    assert!(said.contains(what), "{said}");
}

#[test]
fn a_registry_that_went_back_does_not_replace_the_backup_of_what_it_has_lost() {
    let source = server("");
    let api = login(&source, &[NAME]);
    push(&api, 1, 2);
    let scratch = folder();
    let at = |name: &str| scratch.path().join(name);
    backup(&source.data(), &at("monday")).ok();
    push(&api, 2, 3);
    backup(&source.data(), &at("tuesday")).ok();
    drop(source);
    let new = folder();
    restore(&at("monday"), &new.path().join("data")).ok();
    keeps_what_it_has(&at("tuesday"), "5 manifests", &new.path().join("data"));
    let restored = elsewhere(new);
    // Nor once more has been pushed than was lost.
    push(&login(&restored, &[NAME]), 3, 9);
    keeps_what_it_has(&at("tuesday"), "5 manifests", &restored.data());
    backup(&restored.data(), &at("monday")).ok();
}

#[test]
fn what_was_pushed_without_a_tag_is_missed_by_a_registry_that_went_back() {
    let source = server("");
    let api = login(&source, &[NAME]);
    push(&api, 1, 2);
    let scratch = folder();
    let at = |name: &str| scratch.path().join(name);
    backup(&source.data(), &at("monday")).ok();
    let only = Tiny::of("has no tag");
    only.push(&api, NAME, &only.digest()).expect(201);
    backup(&source.data(), &at("tuesday")).ok();
    restore(&at("monday"), &at("data")).ok();
    keeps_what_it_has(&at("tuesday"), "3 manifests", &at("data"));
    backup(&source.data(), &at("tuesday")).ok();
}

#[test]
fn a_backup_that_only_a_newer_program_can_read_is_left_alone() {
    let source = server("");
    push(&login(&source, &[NAME]), 1, 1);
    let (data, scratch) = (source.data(), folder());
    let to = scratch.path().join("backup");
    backup(&data, &to).ok();
    let record = to.join("backup.json");
    let mut told: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    let database = to.join(told["database"].as_str().expect("a name"));
    let newer = Connection::open(&database).unwrap();
    newer.pragma_update(None, "user_version", 1_000).unwrap();
    newer.close().unwrap();
    let bytes = fs::read(&database).unwrap();
    told["database_digest"] = digest(&bytes).into();
    fs::write(&record, told.to_string()).unwrap();
    let said = backup(&data, &to).refused(1);
    assert!(said.contains("this program cannot read it"), "{said}");
    assert_eq!(fs::read(&database).unwrap(), bytes);
    // What is damaged is lost already.
    fs::write(&database, &bytes[..bytes.len() / 2]).unwrap();
    backup(&data, &to).ok();
}

#[test]
fn a_backup_whose_record_is_lost_is_known_by_its_database() {
    let (source, other) = (server(""), server(""));
    push(&login(&source, &[NAME]), 1, 1);
    let scratch = folder();
    let to = scratch.path().join("backup");
    backup(&source.data(), &to).ok();
    fs::remove_file(to.join("backup.json")).unwrap();
    let said = backup(&other.data(), &to).refused(2);
    assert!(said.contains("the backup of another registry"), "{said}");
    let said = backup(&source.data(), &to).ok();
    assert!(said.contains("0 copied (0 B), 1 there before"), "{said}");
}

#[test]
fn a_path_is_no_uri() {
    let source = server("");
    push(&login(&source, &[NAME]), 1, 1);
    let scratch = folder();
    for to in ["file:backup", "file:a?b", "new\nline", "%61 #"] {
        let data = source.data();
        let words: [&dyn AsRef<std::ffi::OsStr>; 4] = [&"backup", &"--data", &data, &to];
        ended(super::command(&words).current_dir(scratch.path())).ok();
        verify("--backup", &scratch.path().join(to)).ok();
    }
}

#[test]
fn a_backup_is_taken_though_nobody_can_be_told() {
    let source = server("");
    push(&login(&source, &[NAME]), 1, 1);
    let scratch = folder();
    let to = scratch.path().join("backup");
    let data = source.data();
    // On the disk of its data, which is worth a word.
    for (said, status) in [("2> /dev/full", 0), ("> /dev/full 2> /dev/full", 1)] {
        let script = format!("\"$1\" backup --data \"$2\" \"$3\" {said}");
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script, "sh"]).arg(binary("pierhead"));
        let done = ended(shell.args([&data, &to]));
        assert_eq!(done.status, Some(status), "{said}: {}", done.err);
        verify("--backup", &to).ok();
    }
}

#[test]
fn a_full_disk_leaves_the_last_backup_whole() {
    let mut source = server("");
    let api = login(&source, &[NAME]);
    push(&api, 1, 3);
    let scratch = folder();
    let small = scratch.path().join("small");
    backup(&source.data(), &small).ok();
    let (early, late) = (scratch.path().join("early"), source.data());
    restore(&small, &early).ok();
    Tiny::of(vec![7; 8 << 20])
        .push(&api, NAME, "large")
        .expect(201);
    source.stop();
    // A disk of its own, which goes with the shell.
    let script = "mount -t tmpfs -o size=6m tmpfs \"$4\" && \"$1\" backup --data \"$2\" \"$4/to\" && \
         ! \"$1\" backup --data \"$3\" \"$4/to\" && \"$1\" verify --backup \"$4/to\" && \
         ! ls -R \"$4/to\" | grep partial && \
         ! \"$1\" restore \"$5\" --data \"$4/data\"";
    let (disk, large) = (scratch.path().join("disk"), scratch.path().join("large"));
    fs::create_dir(&disk).unwrap();
    backup(&late, &large).ok();
    let mut shell = Command::new("unshare");
    shell
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(binary("pierhead"));
    let said = ended(shell.args([&early, &late, &disk, &large]));
    let words = (said.out.clone() + &said.err).replace('\n', " ");
    said.ok();
    assert!(words.contains("no room is left where"), "{words}");
    assert!(words.contains("the last backup there is whole"), "{words}");
    assert!(
        words.contains("or name a directory on a larger disk"),
        "{words}"
    );
}
