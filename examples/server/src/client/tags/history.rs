//! `pierhead tags history`: every push.

use std::time::SystemTime;

use clap::Args;
use pierhead::model::percent_encode;

use crate::client::answers::{ago, by_before, print_json, shown};
use crate::client::names::{name_of, names_in};
use crate::client::{Asked, Repository, print};
use crate::failure::Failure;
use crate::table::table;
use crate::terminal::{plain, say};

/// Of which repository, and of which tag.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  pierhead tags history syn101/tools\n  \
    pierhead tags history syn101/tools --tag v1")]
pub(crate) struct HistoryArgs {
    /// The repository, such as `syn101/tools` or `registry.example.org/syn101/tools`
    #[arg(value_name = "NAME")]
    name: String,
    /// Only this tag's history
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Lists them, the newest first.
///
/// # Errors
/// When the server cannot be reached, or refuses; when nothing was ever pushed as the tag.
pub(super) fn history(args: &HistoryArgs) -> Result<(), Failure> {
    let repository = Repository::read(&args.name)?;
    let api = args.asked.sign_in(repository.host)?;
    let id = repository.id(&api)?;
    let tag = args.tag.as_deref().map(percent_encode);
    let tag = tag.map_or_else(String::new, |tag| format!("?tag={tag}"));
    let path = format!("/pierhead/v1/entity/{id}/history{tag}");
    let pushes = by_before(&api, &path)?;
    if args.asked.json {
        return print_json(&pushes.into());
    }
    match (&args.tag, pushes.is_empty()) {
        (Some(tag), true) => {
            let (name, tag) = (plain(&args.name), plain(tag));
            return Err(Failure::happened(format!(
                "nothing was ever pushed as {name}:{tag}; for the tags there are, type: pierhead \
                 tags list {name}"
            )));
        }
        (None, true) => {
            say(&format!(
                "nothing was ever pushed to {} as a tag",
                args.name
            ));
            return Ok(());
        }
        _ => {}
    }
    let now = SystemTime::now();
    let names = names_in(&api, &pushes, "who")?;
    let rows: Vec<_> = pushes
        .iter()
        .map(|push| {
            [
                shown(&push["tag"]),
                shown(&push["digest"]),
                ago(&push["at"], now),
                name_of(&names, &push["who"]),
            ]
        })
        .collect();
    print(&table(["TAG", "DIGEST", "PUSHED", "BY"], &rows))
}
