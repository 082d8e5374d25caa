//! Referrers.

use pierhead_storage::{Referrer, ReferrerQuery, View};
use rusqlite::{Connection, params};

use crate::codec::{RowExt as _, count, key, signed};
use crate::error::Fault;
use crate::fence::open;

pub(crate) fn list(
    connection: &Connection,
    view: &View,
    query: &ReferrerQuery,
) -> Result<Vec<Referrer>, Fault> {
    let mut page = Vec::new();
    if let View::Repository(id) = view {
        // Two statements, so that each walks an index in the order it answers in.
        let sql = match query.artifact_type {
            None => {
                "SELECT digest, media_type, size, artifact_type, annotations FROM manifest
                 WHERE repository = ?1 AND subject = ?2 AND ?3 IS NULL AND digest > ?4
                 ORDER BY digest LIMIT ?5"
            }
            Some(_) => {
                "SELECT digest, media_type, size, artifact_type, annotations FROM manifest
                 WHERE repository = ?1 AND subject = ?2 AND artifact_type = ?3 AND digest > ?4
                 ORDER BY digest LIMIT ?5"
            }
        };
        let mut list = connection.prepare_cached(sql)?;
        let after = query.after.as_ref().map(key);
        let mut rows = list.query(params![
            signed(id.0),
            key(&query.subject),
            query.artifact_type,
            after.as_ref().map_or(&[][..], |after| after.as_bytes()),
            count(query.limit)
        ])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let annotations: Option<String> = row.get(4)?;
            bytes += annotations.as_ref().map_or(0, String::len);
            if bytes > query.max_bytes && !page.is_empty() {
                break;
            }
            page.push(Referrer {
                digest: row.digest(0)?,
                media_type: row.parsed(1)?,
                size: row.unsigned(2)?,
                artifact_type: row.get(3)?,
                annotations,
            });
        }
    }
    open(connection, view)?;
    Ok(page)
}
