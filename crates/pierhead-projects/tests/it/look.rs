//! What people are shown: entities, lists of them, tags, pushes, settings, explanations, the record.

use futures::executor::block_on;
use pierhead_policy::{Action, EntityId, Level, Permission, PrincipalId, Reason};
use pierhead_projects::listing::{ChildOrder, TagOrder};
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{
    Actor, AuditRequest, DescribeRequest, EntityKind, ListRequest, ProjectsError, ShareRequest,
    Subject, TagRequest,
};
use pierhead_registry::Peer;

use crate::ground::{Ground, acting, ground, server};

struct Scene {
    ground: Ground,
    ana: PrincipalId,
    vic: PrincipalId,
    dan: PrincipalId,
    bob: PrincipalId,
    project: EntityId,
    tools: EntityId,
}

/// Ana's project, which vic sees and dan sees and pulls from; bob is a stranger.
fn scene() -> Scene {
    let ground = ground();
    let [ana, vic, dan, bob] = ["ana", "vic", "dan", "bob"].map(|name| ground.account(name, true));
    let project = ground.project(ana, &[(vic, Level::CanView), (dan, Level::CanDownload)]);
    let tools = ground.push(
        &ground.caller("ana"),
        &format!("syn{}/tools", project.get()),
    );
    Scene {
        ground,
        ana,
        vic,
        dan,
        bob,
        project,
        tools,
    }
}

fn nobody() -> Actor {
    Actor::anonymous(&Peer::default())
}

