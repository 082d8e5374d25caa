//! Accounts and teams that are deleted: who may, and what is left of them.

use std::net::IpAddr;

use futures::executor::block_on;
use pierhead_auth::Secret;
use pierhead_model::{Algorithm, ContentDigest};
use pierhead_policy::{EntityId, Level, ListError, PrincipalId, Scopes};
use pierhead_projects::change::{Batch, Change, EntityRef, Recorded};
use pierhead_projects::survey::{Found, PrincipalKey, SurveyQuery};
use pierhead_projects::{
    AccountRequest, Actor, AuditRequest, ChangeStore as _, ProjectStore as _, ProjectsError,
    SentList, ShareRequest,
};
use pierhead_registry::{Action, AuthenticationError, Clock as _, Peer};
use pierhead_storage::{
    BlobCommit, Fence, NewUpload, Place, RepositoryStore as _, StoreError, Touch, UploadId,
    UploadOwner,
};

use crate::ground::{Ground, PASSWORD, acting, ground, hash, server};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Ana owns a project with `tools` in it, in which eve and her team edit; `local` is eve's alone, and
/// so is `trashed`.
struct Scene {
    ground: Ground,
    ana: PrincipalId,
    eve: PrincipalId,
    team: PrincipalId,
    project: EntityId,
    local: EntityId,
    trashed: EntityId,
}

fn scene() -> Scene {
    let ground = ground();
    let (ana, eve) = (ground.account("ana", true), ground.account("eve", true));
    let projects = &ground.projects;
    let team = block_on(projects.create_team(&acting(eve), &"lab".parse().unwrap())).unwrap();
    block_on(projects.set_member(&server(), team, eve, true)).unwrap();
    let both = [(eve, Level::CanEditAndDelete), (team, Level::CanEdit)];
    let project = ground.project(ana, &both);
    let caller = ground.caller("ana");
    let [_, local, trashed] = ["tools", "local", "trashed"]
        .map(|name| ground.push(&caller, &format!("syn{}/{name}", project.get())));
    for repository in [local, trashed] {
        ground.local(
            repository,
            &[(eve, Level::Administrator), (team, Level::CanView)],
        );
    }
    block_on(projects.trash(&acting(eve), trashed)).unwrap();
    Scene {
        ground,
        ana,
        eve,
        team,
        project,
        local,
        trashed,
    }
}

impl Scene {
    fn name(&self, last: &str) -> String {
        format!("syn{}/{last}", self.project.get())
    }

    /// A session of eve's, as the management API knows it.
    fn session(&self, name: &str) -> Actor {
        let from = Peer::at(HERE);
        let projects = &self.ground.projects;
        let token = block_on(projects.login(name, Secret::from(PASSWORD), &from)).unwrap();
        block_on(projects.actor(Some(token.expose()), &from)).unwrap()
    }

    fn personal(&self, who: PrincipalId) -> String {
        let projects = &self.ground.projects;
        let server = server();
        let made = projects.create_token(&server, who, "ci", Scopes::ALL, None);
        block_on(made).unwrap().1.expose().to_owned()
    }

    fn delete(
        &self,
        actor: &Actor,
        who: PrincipalId,
        password: Option<&str>,
    ) -> Result<(), ProjectsError> {
        let password = password.map(Secret::from);
        let projects = &self.ground.projects;
        block_on(projects.delete_account(actor, who, password, &Peer::at(HERE)))
    }

    fn delete_team(&self, actor: &Actor) -> Result<(), ProjectsError> {
        block_on(self.ground.projects.delete_team(actor, self.team))
    }

    /// Whether a principal stands in any list.
    fn is_listed(&self, who: PrincipalId) -> bool {
        let lists = [self.project, self.local, self.trashed].map(|id| {
            let found = block_on(self.ground.projects.entity(id)).unwrap();
            let own = found.repository.and_then(|found| found.own_list);
            own.unwrap_or_else(|| found.project.unwrap().list)
        });
        lists.iter().any(|list| list.get(who).is_some())
    }

    fn audit(&self, request: AuditRequest) -> Vec<(String, Option<String>)> {
        let request = AuditRequest {
            limit: 100,
            ..request
        };
        let rows = block_on(self.ground.projects.audit(&server(), &request)).unwrap();
        let rows = rows.items.into_iter();
        rows.map(|row| (row.what, row.before)).collect()
    }
}

