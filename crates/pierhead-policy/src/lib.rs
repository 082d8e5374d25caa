//! The access policy engine: who may do what to a project and its repositories.
//!
//! Projects own repositories; a repository inherits its project's sharing list unless it has one
//! of its own. What a caller may do follows from that list, from certification, from the trash
//! can and from the scopes of the credential it showed.
//!
//! ```
//! use pierhead_policy::{
//!     AccessList, Action, AccountFacts, CallerFacts, EntityId, Identity, Level, Options,
//!     PrincipalId, ProjectFacts, Rules, Scopes, Target, decide,
//! };
//!
//! let options = Options::default();
//! let ann = PrincipalId::new(3_000_001);
//! let list = AccessList::checked([(ann, Level::CanEdit.into())], &options, |_| true)?;
//! let syn101 = ProjectFacts { id: EntityId::new(101).unwrap(), list: &list, trashed: None };
//! let new_name = Target::Repository { name_ok: true, project: Some(syn101), repository: None };
//!
//! let refused = decide(&options, &CallerFacts::account(ann), Action::Push, &new_name);
//! let reason = refused.reason().unwrap();
//! assert_eq!(reason.rule(), "pushing a new repository needs a certified account");
//! assert_eq!(reason.remedy(options.levels()), "ask an operator to certify you");
//!
//! let certified = CallerFacts {
//!     identity: Identity::Account(AccountFacts {
//!         id: ann, teams: &[], certified: true, operator: false,
//!     }),
//!     scopes: Scopes::ALL,
//! };
//! assert!(decide(&options, &certified, Action::Push, &new_name).is_allowed());
//! # Ok::<(), pierhead_policy::ListError>(())
//! ```
//!
//! This crate does no I/O, is not async, keeps no state and does not panic; [`decide()`] does not
//! allocate. It never asks for a fact: whoever calls it read them, all at one moment, and decides
//! again inside the transaction that makes something lasting. Absent and forbidden must look
//! alike to who may not know; `may_know` in [`Decision::Deny`] says who may.
//!
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
