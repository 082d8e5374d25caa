//! What a team or an embedder sets: of whom certification is asked, what `public` can hold, who
//! creates projects, which levels there are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::bits::Permissions;
use crate::decide::decide;
use crate::decision::{Decision, Row};
use crate::facts::{CallerFacts, Target};
use crate::level::Levels;

/// What decisions depend on besides the facts. [`Options`] are these rules as plain settings; an
/// embedder whose rules are no settings implements this, mostly beside an `Options` that it asks for
/// the rest. Whatever a method leaves out is as in `Options::default()`.
///
/// Everything that is decided, listed and explained asks the same value. Its answers must follow
/// from what it is asked and from nothing that changes by itself: a decision is compared later with
/// the versions of the facts it was made from, and of rules there are no versions.
///
/// It cannot change whose list counts, nor what an entry gives to whom: a caller's permissions are
/// the union over the principals it matches. Which principals those are is in [`CallerFacts`].
///
/// ```
/// use pierhead_policy::{CallerFacts, Options, Row, Rules, Target};
///
/// /// Whoever is in the team of the trained pushes without an operator's word.
/// #[derive(Debug)]
/// struct Trained(pierhead_policy::PrincipalId);
///
/// impl Rules for Trained {
///     fn asks_certification(&self, row: Row, caller: &CallerFacts<'_>, target: &Target<'_>) -> bool {
///         !caller.principals().teams.contains(&self.0)
///             && Options::default().asks_certification(row, caller, target)
///     }
/// }
/// ```
pub trait Rules: fmt::Debug + Send + Sync {
    /// Whether `row` refuses this caller unless it is certified. Asked for
    /// [`Row::PushNew`], [`Row::PushExisting`] and [`Row::ExternalReference`] (where one is made).
    fn asks_certification(&self, row: Row, caller: &CallerFacts<'_>, target: &Target<'_>) -> bool {
        Options::default().asks_certification(row, caller, target)
    }

    /// The most that `public` can hold. READ and DOWNLOAD alone count; with DOWNLOAD, callers
    /// without an account may pull by it.
    fn public_ceiling(&self) -> Permissions {
        Options::default().public_ceiling()
    }

    /// Who may create a project.
    fn project_creation(&self) -> ProjectCreation {
        Options::default().project_creation()
    }

    /// The levels that people pick from and are told of.
    fn levels(&self) -> &Levels {
        Levels::FIVE
    }

    /// The answer: [`decide()`] by these rules. For who narrows the table further. It is asked about
    /// everything that a list shows, but only about what the table itself would show: what an
    /// override allows beyond that can be found by name and stands in no list.
    fn decide(&self, caller: &CallerFacts<'_>, action: Action, target: &Target<'_>) -> Decision {
        decide(self, caller, action, target)
    }
}

const PULL: Permissions = Permissions::READ.union(Permissions::DOWNLOAD);

/// What of an entry of `public` counts at most.
pub(crate) fn public_ceiling<R: Rules + ?Sized>(rules: &R) -> Permissions {
    rules.public_ceiling() & PULL
}

/// Of whom certification is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certification {
    /// Of whoever pushes a new repository or makes an external reference.
    #[default]
    NewRepository,
    /// Of whoever pushes anything or makes an external reference.
    EveryPush,
    /// Of nobody who pushes.
    Never,
}

/// Who may create a project.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectCreation {
    /// Every signed-in account.
    #[default]
    Everyone,
    /// Operators only.
    Operators,
}

/// The rules as settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case", deny_unknown_fields)]
pub struct Options {
    /// Of whom certification is asked.
    pub certification: Certification,
    /// Whether `public` may hold DOWNLOAD, and callers without an account may pull by it.
    pub public_download: bool,
    /// Who may create a project.
    pub project_creation: ProjectCreation,
}

impl Rules for Options {
    fn asks_certification(&self, row: Row, _: &CallerFacts<'_>, _: &Target<'_>) -> bool {
        match self.certification {
            Certification::NewRepository => row != Row::PushExisting,
            Certification::EveryPush => true,
            Certification::Never => false,
        }
    }

    fn public_ceiling(&self) -> Permissions {
        if self.public_download {
            PULL
        } else {
            Permissions::READ
        }
    }

    fn project_creation(&self) -> ProjectCreation {
        self.project_creation
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
