//! Token scopes: what a client asks the token endpoint for.

use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::str::FromStr;

use crate::ParseError;
use crate::name::RepositoryName;

/// The longest scope that is read, in bytes.
pub const MAX_SCOPE_LEN: usize = 1024;

/// A set of the actions on a repository: delete, pull, push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryActions(u8);

impl RepositoryActions {
    /// None.
    pub const NONE: Self = Self(0);
    /// Reading.
    pub const PULL: Self = Self(1);
    /// Writing.
    pub const PUSH: Self = Self(2);
    /// Deleting.
    pub const DELETE: Self = Self(4);
    /// All three; written `*` by some clients.
    pub const ALL: Self = Self(7);

    /// In the order of their names.
    const NAMES: [(Self, &'static str); 3] = [
        (Self::DELETE, "delete"),
        (Self::PULL, "pull"),
        (Self::PUSH, "push"),
    ];

    /// Reads names joined by commas. `*` means all; what is not known is dropped.
    pub fn parse(text: &str) -> Self {
        text.split(',').fold(Self::NONE, |set, name| {
            if name == "*" {
                return Self::ALL;
            }
            Self::NAMES
                .iter()
                .find(|(_, known)| *known == name)
                .map_or(set, |(action, _)| set.union(*action))
        })
    }

    /// Whether every action of the other set is in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The actions of either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The actions of both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether any action of the other set is in this one.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, sorted: delete, pull, push.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(action, _)| self.contains(*action))
            .map(|(_, name)| name)
    }
}

impl BitOr for RepositoryActions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitAnd for RepositoryActions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.intersection(other)
    }
}

impl fmt::Display for RepositoryActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// One scope of a token request: `type ":" name ":" actions`, split at the first and at the last
/// colon, because a name may hold `host:port`.
///
/// ```
/// use pierhead_model::{RepositoryActions, TokenScope};
/// let TokenScope::Repository { name, actions } = TokenScope::parse("repository:syn1/a:push,pull")?
/// else {
///     unreachable!()
/// };
/// assert_eq!(name.as_str(), "syn1/a");
/// assert!(actions.contains(RepositoryActions::PUSH));
/// assert_eq!(actions.to_string(), "pull,push");
/// # Ok::<(), pierhead_model::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenScope {
    /// `repository:<name>:<actions>`. Actions that are not known are left out.
    Repository {
        /// The repository.
        name: RepositoryName,
        /// What is asked for.
        actions: RepositoryActions,
    },
    /// `registry:catalog:*`: the list of repositories.
    Catalog,
    /// Three parts that mean nothing here: another type (`repository(plugin)`, `registry` with
    /// another name), or a name that is no repository name. It grants nothing.
    Unknown,
}

impl TokenScope {
    /// Reads one scope.
    ///
    /// # Errors
    /// [`ParseError`] when there are not three parts, or more than [`MAX_SCOPE_LEN`] bytes.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = |at, reason| Err(ParseError::new("token scope", text, at, reason));
        if text.len() > MAX_SCOPE_LEN {
            return wrong(MAX_SCOPE_LEN, "at most 1024 bytes are allowed");
        }
        let Some((kind, rest)) = text.split_once(':') else {
            return wrong(text.len(), "`type:name:actions` is expected");
        };
        let Some((name, actions)) = rest.rsplit_once(':') else {
            return wrong(text.len(), "a colon and the actions are expected");
        };
        Ok(match kind {
            "repository" => name.parse().map_or(Self::Unknown, |name| Self::Repository {
                name,
                actions: RepositoryActions::parse(actions),
            }),
            "registry" if name == "catalog" && actions.split(',').any(|action| action == "*") => {
                Self::Catalog
            }
            _ => Self::Unknown,
        })
    }

    /// The scope of these actions on this repository.
    pub fn repository(name: RepositoryName, actions: RepositoryActions) -> Self {
        Self::Repository { name, actions }
    }
}

impl FromStr for TokenScope {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// As it stands in a challenge. [`TokenScope::Unknown`] has no text and is written as nothing.
impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { name, actions } => write!(f, "repository:{name}:{actions}"),
            Self::Catalog => f.write_str("registry:catalog:*"),
            Self::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "scope_tests.rs"]
mod tests;
