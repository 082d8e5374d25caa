//! `pierhead tags`: the tags of a repository, their history, and taking former versions away.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use clap::{ArgGroup, Args};
use pierhead::model::{parse_rfc3339, percent_encode};
use serde_json::{Value, json};

use super::api::Api;
use super::table::{age, short, size, table};
use super::{Asked, Repository, confirm, print};
use crate::failure::Failure;
use crate::units::Span;

/// How many are asked for at a time.
const PAGE: usize = 500;

/// What is asked about the tags of a repository.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("spares").multiple(true))]
pub(crate) struct TagsArgs {
    /// The repository, such as `syn101/tools` or `registry.example.org/syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    /// Every push instead, the newest first: when, by whom, which digest
    #[arg(long)]
    history: bool,
    /// Only this tag's history
    #[arg(long, requires = "history", value_name = "TAG")]
    tag: Option<String>,
    #[command(flatten)]
    prune: Prune,
    #[command(flatten)]
    asked: Asked,
}

/// Whether former versions are taken away, and which.
#[derive(Args, Clone, Debug)]
#[group(skip)]
struct Prune {
    /// Take former versions away that neither --newest nor --younger-than spares
    #[arg(long = "prune", conflicts_with = "history", requires = "spares")]
    wanted: bool,
    /// So many versions of each tag stay, the present one among them
    #[arg(long, requires = "wanted", group = "spares", value_name = "COUNT")]
    newest: Option<u32>,
    /// Versions pushed less than this ago stay, such as `90d`
    #[arg(long, requires = "wanted", group = "spares", value_name = "AGE", value_parser = span)]
    younger_than: Option<Duration>,
    /// Only say what would be taken away
    #[arg(long, requires = "wanted")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, requires = "wanted")]
    yes: bool,
}