#[test]
fn an_account_is_deleted_by_itself_with_its_password_or_by_an_operator() {
    let scene = scene();
    let boss = scene.ground.operator("boss");
    let token = scene.personal(scene.eve);
    let token = block_on(scene.ground.projects.actor(Some(&token), &Peer::default())).unwrap();
    let (eve, ana) = (scene.session("eve"), scene.session("ana"));
    let delete = |actor: &Actor, password| scene.delete(actor, scene.eve, password);
    for (what, refused) in [
        ("another", delete(&ana, Some(PASSWORD))),
        ("nobody", delete(&Actor::anonymous(&Peer::default()), None)),
    ] {
        let reason = refused.unwrap_err();
        let fits = matches!(reason, ProjectsError::OperatorsOnly | ProjectsError::SignIn);
        assert!(fits, "{what}: {reason:?}");
    }
    // Who may not is told the same whether there is such an account or not.
    let nobody = PrincipalId::new(9_999_999);
    let refused = scene.delete(&ana, nobody, Some(PASSWORD));
    assert!(matches!(refused, Err(ProjectsError::OperatorsOnly)));
    let refused = delete(&token, Some(PASSWORD));
    assert!(matches!(refused, Err(ProjectsError::NeedsSession)));
    for password in [None, Some(""), Some("wrong horse")] {
        let refused = delete(&eve, password);
        assert!(
            matches!(refused, Err(ProjectsError::WrongPassword)),
            "{refused:?}"
        );
    }
    delete(&eve, Some(PASSWORD)).unwrap();
    assert!(matches!(
        delete(&eve, Some(PASSWORD)),
        Err(ProjectsError::SignIn)
    ));
    let missing = delete(&acting(boss), None);
    assert!(matches!(missing, Err(ProjectsError::NotFound { .. })));
    scene.delete(&acting(boss), scene.ana, None).unwrap();
    // The last operator stays one.
    let last = scene.delete(&server(), boss, None);
    assert!(matches!(last, Err(ProjectsError::LastOperator)), "{last:?}");
    let last = scene.delete(&scene.session("boss"), boss, Some(PASSWORD));
    assert!(matches!(last, Err(ProjectsError::LastOperator)), "{last:?}");
}

#[test]
fn guessing_the_password_of_an_open_session_locks_out() {
    let scene = scene();
    let eve = scene.session("eve");
    for _ in 0..10 {
        let refused = scene.delete(&eve, scene.eve, Some("wrong horse"));
        assert!(matches!(refused, Err(ProjectsError::WrongPassword)));
    }
    let locked = scene.delete(&eve, scene.eve, Some(PASSWORD));
    assert!(
        matches!(locked, Err(ProjectsError::TooManySignIns { .. })),
        "{locked:?}"
    );
    scene.ground.clock.advance(16 * 60);
    scene.delete(&eve, scene.eve, Some(PASSWORD)).unwrap();
}

#[test]
fn a_deleted_account_holds_nothing_any_more() {
    let scene = scene();
    let (ground, projects) = (&scene.ground, &scene.ground.projects);
    let caller = ground.caller("eve");
    let registry = ground.sign_in("eve", PASSWORD, &[]).unwrap().token;
    let (personal, session) = (scene.personal(scene.eve), scene.session("eve"));
    ground.push(&caller, &scene.name("tools"));
    let [old, new] = ["tools", "new"].map(|last| {
        let permit = ground.allowed(&caller, Action::Push, &scene.name(last));
        permit.unwrap()
    });
    let upload = |id| NewUpload {
        id: UploadId(id),
        place: Place::new(&format!("place-{id}")).unwrap(),
        algorithm: Algorithm::Sha256,
        by: caller.id.clone(),
        at: ground.clock.now(),
        most: 1_000,
        admission: None,
    };
    let store = &ground.store;
    let under_way = block_on(store.open_upload(upload(1), &old)).unwrap();
    let staged = block_on(store.open_upload(upload(2), &new)).unwrap();
    let digest = ContentDigest::sha256(b"staged");
    let commit = |generation| BlobCommit {
        generation,
        digest,
        size: 6,
        at: ground.clock.now(),
    };
    block_on(store.commit_blob(commit(staged.generation), &new)).unwrap();

    scene.delete(&server(), scene.eve, None).unwrap();

    let refused = ground.bearer(&registry);
    assert!(matches!(refused, Err(AuthenticationError::Invalid)));
    assert!(ground.sign_in("eve", PASSWORD, &[]).is_err());
    assert!(ground.sign_in("x", &personal, &[]).is_err());
    let seen = block_on(projects.view(&session, scene.project));
    assert!(matches!(seen, Err(ProjectsError::SignIn)));
    for permit in [&old, &new] {
        let put = ground.put(&caller, permit);
        assert!(matches!(put, Err(StoreError::Stale)), "{put:?}");
        assert!(
            ground
                .allowed(&caller, Action::Push, &scene.name("tools"))
                .is_none()
        );
    }
    let closing = block_on(store.commit_blob(commit(under_way.generation), &old));
    assert!(closing.is_err(), "{closing:?}");
    let owner = UploadOwner {
        view: old.view.clone(),
        by: caller.id.clone(),
    };
    let left = block_on(store.find_upload(UploadId(1), &owner));
    assert!(matches!(left, Err(StoreError::NotFound)), "{left:?}");
    let blob = block_on(store.find_blob(&new.view, &digest, Touch::No)).unwrap();
    assert_eq!(blob, None);

    assert!(!scene.is_listed(scene.eve));
    let team = block_on(projects.team_named("lab")).unwrap().unwrap();
    assert_eq!(team.people, []);
}

