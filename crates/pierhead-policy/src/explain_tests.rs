use super::{Explanation, Matched, Obstacle, Via, explain};
use crate::action::Action;
use crate::bits::{Permission, Permissions};
use crate::decide::decide;
use crate::decision::{Decision, Row};
use crate::facts::{
    AccountFacts, CallerFacts, Identity, ProjectFacts, RepositoryFacts, Scope, Scopes, Target,
    TrashMark,
};
use crate::id::{EntityId, PrincipalId, ProjectIds};
use crate::level::Levels;
use crate::list::AccessList;
use crate::reason::Reason;
use crate::rules::{Options, Rules};

const ANN: PrincipalId = PrincipalId::new(3_000_001);
const TEAM: PrincipalId = PrincipalId::new(3_000_010);

fn id(number: u64) -> EntityId {
    EntityId::new(number).unwrap()
}

fn ann(certified: bool) -> CallerFacts<'static> {
    CallerFacts {
        identity: Identity::Account(AccountFacts {
            id: ANN,
            teams: &[TEAM],
            certified,
            operator: false,
        }),
        scopes: Scopes::ALL,
    }
}

#[test]
fn a_refusal_names_the_list_the_entries_and_all_that_is_in_the_way() {
    let list = AccessList::from_stored([
        (
            PrincipalId::PUBLIC,
            Permissions::READ | Permissions::DOWNLOAD,
        ),
        (TEAM, Permissions::DOWNLOAD),
    ])
    .unwrap();
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: None,
        }),
        repository: None,
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Push,
        &target,
    );
    let reasons: Vec<_> = told
        .obstacles
        .iter()
        .map(|obstacle| obstacle.reason)
        .collect();
    let missing = Reason::Missing {
        permission: Permission::Create,
        list_of: id(101),
    };
    assert!(matches!(reasons[0], Reason::NotCertified { .. }));
    assert_eq!(reasons[1..], [missing]);
    assert_eq!(told.missing, Some(Permission::Create));
    let asked = told.list.as_ref().unwrap();
    let via: Vec<_> = asked.matched.iter().map(|m| (m.via, m.counted)).collect();
    assert_eq!(
        via,
        [
            (Via::Public, Permissions::READ),
            (Via::Team, Permissions::DOWNLOAD)
        ]
    );
    assert_eq!(
        told.words,
        [
            "refused by row 2: pushing a new repository needs a certified account",
            "the list that counts is that of syn101",
            "273949 (anyone) is given READ",
            "3000010 (a team of the account) is given DOWNLOAD",
            "that gives READ DOWNLOAD in all",
            "this needs CREATE",
            "pushing a new repository needs a certified account: ask an operator to certify you",
            "making something in a project needs CREATE in its sharing settings: ask its administrator \
             for `can-edit`",
        ]
    );
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["decision"], "deny");
    assert_eq!(json["row"], "push-new");
    assert_eq!(json["reason"]["reason"], "not-certified");
    assert_eq!(json["obstacles"][1]["permission"], "CREATE");
    assert_eq!(json["needs"][0], "CREATE");
}

#[test]
fn an_allowance_names_the_inherited_list() {
    let list = AccessList::of_creator(ANN);
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: None,
        }),
        repository: Some(RepositoryFacts {
            id: id(102),
            own_list: None,
            trashed: None,
        }),
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Pull,
        &target,
    );
    assert!(told.decision.is_allowed() && told.obstacles.is_empty() && told.missing.is_none());
    assert_eq!(
        told.words[0],
        "allowed by row 1 through the sharing list of syn101"
    );
    assert_eq!(
        told.words[1],
        "the list that counts is that of syn101, inherited"
    );
}

