//! The reference server: a private registry for a team, from one command.
//!
//! It joins Pierhead's crates into what a team runs as it is: a command line, a typed
//! configuration file, provisioning, a data directory, connections, logs and an orderly stop. What
//! a registry does is none of its business; that is in the crates, for everybody to build in.
//!
//! # The map
//! - `cli`, `config`, `units`: what it is told; `settings`: all of it as one value.
//! - `provision`, `credentials`: accounts, teams and projects from a file; passwords.
//! - `data_dir`, `keys`, `admin`: what it keeps, and what it makes at its first start.
//! - `assemble`: the crates, joined; `serve`: its life from start to stop.
//! - `listen`, `files`, `connection`, `stream`, `access`: sockets, how many, connections, bytes,
//!   requests.
//! - `client`: commands that ask a running server; `reset_password`: one for a stopped one;
//!   `prompt`: whoever is at the terminal, asked; `completion`: command lines, completed.
//! - `log`, `banner`, `failure`, `signals`: what it says and hears.

mod access;
mod admin;
mod assemble;
mod banner;
mod cli;
mod client;
mod completion;
mod config;
mod connection;
mod credentials;
mod data_dir;
mod failure;
mod files;
mod keys;
mod listen;
mod log;
mod mail;
mod prompt;
mod provision;
mod reset_password;
mod serve;
mod settings;
mod signals;
mod stream;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match cli::read() {
        cli::Command::Serve(told) => settings::Settings::gather(told).and_then(serve::run),
        cli::Command::HashPassword => credentials::hash_password(),
        cli::Command::ResetPassword(args) => reset_password::reset_password(args),
        cli::Command::Completion(args) => completion::completion(&args),
        cli::Command::Client(command) => client::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
