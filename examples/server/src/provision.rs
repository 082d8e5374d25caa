//! The provisioning file: from TOML to what [`Projects::provision`] takes, every item with its line.

use std::path::Path;

use pierhead::auth::Secret;
use pierhead::policy::{EntityId, Levels, ProjectIds};
use pierhead::projects::provision::{
    Provision, ProvisionError, ProvisionProject, ProvisionReport, ProvisionShare, ProvisionTeam,
    ProvisionUser,
};
use pierhead::projects::{Actor, Projects, ProjectsError};
use serde::Deserialize;
use toml::Spanned;

use crate::config::{line_of, mistake, text};
use crate::failure::{Failure, chain};
use crate::private;

/// The longest password file that is read, in bytes.
const MAX_PASSWORD_FILE: u64 = 4096;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<Spanned<User>>,
    #[serde(default)]
    team: Vec<Spanned<Team>>,
    #[serde(default)]
    project: Vec<Spanned<Project>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    email: Option<String>,
    password_hash: Option<Hidden>,
    password_file: Option<Spanned<String>>,
    password: Option<Hidden>,
    certified: Option<bool>,
    operator: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    name: String,
    members: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    id: Option<String>,
    name: Option<String>,
    owner: Option<String>,
    share: Option<Vec<Spanned<Share>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    user: Option<String>,
    team: Option<String>,
    everyone: Option<String>,
    level: Spanned<String>,
}

/// A text that `Debug` does not show.
struct Hidden(Secret);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(..)")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // What stands in its place without quotes would be repeated by the usual message.
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Hidden;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string in quotes")
            }
            fn visit_str<E>(self, text: &str) -> Result<Hidden, E> {
                Ok(Hidden(Secret::from(text)))
            }
            fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Hidden, E> {
                Err(unquoted())
            }
            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Hidden, E> {
                Err(unquoted())
            }
            fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<Hidden, E> {
                Err(unquoted())
            }
            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Hidden, E> {
                Err(unquoted())
            }
            fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<Hidden, E> {
                Err(unquoted())
            }
            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Hidden, E> {
                Err(unquoted())
            }
        }
        fn unquoted<E: serde::de::Error>() -> E {
            E::custom("a password is a string; put it in quotes")
        }
        from.deserialize_str(Text)
    }
}

/// A provisioning file that has been read.
#[derive(Debug)]
pub(crate) struct Provisioning {
    shown: String,
    wanted: Provision,
}

impl Provisioning {
    /// Reads a file and the password files it names. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be read, or the first thing wrong in it, as `file:line: what`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            let remedy = private::unread(&error, "name another with --provision");
            Failure::told(format!(
                "the provisioning file {shown} cannot be read ({error}); {remedy}"
            ))
        })?;
        let text = text(path, bytes)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let wanted =
            parse(&text, folder).map_err(|error| Failure::told(format!("{shown}:{error}")))?;
        Ok(Self { shown, wanted })
    }

    /// Whether it makes this account itself, able to sign in and an operator.
    pub(crate) fn makes_operator(&self, name: &str) -> bool {
        self.wanted.users.iter().any(|user| {
            let password = user.password.is_some()
                || user.password_file.is_some()
                || user.password_hash.is_some();
            user.name == name && user.operator == Some(true) && password
        })
    }

    /// The first project it names: its id, or else its name.
    pub(crate) fn first_project(&self) -> Option<(Option<&str>, Option<&str>)> {
        let project = self.wanted.projects.first()?;
        Some((project.id.as_deref(), project.name.as_deref()))
    }

    /// Makes everything so.
    ///
    /// # Errors
    /// The first mistake, as `file:line: what`; nothing was changed.
    pub(crate) async fn apply(&self, projects: &Projects) -> Result<ProvisionReport, Failure> {
        let actor = Actor::system("provisioning");
        projects
            .provision(&actor, &self.wanted)
            .await
            .map_err(|error| match error {
                ProvisionError::Mistake { line, message } => {
                    Failure::told(format!("{}:{line}: {message}", self.shown))
                }
                ProvisionError::Failed(error @ ProjectsError::Store(_)) => {
                    Failure::because(format!("{} was not provisioned", self.shown), &error)
                }
                other => Failure::happened(format!("{}: {}", self.shown, chain(&other))),
            })
    }

    /// What was changed, a line each; nothing secret.
    pub(crate) fn describe(&self, report: &ProvisionReport, ids: &ProjectIds) -> String {
        let mut lines = vec![];
        let mut say = |what: &str, names: Vec<String>| {
            if !names.is_empty() {
                lines.push(format!("  {what}: {}", names.join(", ")));
            }
        };
        let shown = |projects: &[(_, String)]| {
            projects
                .iter()
                .map(|(id, name)| format!("{} ({name})", ids.show(*id)))
                .collect()
        };
        say("made users", report.users_created.clone());
        say("changed users", report.users_changed.clone());
        say("made teams", report.teams_created.clone());
        say("changed teams", report.teams_changed.clone());
        say("made projects", shown(&report.projects_created));
        say("changed projects", shown(&report.projects_changed));
        let named = |projects: &[(usize, EntityId)]| {
            projects
                .iter()
                .map(|(line, id)| format!("{} (line {line})", ids.show(*id)))
                .collect()
        };
        say("left alone in the trash can", named(&report.in_trash));
        say("purged, and not made again", named(&report.purged));
        let gone = report.gone.iter();
        let gone = gone.map(|(line, name)| format!("{name} (line {line})"));
        say("deleted, and left out", gone.collect());
        if report.is_unchanged() {
            lines.insert(0, "  nothing to change".to_owned());
        }
        format!("{}:\n{}\n", self.shown, lines.join("\n"))
    }
}

