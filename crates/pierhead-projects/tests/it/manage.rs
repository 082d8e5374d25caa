//! Accounts, teams and sharing, by those who may.

use futures::executor::block_on;
use pierhead_policy::{Level, Permissions, PrincipalId, ShareError};
use pierhead_projects::audit::AuditQuery;
use pierhead_projects::{AccountRequest, ListView, ProjectsError, ShareRequest};

use crate::ground::{acting, ground, server};

#[test]
fn names_and_addresses_are_given_once() {
    let ground = ground();
    let create = |name: &str, email: Option<&str>| {
        let mut request = AccountRequest::default();
        request.email = email.map(|email| email.parse().unwrap());
        block_on(
            ground
                .projects
                .create_account(&server(), &name.parse().unwrap(), request),
        )
    };
    assert_eq!(
        create("ana", Some("a@example.org")).unwrap().get(),
        3_000_000
    );
    assert_eq!(
        create("ben", Some("b@example.org")).unwrap().get(),
        3_000_001
    );
    let taken = |name: &str, email| match create(name, email) {
        Err(ProjectsError::NameTaken { .. }) => "name",
        Err(ProjectsError::EmailTaken) => "email",
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(taken("ana", None), "name");
    assert_eq!(taken("a-n.a", None), "name");
    assert_eq!(taken("cleo", Some("A@EXAMPLE.org")), "email");
    block_on(
        ground
            .projects
            .create_team(&server(), &"lab".parse().unwrap()),
    )
    .unwrap();
    assert_eq!(taken("l.ab", None), "name");
    let team = block_on(
        ground
            .projects
            .create_team(&server(), &"b_en".parse().unwrap()),
    );
    assert!(matches!(team, Err(ProjectsError::NameTaken { .. })));
    // Refusals use up no number.
    assert_eq!(create("cleo", None).unwrap().get(), 3_000_003);
}

#[test]
fn the_last_active_operator_stays_one() {
    let ground = ground();
    let projects = &ground.projects;
    assert_eq!(block_on(projects.active_operators()).unwrap(), 0);
    let boss = ground.operator("boss");
    let deputy = ground.operator("deputy");
    block_on(projects.set_disabled(&server(), deputy, true)).unwrap();
    for result in [
        block_on(projects.set_operator(&server(), boss, false)),
        block_on(projects.set_disabled(&server(), boss, true)),
    ] {
        assert!(
            matches!(result, Err(ProjectsError::LastOperator)),
            "{result:?}"
        );
    }
    block_on(projects.set_operator(&server(), deputy, false)).unwrap();
    block_on(projects.set_operator(&server(), deputy, true)).unwrap();
    block_on(projects.set_disabled(&server(), deputy, false)).unwrap();
    assert_eq!(block_on(projects.active_operators()).unwrap(), 2);
    block_on(projects.set_operator(&server(), boss, false)).unwrap();
}

#[test]
fn two_operators_who_dismiss_each_other_at_once_leave_one() {
    let ground = ground();
    let projects = &ground.projects;
    let pair = [ground.operator("boss"), ground.operator("deputy")];
    for round in 0..20 {
        let dismissed: Vec<_> = std::thread::scope(|scope| {
            let dismiss = |who| move || block_on(projects.set_operator(&server(), who, false));
            let both = pair.map(|who| scope.spawn(dismiss(who)));
            both.map(|thread| thread.join().unwrap().is_ok()).to_vec()
        });
        assert_eq!(
            dismissed.iter().filter(|done| **done).count(),
            1,
            "round {round}"
        );
        assert_eq!(block_on(projects.active_operators()).unwrap(), 1);
        for who in pair {
            block_on(projects.set_operator(&server(), who, true)).unwrap();
        }
    }
}

#[test]
fn what_operators_do_others_do_not() {
    let ground = ground();
    let projects = &ground.projects;
    let (boss, ana) = (ground.operator("boss"), ground.account("ana", true));
    let ben = ground.account("ben", true);
    let as_ana = acting(ana);
    let results = [
        block_on(projects.set_certified(&as_ana, ana, true)),
        block_on(projects.set_operator(&as_ana, ana, true)),
        block_on(projects.set_disabled(&as_ana, ben, true)),
        block_on(projects.set_password(&as_ana, ben, "long enough".into())),
        block_on(projects.create_account(
            &as_ana,
            &"cleo".parse().unwrap(),
            AccountRequest::default(),
        ))
        .map(drop),
        block_on(projects.create_project(&as_ana, ben, "Not mine", "")).map(drop),
    ];
    for (number, result) in results.into_iter().enumerate() {
        assert!(
            matches!(result, Err(ProjectsError::OperatorsOnly)),
            "{number}: {result:?}"
        );
    }
    block_on(projects.set_certified(&acting(boss), ben, false)).unwrap();
    block_on(projects.set_disabled(&server(), boss, true)).unwrap_err();
    block_on(projects.create_project(&as_ana, ana, "Mine", "")).unwrap();
    for name in ["", "  ", "two\nlines", &"x".repeat(257)] {
        let result = block_on(projects.create_project(&as_ana, ana, name, ""));
        assert!(
            matches!(result, Err(ProjectsError::ProjectName)),
            "{name:?}"
        );
    }
}

#[test]
fn sharing_follows_its_rules() {
    let ground = ground();
    let projects = &ground.projects;
    let (ana, ben) = (ground.account("ana", false), ground.account("ben", true));
    let boss = ground.operator("boss");
    let project = ground.project(ana, &[(boss, Level::CanEdit)]);
    let repository = ground.push(&ground.caller("boss"), &format!("syn{}/app", project.get()));
    let share = |who, entity, request: &ShareRequest| {
        block_on(projects.share(&acting(who), entity, request))
    };
    let all = (ana, Permissions::ALL);
    let replace = |list: &[(PrincipalId, Permissions)]| ShareRequest::Replace {
        list: list.to_vec(),
        etag: None,
    };
    let rule = |result: Result<Option<ListView>, ProjectsError>| match result {
        Err(ProjectsError::Share(error)) => error,
        other => panic!("{other:?}"),
    };
    let download = Level::CanDownload.permissions();
    let registered = (PrincipalId::REGISTERED, download);
    assert_eq!(
        rule(share(ana, project, &replace(&[all, registered]))),
        ShareError::NotCertified {
            principal: PrincipalId::REGISTERED
        },
    );
    assert_eq!(
        rule(share(ana, project, &replace(&[(ben, download)]))),
        ShareError::NobodyCouldMend
    );
    assert_eq!(
        rule(share(ana, project, &ShareRequest::RemoveLocal)),
        ShareError::ProjectKeepsItsList
    );
    assert_eq!(
        rule(share(ana, repository, &replace(&[all]))),
        ShareError::Inherits
    );
    let unknown = (PrincipalId::new(4_000_000), download);
    let public = (PrincipalId::PUBLIC, download);
    for bad in [
        vec![all, unknown],
        vec![all, all],
        vec![all, public],
        vec![(ana, Permissions::NONE)],
    ] {
        let result = share(ana, project, &replace(&bad));
        assert!(
            matches!(result, Err(ProjectsError::List(_))),
            "{bad:?}: {result:?}"
        );
    }
    let stranger = share(ben, project, &replace(&[all, (ben, Permissions::ALL)]));
    assert!(
        matches!(
            stranger,
            Err(ProjectsError::Refused {
                may_know: false,
                ..
            })
        ),
        "{stranger:?}"
    );
}

#[test]
fn a_list_is_replaced_as_it_was_read_and_every_change_is_recorded() {
    let ground = ground();
    let projects = &ground.projects;
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let project = ground.project(ana, &[]);
    let repository = ground.push(&ground.caller("ana"), &format!("syn{}/app", project.get()));
    let share =
        |entity, request: &ShareRequest| block_on(projects.share(&acting(ana), entity, request));
    let rule = |result: Result<Option<ListView>, ProjectsError>| match result {
        Err(ProjectsError::Share(error)) => error,
        other => panic!("{other:?}"),
    };
    let (all, download) = ((ana, Permissions::ALL), Level::CanDownload.permissions());

    let etag = block_on(projects.view(&server(), project)).unwrap().etag;
    let list = vec![all, (ben, download)];
    share(
        project,
        &ShareRequest::Replace {
            list: list.clone(),
            etag: Some(etag),
        },
    )
    .unwrap();
    let stale = ShareRequest::Replace {
        list,
        etag: Some(etag),
    };
    assert_eq!(rule(share(project, &stale)), ShareError::StaleEtag);
    share(repository, &ShareRequest::GiveLocal(vec![all])).unwrap();
    assert_eq!(
        rule(share(repository, &ShareRequest::GiveLocal(vec![all]))),
        ShareError::AlreadyLocal,
    );
    share(repository, &ShareRequest::RemoveLocal).unwrap();

    let query = AuditQuery {
        entity: Some(repository),
        limit: 10,
        ..AuditQuery::default()
    };
    let rows = block_on(projects.store().audit(&query)).unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.who,
                row.what.as_str(),
                row.before.is_some(),
                row.after.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some(ana), "set-list", true, false),
            (Some(ana), "set-list", false, true)
        ]
    );
    let before = rows[0].before.as_deref().unwrap();
    assert!(before.contains(&ana.get().to_string()) && before.contains("CHANGE_PERMISSIONS"));
}

