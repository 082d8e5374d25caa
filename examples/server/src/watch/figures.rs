//! What is counted while requests are answered: a few additions for each, no lock, nothing on the
//! heap.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::{Method, StatusCode};

pub(crate) use super::kind::Kind;
use super::kind::{Class, Outcome, Refusal};

const KINDS: usize = Kind::ALL.len();
const CLASSES: usize = Class::ALL.len();
const OUTCOMES: usize = Outcome::ALL.len();
const REFUSALS: usize = Refusal::ALL.len();

/// A number that others read while it grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds so much.
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes one away.
    pub(crate) fn one_less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Of requests, connections and commits.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Connections that were accepted.
    pub(crate) accepted: Count,
    /// Connections that are open, and how many may be.
    pub(crate) connections: Count,
    pub(crate) most_connections: Count,
    /// Handshakes of TLS: those of them that are not done have failed, or are under way.
    pub(crate) handshakes_begun: Count,
    pub(crate) handshakes_done: Count,
    /// Bytes on the wire, from clients and to them.
    pub(crate) received: Count,
    pub(crate) sent: Count,
    /// Manifests that were given out, and those that were put.
    pub(crate) pulls: Count,
    pub(crate) pushes: Count,
    pub(crate) manifests_deleted: Count,
    pub(crate) tags_deleted: Count,
    pub(crate) blobs_deleted: Count,
    /// Blobs that became visible, and their bytes.
    pub(crate) blobs_added: Count,
    pub(crate) blob_bytes_added: Count,
    kinds: [OfKind; KINDS],
}

/// Of the requests of one kind.
#[derive(Debug, Default)]
pub(super) struct OfKind {
    pub(super) under_way: Count,
    answered: [[Count; OUTCOMES]; CLASSES],
    refused: [Count; REFUSALS],
    pub(super) spans: Spans,
}

/// What is noted of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    pub(crate) status: StatusCode,
    /// Whether whoever asked had shown something.
    pub(crate) signed: bool,
    pub(crate) took: Duration,
}

impl Figures {
    /// A request of this kind is under way until [`Self::ended`].
    pub(crate) fn began(&self, kind: Kind) {
        self.kinds[kind as usize].under_way.add(1);
    }

    /// One that had begun has ended, answered or not.
    pub(crate) fn ended(&self, kind: Kind) {
        self.kinds[kind as usize].under_way.one_less();
    }

    /// The head of an answer is ready.
    pub(crate) fn answered(&self, kind: Kind, answered: Answered<'_>) {
        let Answered {
            method,
            status,
            signed,
            took,
        } = answered;
        let of = &self.kinds[kind as usize];
        of.answered[Class::of(method) as usize][Outcome::of(status) as usize].add(1);
        of.spans.add(took);
        // Every login begins with a 401 to whoever has shown nothing yet.
        let first = status == StatusCode::UNAUTHORIZED && !signed && kind != Kind::SignIn;
        if let Some(why) = Refusal::of(status).filter(|_| !first) {
            of.refused[why as usize].add(1);
        }
        if kind == Kind::Manifest && method == Method::GET && status == StatusCode::OK {
            self.pulls.add(1);
        }
    }

    pub(super) fn of_kinds(&self) -> impl Iterator<Item = (Kind, &OfKind)> {
        Kind::ALL.iter().copied().zip(&self.kinds)
    }
}

impl OfKind {
    pub(super) fn answered(&self) -> impl Iterator<Item = (Class, Outcome, u64)> {
        let classes = Class::ALL.iter().copied().zip(&self.answered);
        classes.flat_map(|(class, row)| {
            let cells = Outcome::ALL.iter().copied().zip(row);
            cells.map(move |(outcome, count)| (class, outcome, count.get()))
        })
    }

    pub(super) fn refused(&self) -> impl Iterator<Item = (Refusal, u64)> {
        let cells = Refusal::ALL.iter().copied().zip(&self.refused);
        cells.map(|(why, count)| (why, count.get()))
    }
}

/// The ends of the ranges that spans are counted in, in microseconds; the last has none.
const ENDS: [u64; 10] = [
    1_000,
    4_000,
    16_000,
    64_000,
    250_000,
    1_000_000,
    4_000_000,
    16_000_000,
    60_000_000,
    600_000_000,
];

/// How often something took how long.
#[derive(Debug)]
pub(super) struct Spans {
    ranges: [Count; ENDS.len() + 1],
    microseconds: Count,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            ranges: array::from_fn(|_| Count::default()),
            microseconds: Count::default(),
        }
    }
}

impl Spans {
    fn add(&self, span: Duration) {
        let took = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let range = ENDS.iter().position(|end| took <= *end);
        self.ranges[range.unwrap_or(ENDS.len())].add(1);
        self.microseconds.add(took);
    }

    /// The end of each range in seconds, with how many fell into it.
    pub(super) fn ranges(&self) -> Vec<(f64, u64)> {
        let ends = ENDS.iter().map(|end| seconds(*end));
        let ends = ends.chain([f64::INFINITY]);
        ends.zip(self.ranges.iter().map(Count::get)).collect()
    }

    pub(super) fn sum(&self) -> f64 {
        seconds(self.microseconds.get())
    }
}

fn seconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(figures: &Figures, kind: Kind, method: &Method, status: u16, signed: bool) {
        let status = StatusCode::from_u16(status).expect("a status");
        let took = Duration::from_millis(5);
        figures.answered(
            kind,
            Answered {
                method,
                status,
                signed,
                took,
            },
        );
    }

    #[test]
    fn an_answer_is_counted_once_by_what_it_was() {
        let figures = Figures::default();
        answered(&figures, Kind::Manifest, &Method::GET, 200, true);
        answered(&figures, Kind::Manifest, &Method::HEAD, 200, true);
        answered(&figures, Kind::Manifest, &Method::GET, 404, true);
        answered(&figures, Kind::Blob, &Method::DELETE, 202, true);
        assert_eq!(figures.pulls.get(), 1);
        let all = figures.of_kinds().flat_map(|(kind, of)| {
            let cells = of.answered().filter(|(.., count)| *count > 0);
            cells.map(move |(class, outcome, count)| {
                (kind.label(), class.label(), outcome.label(), count)
            })
        });
        let all: Vec<_> = all.collect();
        let expected = [
            ("manifest", "read", "2xx", 2),
            ("manifest", "read", "4xx", 1),
            ("blob", "delete", "2xx", 1),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn the_first_401_is_no_refusal_but_a_wrong_password_is() {
        for (kind, status, signed, refused) in [
            (Kind::Manifest, 401, false, 0),
            (Kind::Manifest, 401, true, 1),
            (Kind::SignIn, 401, false, 1),
            (Kind::SignIn, 429, false, 1),
            (Kind::Blob, 403, true, 1),
            (Kind::Blob, 404, true, 0),
        ] {
            let figures = Figures::default();
            answered(&figures, kind, &Method::GET, status, signed);
            let counts = figures.of_kinds().flat_map(|(_, of)| of.refused());
            let total: u64 = counts.map(|(_, count)| count).sum();
            assert_eq!(total, refused, "{kind:?} {status} {signed}");
        }
    }

    #[test]
    fn spans_fall_into_the_first_range_that_holds_them() {
        let spans = Spans::default();
        for span in [0, 1_000, 1_001, 700_000_000] {
            spans.add(Duration::from_micros(span));
        }
        let ranges = spans.ranges();
        assert_eq!((ranges[0].1, ranges[1].1, ranges[10].1), (2, 1, 1));
        assert!((spans.sum() - 700.002_001).abs() < 1e-9);
    }
}
