//! The engine against the reference, over the product of everything that a decision depends on: who
//! calls, by which principal a list names them, each permission, the list of the repository and that
//! of the project, both marks, the kind of thing, certification, scopes, settings, actions.
//!
//! `cargo test` asks one world of 251, evenly spread, about every action: more than a
//! million cases. All of them, some hundred million, in minutes:
//!
//! ```sh
//! PIERHEAD_POLICY=all cargo test --release -p pierhead-policy --test it -- enumerate --nocapture
//! ```

use pierhead_policy::{Action, Certification, ProjectIds, decide, explain};

use crate::reference::reference;
use crate::world::{
    ALL, Kind, List, ME, MY_OTHER_TEAM, MY_TEAM, OTHER, PUBLIC, READ, REGISTERED, THEIR_TEAM, World,
};

/// Every list that matters: nobody, each of the ways to be named with each bit, and with every other
/// bit; and some in which several entries match.
fn lists() -> Vec<List> {
    let mut lists = vec![vec![]];
    for source in [ME, MY_TEAM, REGISTERED, PUBLIC, OTHER, THEIR_TEAM] {
        lists.extend((0..8).map(|bit| vec![(source, 1 << bit)]));
    }
    lists.extend((0..8).map(|bit| vec![(MY_TEAM, !(1 << bit)), (OTHER, ALL)]));
    lists.extend([
        vec![(ME, READ), (MY_TEAM, ALL & !READ)],
        vec![(MY_TEAM, 0b0101_0101), (MY_OTHER_TEAM, 0b1010_1010)],
        vec![(PUBLIC, ALL)],
        vec![(PUBLIC, READ), (REGISTERED, ALL & !READ)],
    ]);
    lists
}

/// Who put something into the trash can.
const MARKS: [Option<u64>; 3] = [None, Some(ME), Some(OTHER)];

/// Signed in, certified, operator.
const CALLERS: [(bool, bool, bool); 5] = [
    (false, false, false),
    (true, false, false),
    (true, true, false),
    (true, false, true),
    (true, true, true),
];

const CERTIFICATION: [Certification; 3] = [
    Certification::NewRepository,
    Certification::EveryPush,
    Certification::Never,
];

/// What there is: a repository, a name that nothing has, a project, nothing; or what is no name.
const THINGS: [(Kind, bool, bool); 5] = [
    (Kind::Repository, true, true),
    (Kind::Repository, true, false),
    (Kind::Repository, false, false),
    (Kind::Project, true, false),
    (Kind::Nothing, true, false),
];

/// The number of a world, taken apart digit by digit.
struct Digits(usize);

impl Digits {
    fn next(&mut self, base: usize) -> usize {
        let digit = self.0 % base;
        self.0 /= base;
        digit
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.next(from.len())].clone()
    }

    fn flag(&mut self) -> bool {
        self.next(2) == 1
    }
}

/// How many worlds there are.
fn size(lists: &[List]) -> usize {
    let project = (lists.len() + 1) * MARKS.len();
    project * repository_size(lists) * CALLERS.len() * 8 * CERTIFICATION.len() * 2 * 2
}

/// Of what kind, and for a repository with which list and mark.
fn repository_size(lists: &[List]) -> usize {
    (THINGS.len() - 1) + (lists.len() + 1) * MARKS.len()
}

fn world(number: usize, lists: &[List]) -> World {
    let mut digits = Digits(number);
    let thing = digits.next(repository_size(lists));
    let (thing, mut repository) = match thing.checked_sub(THINGS.len() - 1) {
        None => (THINGS[thing + 1], Digits(0)),
        Some(repository) => (THINGS[0], Digits(repository)),
    };
    let (kind, name_ok, exists) = thing;
    // One more than there are lists: inheriting, or no such project.
    let list = |digit: usize| digit.checked_sub(1).map(|at| lists[at].clone());
    let own_list = list(repository.next(lists.len() + 1));
    let own_mark = repository.pick(&MARKS);
    let project_list = list(digits.next(lists.len() + 1));
    let project_mark = digits.pick(&MARKS);
    let (signed_in, certified, operator) = digits.pick(&CALLERS);
    World {
        kind,
        name_ok,
        project: project_list.map(|list| (list, project_mark)),
        repository: exists.then_some((own_list, own_mark)),
        signed_in,
        certified,
        operator,
        view: digits.flag(),
        download: digits.flag(),
        modify: digits.flag(),
        certification: digits.pick(&CERTIFICATION),
        public_download: digits.flag(),
        operators_create: digits.flag(),
    }
}

/// The number of each world that is looked at: all of them, or evenly spread ones. The stride is a
/// prime that divides no base, so that every pair of digits comes about.
fn looked_at(count: usize) -> impl Iterator<Item = usize> {
    let all = std::env::var_os("PIERHEAD_POLICY").is_some_and(|wanted| wanted == "all");
    (0..count).step_by(if all { 1 } else { 251 })
}

#[test]
fn the_engine_agrees_with_the_reference_about_everything() {
    let lists = lists();
    let mut cases = 0_u64;
    for number in looked_at(size(&lists)) {
        let world = world(number, &lists);
        world.shown(|options, caller, target| {
            for action in Action::ALL {
                let answer = decide(options, caller, action, target);
                let expected = reference(&world, action);
                assert_eq!(answer, expected, "{action:?} in {world:?}");
                cases += 1;
            }
        });
    }
    println!("{cases} cases");
    assert!(cases > 1_000_000, "{cases}");
}

#[test]
fn an_explanation_gives_the_decision_and_its_reason_first() {
    let (lists, ids) = (lists(), ProjectIds::default());
    for number in (0..size(&lists)).step_by(20_011) {
        let world = world(number, &lists);
        world.shown(|options, caller, target| {
            for action in Action::ALL {
                let answer = decide(options, caller, action, target);
                let told = explain(options, &ids, caller, action, target);
                assert_eq!(told.decision, answer);
                let first = told.obstacles.first().map(|obstacle| obstacle.reason);
                assert_eq!(first, answer.reason(), "{action:?} in {world:?}");
            }
        });
    }
}
