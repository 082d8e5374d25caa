//! `pierhead share`: who may do what, in a project or in one repository.

mod list;
mod warn;

pub(crate) use list::List;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::answers::print_json;
use super::api::Api;
use super::careful::{Sure, again};
use super::names::{Entity, Typed, header, principal, principals};
use super::{Asked, print};
use crate::failure::Failure;
use crate::terminal::say;
use list::level;

const LEVELS: &str = "LEVEL is one of\n  \
    can-view             see tags and sizes, and pull nothing\n  \
    can-download         pull\n  \
    can-edit             push, too\n  \
    can-edit-and-delete  delete, too\n  \
    administrator        change who may do what, too\n\
    or permissions joined by commas, such as READ,UPDATE. WHO is a user, a team, `registered` \
    (everybody who is signed in) or `public` (anyone).";

/// What is to be done with sharing settings.
#[derive(Args, Clone, Debug)]
pub(crate) struct ShareArgs {
    #[command(subcommand)]
    word: Word,
}

#[derive(Clone, Debug, Subcommand)]
enum Word {
    /// Show who may do what, and whether a repository has a list of its own
    #[command(after_help = "Examples:\n  pierhead share show Genomics\n  \
        pierhead share show syn101/tools")]
    Show(Show),
    /// Let somebody do something: adds entries to a list, or changes them
    #[command(after_help = format!(
        "Example: pierhead share set syn101 readers can-download ben can-edit\n\n{LEVELS}\n\n\
        A repository without a list of its own has its project's; give it one first, with \
        `pierhead share local`."))]
    Set(Set),
    /// Take entries out of a list
    #[command(after_help = "Example: pierhead share remove syn101 ben readers")]
    Remove(Remove),
    /// Give a repository a list of its own: a copy of its project's, which you then change
    #[command(after_help = "Example: pierhead share local syn101/tools\n\n\
        From then on the project's list does not count for it. `pierhead share inherit` undoes that.")]
    Local(Local),
    /// Do away with a repository's own list: its project's counts for it again
    #[command(after_help = "Example: pierhead share inherit syn101/tools\n\n\
        The repository and what is in it stay. To take one entry out of its list, use \
        `pierhead share remove`; to delete the repository, `pierhead trash put`.")]
    Inherit(Inherit),
}