fn span(text: &str) -> Result<Duration, String> {
    Span::read(text)
        .map(|span| span.0)
        .ok_or_else(|| "write it as \"24h\" or \"90d\"; at most 100 years".to_owned())
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn tags(args: &TagsArgs) -> Result<(), Failure> {
    let repository = Repository::read(&args.name)?;
    if args.prune.wanted && args.asked.json && !args.prune.dry_run && !args.prune.yes {
        return Err(Failure::told(
            "with --json nobody is asked; add --yes to go on without, or --dry-run",
        ));
    }
    let api = args.asked.sign_in(repository.host)?;
    let name = percent_encode(repository.name);
    let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
    let found = api.get(&path)?;
    let id = found["id"].as_str();
    let id = id.ok_or_else(|| api.strange("gave no id"))?;
    if args.prune.wanted {
        prune(args, &api, id)
    } else if args.history {
        history(args, &api, id)
    } else {
        list(args, &api, id)
    }
}

fn list(args: &TagsArgs, api: &Api, id: &str) -> Result<(), Failure> {
    let mut tags = Vec::new();
    loop {
        let offset = tags.len();
        let path = format!(
            "/repo/v1/entity/{id}/dockerTag?limit={PAGE}&offset={offset}&sort=TAG&ascending=true"
        );
        let page = results(api, api.get(&path)?)?;
        if page.is_empty() {
            break;
        }
        tags.extend(page);
    }
    if args.asked.json {
        return print_json(&tags);
    }
    let now = SystemTime::now();
    let row = |tag: &Value| {
        [
            text(&tag["tag"]),
            short(&text(&tag["digest"])).to_owned(),
            ago(&tag["createdOn"], now),
            tag["size"].as_u64().map(size).unwrap_or_default(),
            joined(&tag["platforms"]),
        ]
    };
    let rows: Vec<_> = tags.iter().map(row).collect();
    let heading = ["TAG", "DIGEST", "PUSHED", "SIZE", "PLATFORMS"];
    print(&table(heading, &rows))
}

fn history(args: &TagsArgs, api: &Api, id: &str) -> Result<(), Failure> {
    let mut pushes = Vec::new();
    let mut next = String::new();
    loop {
        let mut path = format!("/pierhead/v1/entity/{id}/history?limit={PAGE}{next}");
        if let Some(tag) = &args.tag {
            path.push_str("&tag=");
            path.push_str(&percent_encode(tag));
        }
        let page = api.get(&path)?;
        let before = page["next"].as_str().map(str::to_owned);
        pushes.extend(results(api, page)?);
        match before {
            Some(before) => next = format!("&before={before}"),
            None => break,
        }
    }
    if args.asked.json {
        return print_json(&pushes);
    }
    let now = SystemTime::now();
    let mut names = HashMap::new();
    let rows: Vec<_> = pushes
        .iter()
        .map(|push| {
            [
                text(&push["tag"]),
                text(&push["digest"]),
                ago(&push["at"], now),
                name_of(api, &mut names, &push["who"]),
            ]
        })
        .collect();
    print(&table(["TAG", "DIGEST", "PUSHED", "BY"], &rows))
}

/// The user name of a number, each asked for once; the number where it is not told.
fn name_of(api: &Api, names: &mut HashMap<String, String>, who: &Value) -> String {
    let Some(id) = who.as_str() else {
        return String::new();
    };
    let ask = || {
        let profile = api.get(&format!("/repo/v1/userProfile/{id}")).ok();
        profile.and_then(|profile| profile["userName"].as_str().map(str::to_owned))
    };
    let known = names.entry(id.to_owned());
    known
        .or_insert_with(|| ask().unwrap_or_else(|| id.to_owned()))
        .clone()
}

fn prune(args: &TagsArgs, api: &Api, id: &str) -> Result<(), Failure> {
    let path = format!("/pierhead/v1/entity/{id}/retire");
    let rule = |dry_run: bool, state: &Value| {
        json!({
            "newest": args.prune.newest,
            "youngerThanSeconds": args.prune.younger_than.map(|age| age.as_secs()),
            "dryRun": dry_run,
            "state": state,
        })
    };
    let mut planned = api.post(&path, &rule(true, &Value::Null))?;
    let total = planned["totalNumberOfResults"].as_u64().unwrap_or_default();
    if total == 0 && !args.prune.dry_run {
        planned["dryRun"] = false.into();
    }
    if args.prune.dry_run || total == 0 || !args.asked.json {
        show(args, api, &planned, total)?;
    }
    if args.prune.dry_run || total == 0 {
        return Ok(());
    }
    let question = format!("Take {total} away from {}, for good?", args.name);
    if !confirm(&question, args.prune.yes)? {
        return Err(Failure::happened("nothing was taken away"));
    }
    // Nothing but what was shown.
    let taken = api.post(&path, &rule(false, &planned["state"]))?;
    let count = taken["totalNumberOfResults"].as_u64().unwrap_or_default();
    if args.asked.json {
        print(&format!("{taken}\n"))?;
    } else {
        print(&format!(
            "{count} taken away; the bytes that nothing else names go with the server's next rounds\n"
        ))?;
    }
    if taken["complete"] == false {
        let more = "the repository changed meanwhile; run this again for the rest";
        return Err(Failure::happened(more));
    }
    Ok(())
}

fn show(args: &TagsArgs, api: &Api, planned: &Value, total: u64) -> Result<(), Failure> {
    if args.asked.json {
        return print(&format!("{planned}\n"));
    }
    if total == 0 {
        return print("nothing may go\n");
    }
    let now = SystemTime::now();
    let going = results(api, planned.clone())?;
    let row = |manifest: &Value| {
        [
            text(&manifest["digest"]),
            ago(&manifest["pushedOn"], now),
            joined(&manifest["tags"]),
        ]
    };
    let rows: Vec<_> = going.iter().map(row).collect();
    print(&table(["DIGEST", "PUSHED", "WAS TAGGED"], &rows))?;
    match total.saturating_sub(rows.len() as u64) {
        0 => Ok(()),
        more => print(&format!("and {more} more\n")),
    }
}

fn results(api: &Api, mut page: Value) -> Result<Vec<Value>, Failure> {
    match page["results"].take() {
        Value::Array(results) => Ok(results),
        _ => Err(api.strange("gave no results")),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The texts of a list.
fn joined(values: &Value) -> String {
    let texts = values.as_array().into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    texts.join(", ")
}

fn ago(value: &Value, now: SystemTime) -> String {
    let at = value.as_str().and_then(|text| parse_rfc3339(text).ok());
    at.map_or_else(String::new, |at| age(at, now))
}

fn print_json(rows: &[Value]) -> Result<(), Failure> {
    print(&format!("{}\n", Value::from(rows)))
}
