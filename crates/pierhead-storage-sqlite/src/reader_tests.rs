//! Reading beside an owner.

use std::error::Error as _;

use futures::executor::block_on;
use pierhead_storage::{RepositoryStore as _, ScopeId};
use tempfile::TempDir;

use super::*;
use crate::{SqliteOptions, SqliteStore};

/// A repository with an index of one image of one blob, and another blob that nothing names.
fn laboratory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("metadata.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    block_on(store.close()).unwrap();
    drop(store);
    let [layer, spare, image, index] = ["layer", "spare", "image", "index"].map(digest);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "INSERT INTO entity (id, kind, name, who, at, etag, own_list)
                 VALUES (101, 1, 'Genomics', '3000000', 5, 1, 1);
             INSERT INTO repository VALUES (1000000, 'syn101/tools', 101, '3000000', 6);
             INSERT INTO place VALUES ('a1', 1, 1, NULL, NULL), ('b2', 1, 1, NULL, NULL),
                 ('c3', 0, 1, NULL, NULL), ('d4', 2, 1, NULL, NULL);",
        )
        .unwrap();
    let all = [
        ("INSERT INTO blob VALUES (?1, 'a1', 5)", vec![layer]),
        ("INSERT INTO blob VALUES (?1, 'b2', 7)", vec![spare]),
        ("INSERT INTO link VALUES (1000000, ?1, 9)", vec![layer]),
        (
            "INSERT INTO staged VALUES ('3000000', 'syn101/new', ?1, 101, 9)",
            vec![spare],
        ),
        (
            "INSERT INTO manifest_body VALUES (?1, CAST('image' AS BLOB))",
            vec![image],
        ),
        (
            "INSERT INTO manifest_body VALUES (?1, CAST('index' AS BLOB))",
            vec![index],
        ),
        (MANIFEST, vec![image]),
        (MANIFEST, vec![index]),
        (
            "INSERT INTO reference VALUES (1000000, ?1, ?2, 2)",
            vec![image, layer],
        ),
        (
            "INSERT INTO reference VALUES (1000000, ?1, ?2, 3)",
            vec![index, image],
        ),
        (TAG, vec![index]),
    ];
    for (sql, digests) in all {
        let values: Vec<_> = digests.iter().map(key).collect();
        connection
            .execute(sql, rusqlite::params_from_iter(values))
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    connection.close().unwrap();
    (directory, path)
}

const MANIFEST: &str = "INSERT INTO manifest (repository, digest, media_type, size, at, who)
                        VALUES (1000000, ?1, 'a/b', 5, 7, '3000000')";
const TAG: &str = "INSERT INTO tag (repository, name, digest) VALUES (1000000, 'latest', ?1)";

fn digest(text: &str) -> ContentDigest {
    ContentDigest::sha256(text.as_bytes())
}