#[test]
fn trash_and_a_local_list_are_both_told_of() {
    let list = AccessList::of_creator(ANN);
    let local = AccessList::empty();
    let mark = Some(TrashMark { by: TEAM });
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: mark,
        }),
        repository: Some(RepositoryFacts {
            id: id(102),
            own_list: Some(&local),
            trashed: mark,
        }),
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Push,
        &target,
    );
    let reasons: Vec<_> = told
        .obstacles
        .iter()
        .map(|obstacle| obstacle.reason)
        .collect();
    let missing = Reason::Missing {
        permission: Permission::Update,
        list_of: id(102),
    };
    assert_eq!(reasons, [Reason::ProjectInTrash, Reason::InTrash, missing]);
    assert!(matches!(
        told.decision,
        Decision::Deny {
            may_know: false,
            ..
        }
    ));
}

fn list(entries: &[(PrincipalId, Permissions)]) -> AccessList {
    AccessList::from_stored(entries.iter().copied()).unwrap()
}

/// A project, and a repository in it if there is one, with a mark of somebody else's or none.
fn target<'a>(
    project: (&'a AccessList, bool),
    repository: Option<(Option<&'a AccessList>, bool)>,
) -> Target<'a> {
    let mark = |trashed: bool| trashed.then_some(TrashMark { by: TEAM });
    Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: project.0,
            trashed: mark(project.1),
        }),
        repository: repository.map(|(own_list, trashed)| RepositoryFacts {
            id: id(102),
            own_list,
            trashed: mark(trashed),
        }),
    }
}

fn told(caller: &CallerFacts<'_>, action: Action, target: &Target<'_>) -> Explanation {
    explain(
        &Options::default(),
        &ProjectIds::default(),
        caller,
        action,
        target,
    )
}