fn unseen<T: std::fmt::Debug>(done: Result<T, ProjectsError>) {
    match done {
        Err(ProjectsError::Refused {
            may_know: false,
            holds_asked: false,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

fn everything(parent: Option<EntityId>) -> ListRequest {
    ListRequest {
        parent,
        order: ChildOrder::Name(None),
        descending: false,
        limit: 100,
    }
}

#[test]
fn what_may_not_be_seen_is_like_what_is_not_there() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let nowhere = EntityId::new(77).unwrap();
    for who in [acting(scene.bob), nobody()] {
        for id in [scene.project, scene.tools, nowhere] {
            unseen(block_on(projects.view(&who, id)));
            unseen(block_on(projects.path(&who, id)));
            unseen(block_on(projects.benefactor(&who, id)));
            unseen(block_on(projects.own_list(&who, id)));
            unseen(block_on(projects.held(&who, id)));
            unseen(block_on(projects.holds(&who, id, Permission::Delete)));
            unseen(block_on(projects.list(&who, &everything(Some(id)))));
            unseen(block_on(projects.trash_of(&who, id, 0, 1)));
            unseen(block_on(projects.pushes(&who, id, None, None, 1)));
            unseen(block_on(projects.explain(
                &who,
                &Subject::Entity(id),
                Action::Pull,
                None,
            )));
        }
        for name in ["tools", "none"] {
            let name = format!("syn{}/{name}", scene.project.get());
            unseen(block_on(projects.repository_named(&who, &name)));
            let subject = Subject::Name(name);
            unseen(block_on(projects.explain(
                &who,
                &subject,
                Action::Pull,
                None,
            )));
        }
        let all = block_on(projects.list(&who, &everything(None))).unwrap();
        assert_eq!(all.items, []);
    }
}

#[test]
fn a_reader_sees_an_entity_its_way_and_its_tags_but_only_with_an_account_who_made_it() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let view = block_on(projects.view(&acting(scene.vic), scene.tools)).unwrap();
    let name = format!("syn{}/tools", scene.project.get());
    assert_eq!((view.kind, &view.name), (EntityKind::Repository, &name));
    assert_eq!(
        (view.parent, view.created.by),
        (Some(scene.project), Some(scene.ana))
    );
    let path = block_on(projects.path(&acting(scene.vic), scene.tools)).unwrap();
    let ids: Vec<EntityId> = path.iter().map(|view| view.id).collect();
    assert_eq!(ids, [scene.project, scene.tools]);
    for named in [name.clone(), format!("registry.example/{name}")] {
        let found = block_on(projects.repository_named(&acting(scene.vic), &named));
        assert_eq!(found.unwrap(), scene.tools);
    }
    let request = TagRequest {
        order: TagOrder::Created,
        descending: true,
        offset: 0,
        limit: 10,
    };
    let tags = block_on(projects.tags(&acting(scene.vic), scene.tools, &request)).unwrap();
    assert_eq!((tags.total, tags.items[0].tag.as_str()), (1, "latest"));
    let pushes = block_on(projects.pushes(&acting(scene.vic), scene.tools, None, None, 1));
    assert_eq!(pushes.unwrap().items[0].by, Some(scene.ana));

    let list = vec![
        (scene.ana, Level::Administrator.permissions()),
        (PrincipalId::PUBLIC, Level::CanView.permissions()),
    ];
    let share = ShareRequest::Replace { list, etag: None };
    block_on(projects.share(&server(), scene.project, &share)).unwrap();
    let view = block_on(projects.view(&nobody(), scene.tools)).unwrap();
    assert_eq!((view.created.by, view.modified.by), (None, None));
    let pushes = block_on(projects.pushes(&nobody(), scene.tools, None, None, 1));
    assert_eq!(pushes.unwrap().items[0].by, None);
    let list = block_on(projects.own_list(&nobody(), scene.project));
    assert!(matches!(
        list,
        Err(ProjectsError::Refused {
            reason: Reason::AnonymousCaller,
            may_know: true,
            ..
        })
    ));
}

#[test]
fn lists_leave_out_what_may_not_be_seen_before_pages_are_cut() {
    let scene = scene();
    let ground = &scene.ground;
    let caller = ground.caller("ana");
    let mut seen = vec![scene.tools];
    for number in 0..450 {
        let id = ground.push(&caller, &format!("syn{}/r{number:03}", scene.project.get()));
        if number % 2 == 0 {
            ground.local(id, &[(scene.ana, Level::Administrator)]);
        } else {
            seen.push(id);
        }
    }
    let project = scene.project;
    let orders = [ChildOrder::Name(None), ChildOrder::Created(None)];
    for (order, descending) in orders
        .into_iter()
        .flat_map(|order| [(order.clone(), false), (order, true)])
    {
        let mut request = ListRequest {
            parent: Some(project),
            order,
            descending,
            limit: 100,
        };
        let mut found = Vec::new();
        let mut pages = 0;
        loop {
            let page = block_on(ground.projects.list(&acting(scene.vic), &request)).unwrap();
            pages += 1;
            let last = page.items.last().unwrap();
            request.order = last.follows(&request.order);
            found.extend(page.items.iter().map(|view| (view.name.clone(), view.id)));
            if !page.more {
                break;
            }
            assert_eq!(page.items.len(), 100);
        }
        assert_eq!((pages, found.len()), (3, seen.len()));
        let in_order = found.is_sorted_by(|a, b| if descending { a > b } else { a < b });
        assert!(in_order || matches!(request.order, ChildOrder::Created(_)));
        let mut ids: Vec<EntityId> = found.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        let mut all = seen.clone();
        all.sort_unstable();
        assert_eq!(ids, all);
    }
}

#[test]
fn describing_needs_update_and_the_state_that_was_read() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let etag = |id| {
        block_on(projects.view(&acting(scene.ana), id))
            .unwrap()
            .etag
    };
    let describe = |who, id, etag, name: Option<&str>, text: &str| {
        let request = DescribeRequest {
            name: name.map(str::to_owned),
            description: Some(text.to_owned()),
            ..DescribeRequest::of(etag)
        };
        let described = block_on(projects.describe(&acting(who), id, &request));
        described.map(|view| view.expect("they see it"))
    };
    let read = etag(scene.project);
    let refused = describe(scene.vic, scene.project, read, None, "mine now");
    assert!(matches!(
        refused,
        Err(ProjectsError::Refused { may_know: true, .. })
    ));
    let changed = describe(scene.ana, scene.project, read, Some("Genes"), "all of them").unwrap();
    assert_eq!(
        (&*changed.name, &*changed.description),
        ("Genes", "all of them")
    );
    assert_eq!(changed.modified.by, Some(scene.ana));
    let stale = describe(scene.ana, scene.project, read, None, "again");
    assert!(matches!(stale, Err(ProjectsError::StaleEtag)));
    let tools = etag(scene.tools);
    let renamed = describe(scene.ana, scene.tools, tools, Some("syn1/other"), "text");
    assert!(matches!(renamed, Err(ProjectsError::NeverRenamed)));
    for bad in [
        "x".repeat(1_001),
        "a\0b".to_owned(),
        "a\u{202e}b".to_owned(),
    ] {
        let refused = describe(scene.ana, scene.tools, tools, None, &bad);
        assert!(matches!(refused, Err(ProjectsError::Description)));
    }
    // Saying what is so already changes nothing.
    let same = describe(scene.ana, scene.tools, tools, None, "").unwrap();
    assert_eq!(same.etag, tools);
}

#[test]
fn settings_show_whose_list_counts_and_what_it_gives() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let own = block_on(projects.own_list(&acting(scene.vic), scene.tools));
    assert!(matches!(own, Err(ProjectsError::Inherits { from }) if from == scene.project));
    let counts = |who| {
        block_on(projects.benefactor(&acting(who), scene.tools))
            .unwrap()
            .id
    };
    assert_eq!(counts(scene.vic), scene.project);
    let held = block_on(projects.held(&acting(scene.dan), scene.tools)).unwrap();
    assert_eq!(held.permissions, Level::CanDownload.permissions());
    let ask = |who, permission| block_on(projects.holds(&acting(who), scene.tools, permission));
    assert!(ask(scene.dan, Permission::Download).unwrap());
    assert!(!ask(scene.dan, Permission::Update).unwrap());
    scene
        .ground
        .local(scene.tools, &[(scene.vic, Level::CanView)]);
    assert_eq!(counts(scene.vic), scene.tools);
    unseen(ask(scene.dan, Permission::Download));
    // Who holds the one permission that is asked about may ask, though they see nothing.
    let only = vec![(scene.dan, Permission::Download.bit())];
    let share = ShareRequest::Replace {
        list: only,
        etag: None,
    };
    block_on(projects.share(&server(), scene.tools, &share)).unwrap();
    assert!(ask(scene.dan, Permission::Download).unwrap());
    unseen(ask(scene.dan, Permission::Update));
}

