//! Every call × everybody who may make it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pierhead_rest::RestService;

use crate::world::{BAD, Caller, GOOD, World, alike};

/// A line of the table.
struct Row {
    method: &'static str,
    target: &'static str,
    statuses: &'static str,
    changes: bool,
    in_trash: bool,
    body: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = include_str!("matrix.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &'static str| {
        let parts: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
        let [call, statuses, flags, body] = parts[..] else {
            panic!("not a line of the table: {line}");
        };
        let (method, target) = call.split_once(' ').unwrap();
        Row {
            method,
            target,
            statuses,
            changes: flags.contains("changes"),
            in_trash: flags.contains("trash"),
            body,
        }
    };
    lines.map(read).collect()
}

/// The call that a row makes.
fn call(row: &Row) -> (String, String) {
    let path = row.target.split('?').next().unwrap();
    let fits = |pattern: &str| {
        let (words, segments) = (pattern.split('/'), path.split('/'));
        words.clone().count() == segments.clone().count()
            && words
                .zip(segments)
                .all(|(word, segment)| word == "{}" || word == segment)
    };
    let (_, pattern) = RestService::calls()
        .find(|(_, pattern)| fits(pattern))
        .unwrap_or_else(|| panic!("no call is {path}"));
    (row.method.to_owned(), pattern.to_owned())
}

#[test]
fn every_call_has_a_row() {
    let there: BTreeSet<(String, String)> = RestService::calls()
        .map(|(method, path)| (method.to_string(), path.to_owned()))
        .collect();
    let listed: BTreeSet<(String, String)> = rows().iter().map(call).collect();
    assert_eq!(listed, there);
}

/// Asks, and takes another world if this one was changed.
fn status(world: &mut World, row: &Row, caller: Caller, target: &str) -> u16 {
    let (path, body) = (world.said(target), world.said(row.body));
    let reply = world.ask(caller, row.method, &path, &body);
    if row.changes && reply.status < 300 {
        *world = World::new();
    }
    reply.status
}

#[test]
fn everybody_is_answered_as_the_table_says() {
    let mut world = World::new();
    let mut told = String::new();
    for row in &rows() {
        let mut found = String::new();
        for caller in GOOD {
            let _ = write!(found, "{} ", status(&mut world, row, caller, row.target));
        }
        let bad: BTreeSet<u16> = BAD
            .into_iter()
            .map(|caller| status(&mut world, row, caller, row.target))
            .collect();
        let bad: Vec<String> = bad.iter().map(u16::to_string).collect();
        found += &bad.join("!");
        let expected: Vec<&str> = row.statuses.split_whitespace().collect();
        if found.split_whitespace().ne(expected) {
            let _ = writeln!(
                told,
                "{} {}:\n  {found}, not\n  {}",
                row.method, row.target, row.statuses
            );
        }
    }
    assert!(told.is_empty(), "\n{told}");
}

/// What one may not know of is answered like what is not there: by id and by name, in the path, in
/// the query and in the body.
#[test]
fn what_one_may_not_know_of_is_like_what_is_not_there() {
    let mut world = World::new();
    let nothing = world.ask(Caller::Stranger, "GET", "/repo/v1/entity/syn999999", "");
    let mut told = String::new();
    for row in &rows() {
        let about = ["PROJECT", "TOOLS", "OWN", "OLD", "NAME"];
        if !about
            .iter()
            .any(|word| row.target.contains(word) || row.body.contains(word))
        {
            continue;
        }
        // An etag is of what was read, which this was not.
        let etag = "0000000000000000-1";
        for caller in [Caller::Nobody, Caller::Stranger, Caller::Administrator] {
            let mut first = None;
            for at in 0..world.hidden.len() {
                let hidden = &world.hidden[at];
                let (id, name) = (hidden.id.clone(), hidden.name.clone());
                let what = hidden.what;
                let said = |text: &str| {
                    let mut text = text.to_owned();
                    for word in ["ETAG-PROJECT", "ETAG-TOOLS", "ETAG-OWN"] {
                        text = text.replace(word, etag);
                    }
                    for word in ["PROJECT", "TOOLS", "OWN", "OLD"] {
                        text = text.replace(word, &id);
                    }
                    text.replace("NAME", &name)
                };
                let (path, body) = (said(row.target), said(row.body));
                let (path, body) = (world.said(&path), world.said(&body));
                let reply = world.ask(caller, row.method, &path, &body);
                let first = first.get_or_insert_with(|| reply.clone());
                // There is one thing to say of it, whatever was wanted.
                let refused = match reply.status {
                    404 => reply.text == nothing.text,
                    status => status == 401 && caller == Caller::Nobody,
                };
                if !alike(first, &reply) || !refused {
                    let _ = writeln!(
                        told,
                        "{caller:?}: {} {}: {what}: {} {}, absent: {} {}",
                        row.method, row.target, reply.status, reply.text, first.status, first.text
                    );
                }
            }
        }
    }
    assert!(told.is_empty(), "\n{told}");
}

/// In the trash can everything fails but what is there for it; to who may know, too.
#[test]
fn in_the_trash_can_only_what_is_for_it_is_answered() {
    let mut world = World::new();
    let mut told = String::new();
    for row in rows().iter().filter(|row| row.target.contains("TOOLS")) {
        let target = row.target.replace("TOOLS", "OLD");
        for caller in [Caller::Administrator, Caller::Operator] {
            let status = status(&mut world, row, caller, &target);
            let expected = if row.in_trash { 200 } else { 404 };
            if status != expected {
                let _ = writeln!(told, "{caller:?}: {} {target}: {status}", row.method);
            }
        }
    }
    assert!(told.is_empty(), "\n{told}");
}
