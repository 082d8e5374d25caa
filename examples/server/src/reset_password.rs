//! `pierhead reset-password`: for an operator who lost the password and has nobody left to set another.
//!
//! Whoever can read the data directory could write into its database anyway, so this asks for
//! nothing more. It is in the audit record like any other change.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use pierhead::projects::Actor;

use crate::assemble::assemble;
use crate::cli::Told;
use crate::data_dir::DataDir;
use crate::failure::{Failure, chain};
use crate::prompt;
use crate::serve::runtime;
use crate::settings::Settings;
use crate::terminal::print;
use crate::watch::Watch;

/// Whose password is set, and where.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResetArgs {
    /// The user name
    #[arg(default_value = crate::admin::NAME)]
    name: String,
    /// The configuration file of the server, which must be stopped
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Its data directory [default: ./pierhead-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Reads a password and makes it that of an account.
///
/// # Errors
/// When a server is running there, there is no such account, or the password is against the rules.
pub(crate) fn reset_password(args: ResetArgs) -> Result<(), Failure> {
    let settings = Settings::gather(Told {
        config: args.config,
        data: args.data,
        ..Told::default()
    })?;
    let shown = settings.data.display();
    if !settings.data.join("metadata.db").exists() {
        return Err(Failure::told(format!(
            "there is no registry in {shown}; name its directory with --data, or its configuration \
             with --config"
        )));
    }
    let data = DataDir::take(&settings.data)?;
    let parts = assemble(&settings, &data, settings.listen, Arc::new(Watch::new()))?;
    let name = args.name;
    let done = runtime()?.block_on(async {
        let set = set(&parts.projects, &name).await;
        let closed = parts.pierhead.close().await;
        set?;
        closed.map_err(|error| Failure::because("the stores were not closed in order", &error))
    });
    done?;
    print(&format!(
        "{name} signs in with this password once the server is started again\n"
    ))
}

async fn set(projects: &pierhead::projects::Projects, name: &str) -> Result<(), Failure> {
    let failed = |error| Failure::happened(format!("no password was set: {}", chain(&error)));
    let found = projects.account_named(name).await.map_err(failed)?;
    let Some(account) = found else {
        let name = name.escape_default();
        return Err(Failure::told(format!("there is no user `{name}` here")));
    };
    if account.disabled {
        tracing::warn!("{name} is disabled, and cannot sign in until an operator enables it");
    }
    let password = prompt::new_password(name)?;
    let actor = Actor::system("reset-password");
    let set = projects.set_password(&actor, account.id, password).await;
    set.map_err(failed)
}
