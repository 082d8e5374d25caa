//! `pierhead user`: accounts, for who administers them and for who they are.

use clap::{Args, Subcommand};
use pierhead::model::percent_encode;
use serde_json::{Value, json};

use super::answers::{by_offset, by_token, print_json, shown, yes};
use super::api::Api;
use super::careful::{Sure, each, told};
use super::invitation::{self, Invitations, Invite, Register, Uninvite};
use super::names::{Principal, number, user as user_of};
use super::new_password::{self, PasswordArgs, own_password};
use super::{Asked, print};
use crate::failure::Failure;
use crate::table::{facts, table};
use crate::terminal::say;

/// What is to be done with accounts.
#[derive(Args, Clone, Debug)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    word: Word,
}

#[derive(Clone, Debug, Subcommand)]
enum Word {
    /// Make an account (operators)
    #[command(after_help = "Example: pierhead user create ben --certified\n\n\
        An account without a password cannot sign in until it is given one, with \
        `pierhead user password NAME`.")]
    Create(Create),
    /// List accounts, all or those whose names begin so (operators)
    #[command(after_help = "Example: pierhead user list b")]
    List(List),
    /// Show an account and its teams
    #[command(after_help = "Example: pierhead user show ben")]
    Show(One),
    /// Let accounts push new repositories (operators)
    #[command(after_help = "Example: pierhead user certify ben eve")]
    Certify(Several),
    /// Take certification away (operators)
    #[command(after_help = "Example: pierhead user uncertify ben")]
    Uncertify(Several),
    /// Make accounts operators, who run the server (operators)
    #[command(after_help = "Example: pierhead user promote ben")]
    Promote(Several),
    /// Make an operator an ordinary account; one operator stays (operators)
    #[command(after_help = "Example: pierhead user demote ben")]
    Demote(Several),
    /// Put accounts out of use, with their sessions and tokens (operators)
    #[command(after_help = "Example: pierhead user disable ben")]
    Disable(Several),
    /// Put accounts into use again (operators)
    #[command(after_help = "Example: pierhead user enable ben")]
    Enable(Several),
    /// Change your password; for operators, also somebody else's
    #[command(after_help = "Examples:\n  pierhead user password\n  \
        pierhead user password ben --password-stdin <ben.txt\n\n\
        Your own needs the present one, in PIERHEAD_PASSWORD or asked at the terminal. It ends all \
        sessions of the account, and leaves personal access tokens alone.")]
    Password(PasswordArgs),
    /// Make your own account, with an invitation or where the server is open to everybody
    #[command(
        after_help = "Example: pierhead user register fay --url https://registry.example.org\n\n\
        The invitation is taken from PIERHEAD_INVITATION, or asked at the terminal."
    )]
    Register(Register),
    /// Invite somebody to make an account (operators)
    #[command(after_help = "Example: pierhead user invite --email fay@example.org --expires 3d")]
    Invite(Invite),
    /// List the invitations that nobody used (operators)
    #[command(after_help = "Example: pierhead user invitations")]
    Invitations(Invitations),
    /// Take invitations back, by their numbers (operators)
    #[command(after_help = "Example: pierhead user uninvite 7")]
    Uninvite(Uninvite),
    /// Delete an account for good: your own, or for operators any
    #[command(after_help = "Example: pierhead user delete ben\n\n\
        To keep somebody out and lose nothing, use `pierhead user disable`.")]
    Delete(Delete),
}

