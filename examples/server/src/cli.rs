//! The command line.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::backup::{BackupArgs, RestoreArgs, VerifyArgs};
use crate::client;
use crate::completion::CompletionArgs;
use crate::reset_password::ResetArgs;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve until told to stop.
    Serve(Told),
    /// Turn a password into what a provisioning file may hold.
    HashPassword,
    /// Set a password in a data directory that no server uses.
    ResetPassword(ResetArgs),
    /// Keep a state of a registry elsewhere.
    Backup(BackupArgs),
    /// Bring one back.
    Restore(RestoreArgs),
    /// Check what is there.
    Verify(VerifyArgs),
    /// Write what a shell needs to complete command lines.
    Completion(CompletionArgs),
    /// Ask a running server.
    Client(client::Command),
}

/// A private Docker and OCI registry.
#[derive(Debug, Parser)]
#[command(name = "pierhead", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Without a command it serves. The first start makes the operator account \
    `admin`; its password is taken from PIERHEAD_ADMIN_PASSWORD, or made up and shown once."
)]
struct Line {
    #[command(subcommand)]
    command: Option<Word>,
    #[command(flatten)]
    told: Told,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Serve until told to stop
    #[command(after_help = "Example: pierhead serve --config /etc/pierhead/pierhead.toml")]
    Serve(Told),
    /// Read a password from standard input and print its hash, for `password_hash` in a provisioning
    /// file
    #[command(after_help = "Example: pierhead hash-password < password.txt")]
    HashPassword,
    /// Set the password of an account that nobody else can help, with the server stopped
    #[command(after_help = "Example: pierhead reset-password admin --data /var/lib/pierhead")]
    ResetPassword(ResetArgs),
    /// Back up a registry, whether or not its server runs: everything at first, then what is new
    #[command(
        after_help = "Example: pierhead backup --data /var/lib/pierhead /mnt/backup/pierhead"
    )]
    Backup(BackupArgs),
    /// Bring a backup back into a new directory, or the database of a directory back from a snapshot
    #[command(
        after_help = "Example: pierhead restore /mnt/backup/pierhead --data /var/lib/pierhead"
    )]
    Restore(RestoreArgs),
    /// Check that everything is there and undamaged, in a data directory or a backup
    #[command(
        after_help = "Examples:\n  pierhead verify --data /var/lib/pierhead\n  \
        pierhead verify --backup /mnt/backup/pierhead"
    )]
    Verify(VerifyArgs),
    /// Write a script that completes command lines in a shell
    Completion(CompletionArgs),
    #[command(flatten)]
    Client(client::Command),
}

/// Which commands are for what, as the help shows them. Whatever stands in none of these asks a
/// server.
const GROUPS: [(&str, &[&str]); 3] = [
    ("Serving", &["serve"]),
    (ASKING, &[]),
    (
        "On this machine",
        &[
            "backup",
            "restore",
            "verify",
            "reset-password",
            "hash-password",
            "completion",
        ],
    ),
];

const ASKING: &str = "Asking a server";

/// What the command line says of serving. It wins over the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Told {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where everything is kept [default: ./pierhead-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// A URL under which clients reach the server, such as `https://registry.example.org`; may be
    /// repeated
    #[arg(long = "public-url", value_name = "URL")]
    pub(crate) public_urls: Vec<String>,
    /// Accounts, teams and projects that are to be there
    #[arg(long, value_name = "FILE")]
    pub(crate) provision: Option<PathBuf>,
    /// Only say whether it could start with these files: nothing is made, and a running server is
    /// not disturbed
    #[arg(long)]
    pub(crate) check: bool,
}