fn change(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn every_blob_is_shown_once_and_its_place_known() {
    let (_directory, path) = laboratory();
    let reader = SqliteReader::open(&path).unwrap();
    let mut found = Vec::new();
    while let Some(next) = reader
        .blobs(found.last().map(|blob: &BlobRecord| &blob.digest), 1)
        .unwrap()
        .pop()
    {
        found.push(next);
    }
    assert_eq!(found, reader.blobs(None, 9).unwrap());
    assert_eq!(found.len(), 2);
    let totals = reader.totals().unwrap();
    assert_eq!((totals.blobs, totals.bytes), (2, 12));
    assert_eq!(
        (totals.repositories, totals.tags, totals.manifests),
        (1, 1, 2)
    );
    for (place, used) in [
        (
            "a1",
            reader.blob(&digest("layer")).unwrap().map(PlaceUse::Blob),
        ),
        ("c3", Some(PlaceUse::Upload)),
        ("d4", Some(PlaceUse::Condemned)),
        ("e5", None),
    ] {
        let place = Place::new(place).unwrap();
        assert_eq!(reader.place(&place).unwrap(), used, "{place}");
    }
    let mut bodies = Vec::new();
    reader
        .manifests(|digest, bytes| bodies.push((digest, bytes.to_vec())))
        .unwrap();
    assert_eq!(bodies.len(), 2);
    assert!(
        bodies
            .iter()
            .all(|(named, bytes)| *named == ContentDigest::sha256(bytes))
    );
}

#[test]
fn whoever_would_miss_something_is_named_with_the_tags_that_lead_there() {
    let (_directory, path) = laboratory();
    let reader = SqliteReader::open(&path).unwrap();
    let named = |text: &str| {
        let by = reader.named_by(&digest(text), 9).unwrap();
        let shown = |by: NamedBy| {
            let tag = by.tag.map_or_else(|| "-".to_owned(), |tag| tag.to_string());
            format!("{}:{tag}", by.repository)
        };
        by.into_iter().map(shown).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        named("layer"),
        "syn101/tools:latest",
        "through image and index"
    );
    assert_eq!(named("image"), "syn101/tools:latest");
    assert_eq!(named("index"), "syn101/tools:latest");
    assert_eq!(named("spare"), "syn101/new:-", "it waits for its manifest");
    assert_eq!(named("never seen"), "");
    change(&path, "DELETE FROM tag");
    assert_eq!(named("layer"), "syn101/tools:-");
}

#[test]
fn rows_that_contradict_each_other_are_told() {
    let (_directory, path) = laboratory();
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.integrity(9).unwrap(), Vec::<String>::new());
    assert_eq!(reader.missing_references(9).unwrap(), Vec::new());
    change(
        &path,
        "DELETE FROM link; DELETE FROM place WHERE place = 'a1'",
    );
    let missing = reader.missing_references(9).unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(
        (missing[0].target, missing[0].manifest, missing[0].child),
        (digest("layer"), digest("image"), false)
    );
    assert!(missing[0].distributable, "nothing says that it need not be");
    assert_eq!(
        reader.integrity(9).unwrap(),
        ["1 rows of blob name a place that is not there"]
    );
}

#[test]
fn rows_of_a_repository_that_is_lost_are_told_and_those_of_one_that_is_swept_up_are_not() {
    let (_directory, path) = laboratory();
    let reader = SqliteReader::open(&path).unwrap();
    change(
        &path,
        "DELETE FROM repository; INSERT INTO purged VALUES (1000000)",
    );
    assert_eq!(reader.integrity(9).unwrap(), Vec::<String>::new());
    change(&path, "DELETE FROM purged");
    assert_eq!(
        reader.integrity(9).unwrap(),
        [
            "2 rows of manifest are of no repository",
            "1 rows of link are of no repository"
        ]
    );
}