#[test]
fn an_explanation_is_for_readers_and_about_others_for_who_shares() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let tools = Subject::Entity(scene.tools);
    let explain = |who, subject: &Subject, action, about| {
        block_on(projects.explain(&acting(who), subject, action, about))
    };
    let told = explain(scene.vic, &tools, Action::Pull, None).unwrap();
    assert_eq!(told.missing, Some(Permission::Download));
    let refused = explain(scene.vic, &tools, Action::Pull, Some(scene.dan));
    assert!(matches!(
        refused,
        Err(ProjectsError::Refused { may_know: true, .. })
    ));
    let told = explain(scene.ana, &tools, Action::Pull, Some(scene.bob)).unwrap();
    assert_eq!(told.list.unwrap().matched, []);
    let nobody = Some(PrincipalId::ANONYMOUS);
    let told = explain(scene.ana, &tools, Action::Pull, nobody).unwrap();
    assert_eq!(told.decision.reason(), Some(Reason::AnonymousCaller));
    let new = Subject::Name(format!("syn{}/new", scene.project.get()));
    let told = explain(scene.vic, &new, Action::Push, None).unwrap();
    assert_eq!(told.missing, Some(Permission::Create));
    // It tells that it is in the trash to who may know, and then nothing about it is any more.
    block_on(projects.trash(&acting(scene.ana), scene.tools)).unwrap();
    let told = explain(scene.vic, &tools, Action::Pull, None).unwrap();
    assert_eq!(told.decision.reason(), Some(Reason::InTrash));
    unseen(explain(scene.bob, &tools, Action::Pull, None));
}

