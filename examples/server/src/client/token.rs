//! `pierhead token`: personal access tokens, which programs show in the place of a password.

use std::time::{Duration, SystemTime};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use pierhead::model::rfc3339;
use serde_json::{Value, json};

use super::answers::{ago, by_token, ends, joined, print_json, shown};
use super::api::Api;
use super::names::{Principal, user};
use super::{Asked, print};
use crate::failure::Failure;
use crate::settings::host_of;
use crate::table::{end, table};
use crate::terminal::{plain, say};
use crate::units::Span;

const TOKENS: &str = "/auth/v1/personalAccessToken";

/// Those of others, too.
const TOKENS_OF: &str = "/pierhead/v1/personalAccessToken";

/// What is done with tokens.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token, which is shown once
    Create(CreateArgs),
    /// List your tokens; for operators, also somebody else's
    List(ListArgs),
    /// End a token, for good; for operators, also somebody else's
    Revoke(RevokeArgs),
}

/// What a token is for.
#[derive(Args, Debug)]
#[command(after_help = "Nothing but the token is on standard output.\n\n\
    Examples:\n  pierhead token create ci --scope download,modify --expires 90d\n  \
    pierhead token create laptop --scope download | docker login registry.example.org -u ana \
    --password-stdin")]
struct CreateArgs {
    /// What you call it
    name: String,
    /// What it is for: `view` reads over the management API, `download` pulls, `modify` pushes and
    /// changes; none includes another
    #[arg(long, required = true, value_delimiter = ',', value_name = "SCOPE",
          value_parser = PossibleValuesParser::new(["view", "download", "modify"]))]
    scope: Vec<String>,
    /// How long it is good, such as `90d` [default: until it is revoked]
    #[arg(long, value_name = "SPAN", value_parser = Span::argument)]
    expires: Option<Duration>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  pierhead token list\n  pierhead token list --user ben")]
struct ListArgs {
    /// Whose: a user name, or a number [default: yours]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  pierhead token revoke ci\n  pierhead token revoke 7\n  \
    pierhead token revoke --user ben 7"
)]
struct RevokeArgs {
    /// Its number, or its name
    #[arg(value_name = "ID|NAME")]
    which: String,
    /// Whose: a user name, or a number [default: yours]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn token(args: &TokenArgs) -> Result<(), Failure> {
    match &args.command {
        Command::Create(args) => create(args),
        Command::List(args) => list(args),
        Command::Revoke(args) => revoke(args),
    }
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let now = SystemTime::now();
    let expires = args.expires.and_then(|span| now.checked_add(span));
    let api = args.asked.sign_in(None)?;
    let asked = json!({
        "name": args.name,
        "scope": args.scope,
        "expires": expires.map(rfc3339),
    });
    let made = api.post(TOKENS, &asked)?;
    if args.asked.json {
        return print_json(&made);
    }
    let secret = made["token"].as_str();
    let secret = secret.ok_or_else(|| api.strange("gave no token"))?;
    let (name, id) = (plain(&args.name), shown(&made["id"]));
    let (host, scopes) = (host_of(api.url()), args.scope.join(", "));
    let until = expires.map_or("until it is revoked".to_owned(), |at| {
        format!("and ends {}", end(at, now))
    });
    say(&format!(
        "token {id}, `{name}`, is for {scopes} {until}. It is shown this once; keep it as you keep a \
         password."
    ));
    print(&format!("{}\n", plain(secret)))?;
    say(&format!(
        "docker takes it as a password, with any user name:\n  docker login {host} -u {name} \
         --password-stdin\nthe commands here take it from PIERHEAD_TOKEN; to end it, type:\n  \
         pierhead token revoke {id}"
    ));
    Ok(())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let whose = Whose::read(&api, args.user.as_deref())?;
    let tokens = whose.tokens(&api)?;
    if args.asked.json {
        return print_json(&tokens.into());
    }
    if tokens.is_empty() {
        say(&match whose.0 {
            None => {
                "you have no tokens; to make one, type: pierhead token create NAME --scope download"
                    .to_owned()
            }
            Some(of) => format!("{} has no tokens", of.name),
        });
        return Ok(());
    }
    let now = SystemTime::now();
    let row = |token: &Value| {
        let used = ago(&token["lastUsed"], now);
        [
            shown(&token["id"]),
            shown(&token["name"]),
            joined(&token["scopes"]),
            ago(&token["created"], now),
            if used.is_empty() {
                "never".to_owned()
            } else {
                used
            },
            ends(&token["expires"], now),
        ]
    };
    let rows: Vec<_> = tokens.iter().map(row).collect();
    let heading = ["ID", "NAME", "SCOPES", "MADE", "LAST USED", "ENDS"];
    print(&table(heading, &rows))
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let whose = Whose::read(&api, args.user.as_deref())?;
    let id = whose.which(&whose.tokens(&api)?, &args.which)?;
    let done = api.delete(&whose.path(&format!("/{id}")), None)?;
    if args.asked.json {
        return print_json(&done);
    }
    say(&match whose.0 {
        None => format!("token {id} is revoked"),
        Some(of) => format!("token {id} of {} is revoked", of.name),
    });
    Ok(())
}

