//! Permissions: eight independent bits.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};
use std::str::FromStr;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// One permission. None implies another: DOWNLOAD without READ pulls but cannot list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Permission {
    /// See the entity: its tags, sizes, platforms, history and path.
    Read = 0,
    /// Pull.
    Download = 1,
    /// Make something new under a project.
    Create = 2,
    /// Push to an existing repository; rename or describe.
    Update = 3,
    /// Delete tags, manifests and blob links; put into the trash.
    Delete = 4,
    /// Change sharing; read the audit record.
    ChangePermissions = 5,
    /// Decides nothing yet.
    ChangeSettings = 6,
    /// Decides nothing yet.
    Moderate = 7,
}

impl Permission {
    /// All eight, in the order of their bits.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Download,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::ChangePermissions,
        Self::ChangeSettings,
        Self::Moderate,
    ];

    /// The set that holds only this one.
    pub const fn bit(self) -> Permissions {
        Permissions(1 << self as u8)
    }

    /// The name on the wire, such as `CHANGE_PERMISSIONS`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Download => "DOWNLOAD",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::ChangePermissions => "CHANGE_PERMISSIONS",
            Self::ChangeSettings => "CHANGE_SETTINGS",
            Self::Moderate => "MODERATE",
        }
    }
}

/// A text that names no permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "not a permission; use one of READ, DOWNLOAD, CREATE, UPDATE, DELETE, CHANGE_PERMISSIONS, \
     CHANGE_SETTINGS, MODERATE"
)]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.name() == text)
            .ok_or(UnknownPermission)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Permission;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a permission")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Permission, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// A set of [`Permission`]s in one byte. Serialised as a list of names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);
    /// All eight.
    pub const ALL: Self = Self(0xff);
    /// Only [`Permission::Read`].
    pub const READ: Self = Permission::Read.bit();
    /// Only [`Permission::Download`].
    pub const DOWNLOAD: Self = Permission::Download.bit();
    /// Only [`Permission::Create`].
    pub const CREATE: Self = Permission::Create.bit();
    /// Only [`Permission::Update`].
    pub const UPDATE: Self = Permission::Update.bit();
    /// Only [`Permission::Delete`].
    pub const DELETE: Self = Permission::Delete.bit();
    /// Only [`Permission::ChangePermissions`].
    pub const CHANGE_PERMISSIONS: Self = Permission::ChangePermissions.bit();
    /// Only [`Permission::ChangeSettings`].
    pub const CHANGE_SETTINGS: Self = Permission::ChangeSettings.bit();
    /// Only [`Permission::Moderate`].
    pub const MODERATE: Self = Permission::Moderate.bit();

    /// From the byte that [`bits`](Self::bits) gave. Every byte is a set.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The byte to store: bit 0 is READ, bit 7 MODERATE.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything of `other` is in it.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not in `other`.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `permission` is in it.
    pub const fn has(self, permission: Permission) -> bool {
        self.intersects(permission.bit())
    }

    /// Its members, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.has(*permission))
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for Permissions {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl BitAnd for Permissions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.intersection(other)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions
            .into_iter()
            .fold(Self::NONE, |set, permission| set | permission.bit())
    }
}

impl From<Permission> for Permissions {
    fn from(permission: Permission) -> Self {
        permission.bit()
    }
}

impl fmt::Display for Permissions {
    /// Names with single spaces between; nothing for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, permission) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(permission.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self})")
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Permissions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of permission names")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Permissions, A::Error> {
                let mut set = Permissions::NONE;
                while let Some(permission) = names.next_element::<Permission>()? {
                    set |= permission.bit();
                }
                Ok(set)
            }
        }

        deserializer.deserialize_seq(Names)
    }
}

#[cfg(test)]
#[path = "bits_tests.rs"]
mod tests;
