//! Sharing levels: names for five sets of permissions that people pick from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bits::Permissions;

/// A named set of permissions. A set that is none of these is shown as [`Level::CUSTOM`].
///
/// "Administrator" only names all eight bits; it is not the operator's role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

    /// How a set of permissions without a level is shown.
    pub const CUSTOM: &'static str = "custom";

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

    /// The level that names exactly this set; `None` is a custom one.
    pub fn of(permissions: Permissions) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.permissions() == permissions)
    }

    /// The name of the level that is exactly this set, or `custom`.
    pub fn shown(permissions: Permissions) -> &'static str {
        Self::of(permissions).map_or(Self::CUSTOM, Self::name)
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
}

impl From<Level> for Permissions {
    fn from(level: Level) -> Self {
        level.permissions()
    }
}

/// A text that names no level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "not a sharing level; use one of can-view, can-download, can-edit, can-edit-and-delete, \
     administrator"
)]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or(UnknownLevel)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
