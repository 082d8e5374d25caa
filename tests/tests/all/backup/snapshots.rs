//! What the server keeps by itself, and coming back when only the database is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{NAME, backup, command, ended, folder, login, pulls, push, server, verify};

const CONFIG: &str = "[snapshot]\nevery = \"1s\"\nkeep = 2\n";

fn snapshots(data: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(data.join("snapshots"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "db"))
        .collect();
    found.sort();
    found
}

#[test]
fn a_lost_database_comes_back_from_the_last_snapshot() {
    let mut source = server(CONFIG);
    let api = login(&source, &[NAME]);
    let images = push(&api, 1, 4);
    let pushed = Instant::now();
    let data = source.data();
    let end = Instant::now() + Duration::from_secs(30);
    let log = loop {
        let log = source.log();
        if log.matches("took the snapshot").count() >= 4 && pushed.elapsed().as_secs() >= 3 {
            break log;
        }
        assert!(Instant::now() < end, "no snapshots were taken:\n{log}");
        thread::sleep(Duration::from_millis(50));
    };
    assert!(log.contains(" KiB) in "), "{log}");
    source.kill();
    let all = snapshots(&data);
    assert!((2..=3).contains(&all.len()), "two are kept: {all:?}");
    let newest = all.last().expect("a snapshot").clone();
    ended(&mut command(&[
        &"verify",
        &"--snapshot",
        &newest,
        &"--data",
        &data,
    ]))
    .ok();

    for loss in ["removed", "being restored", "overwritten"] {
        let database = data.join("metadata.db");
        match loss {
            "removed" => fs::remove_file(&database).unwrap(),
            // As a restore that was killed leaves it.
            "being restored" => {
                fs::write(data.join("restore-unfinished"), "").unwrap();
                fs::rename(&database, data.join("metadata.db.before-Z")).unwrap();
                fs::write(data.join("metadata.db.partial"), "half").unwrap();
            }
            _ => fs::write(&database, "x".repeat(100_000)).unwrap(),
        }
        let serve = ended(&mut command(&[
            &"serve",
            &"--listen",
            &"127.0.0.1:0",
            &"--data",
            &data,
        ]));
        let said = serve.refused(1);
        let words = format!(
            "restore --snapshot {} --data {}",
            newest.display(),
            data.display()
        );
        if loss != "being restored" {
            assert!(said.contains(&words), "{said}");
        }
        let looked = verify("--data", &data).refused(1);
        if loss == "being restored" {
            assert!(
                said.contains("was not finished; type the same restore again"),
                "{said}"
            );
            assert!(looked.contains("was not finished"), "{looked}");
        } else {
            assert!(looked.contains(&words), "{looked}");
        }
        let said = ended(&mut command(&[
            &"restore",
            &"--snapshot",
            &newest,
            &"--data",
            &data,
        ]))
        .ok();
        assert!(said.contains("1 repository with 4 tags"), "{said}");
        verify("--data", &data).ok();
    }
    let mut source = source.again();
    pulls(&login(&source, &[NAME]), &images);
    source.kill();

    // A snapshot of before, and what has been collected since.
    let blob = super::walk(&data.join("blobs"))
        .into_iter()
        .find(|path| path.is_file());
    fs::remove_file(blob.expect("a blob")).unwrap();
    let said = ended(&mut command(&[
        &"verify",
        &"--snapshot",
        &newest,
        &"--data",
        &data,
    ]))
    .refused(1);
    assert!(
        said.contains("blob missing") && said.contains(NAME),
        "{said}"
    );
}

