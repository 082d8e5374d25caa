//! Whether the rows of a [`SqliteReader`] are what they should be: by themselves, beside the bytes of
//! manifests, and beside an earlier copy.

use std::collections::BTreeSet;

use pierhead_model::{ContentDigest, Manifest, MediaType, ReferenceRole, RepositoryName};
use pierhead_storage::StoreError;
use rusqlite::{Row, params};

use crate::SqliteReader;
use crate::codec::{CHILD, RowExt as _, blob, count, key, role_code};

/// A manifest that names something its repository does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingReference {
    /// The repository.
    pub repository: RepositoryName,
    /// The manifest.
    pub manifest: ContentDigest,
    /// What it names.
    pub target: ContentDigest,
    /// Whether that is a manifest (of an index), and not a blob.
    pub child: bool,
    /// Whether it should be there: not a layer of a non-distributable type, which may always be
    /// missing.
    pub distributable: bool,
}

impl SqliteReader {
    /// Whether this is the database that `earlier` is a copy of, at that time or later: what was
    /// recorded last there is recorded here, too. It is not when this one was put back to a state
    /// before that, or when it is another copy that has gone its own way since.
    ///
    /// # Errors
    /// When either cannot be read.
    pub fn follows(&self, earlier: &Self) -> Result<bool, StoreError> {
        // Ids are never given twice, so that a row of the same id and time is the same row. Rows of
        // the history go with their repository, those of the record never.
        for table in ["history", "audit"] {
            let given = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
            let given = |of: &Self| of.one(given, [table], |row| row.get::<_, i64>(0));
            if given(self)? < given(earlier)? {
                return Ok(false);
            }
            let last = format!("SELECT id, at FROM {table} ORDER BY id DESC LIMIT 1");
            let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let Some((id, at)) = earlier.maybe(&last, [], row)? else {
                continue;
            };
            let here = format!("SELECT at FROM {table} WHERE id = ?1");
            let here = self.maybe(&here, [id], |row| row.get::<_, i64>(0))?;
            if here.is_some_and(|here| here != at) {
                return Ok(false);
            }
        }
        // A manifest pushed by its digest is in neither. Counters never fall.
        let counters = "SELECT kind, id, rights, content FROM scope";
        let counters = earlier.all(counters, [], |row| {
            Ok::<[i64; 4], _>([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?;
        for [kind, id, rights, content] in counters {
            let here = "SELECT rights, content FROM scope WHERE kind = ?1 AND id = ?2";
            let here = self.maybe(here, [kind, id], |row| {
                Ok::<[i64; 2], _>([row.get(0)?, row.get(1)?])
            })?;
            if here.is_none_or(|[now, here]| now < rights || here < content) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Manifests that name blobs or manifests which their repositories do not have: at most `limit`.
    /// Some registries take such manifests.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn missing_references(&self, limit: usize) -> Result<Vec<MissingReference>, StoreError> {
        self.all(
            "SELECT repository.name, holder, target, role = ?1, media_type, bytes
             FROM reference JOIN repository ON repository.id = reference.repository
             LEFT JOIN manifest
                 ON manifest.repository = reference.repository AND manifest.digest = holder
             LEFT JOIN manifest_body ON manifest_body.digest = holder
             WHERE CASE WHEN role = ?1
                 THEN NOT EXISTS (SELECT 1 FROM manifest AS child
                     WHERE child.repository = reference.repository AND child.digest = target)
                 ELSE NOT EXISTS (SELECT 1 FROM link
                     WHERE link.repository = reference.repository AND link.digest = target) END
             ORDER BY repository.name LIMIT ?2",
            params![CHILD, count(limit)],
            |row| {
                let (target, child) = (row.digest(2)?, row.get(3)?);
                // Of a manifest that cannot be read everything counts.
                let manifest = row.parsed(4).ok().and_then(|media_type: MediaType| {
                    Manifest::from_stored(blob(row, 5).ok()?, &media_type).ok()
                });
                let distributable = manifest.is_none_or(|manifest| {
                    manifest.references().any(|it| {
                        it.distributable
                            && it.digest.content() == Some(target)
                            && (it.role == ReferenceRole::Child) == child
                    })
                });
                Ok(MissingReference {
                    repository: row.parsed(0)?,
                    manifest: row.digest(1)?,
                    target,
                    child,
                    distributable,
                })
            },
        )
    }

    /// Repositories whose rows of this manifest lack something that its bytes name: nothing holds
    /// that any more, so that a collection may take it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn lacking(
        &self,
        manifest: &ContentDigest,
        bytes: &[u8],
    ) -> Result<Vec<RepositoryName>, StoreError> {
        let found: Vec<(RepositoryName, MediaType, i64)> = self.all(
            "SELECT repository.name, media_type,
                    (SELECT count(*) FROM reference
                     WHERE reference.repository = manifest.repository AND holder = ?1)
             FROM manifest JOIN repository ON repository.id = manifest.repository
             WHERE digest = ?1",
            params![key(manifest)],
            |row| Ok((row.parsed(0)?, row.parsed(1)?, row.get(2)?)),
        )?;
        let lacks = |media_type: &MediaType, rows: i64| {
            let Ok(manifest) = Manifest::from_stored(bytes, media_type) else {
                return false;
            };
            let named = manifest.references();
            let named = named.filter(|it| it.role != ReferenceRole::Subject);
            let named = named.filter_map(|it| Some((it.digest.content()?, role_code(it.role))));
            rows < count(named.collect::<BTreeSet<_>>().len())
        };
        let lacking = found.into_iter();
        Ok(lacking
            .filter_map(|(name, media_type, rows)| lacks(&media_type, rows).then_some(name))
            .collect())
    }

    /// What the database library finds wrong with the file, and rows that name rows which are not
    /// there: about `limit` sentences at most, none when all is well. Reads everything.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn integrity(&self, limit: usize) -> Result<Vec<String>, StoreError> {
        let sql = format!("PRAGMA integrity_check({})", limit.max(1));
        let mut found: Vec<String> = self.all(&sql, [], |row| row.get(0))?;
        found.retain(|line| line != "ok");
        let broken = self.all(
            r#"SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2"#,
            [],
            |row| {
                let (table, parent): (String, String) = (row.get(0)?, row.get(1)?);
                let rows: i64 = row.get(2)?;
                Ok(format!(
                    "{rows} rows of {table} name a {parent} that is not there"
                ))
            },
        )?;
        found.extend(broken);
        // Those of a repository that is being swept up are there for a while without it.
        for table in ["manifest", "link"] {
            let lost = format!(
                "SELECT count(*) FROM {table} WHERE repository NOT IN
                 (SELECT id FROM repository UNION ALL SELECT repository FROM purged)"
            );
            let lost: i64 = self.one(&lost, [], |row| row.get(0))?;
            if lost > 0 {
                found.push(format!("{lost} rows of {table} are of no repository"));
            }
        }
        Ok(found)
    }
}