#[derive(Args, Clone, Debug)]
struct Create {
    /// The user name: letters, digits, `.`, `-`, `_`
    #[arg(value_name = "NAME")]
    name: String,
    /// The e-mail address, which nobody has to confirm
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// May push new repositories
    #[arg(long)]
    certified: bool,
    /// Runs the server
    #[arg(long)]
    operator: bool,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct List {
    /// Only names that begin so
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct One {
    /// The user name, or the number
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Several {
    /// User names, or numbers
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Args, Clone, Debug)]
struct Delete {
    /// The user name, or the number
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub(crate) fn user(args: &UserArgs) -> Result<(), Failure> {
    match &args.word {
        Word::Create(args) => create(args),
        Word::List(args) => list(args),
        Word::Show(args) => show(args),
        Word::Certify(args) => switch(args, "certified", true, "is certified"),
        Word::Uncertify(args) => switch(args, "certified", false, "is not certified"),
        Word::Promote(args) => switch(args, "operator", true, "is an operator"),
        Word::Demote(args) => switch(args, "operator", false, "is no operator"),
        Word::Disable(args) => switch(args, "disabled", true, "is disabled"),
        Word::Enable(args) => switch(args, "disabled", false, "is in use"),
        Word::Password(args) => new_password::change(args),
        Word::Register(args) => invitation::register(args),
        Word::Invite(args) => invitation::invite(args),
        Word::Invitations(args) => invitation::list(args),
        Word::Uninvite(args) => invitation::revoke(args),
        Word::Delete(args) => delete(args),
    }
}

fn create(args: &Create) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let password = new_password::chosen(&args.name, args.password_stdin)?;
    let mut new = json!({
        "name": args.name,
        "certified": args.certified,
        "operator": args.operator,
    });
    if let Some(email) = &args.email {
        new["email"] = email.as_str().into();
    }
    if let Some(password) = &password {
        new["password"] = password.expose().into();
    }
    let made = api.post("/pierhead/v1/account", &new)?;
    let name = shown(&made["name"]);
    if args.asked.json {
        print_json(&made)?;
    } else {
        print(&format!("{name} is made ({})\n", shown(&made["id"])))?;
    }
    if password.is_none() {
        say(&format!(
            "{name} has no password and cannot sign in; give one with `pierhead user password {name}`"
        ));
    }
    Ok(())
}

fn list(args: &List) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let prefix = percent_encode(args.prefix.as_deref().unwrap_or_default());
    let found = by_token(&api, &format!("/pierhead/v1/account?prefix={prefix}"))?;
    if args.asked.json {
        return print_json(&found.into());
    }
    let rows: Vec<_> = found
        .iter()
        .map(|account| {
            [
                shown(&account["name"]),
                shown(&account["id"]),
                yes(&account["certified"]),
                yes(&account["operator"]),
                yes(&account["disabled"]),
                yes(&account["registered"]),
                shown(&account["email"]),
            ]
        })
        .collect();
    let heading = [
        "NAME",
        "ID",
        "CERTIFIED",
        "OPERATOR",
        "DISABLED",
        "REGISTERED",
        "E-MAIL",
    ];
    print(&table(heading, &rows))
}

fn show(args: &One) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = user_of(&api, &args.name)?;
    let id = found.id;
    let account = match api.get(&format!("/pierhead/v1/account/{id}")) {
        Ok(account) => account,
        // Who is no operator sees of others what everybody does.
        Err(error) if matches!(error.status(), Some(403 | 404)) => {
            let path = format!("/repo/v1/user/{id}/certifiedUserPassingRecord");
            let certified = api.get(&path)?["passed"].take();
            json!({ "id": id.to_string(), "name": found.name, "certified": certified })
        }
        Err(error) => return Err(error),
    };
    let teams = by_offset(&api, &format!("/repo/v1/user/{id}/team"))?;
    if args.asked.json {
        let mut document = account;
        document["teams"] = teams.into();
        return print_json(&document);
    }
    let word = |value: &Value| match value.as_bool() {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => String::new(),
    };
    let teams: Vec<_> = teams.iter().map(|team| shown(&team["name"])).collect();
    print(&facts(&[
        ("NAME", shown(&account["name"])),
        ("ID", shown(&account["id"])),
        ("E-MAIL", shown(&account["email"])),
        ("CERTIFIED", word(&account["certified"])),
        ("OPERATOR", word(&account["operator"])),
        ("DISABLED", word(&account["disabled"])),
        ("REGISTERED", word(&account["registered"])),
        ("TEAMS", teams.join(", ")),
    ]))
}

fn switch(args: &Several, what: &str, value: bool, is: &str) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let (done, end) = each(&args.names, |name| {
        let found = user_of(&api, name)?;
        let path = format!("/pierhead/v1/account/{}/{what}", found.id);
        let since = api.put(&path, Some(&json!({ "value": value })))?;
        if !args.asked.json {
            print(&format!("{} {is}\n", found.name))?;
        }
        Ok(since)
    });
    told(&args.asked, done, end)
}

fn delete(args: &Delete) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = user_of(&api, &args.name)?;
    let Principal { id, name, .. } = &found;
    args.sure.ask(&format!(
        "Delete {name} for good? Its tokens and sessions end, its places in teams and in sharing \
         lists go; what it pushed stays, and nobody is given the name again."
    ))?;
    let mut farewell = None;
    if is_me(&api, *id)? {
        let password = own_password(name)?;
        farewell = Some(json!({ "password": password.expose() }));
    }
    let done = api.delete(&format!("/pierhead/v1/account/{id}"), farewell.as_ref())?;
    if args.asked.json {
        return print_json(&done);
    }
    print(&format!("{name} is deleted\n"))
}

/// Whether a number is that of whoever asks.
fn is_me(api: &Api, id: u64) -> Result<bool, Failure> {
    let me = api.get("/repo/v1/userProfile")?;
    Ok(number(&me["ownerId"]) == Some(id))
}