/// Whose tokens: of whoever asks, unless somebody is named.
struct Whose(Option<Principal>);

impl Whose {
    fn read(api: &Api, named: Option<&str>) -> Result<Self, Failure> {
        Ok(Self(named.map(|named| user(api, named)).transpose()?))
    }

    /// Of all of them, or of what is named behind.
    fn path(&self, rest: &str) -> String {
        match &self.0 {
            None => format!("{TOKENS}{rest}"),
            Some(of) => format!("{TOKENS_OF}{rest}?account={}", of.id),
        }
    }

    fn tokens(&self, api: &Api) -> Result<Vec<Value>, Failure> {
        let found = by_token(api, &self.path(""));
        found.map_err(|error| match (&self.0, error.status()) {
            (Some(_), Some(status @ 404)) => {
                Failure::answered(status, "the tokens of others are for operators; ask one")
            }
            _ => error,
        })
    }

    /// The number of the token that has this number, or else alone has this name.
    fn which(&self, tokens: &[Value], asked: &str) -> Result<String, Failure> {
        let of = |member: &str| {
            let found = tokens.iter().filter(|token| token[member] == asked);
            found.map(|token| shown(&token["id"])).collect::<Vec<_>>()
        };
        let (by_id, by_name) = (of("id"), of("name"));
        let (has, they, list) = match &self.0 {
            None => ("you have".to_owned(), "you have", "token list".to_owned()),
            Some(of) => (
                format!("{} has", of.name),
                "there are",
                format!("token list --user {}", of.name),
            ),
        };
        match (&by_id[..], &by_name[..]) {
            ([id], _) | ([], [id]) => Ok(id.clone()),
            ([], []) => Err(Failure::happened(format!(
                "{has} no token `{}`; for those {they}, type: pierhead {list}",
                plain(asked)
            ))),
            _ => Err(Failure::told(format!(
                "{has} several tokens `{}`; say which by its number: {}",
                plain(asked),
                by_name.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_number_and_else_by_a_name_of_its_own() {
        let tokens = [
            ("1", "ci"),
            ("2", "ci"),
            ("3", "laptop"),
            ("4", "3"),
            ("5", "one"),
        ];
        let tokens = tokens.map(|(id, name)| json!({ "id": id, "name": name }));
        for (asked, found) in [
            ("1", Some("1")),
            ("3", Some("3")),
            ("laptop", Some("3")),
            ("one", Some("5")),
            ("ci", None),
            ("other", None),
            ("", None),
        ] {
            let told = Whose(None).which(&tokens, asked);
            assert_eq!(told.ok().as_deref(), found, "{asked}");
        }
    }
}
