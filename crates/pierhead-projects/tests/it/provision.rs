//! A set-up from a file.

use std::collections::BTreeMap;

use futures::executor::block_on;
use pierhead_policy::{EntityId, Level, Permissions, PrincipalId};
use pierhead_projects::audit::AuditQuery;
use pierhead_projects::provision::{
    Provision, ProvisionError, ProvisionProject, ProvisionReport, ProvisionShare, ProvisionTeam,
    ProvisionUser,
};
use pierhead_projects::{DescribeRequest, ProjectsError};
use pierhead_storage::{ParentId, RepositoryStore as _, ScopeId};

use crate::ground::{Ground, PASSWORD, ground, hash, server};

pub(crate) fn user(line: usize, name: &str) -> ProvisionUser {
    ProvisionUser {
        line,
        name: name.to_owned(),
        ..ProvisionUser::default()
    }
}

pub(crate) fn team(line: usize, name: &str, members: &[&str]) -> ProvisionTeam {
    let members = Some(members.iter().map(|name| (*name).to_owned()).collect());
    ProvisionTeam {
        line,
        name: name.to_owned(),
        members,
    }
}

pub(crate) fn project(line: usize, id: Option<&str>, name: &str, owner: &str) -> ProvisionProject {
    ProvisionProject {
        line,
        id: id.map(str::to_owned),
        name: Some(name.to_owned()),
        owner: Some(owner.to_owned()),
        share: None,
    }
}

/// `user:ben`, `team:lab`, `everyone:registered`.
pub(crate) fn entry(line: usize, whom: &str, level: Level) -> ProvisionShare {
    let (kind, name) = whom.split_once(':').unwrap();
    let this = |wanted| (kind == wanted).then(|| name.to_owned());
    let (user, team, everyone) = (this("user"), this("team"), this("everyone"));
    ProvisionShare {
        line,
        user,
        team,
        everyone,
        permissions: level.into(),
    }
}

/// The set-up that the tests begin with.
pub(crate) fn lab() -> Provision {
    let mut ana = user(1, "ana");
    ana.email = Some("ana@example.org".to_owned());
    ana.password_hash = Some(hash());
    ana.certified = Some(true);
    let mut boss = user(2, "boss");
    boss.operator = Some(true);
    let mut genomics = project(6, Some("syn101"), "Genomics", "ana");
    genomics.share = Some(vec![
        entry(7, "team:lab", Level::CanDownload),
        entry(8, "user:ben", Level::CanEdit),
        entry(9, "everyone:registered", Level::CanView),
    ]);
    Provision {
        users: vec![ana, boss, user(3, "ben")],
        teams: vec![team(5, "lab", &["ana", "ben"])],
        projects: vec![genomics, project(10, None, "Methods", "ben")],
    }
}

pub(crate) fn apply(
    ground: &Ground,
    provision: &Provision,
) -> Result<ProvisionReport, ProvisionError> {
    block_on(ground.projects.provision(&server(), provision))
}

fn list_of(ground: &Ground, id: u64) -> BTreeMap<u64, Permissions> {
    let found = block_on(ground.projects.entity(EntityId::new(id).unwrap())).unwrap();
    let list = found.project.unwrap().list;
    list.entries()
        .iter()
        .map(|entry| (entry.principal.get(), entry.permissions))
        .collect()
}

/// Everything that a change would move: how much was recorded, which versions stand.
pub(crate) fn fingerprint(ground: &Ground) -> String {
    let query = AuditQuery {
        limit: 1_000,
        ..AuditQuery::default()
    };
    let rows = block_on(ground.projects.store().audit(&query)).unwrap();
    let accounts = (3_000_000..3_000_010).map(ScopeId::account);
    let projects = [101, 102, 1_000_000, 1_000_001].map(|id| ScopeId::parent(ParentId(id)));
    let scopes: Vec<ScopeId> = accounts.chain(projects).collect();
    let versions = block_on(ground.store.current(&scopes)).unwrap();
    format!("{} {versions:?}", rows.len())
}