#[test]
fn what_the_bytes_of_a_manifest_name_and_no_row_does_is_missed() {
    let (_directory, path) = laboratory();
    let reader = SqliteReader::open(&path).unwrap();
    let layer = digest("layer");
    let kind = "application/vnd.oci.image.layer.v1.tar";
    let named = format!(r#"{{"mediaType":"{kind}","digest":"{layer}","size":5}}"#);
    // Twice the same is one row; a subject is none.
    let image = format!(r#"{{"schemaVersion":2,"layers":[{named},{named}],"subject":{named}}}"#);
    let lacking = |bytes: &str| {
        let found = reader.lacking(&digest("image"), bytes.as_bytes());
        found
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(lacking(&image), Vec::<String>::new());
    assert_eq!(lacking("no manifest"), Vec::<String>::new());
    change(&path, "DELETE FROM reference WHERE role = 2");
    assert_eq!(lacking(&image), ["syn101/tools"]);
    change(&path, "DELETE FROM repository");
    assert_eq!(lacking(&image), Vec::<String>::new(), "nobody has it");
}

#[test]
fn it_reads_what_an_owner_commits_and_copies_it_without_a_word_to_the_owner() {
    let (directory, path) = laboratory();
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    block_on(store.bump(&[ScopeId::account(7)])).unwrap();
    let copy = directory.path().join("copy.db");
    reader.snapshot(&copy).unwrap();
    block_on(store.bump(&[ScopeId::account(7)])).unwrap();
    let copied = SqliteReader::open(&copy).unwrap();
    assert_eq!(copied.totals().unwrap(), reader.totals().unwrap());
    let identity = reader.identity().unwrap();
    assert!(identity.is_some());
    assert_eq!(
        copied.identity().unwrap(),
        identity,
        "a copy is the same registry"
    );
    drop(copied);
    // Whoever opens the copy begins an epoch of its own, and stays the same registry.
    let version =
        |store: &SqliteStore| block_on(store.current(&[ScopeId::account(7)])).unwrap()[0].rights;
    let restored = SqliteStore::open(&copy, SqliteOptions::default()).unwrap();
    assert_eq!(
        version(&restored).counter,
        1,
        "the first change and not the second"
    );
    assert_ne!(version(&restored).epoch, version(&store).epoch);
    let reader = SqliteReader::open(&copy).unwrap();
    assert_eq!(reader.identity().unwrap(), identity);
    let other = SqliteStore::open(directory.path().join("o.db"), SqliteOptions::default());
    drop(other.unwrap());
    let other = SqliteReader::open(directory.path().join("o.db")).unwrap();
    assert_ne!(other.identity().unwrap(), identity, "another registry");
}

#[test]
fn what_is_no_database_of_ours_is_refused() {
    let directory = TempDir::new().unwrap();
    let cause = |name: &str| {
        let error = SqliteReader::open(directory.path().join(name)).unwrap_err();
        let cause = error.source().map(ToString::to_string);
        format!("{error} {}", cause.unwrap_or_default())
    };
    assert!(
        cause("absent.db").contains("unable to open"),
        "{}",
        cause("absent.db")
    );
    change(
        &directory.path().join("theirs.db"),
        "CREATE TABLE theirs (x)",
    );
    assert!(cause("theirs.db").contains("no Pierhead database"));
    std::fs::write(directory.path().join("text.db"), "x".repeat(4096)).unwrap();
    assert!(cause("text.db").contains("damaged"), "{}", cause("text.db"));
    let (newer, path) = laboratory();
    change(&path, "PRAGMA user_version = 1000");
    let error = SqliteReader::open(&path).unwrap_err();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("use a newer program"), "{cause}");
    drop(newer);
}

#[test]
fn a_copy_is_followed_by_its_original_and_not_by_what_went_another_way() {
    let (directory, path) = laboratory();
    let owner = Connection::open(&path).unwrap();
    let push = |connection: &Connection, at: i64| {
        let sql = "INSERT INTO history (repository, tag, digest, at, who)
                   VALUES (1000000, 'latest', x'01', ?1, '3000000')";
        connection.execute(sql, [at]).unwrap();
    };
    push(&owner, 1);
    let live = SqliteReader::open(&path).unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["early.db", "twin.db"] {
        live.snapshot(at(name)).unwrap();
    }
    push(&owner, 2);
    live.snapshot(at("late.db")).unwrap();
    let early = SqliteReader::open(at("early.db")).unwrap();
    let late = SqliteReader::open(at("late.db")).unwrap();
    for (now, before, expected) in [
        (&live, &early, true),
        (&live, &late, true),
        (&late, &early, true),
        (&early, &early, true),
        (&early, &late, false),
    ] {
        let (a, b) = (now.path().display(), before.path().display());
        assert_eq!(now.follows(before).unwrap(), expected, "{a} {b}");
    }
    // As much was pushed there, and more.
    let twin = Connection::open(at("twin.db")).unwrap();
    for later in [3, 4, 5] {
        push(&twin, later);
        let twin = SqliteReader::open(at("twin.db")).unwrap();
        assert!(!twin.follows(&late).unwrap());
        assert!(!live.follows(&twin).unwrap());
        assert!(twin.follows(&early).unwrap());
    }
    // A repository was purged, and its history with it.
    owner.execute("DELETE FROM history", []).unwrap();
    assert!(live.follows(&late).unwrap());
    // What is in neither history nor record moves a counter.
    let content = "INSERT INTO scope VALUES (2, 1000000, 0, ?1)
                   ON CONFLICT DO UPDATE SET content = excluded.content";
    for (count, name) in [(1, "one.db"), (2, "two.db")] {
        owner.execute(content, [count]).unwrap();
        live.snapshot(at(name)).unwrap();
    }
    let one = SqliteReader::open(at("one.db")).unwrap();
    let two = SqliteReader::open(at("two.db")).unwrap();
    assert!(two.follows(&one).unwrap() && !one.follows(&two).unwrap());
    assert!(one.follows(&late).unwrap() && !late.follows(&one).unwrap());
}