fn reasons(told: &Explanation) -> Vec<Reason> {
    told.obstacles.iter().map(|it| it.reason).collect()
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn everything_in_the_way_is_found_one_after_the_other() {
    let (nobody, mine) = (AccessList::empty(), list(&[(ANN, Permissions::READ)]));
    let missing = |permission, of| Reason::Missing {
        permission,
        list_of: id(of),
    };
    let not_certified = |row| Reason::NotCertified { row };
    let lacks = |scope| Reason::ScopeLacks { scope };
    let without = CallerFacts {
        scopes: Scopes::NONE,
        ..ann(false)
    };
    let modifies = CallerFacts {
        scopes: Scopes::from_iter([Scope::Modify]),
        ..ann(false)
    };
    let project = |trashed: bool| Target::Project {
        project: Some(ProjectFacts {
            id: id(101),
            list: &mine,
            trashed: trashed.then_some(TrashMark { by: TEAM }),
        }),
    };
    let (existing, local) = (Some((None, false)), Some((Some(&nobody), false)));
    for (caller, action, target, expected) in [
        (
            ann(false),
            Action::Pull,
            target((&mine, false), existing),
            vec![missing(Permission::Download, 101)],
        ),
        (
            ann(false),
            Action::Pull,
            target((&mine, false), local),
            vec![missing(Permission::Download, 102)],
        ),
        (
            ann(false),
            Action::Restore,
            target((&mine, false), Some((Some(&nobody), true))),
            vec![Reason::NotTrasher { row: Row::Restore }],
        ),
        (
            without,
            Action::Pull,
            target((&nobody, true), Some((None, true))),
            vec![
                lacks(Scope::Download),
                Reason::ProjectInTrash,
                Reason::InTrash,
                missing(Permission::Download, 101),
            ],
        ),
        (
            without,
            Action::See,
            target((&nobody, false), local),
            vec![lacks(Scope::View), missing(Permission::Read, 102)],
        ),
        (
            without,
            Action::Push,
            target((&nobody, true), None),
            vec![
                lacks(Scope::Modify),
                Reason::ProjectInTrash,
                not_certified(Row::PushNew),
                missing(Permission::Create, 101),
            ],
        ),
        // The request passes with `modify`; the row asks for `download` all the same.
        (
            modifies,
            Action::Pull,
            target((&mine, false), existing),
            vec![lacks(Scope::Download), missing(Permission::Download, 101)],
        ),
        (
            ann(true),
            Action::Describe,
            project(true),
            vec![Reason::InTrash, missing(Permission::Update, 101)],
        ),
        (
            ann(true),
            Action::Describe,
            project(false),
            vec![missing(Permission::Update, 101)],
        ),
        (
            ann(true),
            Action::CreateExternalReference,
            project(false),
            vec![missing(Permission::Create, 101)],
        ),
        (
            ann(true),
            Action::Describe,
            Target::Project { project: None },
            vec![Reason::Absent],
        ),
        (
            CallerFacts::ANONYMOUS,
            Action::Pull,
            target((&mine, false), existing),
            vec![Reason::AnonymousCaller],
        ),
        (
            CallerFacts::ANONYMOUS,
            Action::See,
            target((&mine, false), existing),
            vec![missing(Permission::Read, 101)],
        ),
        (
            ann(true),
            Action::See,
            target((&mine, false), existing),
            vec![],
        ),
    ] {
        let told = told(&caller, action, &target);
        assert_eq!(reasons(&told), expected, "{action:?} {target:?}");
        let texts = |it: &Obstacle| (it.rule, it.remedy.clone());
        for obstacle in &told.obstacles {
            let said = (
                obstacle.reason.rule(),
                obstacle.reason.remedy(&Levels::default()),
            );
            assert_eq!(texts(obstacle), said);
        }
    }
}

#[test]
fn entries_are_matched_as_decisions_match_them() {
    let everybody = list(&[
        (PrincipalId::PUBLIC, Permissions::ALL),
        (PrincipalId::REGISTERED, Permissions::DELETE),
        (ANN, Permissions::READ),
        (TEAM, Permissions::UPDATE),
        (PrincipalId::new(3_999_999), Permissions::MODERATE),
    ]);
    let asked = target((&everybody, false), Some((None, false)));
    let matched = |caller| {
        let list = told(&caller, Action::See, &asked).list.unwrap();
        let held = list
            .matched
            .iter()
            .map(|it| it.counted)
            .fold(Permissions::NONE, |a, b| a | b);
        assert_eq!(held, list.held);
        let via = |it: &Matched| (it.principal, it.via, it.written, it.counted);
        list.matched.iter().map(via).collect::<Vec<_>>()
    };
    let public = (
        PrincipalId::PUBLIC,
        Via::Public,
        Permissions::ALL,
        Permissions::READ,
    );
    let same = |who, via, bits| (who, via, bits, bits);
    assert_eq!(matched(CallerFacts::ANONYMOUS), [public]);
    assert_eq!(
        matched(ann(false)),
        [
            same(
                PrincipalId::REGISTERED,
                Via::Registered,
                Permissions::DELETE
            ),
            public,
            same(ANN, Via::Account, Permissions::READ),
            same(TEAM, Via::Team, Permissions::UPDATE),
        ]
    );
}

#[test]
fn an_allowance_says_by_what_in_words() {
    let (nobody, mine) = (AccessList::empty(), AccessList::of_creator(ANN));
    let public = list(&[(PrincipalId::PUBLIC, Permissions::READ)]);
    let operator = CallerFacts {
        identity: Identity::Account(AccountFacts {
            id: ANN,
            teams: &[],
            certified: false,
            operator: true,
        }),
        scopes: Scopes::ALL,
    };
    let existing = Some((None, false));
    for (caller, action, target, words) in [
        (
            operator,
            Action::Pull,
            target((&nobody, false), existing),
            vec![
                "allowed by row 1 through the operator's role alone",
                "the list that counts is that of syn101, inherited",
                "that gives nothing in all",
                "this needs DOWNLOAD",
            ],
        ),
        (
            CallerFacts::ANONYMOUS,
            Action::See,
            target((&public, false), existing),
            vec![
                "allowed by row 6 through the entry of `public` in the sharing list of syn101",
                "the list that counts is that of syn101, inherited",
                "273949 (anyone) is given READ",
                "that gives READ in all",
                "this needs READ",
            ],
        ),
        (
            ann(false),
            Action::CreateProject,
            Target::Nothing,
            vec!["allowed by row 7 through being signed in"],
        ),
    ] {
        let told = told(&caller, action, &target);
        assert_eq!(told.words, words);
        let bare = told.clone().without_list(&ProjectIds::default());
        assert_eq!((bare.list, bare.words), (None, vec![words[0].to_owned()]));
        assert_eq!((bare.action, bare.decision), (action, told.decision));
    }
    let new = told(&ann(true), Action::Push, &target((&mine, false), None));
    assert_eq!(
        new.words[1],
        "the name is new and answers like an empty repository"
    );
    let again = target((&mine, false), Some((None, true)));
    let again = told(&ann(true), Action::Trash, &again);
    assert_eq!(
        again.words[1],
        "it is in the trash can already, and nothing changes"
    );
    // Whichever of several would do is told.
    let head = told(
        &ann(false),
        Action::Head,
        &target((&nobody, false), existing),
    );
    assert_eq!(head.needs, Permissions::DOWNLOAD | Permissions::UPDATE);
    assert_eq!(head.words[3], "this needs DOWNLOAD or UPDATE");
}

/// A table of one's own is explained, not the policy's.
#[test]
fn what_rules_of_ones_own_decide_is_what_is_explained() {
    #[derive(Debug)]
    struct Closed;

    impl Rules for Closed {
        fn decide(&self, _: &CallerFacts<'_>, action: Action, _: &Target<'_>) -> Decision {
            Decision::Deny {
                row: Row::of(action),
                reason: Reason::OperatorsOnly,
                may_know: true,
                holds_asked: false,
            }
        }
    }

    let mine = AccessList::of_creator(ANN);
    let asked = target((&mine, false), Some((None, false)));
    let told = explain(
        &Closed,
        &ProjectIds::default(),
        &ann(true),
        Action::Pull,
        &asked,
    );
    assert_eq!(told.decision.reason(), Some(Reason::OperatorsOnly));
    assert_eq!(reasons(&told), [Reason::OperatorsOnly]);
    assert_eq!(told.list.unwrap().held, Permissions::ALL);
}

/// What rules narrow further is found behind what the table asks.
#[test]
fn behind_a_missing_permission_stands_what_rules_refuse_besides() {
    #[derive(Debug)]
    struct Narrowed;

    impl Rules for Narrowed {
        fn decide(
            &self,
            caller: &CallerFacts<'_>,
            action: Action,
            target: &Target<'_>,
        ) -> Decision {
            match decide(self, caller, action, target) {
                Decision::Allow { row, .. } => Decision::Deny {
                    row,
                    reason: Reason::OperatorsOnly,
                    may_know: true,
                    holds_asked: true,
                },
                refused @ Decision::Deny { .. } => refused,
            }
        }
    }

    let (nobody, mine) = (AccessList::empty(), list(&[(ANN, Permissions::DELETE)]));
    let missing = |permission, of| Reason::Missing {
        permission,
        list_of: id(of),
    };
    let project = |list| Target::Project {
        project: Some(ProjectFacts {
            id: id(101),
            list,
            trashed: None,
        }),
    };
    for (action, asked, first) in [
        (
            Action::Pull,
            target((&mine, false), Some((None, false))),
            missing(Permission::Download, 101),
        ),
        (
            Action::Pull,
            target((&nobody, false), Some((Some(&mine), false))),
            missing(Permission::Download, 102),
        ),
        // It is the project's list that is asked, though the repository has one of its own.
        (
            Action::CreateExternalReference,
            target((&mine, false), Some((Some(&nobody), false))),
            missing(Permission::Create, 101),
        ),
        (
            Action::See,
            project(&nobody),
            missing(Permission::Read, 101),
        ),
    ] {
        let told = explain(
            &Narrowed,
            &ProjectIds::default(),
            &ann(true),
            action,
            &asked,
        );
        assert_eq!(reasons(&told), [first, Reason::OperatorsOnly], "{asked:?}");
    }
}
