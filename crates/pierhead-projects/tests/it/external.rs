//! References to repositories in other registries.

use futures::executor::block_on;
use pierhead_model::ContentDigest;
use pierhead_policy::{Action, Decision, EntityId, Level, PrincipalId, Reason};
use pierhead_projects::listing::{ChildOrder, TagOrder};
use pierhead_projects::{
    Actor, AuditRequest, DescribeRequest, EntityKind, ListRequest, ProjectsError, ShareRequest,
    Subject, TagRequest,
};
use pierhead_registry::{Action as Asked, Clock as _, RetentionRule};
use pierhead_storage::{CollectRule, RepositoryStore as _};

use crate::ground::{Ground, acting, ground, server};

const UBUNTU: &str = "docker.io/library/ubuntu";

/// Ana owns a project with a reference in it, in which eve edits; vic sees.
struct Scene {
    ground: Ground,
    ana: PrincipalId,
    eve: PrincipalId,
    vic: PrincipalId,
    project: EntityId,
    reference: EntityId,
}

fn scene() -> Scene {
    let ground = ground();
    let [ana, eve, vic] = ["ana", "eve", "vic"].map(|name| ground.account(name, name == "ana"));
    let levels = [(eve, Level::CanEdit), (vic, Level::CanView)];
    let project = ground.project(ana, &levels);
    let mut scene = Scene {
        ground,
        ana,
        eve,
        vic,
        project,
        reference: project,
    };
    scene.reference = scene.refer(ana, project, UBUNTU).unwrap();
    scene
}

impl Scene {
    fn refer(
        &self,
        who: PrincipalId,
        project: EntityId,
        name: &str,
    ) -> Result<EntityId, ProjectsError> {
        let (actor, name) = (acting(who), name.parse().unwrap());
        let projects = &self.ground.projects;
        block_on(projects.create_reference(&actor, project, &name, "an image"))
    }

    fn tag(&self, who: PrincipalId, of: EntityId, tag: &str) -> Result<(), ProjectsError> {
        let digest = ContentDigest::sha256(tag.as_bytes());
        let projects = &self.ground.projects;
        block_on(projects.record_tag(&acting(who), of, &tag.parse().unwrap(), digest))
    }

    fn tags(&self, order: TagOrder) -> Vec<String> {
        let request = TagRequest {
            order,
            descending: true,
            offset: 0,
            limit: 10,
        };
        let projects = &self.ground.projects;
        let page = block_on(projects.tags(&acting(self.vic), self.reference, &request)).unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        for item in &page.items {
            assert_eq!((item.size, item.platforms.len()), (None, 0));
        }
        page.items.iter().map(|item| item.tag.to_string()).collect()
    }

    fn children(&self) -> Vec<EntityId> {
        let request = ListRequest {
            parent: Some(self.project),
            order: ChildOrder::Name(None),
            descending: false,
            limit: 10,
        };
        let projects = &self.ground.projects;
        let page = block_on(projects.list(&acting(self.vic), &request)).unwrap();
        page.items.iter().map(|item| item.id).collect()
    }

    fn exists(&self) -> bool {
        let found = block_on(self.ground.projects.entity(self.reference)).unwrap();
        found.repository.is_some()
    }
}

