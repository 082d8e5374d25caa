//! `pierhead tags`: the tags of a repository, their history, and taking them away.

mod delete;
mod history;
mod list;
mod prune;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// What is asked about the tags of a repository.
#[derive(Args, Debug)]
pub(crate) struct TagsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the tags of a repository
    List(list::ListArgs),
    /// List every push of a tag, the newest first: when, by whom, which digest
    History(history::HistoryArgs),
    /// Delete tags; what they name stays
    Delete(delete::DeleteArgs),
    /// Take former versions away, by a rule
    Prune(prune::PruneArgs),
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn tags(args: &TagsArgs) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => list::list(args),
        Command::History(args) => history::history(args),
        Command::Delete(args) => delete::delete(args),
        Command::Prune(args) => prune::prune(args),
    }
}

/// What deletes something in a repository, with how to find out why it was refused.
fn refused<T>(done: Result<T, Failure>, name: &str) -> Result<T, Failure> {
    done.map_err(|failure| {
        if failure.status() == Some(403) {
            failure.with_hint(format_args!(
                "for more, type: pierhead explain {name} delete"
            ))
        } else {
            failure
        }
    })
}
