//! All requests, one after another, each compared with what the oracle says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use pierhead_tests::{Answer, Random, Watch};

use super::cells::{Action, Cell};
use super::fixtures::Fixtures;
use super::oracle::{self, Code, Effect};
use super::request::{Request, Silence};
use super::world::People;

/// A server with everybody and everything that the requests need.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) people: People,
    pub(crate) fixtures: Fixtures,
    with_own: bool,
    watch: Watch,
    pub(crate) silence: Silence,
}

/// What came of the requests.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) asked: usize,
    /// Combinations that cannot exist, by why.
    pub(crate) impossible: BTreeMap<&'static str, usize>,
    /// How many of each status and effect.
    pub(crate) answers: BTreeMap<(u16, Effect), usize>,
    /// Requests that were answered otherwise, and how.
    pub(crate) mismatches: Vec<(Cell, String)>,
}

impl Table {
    pub(crate) fn new(host: &str, data: &Path) -> Self {
        let people = People::new(host);
        let fixtures = Fixtures::new(&people);
        let silence = Silence::hear(&people);
        Self {
            people,
            fixtures,
            with_own: false,
            watch: Watch::open(data),
            silence,
        }
    }

    /// New projects and repositories, whatever has become of the old ones.
    pub(crate) fn renew(&mut self) {
        self.fixtures = Fixtures::new(&self.people);
        if self.with_own {
            self.fixtures.add_own(&self.people);
        }
    }

    /// What is asked about beside the table, too.
    pub(crate) fn add_own(&mut self) {
        self.with_own = true;
        self.fixtures.add_own(&self.people);
    }

    /// Sends every request, until so many were answered otherwise than they must be.
    pub(crate) fn run(&mut self, cells: &[Cell], patience: usize) -> Outcome {
        let mut outcome = Outcome::default();
        for cell in cells {
            if let Some(why) = cell.impossible() {
                *outcome.impossible.entry(why).or_default() += 1;
                continue;
            }
            let expected = cell.answer();
            outcome.asked += 1;
            *outcome
                .answers
                .entry((expected.status, expected.effect))
                .or_default() += 1;
            if let Err(how) = self.ask(*cell, expected) {
                outcome.mismatches.push((*cell, how));
                if outcome.mismatches.len() == patience {
                    break;
                }
                // Nobody knows what it has done.
                self.renew();
            }
        }
        outcome
    }

    /// One request: the answer, what it changed, and nothing of it left.
    fn ask(&mut self, cell: Cell, expected: oracle::Answer) -> Result<(), String> {
        let request = Request::prepare(&self.people, &mut self.fixtures, cell);
        self.watch.before();
        let answer = request.send().and_then(|answer| {
            self.compare(cell, expected, &answer)?;
            Ok(answer)
        });
        let mut changes = self.watch.changes();
        changes.retain(|change| !request.trace.explains(expected.effect, change));
        if !changes.is_empty() {
            let how = answer.err().unwrap_or_default();
            let changes = changes.join("\n      ");
            return Err(format!(
                "{how}\n    and the stores changed:\n      {changes}"
            ));
        }
        let answer = answer?;
        request.trace.find(self.watch.now(), expected.effect)?;
        request.end(&answer);
        self.fixtures.repair(&self.people, cell, expected.effect);
        Ok(())
    }

    fn compare(&self, cell: Cell, expected: oracle::Answer, answer: &Answer) -> Result<(), String> {
        let text = String::from_utf8_lossy(&answer.body);
        let said = |word: &str| text.contains(word);
        let refusal = if cell.action.is_registry() {
            answer.code() == "DENIED"
        } else {
            answer.code().is_empty() && !answer.json()["reason"].is_null()
        };
        let right = answer.status == expected.status
            && match expected.code {
                Code::None => {
                    answer.code().is_empty() && answer.status < 300 || cell.action == Action::Head
                }
                Code::Is(code) => answer.code() == code,
                Code::Scope(scope) => refusal && said(&format!("`{scope}`")),
                Code::Told => refusal && !self.silence.is(cell, answer),
                Code::Silent => refusal && self.silence.is(cell, answer),
            };
        if right {
            return Ok(());
        }
        Err(format!("wanted {expected:?}, got {} {text}", answer.status))
    }
}

/// All combinations in an order of their own, so that what is wrong somewhere is met early.
pub(crate) fn shuffled() -> Vec<Cell> {
    let mut cells = Cell::every();
    let mut random = Random::new(12);
    for last in (1..cells.len()).rev() {
        cells.swap(last, random.below(last + 1));
    }
    cells
}

impl Outcome {
    /// How many cannot exist.
    pub(crate) fn impossible(&self) -> usize {
        self.impossible.values().sum()
    }

    /// The counts, and whatever is wrong.
    pub(crate) fn describe(&self, since: Instant) -> String {
        let took = since.elapsed().as_secs_f32();
        let mut text = format!("{} requests in {took:.1} s\n", self.asked);
        for ((status, effect), count) in &self.answers {
            let _ = writeln!(text, "  {count:5} × {status} {effect:?}");
        }
        let _ = writeln!(text, "{} combinations that cannot exist", self.impossible());
        for (why, count) in &self.impossible {
            let _ = writeln!(text, "  {count:5} × {why}");
        }
        for (cell, how) in &self.mismatches {
            let _ = writeln!(text, "{cell}\n    {how}");
        }
        text
    }
}