fn reason<T: std::fmt::Debug>(done: Result<T, ProjectsError>) -> Reason {
    match done {
        Err(ProjectsError::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn row_nine_says_who_makes_a_reference() {
    let scene = scene();
    let pushed = format!("syn{}/tools", scene.project.get());
    let tools = scene.ground.push(&scene.ground.caller("ana"), &pushed);
    let nobody = EntityId::new(77).unwrap();
    // Not certified; no CREATE; no project, be it a repository or another reference.
    assert!(matches!(
        reason(scene.refer(scene.eve, scene.project, UBUNTU)),
        Reason::NotCertified { .. }
    ));
    for (who, certified) in [(scene.eve, true), (scene.vic, true)] {
        let projects = &scene.ground.projects;
        block_on(projects.set_certified(&server(), who, certified)).unwrap();
    }
    assert!(matches!(
        reason(scene.refer(scene.vic, scene.project, UBUNTU)),
        Reason::Missing { .. }
    ));
    scene.refer(scene.eve, scene.project, UBUNTU).unwrap();
    for parent in [nobody, tools, scene.reference] {
        let refused = scene.refer(scene.ana, parent, UBUNTU);
        assert_eq!(reason(refused), Reason::NoSuchProject);
    }
    block_on(
        scene
            .ground
            .projects
            .trash(&acting(scene.ana), scene.project),
    )
    .unwrap();
    let refused = scene.refer(scene.ana, scene.project, UBUNTU);
    assert_eq!(reason(refused), Reason::ProjectInTrash);
}

#[test]
fn nothing_here_is_elsewhere() {
    let scene = scene();
    let options = scene.ground.projects.options().clone();
    assert_eq!(options.service, "registry.example");
    for own in [
        "registry.example/syn1/a",
        "REGISTRY.example:443/syn1/a",
        "registry.example:80/syn1/a",
    ] {
        let refused = scene.refer(scene.ana, scene.project, own);
        assert!(matches!(refused, Err(ProjectsError::OwnHost)), "{own}");
        let view = block_on(scene.ground.projects.view(&server(), scene.reference)).unwrap();
        let request = DescribeRequest {
            repository: Some(own.to_owned()),
            ..DescribeRequest::of(view.etag)
        };
        let (ana, projects) = (acting(scene.ana), &scene.ground.projects);
        let refused = block_on(projects.describe(&ana, scene.reference, &request));
        assert!(matches!(refused, Err(ProjectsError::OwnHost)), "{own}");
    }
    scene
        .refer(scene.ana, scene.project, "registry.example:5000/a")
        .unwrap();
}

#[test]
fn a_reference_is_seen_shared_and_thrown_away_like_any_entity() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let caller = scene.ground.caller("ana");
    let pushed = format!("syn{}/tools", scene.project.get());
    let tools = scene.ground.push(&caller, &pushed);
    let view = block_on(projects.view(&acting(scene.vic), scene.reference)).unwrap();
    assert_eq!((view.kind, &*view.name), (EntityKind::External, UBUNTU));
    assert_eq!(view.parent, Some(scene.project));
    assert_eq!(view.created.by, Some(scene.ana));
    let path = block_on(projects.path(&acting(scene.vic), scene.reference)).unwrap();
    assert_eq!(path.len(), 2);
    assert_eq!(scene.children(), [scene.reference, tools]);

    // A list of its own.
    let list = vec![(scene.ana, Level::Administrator.permissions())];
    let give = ShareRequest::GiveLocal(list);
    block_on(projects.share(&acting(scene.ana), scene.reference, &give)).unwrap();
    block_on(projects.view(&acting(scene.vic), scene.reference)).unwrap_err();
    assert_eq!(scene.children(), [tools]);
    let remove = ShareRequest::RemoveLocal;
    block_on(projects.share(&acting(scene.ana), scene.reference, &remove)).unwrap();

    // The trash can.
    block_on(projects.trash(&acting(scene.ana), scene.reference)).unwrap();
    assert_eq!(scene.children(), [tools]);
    let refused = scene.tag(scene.ana, scene.reference, "v1");
    assert_eq!(reason(refused), Reason::InTrash);
    let can = block_on(projects.trash_can(&acting(scene.ana), 0, 10)).unwrap();
    assert_eq!(can.items[0].entity.id, scene.reference);
    block_on(projects.restore(&acting(scene.ana), scene.reference)).unwrap();
    scene.tag(scene.ana, scene.reference, "v1").unwrap();
    block_on(projects.trash(&acting(scene.ana), scene.reference)).unwrap();
    block_on(projects.purge(&acting(scene.ana), scene.reference)).unwrap();
    assert!(!scene.exists());
    collect(&scene);
    let request = AuditRequest {
        entity: Some(scene.reference),
        limit: 20,
        ..AuditRequest::default()
    };
    let rows = block_on(projects.audit(&server(), &request)).unwrap();
    let what: Vec<&str> = rows.items.iter().rev().map(|row| &*row.what).collect();
    assert_eq!(
        what,
        [
            "create-reference",
            "set-list",
            "set-list",
            "trash",
            "restore",
            "record-tag",
            "trash",
            "purge"
        ]
    );
}

fn collect(scene: &Scene) {
    let day = std::time::Duration::from_secs(86_400);
    let rule = CollectRule {
        at: scene.ground.clock.now(),
        link_grace: day,
        staged_grace: day,
        upload_idle: day,
    };
    for _ in 0..100 {
        if block_on(scene.ground.store.condemn(&rule, 100)).unwrap() == 0 {
            return;
        }
    }
    panic!("collections find more for ever");
}

#[test]
fn a_reference_goes_with_its_project_and_with_its_time() {
    let scene = scene();
    let projects = &scene.ground.projects;
    for _ in 0..300 {
        scene.refer(scene.ana, scene.project, UBUNTU).unwrap();
    }
    scene.tag(scene.ana, scene.reference, "v1").unwrap();
    block_on(projects.trash(&acting(scene.ana), scene.project)).unwrap();
    scene.ground.clock.advance(31 * 86_400);
    block_on(projects.empty_trash()).unwrap();
    collect(&scene);
    assert!(!scene.exists());
    let view = block_on(projects.view(&server(), scene.reference));
    assert_eq!(reason(view), Reason::Absent);

    let scene = self::scene();
    let projects = &scene.ground.projects;
    block_on(projects.trash(&acting(scene.ana), scene.reference)).unwrap();
    scene.ground.clock.advance(31 * 86_400);
    assert_eq!(block_on(projects.empty_trash()).unwrap().entities, 1);
    assert!(!scene.exists());
}

#[test]
fn tags_of_a_reference_are_recorded_with_their_history() {
    let scene = scene();
    for (who, tag) in [
        (scene.ana, "v1"),
        (scene.eve, "v2"),
        (scene.eve, "a"),
        (scene.eve, "v1"),
    ] {
        scene.ground.clock.advance(1);
        scene.tag(who, scene.reference, tag).unwrap();
    }
    let refused = scene.tag(scene.vic, scene.reference, "v1");
    assert!(matches!(reason(refused), Reason::Missing { .. }));
    assert_eq!(scene.tags(TagOrder::Created), ["v1", "a", "v2"]);
    assert_eq!(scene.tags(TagOrder::Name), ["v2", "v1", "a"]);
    let pushes = |who: &Actor, tag: Option<&str>, before, limit| {
        let tag = tag.map(|tag| tag.parse().unwrap());
        let projects = &scene.ground.projects;
        let pushes = projects.pushes(who, scene.reference, tag.as_ref(), before, limit);
        let found = block_on(pushes).unwrap();
        let shown = found.items.iter();
        let shown = shown.map(|push| (push.id, push.tag.to_string(), push.by));
        (shown.collect::<Vec<_>>(), found.more)
    };
    let vic = acting(scene.vic);
    let (all, more) = pushes(&vic, None, None, 10);
    assert!(!more);
    let told: Vec<_> = all.iter().map(|(_, tag, by)| (&**tag, *by)).collect();
    let (ana, eve) = (Some(scene.ana), Some(scene.eve));
    assert_eq!(told, [("v1", eve), ("a", eve), ("v2", eve), ("v1", ana)]);
    let (first, more) = pushes(&vic, None, None, 2);
    assert_eq!((&first[..], more), (&all[..2], true));
    let (rest, more) = pushes(&vic, None, Some(first[1].0), 2);
    assert_eq!((&rest[..], more), (&all[2..], false));
    let (of_one, _) = pushes(&vic, Some("v1"), None, 10);
    assert_eq!(of_one, [all[0].clone(), all[3].clone()]);
}

#[test]
fn tags_are_recorded_of_references_alone() {
    let scene = scene();
    let pushed = format!("syn{}/tools", scene.project.get());
    let tools = scene.ground.push(&scene.ground.caller("ana"), &pushed);
    let refused = scene.tag(scene.ana, tools, "v1");
    assert!(matches!(refused, Err(ProjectsError::NotExternal)));
    let refused = scene.tag(scene.vic, tools, "v1");
    assert!(matches!(reason(refused), Reason::Missing { .. }));
    let refused = scene.tag(scene.ana, scene.project, "v1");
    assert_eq!(reason(refused), Reason::NotApplicable);
    let refused = scene.tag(scene.ana, EntityId::new(77).unwrap(), "v1");
    assert!(matches!(
        reason(refused),
        Reason::Absent | Reason::NotApplicable
    ));
}

#[test]
fn a_reference_is_turned_to_another_repository() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let change = |who: PrincipalId, name: Option<&str>, repository: Option<&str>| {
        let view = block_on(projects.view(&server(), scene.reference)).unwrap();
        let request = DescribeRequest {
            name: name.map(str::to_owned),
            repository: repository.map(str::to_owned),
            ..DescribeRequest::of(view.etag)
        };
        let who = acting(who);
        let changed = projects.describe(&who, scene.reference, &request);
        block_on(changed).map(|view| view.unwrap().name)
    };
    let bwa = "quay.io/biocontainers/bwa";
    let refused = change(scene.vic, None, Some(bwa));
    assert!(matches!(reason(refused), Reason::Missing { .. }));
    // Eve edits, and is not certified: that is for making one.
    assert_eq!(change(scene.eve, None, Some(bwa)).unwrap(), bwa);
    // Read, changed, sent back: the name is still the old one.
    assert!(matches!(
        change(scene.eve, Some("else"), Some(bwa)),
        Err(ProjectsError::NamedByTarget)
    ));
    assert_eq!(change(scene.eve, Some(bwa), Some(UBUNTU)).unwrap(), UBUNTU);
    assert_eq!(change(scene.eve, None, None).unwrap(), UBUNTU);
    assert!(matches!(
        change(scene.eve, None, Some("ubuntu")),
        Err(ProjectsError::ExternalName(_))
    ));
    assert_eq!(scene.children(), [scene.reference]);
}

#[test]
fn the_registry_knows_nothing_of_a_reference() {
    let scene = scene();
    let (ground, projects) = (&scene.ground, &scene.ground.projects);
    let caller = ground.caller("ana");
    let boss = ground.operator("boss");
    let as_boss = ground.caller("boss");
    let ana = acting(scene.ana);
    for name in [
        format!("syn{}/x", scene.reference.get()),
        UBUNTU.to_owned(),
        "library/ubuntu".to_owned(),
        format!("syn{}/{UBUNTU}", scene.reference.get()),
    ] {
        for action in [Asked::Pull, Asked::Push, Asked::Head, Asked::Delete] {
            for caller in [&caller, &as_boss] {
                assert!(ground.allowed(caller, action, &name).is_none(), "{name}");
            }
        }
        block_on(projects.repository_named(&ana, &name)).unwrap_err();
    }
    let seen = block_on(projects.authorizer().visible(&as_boss, None, 10)).unwrap();
    assert_eq!(seen, []);
    let rule = RetentionRule::new(Some(1), None).unwrap();
    for who in [scene.ana, boss] {
        let plan = block_on(projects.retirable(&acting(who), scene.reference, &rule)).unwrap();
        assert_eq!(plan.manifests, []);
    }
    for (action, fits) in [
        (Action::Pull, false),
        (Action::ListTags, false),
        (Action::Push, false),
        (Action::Head, false),
        (Action::Delete, false),
        (Action::CreateExternalReference, false),
        (Action::ChangeExternalReference, true),
        (Action::See, true),
        (Action::Trash, true),
        (Action::ChangeSharing, true),
    ] {
        let subject = Subject::Entity(scene.reference);
        let told = block_on(projects.explain(&ana, &subject, action, None)).unwrap();
        let allowed = matches!(told.decision, Decision::Allow { .. });
        assert_eq!(allowed, fits, "{action:?}: {told:?}");
    }
}