/// Reads the text of a file that is in `folder`.
fn parse(text: &str, folder: &Path) -> Result<Provision, String> {
    let file: File = toml::from_str(text).map_err(|error| mistake(text, &error))?;
    let reader = Reader { text, folder };
    Ok(Provision {
        users: file
            .user
            .into_iter()
            .map(|user| reader.user(user))
            .collect::<Result<_, _>>()?,
        teams: file
            .team
            .into_iter()
            .map(|team| reader.team(team))
            .collect(),
        projects: file
            .project
            .into_iter()
            .map(|project| reader.project(project))
            .collect::<Result<_, _>>()?,
    })
}

struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
}

impl Reader<'_> {
    fn line<T>(&self, of: &Spanned<T>) -> usize {
        line_of(self.text, of.span().start)
    }

    fn user(&self, user: Spanned<User>) -> Result<ProvisionUser, String> {
        let line = self.line(&user);
        let user = user.into_inner();
        let password_file = match user.password_file {
            Some(path) => Some(self.password_file(&path)?),
            None => None,
        };
        Ok(ProvisionUser {
            line,
            name: user.name,
            email: user.email,
            password_hash: user.password_hash.map(|Hidden(text)| text),
            password_file,
            password: user.password.map(|Hidden(text)| text),
            certified: user.certified,
            operator: user.operator,
        })
    }

    /// The first line of a password file, without its end.
    fn password_file(&self, path: &Spanned<String>) -> Result<Secret, String> {
        let (line, path) = (self.line(path), self.folder.join(path.get_ref()));
        let shown = path.display();
        let size = std::fs::metadata(&path).map(|found| found.len());
        let text = match size {
            Ok(size) if size > MAX_PASSWORD_FILE => {
                return Err(format!(
                    "{line}: the password file {shown} is longer than {MAX_PASSWORD_FILE} bytes; \
                     name one that holds one line"
                ));
            }
            _ => std::fs::read_to_string(&path)
                .map(Secret::from)
                .map_err(|error| {
                    let remedy = "paths are relative to the provisioning file";
                    let remedy = private::unread(&error, remedy);
                    format!("{line}: the password file {shown} cannot be read ({error}); {remedy}")
                })?,
        };
        let mut lines = text.expose().lines();
        match (lines.next(), lines.next()) {
            (Some(password), None) if !password.is_empty() => Ok(Secret::from(password)),
            _ => Err(format!(
                "{line}: the password file {shown} does not hold exactly one line; write the \
                 password into it, and nothing else"
            )),
        }
    }

    fn team(&self, team: Spanned<Team>) -> ProvisionTeam {
        let line = self.line(&team);
        let Team { name, members } = team.into_inner();
        ProvisionTeam {
            line,
            name,
            members,
        }
    }

    fn project(&self, project: Spanned<Project>) -> Result<ProvisionProject, String> {
        let line = self.line(&project);
        let Project {
            id,
            name,
            owner,
            share,
        } = project.into_inner();
        let share = match share {
            Some(entries) => Some(
                entries
                    .into_iter()
                    .map(|entry| self.share(entry))
                    .collect::<Result<_, _>>()?,
            ),
            None => None,
        };
        Ok(ProvisionProject {
            line,
            id,
            name,
            owner,
            share,
        })
    }

    fn share(&self, entry: Spanned<Share>) -> Result<ProvisionShare, String> {
        let line = self.line(&entry);
        let Share {
            user,
            team,
            everyone,
            level,
        } = entry.into_inner();
        let at = self.line(&level);
        let text = level.into_inner();
        let permissions = Levels::default()
            .permissions(&text)
            .map_err(|error| format!("{at}: `{text}` is {error}"))?;
        Ok(ProvisionShare {
            line,
            user,
            team,
            everyone,
            permissions,
        })
    }
}

#[cfg(test)]
#[path = "provision_tests.rs"]
mod tests;
