//! `pierhead project`: projects, and what is in one.

use std::time::SystemTime;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers::{ago, by_after, by_body, print_json, shown, yes};
use super::api::Api;
use super::careful::again;
use super::names::{Entity, Typed, name_of, names_in, principals};
use super::share::List as SharingList;
use super::{Asked, print};
use crate::failure::Failure;
use crate::settings::host_of;
use crate::table::{facts, table};
use crate::terminal::say;

/// What is to be done with projects.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectArgs {
    #[command(subcommand)]
    word: Word,
}

#[derive(Clone, Debug, Subcommand)]
enum Word {
    /// Make a project of your own
    #[command(after_help = "Example: pierhead project create Genomics --description \"all of it\"")]
    Create(Create),
    /// List the projects that you may see
    #[command(after_help = "Example: pierhead project list")]
    List(List),
    /// Show a project: what you may do, whom it is shared with, its repositories
    #[command(after_help = "Examples:\n  pierhead project show syn101\n  \
        pierhead project show Genomics")]
    Show(One),
    /// Say what a project or a repository is
    #[command(after_help = "Example: pierhead project describe syn101 \"all of it\"")]
    Describe(Change),
    /// Call a project something else; its id stays
    #[command(after_help = "Example: pierhead project rename syn101 Genetics")]
    Rename(Change),
    /// List projects whose sharing nobody is left to change (operators)
    #[command(after_help = "Example: pierhead project unmended\n\n\
        Give each somebody who may, with `pierhead share set syn101 NAME administrator`.")]
    Unmended(List),
}

