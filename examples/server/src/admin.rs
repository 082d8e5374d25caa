//! The operator's account, made at the first start.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use pierhead::auth::{Secret, password};
use pierhead::projects::{AccountName, AccountRequest, Actor, Email, Projects, ProjectsError};

use crate::credentials;
use crate::data_dir::DataDir;
use crate::failure::{Failure, chain};
use crate::private;
use crate::provision::Provisioning;

/// The operator's user name.
pub(crate) const NAME: &str = "admin";

const EMAIL: &str = "admin@localhost";
const PASSWORD: &str = "PIERHEAD_ADMIN_PASSWORD";

/// Where the operator's password is to be had.
#[derive(Debug)]
pub(crate) enum Made {
    /// There was one before, or a provisioning file brings one.
    Before,
    /// It was told.
    Told,
    /// It was made up; this is the only time it is shown.
    Shown(Secret),
    /// It was made up and left in a file.
    Left(PathBuf),
}

/// Makes the operator's account when there is no operator yet. A provisioning file that brings it
/// needs none made; any other may name the one that is made.
///
/// # Errors
/// When the password that was told is against the rules, or the account cannot be made.
pub(crate) async fn ensure(
    projects: &Projects,
    data: &DataDir,
    provisioning: Option<&Provisioning>,
) -> Result<Made, Failure> {
    let unknown = |error: ProjectsError| {
        Failure::happened(format!(
            "the operator's account was not made: {}",
            chain(&error)
        ))
    };
    if provisioning.is_some_and(|file| file.makes_operator(NAME))
        || projects.active_operators().await.map_err(unknown)? > 0
    {
        return Ok(Made::Before);
    }
    let (password, made) = match told()? {
        Some(password) => (password, Made::Told),
        None => made_up(data)?,
    };
    let wrong = |what: &str| Failure::happened(format!("the operator's {what} is not usable"));
    let name: AccountName = NAME.parse().map_err(|_| wrong("name"))?;
    let email: Email = EMAIL.parse().map_err(|_| wrong("address"))?;
    let request = AccountRequest::with_password(password)
        .email(email)
        .operator();
    let actor = Actor::system("first start");
    projects
        .create_account(&actor, &name, request)
        .await
        .map_err(unknown)?;
    Ok(made)
}

/// The password in the environment.
fn told() -> Result<Option<Secret>, Failure> {
    let Some(text) = std::env::var_os(PASSWORD) else {
        return Ok(None);
    };
    let text = text
        .into_string()
        .map_err(|_| Failure::told(format!("{PASSWORD} is not UTF-8; set another password")))?;
    let password = Secret::new(text);
    password::check_rules(&password)
        .map_err(|error| Failure::told(format!("{PASSWORD} is not usable: {error}")))?;
    Ok(Some(password))
}

/// A password for whoever looks at the terminal; without anybody there, in a file.
fn made_up(data: &DataDir) -> Result<(Secret, Made), Failure> {
    let password = credentials::made_up()?;
    if std::io::stderr().is_terminal() {
        return Ok((password.clone(), Made::Shown(password)));
    }
    let path = data.admin_password();
    private::write(&path, &format!("{}\n", password.expose())).map_err(|error| {
        Failure::because(
            format!("the password file {} was not written", path.display()),
            &error,
        )
    })?;
    Ok((password, Made::Left(path)))
}
