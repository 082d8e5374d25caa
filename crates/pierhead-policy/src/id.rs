//! Numbers of principals and entities, and how entity numbers are written.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Whoever can stand in an access list: a user, a team, or one of the well-known groups.
///
/// Numbers are never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrincipalId(u64);

impl PrincipalId {
    /// Every signed-in account.
    pub const REGISTERED: Self = Self(273_948);
    /// Anyone, signed in or not.
    pub const PUBLIC: Self = Self(273_949);
    /// The caller without an account; it can never stand in a list.
    pub const ANONYMOUS: Self = Self(273_950);
    /// The first number that is given to a user or a team.
    pub const FIRST: Self = Self(3_000_000);

    /// Any number is a principal's; whether it is known is for the account store to say.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A project or a repository: 1..=2^63−1, all from one sequence, never reused.
///
/// How it is written (`syn101`) is [`ProjectIds`]' business; here it is a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct EntityId(u64);

impl EntityId {
    /// The largest: 2^63−1.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// `None` outside 1..=2^63−1.
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 || number > Self::MAX.0 {
            None
        } else {
            Some(Self(number))
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Digits of a number in range: 1–19 of them, no sign, no leading zero.
    fn from_digits(digits: &str) -> Option<Self> {
        let bytes = digits.as_bytes();
        if bytes.is_empty() || bytes.len() > 19 || bytes[0] == b'0' {
            return None;
        }
        if !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        digits.parse().ok().and_then(Self::new)
    }
}

impl TryFrom<u64> for EntityId {
    type Error = BadEntityId;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::new(number).ok_or(BadEntityId)
    }
}

impl From<EntityId> for u64 {
    fn from(id: EntityId) -> Self {
        id.0
    }
}

/// A number or text that is no entity's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not an entity id; use a number from 1 to 9223372036854775807 behind the prefix")]
pub struct BadEntityId;

/// Why a text is not the name of a repository.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NotAName {
    /// More than 255 bytes.
    #[error("a repository name has at most 255 bytes; shorten it")]
    TooLong,
    /// The first component is not a project id.
    #[error("names here are <project id>/<name>; start with the project's id")]
    NotAProjectId,
    /// A project id with nothing after it.
    #[error("a project id alone names no repository; add /<name>")]
    NoComponent,
    /// A component outside the distribution grammar.
    #[error(
        "a component is lower-case letters and digits, joined by single `.`, one or two `_`, or \
         any number of `-`; rename it"
    )]
    BadComponent,
}

/// A prefix that cannot stand before an entity's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a prefix of ids is 1 to 16 lower-case letters; choose another")]
pub struct BadPrefix;

/// How entity numbers are written: a prefix and the number, `syn101` by default.
///
/// ```
/// use pierhead_policy::{EntityId, ProjectIds};
///
/// let ids = ProjectIds::default();
/// let (project, rest) = ids.split("syn101/tools/aligner").unwrap();
/// assert_eq!(project, EntityId::new(101).unwrap());
/// assert_eq!(rest, "tools/aligner");
/// assert_eq!(ids.show(project).to_string(), "syn101");
/// assert_eq!(ids.parse_lenient("SYN101"), Ok(project));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProjectIds {
    prefix: Cow<'static, str>,
}

impl ProjectIds {
    /// The longest name of a repository, project id included, in bytes.
    pub const MAX_NAME: usize = 255;

    /// Ids with another prefix than `syn`.
    ///
    /// # Errors
    ///
    /// [`BadPrefix`] unless it is 1 to 16 lower-case ASCII letters.
    pub fn new(prefix: impl Into<Cow<'static, str>>) -> Result<Self, BadPrefix> {
        let prefix = prefix.into();
        let letters = prefix.bytes().all(|byte| byte.is_ascii_lowercase());
        if letters && (1..=16).contains(&prefix.len()) {
            Ok(Self { prefix })
        } else {
            Err(BadPrefix)
        }
    }

    /// The prefix.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The one way an id is written in answers.
    pub fn show(&self, id: EntityId) -> impl fmt::Display + '_ {
        Shown {
            prefix: &self.prefix,
            id,
        }
    }

    /// The strict form, as it must stand in a repository's name: lower-case prefix, 1–19 digits,
    /// no sign, no leading zero.
    ///
    /// # Errors
    ///
    /// [`BadEntityId`] for anything else.
    pub fn parse(&self, text: &str) -> Result<EntityId, BadEntityId> {
        text.strip_prefix(&*self.prefix)
            .and_then(EntityId::from_digits)
            .ok_or(BadEntityId)
    }

    /// The forms that the management API accepts: `syn101`, `SYN101`, `101`.
    ///
    /// # Errors
    ///
    /// [`BadEntityId`] for anything else.
    pub fn parse_lenient(&self, text: &str) -> Result<EntityId, BadEntityId> {
        let digits = match text.split_at_checked(self.prefix.len()) {
            Some((head, tail)) if head.eq_ignore_ascii_case(&self.prefix) => tail,
            _ => text,
        };
        EntityId::from_digits(digits).ok_or(BadEntityId)
    }

    /// Splits a repository's name into its project and the rest (one or more components).
    ///
    /// # Errors
    ///
    /// [`NotAName`] with what is wrong, checked in the order of its variants.
    pub fn split<'n>(&self, name: &'n str) -> Result<(EntityId, &'n str), NotAName> {
        if name.len() > Self::MAX_NAME {
            return Err(NotAName::TooLong);
        }
        let (project, rest) = match name.split_once('/') {
            Some((project, rest)) => (project, Some(rest)),
            None => (name, None),
        };
        let project = self.parse(project).map_err(|_| NotAName::NotAProjectId)?;
        match rest {
            None | Some("") => Err(NotAName::NoComponent),
            Some(rest) if rest.split('/').all(is_component) => Ok((project, rest)),
            Some(_) => Err(NotAName::BadComponent),
        }
    }
}

impl Default for ProjectIds {
    fn default() -> Self {
        Self {
            prefix: Cow::Borrowed("syn"),
        }
    }
}

struct Shown<'a> {
    prefix: &'a str,
    id: EntityId,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.id.get())
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = text.as_bytes();
    loop {
        let word = rest.iter().take_while(|byte| alphanumeric(byte)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let joint = rest.iter().take_while(|byte| !alphanumeric(byte)).count();
        let (between, after) = rest.split_at(joint);
        let dashes = between.iter().all(|byte| *byte == b'-');
        if !(dashes || matches!(between, b"." | b"_" | b"__")) {
            return false;
        }
        rest = after;
    }
}

#[cfg(test)]
#[path = "id_tests.rs"]
mod tests;
