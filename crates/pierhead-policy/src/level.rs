//! Sharing levels: names for sets of permissions that people pick from.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::bits::{Permission, Permissions};

/// The five levels that there are unless an embedder has others ([`Levels`]).
///
/// "Administrator" only names all eight bits; it is not the operator's role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// READ.
    CanView,
    /// READ DOWNLOAD.
    CanDownload,
    /// READ DOWNLOAD CREATE UPDATE.
    CanEdit,
    /// What can-edit has, and DELETE.
    CanEditAndDelete,
    /// All eight.
    Administrator,
}

impl Level {
    /// All five, from the narrowest to the widest.
    pub const ALL: [Self; 5] = [
        Self::CanView,
        Self::CanDownload,
        Self::CanEdit,
        Self::CanEditAndDelete,
        Self::Administrator,
    ];

    /// The set it names.
    pub const fn permissions(self) -> Permissions {
        match self {
            Self::CanView => Permissions::READ,
            Self::CanDownload => Permissions::READ.union(Permissions::DOWNLOAD),
            Self::CanEdit => Self::CanDownload
                .permissions()
                .union(Permissions::CREATE)
                .union(Permissions::UPDATE),
            Self::CanEditAndDelete => Self::CanEdit.permissions().union(Permissions::DELETE),
            Self::Administrator => Permissions::ALL,
        }
    }

    /// The name, such as `can-edit-and-delete`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CanView => "can-view",
            Self::CanDownload => "can-download",
            Self::CanEdit => "can-edit",
            Self::CanEditAndDelete => "can-edit-and-delete",
            Self::Administrator => "administrator",
        }
    }

    const fn named(self) -> NamedLevel {
        NamedLevel {
            name: Cow::Borrowed(self.name()),
            permissions: self.permissions(),
        }
    }
}

impl From<Level> for Permissions {
    fn from(level: Level) -> Self {
        level.permissions()
    }
}

/// A name and the set of permissions that it stands for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct NamedLevel {
    /// As it is written and shown.
    pub name: Cow<'static, str>,
    /// What it gives.
    pub permissions: Permissions,
}

/// The levels that people pick from: the five of [`Level`], or an embedder's own.
///
/// Lists keep permissions, never levels: with other levels nobody holds more or less, and only what
/// is read from people and shown to them has other names.
///
/// ```
/// use pierhead_policy::{Level, Levels, Permissions};
///
/// let push_only = Permissions::CREATE | Permissions::UPDATE;
/// let five = Level::ALL.map(|level| (level.name(), level.permissions()));
/// let levels = Levels::new([("can-push", push_only)].into_iter().chain(five))?;
/// assert_eq!(levels.permissions("can-push"), Ok(push_only));
/// assert_eq!(levels.shown(push_only), "can-push");
/// assert_eq!(Levels::default().shown(push_only), "custom");
/// # Ok::<(), pierhead_policy::BadLevels>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Levels(Cow<'static, [NamedLevel]>);

impl Levels {
    /// How a set of permissions that no level names is shown.
    pub const CUSTOM: &'static str = "custom";

    /// The five.
    pub(crate) const FIVE: &'static Self = &Self(Cow::Borrowed(
        const {
            &[
                Level::CanView.named(),
                Level::CanDownload.named(),
                Level::CanEdit.named(),
                Level::CanEditAndDelete.named(),
                Level::Administrator.named(),
            ]
        },
    ));

    /// Levels of these names, in this order: the first that has a permission is the one that people
    /// are told to ask for, so the narrowest stand first.
    ///
    /// # Errors
    ///
    /// [`BadLevels`]: each name is 1 to 64 bytes of `[a-z0-9-]` and not `custom`; each set has a
    /// permission; no name and no set stands twice.
    pub fn new<N: Into<Cow<'static, str>>>(
        levels: impl IntoIterator<Item = (N, Permissions)>,
    ) -> Result<Self, BadLevels> {
        let mut all: Vec<NamedLevel> = Vec::new();
        for (name, permissions) in levels {
            let name = name.into();
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) || name == Self::CUSTOM {
                return Err(BadLevels::Name(name.into_owned()));
            }
            if permissions.is_empty() {
                return Err(BadLevels::Empty(name.into_owned()));
            }
            let same = |one: &&NamedLevel| one.name == name || one.permissions == permissions;
            if let Some(before) = all.iter().find(same) {
                return Err(BadLevels::Twice(before.name.to_string(), name.into_owned()));
            }
            all.push(NamedLevel { name, permissions });
        }
        Ok(Self(all.into()))
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &NamedLevel> {
        self.0.iter()
    }

    /// What the level of this name gives.
    ///
    /// # Errors
    ///
    /// [`UnknownLevel`], which names those there are.
    pub fn permissions(&self, name: &str) -> Result<Permissions, UnknownLevel> {
        let found = self.iter().find(|level| level.name == name);
        found.map(|level| level.permissions).ok_or_else(|| {
            let names: Vec<&str> = self.iter().map(|level| &*level.name).collect();
            UnknownLevel(names.join(", "))
        })
    }

    /// The name of the level that is exactly this set, or [`custom`](Self::CUSTOM).
    pub fn shown(&self, permissions: Permissions) -> &str {
        let exactly = self.iter().find(|level| level.permissions == permissions);
        exactly.map_or(Self::CUSTOM, |level| &level.name)
    }

    /// The first level that has this permission.
    pub fn with(&self, permission: Permission) -> Option<&NamedLevel> {
        self.iter().find(|level| level.permissions.has(permission))
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self::FIVE.clone()
    }
}

impl Serialize for Levels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Levels that people could not tell apart.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum BadLevels {
    /// A name that cannot be one.
    #[error("`{0}` names no level; use 1 to 64 lower-case letters, digits and `-`, not `custom`")]
    Name(String),
    /// A level that gives nothing.
    #[error("the level `{0}` gives nothing; give it a permission or leave it out")]
    Empty(String),
    /// Two levels of one name or one set.
    #[error("the levels `{0}` and `{1}` cannot be told apart; leave one of them out")]
    Twice(String, String),
}

/// A text that names no level.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("not a sharing level; use one of {0}")]
pub struct UnknownLevel(String);

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
