//! A decision explained, as data and in words.

use std::borrow::Cow;

use serde::Serialize;

use crate::action::Action;
use crate::bits::{Permission, Permissions};
use crate::decision::{Decision, Grant};
use crate::facts::{
    CallerFacts, CountingList, Identity, ProjectFacts, RepositoryFacts, Scope, Target,
};
use crate::id::{EntityId, PrincipalId, ProjectIds};
use crate::list::AccessList;
use crate::needs::needs;
use crate::reason::Reason;
use crate::rules::Rules;

/// Why the answer is what it is.
///
/// It says what [`Decision`] may have to hide: show it only to who holds READ on the entity, and
/// about another account only to who holds `CHANGE_PERMISSIONS`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// What was asked.
    pub action: Action,
    /// The answer.
    #[serde(flatten)]
    pub decision: Decision,
    /// The list that was asked, if the row asks one and there is one; for rows that ask none, the
    /// list that counts.
    pub list: Option<ExplainedList>,
    /// The permissions of which the row needs one; empty if it asks no list.
    pub needs: Permissions,
    /// Which of them is missing, if the list gives none of them.
    pub missing: Option<Permission>,
    /// Everything that stands in the way, the reason of the refusal first. With all of it out of
    /// the way the answer would be yes, unless the last one is of a kind that only another caller,
    /// an operator or another name can overcome.
    pub obstacles: Vec<Obstacle>,
    /// All of this in sentences.
    pub words: Vec<String>,
}

/// The list that was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExplainedList {
    /// The entity whose list it is, as it is written.
    pub of: String,
    /// Whether a repository inherits it.
    pub inherited: bool,
    /// The entries that match the caller.
    pub matched: Vec<Matched>,
    /// Their union: what the caller holds.
    pub held: Permissions,
}

/// An entry that matches the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Matched {
    /// Whose entry.
    pub principal: PrincipalId,
    /// Why it matches.
    pub via: Via,
    /// What is written.
    pub written: Permissions,
    /// What of it counts; `public` is cut down.
    pub counted: Permissions,
}

/// Why an entry matches a caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// It names the account.
    Account,
    /// It names a team of the account.
    Team,
    /// It names every signed-in account.
    Registered,
    /// It names anyone.
    Public,
}

/// One thing in the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Obstacle {
    /// What.
    #[serde(flatten)]
    pub reason: Reason,
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// What would help, as a sentence.
    pub remedy: Cow<'static, str>,
}

/// Explains what [`Rules::decide`] answers to the same question. Allocates; not for the hot path.
pub fn explain<R: Rules + ?Sized>(
    rules: &R,
    ids: &ProjectIds,
    caller: &CallerFacts<'_>,
    action: Action,
    target: &Target<'_>,
) -> Explanation {
    let decision = rules.decide(caller, action, target);
    let needs = needs(caller, action, target);
    let asked = needs
        .map(|needs| needs.by.list())
        .or_else(|| target.counting_list())
        .map(|counting| explain_list(rules, ids, caller, counting));
    let any_of = needs.map_or(Permissions::NONE, |needs| needs.any_of);
    let held = asked.as_ref().map_or(Permissions::NONE, |list| list.held);
    let missing = if held.intersects(any_of) {
        None
    } else {
        any_of.iter().next()
    };
    let obstacles = obstacles(rules, caller, action, target);
    let words = put_in_words(ids, &decision, asked.as_ref(), any_of, &obstacles);
    Explanation {
        action,
        decision,
        list: asked,
        needs: any_of,
        missing,
        obstacles,
        words,
    }
}

impl Explanation {
    /// The same without what it says of a list, for who may not be shown any.
    pub fn without_list(mut self, ids: &ProjectIds) -> Self {
        self.list = None;
        self.words = put_in_words(ids, &self.decision, None, self.needs, &self.obstacles);
        self
    }
}

fn explain_list<R: Rules + ?Sized>(
    rules: &R,
    ids: &ProjectIds,
    caller: &CallerFacts<'_>,
    counting: CountingList<'_>,
) -> ExplainedList {
    let who = caller.principals();
    let via = |principal| match principal {
        PrincipalId::PUBLIC => Some(Via::Public),
        PrincipalId::REGISTERED => who.account.map(|_| Via::Registered),
        other if who.account == Some(other) => Some(Via::Account),
        other if who.teams.contains(&other) => Some(Via::Team),
        _ => None,
    };
    let matched: Vec<Matched> = counting
        .list
        .entries()
        .iter()
        .filter_map(|entry| {
            via(entry.principal).map(|via| Matched {
                principal: entry.principal,
                via,
                written: entry.permissions,
                counted: counting.list.counted(entry.principal, rules),
            })
        })
        .collect();
    ExplainedList {
        of: ids.show(counting.of).to_string(),
        inherited: counting.inherited,
        held: counting.list.bits_for(&who, rules),
        matched,
    }
}

