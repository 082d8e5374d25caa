//! `pierhead team`: sets of accounts that sharing lists name at once.

use clap::{Args, Subcommand};
use pierhead::model::percent_encode;
use serde_json::{Value, json};

use super::answers::{by_after, by_offset, print_json, shown, yes};
use super::api::Api;
use super::careful::{Sure, each};
use super::names::{team as team_of, user as user_of};
use super::{Asked, print};
use crate::failure::Failure;
use crate::table::table;

/// What is to be done with teams.
#[derive(Args, Clone, Debug)]
pub(crate) struct TeamArgs {
    #[command(subcommand)]
    word: Word,
}

#[derive(Clone, Debug, Subcommand)]
enum Word {
    /// Make a team; you manage it, and are no member until added
    #[command(after_help = "Example: pierhead team create readers")]
    Create(Create),
    /// List teams, all or those whose names begin so
    #[command(after_help = "Example: pierhead team list read")]
    List(List),
    /// Show who is in a team, and who manages it
    #[command(after_help = "Example: pierhead team show readers")]
    Show(One),
    /// Add members (managers)
    #[command(after_help = "Example: pierhead team add readers ben eve")]
    Add(People),
    /// Take members out (managers)
    #[command(after_help = "Example: pierhead team remove readers ben")]
    Remove(People),
    /// Let accounts manage a team; that makes nobody a member (managers)
    #[command(after_help = "Example: pierhead team promote readers ben")]
    Promote(People),
    /// Let accounts manage a team no more (managers)
    #[command(after_help = "Example: pierhead team demote readers ben")]
    Demote(People),
    /// Delete a team for good, and its entries in all sharing lists (managers)
    #[command(after_help = "Example: pierhead team delete readers")]
    Delete(Delete),
}

#[derive(Args, Clone, Debug)]
struct Create {
    /// What it is to be called
    #[arg(value_name = "TEAM")]
    team: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct One {
    /// The team's name, or its number
    #[arg(value_name = "TEAM")]
    team: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct List {
    /// Only names that begin so
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct People {
    /// The team's name, or its number
    #[arg(value_name = "TEAM")]
    team: String,
    /// User names, or numbers
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Delete {
    /// The team's name, or its number
    #[arg(value_name = "TEAM")]
    team: String,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn team(args: &TeamArgs) -> Result<(), Failure> {
    match &args.word {
        Word::Create(args) => create(args),
        Word::List(args) => list(args),
        Word::Show(args) => show(args),
        Word::Add(args) => change(args, "member", true, "is in"),
        Word::Remove(args) => change(args, "member", false, "is no longer in"),
        Word::Promote(args) => change(args, "manager", true, "manages"),
        Word::Demote(args) => change(args, "manager", false, "no longer manages"),
        Word::Delete(args) => delete(args),
    }
}

fn create(args: &Create) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let made = api.post("/pierhead/v1/team", &json!({ "name": args.team }))?;
    if args.asked.json {
        return print_json(&made);
    }
    let (name, id) = (shown(&made["name"]), shown(&made["id"]));
    print(&format!("{name} is made ({id}); you manage it\n"))
}

fn list(args: &List) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let prefix = percent_encode(args.prefix.as_deref().unwrap_or_default());
    let found = by_offset(&api, &format!("/repo/v1/teams?fragment={prefix}"))?;
    if args.asked.json {
        return print_json(&found.into());
    }
    let row = |team: &Value| [shown(&team["name"]), shown(&team["id"])];
    let rows: Vec<_> = found.iter().map(row).collect();
    print(&table(["NAME", "ID"], &rows))
}

fn show(args: &One) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = whole(&api, team_of(&api, &args.team)?.id)?;
    if args.asked.json {
        return print_json(&found);
    }
    let people = found["members"].as_array().into_iter().flatten();
    let rows: Vec<_> = people
        .map(|person| {
            [
                shown(&person["name"]),
                shown(&person["id"]),
                yes(&person["member"]),
                yes(&person["manager"]),
            ]
        })
        .collect();
    print(&table(["USER", "ID", "MEMBER", "MANAGER"], &rows))
}

fn change(args: &People, role: &str, is: bool, said: &str) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let team = team_of(&api, &args.team)?;
    let (_, end) = each(&args.users, |name| {
        let found = user_of(&api, name)?;
        let path = format!("/pierhead/v1/team/{}/{role}/{}", team.id, found.id);
        if is {
            api.put(&path, None)?;
        } else {
            api.delete(&path, None)?;
        }
        if args.asked.json {
            return Ok(());
        }
        print(&format!("{} {said} {}\n", found.name, team.name))
    });
    if args.asked.json {
        print_json(&whole(&api, team.id)?)?;
    }
    end
}

fn delete(args: &Delete) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = team_of(&api, &args.team)?;
    let name = &found.name;
    args.sure.ask(&format!(
        "Delete the team {name} for good? Whom only it lets in loses that, everywhere; nobody is \
         given the name again."
    ))?;
    let done = api.delete(&format!("/pierhead/v1/team/{}", found.id), None)?;
    if args.asked.json {
        return print_json(&done);
    }
    print(&format!("{name} is deleted\n"))
}

/// A team with all who are in it.
fn whole(api: &Api, id: u64) -> Result<Value, Failure> {
    by_after(api, &format!("/pierhead/v1/team/{id}"), "members")
}
