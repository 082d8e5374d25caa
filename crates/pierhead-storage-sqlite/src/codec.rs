//! Values as columns, and back.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use pierhead_model::{Algorithm, ContentDigest, ReferenceRole};
use pierhead_storage::{CallerId, Checkpoint, InvalidId, ParentId, Place, UploadId};
use rusqlite::Row;
use rusqlite::types::{FromSqlError, ToSql, ToSqlOutput, Type, ValueRef};

/// A digest as a column: the algorithm's code, then the raw bytes. It sorts like the text.
#[derive(Clone, Copy)]
pub(crate) struct DigestKey {
    bytes: [u8; 65],
    len: usize,
}

/// The column of a digest.
pub(crate) fn key(digest: &ContentDigest) -> DigestKey {
    let raw = digest.bytes();
    let mut bytes = [0; 65];
    bytes[0] = algorithm_code(digest.algorithm());
    bytes[1..=raw.len()].copy_from_slice(raw);
    DigestKey {
        bytes,
        len: raw.len() + 1,
    }
}

impl DigestKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl ToSql for DigestKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes())))
    }
}

pub(crate) fn algorithm_code(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Sha256 => 1,
        Algorithm::Sha512 => 2,
    }
}

pub(crate) fn algorithm(code: u8) -> Option<Algorithm> {
    match code {
        1 => Some(Algorithm::Sha256),
        2 => Some(Algorithm::Sha512),
        _ => None,
    }
}

/// The role of a manifest among what manifests name.
pub(crate) const CHILD: i64 = 3;

/// A small number for a role. All that counts when it is read back is whether it is [`CHILD`].
pub(crate) fn role_code(role: ReferenceRole) -> i64 {
    match role {
        ReferenceRole::Config => 1,
        ReferenceRole::Layer => 2,
        ReferenceRole::Child => CHILD,
        _ => 4,
    }
}

/// Ids of 64 bits without a sign, as the signed number with the same bits.
pub(crate) fn signed(id: u64) -> i64 {
    id.cast_signed()
}

/// Lengths and limits: what does not fit is as good as the largest.
pub(crate) fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Microseconds since 1970, rounded down; times beyond 292,000 years are cut.
pub(crate) fn micros(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => count(since.as_micros()),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
            -whole - i64::from(!before.subsec_nanos().is_multiple_of(1000))
        }
    }
}

/// The last moment that is a whole `span` before `at`, in microseconds.
pub(crate) fn micros_before(at: SystemTime, span: Duration) -> i64 {
    micros(at).saturating_sub(count(span.as_micros()))
}

pub(crate) fn time(micros: i64) -> SystemTime {
    let span = Duration::from_micros(micros.unsigned_abs());
    let time = if micros < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(span)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(span)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(crate) fn upload_key(id: UploadId) -> [u8; 16] {
    id.0.to_be_bytes()
}

/// Stored data is not what was written: the error that becomes
/// [`StoreError::Corrupt`](pierhead_storage::StoreError::Corrupt).
pub(crate) fn damaged(
    column: usize,
    of: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, of, Box::new(error))
}

/// Reading a row, column by column.
pub(crate) trait RowExt {
    fn unsigned(&self, column: usize) -> rusqlite::Result<u64>;
    fn time(&self, column: usize) -> rusqlite::Result<SystemTime>;
    fn digest(&self, column: usize) -> rusqlite::Result<ContentDigest>;
    /// Text through its type's own parser.
    fn parsed<T>(&self, column: usize) -> rusqlite::Result<T>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>;
    fn caller(&self, column: usize) -> rusqlite::Result<CallerId>;
    fn parent(&self, column: usize) -> rusqlite::Result<Option<ParentId>>;
    fn place(&self, column: usize) -> rusqlite::Result<Place>;
    /// A checkpoint in two columns, of which both or none are set.
    fn checkpoint(&self, offset: usize, state: usize) -> rusqlite::Result<Option<Checkpoint>>;
}

impl RowExt for Row<'_> {
    fn unsigned(&self, column: usize) -> rusqlite::Result<u64> {
        self.get::<_, i64>(column).map(i64::cast_unsigned)
    }

    fn time(&self, column: usize) -> rusqlite::Result<SystemTime> {
        self.get(column).map(time)
    }

    fn digest(&self, column: usize) -> rusqlite::Result<ContentDigest> {
        let bytes = blob(self, column)?;
        bytes
            .split_first()
            .and_then(|(code, raw)| ContentDigest::from_bytes(algorithm(*code)?, raw))
            .ok_or_else(|| damaged(column, Type::Blob, FromSqlError::InvalidType))
    }

    fn parsed<T>(&self, column: usize) -> rusqlite::Result<T>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text(self, column)?
            .parse()
            .map_err(|error| damaged(column, Type::Text, error))
    }

    fn caller(&self, column: usize) -> rusqlite::Result<CallerId> {
        CallerId::new(text(self, column)?)
            .map_err(|error: InvalidId| damaged(column, Type::Text, error))
    }

    fn parent(&self, column: usize) -> rusqlite::Result<Option<ParentId>> {
        let id: Option<i64> = self.get(column)?;
        Ok(id.map(|id| ParentId(id.cast_unsigned())))
    }

    fn place(&self, column: usize) -> rusqlite::Result<Place> {
        Place::new(text(self, column)?).map_err(|error| damaged(column, Type::Text, error))
    }

    fn checkpoint(&self, offset: usize, state: usize) -> rusqlite::Result<Option<Checkpoint>> {
        let offset: Option<i64> = self.get(offset)?;
        offset
            .map(|offset| {
                Ok(Checkpoint {
                    offset: offset.cast_unsigned(),
                    state: bytes::Bytes::copy_from_slice(blob(self, state)?),
                })
            })
            .transpose()
    }
}

/// Bytes as SQLite holds them, without a copy.
pub(crate) fn blob<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    let value = row.get_ref(column)?;
    value
        .as_blob()
        .map_err(|error| damaged(column, value.data_type(), error))
}

/// Text as SQLite holds it, without a copy.
pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    let value = row.get_ref(column)?;
    value
        .as_str()
        .map_err(|error| damaged(column, value.data_type(), error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest() -> impl Strategy<Value = ContentDigest> {
        (any::<bool>(), any::<[u8; 2]>()).prop_map(|(long, content)| {
            let algorithm = if long {
                Algorithm::Sha512
            } else {
                Algorithm::Sha256
            };
            ContentDigest::of(algorithm, &content)
        })
    }

    proptest! {
        #[test]
        fn digests_sort_as_columns_like_their_text(a in digest(), b in digest()) {
            let text = a.to_string().cmp(&b.to_string());
            prop_assert_eq!(key(&a).as_bytes().cmp(key(&b).as_bytes()), text);
        }

        #[test]
        fn whole_microseconds_come_back(at in -1_000_000_000_000_000i64..=4_000_000_000_000_000) {
            prop_assert_eq!(micros(time(at)), at);
        }
    }

    #[test]
    fn times_are_rounded_down_on_both_sides_of_1970() {
        let odd = Duration::from_nanos(1_500);
        assert_eq!(micros(SystemTime::UNIX_EPOCH + odd), 1);
        assert_eq!(micros(SystemTime::UNIX_EPOCH - odd), -2);
    }
}