#[test]
fn managers_set_members_and_get_nothing_from_lists() {
    let ground = ground();
    let projects = &ground.projects;
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let as_ana = acting(ana);
    let team = block_on(projects.create_team(&as_ana, &"lab".parse().unwrap())).unwrap();
    let by_ben = block_on(projects.set_member(&acting(ben), team, ben, true));
    assert!(matches!(by_ben, Err(ProjectsError::TeamManagersOnly)));
    block_on(projects.set_member(&as_ana, team, ben, true)).unwrap();
    block_on(projects.set_member(&as_ana, team, ben, true)).unwrap();
    let teams = |who| {
        block_on(projects.store().caller(who, None))
            .unwrap()
            .unwrap()
            .teams
    };
    assert_eq!((teams(ana), teams(ben)), (vec![], vec![team]));
    block_on(projects.set_member(&as_ana, team, ben, false)).unwrap();
    assert!(teams(ben).is_empty());
    let found = block_on(projects.team_named("L-AB")).unwrap().unwrap();
    assert_eq!(found.people.len(), 1, "the manager stays: {found:?}");
}

#[test]
fn an_account_is_put_into_two_hundred_teams_and_no_more() {
    let ground = ground();
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let join = |number: usize| {
        let name = format!("team-{number}").parse().unwrap();
        let team = block_on(ground.projects.create_team(&acting(ana), &name)).unwrap();
        block_on(ground.projects.set_member(&acting(ana), team, ben, true))
    };
    for number in 0..200 {
        // Nobody disturbs others without end: each change moves what their requests rest on.
        if number == 120 {
            let refused = join(1_000);
            assert!(matches!(refused, Err(ProjectsError::TooOften { .. })));
            ground.clock.advance(60);
        }
        join(number).unwrap();
    }
    ground.clock.advance(60);
    assert!(matches!(join(200), Err(ProjectsError::TooManyTeams)));
}

#[test]
fn the_trash_keeps_the_first_mark_and_tells_only_those_who_could_undo_it() {
    let ground = ground();
    let projects = &ground.projects;
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let project = ground.project(ana, &[(ben, Level::CanEditAndDelete)]);
    let app = ground.push(&ground.caller("ana"), &format!("syn{}/app", project.get()));
    let (ana, ben) = (acting(ana), acting(ben));
    block_on(projects.trash(&ana, app)).unwrap();
    block_on(projects.trash(&ana, app)).unwrap();
    assert!(block_on(projects.trash(&ben, app)).is_err(), "as absent");
    assert!(
        block_on(projects.restore(&ben, app)).is_err(),
        "another editor"
    );
    block_on(projects.restore(&ana, app)).unwrap();
    assert!(block_on(projects.restore(&ana, app)).is_err(), "no mark");
    block_on(projects.trash(&ben, app)).unwrap();
    block_on(projects.restore(&ana, app)).unwrap();
}