#[test]
fn a_lab_is_set_up_in_one_run_and_the_second_changes_nothing() {
    let ground = ground();
    let report = apply(&ground, &lab()).unwrap();
    assert_eq!(report.users_created, ["ana", "boss", "ben"]);
    assert_eq!(report.teams_created, ["lab"]);
    assert!(report.users_changed.is_empty() && report.teams_changed.is_empty());
    let created: Vec<_> = report
        .projects_created
        .iter()
        .map(|(id, _)| id.get())
        .collect();
    assert_eq!(created, [101, 1_000_000]);
    let (ana, ben, lab_team) = (3_000_000, 3_000_002, 3_000_003);
    let genomics = BTreeMap::from([
        (ana, Permissions::ALL),
        (ben, Level::CanEdit.permissions()),
        (lab_team, Level::CanDownload.permissions()),
        (PrincipalId::REGISTERED.get(), Level::CanView.permissions()),
    ]);
    assert_eq!(list_of(&ground, 101), genomics);
    assert_eq!(
        list_of(&ground, 1_000_000),
        BTreeMap::from([(ben, Permissions::ALL)])
    );
    ground.sign_in("ana@example.org", PASSWORD, &[]).unwrap();

    let before = fingerprint(&ground);
    let again = apply(&ground, &lab()).unwrap();
    assert!(again.is_unchanged(), "{again:?}");
    assert_eq!(fingerprint(&ground), before);
}

#[test]
fn passwords_in_all_three_forms_count_only_when_the_account_is_made() {
    let ground = ground();
    let mut users = [user(1, "plain"), user(2, "file"), user(3, "hashed")];
    users[0].password = Some("plain horse".into());
    users[1].password_file = Some("filed horse".into());
    users[2].password_hash = Some(hash());
    let mut provision = Provision {
        users: users.to_vec(),
        ..Provision::default()
    };
    apply(&ground, &provision).unwrap();
    for user in &mut provision.users {
        (user.password_file, user.password_hash) = (None, None);
        user.password = Some("another horse".into());
    }
    assert!(apply(&ground, &provision).unwrap().is_unchanged());
    for (name, password) in [
        ("plain", "plain horse"),
        ("file", "filed horse"),
        ("hashed", PASSWORD),
    ] {
        ground.sign_in(name, password, &[]).unwrap();
        assert!(
            ground.sign_in(name, "another horse", &[]).is_err(),
            "{name}"
        );
    }
}

#[test]
fn what_a_key_gives_is_the_whole_truth_and_what_is_absent_is_untouched() {
    let ground = ground();
    apply(&ground, &lab()).unwrap();
    let (ana, ben, lab_team) = (3_000_000, 3_000_002, 3_000_003);
    // Nothing but names: nothing changes.
    let bare = Provision {
        users: vec![user(1, "ana"), user(2, "ben")],
        teams: vec![ProvisionTeam {
            line: 3,
            name: "lab".to_owned(),
            members: None,
        }],
        projects: vec![
            ProvisionProject {
                line: 4,
                id: Some("syn101".to_owned()),
                ..ProvisionProject::default()
            },
            ProvisionProject {
                line: 5,
                name: Some("Methods".to_owned()),
                ..ProvisionProject::default()
            },
        ],
    };
    assert!(apply(&ground, &bare).unwrap().is_unchanged());
    assert!(
        apply(&ground, &Provision::default())
            .unwrap()
            .is_unchanged()
    );

    let mut next = bare.clone();
    next.users[0].certified = Some(false);
    next.users[1].email = Some("ben@example.org".to_owned());
    next.teams[0].members = Some(vec!["ben".to_owned()]);
    next.projects[0].share = Some(vec![entry(6, "team:lab", Level::CanEdit)]);
    next.projects[0].name = Some("Genomes".to_owned());
    let report = apply(&ground, &next).unwrap();
    assert_eq!(report.users_changed, ["ana", "ben"]);
    assert_eq!(report.teams_changed, ["lab"]);
    assert_eq!(
        report.projects_changed,
        [(EntityId::new(101).unwrap(), "Genomes".to_owned())]
    );
    let edit = Level::CanEdit.permissions();
    let expected = BTreeMap::from([(ana, Permissions::ALL), (lab_team, edit)]);
    assert_eq!(
        list_of(&ground, 101),
        expected,
        "the owner keeps everything"
    );
    let teams = |who| {
        let record = block_on(ground.projects.store().caller(PrincipalId::new(who), None));
        record.unwrap().unwrap().teams
    };
    assert_eq!(
        (teams(ana), teams(ben)),
        (vec![], vec![PrincipalId::new(lab_team)])
    );

    // Another owner alone: the other entries stay, the former owner's among them.
    let mut owner = bare.clone();
    owner.projects[0].owner = Some("ben".to_owned());
    apply(&ground, &owner).unwrap();
    let mut with_ben = expected;
    with_ben.insert(ben, Permissions::ALL);
    assert_eq!(list_of(&ground, 101), with_ben);
    // From now on the list as given is for the new owner.
    let mut empty = bare;
    empty.projects[0].share = Some(Vec::new());
    apply(&ground, &empty).unwrap();
    assert_eq!(
        list_of(&ground, 101),
        BTreeMap::from([(ben, Permissions::ALL)])
    );
}

