//! What is damaged is found, and named by repository and tag.

use std::fs;
use std::path::{Path, PathBuf};

use pierhead_tests::{Server, Tiny};
use rusqlite::Connection;
use serde_json::Value;

use super::{NAME, backup, command, ended, folder, login, pulls, push, restore, server, verify};

/// The file of a blob.
fn file(data: &Path, tiny: &Tiny) -> PathBuf {
    let found = super::walk(&data.join("blobs")).into_iter();
    let mut found = found.filter(|path| path.is_file() && fs::read(path).unwrap() == tiny.blob);
    found.next().expect("the blob has a file")
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[1_000] ^= 1;
    fs::write(path, bytes).expect("a file");
}

fn damage_manifest(data: &Path, tiny: &Tiny) {
    let database = Connection::open(data.join("metadata.db")).expect("a database");
    let changed = database.execute(
        "UPDATE manifest_body SET bytes = CAST(bytes || ' ' AS BLOB) WHERE bytes = ?1",
        [tiny.manifest.as_bytes()],
    );
    assert_eq!(changed.expect("a row"), 1);
    database.close().expect("a database");
}

fn stopped() -> (Server, Vec<Tiny>) {
    let mut source = server("");
    let images = push(&login(&source, &[NAME]), 1, 5);
    source.stop();
    (source, images)
}

#[test]
fn every_damage_is_found_and_named() {
    let (source, images) = stopped();
    let data = source.data();
    let said = verify("--data", &data).ok();
    assert!(
        said.starts_with("whole: 9.7 KiB in 5 blobs, 5 manifests"),
        "{said}"
    );
    let stray = data.join("blobs/ab").join(format!("ab{}", "0".repeat(30)));
    fs::write(&stray, "nobody's").expect("a file");
    flip(&file(&data, &images[0]));
    let cut = file(&data, &images[1]);
    fs::File::options()
        .write(true)
        .open(cut)
        .unwrap()
        .set_len(7)
        .unwrap();
    fs::remove_file(file(&data, &images[2])).expect("a file");
    damage_manifest(&data, &images[3]);
    // What cannot be opened is damage of one, and the others are looked at all the same.
    let unreadable = file(&data, &images[4]);
    fs::remove_file(&unreadable).expect("a file");
    std::os::unix::fs::symlink("elsewhere", &unreadable).expect("a file");

    let said = verify("--data", &data).refused(1);
    for (index, what) in [
        (0, "blob damaged"),
        (1, "blob of wrong length"),
        (2, "blob missing"),
        (3, "manifest damaged"),
        (4, "blob unreadable"),
    ] {
        let line = said.lines().find(|line| line.starts_with(what));
        let line = line.unwrap_or_else(|| panic!("no `{what}`:\n{said}"));
        let digest = if index == 3 {
            images[3].digest()
        } else {
            images[index].blob_digest()
        };
        for word in [&digest[..19], NAME, &format!("v{index}")] {
            assert!(line.contains(word), "`{word}` is not in: {line}");
        }
    }
    assert!(said.contains("DAMAGED"), "{said}");
    assert!(said.contains("2 files (17 B) that nothing names"), "{said}");
    let json = ended(&mut command(&[&"verify", &"--json", &"--data", &data])).refused(1);
    let (json, _) = json.split_once("pierhead:").expect("a last word");
    let json: Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(
        (&json["whole"], &json["damaged"]),
        (&false.into(), &5.into())
    );
    assert_eq!(json["damage"].as_array().expect("a list").len(), 5);
    let found = json["damage"].as_array().expect("a list").iter();
    let mut found = found.filter(|it| it["affected"][NAME] == Value::from(vec!["v2"]));
    assert_eq!(found.next().expect("it is named")["what"], "blob missing");
    let stray_path = stray.strip_prefix(&data).unwrap().to_str().unwrap();
    let paths = json["orphans"]["paths"].as_array().expect("a list");
    assert!(paths.contains(&stray_path.into()), "{paths:?}");
    // Lengths alone do not tell of the changed byte.
    let said = ended(&mut command(&[&"verify", &"--fast", &"--data", &data])).refused(1);
    assert!(
        !said.contains("blob damaged") && said.contains("blob missing"),
        "{said}"
    );
    assert!(stray.exists(), "it tells, and removes nothing");
}