/// Reads the command line. Help, the version and mistakes end the process here, mistakes with
/// status 2.
pub(crate) fn read() -> Command {
    parse(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

fn parse<W>(words: impl IntoIterator<Item = W>) -> Result<Command, clap::Error>
where
    W: Into<std::ffi::OsString> + Clone,
{
    let found = line().try_get_matches_from(words).map_err(with_tip)?;
    Line::from_arg_matches(&found).map(Command::from)
}

/// The command line, with the commands in groups.
pub(crate) fn line() -> clap::Command {
    let line = Line::command();
    let mut help = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (heading, _) in GROUPS {
        let _ = write!(help, "\n{heading}:\n");
        for command in line.get_subcommands() {
            if group_of(command.get_name()) == heading {
                let about = command.get_about().map(ToString::to_string);
                let about = about.unwrap_or_default();
                let _ = writeln!(help, "  {:<15}{about}", command.get_name());
            }
        }
    }
    help.push_str("  help           Say more about a command\n\nOptions:\n{options}{after-help}");
    line.help_template(help)
}

fn group_of(command: &str) -> &'static str {
    let group = GROUPS.iter().find(|(_, names)| names.contains(&command));
    group.map_or(ASKING, |(heading, _)| heading)
}

/// Whoever types `pierhead tags syn101/tools` means one of its commands.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let typed = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(typed)) if typed.contains('/') => typed.clone(),
        _ => return error,
    };
    let usage = error.get(ContextKind::Usage).map(ToString::to_string);
    if error.kind() == ErrorKind::InvalidSubcommand
        && usage.is_some_and(|usage| usage.contains("pierhead tags"))
    {
        let tip = format!("to list the tags, type: pierhead tags list {typed}");
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

impl From<Line> for Command {
    fn from(line: Line) -> Self {
        match line.command {
            Some(Word::HashPassword) => Self::HashPassword,
            Some(Word::ResetPassword(args)) => Self::ResetPassword(args),
            Some(Word::Backup(args)) => Self::Backup(args),
            Some(Word::Restore(args)) => Self::Restore(args),
            Some(Word::Verify(args)) => Self::Verify(args),
            Some(Word::Completion(args)) => Self::Completion(args),
            Some(Word::Client(command)) => Self::Client(command),
            Some(Word::Serve(told)) => Self::Serve(told),
            None => Self::Serve(line.told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, clap::Error> {
        parse(std::iter::once("pierhead").chain(line.split_whitespace()))
    }

    fn serve(line: &str) -> Told {
        match read(line) {
            Ok(Command::Serve(told)) => told,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn without_a_command_it_serves() {
        for prefix in ["", "serve "] {
            let line = "--listen 127.0.0.1:5001 --data /d --config c.toml --provision p.toml \
                        --public-url https://a --public-url http://b:1";
            let told = serve(&format!("{prefix}{line}"));
            assert_eq!(told.listen, Some(([127, 0, 0, 1], 5001).into()));
            assert_eq!(told.data, Some("/d".into()));
            assert_eq!(told.config, Some("c.toml".into()));
            assert_eq!(told.provision, Some("p.toml".into()));
            assert_eq!(told.public_urls, ["https://a", "http://b:1"]);
            assert!(!told.check && serve(&format!("{prefix}--check")).check);
        }
        assert!(serve("").listen.is_none());
        assert!(matches!(read("hash-password"), Ok(Command::HashPassword)));
    }

    #[test]
    fn mistakes_are_told_and_end_with_status_two() {
        for (line, said) in [
            ("--nonsense", "unexpected argument '--nonsense'"),
            ("--listen", "a value is required for '--listen <ADDR:PORT>'"),
            (
                "--listen 5000",
                "invalid value '5000' for '--listen <ADDR:PORT>'",
            ),
            ("--listen localhost:5000", "invalid value 'localhost:5000'"),
            (
                "--listen 127.0.0.1:99999",
                "invalid value '127.0.0.1:99999'",
            ),
            ("backup", "<TO>"),
            ("restore", "<FROM>"),
            ("restore a --snapshot b", "cannot be used with"),
            ("restore --snapshot b --incomplete", "cannot be used with"),
            ("verify --backup a --data b", "cannot be used with"),
            ("tags list", "<NAME>"),
            ("tags a/b", "type: pierhead tags list a/b"),
            ("tags prune a/b", "--newest <COUNT>"),
            ("tags list a/b --newest 1", "unexpected argument"),
            ("tags prune a/b --younger-than 90", "write it as"),
            ("tags delete", "<NAME:TAG>"),
            ("token create ci", "--scope"),
            ("token create ci --scope push", "possible values: view"),
            ("explain a/b pul", "\'pull\'"),
            ("completion tcsh", "possible values: bash"),
            ("user", "Usage: pierhead user <COMMAND>"),
            ("user create", "<NAME>"),
            ("user certify", "<NAME>..."),
            ("user invite --expires soon", "write it as"),
            ("user uninvite me", "invalid value 'me'"),
            ("team add readers", "<USER>..."),
            ("project rename syn1", "<NEW>"),
            ("share set syn1", "<WHO LEVEL>..."),
            ("share remove syn1", "<WHO>..."),
            ("trash purge", "<NAME>..."),
            ("srve", "unrecognized subcommand 'srve'"),
            ("hash-password secret", "unexpected argument 'secret'"),
            ("--data a --data b", "cannot be used multiple times"),
            ("--data d serve", "cannot be used with"),
        ] {
            let error = read(line).expect_err(line);
            assert!(error.to_string().contains(said), "{line}: {error}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        for line in ["--help", "--version", "serve --help"] {
            assert_eq!(read(line).expect_err(line).exit_code(), 0, "{line}");
        }
    }

    #[test]
    fn the_line_is_one_that_can_be_parsed() {
        line().debug_assert();
    }

    #[test]
    fn help_names_every_command_once_in_its_group() {
        let help = read("--help").expect_err("help").to_string();
        let (_, asking) = help.split_once("\nAsking a server:\n").expect("a group");
        let (asking, here) = asking.split_once("\nOn this machine:\n").expect("another");
        for command in line().get_subcommands() {
            let name = command.get_name();
            let shown = format!("  {name} ");
            assert_eq!(help.matches(&shown).count(), 1, "{name}: {help}");
            assert!(command.get_about().is_some(), "{name} says what it does");
            for (heading, names) in GROUPS {
                let part = if heading == ASKING { asking } else { here };
                if names.contains(&name) && heading != "Serving" {
                    assert!(part.contains(&shown), "{name}: {help}");
                }
            }
        }
        assert!(asking.contains("  login ") && asking.contains("  tags "));
    }

    /// Whatever asks a server shows by an example how.
    #[test]
    fn every_command_of_a_client_has_an_example() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                command.get_subcommands().for_each(|it| look(it, &path));
            } else {
                let more = command.get_after_help().map(ToString::to_string);
                let more = more.unwrap_or_default();
                assert!(more.contains(path.trim()), "{path}: {more}");
            }
        }
        for command in line().get_subcommands() {
            if group_of(command.get_name()) == ASKING {
                look(command, "pierhead");
            }
        }
    }
}
