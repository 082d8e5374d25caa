//! `pierhead explain`: why something is allowed or refused, and what would help.

use std::fmt::Write as _;

use clap::Args;
use clap::builder::PossibleValuesParser;
use pierhead::model::percent_encode;
use pierhead::policy::{Permission, PrincipalId};
use serde_json::Value;

use super::answers::{joined, print_json, shown};
use super::api::Api;
use super::names::{name_of, names_in, user};
use super::{Asked, Repository, print};
use crate::failure::Failure;
use crate::table::{facts, table};

/// What can be asked about.
const ACTIONS: [&str; 17] = [
    "pull",
    "list-tags",
    "push",
    "head",
    "delete",
    "see",
    "see-list",
    "create-project",
    "describe",
    "create-external-reference",
    "change-external-reference",
    "trash",
    "restore",
    "purge",
    "change-sharing",
    "audit",
    "list-trash",
];

/// What would be done, to what, and by whom.
#[derive(Args, Debug)]
#[command(
    after_help = "To be asked by whoever may see what it is about; about another user by who \
    may change its sharing settings. The exit status is 0 when it could be explained, whatever the \
    answer is; with --check it is 1 when it is refused.\n\n\
    Examples:\n  pierhead explain syn101/tools push\n  \
    pierhead explain syn101/tools pull --user ben --check"
)]
pub(crate) struct ExplainArgs {
    /// A repository, such as `syn101/tools`, which need not be there yet; or a project, such as
    /// `syn101`
    #[arg(value_name = "NAME")]
    name: String,
    /// What would be done
    #[arg(value_parser = PossibleValuesParser::new(ACTIONS), hide_possible_values = true,
          long_help = format!("What would be done, one of: {}", ACTIONS.join(", ")))]
    action: String,
    /// By whom: a user, or `anonymous` [default: you]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Say by the exit status whether it is allowed
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    asked: Asked,
}

/// Explains it.
///
/// # Errors
/// When the server cannot be reached, or refuses to explain; with `--check` when it is refused.
pub(crate) fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let repository = Repository::read(&args.name)?;
    let api = args.asked.sign_in(repository.host)?;
    let (name, action) = (percent_encode(repository.name), &args.action);
    let mut path = if repository.name.contains('/') {
        format!("/pierhead/v1/explain?repositoryName={name}&action={action}")
    } else {
        format!("/pierhead/v1/entity/{name}/explain?action={action}")
    };
    if let Some(user) = &args.user {
        let account = account(&api, user)?;
        let _ = write!(path, "&account={account}");
    }
    let told = api.get(&path)?;
    let allowed = told["decision"] == "allow";
    if args.asked.json {
        print_json(&told)?;
    } else {
        let who = args.user.as_deref().unwrap_or("you");
        print(&in_words(&api, &told, who, &args.name)?)?;
    }
    if args.check && !allowed {
        return Err(Failure::happened(format!("{action} is refused")));
    }
    Ok(())
}

fn account(api: &Api, typed: &str) -> Result<u64, Failure> {
    if typed == "anonymous" {
        return Ok(PrincipalId::ANONYMOUS.get());
    }
    Ok(user(api, typed)?.id)
}

/// The answer, the rule, and what the list says that counts.
fn in_words(api: &Api, told: &Value, who: &str, name: &str) -> Result<String, Failure> {
    let allowed = told["decision"] == "allow";
    let (answer, may) = if allowed {
        ("ALLOWED", "may")
    } else {
        ("REFUSED", "may not")
    };
    let action = shown(&told["action"]);
    let mut lines = vec![(answer, format!("{who} {may} {action} {name}"))];
    // The first sentence says which rule decided.
    let rule = told["words"][0].as_str().unwrap_or_default();
    let rule = rule.split_once("row ").map_or(rule, |(_, rule)| rule);
    lines.push(("RULE", format!("row {rule}")));
    let list = &told["list"];
    if let Some(of) = list["of"].as_str() {
        let (project, _) = name.rsplit_once('/').unwrap_or((of, ""));
        let whose = match list["inherited"] == true {
            true => format!("that of {of}, inherited"),
            // A number of its own, which nobody knows; a new name has its project's list.
            false if !project.ends_with(of) => "its own".to_owned(),
            false => format!("that of {of}"),
        };
        lines.push(("LIST", whose));
        lines.push(("HELD", permissions(&list["held"])));
    }
    let needs = told["needs"].as_array().into_iter().flatten();
    let needs: Vec<&str> = needs.filter_map(Value::as_str).collect();
    if !needs.is_empty() {
        lines.push(("NEEDS", needs.join(" or ")));
    }
    // An operator's role does without.
    if let Some(missing) = told["missing"].as_str().filter(|_| !allowed) {
        lines.push(("MISSING", missing.to_owned()));
    }
    let obstacles = told["obstacles"].as_array().into_iter().flatten();
    for (at, obstacle) in obstacles.enumerate() {
        let heading = if at == 0 { "WOULD HELP" } else { "AND THEN" };
        lines.push((heading, shown(&obstacle["remedy"])));
    }
    let mut words = facts(&lines);
    let matched = list["matched"].as_array().map_or(&[][..], Vec::as_slice);
    if !matched.is_empty() {
        let names = names_in(api, matched, "principal")?;
        let row = |entry: &Value| {
            [
                name_of(&names, &entry["principal"]),
                shown(&entry["via"]),
                permissions(&entry["written"]),
                permissions(&entry["counted"]),
            ]
        };
        let rows: Vec<_> = matched.iter().map(row).collect();
        words.push('\n');
        words += &table(["ENTRY", "VIA", "GIVES", "OF WHICH COUNT"], &rows);
    }
    Ok(words)
}

/// Permissions in few words.
fn permissions(list: &Value) -> String {
    match list.as_array().map_or(0, Vec::len) {
        0 => "nothing".to_owned(),
        all if all == Permission::ALL.len() => "everything".to_owned(),
        _ => joined(list),
    }
}
