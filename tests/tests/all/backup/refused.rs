//! Directories that are no place for a backup, or for a restore; full disks.

use std::fs;
use std::process::Command;

use pierhead_tests::{Tiny, binary};

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
    let refused = |data: &std::path::Path| {
        let said = backup(data, &at("tuesday")).refused(2);
        assert!(
            said.contains("has what this registry has never had"),
            "{said}"
        );
        let said = verify("--backup", &at("tuesday")).ok();
        assert!(said.contains("5 manifests"), "{said}");
    };
    refused(&new.path().join("data"));
    let restored = elsewhere(new);
    // Nor once more has been pushed than was lost.
    push(&login(&restored, &[NAME]), 3, 9);
    refused(&restored.data());
    backup(&restored.data(), &at("monday")).ok();
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