#[test]
fn a_project_in_the_trash_can_is_left_alone_and_told() {
    let ground = ground();
    apply(&ground, &lab()).unwrap();
    let id = EntityId::new(101).unwrap();
    block_on(ground.projects.trash(&server(), id)).unwrap();
    let mut provision = lab();
    provision.projects[0].share = Some(Vec::new());
    let report = apply(&ground, &provision).unwrap();
    assert_eq!(report.in_trash, [(6, id)]);
    assert!(report.is_unchanged());
}

#[test]
fn what_people_make_is_never_taken_for_what_the_file_means() {
    let ground = ground();
    let mallory = ground.account("mallory", true);
    let actor = crate::ground::acting(mallory);
    let theirs = block_on(
        ground
            .projects
            .create_project(&actor, mallory, "Methods", ""),
    )
    .unwrap();
    let made = apply(&ground, &lab()).unwrap();
    let methods = made
        .projects_created
        .iter()
        .find(|(_, name)| name == "Methods");
    assert!(methods.is_some_and(|(id, _)| *id != theirs));
    // Nor does another one of that name stop the next start.
    block_on(
        ground
            .projects
            .create_project(&actor, mallory, "Methods", ""),
    )
    .unwrap();
    assert!(apply(&ground, &lab()).unwrap().is_unchanged());
}

#[test]
fn who_made_a_team_of_a_name_before_the_file_did_does_not_manage_it_any_more() {
    let ground = ground();
    let (mallory, boss) = (ground.account("mallory", true), ground.operator("boss"));
    let (as_mallory, projects) = (crate::ground::acting(mallory), &ground.projects);
    let id = block_on(projects.create_team(&as_mallory, &"cur.ators".parse().unwrap())).unwrap();
    let file = |members: &[&str]| Provision {
        teams: vec![team(3, "curators", members)],
        ..Provision::default()
    };
    let made = apply(&ground, &file(&["boss"])).unwrap();
    assert_eq!(made.teams_changed, ["cur.ators"]);
    let told = block_on(projects.set_member(&as_mallory, id, mallory, true));
    assert!(
        matches!(told, Err(ProjectsError::TeamManagersOnly)),
        "{told:?}"
    );
    // Whom the file names a member may manage it.
    block_on(projects.set_manager(&server(), id, boss, true)).unwrap();
    assert!(apply(&ground, &file(&["boss"])).unwrap().is_unchanged());
    let found = block_on(projects.team_named("curators")).unwrap().unwrap();
    assert!(found.people[0].manager);
    // The file's word is the whole truth of who is in it, manager or not.
    apply(&ground, &file(&[])).unwrap();
    let found = block_on(projects.team_named("curators")).unwrap().unwrap();
    assert!(found.people.is_empty(), "{found:?}");
}

#[test]
fn a_purged_project_is_not_made_again_and_stops_nothing() {
    let ground = ground();
    apply(&ground, &lab()).unwrap();
    let genomics = EntityId::new(101).unwrap();
    let ana = ground.caller("ana");
    ground.push(&ana, "syn101/tools");
    block_on(ground.projects.trash(&server(), genomics)).unwrap();
    block_on(ground.projects.purge(&server(), genomics)).unwrap();
    let again = apply(&ground, &lab()).unwrap();
    assert_eq!(again.purged, [(6, genomics)]);
    assert!(again.is_unchanged());
    assert!(
        ground
            .allowed(&ana, pierhead_registry::Action::Pull, "syn101/tools")
            .is_none()
    );
}

