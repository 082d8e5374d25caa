//! Laws of sharing over whole histories: people share, join, leave, push, trash, purge and are
//! deleted, in any order, and after every step the laws hold.
//!
//! `lab` is a small world without a store; the engine alone decides in it what happens. `step` is
//! what can happen, `law` what must be true of it.
//!
//! ```text
//! PROPTEST_CASES=10000 cargo test --release -p pierhead-policy --test laws
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lab;
mod law;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use lab::Lab;
use step::Step;

/// What happens. The engine decides whether it does, so any step may be tried at any time.
struct Histories;

impl ReferenceStateMachine for Histories {
    type State = Lab;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Lab> {
        any::<[bool; 4]>().prop_map(Lab::new).boxed()
    }

    fn transitions(_: &Lab) -> BoxedStrategy<Step> {
        step::any_step().boxed()
    }

    fn apply(mut lab: Lab, step: &Step) -> Lab {
        lab.perform(step);
        lab
    }
}

/// What the lab was before the last step, beside which it is looked at.
struct Laws;

impl StateMachineTest for Laws {
    type SystemUnderTest = Lab;
    type Reference = Histories;

    fn init_test(lab: &Lab) -> Lab {
        lab.clone()
    }

    fn apply(before: Lab, after: &Lab, step: Step) -> Lab {
        law::of_a_step(&before, &step, after);
        after.clone()
    }

    fn check_invariants(lab: &Lab, _: &Lab) {
        law::of_a_state(lab);
    }
}

fn cases() -> Config {
    let usual = Config {
        failure_persistence: None,
        ..Config::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual,
        None => Config { cases: 10, ..usual },
    }
}

prop_state_machine! {
    #![proptest_config(cases())]
    #[test]
    fn the_laws_hold_after_every_step(sequential 1..60 => Laws);
}

/// A law about what never happens says nothing.
#[test]
fn everything_happens() {
    let mut runner = TestRunner::deterministic();
    let history = prop::collection::vec(step::any_step(), 60);
    let mut happened: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..300 {
        let steps = history.new_tree(&mut runner).unwrap().current();
        let mut lab = Lab::new([false, true, true, false]);
        let mut purged = BTreeSet::new();
        for step in steps {
            let before = lab.clone();
            lab.perform(&step);
            if lab == before {
                continue;
            }
            let kind = format!("{step:?}");
            let kind = kind.split_whitespace().next().unwrap_or_default();
            *happened.entry(kind.to_owned()).or_default() += 1;
            let names = |lab: &Lab| -> BTreeSet<_> {
                let all = lab.repositories.values();
                all.map(|found| (found.project, found.name)).collect()
            };
            purged.extend(names(&before).difference(&names(&lab)).copied());
            let again = names(&lab)
                .difference(&names(&before))
                .any(|it| purged.contains(it));
            *happened.entry("a purged name".to_owned()).or_default() += usize::from(again);
            let back = before
                .away
                .iter()
                .find(|(of, _)| !lab.away.contains_key(of));
            let less = back.is_some_and(|(of, then)| lab.own_list(*of) != then.as_ref());
            let restored = less && matches!(step, Step::Restore { .. });
            *happened.entry("restored with less".to_owned()).or_default() += usize::from(restored);
        }
    }
    println!("{happened:?}");
    assert_eq!(happened.len(), 13);
    assert!(happened.values().all(|times| *times >= 5), "{happened:?}");
}
