//! `pierhead trash`: into the trash can, out of it, and away for good.

use std::time::SystemTime;

use clap::{Args, Subcommand};
use pierhead::model::percent_encode;
use serde_json::{Value, json};

use super::answers::{ago, by_offset, print_json, shown};
use super::api::Api;
use super::careful::{Sure, each, told};
use super::names::{Typed, What, name_of, names_in, one_host};
use super::{Asked, print};
use crate::failure::Failure;
use crate::table::table;
use crate::terminal::{plain, say};

/// What is to be done with the trash can.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrashArgs {
    #[command(subcommand)]
    word: Word,
}

#[derive(Clone, Debug, Subcommand)]
enum Word {
    /// Put projects or repositories into the trash can: nobody can use them, until they are restored
    #[command(after_help = "Example: pierhead trash put syn101/tools\n\n\
        A project takes its repositories with it. After a while (30 days, unless the server is told \
        otherwise) what is there is purged.")]
    Put(Several),
    /// List what you could restore now, or what of a project is in the trash can
    #[command(after_help = "Examples:\n  pierhead trash list\n  pierhead trash list syn101")]
    List(List),
    /// Take projects or repositories out of the trash can, as they were
    #[command(after_help = "Example: pierhead trash restore syn101/tools")]
    Restore(Several),
    /// Do away with what is in the trash can, for good and at once
    #[command(after_help = "Example: pierhead trash purge syn101/tools")]
    Purge(Purge),
}