#[test]
fn the_deeds_of_a_deleted_account_keep_its_number() {
    let scene = scene();
    let (ground, projects) = (&scene.ground, &scene.ground.projects);
    ground.push(&ground.caller("eve"), &scene.name("tools"));
    scene.delete(&server(), scene.eve, None).unwrap();
    let found = block_on(projects.entity(scene.trashed)).unwrap();
    assert_eq!(found.repository.unwrap().trashed.unwrap().by, scene.eve);
    block_on(projects.restore(&acting(scene.ana), scene.trashed)).unwrap();
    let tools = ground.push(&ground.caller("ana"), &scene.name("tools"));
    let pushes = block_on(projects.pushes(&acting(scene.ana), tools, None, None, 10)).unwrap();
    assert!(pushes.items.iter().any(|push| push.by == Some(scene.eve)));
    let rows = scene.audit(AuditRequest {
        principal: Some(scene.eve),
        ..AuditRequest::default()
    });
    let (_, before) = rows
        .iter()
        .find(|(what, _)| what == "delete-account")
        .unwrap();
    let before = before.as_deref().unwrap();
    let ids = [scene.project, scene.local, scene.trashed].map(EntityId::get);
    let named = format!(
        r#""entities":[{},{},{}],"entries":3"#,
        ids[0], ids[1], ids[2]
    );
    assert!(
        before.contains(&named) && before.contains(r#""name":"eve""#),
        "{before}"
    );
    let rows = scene.audit(AuditRequest {
        entity: Some(scene.local),
        ..AuditRequest::default()
    });
    let permissions = r#"["READ","DOWNLOAD","CREATE","UPDATE","DELETE","CHANGE_PERMISSIONS","CHANGE_SETTINGS","MODERATE"]"#;
    let entry = format!(
        r#"{{"permissions":{permissions},"principal":{}}}"#,
        scene.eve
    );
    assert_eq!(rows[0], ("remove-entry".to_owned(), Some(entry)));
}

#[test]
fn neither_name_nor_number_is_given_again() {
    let scene = scene();
    let (ground, projects) = (&scene.ground, &scene.ground.projects);
    scene.delete(&server(), scene.eve, None).unwrap();
    for name in ["eve", "e.v-e"] {
        let request = AccountRequest::with_password_hash(hash());
        let taken = block_on(projects.create_account(&server(), &name.parse().unwrap(), request));
        assert!(
            matches!(taken, Err(ProjectsError::NameTaken { .. })),
            "{taken:?}"
        );
        let taken = block_on(projects.create_team(&server(), &name.parse().unwrap()));
        assert!(
            matches!(taken, Err(ProjectsError::NameTaken { .. })),
            "{taken:?}"
        );
        let key = PrincipalKey::Name(pierhead_projects::fold(name));
        let unknown = block_on(projects.principal(&server(), key));
        assert!(matches!(unknown, Err(ProjectsError::NotFound { .. })));
        let free = block_on(projects.is_available(&server(), name)).unwrap();
        assert!(!free, "{name}");
    }
    let next = ground.account("next", false);
    assert!(next > scene.eve);
    let gone = block_on(ground.store.survey(&SurveyQuery::of(vec![
        PrincipalKey::Id(scene.eve),
        PrincipalKey::Name("eve".to_owned()),
    ])));
    let gone = gone.unwrap().principals;
    assert_eq!(gone[0], None);
    assert!(matches!(&gone[1], Some(Found::Gone { id, .. }) if *id == scene.eve));
}

#[test]
fn the_address_of_a_deleted_account_is_free() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let make = |name: &str| {
        let request = AccountRequest::default().email("one@example.org".parse().unwrap());
        block_on(projects.create_account(&server(), &name.parse().unwrap(), request))
    };
    let one = make("one").unwrap();
    assert!(matches!(make("two"), Err(ProjectsError::EmailTaken)));
    scene.delete(&server(), one, None).unwrap();
    make("two").unwrap();
}

