//! The laws. Each compares what everybody may do in two worlds that differ in one thing.

use pierhead_policy::{
    AccessList, Action, Decision, ListError, Permission, Permissions, PrincipalId, can_be_mended,
    decide,
};

use crate::lab::{Asked, Lab};
use crate::step::{Listed, Share, Step, What, Who};

/// What of everything stays possible in the trash can: rows 10, 11, 12 and 14.
const IN_TRASH: [Action; 5] = [
    Action::Trash,
    Action::Restore,
    Action::Purge,
    Action::Audit,
    Action::ListTrash,
];

/// Everybody about everything that there is in both worlds.
fn questions<'l>(
    one: &'l Lab,
    other: &'l Lab,
) -> impl Iterator<Item = (Option<PrincipalId>, Action, Asked)> + 'l {
    let both = |asked: &Asked| other.asked().contains(asked);
    let asked: Vec<Asked> = one.asked().into_iter().filter(both).collect();
    let callers = one
        .callers()
        .filter(|who| other.callers().any(|it| it == *who));
    callers.flat_map(move |who| {
        let asked = asked.clone();
        let every = move |action| asked.clone().into_iter().map(move |it| (who, action, it));
        Action::ALL.into_iter().flat_map(every)
    })
}

/// Every answer is the same.
fn same(one: &Lab, other: &Lab, why: &str) {
    for (who, action, asked) in questions(one, other) {
        let answers = [one, other].map(|lab| lab.answer(who, action, asked));
        assert_eq!(
            answers[0], answers[1],
            "{why}: {who:?} {action:?} {asked:?}"
        );
    }
}

/// Whatever is allowed after it was allowed before.
fn grants_nothing(before: &Lab, after: &Lab, why: &str) {
    for (who, action, asked) in questions(before, after) {
        let gained = after.may(who, action, asked) && !before.may(who, action, asked);
        assert!(!gained, "{why}: {who:?} {action:?} {asked:?}");
    }
}

/// What is true at any time.
pub(crate) fn of_a_state(lab: &Lab) {
    for (of, list) in lab.lists() {
        an_unrelated_entry_changes_nothing(lab, of, list);
        removing_an_entry_never_grants(lab, of, list);
        being_listed_through_two_teams_gains_nothing(lab, of, list);
        whoever_is_gone_is_nowhere(lab, list);
    }
    being_in_a_team_twice_gains_nothing(lab);
    in_the_trash_everything_fails(lab);
    trash_then_restore_is_the_identity(lab);
    a_purged_repository_leaves_nothing_to_its_successor(lab);
}

/// What is true of what just happened.
pub(crate) fn of_a_step(before: &Lab, step: &Step, after: &Lab) {
    match step {
        Step::Share { by, what, .. } => {
            if let (Some(by), Some(of)) = (before.who(*by), before.what(*what)) {
                sharing_can_be_mended_and_widened_by_the_certified(before, by, of, after);
            }
        }
        Step::Leave { .. } => grants_nothing(before, after, "left a team"),
        Step::Certify {
            certified: false, ..
        } => grants_nothing(before, after, "not certified"),
        Step::DeleteAccount { .. } | Step::DeleteTeam { .. } => {
            grants_nothing(before, after, "somebody was deleted");
        }
        Step::Push { project, name, .. } => {
            if let Some(project) = before.projects.keys().nth(*project) {
                a_new_repository_has_no_past(before, *project, *name, after);
            }
        }
        Step::Restore { what, .. } => {
            if let Some(of) = before.what(*what) {
                what_was_put_away_comes_back_less_who_is_gone(before, of, after);
            }
        }
        Step::Arrive
        | Step::Join { .. }
        | Step::Certify { .. }
        | Step::Trash { .. }
        | Step::Purge { .. } => {}
    }
}

fn entries(list: &AccessList) -> impl Iterator<Item = (PrincipalId, Permissions)> {
    list.entries()
        .iter()
        .map(|entry| (entry.principal, entry.permissions))
}