#[derive(Args, Clone, Debug)]
struct Several {
    /// Projects (`syn101`, or what they are called) or repositories (`syn101/tools`)
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct List {
    /// Only what is of this project; it shows those that others put there, too
    #[arg(value_name = "PROJECT")]
    project: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Purge {
    /// Projects (`syn101`, or what they are called) or repositories (`syn101/tools`)
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn trash(args: &TrashArgs) -> Result<(), Failure> {
    match &args.word {
        Word::Put(args) => put(args),
        Word::List(args) => list(args),
        Word::Restore(args) => restore(args),
        Word::Purge(args) => purge(args),
    }
}

fn read(names: &[String]) -> Result<Vec<Typed<'_>>, Failure> {
    names.iter().map(|name| Typed::read(name)).collect()
}

fn put(args: &Several) -> Result<(), Failure> {
    let typed = read(&args.names)?;
    let api = args.asked.sign_in(one_host(&typed)?)?;
    let (done, end) = each(&typed, |typed| {
        let found = typed.find(&api)?;
        let (id, name) = (found.id, found.name);
        api.put(&format!("/repo/v1/trashcan/trash/{id}"), None)?;
        if !args.asked.json {
            print(&format!(
                "{name} ({id}) is in the trash can; `pierhead trash restore {id}` takes it out\n"
            ))?;
        }
        Ok(json!({ "id": id, "name": name }))
    });
    told(&args.asked, done, end)
}

fn list(args: &List) -> Result<(), Failure> {
    let (api, found) = match &args.project {
        None => {
            let api = args.asked.sign_in(None)?;
            let found = can(&api)?;
            (api, found)
        }
        Some(project) => {
            let typed = Typed::read(project)?;
            let api = args.asked.sign_in(typed.host)?;
            let id = match typed.what {
                What::Id(id) => id.to_owned(),
                _ => match typed.find(&api) {
                    Ok(found) => found.id,
                    Err(error) => in_can(&can(&api)?, &typed)?.ok_or(error)?.0,
                },
            };
            let path = format!("/pierhead/v1/entity/{}/trash", percent_encode(&id));
            let found = by_offset(&api, &path)?;
            (api, found)
        }
    };
    if args.asked.json {
        return print_json(&found.into());
    }
    if found.is_empty() {
        say("there is nothing in the trash can that you may see");
        return Ok(());
    }
    let now = SystemTime::now();
    let known = names_in(&api, &found, "deletedByPrincipalId")?;
    let rows: Vec<_> = found
        .iter()
        .map(|one| {
            [
                shown(&one["entityName"]),
                shown(&one["entityId"]),
                ago(&one["deletedOn"], now),
                name_of(&known, &one["deletedByPrincipalId"]),
            ]
        })
        .collect();
    print(&table(["NAME", "ID", "PUT THERE", "BY"], &rows))
}

fn restore(args: &Several) -> Result<(), Failure> {
    let typed = read(&args.names)?;
    let api = args.asked.sign_in(one_host(&typed)?)?;
    let there = can(&api)?;
    let (done, end) = each(&typed, |typed| {
        let (id, name) = trashed(&there, typed)?;
        api.put(&format!("/repo/v1/trashcan/restore/{id}"), None)?;
        if !args.asked.json {
            print(&format!("{name} is back\n"))?;
        }
        Ok(json!({ "id": id, "name": name }))
    });
    told(&args.asked, done, end)
}

fn purge(args: &Purge) -> Result<(), Failure> {
    let typed = read(&args.names)?;
    let api = args.asked.sign_in(one_host(&typed)?)?;
    let there = can(&api)?;
    let (found, end) = each(&typed, |typed| trashed(&there, typed));
    // What is asked about is all or nothing.
    end.map_err(|error| match typed.len() {
        1 => error,
        _ => Failure::happened("nothing was purged; leave out what is not in the trash can"),
    })?;
    let names: Vec<_> = found.iter().map(|(id, name)| called(id, name)).collect();
    args.sure.ask(&format!(
        "Do away with {} for good? Its tags, their history and all that is in it go; nothing brings \
         them back.",
        names.join(", ")
    ))?;
    let (done, end) = each(&found, |(id, name)| {
        api.put(&format!("/repo/v1/trashcan/purge/{id}"), None)?;
        if !args.asked.json {
            print(&format!("{name} is gone\n"))?;
        }
        Ok(json!({ "id": id, "name": name }))
    });
    told(&args.asked, done, end)
}

/// All that the caller could restore.
fn can(api: &Api) -> Result<Vec<Value>, Failure> {
    by_offset(api, "/repo/v1/trashcan/view")
}

/// The id and the name of something that should be in the trash can. An id may be of something that
/// is not listed; the server knows.
fn trashed(there: &[Value], typed: &Typed<'_>) -> Result<(String, String), Failure> {
    if let What::Id(id) = typed.what {
        // What was meant may be gone for good the next moment.
        let called = |one: &&Value| one["entityName"] == id && !id.starts_with(['s', 'S']);
        if let Some(one) = there.iter().find(called) {
            let other = shown(&one["entityId"]);
            return Err(Failure::told(format!(
                "`{id}` is what {other} is called, and stands for the id syn{id}; write the one or \
                 the other"
            )));
        }
    }
    if let Some(found) = in_can(there, typed)? {
        return Ok(found);
    }
    match typed.what {
        What::Id(id) => {
            let id = percent_encode(id);
            Ok((id.clone(), id))
        }
        What::Repository(name) | What::Project(name) => Err(Failure::happened(format!(
            "`{}` is not among what you could restore; see `pierhead trash list`",
            plain(name)
        ))),
    }
}

/// The id and the name of what was typed, if it is listed.
fn in_can(there: &[Value], typed: &Typed<'_>) -> Result<Option<(String, String)>, Failure> {
    let fits = |one: &&Value| {
        let (id, name) = (one["entityId"].as_str(), one["entityName"].as_str());
        match typed.what {
            What::Id(typed) => id.is_some_and(|id| same_id(id, typed)),
            // A project may be called anything, a repository's name, too.
            What::Repository(typed) => name == Some(typed) && !one["originalParentId"].is_null(),
            What::Project(typed) => name == Some(typed) && one["originalParentId"].is_null(),
        }
    };
    let mut found = there.iter().filter(fits);
    let Some(one) = found.next() else {
        return Ok(None);
    };
    let (id, name) = (shown(&one["entityId"]), shown(&one["entityName"]));
    if let Some(other) = found.next() {
        let other = shown(&other["entityId"]);
        return Err(Failure::happened(format!(
            "{id} and {other} are both called `{name}`; write the id instead"
        )));
    }
    Ok(Some((id, name)))
}

/// What is asked about, so that nobody takes one for another: names are chosen by whoever made it.
fn called(id: &str, name: &str) -> String {
    if id == name {
        return name.to_owned();
    }
    format!("{name} ({id})")
}

fn same_id(id: &str, typed: &str) -> bool {
    id.eq_ignore_ascii_case(typed) || id.strip_prefix("syn") == Some(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_trash_can_is_found_by_id_and_by_name() {
        let one = |id: &str, name: &str, parent: Option<&str>| json!({ "entityId": id, "entityName": name, "originalParentId": parent });
        let there = [
            one("syn1", "Genomics", None),
            one("syn2", "syn9/tools", Some("syn9")),
            one("syn3", "twice", None),
            one("syn4", "twice", None),
            one("syn5", "quay.io/a/b", Some("syn9")),
            one("syn6", "syn9/other", None),
            one("syn7", "1", None),
            one("syn8", "syn2", None),
        ];
        for (typed, id) in [
            ("syn1", Ok("syn1")),
            ("SYN2", Ok("syn2")),
            ("2", Ok("syn2")),
            ("syn9/tools", Ok("syn2")),
            ("h.example.org/syn9/tools", Ok("syn2")),
            ("Genomics", Ok("syn1")),
            ("syn77", Ok("syn77")),
            ("genomics", Err("is not among")),
            // Of a project that is called by another's number nobody knows which is meant.
            ("1", Err("write the one or the other")),
            ("syn2", Ok("syn2")),
            ("quay.io/a/b", Err("is not among")),
            // A project that is called like a repository is not that.
            ("syn9/other", Err("is not among")),
            ("twice", Err("write the id")),
        ] {
            let typed_read = Typed::read(typed).expect(typed);
            match (trashed(&there, &typed_read), id) {
                (Ok((found, _)), Ok(id)) => assert_eq!(found, id, "{typed}"),
                (Err(error), Err(said)) => {
                    assert!(error.to_string().contains(said), "{typed}: {error}");
                }
                (found, _) => panic!("{typed}: {found:?}"),
            }
        }
    }
}
