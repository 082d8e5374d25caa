//! `pierhead tags list`: what each tag names now.

use std::time::SystemTime;

use clap::Args;
use serde_json::Value;

use crate::client::answers::{ago, by_offset, joined, print_json, shown};
use crate::client::{Asked, Repository, print};
use crate::failure::Failure;
use crate::table::{short, size, table};
use crate::terminal::say;

/// Of which repository.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  pierhead tags list syn101/tools\n  \
    pierhead tags list registry.example.org/syn101/tools --json")]
pub(crate) struct ListArgs {
    /// The repository, such as `syn101/tools` or `registry.example.org/syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    asked: Asked,
}

/// Lists them.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(super) fn list(args: &ListArgs) -> Result<(), Failure> {
    let repository = Repository::read(&args.name)?;
    let api = args.asked.sign_in(repository.host)?;
    let id = repository.id(&api)?;
    let path = format!("/repo/v1/entity/{id}/dockerTag?sort=TAG&ascending=true");
    let tags = by_offset(&api, &path)?;
    if args.asked.json {
        return print_json(&tags.into());
    }
    if tags.is_empty() {
        say(&format!("{} has no tags", args.name));
        return Ok(());
    }
    let now = SystemTime::now();
    let row = |tag: &Value| {
        [
            shown(&tag["tag"]),
            short(&shown(&tag["digest"])).to_owned(),
            ago(&tag["createdOn"], now),
            tag["size"].as_u64().map(size).unwrap_or_default(),
            joined(&tag["platforms"]),
        ]
    };
    let rows: Vec<_> = tags.iter().map(row).collect();
    let heading = ["TAG", "DIGEST", "PUSHED", "SIZE", "PLATFORMS"];
    print(&table(heading, &rows))
}
