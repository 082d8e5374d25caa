//! Why something was refused, and what would help.

use std::borrow::Cow;

use serde::Serialize;

use crate::bits::Permission;
use crate::decision::Row;
use crate::facts::Scope;
use crate::id::EntityId;
use crate::level::Levels;

/// Why something was refused: the first rule that did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Not `<project id>/<name>`.
    NotAName,
    /// No project has that number.
    NoSuchProject,
    /// The project is in the trash, and all in it.
    ProjectInTrash,
    /// The entity has a trash mark of its own.
    InTrash,
    /// There is no such entity.
    Absent,
    /// Nobody is signed in.
    AnonymousCaller,
    /// The account is not certified.
    NotCertified {
        /// The row that asks it: 2, 3 or 9.
        row: Row,
    },
    /// The list that counts does not give the caller a permission.
    Missing {
        /// Which.
        permission: Permission,
        /// The entity whose list it was looked for in.
        list_of: EntityId,
    },
    /// The credential was not made for this.
    ScopeLacks {
        /// What it lacks.
        scope: Scope,
    },
    /// A setting reserves this to operators.
    OperatorsOnly,
    /// It was not put into the trash itself.
    NoOwnMark,
    /// Somebody else put it into the trash.
    NotTrasher {
        /// The row that asks it: 11 or 12.
        row: Row,
    },
    /// The action makes no sense for such a target, such as purging nothing.
    NotApplicable,
}

impl Reason {
    /// The rule that refused, as a lower-case sentence.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::NotAName => "names here are `<project id>/<name>`",
            Self::NoSuchProject => "a repository belongs to a project, and there is no such one",
            Self::ProjectInTrash => "the project is in the trash can, where all operations fail",
            Self::InTrash => "it is in the trash can, where all operations fail",
            Self::Absent => "there is no such thing",
            Self::AnonymousCaller => "this needs somebody who is signed in",
            Self::NotCertified { row } => match row {
                Row::PushExisting => "pushing needs a certified account here",
                Row::ExternalReference => {
                    "referring to an external repository needs a certified account"
                }
                _ => "pushing a new repository needs a certified account",
            },
            Self::Missing { permission, .. } => match permission {
                Permission::Read => "seeing this needs READ in its sharing settings",
                Permission::Download => "pulling from this needs DOWNLOAD in its sharing settings",
                Permission::Create => {
                    "making something in a project needs CREATE in its sharing settings"
                }
                Permission::Update => "changing this needs UPDATE in its sharing settings",
                Permission::Delete => "deleting here needs DELETE in its sharing settings",
                Permission::ChangePermissions => {
                    "sharing and its record need CHANGE_PERMISSIONS in its sharing settings"
                }
                Permission::ChangeSettings => "this needs CHANGE_SETTINGS in its sharing settings",
                Permission::Moderate => "this needs MODERATE in its sharing settings",
            },
            Self::ScopeLacks { scope } => match scope {
                Scope::View => "the credential lacks the scope `view`",
                Scope::Download => "the credential lacks the scope `download`",
                Scope::Modify => "the credential lacks the scope `modify`",
            },
            Self::OperatorsOnly => "only operators create projects here",
            Self::NoOwnMark => "it was not put into the trash can itself",
            Self::NotTrasher { row } => match row {
                Row::Purge => "only who put it into the trash can purges it before its time",
                _ => {
                    "restoring is for who put it into the trash can, or who holds \
                     CHANGE_PERMISSIONS on the project"
                }
            },
            Self::NotApplicable => "this cannot be done to such a thing",
        }
    }

    /// What would help, as a lower-case sentence; where that is another sharing level, the first of
    /// these that would do.
    pub fn remedy(&self, levels: &Levels) -> Cow<'static, str> {
        let remedy = match self {
            Self::NotAName => "push to such a name, as in `syn101/tools`",
            Self::NoSuchProject => "create a project and use its id, or correct the id",
            Self::ProjectInTrash => "restore the project first",
            Self::InTrash => "restore it first",
            Self::Absent => "correct the name, or push it first",
            Self::AnonymousCaller => "sign in",
            Self::NotCertified { .. } => "ask an operator to certify you",
            Self::Missing { permission, .. } => {
                return Cow::Owned(match levels.with(*permission) {
                    Some(level) => format!("ask its administrator for `{}`", level.name),
                    None => format!("ask its administrator for {permission}"),
                });
            }
            Self::ScopeLacks { scope } => match scope {
                Scope::View => "make a token with the scope `view` and use that",
                Scope::Download => "make a token with the scope `download` and use that",
                Scope::Modify => "make a token with the scope `modify` and use that",
            },
            Self::OperatorsOnly => "ask an operator to create the project for you",
            Self::NoOwnMark => "look at the trash can for what is in it",
            Self::NotTrasher { row } => match row {
                Row::Purge => "ask who put it there, or an operator, or wait",
                _ => "ask who put it there, or an administrator of the project",
            },
            Self::NotApplicable => "ask for it on the right kind of thing",
        };
        Cow::Borrowed(remedy)
    }
}

#[cfg(test)]
#[path = "reason_tests.rs"]
mod tests;