fn an_unrelated_entry_changes_nothing(lab: &Lab, of: Asked, list: &AccessList) {
    // Before everybody else by number, and behind them.
    for stranger in [1, u64::MAX].map(PrincipalId::new) {
        let wider = entries(list).chain([(stranger, Permissions::ALL)]);
        let other = lab.with_list(of, AccessList::from_stored(wider).unwrap());
        same(lab, &other, "an unrelated entry");
    }
}

fn removing_an_entry_never_grants(lab: &Lab, of: Asked, list: &AccessList) {
    for (principal, _) in entries(list) {
        let fewer = lab.with_list(of, list.without(principal));
        grants_nothing(lab, &fewer, "an entry was removed");
    }
}

fn being_listed_through_two_teams_gains_nothing(lab: &Lab, of: Asked, list: &AccessList) {
    for (team, permissions) in entries(list) {
        let again = AccessList::checked(
            entries(list).chain([(team, permissions)]),
            &lab.options,
            |_| true,
        );
        assert_eq!(again, Err(ListError::Repeated(team)));
        let Some(members) = lab.teams.get(&team) else {
            continue;
        };
        let mut twice = lab.clone();
        let second = twice.principal();
        twice.teams.insert(second, members.clone());
        let both = entries(list).chain([(second, permissions)]);
        let twice = twice.with_list(of, AccessList::from_stored(both).unwrap());
        same(lab, &twice, "a second team with the same entry");
    }
}

fn being_in_a_team_twice_gains_nothing(lab: &Lab) {
    for (who, action, asked) in questions(lab, lab) {
        let Some(account) = who else { continue };
        let teams = lab.teams_of(account);
        let twice: Vec<_> = teams.iter().rev().chain(&teams).copied().collect();
        let answer = lab.show(who, asked, |caller, target| {
            let mut caller = *caller;
            if let pierhead_policy::Identity::Account(account) = &mut caller.identity {
                account.teams = &twice;
            }
            decide(&lab.options, &caller, action, target)
        });
        assert_eq!(
            answer,
            lab.answer(who, action, asked),
            "{who:?} {action:?} {asked:?}"
        );
    }
}

fn whoever_is_gone_is_nowhere(lab: &Lab, list: &AccessList) {
    let found = entries(list).find(|(principal, _)| lab.gone.contains(principal));
    assert_eq!(found, None, "deleted, and still listed");
}

fn in_the_trash_everything_fails(lab: &Lab) {
    for (who, action, asked) in questions(lab, lab) {
        let trashed = match asked {
            Asked::Project(id) | Asked::NewName(id) => lab.projects[&id].mark.is_some(),
            Asked::Repository(id) => {
                let found = &lab.repositories[&id];
                // An external reference is made in the project, wherever one asks.
                let own = found.mark.is_some() && action != Action::CreateExternalReference;
                own || lab.projects[&found.project].mark.is_some()
            }
            Asked::Nothing => false,
        };
        if trashed && !IN_TRASH.contains(&action) {
            assert!(!lab.may(who, action, asked), "{who:?} {action:?} {asked:?}");
        }
    }
}

/// Whoever can put something there and take it out again has changed nothing by it; and what can be
/// taken out is as it was, less principals that are gone.
fn trash_then_restore_is_the_identity(lab: &Lab) {
    let entities = lab.asked().into_iter().filter(|asked| {
        matches!(asked, Asked::Project(_) | Asked::Repository(_)) && mark(lab, *asked).is_none()
    });
    for of in entities {
        for who in lab.callers().flatten() {
            let mut there = lab.clone();
            let answer = there.answer(Some(who), Action::Trash, of);
            let Decision::Allow { unchanged, .. } = answer else {
                continue;
            };
            assert!(!unchanged, "there is no mark yet");
            there.trash(of, who);
            // Nobody can change a list in the meantime, so it comes back as it was.
            for other in there.callers() {
                assert!(
                    !there.may(other, Action::ChangeSharing, of),
                    "{other:?} {of:?}"
                );
            }
            // Its repositories are covered, and unmarked: what has no mark comes back with it.
            if there.may(Some(who), Action::Restore, of) {
                there.restore(of);
                assert_eq!(&there, lab);
                same(&there, lab, "put into the trash can and out again");
            }
        }
    }
}

