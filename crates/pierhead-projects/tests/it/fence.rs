//! Nothing is committed under a permission that has gone.

use futures::executor::block_on;
use pierhead_policy::{EntityId, Level, PrincipalId, Scopes};
use pierhead_projects::record::CredentialId;
use pierhead_registry::{Action, Caller};
use pierhead_storage::StoreError;

use crate::ground::{Ground, ground, server};

struct Scene {
    ground: Ground,
    ana: PrincipalId,
    ben: PrincipalId,
    team: PrincipalId,
    project: EntityId,
    existing: EntityId,
    credential: CredentialId,
    /// Ben, by a personal access token; he edits through the team alone.
    caller: Caller,
}

fn scene() -> Scene {
    let ground = ground();
    let ana = ground.account("ana", true);
    let ben = ground.account("ben", true);
    let projects = &ground.projects;
    let team = block_on(projects.create_team(&server(), &"lab".parse().unwrap())).unwrap();
    block_on(projects.set_member(&server(), team, ben, true)).unwrap();
    let project = ground.project(ana, &[(team, Level::CanEdit)]);
    let existing = ground.push(&ground.caller("ana"), &format!("syn{}/here", project.get()));
    let token = block_on(projects.create_token(&server(), ben, "ci", Scopes::ALL, None)).unwrap();
    let (credential, token) = token;
    let token = ground.sign_in("ben", token.expose(), &[]).unwrap().token;
    let caller = ground.bearer(&token).unwrap();
    Scene {
        ground,
        ana,
        ben,
        team,
        project,
        existing,
        credential,
        caller,
    }
}

type Change = fn(&Scene);

fn check(what: &str, name: &str, change: Change, still_stands: bool) {
    let scene = scene();
    let name = format!("syn{}/{name}", scene.project.get());
    let ground = &scene.ground;
    let permit = ground
        .allowed(&scene.caller, Action::Push, &name)
        .expect("may push at first");
    change(&scene);
    let put = ground.put(&scene.caller, &permit);
    if still_stands {
        assert!(put.is_ok(), "{what} on {name}: {put:?}");
        return;
    }
    assert!(
        matches!(put, Err(StoreError::Stale)),
        "{what} on {name}: {put:?}"
    );
    let again = ground.allowed(&scene.caller, Action::Push, &name);
    assert!(
        again.is_none(),
        "{what} on {name}: decided again, it must be refused"
    );
}

#[test]
fn what_ends_the_permission_between_decision_and_commit_refuses_the_commit() {
    let changes: [(&str, Change); 7] = [
        ("shared with less", |s| {
            s.ground.share(s.project, &[(s.ana, Level::Administrator)]);
        }),
        ("left the team", |s| {
            block_on(
                s.ground
                    .projects
                    .set_member(&server(), s.team, s.ben, false),
            )
            .unwrap();
        }),
        ("disabled", |s| {
            block_on(s.ground.projects.set_disabled(&server(), s.ben, true)).unwrap();
        }),
        ("new password", |s| {
            let password = "another horse".into();
            block_on(s.ground.projects.set_password(&server(), s.ben, password)).unwrap();
        }),
        ("token revoked", |s| {
            block_on(s.ground.projects.revoke(&server(), s.ben, s.credential)).unwrap();
        }),
        ("project in the trash", |s| {
            block_on(s.ground.projects.trash(&server(), s.project)).unwrap();
        }),
        ("repository in the trash", |s| {
            block_on(s.ground.projects.trash(&server(), s.existing)).unwrap();
        }),
    ];
    for (what, change) in changes {
        check(what, "here", change, false);
        if what != "repository in the trash" {
            check(what, "new", change, false);
        }
    }
    let uncertified: Change = |s| {
        block_on(s.ground.projects.set_certified(&server(), s.ben, false)).unwrap();
    };
    check("certification withdrawn", "new", uncertified, false);
    let shut_out: Change = |s| s.ground.local(s.existing, &[(s.ana, Level::Administrator)]);
    check("local list without the team", "here", shut_out, false);
}

#[test]
fn what_others_do_elsewhere_disturbs_nobody() {
    let changes: [(&str, Change); 4] = [
        ("another project is shared", |s| {
            s.ground.project(s.ana, &[(s.ben, Level::CanView)]);
        }),
        ("somebody else joins the team", |s| {
            block_on(s.ground.projects.set_member(&server(), s.team, s.ana, true)).unwrap();
        }),
        ("another account is made", |s| {
            s.ground.account("cleo", false);
        }),
        ("another repository is pushed", |s| {
            let ana = s.ground.caller("ana");
            s.ground
                .push(&ana, &format!("syn{}/other", s.project.get()));
        }),
    ];
    for (what, change) in changes {
        check(what, "here", change, true);
        check(what, "new", change, true);
    }
}

#[test]
fn of_two_first_manifests_one_creates_and_the_other_is_decided_by_row_3() {
    let ground = ground();
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let project = ground.project(ana, &[]);
    let create = pierhead_policy::Permissions::CREATE;
    let all = pierhead_policy::Permissions::ALL;
    let request = pierhead_projects::ShareRequest::Replace {
        list: vec![(ana, all), (ben, create)],
        etag: None,
    };
    block_on(ground.projects.share(&server(), project, &request)).unwrap();
    let name = format!("syn{}/race", project.get());
    let (first, second) = (ground.caller("ana"), ground.caller("ben"));
    let permit = ground
        .allowed(&second, Action::Push, &name)
        .expect("may create");
    ground.push(&first, &name);
    let put = ground.put(&second, &permit);
    assert!(matches!(put, Err(StoreError::Stale)), "{put:?}");
    assert!(
        ground.allowed(&second, Action::Push, &name).is_none(),
        "CREATE is not UPDATE"
    );
}
