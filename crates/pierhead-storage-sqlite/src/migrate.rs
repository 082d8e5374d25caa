//! The schema, and how an older database reaches it.
//!
//! Migrations are numbered in one line whatever features are on: the schema belongs to the
//! database, a feature only to the code that uses some of its tables.

use pierhead_storage::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{OpenFault, from_sql};

/// `PHrg`, in the header of every database of ours.
const APPLICATION_ID: i64 = 0x5048_7267;

/// Every step, in order; the first takes an empty file to version 1. A step that was released is
/// never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_registry.sql"),
    include_str!("schema/0002_projects.sql"),
    include_str!("schema/0003_management.sql"),
    include_str!("schema/0004_lists.sql"),
    include_str!("schema/0005_uploads.sql"),
    include_str!("schema/0006_people.sql"),
    include_str!("schema/0008_refresh.sql"),
    include_str!("schema/0009_directory.sql"),
    include_str!("schema/0007_gone.sql"),
];

const WHAT: &str = "bring the database to this program's schema";

/// Brings a database to this program's schema, each step in a transaction of its own.
///
/// # Errors
/// [`StoreError::Unavailable`] for a file of somebody else's, and for one that a newer program has
/// written: nothing is changed then.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_by(connection, MIGRATIONS)
}

fn migrate_by(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let sql = |error| from_sql(WHAT, error);
    let (application, found) = header(connection).map_err(sql)?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if application != APPLICATION_ID && (application != 0 || found != 0 || !empty(connection)?) {
        return Err(StoreError::unavailable(WHAT, OpenFault::Foreign));
    }
    if found > known {
        return Err(StoreError::unavailable(
            WHAT,
            OpenFault::Newer { found, known },
        ));
    }
    for (version, step) in (1..).zip(steps).filter(|(version, _)| *version > found) {
        step_to(connection, version, step).map_err(sql)?;
    }
    Ok(())
}

/// Whether a database that is only read is one of ours, and of a schema that this program knows.
pub(crate) fn check(connection: &Connection) -> Result<(), StoreError> {
    let (application, found) =
        header(connection).map_err(|error| from_sql("look at the database", error))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let fault = if application != APPLICATION_ID {
        OpenFault::Foreign
    } else if found > known {
        OpenFault::Newer { found, known }
    } else {
        return Ok(());
    };
    Err(StoreError::unavailable("look at the database", fault))
}

fn header(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((number("application_id")?, number("user_version")?))
}

fn empty(connection: &Connection) -> Result<bool, StoreError> {
    connection
        .query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
            [],
            |row| row.get(0),
        )
        .map_err(|error| from_sql(WHAT, error))
}

fn step_to(connection: &mut Connection, version: i64, step: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn version(connection: &Connection) -> i64 {
        header(connection).unwrap().1
    }

    /// The cause behind "not available".
    fn cause(error: &StoreError) -> String {
        error.source().unwrap().to_string()
    }

    #[test]
    fn an_empty_file_gets_every_step_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            migrate(&mut connection).unwrap();
            assert_eq!(
                version(&connection),
                i64::try_from(MIGRATIONS.len()).unwrap()
            );
        }
    }

    #[test]
    fn an_older_database_gets_the_steps_it_lacks() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x) ;", "CREATE TABLE b (x);"];
        migrate_by(&mut connection, &steps[..1]).unwrap();
        migrate_by(&mut connection, &steps).unwrap();
        connection.execute("INSERT INTO b VALUES (1)", []).unwrap();
        assert_eq!(version(&connection), 2);
    }

    #[test]
    fn what_an_older_program_wrote_is_kept() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_by(&mut connection, &MIGRATIONS[..2]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO entity (id, kind, name, who, at, etag, own_list)
                     VALUES (101, 1, 'Genomics', '3000000', 5, 1, 1);
                 INSERT INTO entry VALUES (101, 3000000, 255);
                 INSERT INTO repository VALUES (1000000, 'syn101/tools', 101, '3000000', 6);
                 INSERT INTO place VALUES ('there', 0, 6, NULL, NULL);
                 INSERT INTO upload (id, name, caller, place, algorithm, generation, alive_at)
                     VALUES (x'01', 'syn101/new', '3000000', 'there', 1, 0, 6);
                 INSERT INTO entry VALUES (1000000, 3000000, 1);
                 INSERT INTO manifest_body VALUES (x'01', x'');
                 INSERT INTO manifest (repository, digest, media_type, size, at, who)
                     VALUES (1000000, x'01', 'a/b', 0, 7, '3000000');
                 INSERT INTO tag VALUES (1000000, 'latest', x'01');
                 INSERT INTO history (repository, tag, digest, at, who)
                     VALUES (1000000, 'latest', x'01', 9, '3000000'),
                            (1000000, 'latest', x'01', 7, '3000000');
                 INSERT INTO principal VALUES (3000000, 1, 'ana', 'ana');
                 INSERT INTO account VALUES (3000000, NULL, NULL, 1, NULL, 0, 0, 0, 1);
                 INSERT INTO credential VALUES (1, 3000000, 1, 'ci', x'01', 7, 5, 9, 0, 6);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let text: String = connection
            .query_row(
                "SELECT group_concat(ifnull(parent, '') || ':' || name || ':' || at, ' ')
                 FROM (SELECT * FROM entry ORDER BY entity)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(text, ":Genomics:5 101:syn101/tools:6");
        let pushed: i64 = connection
            .query_row("SELECT pushed_at FROM tag", [], |row| row.get(0))
            .unwrap();
        assert_eq!(pushed, 7, "that of the last push, whatever the clock said");
        let text: String = connection
            .query_row(
                "SELECT group_concat(name || ':' || description || ':' || own_list, ' ')
                 FROM (SELECT * FROM entity ORDER BY id)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(text, "Genomics::1 syn101/tools::0");
        let parent: Option<i64> = connection
            .query_row("SELECT parent FROM upload", [], |row| row.get(0))
            .unwrap();
        assert_eq!(parent, None);
        let alone: bool = connection
            .query_row(
                "SELECT parent IS NULL AND generation IS NULL AND last_used = 6 FROM credential",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert!(alone, "a token of before dies with nothing but itself");
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x);", "CREATE TABLE b (x); nonsense"];
        migrate_by(&mut connection, &steps).unwrap_err();
        assert_eq!(version(&connection), 1);
        let b: bool = connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'b')",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert!(!b);
    }

    #[test]
    fn a_newer_database_is_refused_by_name() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .pragma_update(None, "user_version", 1_000)
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(cause(&error).contains("schema version 1000"), "{error:?}");
    }

    #[test]
    fn a_foreign_database_is_refused_and_left_alone() {
        for sql in [
            "CREATE TABLE theirs (x);",
            "PRAGMA application_id = 7;",
            "PRAGMA user_version = 3;",
        ] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            let error = migrate(&mut connection).unwrap_err();
            assert!(cause(&error).contains("no Pierhead database"), "{error:?}");
        }
    }
}
