//! `pierhead tags prune`: taking former versions of tags away, by a rule.

use std::time::{Duration, SystemTime};

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::refused;
use crate::client::answers::{ago, joined, print_json, shown, taken};
use crate::client::api::Api;
use crate::client::careful::Sure;
use crate::client::{Asked, Repository, print};
use crate::failure::Failure;
use crate::table::table;
use crate::units::Span;

/// Which former versions are taken away.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("spares").required(true).multiple(true))]
#[command(
    after_help = "What neither --newest nor --younger-than spares is taken away, if no tag and \
    no index names it.\n\n\
    Examples:\n  pierhead tags prune syn101/tools --newest 10 --younger-than 90d --dry-run\n  \
    pierhead tags prune syn101/tools --newest 10 --yes"
)]
pub(crate) struct PruneArgs {
    /// The repository, such as `syn101/tools` or `registry.example.org/syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    /// So many versions of each tag stay, the present one among them
    #[arg(long, group = "spares", value_name = "COUNT")]
    newest: Option<u32>,
    /// Versions pushed less than this ago stay, such as `90d`
    #[arg(long, group = "spares", value_name = "AGE", value_parser = Span::argument)]
    younger_than: Option<Duration>,
    /// Only say what would be taken away
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// Takes them away, or says which they are.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(super) fn prune(args: &PruneArgs) -> Result<(), Failure> {
    let repository = Repository::read(&args.name)?;
    // Nobody can be sure of what is not shown.
    if args.asked.json && !args.dry_run && !args.sure.is_told() {
        return Err(Failure::told(
            "with --json nobody is asked; add --yes to go on without, or --dry-run to look",
        ));
    }
    let api = args.asked.sign_in(repository.host)?;
    let id = repository.id(&api)?;
    let path = format!("/pierhead/v1/entity/{id}/retire");
    let rule = |dry_run: bool, state: &Value| {
        json!({
            "newest": args.newest,
            "youngerThanSeconds": args.younger_than.map(|age| age.as_secs()),
            "dryRun": dry_run,
            "state": state,
        })
    };
    let mut planned = refused(api.post(&path, &rule(true, &Value::Null)), &args.name)?;
    let total = planned["totalNumberOfResults"].as_u64().unwrap_or_default();
    if total == 0 && !args.dry_run {
        planned["dryRun"] = false.into();
    }
    if args.dry_run || total == 0 || !args.asked.json {
        show(args, &api, &planned, total)?;
    }
    if args.dry_run || total == 0 {
        return Ok(());
    }
    let question = format!("Take {total} away from {}, for good?", args.name);
    args.sure.ask(&question)?;
    // Nothing but what was shown.
    let gone = api.post(&path, &rule(false, &planned["state"]))?;
    let count = gone["totalNumberOfResults"].as_u64().unwrap_or_default();
    if args.asked.json {
        print_json(&gone)?;
    } else {
        print(&format!(
            "{count} taken away; the bytes that nothing else names go with the server's next rounds\n"
        ))?;
    }
    if gone["complete"] == false {
        let more = "the repository changed meanwhile; run this again for the rest";
        return Err(Failure::happened(more));
    }
    Ok(())
}

fn show(args: &PruneArgs, api: &Api, planned: &Value, total: u64) -> Result<(), Failure> {
    if args.asked.json {
        return print_json(planned);
    }
    if total == 0 {
        return print("nothing may go\n");
    }
    let now = SystemTime::now();
    let going = taken(api, &mut planned["results"].clone())?;
    let row = |manifest: &Value| {
        [
            shown(&manifest["digest"]),
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
