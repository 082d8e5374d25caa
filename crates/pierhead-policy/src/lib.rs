#![doc = include_str!("../README.md")]
//!
//! # The map
//! | module | what is in it |
//! |---|---|
//! | `bits` | [`Permission`], [`Permissions`] |
//! | `level` | [`Levels`]: names of sets of permissions; [`Level`]: the five that there are by default |
//! | `id` | [`PrincipalId`], [`EntityId`], [`ProjectIds`]: how ids and names are written |
//! | `list`, `sieve` | [`AccessList`] |
//! | `rules` | [`Rules`]: what an embedder decides itself; [`Options`]: the same as settings |
//! | `facts` | [`CallerFacts`], [`Target`]: what decisions are made from |
//! | `action` | [`Action`], [`scope_gate`] |
//! | `decide`, `needs` | [`decide()`]: the table |
//! | `decision` | [`Decision`], [`Row`], [`Grant`] |
//! | `reason` | [`Reason`]: why not, and what would help |
//! | `explain` | [`explain()`], [`Explanation`] |
//! | `share` | [`check_share_change`]: what a list may be changed to |

mod action;
mod bits;
mod decide;
mod decision;
mod explain;
mod facts;
mod id;
mod level;
mod list;
mod needs;
mod reason;
mod rules;
mod share;
mod sieve;

pub use action::{Action, RequestKind, scope_gate};
pub use bits::{Permission, Permissions, UnknownPermission};
pub use decide::decide;
pub use decision::{Decision, Grant, Row};
pub use explain::{ExplainedList, Explanation, Matched, Obstacle, Via, explain};
pub use facts::{
    AccountFacts, CallerFacts, CountingList, Identity, Principals, ProjectFacts, RepositoryFacts,
    Scope, Scopes, Target, TrashMark, TrashState,
};
pub use id::{BadEntityId, BadPrefix, EntityId, NotAName, PrincipalId, ProjectIds};
pub use level::{BadLevels, Level, Levels, NamedLevel, UnknownLevel};
pub use list::{AccessList, Entry, ListError};
pub use reason::Reason;
pub use rules::{Certification, Options, ProjectCreation, Rules};
pub use share::{ShareChange, ShareError, can_be_mended, check_share_change};
