//! Several sorted runs of rows as one, read no further than a page needs.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, params};

use crate::codec::count;

/// How many rows a run reads at first, and at most, at once.
const BATCH: usize = 2;
const MAX_BATCH: usize = 128;

/// What rows are ordered by: the rows of one list all by the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
    /// What follows every text: none that a row has.
    BehindText,
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Integer(number) => Ok(Self::Number(number)),
            other => other.as_str().map(|text| Self::Text(text.to_owned())),
        }
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Number(number) => number.to_sql(),
            // In the order of values.
            Self::BehindText => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&[]))),
        }
    }
}

/// A key, and the number of the entity that has it: no two rows of a list are equal.
pub(super) type Entry = (Key, i64);

/// Whatever gives entries in order.
pub(super) trait Source {
    fn next(&mut self) -> rusqlite::Result<Option<Entry>>;
}

/// Two sources without a common entry, as one.
pub(super) struct Both<A, B> {
    one: A,
    other: B,
    /// What comes next of either.
    heads: [Option<Entry>; 2],
    descending: bool,
}

impl<A: Source, B: Source> Both<A, B> {
    pub(super) fn new(mut one: A, mut other: B, descending: bool) -> rusqlite::Result<Self> {
        let heads = [one.next()?, other.next()?];
        Ok(Self {
            one,
            other,
            heads,
            descending,
        })
    }

    /// The numbers of the next entries, at most so many.
    pub(super) fn take(&mut self, limit: usize) -> rusqlite::Result<Vec<i64>> {
        let mut numbers = Vec::new();
        while numbers.len() < limit {
            let other_is_next = match &self.heads {
                [None, None] => break,
                [Some(one), Some(other)] => (other < one) != self.descending,
                [one, _] => one.is_none(),
            };
            let [one, other] = &mut self.heads;
            let next = if other_is_next {
                std::mem::replace(other, self.other.next()?)
            } else {
                std::mem::replace(one, self.one.next()?)
            };
            numbers.extend(next.map(|(_, number)| number));
        }
        Ok(numbers)
    }
}

/// What a run is about: `?1` and `?2` of its statement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Of {
    pub(super) principal: Option<i64>,
    pub(super) parent: Option<i64>,
}

/// The rows that one statement gives, keys and numbers, from behind the entry `?3`, `?4` on, `?5`
/// at once. Batches grow, so who needs few reads few.
pub(super) struct Run {
    of: Of,
    after: Entry,
    rows: VecDeque<Entry>,
    batch: usize,
    ended: bool,
}

impl Run {
    pub(super) fn new(of: Of, after: &Entry) -> Self {
        Self {
            of,
            after: after.clone(),
            rows: VecDeque::new(),
            batch: BATCH,
            ended: false,
        }
    }

    pub(super) fn next(
        &mut self,
        read: &mut CachedStatement<'_>,
    ) -> rusqlite::Result<Option<Entry>> {
        if self.rows.is_empty() && !self.ended {
            let (key, number) = &self.after;
            let Of { principal, parent } = self.of;
            let wanted = params![principal, parent, key, number, count(self.batch)];
            let found = read.query_map(wanted, |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.rows = found.collect::<rusqlite::Result<_>>()?;
            self.ended = self.rows.len() < self.batch;
            self.batch = (self.batch * 4).min(MAX_BATCH);
            if let Some(last) = self.rows.back() {
                self.after.clone_from(last);
            }
        }
        Ok(self.rows.pop_front())
    }
}

/// Runs of one statement, in which the same entries may stand, as one in which each stands once.
pub(super) struct Merged<'c> {
    read: CachedStatement<'c>,
    runs: Vec<Run>,
    /// The next entry of every run that has one.
    heads: BinaryHeap<Head>,
    descending: bool,
}

impl<'c> Merged<'c> {
    pub(super) fn new(
        read: CachedStatement<'c>,
        of: &[Of],
        after: &Entry,
        descending: bool,
    ) -> rusqlite::Result<Self> {
        let mut merged = Self {
            read,
            runs: of.iter().map(|of| Run::new(*of, after)).collect(),
            heads: BinaryHeap::new(),
            descending,
        };
        for run in 0..merged.runs.len() {
            merged.advance(run)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, run: usize) -> rusqlite::Result<()> {
        if let Some(entry) = self.runs[run].next(&mut self.read)? {
            let descending = self.descending;
            self.heads.push(Head {
                entry,
                run,
                descending,
            });
        }
        Ok(())
    }
}

impl Source for Merged<'_> {
    fn next(&mut self) -> rusqlite::Result<Option<Entry>> {
        let Some(Head { entry, run, .. }) = self.heads.pop() else {
            return Ok(None);
        };
        self.advance(run)?;
        while let Some(same) = self.heads.peek().filter(|head| head.entry == entry) {
            let run = same.run;
            self.heads.pop();
            self.advance(run)?;
        }
        Ok(Some(entry))
    }
}

/// The largest is what comes next.
#[derive(PartialEq, Eq)]
struct Head {
    entry: Entry,
    run: usize,
    descending: bool,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.entry.cmp(&other.entry);
        if self.descending {
            order
        } else {
            order.reverse()
        }
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