#[test]
fn names_that_people_change_lead_no_file_astray() {
    let ground = ground();
    let mut methods = project(10, None, "Methods", "ben");
    methods.share = Some(vec![entry(11, "user:ana", Level::CanEdit)]);
    let mut file = lab();
    file.projects = vec![methods, project(12, None, "Sandbox", "ana")];
    let made = apply(&ground, &file).unwrap().projects_created;
    let (methods, sandbox) = (made[0].0, made[1].0);
    let ana = ground.projects.account_named("ana");
    let ana = crate::ground::acting(block_on(ana).unwrap().unwrap().id);
    let rename = |id, name: &str| {
        let etag = block_on(ground.projects.view(&server(), id)).unwrap().etag;
        let request = DescribeRequest {
            name: Some(name.to_owned()),
            ..DescribeRequest::of(etag)
        };
        block_on(ground.projects.describe(&ana, id, &request)).unwrap();
    };
    // Ana, who may only edit, swaps the names, and then gives both the same.
    for (first, second) in [("Sandbox", "Methods"), ("Methods", "Methods")] {
        rename(sandbox, second);
        rename(methods, first);
        let report = apply(&ground, &file).unwrap();
        assert_eq!(report.projects_created, []);
        let found = block_on(ground.projects.entity(methods)).unwrap();
        let found = found.project.unwrap();
        assert_eq!(found.name, "Methods");
        let holds = found.list.get(ana.id().unwrap());
        assert_eq!(holds, Some(Level::CanEdit.permissions()));
    }
}

#[test]
fn who_was_deleted_is_not_made_again_and_every_line_that_names_them_is_told() {
    let ground = ground();
    apply(&ground, &lab()).unwrap();
    let ben = block_on(ground.projects.account_named("ben")).unwrap();
    let lab_team = block_on(ground.projects.team_named("lab")).unwrap();
    let (ben, team_id) = (ben.unwrap().id, lab_team.unwrap().id);
    let nowhere = pierhead_registry::Peer::default();
    block_on(
        ground
            .projects
            .delete_account(&server(), ben, None, &nowhere),
    )
    .unwrap();
    block_on(ground.projects.delete_team(&server(), team_id)).unwrap();

    let before = fingerprint(&ground);
    let report = apply(&ground, &lab()).unwrap();
    assert!(report.is_unchanged(), "{report:?}");
    let named = |line, name: &str| (line, name.to_owned());
    let gone = [
        named(3, "ben"),
        named(5, "lab"),
        named(7, "lab"),
        named(8, "ben"),
        named(10, "ben"),
    ];
    assert_eq!(report.gone, gone);
    assert_eq!(fingerprint(&ground), before);
    assert!(
        block_on(ground.projects.account_named("ben"))
            .unwrap()
            .is_none()
    );
    let listed = list_of(&ground, 101);
    assert!(!listed.contains_key(&ben.get()) && !listed.contains_key(&team_id.get()));

    // Ben's project is nobody's until the file, or an operator, says whose.
    let mut shared = lab();
    let ana = "user:ana";
    shared.projects[1].share = Some(vec![entry(11, ana, Level::CanView)]);
    apply(&ground, &shared).unwrap();
    let methods = list_of(&ground, 1_000_000);
    assert_eq!(methods.values().collect::<Vec<_>>(), [&Permissions::READ]);
    shared.projects[1].owner = Some("ana".to_owned());
    apply(&ground, &shared).unwrap();
    let methods = list_of(&ground, 1_000_000);
    assert_eq!(methods.values().collect::<Vec<_>>(), [&Permissions::ALL]);

    let mut new = lab();
    new.projects.push(project(12, None, "Newer", "b.en"));
    match apply(&ground, &new) {
        Err(ProvisionError::Mistake { line: 12, message }) => {
            assert!(message.contains("deleted"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}