#[derive(Args, Clone, Debug)]
struct Show {
    /// A project (`syn101`, or what it is called) or a repository (`syn101/tools`)
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Set {
    /// A project (`syn101`, or what it is called) or a repository (`syn101/tools`)
    #[arg(value_name = "NAME")]
    name: String,
    /// Whom, and how much: pairs
    #[arg(value_name = "WHO LEVEL", required = true)]
    entries: Vec<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Remove {
    /// A project (`syn101`, or what it is called) or a repository (`syn101/tools`)
    #[arg(value_name = "NAME")]
    name: String,
    /// Users, teams, `registered`, `public`
    #[arg(value_name = "WHO", required = true)]
    who: Vec<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Local {
    /// The repository, such as `syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Inherit {
    /// The repository, such as `syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn share(args: &ShareArgs) -> Result<(), Failure> {
    match &args.word {
        Word::Show(args) => show(args),
        Word::Set(args) => set(args),
        Word::Remove(args) => remove(args),
        Word::Local(args) => local(args),
        Word::Inherit(args) => inherit(args),
    }
}

/// Signs in where the name says, and finds what it names.
fn found(asked: &Asked, name: &str) -> Result<(Api, Entity), Failure> {
    let typed = Typed::read(name)?;
    let api = asked.sign_in(typed.host)?;
    let entity = typed.find(&api)?;
    Ok((api, entity))
}

fn show(args: &Show) -> Result<(), Failure> {
    let (api, entity) = found(&args.asked, &args.name)?;
    let list = List::read(&api, &entity.id)?;
    if args.asked.json {
        return print_json(list.document());
    }
    let known = principals(&api, list.entries().map(|(id, _)| id))?;
    let whose = if list.of == entity.id {
        format!("{} has its own list:\n", told(&entity))
    } else {
        let from = header(&api, &list.of)?;
        format!("{} inherits the list of {}:\n", told(&entity), told(&from))
    };
    print(&whose)?;
    print(&list.table(&known))
}

fn set(args: &Set) -> Result<(), Failure> {
    let mut wanted = Vec::new();
    for pair in args.entries.chunks(2) {
        let [who, level_name] = pair else {
            return Err(Failure::told(format!(
                "`{}` has no level; write pairs, such as `ben can-edit`",
                crate::terminal::plain(&pair.concat())
            )));
        };
        wanted.push((who, level(level_name)?));
    }
    let (api, entity) = found(&args.asked, &args.name)?;
    let mut entries = Vec::new();
    for (who, permissions) in wanted {
        let who = principal(&api, who)?;
        if entries.iter().any(|(id, _)| *id == who.id) {
            return Err(Failure::told(format!("{} stands there twice", who.name)));
        }
        entries.push((who.id, permissions));
    }
    change(&args.asked, args.sure, &api, &entity, |list| {
        for (who, permissions) in &entries {
            list.set(*who, *permissions);
        }
        Ok(())
    })
}

fn remove(args: &Remove) -> Result<(), Failure> {
    let (api, entity) = found(&args.asked, &args.name)?;
    let mut who = Vec::new();
    for typed in &args.who {
        who.push(principal(&api, typed)?);
    }
    change(&args.asked, args.sure, &api, &entity, |list| {
        for who in &who {
            if !list.remove(who.id) {
                let (name, of) = (&who.name, told(&entity));
                return Err(Failure::happened(format!(
                    "{name} is not in the list of {of}; nothing was changed"
                )));
            }
        }
        Ok(())
    })
}

/// Reads a list, changes it and sends it back, anew while others change it in between.
fn change(
    asked: &Asked,
    sure: Sure,
    api: &Api,
    entity: &Entity,
    does: impl Fn(&mut List) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut agreed = Vec::new();
    let (before, after) = again(|| {
        let before = List::read(api, &entity.id)?;
        if before.of != entity.id {
            let (name, project) = (&entity.name, &before.of);
            return Err(Failure::happened(format!(
                "{name} has no list of its own; type `pierhead share local {name}` first, or share \
                 all of its project with `pierhead share set {project} …`"
            )));
        }
        let mut after = before.clone();
        does(&mut after)?;
        if after.same_as(&before) {
            return Ok((before.clone(), before));
        }
        warn::ask(api, sure, &before, &after, &mut agreed)?;
        let path = format!("/repo/v1/entity/{}/acl", entity.id);
        let since = api.put(&path, Some(&after.sent(true)))?;
        Ok((before, List::of(api, since)?))
    })?;
    report(asked, api, entity, &before, &after)
}

/// Tells what has changed.
fn report(
    asked: &Asked,
    api: &Api,
    entity: &Entity,
    before: &List,
    after: &List,
) -> Result<(), Failure> {
    if asked.json {
        return print_json(after.document());
    }
    let ids = before.entries().chain(after.entries()).map(|(id, _)| id);
    let known = principals(api, ids)?;
    match before.changes(after, &known) {
        None => print(&format!("nothing changes for {}\n", told(entity))),
        Some(table) => print(&format!("{}:\n{table}", told(entity))),
    }
}

fn local(args: &Local) -> Result<(), Failure> {
    let (api, entity) = found(&args.asked, &args.name)?;
    let list = List::read(&api, &entity.id)?;
    if list.of == entity.id {
        let typed = if entity.is_project {
            &entity.id
        } else {
            &entity.name
        };
        return Err(Failure::happened(format!(
            "{} has a list of its own; change it with `pierhead share set {typed}`",
            told(&entity)
        )));
    }
    let path = format!("/repo/v1/entity/{}/acl", entity.id);
    let made = api.post(&path, &list.sent(false))?;
    if args.asked.json {
        return print_json(&made);
    }
    let (name, of) = (&entity.name, &list.of);
    print(&format!(
        "{name} has a list of its own, a copy of that of {of}; change it with `pierhead share set \
         {name}`\n"
    ))
}

fn inherit(args: &Inherit) -> Result<(), Failure> {
    let (api, entity) = found(&args.asked, &args.name)?;
    let name = told(&entity);
    if entity.is_project {
        return Err(Failure::happened(format!(
            "{name} is a project, and inherits from nothing; take entries out of its list with \
             `pierhead share remove`"
        )));
    }
    let before = List::read(&api, &entity.id)?;
    if before.of != entity.id {
        return print_json_or(
            &args.asked,
            before.document(),
            &format!("{name} inherits already; nothing was changed\n"),
        );
    }
    let parent = api.get(&format!("/repo/v1/entity/{}", entity.id))?["parentId"].take();
    let parent = super::answers::shown(&parent);
    // Whoever may not see the project's list is told less, and asked all the same.
    let project = List::read(&api, &parent).ok();
    let mut question = format!("Do away with the own list of {name}, so that {parent}'s counts?");
    if let Some(project) = &project {
        let ids = before.entries().chain(project.entries());
        let known = principals(&api, ids.map(|(id, _)| id))?;
        if let Some(changes) = before.changes(project, &known) {
            say(changes.trim_end());
        }
        for warning in warn::warnings(&api, &before, project)? {
            question = format!("{warning} {question}");
        }
    }
    args.sure.ask(&question)?;
    api.delete(&format!("/repo/v1/entity/{}/acl", entity.id), None)?;
    let since = match List::read(&api, &entity.id) {
        Ok(list) => list.document().clone(),
        // It may be hidden from whoever did that now.
        Err(_) => Value::Object(serde_json::Map::new()),
    };
    let said = format!("{name} inherits the list of {parent}\n");
    print_json_or(&args.asked, &since, &said)
}

fn print_json_or(asked: &Asked, document: &Value, said: &str) -> Result<(), Failure> {
    if asked.json {
        return print_json(document);
    }
    print(said)
}

/// An entity as people know it.
fn told(entity: &Entity) -> String {
    let Entity { id, name, .. } = entity;
    if entity.is_project {
        format!("{id} ({name})")
    } else {
        name.clone()
    }
}