#[test]
fn what_is_damaged_is_not_backed_up_and_a_good_backup_of_it_stays() {
    let (source, images) = stopped();
    let (data, scratch) = (source.data(), folder());
    let to = scratch.path().join("backup");
    flip(&file(&data, &images[0]));
    let said = backup(&data, &to).refused(1);
    for words in [
        NAME,
        "v0",
        "the backup in",
        "is finished, but 1 thing is lost or damaged",
    ] {
        assert!(said.contains(words), "{said}");
    }
    verify("--backup", &to).refused(1);
    let other = scratch.path().join("data");
    let said = restore(&to, &other).refused(1);
    assert!(
        said.contains("--incomplete") && said.contains("v0"),
        "{said}"
    );
    assert!(!other.join("lock").exists(), "it is no registry");
    let other = scratch.path().join("data2");
    ended(&mut command(&[
        &"restore",
        &"--incomplete",
        &to,
        &"--data",
        &other,
    ]))
    .ok();

    // Mended, backed up, and damaged after that: the backup has it still.
    flip(&file_again(&data, &images[0]));
    backup(&data, &to).ok();
    let lost = file(&data, &images[0]);
    fs::remove_file(&lost).expect("a file");
    backup(&data, &to).ok();
    verify("--backup", &to).ok();
    // Its file there is its file here.
    verify("--data", &data).refused(1);
    let kept = to.join(lost.strip_prefix(&data).expect("it is below"));
    fs::copy(kept, &lost).expect("a file");
    verify("--data", &data).ok();

    // Damage of the backup itself.
    let rotten = file(&to, &images[1]);
    flip(&rotten);
    let said = verify("--backup", &to).refused(1);
    assert!(said.contains("v1"), "{said}");
    let said = restore(&to, &scratch.path().join("data3")).refused(1);
    assert!(said.contains("v1") && !said.contains("v0"), "{said}");
    flip(&rotten);
    let database = super::walk(&to)
        .into_iter()
        .find(|path| path.extension().is_some_and(|it| it == "db"));
    let database = database.expect("a database");
    let mut bytes = fs::read(&database).expect("a database");
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    fs::write(&database, bytes).expect("a database");
    let said = restore(&to, &scratch.path().join("data4")).refused(1);
    assert!(said.contains("is damaged"), "{said}");
}

#[test]
fn damaged_rows_do_not_take_the_place_of_good_ones_and_are_mended_by_another_push() {
    let (source, images) = stopped();
    let (data, scratch) = (source.data(), folder());
    let to = scratch.path().join("backup");
    backup(&data, &to).ok();
    damage_manifest(&data, &images[0]);
    let said = backup(&data, &to).refused(1);
    for words in ["manifest damaged", "v0", "it is as it was"] {
        assert!(said.contains(words), "{said}");
    }
    verify("--backup", &to).ok();
    // Elsewhere what is left is backed up, and again: nothing good is lost there.
    let other = scratch.path().join("other");
    for _ in 0..2 {
        let said = backup(&data, &other).refused(1);
        assert!(said.contains("is finished, but 1 thing is"), "{said}");
    }
    let mut source = source.again();
    images[0]
        .push(&login(&source, &[NAME]), NAME, "v0")
        .expect(201);
    source.stop();
    verify("--data", &data).ok();
    backup(&data, &to).ok();
}

#[test]
fn a_lost_blob_is_whole_again_once_it_is_pushed_again() {
    let (source, images) = stopped();
    let data = source.data();
    fs::remove_file(file(&data, &images[0])).expect("a file");
    let short = fs::File::options()
        .write(true)
        .open(file(&data, &images[1]));
    short.expect("a file").set_len(7).expect("a file");
    let mut source = source.again();
    let api = login(&source, &[NAME]);
    for (index, tiny) in images.iter().enumerate() {
        let path = format!("/v2/{NAME}/blobs/{}", tiny.blob_digest());
        let expected = if index < 2 { 404 } else { 200 };
        api.send("HEAD", &path, &[], &[]).expect(expected);
        tiny.push(&api, NAME, &format!("v{index}")).expect(201);
        api.send("HEAD", &path, &[], &[]).expect(200);
    }
    pulls(&api, &images);
    source.stop();
    verify("--data", &data).ok();
}

/// The file of a blob whose one byte is another.
fn file_again(data: &Path, tiny: &Tiny) -> PathBuf {
    let mut blob = tiny.blob.clone();
    blob[1_000] ^= 1;
    file(
        data,
        &Tiny {
            blob,
            ..tiny.clone()
        },
    )
}
