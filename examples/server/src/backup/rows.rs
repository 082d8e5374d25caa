//! Whether rows are what they should be, as far as they say so themselves.

use pierhead::model::ContentDigest;
use pierhead::sqlite::SqliteReader;
use pierhead::storage::StoreError;

use super::report::Finding;
use crate::failure::chain;

/// How many sentences about the database itself are asked for.
const SENTENCES: usize = 100;

/// What the database finds wrong with itself.
pub(super) fn database(rows: &SqliteReader) -> Result<Vec<Finding>, StoreError> {
    let finding = |wrong: &String| Finding::database(format!("database: {wrong}"));
    let wrong = rows.integrity(SENTENCES);
    or_damage(wrong.map(|wrong| wrong.iter().map(finding).collect()))
}

/// What is so damaged that it cannot be read is a finding like another.
fn or_damage(found: Result<Vec<Finding>, StoreError>) -> Result<Vec<Finding>, StoreError> {
    match found {
        Err(error @ StoreError::Corrupt { .. }) => Ok(vec![Finding::database(chain(&error))]),
        found => found,
    }
}

/// How many manifests there are, and those whose bytes are not those of their digest, or name what
/// is not recorded.
pub(super) fn manifests(rows: &SqliteReader) -> Result<(u64, Vec<Finding>), StoreError> {
    let mut wrong = Vec::new();
    let mut seen = 0;
    let mut unread = None;
    rows.manifests(|digest, bytes| {
        seen += 1;
        if ContentDigest::of(digest.algorithm(), bytes) != digest {
            wrong.push(Finding::manifest(digest));
            return;
        }
        match rows.lacking(&digest, bytes) {
            Ok(lacking) => wrong.extend(lacking.iter().map(|it| Finding::lacking(digest, it))),
            Err(error) => unread = Some(error),
        }
    })?;
    unread.map_or(Ok((seen, wrong)), Err)
}

/// All of it.
pub(super) fn wrong(rows: &SqliteReader) -> Result<Vec<Finding>, StoreError> {
    let mut wrong = database(rows)?;
    wrong.extend(or_damage(manifests(rows).map(|(_, wrong)| wrong))?);
    Ok(wrong)
}
