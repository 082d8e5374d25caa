//! Damage of the database: what its copies do not show, and what bytes tell of lost rows.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use pierhead_tests::digest;
use rusqlite::Connection;
use serde_json::json;

use super::{NAME, backup, command, ended, folder, login, push, restore, server, verify};

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn change(data: &Path, sql: &str) {
    let database = Connection::open(data.join("metadata.db")).expect("a database");
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    database.close().expect("a database");
}

/// Takes the last row of a table that has one page, as a broken disk would: no index is told.
fn lose_a_row(data: &Path, table: &str) {
    let path = data.join("metadata.db");
    let database = Connection::open(&path).expect("a database");
    let of = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: u32 = database.query_row(of, [table], |row| row.get(0)).unwrap();
    let size: u32 = database
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .unwrap();
    database.close().expect("a database");
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let at = u64::from(page - 1) * u64::from(size);
    let mut header = [0; 5];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut header).unwrap();
    assert!([0x0a, 0x0d].contains(&header[0]), "one page, and no more");
    let rows = u16::from_be_bytes([header[3], header[4]]);
    file.seek(SeekFrom::Start(at + 3)).unwrap();
    file.write_all(&(rows - 1).to_be_bytes()).unwrap();
}

#[test]
fn rows_that_are_lost_without_a_trace_in_a_copy_do_not_cost_the_backup_that_has_them() {
    let mut source = server("");
    push(&login(&source, &[NAME]), 1, 3);
    source.stop();
    let (data, scratch) = (source.data(), folder());
    let at = |name: &str| scratch.path().join(name);
    backup(&data, &at("good")).ok();
    lose_a_row(&data, "repository");
    verify("--data", &data).refused(1);
    let said = backup(&data, &at("good")).refused(1);
    assert!(said.contains("it is as it was"), "{said}");
    verify("--backup", &at("good")).ok();
    // What is left is kept elsewhere, more than once, and nobody takes it for all there was.
    for _ in 0..2 {
        let said = backup(&data, &at("rest")).refused(1);
        assert!(said.contains("is finished, but"), "{said}");
    }
    for said in [
        verify("--backup", &at("rest")).refused(1),
        restore(&at("rest"), &at("new")).refused(1),
    ] {
        assert!(said.contains("was damaged when it was backed up"), "{said}");
    }
    assert!(!at("new/lock").exists(), "it is no registry");
}

#[test]
fn damaged_manifests_of_a_backup_are_not_restored_without_a_word() {
    let mut source = server("");
    push(&login(&source, &[NAME]), 1, 3);
    source.stop();
    let (data, scratch) = (source.data(), folder());
    let at = |name: &str| scratch.path().join(name);
    change(
        &data,
        "UPDATE manifest_body SET bytes = CAST(bytes || ' ' AS BLOB) WHERE rowid = 2",
    );
    backup(&data, &at("backup")).refused(1);
    let said = restore(&at("backup"), &at("new")).refused(1);
    for words in ["manifest damaged", NAME, "--incomplete"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!at("new/lock").exists(), "it is no registry");
    let words: [&dyn AsRef<std::ffi::OsStr>; 5] = [
        &"restore",
        &"--incomplete",
        &at("backup"),
        &"--data",
        &at("without"),
    ];
    ended(&mut command(&words)).ok();
}

#[test]
fn rows_that_are_lost_are_missed_by_the_manifests_that_need_them() {
    for (sql, words) in [
        (
            "DELETE FROM reference",
            "names what the database does not know",
        ),
        ("DELETE FROM link", "names a blob that is not there"),
        ("DELETE FROM repository", "of no repository"),
    ] {
        let mut source = server("");
        push(&login(&source, &[NAME]), 1, 2);
        source.stop();
        verify("--data", &source.data()).ok();
        change(&source.data(), sql);
        let said = verify("--data", &source.data()).refused(1);
        assert!(said.contains(words), "{sql}: {said}");
    }
}

#[test]
fn a_layer_that_need_not_be_there_is_no_damage() {
    let source = server("");
    let api = login(&source, &[NAME]);
    let config = b"a configuration";
    api.push_blob(NAME, &digest(config), config).expect(201);
    let descriptor = |kind: &str, digest: &str, size: usize| json!({ "mediaType": kind, "digest": digest, "size": size });
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": descriptor(
            "application/vnd.docker.container.image.v1+json", &digest(config), config.len()
        ),
        "layers": [descriptor(foreign, &digest(b"elsewhere"), 9)],
    });
    let path = format!("/v2/{NAME}/manifests/windows");
    let kind = [("content-type", DOCKER_MANIFEST)];
    let manifest = manifest.to_string();
    api.send("PUT", &path, &kind, manifest.as_bytes())
        .expect(201);
    let said = verify("--data", &source.data()).ok();
    assert!(
        said.contains("1 reference of manifests to what is not there"),
        "{said}"
    );
    let scratch = folder();
    let to = scratch.path().join("backup");
    backup(&source.data(), &to).ok();
    verify("--backup", &to).ok();
}