#[test]
fn who_is_not_signed_in_is_told_why_and_shown_no_list() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let list = vec![
        (scene.ana, Level::Administrator.permissions()),
        (PrincipalId::PUBLIC, Level::CanView.permissions()),
    ];
    let share = ShareRequest::Replace { list, etag: None };
    block_on(projects.share(&server(), scene.project, &share)).unwrap();
    let tools = Subject::Entity(scene.tools);
    let told = block_on(projects.explain(&nobody(), &tools, Action::Pull, None)).unwrap();
    assert_eq!(told.decision.reason(), Some(Reason::AnonymousCaller));
    assert_eq!(told.list, None);
    let words = told.words.join("; ");
    assert!(
        !words.contains("list that counts") && !words.contains("given"),
        "{words}"
    );
    let told = block_on(projects.explain(&acting(scene.bob), &tools, Action::Pull, None)).unwrap();
    assert!(told.words.join("; ").contains("the list that counts"));
}

#[test]
fn a_list_is_replaced_by_one_of_two_who_read_the_same() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let etag = block_on(projects.view(&acting(scene.ana), scene.project))
        .unwrap()
        .etag;
    let describe = DescribeRequest {
        description: Some("text".to_owned()),
        ..DescribeRequest::of(etag)
    };
    block_on(projects.describe(&acting(scene.ana), scene.project, &describe)).unwrap();
    let share = ShareRequest::Replace {
        list: vec![(scene.ana, Level::Administrator.permissions())],
        etag: Some(etag),
    };
    let stale = block_on(projects.share(&acting(scene.ana), scene.project, &share));
    let stale_etag = pierhead_policy::ShareError::StaleEtag;
    assert!(matches!(stale, Err(ProjectsError::Share(error)) if error == stale_etag));
}

#[test]
fn the_record_of_an_entity_is_for_who_shares_it_and_the_rest_for_operators() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let boss = scene.ground.operator("boss");
    let audit = |who, entity| {
        let request = AuditRequest {
            entity,
            limit: 2,
            ..AuditRequest::default()
        };
        block_on(projects.audit(&acting(who), &request))
    };
    block_on(projects.trash(&acting(scene.ana), scene.tools)).unwrap();
    let rows = audit(scene.ana, Some(scene.tools)).unwrap();
    assert_eq!(rows.items[0].what, "trash");
    unseen(audit(scene.bob, Some(scene.tools)));
    assert!(matches!(
        audit(scene.ana, None),
        Err(ProjectsError::OperatorsOnly)
    ));
    assert!(audit(boss, None).unwrap().more);
    // What is gone is still in the record, for operators.
    block_on(projects.purge(&acting(scene.ana), scene.tools)).unwrap();
    let rows = audit(boss, Some(scene.tools)).unwrap();
    assert!(rows.items.iter().any(|row| row.what == "purge"));
    unseen(audit(scene.ana, Some(scene.tools)));
}

#[test]
fn what_an_operator_is_shown_by_the_role_alone_is_written_down() {
    let scene = scene();
    let boss = scene.ground.operator("boss");
    let projects = &scene.ground.projects;
    block_on(projects.view(&acting(boss), scene.tools)).unwrap();
    block_on(projects.list(&acting(boss), &everything(None))).unwrap();
    block_on(projects.trash(&acting(boss), scene.tools)).unwrap();
    for about in [scene.vic, scene.dan] {
        let key = PrincipalKey::Id(about);
        block_on(projects.account(&acting(boss), key)).unwrap();
    }
    let request = AuditRequest {
        limit: 100,
        ..AuditRequest::default()
    };
    let rows = block_on(projects.audit(&acting(boss), &request)).unwrap();
    let used: Vec<&str> = rows
        .items
        .iter()
        .filter(|row| row.who == Some(boss) && row.what == "use-role")
        .map(|row| row.after.as_deref().unwrap())
        .collect();
    let done = [
        "audit",
        "see-account",
        "see-account",
        "trash",
        "list",
        "see",
    ];
    assert_eq!(used.len(), done.len(), "{used:?}");
    let about = rows.items.iter().filter_map(|row| row.principal);
    assert!(about.take(2).eq([scene.dan, scene.vic]));
    for (row, action) in used.iter().zip(done) {
        assert!(row.contains(action), "{row}");
    }
}