fn what_was_put_away_comes_back_less_who_is_gone(before: &Lab, of: Asked, after: &Lab) {
    let (Some(then), None) = (before.away.get(&of), after.away.get(&of)) else {
        return;
    };
    let gone = after.gone.iter();
    let kept = then
        .as_ref()
        .map(|then| gone.fold(then.clone(), |list, it| list.without(*it)));
    assert_eq!(
        after.own_list(of),
        kept.as_ref(),
        "{of:?} came back another"
    );
}

fn mark(lab: &Lab, of: Asked) -> Option<PrincipalId> {
    match of {
        Asked::Project(id) => lab.projects[&id].mark,
        Asked::Repository(id) => lab.repositories[&id].mark,
        Asked::NewName(_) | Asked::Nothing => None,
    }
}

/// Rules 5 and 6.
fn sharing_can_be_mended_and_widened_by_the_certified(
    before: &Lab,
    by: PrincipalId,
    of: Asked,
    after: &Lab,
) {
    let account = &before.accounts[&by];
    if before == after || account.operator {
        return;
    }
    if let Some(list) = after.own_list(of) {
        let active = |who| {
            let team = after.teams.get(&who);
            after.accounts.contains_key(&who) || team.is_some_and(|members| !members.is_empty())
        };
        assert!(can_be_mended(list, active), "nobody can mend {of:?}");
        if let Asked::Repository(_) = of {
            let teams = after.teams_of(by);
            let mine = |who: &PrincipalId| *who == by || teams.contains(who);
            let mends = entries(list)
                .any(|(who, bits)| mine(&who) && bits.has(Permission::ChangePermissions));
            assert!(mends, "{by:?} cannot mend {of:?}");
        }
    }
    let downloads = |lab: &Lab| {
        lab.show(None, of, |_, target| {
            let list = target.counting_list().unwrap().list;
            let held = |who| list.get(who).unwrap_or_default().has(Permission::Download);
            held(PrincipalId::REGISTERED)
        })
    };
    if downloads(after) && !downloads(before) {
        assert!(account.certified, "{by:?} lets everybody download {of:?}");
    }
}

/// The operator, who is the first, shares a repository with everybody, purges it, and pushes its name.
fn a_purged_repository_leaves_nothing_to_its_successor(lab: &Lab) {
    for (place, found) in lab.repositories.values().enumerate() {
        let (by, what) = (Who(0), What::Repository(place));
        let project = lab.projects.keys().position(|id| *id == found.project);
        let everything = vec![(Listed::Registered, u8::MAX), (Listed::Account(0), u8::MAX)];
        let mut later = lab.clone();
        for step in [
            Step::Share {
                by,
                what,
                change: Share::List(everything),
            },
            Step::Trash { by, what },
            Step::Purge { by, what },
        ] {
            later.perform(&step);
        }
        let purged = later.clone();
        later.perform(&Step::Push {
            by,
            project: project.unwrap(),
            name: found.name,
        });
        a_new_repository_has_no_past(&purged, found.project, found.name, &later);
    }
}

/// A repository that a push just made is like any other new one in its project, whatever had its
/// name before.
fn a_new_repository_has_no_past(
    before: &Lab,
    project: pierhead_policy::EntityId,
    name: usize,
    after: &Lab,
) {
    let (None, Some(id)) = (before.named(project, name), after.named(project, name)) else {
        return;
    };
    // A name that nothing ever had.
    let mut fresh = after.clone();
    let other = fresh.pushed(project, usize::MAX);
    for (who, action, asked) in questions(after, after) {
        if asked != Asked::Repository(id) {
            continue;
        }
        let answer = after.may(who, action, asked);
        let expected = fresh.may(who, action, Asked::Repository(other));
        assert_eq!(answer, expected, "{who:?} {action:?}");
    }
    assert!(!before.repositories.contains_key(&id));
}
