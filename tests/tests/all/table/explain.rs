//! Every refusal of the table, explained.
//!
//! Asked by the keeper about each caller, with every scope; what a credential lacks, by who shows it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cells::{Action, Caller, Cell, Scopes, State};
use super::fixtures::Spot;
use super::run::Table;
use super::world::{names, number};

/// The well-known principal that nobody signs in as.
const ANONYMOUS: i64 = 273_950;

/// The action as explanations call it. A mount asks of its source what a pull does.
fn name(action: Action) -> &'static str {
    match action {
        Action::Pull | Action::MountFrom => "pull",
        Action::Head => "head",
        Action::PushNew | Action::PushExisting => "push",
        Action::TagList => "list-tags",
        Action::DeleteTag => "delete",
        Action::Trash => "trash",
        Action::Restore => "restore",
        Action::Purge => "purge",
        Action::Share => "change-sharing",
        Action::See => "see",
    }
}

/// All explanations, in the order of the table: what is told, and to whom of the callers. What is
/// told alike of several actions or states stands once.
pub(crate) fn every(table: &mut Table) -> String {
    let actions = Action::EVERY.into_iter();
    let told = actions.filter(|action| *action != Action::MountFrom);
    let told = told.map(|action| (format!("{action:?}"), of_action(table, action)));
    let mut text = String::new();
    for (actions, told) in together(told.collect()) {
        let _ = writeln!(text, "## {actions}\n\n{told}");
    }
    text
}

fn of_action(table: &mut Table, action: Action) -> String {
    let states = State::EVERY.into_iter();
    let told = states.map(|state| (format!("{state:?}"), of_state(table, action, state)));
    let mut text = String::new();
    for (states, told) in together(told.collect()) {
        if !told.is_empty() {
            let _ = writeln!(text, "# {states}\n{told}");
        }
    }
    text
}

fn of_state(table: &mut Table, action: Action, state: State) -> String {
    let mut told = Vec::new();
    for caller in Caller::EVERY {
        let mut words = [false, true].map(|certified| {
            let cell = Cell {
                caller,
                certified,
                scopes: Scopes::All,
                action,
                state,
            };
            let refused = cell.impossible().is_none() && cell.is_refused();
            if refused {
                explanation(table, cell)
            } else {
                String::new()
            }
        });
        // Certified or not, where that makes no difference.
        let mut who = [" (not certified)", " (certified)"];
        if words[0] == words[1] || caller == Caller::Anonymous {
            (who[0], words[1]) = ("", String::new());
        }
        for (who, words) in who.iter().zip(words) {
            told.push((format!("{caller:?}{who}"), words));
        }
    }
    let mut text = String::new();
    for (who, words) in together(told).iter().filter(|(_, words)| !words.is_empty()) {
        let _ = write!(text, "{who}: {words}");
    }
    text
}

/// Joins the names of what is told alike.
fn together(told: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, text) in told {
        match joined.iter_mut().find(|(_, other)| *other == text) {
            Some((names, _)) => {
                let _ = write!(names, ", {name}");
            }
            None => joined.push((name, text)),
        }
    }
    joined
}

/// One explanation: the row, the list that counts, what is missing in it, and everything that is in
/// the way with what would help.
fn explanation(table: &mut Table, cell: Cell) -> String {
    let person = table.people.get(cell.caller, cell.certified);
    let account = person.map_or(ANONYMOUS, |person| person.id);
    let (spot, path) = asking(table, cell);
    let path = format!("{path}&account={account}");
    let said = table.people.keep("GET", &path, &Value::Null, 200);
    assert_eq!(said["decision"], "deny", "{cell}: {said}");
    let words = |at: usize| said["words"][at].as_str().unwrap_or_default();
    let (row, rule) = words(0).split_once(": ").expect("a row and a rule");
    assert_eq!(said["obstacles"][0]["rule"], rule, "{cell}: {said}");
    let mut text = format!("{row}, {}", list(cell, &said, &spot));
    if let Some(missing) = said["missing"].as_str() {
        let _ = write!(text, " lacks {missing}");
    }
    text.push('\n');
    for obstacle in said["obstacles"].as_array().expect("obstacles") {
        let part = |name: &str| obstacle[name].as_str().unwrap_or_default();
        let _ = writeln!(text, "  {}; {}", part("rule"), part("remedy"));
    }
    text
}

/// What is asked about, and how.
fn asking(table: &mut Table, cell: Cell) -> (Spot, String) {
    let mut spot = table.fixtures.spot(cell);
    if cell.action == Action::PushNew {
        spot.name = table.fixtures.new_name(&spot);
    }
    let action = name(cell.action);
    let path = if cell.state.is_absent() || cell.action == Action::PushNew {
        let name = &spot.name;
        format!("/pierhead/v1/explain?repositoryName={name}&action={action}")
    } else {
        let id = asked_about(cell, &spot);
        format!("/pierhead/v1/entity/syn{id}/explain?action={action}")
    };
    (spot, path)
}

/// A credential that only shows is told what it lacks for the rest, by whoever may know of the thing.
pub(crate) fn of_view_tokens(table: &mut Table) -> usize {
    let cells = Cell::every().into_iter();
    let mut asked = 0;
    for cell in cells.filter(|cell| cell.scopes == Scopes::View && cell.impossible().is_none()) {
        let (Some(scope), true) = (cell.lacks_scope(), cell.action != Action::MountFrom) else {
            continue;
        };
        let (_, path) = asking(table, cell);
        let person = table.people.get(cell.caller, cell.certified);
        let secret = person.expect("an account").secret(cell.scopes);
        let answer = table.people.api.manage(secret, "GET", &path, &Value::Null);
        if cell.may_know() {
            let said = answer.expect(200).json();
            assert_eq!(said["decision"], "deny", "{cell}");
            let reason = json!({ "reason": "scope-lacks", "scope": scope });
            assert_eq!(said["reason"], reason, "{cell}");
        } else {
            let silent = table.silence.is_management(&answer);
            assert!(silent, "{cell}: {}", answer.json());
        }
        asked += 1;
    }
    asked
}

/// In a trashed project, what is done to the trash can is done to the project.
fn asked_about(cell: Cell, spot: &Spot) -> i64 {
    match (cell.state, cell.action) {
        (State::TrashedProject, Action::Trash | Action::Restore | Action::Purge) => spot.project,
        _ => spot.repository,
    }
}

/// Whose list was asked. What it gives the caller is what the table gave them.
fn list(cell: Cell, said: &Value, spot: &Spot) -> String {
    let list = &said["list"];
    if list.is_null() {
        return "no list".to_owned();
    }
    let of = number(&list["of"]);
    let (whose, bits) = if of == spot.project {
        ("the project's", cell.state.project_bits(cell.caller))
    } else {
        assert_eq!(of, spot.repository, "{cell}: {said}");
        ("its own", cell.state.repository_bits(cell.caller))
    };
    assert_eq!(list["held"], names(bits), "{cell}: {said}");
    let inherited = if list["inherited"] == true {
        " (inherited)"
    } else {
        ""
    };
    format!("{whose} list{inherited}")
}
