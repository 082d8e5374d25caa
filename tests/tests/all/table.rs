//! Who may do what: every caller, credential, action and state, through HTTP, against an oracle.
//!
//! `table/cells.rs` says which requests there are and which cannot exist, `table/oracle.rs` what each
//! must be answered and do. `table/faults.rs` puts mistakes into the decision, and every one of
//! them shows.

mod cells;
mod effects;
mod explain;
mod faults;
mod fixtures;
mod making;
mod oracle;
mod request;
mod run;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use cells::{Action, Caller, Cell, Scopes, State};
use faults::{Fault, Prefixes};
use pierhead_tests::{Inside, InsideOptions, Server, ServerOptions, golden};
use run::{Table, shuffled};

/// Callers, certified or not, scopes, actions, states.
const COMBINATIONS: usize = 8 * 2 * 4 * 12 * 7;

/// At most so many combinations may be said not to exist.
const IMPOSSIBLE: usize = 1_400;

#[test]
fn every_request_is_answered_as_the_rules_say() {
    let since = Instant::now();
    let server = Server::start(ServerOptions::default());
    let mut table = Table::new(&server.host, &server.data());
    println!(
        "everything is there after {:.1} s",
        since.elapsed().as_secs_f32()
    );
    let cells = Cell::every();
    let outcome = table.run(&cells, 40);
    let text = outcome.describe(since);
    assert!(outcome.mismatches.is_empty(), "{text}");
    assert_eq!(outcome.asked + outcome.impossible(), COMBINATIONS, "{text}");
    assert!(outcome.impossible() <= IMPOSSIBLE, "{text}");
    println!("{text}");
}

#[test]
fn who_put_it_into_the_trash_can_undoes_that_with_what_they_hold_by_then() {
    let since = Instant::now();
    let server = Server::start(ServerOptions::default());
    let mut table = Table::new(&server.host, &server.data());
    table.add_own();
    let outcome = table.run(&Cell::own(), 40);
    let text = outcome.describe(since);
    assert!(outcome.mismatches.is_empty(), "{text}");
    println!("{text}");
}

#[test]
fn twelve_mistakes_in_the_decision_show_and_without_them_nothing_does() {
    let since = Instant::now();
    let server = Inside::start(InsideOptions {
        policy: || Arc::new(faults::Mistaken),
        before: Prefixes::wrap,
        ..InsideOptions::default()
    });
    let mut table = Table::new(&server.host, &server.data());
    let cells = shuffled();
    let right = table.run(&cells, 40);
    let text = right.describe(since);
    assert!(right.mismatches.is_empty(), "{text}");
    println!("without a mistake: {text}");
    for fault in Fault::TWELVE {
        table.renew();
        faults::make(Some(fault), table.people.founder().id);
        let outcome = table.run(&cells, 1);
        faults::make(None, 0);
        let first = outcome.mismatches.first();
        let (cell, how) = first.unwrap_or_else(|| panic!("{fault:?} shows nowhere"));
        let how = how.lines().next().unwrap_or_default();
        println!(
            "{fault:?} shows in request {}\n  {cell}\n  {how}",
            outcome.asked
        );
    }
    println!("all in {:.1} s", since.elapsed().as_secs_f32());
}

#[test]
fn every_refusal_is_explained_by_its_rule_its_list_and_what_is_missing() {
    let server = Server::start(ServerOptions::default());
    let mut table = Table::new(&server.host, &server.data());
    golden("explain", &explain::every(&mut table));
    let asked = explain::of_view_tokens(&mut table);
    println!("{asked} refusals to tokens that only show");
}

#[test]
fn every_combination_is_a_request_or_has_a_reason_not_to_be() {
    let cells = Cell::every();
    let distinct: BTreeSet<Cell> = cells.iter().copied().collect();
    assert_eq!((cells.len(), distinct.len()), (COMBINATIONS, COMBINATIONS));
    let impossible = cells
        .iter()
        .filter(|cell| cell.impossible().is_some())
        .count();
    assert!(
        impossible <= IMPOSSIBLE,
        "{impossible} combinations cannot exist"
    );
}

#[test]
fn the_oracle_knows_what_is_easy_to_get_wrong() {
    use Action::{Head, MountFrom, Pull, Purge, PushExisting, PushNew, Restore, See};
    use Caller::{AllEight, Edit, Operator, Stranger, View};
    use Scopes::{All, Modify};
    use State::{
        AbsentElsewhere, AbsentWhereMayCreate, Inherits, LocalList, TrashedProject,
        TrashedRepository,
    };
    let known = [
        // READ alone shows, and pulls nothing.
        (View, true, All, See, Inherits, 200),
        (View, true, All, Pull, Inherits, 403),
        // To create asks for certification, of owners, too, and for CREATE on the project.
        (Edit, true, All, PushNew, Inherits, 201),
        (AllEight, false, All, PushNew, Inherits, 403),
        (AllEight, true, All, PushNew, AbsentElsewhere, 403),
        // To change does not.
        (Edit, false, All, PushExisting, Inherits, 201),
        // A local list replaces the project's, and says nothing about what is beside it.
        (Stranger, true, All, Pull, LocalList, 403),
        (Stranger, true, All, PushNew, LocalList, 201),
        (AllEight, true, All, PushNew, LocalList, 403),
        // The trash can binds operators, who may empty it.
        (Operator, false, All, Pull, TrashedRepository, 403),
        (Operator, false, All, PushNew, TrashedProject, 403),
        (Operator, false, All, Purge, TrashedRepository, 200),
        // Nobody undoes what somebody else did without the right to.
        (Edit, true, All, Restore, TrashedRepository, 403),
        (AllEight, false, All, Restore, TrashedRepository, 200),
        (AllEight, true, All, Purge, TrashedRepository, 403),
        // What one may push is empty, and all else that is absent is refused.
        (Edit, true, All, Pull, AbsentWhereMayCreate, 404),
        (Edit, false, All, Pull, AbsentWhereMayCreate, 403),
        // A view-only token of an operator neither pulls nor pushes.
        (Operator, true, Scopes::View, Pull, Inherits, 403),
        (Operator, true, Scopes::View, PushExisting, Inherits, 403),
        // Who may push may look, and who may not pull mounts nothing.
        (Edit, true, Modify, Head, Inherits, 200),
        (Edit, true, Modify, Pull, Inherits, 403),
        (Edit, true, Modify, MountFrom, Inherits, 202),
    ];
    for (caller, certified, scopes, action, state, status) in known {
        let cell = Cell {
            caller,
            certified,
            scopes,
            action,
            state,
        };
        assert_eq!(cell.answer().status, status, "{cell}");
    }
}
