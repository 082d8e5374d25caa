//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::client::{ProjectArgs, ShareArgs, TagsArgs, TeamArgs, TrashArgs, UserArgs};
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
    /// Ask a server about the tags of a repository.
    Tags(TagsArgs),
    /// Ask it for, or change, accounts,
    User(UserArgs),
    /// teams,
    Team(TeamArgs),
    /// projects,
    Project(ProjectArgs),
    /// sharing settings,
    Share(ShareArgs),
    /// or the trash can.
    Trash(TrashArgs),
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
    Serve(Told),
    /// Read a password from standard input and print its hash, for `password_hash` in a provisioning
    /// file
    HashPassword,
    /// Set the password of an account that nobody else can help, with the server stopped
    ResetPassword(ResetArgs),
    /// List the tags of a repository, or every push of them; take former versions away
    Tags(TagsArgs),
    /// Make, show and change accounts; invite people
    User(UserArgs),
    /// Make, show and change teams
    Team(TeamArgs),
    /// Make, show and change projects
    Project(ProjectArgs),
    /// Show and change who may do what, in a project or a repository
    Share(ShareArgs),
    /// Put projects and repositories into the trash can, and take them out
    Trash(TrashArgs),
}

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
}

/// Reads the command line. Help, the version and mistakes end the process here, mistakes with
/// status 2.
pub(crate) fn read() -> Command {
    Line::parse().into()
}

impl From<Line> for Command {
    fn from(line: Line) -> Self {
        match line.command {
            Some(Word::HashPassword) => Self::HashPassword,
            Some(Word::ResetPassword(args)) => Self::ResetPassword(args),
            Some(Word::Tags(args)) => Self::Tags(args),
            Some(Word::User(args)) => Self::User(args),
            Some(Word::Team(args)) => Self::Team(args),
            Some(Word::Project(args)) => Self::Project(args),
            Some(Word::Share(args)) => Self::Share(args),
            Some(Word::Trash(args)) => Self::Trash(args),
            Some(Word::Serve(told)) => Self::Serve(told),
            None => Self::Serve(line.told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, clap::Error> {
        let words = std::iter::once("pierhead").chain(line.split_whitespace());
        Line::try_parse_from(words).map(Command::from)
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
            ("tags", "the following required arguments were not provided"),
            ("tags a/b --prune", "--newest <COUNT>"),
            ("tags a/b --newest 1", "--prune"),
            ("tags a/b --history --prune --newest 1", "cannot be used"),
            ("tags a/b --prune --younger-than 90", "write it as"),
            ("tags a/b --tag v1", "--history"),
            ("user", "Usage: pierhead user <COMMAND>"),
            ("user create", "<NAME>"),
            ("user certify", "<NAME>..."),
            ("user invite --expires soon", "write it as"),
            ("user uninvite me", "invalid value 'me'"),
            ("team add readers", "<USER>..."),
            ("project rename syn1", "<TEXT>"),
            ("share set syn1 ben", "<WHO LEVEL>"),
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
}
