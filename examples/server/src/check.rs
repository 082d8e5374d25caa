//! `pierhead --check`: whether a server could start with these files, told beside one that runs.

use std::sync::Arc;

use pierhead::sqlite::SqliteReader;

use crate::admin;
use crate::assemble::assemble;
use crate::cli::Told;
use crate::data_dir::{DataDir, Layout, not_as_root};
use crate::failure::Failure;
use crate::provision::Provisioning;
use crate::serve::runtime;
use crate::settings::Settings;
use crate::terminal::print;
use crate::watch::Watch;

/// Reads the configuration and every file that it names, and says what a start would change. Only a
/// copy of the database is changed, which goes away.
///
/// # Errors
/// The first thing that is wrong, in the words of a start.
pub(crate) fn check(told: Told) -> Result<(), Failure> {
    let settings = Settings::gather(told)?;
    settings.tls(&Arc::new(Watch::new()))?;
    let changes = match &settings.provisioning {
        Some(file) => rehearse(&settings, file)?,
        None => String::new(),
    };
    print(&format!("{changes}a server can start with this\n"))
}

/// Provisions a copy of the database: what was changed.
fn rehearse(settings: &Settings, file: &Provisioning) -> Result<String, Failure> {
    not_as_root(&settings.data)?;
    let failed = |error: &dyn std::error::Error| {
        Failure::because("no copy of the database to try the provisioning on", error)
    };
    let scratch = tempfile::tempdir().map_err(|error| failed(&error))?;
    let copy = DataDir::take(scratch.path())?;
    let live = Layout::of(&settings.data).database();
    if live.exists() {
        SqliteReader::open(live)
            .and_then(|rows| rows.snapshot(copy.database()))
            .map_err(|error| failed(&error))?;
    }
    let parts = assemble(settings, &copy, settings.listen, Arc::new(Watch::new()))?;
    runtime()?.block_on(async {
        admin::ensure(&parts.projects, &copy, Some(file)).await?;
        let report = file.apply(&parts.projects).await?;
        Ok(file.describe(&report, &parts.projects.options().ids))
    })
}
