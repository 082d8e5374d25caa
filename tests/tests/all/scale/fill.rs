//! Rows by the hundred thousand, written into the database of a server that stands still.

use std::path::Path;

use pierhead_tests::digest;
use rusqlite::{Connection, params};

/// READ and DOWNLOAD.
const BITS: i64 = 3;

/// The number of the first repository; that of the first team. Nobody else's.
const FIRST_REPOSITORY: u64 = 5_000_000;
const FIRST_TEAM: u64 = 9_000_000;

/// A database that is filled in one transaction.
pub(crate) struct Fill {
    connection: Connection,
    repositories: u64,
}

impl Fill {
    /// Begins on a data directory that no server has open.
    pub(crate) fn begin(data: &Path) -> Self {
        let connection = Connection::open(data.join("metadata.db")).expect("the database");
        connection.execute_batch("BEGIN").unwrap();
        Self {
            connection,
            repositories: 0,
        }
    }

    pub(crate) fn commit(self) {
        self.connection.execute_batch("COMMIT").unwrap();
    }

    fn insert(&self, sql: &str, values: impl rusqlite::Params) {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        statement.execute(values).unwrap();
    }

    /// A project which these may see and pull from.
    pub(crate) fn project(&self, id: u64, readers: &[u64]) {
        self.insert(
            "INSERT INTO entity (id, kind, name, owner, who, at, etag, own_list)
             VALUES (?1, 1, ?2, 3000000, '3000000', ?1, 1, 1)",
            params![id.cast_signed(), format!("Project {id}")],
        );
        self.list(id, readers);
    }

    /// A repository, which inherits or which these may see and pull from.
    pub(crate) fn repository(&mut self, project: u64, name: &str, readers: Option<&[u64]>) -> u64 {
        let id = FIRST_REPOSITORY + self.repositories;
        self.repositories += 1;
        // Its entity is made by a trigger. Later names are not made later.
        let at = self.repositories * 7_919 % 1_000_003;
        self.insert(
            "INSERT INTO repository (id, name, parent, creator, created_at)
             VALUES (?1, ?2, ?3, '3000000', ?4)",
            params![
                id.cast_signed(),
                name,
                project.cast_signed(),
                at.cast_signed()
            ],
        );
        if let Some(readers) = readers {
            self.insert(
                "UPDATE entity SET own_list = 1 WHERE id = ?1",
                [id.cast_signed()],
            );
            self.list(id, readers);
        }
        id
    }

    fn list(&self, of: u64, readers: &[u64]) {
        for reader in readers {
            self.insert(
                "INSERT INTO entry (entity, principal, bits, parent, name, at)
                 SELECT id, ?2, ?3, parent, name, at FROM entity WHERE id = ?1",
                params![of.cast_signed(), reader.cast_signed(), BITS],
            );
        }
    }

    /// So many teams, of each of which this account is a member.
    pub(crate) fn teams(&self, count: u64, member: u64) -> Vec<u64> {
        let teams = (0..count).map(|number| FIRST_TEAM + number);
        teams
            .inspect(|team| {
                let (id, name) = (team.cast_signed(), format!("crowd{team}"));
                self.insert(
                    "INSERT INTO principal (id, kind, name, folded) VALUES (?1, 2, ?2, ?2)",
                    params![id, name],
                );
                self.insert(
                    "INSERT INTO member (account, team, member, manager) VALUES (?1, ?2, 1, 0)",
                    params![member.cast_signed(), id],
                );
            })
            .collect()
    }

    /// A tag that was pushed once, of a manifest of its own.
    pub(crate) fn tag(&self, repository: u64, tag: &str, at: u64) {
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{{"tag":"{tag}"}}}}"#
        );
        let mut key = vec![1];
        let text = digest(manifest.as_bytes());
        key.extend(hex::decode(text.trim_start_matches("sha256:")).unwrap());
        let (id, at) = (repository.cast_signed(), at.cast_signed());
        self.insert(
            "INSERT INTO manifest_body (digest, bytes) VALUES (?1, ?2)",
            params![key, manifest.as_bytes()],
        );
        self.insert(
            "INSERT INTO manifest (repository, digest, media_type, size, at, who)
             VALUES (?1, ?2, 'application/vnd.oci.image.index.v1+json', ?3, ?4, '3000000')",
            params![id, key, i64::try_from(manifest.len()).unwrap(), at],
        );
        self.insert(
            "INSERT INTO tag (repository, name, digest, pushed_at) VALUES (?1, ?2, ?3, ?4)",
            params![id, tag, key, at],
        );
        self.insert(
            "INSERT INTO history (repository, tag, digest, at, who)
             VALUES (?1, ?2, ?3, ?4, '3000000')",
            params![id, tag, key, at],
        );
    }
}