#[test]
fn a_database_damaged_within_is_told_once_and_with_the_way_back() {
    let mut source = server(CONFIG);
    push(&login(&source, &[NAME]), 1, 4);
    let end = Instant::now() + Duration::from_secs(30);
    while !source.log().contains("took the snapshot") {
        assert!(Instant::now() < end, "{}", source.log());
        thread::sleep(Duration::from_millis(50));
    }
    source.stop();
    let (data, scratch) = (source.data(), folder());
    let database = data.join("metadata.db");
    let rows = Connection::open(&database).unwrap();
    let number = |query: &str| rows.query_row(query, [], |row| row.get::<_, u32>(0));
    let size = number("PRAGMA page_size").unwrap();
    let page = number("SELECT rootpage FROM sqlite_master WHERE name = 'manifest_body'").unwrap();
    rows.close().unwrap();
    let mut bytes = fs::read(&database).unwrap();
    let (size, before) = (size as usize, (page - 1) as usize);
    bytes[before * size..][..size].fill(b'x');
    fs::write(&database, bytes).unwrap();
    let other = format!("blobs/ab/ab{}", "0".repeat(30));
    fs::write(data.join(other), "perhaps needed").unwrap();
    let newest = snapshots(&data).pop().expect("a snapshot");
    let back = format!("restore --snapshot {}", newest.display());
    let said = verify("--data", &data).refused(1);
    assert!(said.contains(&back), "{said}");
    assert!(!said.contains("that nothing names"), "{said}");
    let lines: Vec<_> = said.lines().filter(|it| !it.is_empty()).collect();
    let mut once = lines.clone();
    once.dedup();
    assert_eq!(lines, once, "{said}");
    let said = backup(&data, &scratch.path().join("backup")).refused(1);
    assert!(said.contains(&back), "{said}");
}

fn rewind(snapshot: &Path, data: &Path) -> super::Ended {
    let words: [&dyn AsRef<std::ffi::OsStr>; 5] =
        [&"restore", &"--snapshot", &snapshot, &"--data", &data];
    ended(&mut command(&words))
}

#[test]
fn the_former_database_is_put_back_with_its_log() {
    let mut source = server("");
    let api = login(&source, &[NAME]);
    push(&api, 1, 2);
    let (data, scratch) = (source.data(), super::folder());
    super::backup(&data, &scratch.path().join("backup")).ok();
    let earlier = super::walk(&scratch.path().join("backup"));
    let mut earlier = earlier
        .into_iter()
        .filter(|path| path.extension() == Some("db".as_ref()));
    let earlier = earlier.next().expect("a database");
    let images = push(&api, 2, 3);
    // What it has committed last is in its log.
    source.kill();
    let said = rewind(&earlier, &data).ok();
    assert!(said.contains("with 2 tags"), "{said}");
    let former = said
        .split_once("the former database is ")
        .expect("it is named")
        .1;
    let former = PathBuf::from(former.lines().next().expect("a path"));
    let said = rewind(&former, &data).ok();
    assert!(said.contains("with 3 tags"), "{said}");
    let source = source.again();
    pulls(&login(&source, &[NAME]), &images);
    verify("--data", &data).ok();

    // That of another registry would leave all blobs without a name.
    let mut other = server("");
    other.stop();
    let theirs = other.data().join("metadata.db");
    let mut source = source;
    source.stop();
    let said = rewind(&theirs, &data).refused(2);
    assert!(said.contains("is of another registry"), "{said}");
    verify("--data", &data).ok();
}

#[test]
fn a_full_disk_leaves_nothing_of_a_snapshot_that_found_no_room() {
    let mut source = server("");
    source.stop();
    let (data, scratch) = (source.data(), super::folder());
    // More than a copy keeps in memory.
    let database = rusqlite::Connection::open(data.join("metadata.db")).expect("a database");
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO audit (at, \"from\", what, after)
                SELECT i, 'a test', 'nothing', hex(randomblob(2000)) FROM n";
    database.execute_batch(rows).expect("rows");
    database.close().expect("a database");
    let snapshot = scratch.path().join("copy.db");
    fs::copy(data.join("metadata.db"), &snapshot).expect("a copy");
    let disk = scratch.path().join("disk");
    fs::create_dir(&disk).expect("a directory");
    let script = "mount -t tmpfs -o size=14m tmpfs \"$4\" && cp -a \"$2\" \"$4/data\" && \
         ! \"$1\" restore --snapshot \"$3\" --data \"$4/data\" && ! ls \"$4/data\" | grep partial";
    let mut shell = std::process::Command::new("unshare");
    let shell = shell.args(["-m", "sh", "-c", script, "sh"]);
    let shell = shell.arg(pierhead_tests::binary("pierhead"));
    let said = ended(shell.args([&data, &snapshot, &disk]));
    let words = said.err.clone();
    said.ok();
    assert!(words.contains("no room is left"), "{words}");
}