/// What is changed about the facts, one obstacle after the other, to find the next one.
struct WhatIf<'a> {
    caller: CallerFacts<'a>,
    project: Option<(ProjectFacts<'a>, AccessList)>,
    repository: Option<(RepositoryFacts<'a>, Option<AccessList>)>,
}

impl<'a> WhatIf<'a> {
    fn new(caller: &CallerFacts<'a>, target: &Target<'a>) -> Self {
        let (project, repository) = match *target {
            Target::Repository {
                project,
                repository,
                ..
            } => (project, repository),
            Target::Project { project } => (project, None),
            Target::Nothing => (None, None),
        };
        Self {
            caller: *caller,
            project: project.map(|found| (found, found.list.clone())),
            repository: repository.map(|found| (found, found.own_list.cloned())),
        }
    }

    fn decide<R: Rules + ?Sized>(
        &self,
        rules: &R,
        action: Action,
        target: &Target<'_>,
    ) -> Decision {
        let project = self
            .project
            .as_ref()
            .map(|(found, list)| ProjectFacts { list, ..*found });
        let repository = self
            .repository
            .as_ref()
            .map(|(found, own_list)| RepositoryFacts {
                own_list: own_list.as_ref(),
                ..*found
            });
        let target = match *target {
            Target::Repository { name_ok, .. } => Target::Repository {
                name_ok,
                project,
                repository,
            },
            Target::Project { .. } => Target::Project { project },
            Target::Nothing => Target::Nothing,
        };
        rules.decide(&self.caller, action, &target)
    }

    /// Takes an obstacle out of the way; false if that is not for this caller to get.
    fn overcome(&mut self, reason: Reason) -> bool {
        match (reason, &mut self.caller.identity) {
            (Reason::NotCertified { .. }, Identity::Account(account)) => {
                account.certified = true;
                true
            }
            (Reason::ScopeLacks { scope }, _) => {
                match scope {
                    Scope::View => self.caller.scopes.view = true,
                    Scope::Download => self.caller.scopes.download = true,
                    Scope::Modify => self.caller.scopes.modify = true,
                }
                true
            }
            (
                Reason::Missing {
                    permission,
                    list_of,
                },
                Identity::Account(account),
            ) => {
                let account = account.id;
                self.give(list_of, account, permission)
            }
            (Reason::ProjectInTrash, _) => self
                .project
                .as_mut()
                .is_some_and(|(project, _)| project.trashed.take().is_some()),
            (Reason::InTrash, _) => match (&mut self.repository, &mut self.project) {
                (Some((repository, _)), _) => repository.trashed.take().is_some(),
                (None, Some((project, _))) => project.trashed.take().is_some(),
                (None, None) => false,
            },
            _ => false,
        }
    }

    fn give(&mut self, list_of: EntityId, account: PrincipalId, permission: Permission) -> bool {
        let list = match (&mut self.repository, &mut self.project) {
            (Some((repository, Some(own))), _) if repository.id == list_of => own,
            (_, Some((_, list))) => list,
            _ => return false,
        };
        let more = list
            .get(account)
            .unwrap_or_default()
            .union(permission.bit());
        let entries = list
            .without(account)
            .entries()
            .iter()
            .map(|entry| (entry.principal, entry.permissions))
            .chain([(account, more)])
            .collect::<Vec<_>>();
        match AccessList::from_stored(entries) {
            Ok(wider) => {
                *list = wider;
                true
            }
            Err(_) => false,
        }
    }
}

fn obstacles<R: Rules + ?Sized>(
    rules: &R,
    caller: &CallerFacts<'_>,
    action: Action,
    target: &Target<'_>,
) -> Vec<Obstacle> {
    let mut what_if = WhatIf::new(caller, target);
    let mut found: Vec<Obstacle> = Vec::new();
    while let Decision::Deny { reason, .. } = what_if.decide(rules, action, target) {
        // Each obstacle is met once; a second time would mean that it cannot be overcome.
        if found.iter().any(|obstacle| obstacle.reason == reason) {
            break;
        }
        found.push(Obstacle {
            reason,
            rule: reason.rule(),
            remedy: reason.remedy(rules.levels()),
        });
        if !what_if.overcome(reason) {
            break;
        }
    }
    found
}

fn put_in_words(
    ids: &ProjectIds,
    decision: &Decision,
    list: Option<&ExplainedList>,
    any_of: Permissions,
    obstacles: &[Obstacle],
) -> Vec<String> {
    let mut words = Vec::new();
    match decision {
        Decision::Allow {
            row,
            by,
            new_name,
            unchanged,
        } => {
            let by = match by {
                Grant::Operator => "the operator's role alone".to_owned(),
                Grant::List { of } => format!("the sharing list of {}", ids.show(*of)),
                Grant::Public { of } => {
                    format!(
                        "the entry of `public` in the sharing list of {}",
                        ids.show(*of)
                    )
                }
                Grant::SignedIn => "being signed in".to_owned(),
            };
            words.push(format!("allowed by row {} through {by}", row.number()));
            if *new_name {
                words.push("the name is new and answers like an empty repository".to_owned());
            }
            if *unchanged {
                words.push("it is in the trash can already, and nothing changes".to_owned());
            }
        }
        Decision::Deny { row, reason, .. } => {
            words.push(format!(
                "refused by row {}: {}",
                row.number(),
                reason.rule()
            ));
        }
    }
    if let Some(list) = list {
        let how = if list.inherited { ", inherited" } else { "" };
        words.push(format!("the list that counts is that of {}{how}", list.of));
        for entry in &list.matched {
            let via = match entry.via {
                Via::Account => "the account itself",
                Via::Team => "a team of the account",
                Via::Registered => "every signed-in account",
                Via::Public => "anyone",
            };
            let counted = shown(entry.counted);
            words.push(format!("{} ({via}) is given {counted}", entry.principal));
        }
        words.push(format!("that gives {} in all", shown(list.held)));
        if !any_of.is_empty() {
            let needed: Vec<&str> = any_of.iter().map(Permission::name).collect();
            words.push(format!("this needs {}", needed.join(" or ")));
        }
    }
    for obstacle in obstacles {
        words.push(format!("{}: {}", obstacle.rule, obstacle.remedy));
    }
    words
}

fn shown(permissions: Permissions) -> String {
    if permissions.is_empty() {
        "nothing".to_owned()
    } else {
        permissions.to_string()
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