#[test]
fn a_team_is_deleted_by_its_managers_and_its_members_lose_what_it_gave() {
    let scene = scene();
    let (ground, projects) = (&scene.ground, &scene.ground.projects);
    let ben = ground.account("ben", true);
    block_on(projects.set_member(&server(), scene.team, ben, true)).unwrap();
    let caller = ground.caller("ben");
    let (tools, local) = (scene.name("tools"), scene.name("local"));
    let permit = ground.allowed(&caller, Action::Push, &tools).unwrap();
    block_on(projects.view(&acting(ben), scene.local)).unwrap();

    // A member is no manager, and a token is nobody in person.
    for actor in [acting(ben), acting(scene.ana)] {
        let refused = scene.delete_team(&actor);
        assert!(matches!(refused, Err(ProjectsError::TeamManagersOnly)));
    }
    let token = scene.personal(scene.eve);
    let token = block_on(projects.actor(Some(&token), &Peer::default())).unwrap();
    let refused = scene.delete_team(&token);
    assert!(matches!(refused, Err(ProjectsError::NeedsSession)));
    scene.delete_team(&scene.session("eve")).unwrap();

    let put = ground.put(&caller, &permit);
    assert!(matches!(put, Err(StoreError::Stale)), "{put:?}");
    assert!(ground.allowed(&caller, Action::Pull, &tools).is_none());
    assert!(ground.allowed(&caller, Action::Pull, &local).is_none());
    block_on(projects.view(&acting(ben), scene.local)).unwrap_err();
    assert!(!scene.is_listed(scene.team));
    let again = scene.delete_team(&server());
    assert!(matches!(again, Err(ProjectsError::NotFound { .. })));
    let joined = block_on(projects.set_member(&server(), scene.team, ben, true));
    assert!(matches!(joined, Err(ProjectsError::NotFound { .. })));
    let named = block_on(projects.create_team(&server(), &"l.a.b".parse().unwrap()));
    assert!(matches!(named, Err(ProjectsError::NameTaken { .. })));
}

#[test]
fn only_the_role_of_an_operator_is_written_down() {
    for manages in [false, true] {
        let scene = scene();
        let boss = scene.ground.operator("boss");
        let projects = &scene.ground.projects;
        if manages {
            block_on(projects.set_manager(&server(), scene.team, boss, true)).unwrap();
        }
        scene.delete_team(&acting(boss)).unwrap();
        let rows = scene.audit(AuditRequest {
            principal: Some(scene.team),
            ..AuditRequest::default()
        });
        let used = rows.iter().any(|(what, _)| what == "use-role");
        assert_eq!(used, !manages);
    }
}

/// A list as it is before, less nobody.
fn with(who: PrincipalId, owner: PrincipalId) -> SentList {
    vec![
        (owner, Level::Administrator.permissions()),
        (who, Level::CanView.permissions()),
    ]
}