#[derive(Args, Clone, Debug)]
struct Create {
    /// What it is called; the server gives it an id
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct List {
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct One {
    /// The id (`syn101` or `101`), or what it is called
    #[arg(value_name = "PROJECT")]
    project: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Change {
    /// The id (`syn101` or `101`), or what it is called
    #[arg(value_name = "PROJECT")]
    project: String,
    /// The new description, or the new name
    #[arg(value_name = "NEW")]
    text: String,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn project(args: &ProjectArgs) -> Result<(), Failure> {
    match &args.word {
        Word::Create(args) => create(args),
        Word::List(args) => list(args),
        Word::Show(args) => show(args),
        Word::Describe(args) => change(args, "description", "is described"),
        Word::Rename(args) => change(args, "name", "is renamed"),
        Word::Unmended(args) => unmended(args),
    }
}

fn create(args: &Create) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let mut new = json!({
        "concreteType": "org.sagebionetworks.repo.model.Project",
        "name": args.name,
    });
    if let Some(description) = &args.description {
        new["description"] = description.as_str().into();
    }
    let made = api.post("/repo/v1/entity", &new)?;
    if args.asked.json {
        return print_json(&made);
    }
    let (name, id) = (shown(&made["name"]), shown(&made["id"]));
    print(&format!("{name} is {id}\n"))?;
    say(&format!(
        "push to it as {}/{id}/NAME; share it with `pierhead share set {id} WHO LEVEL`",
        host_of(api.url())
    ));
    Ok(())
}

fn list(args: &List) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = children(&api, None)?;
    if args.asked.json {
        return print_json(&found.into());
    }
    print(&entities(&api, "PROJECT", &found)?)
}

fn show(args: &One) -> Result<(), Failure> {
    let typed = Typed::read(&args.project)?;
    let api = args.asked.sign_in(typed.host)?;
    let Entity {
        id,
        is_project,
        name,
        ..
    } = typed.find(&api)?;
    if !is_project {
        return Err(Failure::happened(format!(
            "{name} is a repository; see `pierhead tags list {name}` and `pierhead share show {name}`"
        )));
    }
    let entity = api.get(&format!("/repo/v1/entity/{id}"))?;
    let held = api.get(&format!("/repo/v1/entity/{id}/permissions"))?;
    let list = SharingList::read(&api, &id)?;
    let found = children(&api, Some(&id))?;
    if args.asked.json {
        return print_json(&json!({
            "entity": entity,
            "permissions": held,
            "acl": list.document(),
            "children": found,
        }));
    }
    let now = SystemTime::now();
    let known = names_in(&api, std::slice::from_ref(&entity), "createdBy")?;
    let shared = principals(&api, list.entries().map(|(id, _)| id))?;
    print(&facts(&[
        ("PROJECT", format!("{id} ({name})")),
        ("DESCRIPTION", shown(&entity["description"])),
        ("OWNER", name_of(&known, &entity["createdBy"])),
        ("MADE", ago(&entity["createdOn"], now)),
        ("YOU MAY", may(&held)),
        ("SHARED WITH", list.in_one_line(&shared)),
    ]))?;
    if found.is_empty() {
        return print(&format!(
            "\nnothing was pushed to it; push to it as {}/{id}/NAME\n",
            host_of(api.url())
        ));
    }
    print(&format!("\n{}", entities(&api, "REPOSITORY", &found)?))
}

/// What the caller may do, in few words.
fn may(held: &Value) -> String {
    let words = [
        ("canView", "see"),
        ("canDownload", "pull"),
        ("canAddChild", "push new repositories"),
        ("canEdit", "push to those there are"),
        ("canDelete", "delete"),
        ("canChangePermissions", "change sharing"),
    ];
    let mut may: Vec<_> = words
        .iter()
        .filter(|(member, _)| held[*member] == true)
        .map(|(_, word)| *word)
        .collect();
    if held["canCertifiedUserAddChild"] == true && held["canAddChild"] == false {
        may.push("push new repositories once an operator certifies you");
    }
    if may.is_empty() {
        return "nothing".to_owned();
    }
    may.join(", ")
}

fn change(args: &Change, member: &str, said: &str) -> Result<(), Failure> {
    let typed = Typed::read(&args.project)?;
    let api = args.asked.sign_in(typed.host)?;
    let Entity { id, name, .. } = typed.find(&api)?;
    let path = format!("/repo/v1/entity/{id}");
    let since = again(|| {
        let now = api.get(&path)?;
        let changed = json!({ "etag": now["etag"], member: args.text });
        api.put(&path, Some(&changed))
    })?;
    if args.asked.json {
        return print_json(&since);
    }
    print(&format!("{id} ({name}) {said}\n"))
}

fn unmended(args: &List) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = by_after(&api, "/pierhead/v1/project/unmended", "results")?["results"].take();
    if args.asked.json {
        return print_json(&found);
    }
    let rows: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|project| {
            [
                shown(&project["id"]),
                shown(&project["name"]),
                yes(&project["inTrash"]),
            ]
        })
        .collect();
    print(&table(["ID", "PROJECT", "IN TRASH"], &rows))
}

/// What is in a project, or which projects there are.
fn children(api: &Api, parent: Option<&str>) -> Result<Vec<Value>, Failure> {
    let kinds = if parent.is_some() {
        "dockerrepo"
    } else {
        "project"
    };
    let mut asked = json!({ "includeTypes": [kinds], "sortBy": "NAME" });
    if let Some(parent) = parent {
        asked["parentId"] = parent.into();
    }
    by_body(api, "/repo/v1/entity/children", asked)
}

fn entities(api: &Api, heading: &str, found: &[Value]) -> Result<String, Failure> {
    let now = SystemTime::now();
    let known = names_in(api, found, "createdBy")?;
    let rows: Vec<_> = found
        .iter()
        .map(|child| {
            [
                shown(&child["name"]),
                shown(&child["id"]),
                name_of(&known, &child["createdBy"]),
                ago(&child["createdOn"], now),
            ]
        })
        .collect();
    Ok(table([heading, "ID", "MADE BY", "MADE"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_may_do_is_said_in_few_words() {
        for (held, said) in [
            (json!({}), "nothing"),
            (json!({ "canView": true, "canDownload": false }), "see"),
            (
                json!({ "canView": true, "canAddChild": true, "canCertifiedUserAddChild": true }),
                "see, push new repositories",
            ),
            (
                json!({ "canView": true, "canAddChild": false, "canCertifiedUserAddChild": true }),
                "see, push new repositories once an operator certifies you",
            ),
        ] {
            assert_eq!(may(&held), said, "{held}");
        }
    }
}
