//! Whether rows are what they should be, as far as they say so themselves.

use pierhead::model::ContentDigest;
use pierhead::sqlite::SqliteReader;
use pierhead::storage::StoreError;

use super::report::Finding;

/// How many sentences about the database itself are asked for.
const SENTENCES: usize = 100;

/// What the database finds wrong with itself.
pub(super) fn database(rows: &SqliteReader) -> Result<Vec<Finding>, StoreError> {
    let wrong = rows.integrity(SENTENCES)?.into_iter();
    Ok(wrong
        .map(|wrong| Finding::database(format!("database: {wrong}")))
        .collect())
}

/// How many manifests there are, and those whose bytes are not those of their digest.
pub(super) fn manifests(rows: &SqliteReader) -> Result<(u64, Vec<Finding>), StoreError> {
    let mut wrong = Vec::new();
    let mut seen = 0;
    rows.manifests(|digest, bytes| {
        seen += 1;
        if ContentDigest::of(digest.algorithm(), bytes) != digest {
            wrong.push(Finding::manifest(digest));
        }
    })?;
    Ok((seen, wrong))
}

/// All of it.
pub(super) fn wrong(rows: &SqliteReader) -> Result<Vec<Finding>, StoreError> {
    let mut wrong = database(rows)?;
    wrong.extend(manifests(rows)?.1);
    Ok(wrong)
}
