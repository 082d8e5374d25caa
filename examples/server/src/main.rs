//! The reference server: a private registry for a team, from one command.
//!
//! It joins Pierhead's crates into what a team runs as it is: a command line, a typed
//! configuration file, provisioning, a data directory, connections, logs and an orderly stop. What
//! a registry does is none of its business; that is in the crates, for everybody to build in.
//!
//! # The map
//! - `cli`, `config`, `units`: what it is told; `settings`: all of it as one value.
//! - `provision`, `credentials`: accounts, teams and projects from a file; passwords.
//! - `data_dir`, `keys`, `admin`: what it keeps, and what it makes at its first start; `private`:
//!   files for their owner alone.
//! - `assemble`: the crates, joined; `serve`: its life from start to stop.
//! - `net`: sockets, connections, requests.
//! - `watch`: figures and health, for whoever looks after it; `background`: what it does unasked.
//! - `backup`: commands and a future for losing the machine and coming back.
//! - `client`: commands that ask a running server; `reset_password`: one for a stopped one;
//!   `terminal`, `prompt`, `table`: what they write and ask; `completion`: command lines, completed.
//! - `log`, `banner`, `failure`, `signals`: what it says and hears.

mod admin;
mod assemble;
mod background;
mod backup;
mod banner;
mod check;
mod cli;
mod client;
mod completion;
mod config;
mod credentials;
mod data_dir;
mod failure;
mod keys;
mod log;
mod mail;
mod net;
mod private;
mod prompt;
mod provision;
mod reset_password;
mod serve;
mod settings;
mod signals;
mod table;
mod terminal;
mod units;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match cli::read() {
        cli::Command::Serve(told) if told.check => check::check(told),
        cli::Command::Serve(told) => settings::Settings::gather(told).and_then(serve::run),
        cli::Command::HashPassword => credentials::hash_password(),
        cli::Command::ResetPassword(args) => reset_password::reset_password(args),
        cli::Command::Backup(args) => backup::backup(&args),
        cli::Command::Restore(args) => backup::restore(&args),
        cli::Command::Verify(args) => backup::verify(&args),
        cli::Command::Completion(args) => completion::completion(&args),
        cli::Command::Client(command) => client::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