#[test]
fn a_list_never_names_who_is_gone() {
    type Delete = fn(&Scene);
    let team: Delete = |scene| scene.delete_team(&server()).unwrap();
    let account: Delete = |scene| scene.delete(&server(), scene.eve, None).unwrap();
    for (which, delete) in [("team", team), ("account", account)] {
        let scene = scene();
        let (ground, projects) = (&scene.ground, &scene.ground.projects);
        let gone = if which == "team" {
            scene.team
        } else {
            scene.eve
        };
        let read = block_on(projects.own_list(&acting(scene.ana), scene.project)).unwrap();
        // Decided while it was there, and late for the commit.
        let query = SurveyQuery::of(vec![PrincipalKey::Id(gone)]);
        let versions = block_on(ground.store.survey(&query)).unwrap().versions;
        let stored = block_on(projects.entity(scene.project)).unwrap();
        delete(&scene);
        for expect in [versions, stored.versions] {
            let change = Change::SetList {
                entity: EntityRef::Project(scene.project),
                list: Some(read.list.clone()),
                etag: None,
            };
            let batch = Batch {
                actor: server(),
                at: ground.clock.now(),
                expect: Fence(expect),
                changes: vec![Recorded::new(change)],
            };
            let late = block_on(ground.store.commit(batch));
            assert!(matches!(late, Err(StoreError::Stale)), "{which}: {late:?}");
        }
        // As it was read, unchanged: the etag has moved, and without one it names nobody.
        let list: SentList = read
            .list
            .entries()
            .iter()
            .map(|entry| (entry.principal, entry.permissions))
            .collect();
        for (etag, list) in [
            (Some(read.etag), list.clone()),
            (Some(read.etag), with(scene.ana, scene.ana)[..1].to_vec()),
        ] {
            let request = ShareRequest::Replace { list, etag };
            let refused = block_on(projects.share(&acting(scene.ana), scene.project, &request));
            assert!(
                matches!(
                    refused,
                    Err(ProjectsError::Share(pierhead_policy::ShareError::StaleEtag))
                ),
                "{which}: {refused:?}"
            );
        }
        for (entity, request) in [
            (scene.project, ShareRequest::Replace { list, etag: None }),
            (
                ground.push(&ground.caller("ana"), &scene.name("other")),
                ShareRequest::GiveLocal(with(gone, scene.ana)),
            ),
        ] {
            let refused = block_on(projects.share(&acting(scene.ana), entity, &request));
            assert!(
                matches!(refused, Err(ProjectsError::List(ListError::Unknown(who))) if who == gone),
                "{which}: {refused:?}"
            );
        }
        // What comes out of the trash comes without.
        block_on(projects.restore(&server(), scene.trashed)).unwrap();
        assert!(!scene.is_listed(gone));
    }
}

#[test]
fn a_local_list_that_loses_its_last_entry_stays_a_list() {
    let scene = scene();
    scene.delete_team(&server()).unwrap();
    scene.delete(&server(), scene.eve, None).unwrap();
    let found = block_on(scene.ground.projects.entity(scene.local)).unwrap();
    assert!(found.repository.unwrap().own_list.unwrap().is_empty());
    let caller = scene.ground.caller("ana");
    let local = scene.name("local");
    assert!(
        scene
            .ground
            .allowed(&caller, Action::Pull, &local)
            .is_none()
    );
    // An operator mends it.
    let remove = ShareRequest::RemoveLocal;
    block_on(scene.ground.projects.share(&server(), scene.local, &remove)).unwrap();
    assert!(
        scene
            .ground
            .allowed(&caller, Action::Pull, &local)
            .is_some()
    );
}

#[test]
fn a_project_without_anybody_is_on_the_operators_list() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let boss = scene.ground.operator("boss");
    let shown = |actor: &Actor| {
        let page = block_on(projects.unmended(actor, None, 10))?;
        let shown = page.items.into_iter();
        Ok::<_, ProjectsError>(
            shown
                .map(|(view, trashed)| (view.id, trashed))
                .collect::<Vec<_>>(),
        )
    };
    for refused in [acting(scene.ana), Actor::anonymous(&Peer::default())] {
        shown(&refused).unwrap_err();
    }
    assert_eq!(shown(&acting(boss)).unwrap(), []);
    block_on(projects.set_disabled(&server(), scene.ana, true)).unwrap();
    assert_eq!(shown(&acting(boss)).unwrap(), [(scene.project, false)]);
    block_on(projects.set_disabled(&server(), scene.ana, false)).unwrap();
    assert_eq!(shown(&acting(boss)).unwrap(), []);
    scene.delete(&server(), scene.ana, None).unwrap();
    assert_eq!(shown(&acting(boss)).unwrap(), [(scene.project, false)]);
    block_on(projects.trash(&acting(boss), scene.project)).unwrap();
    assert_eq!(shown(&acting(boss)).unwrap(), [(scene.project, true)]);
    block_on(projects.restore(&acting(boss), scene.project)).unwrap();
    scene
        .ground
        .share(scene.project, &[(scene.eve, Level::Administrator)]);
    assert_eq!(shown(&acting(boss)).unwrap(), []);
}
