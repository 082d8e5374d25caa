//! An embedder's own directory and rules: one answer for what is decided, listed and explained.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::executor::block_on;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_policy::{
    Action, CallerFacts, EntityId, Level, Levels, Permissions, PrincipalId, Row, Rules, Target,
};
use pierhead_projects::listing::ChildOrder;
use pierhead_projects::record::CallerRecord;
use pierhead_projects::{
    Directory, ListRequest, Projects, ProjectsOptions, Resolved, ShareRequest, Subject,
    ThreadOffload,
};
use pierhead_registry::{Action as Asked, Decision};

use crate::ground::{Ground, acting, ground, server};

/// Whoever is in `inner` is in `outer`, too, and certified, unless that is switched off.
#[derive(Debug)]
struct Nested {
    inner: PrincipalId,
    outer: PrincipalId,
    off: Arc<AtomicBool>,
}

impl Directory for Nested {
    fn resolve<'a>(&self, account: &'a CallerRecord) -> Resolved<'a> {
        let stored = Resolved::as_stored(account);
        if self.off.load(Ordering::SeqCst) || !stored.teams.contains(&self.inner) {
            return stored;
        }
        Resolved {
            teams: Cow::Owned([&*stored.teams, &[self.outer]].concat()),
            certified: true,
        }
    }
}

/// One level, and certification asked of every push but by the teamless.
#[derive(Debug)]
struct Own(Levels);

impl Rules for Own {
    fn asks_certification(&self, row: Row, caller: &CallerFacts<'_>, _: &Target<'_>) -> bool {
        row == Row::PushExisting && !caller.principals().teams.is_empty()
    }

    fn levels(&self) -> &Levels {
        &self.0
    }
}

struct Scene {
    ground: Ground,
    inner: PrincipalId,
    /// Whether the directory says what is stored, and no more.
    off: Arc<AtomicBool>,
    ben: PrincipalId,
    cat: PrincipalId,
    project: EntityId,
    tools: EntityId,
}

fn team(ground: &Ground, name: &str, member: PrincipalId) -> PrincipalId {
    let boss = acting(member);
    let team = block_on(ground.projects.create_team(&boss, &name.parse().unwrap())).unwrap();
    block_on(ground.projects.set_member(&boss, team, member, true)).unwrap();
    team
}

/// Ana's project is shared with `outer` as can-edit; ben, who is not certified, is in `inner`, cat in
/// none.
fn scene(change: impl FnOnce(ProjectsOptions) -> ProjectsOptions) -> Scene {
    let mut ground = ground();
    let ana = ground.account("ana", true);
    let [ben, cat] = ["ben", "cat"].map(|name| ground.account(name, false));
    let (inner, outer) = (team(&ground, "inner", ben), team(&ground, "outer", ana));
    let project = ground.project(ana, &[(outer, Level::CanEdit)]);
    let tools = ground.push(
        &ground.caller("ana"),
        &format!("syn{}/tools", project.get()),
    );
    let off = Arc::new(AtomicBool::new(false));
    let directory = Nested {
        inner,
        outer,
        off: Arc::clone(&off),
    };
    let options = ground.projects.options().clone();
    ground.projects = Projects::new(
        ground.store.clone(),
        ground.store.clone(),
        KeyRing::new(SigningKey::generate().unwrap()),
        change(options.with_directory(directory)),
        ground.clock.clone(),
        Arc::new(ThreadOffload),
    );
    Scene {
        ground,
        inner,
        off,
        ben,
        cat,
        project,
        tools,
    }
}

impl Scene {
    fn ben_leaves(&self) {
        let projects = &self.ground.projects;
        block_on(projects.set_member(&server(), self.inner, self.ben, false)).unwrap();
    }

    /// What somebody sees in catalog and children, may do in the registry, and is told of it.
    fn answers(&self, name: &str, who: PrincipalId) -> [bool; 6] {
        let (projects, caller) = (&self.ground.projects, self.ground.caller(name));
        let existing = format!("syn{}/tools", self.project.get());
        let new = format!("syn{}/new", self.project.get());
        let may = |action, name: &str| {
            matches!(
                self.ground.decide(&caller, action, name),
                Decision::Allow(_)
            )
        };
        let listed = block_on(projects.authorizer().visible(&caller, None, 10)).unwrap();
        let request = ListRequest {
            parent: Some(self.project),
            order: ChildOrder::Name(None),
            descending: false,
            limit: 10,
        };
        let children = block_on(projects.list(&acting(who), &request));
        let answers = [
            !listed.is_empty(),
            children.is_ok_and(|page| !page.items.is_empty()),
            block_on(projects.view(&acting(who), self.tools)).is_ok(),
            may(Asked::Pull, &existing),
            may(Asked::Push, &existing),
            may(Asked::Push, &new),
        ];
        let granted = |name: &str| {
            let scope = format!("repository:{name}:pull,push");
            let token = self
                .ground
                .sign_in(name_of(&caller), crate::ground::PASSWORD, &[&scope]);
            let bearer = self.ground.bearer(&token.unwrap().token).unwrap();
            matches!(
                self.ground.decide(&bearer, Asked::Push, name),
                Decision::Allow(_)
            )
        };
        assert_eq!([granted(&existing), granted(&new)], answers[4..]);
        // The explanation says the same, of themselves and to an administrator of them.
        for (subject, action, expected) in [
            (Subject::Entity(self.tools), Action::See, answers[2]),
            (Subject::Entity(self.tools), Action::Pull, answers[3]),
            (Subject::Entity(self.tools), Action::Push, answers[4]),
            (Subject::Name(new), Action::Push, answers[5]),
        ] {
            let told = block_on(projects.explain(&server(), &subject, action, Some(who))).unwrap();
            assert_eq!(told.decision.is_allowed(), expected, "{action:?}: {told:?}");
        }
        answers
    }
}

fn name_of(caller: &pierhead_registry::Caller) -> &str {
    &caller.name
}

#[test]
fn what_the_directory_says_counts_wherever_something_is_decided_listed_or_explained() {
    let scene = scene(|options| options);
    for round in 0..2 {
        assert_eq!(scene.answers("ben", scene.ben), [true; 6], "{round}");
        assert_eq!(scene.answers("cat", scene.cat), [false; 6], "{round}");
    }
    let held = block_on(
        scene
            .ground
            .projects
            .held(&acting(scene.ben), scene.project),
    )
    .unwrap();
    assert_eq!(held.permissions, Level::CanEdit.permissions());
    let certified = |who| {
        let projects = &scene.ground.projects;
        block_on(projects.is_certified(&acting(scene.cat), who)).unwrap()
    };
    assert!(held.certified && certified(scene.ben) && !certified(scene.cat));
    // Nothing that it said is kept: neither a membership that ends, nor a word taken back.
    scene.off.store(true, Ordering::SeqCst);
    assert_eq!(scene.answers("ben", scene.ben), [false; 6]);
    scene.off.store(false, Ordering::SeqCst);
    assert_eq!(scene.answers("ben", scene.ben), [true; 6]);
    scene.ben_leaves();
    assert_eq!(scene.answers("ben", scene.ben), [false; 6]);
}

#[test]
fn what_was_decided_by_the_directory_is_not_committed_once_the_membership_has_gone() {
    let scene = scene(|options| options);
    let ben = scene.ground.caller("ben");
    let name = format!("syn{}/new", scene.project.get());
    let permit = scene.ground.allowed(&ben, Asked::Push, &name).unwrap();
    scene.ben_leaves();
    assert!(scene.ground.put(&ben, &permit).is_err());
    assert!(scene.ground.allowed(&ben, Asked::Push, &name).is_none());
}

#[test]
fn own_rules_and_levels_count_in_the_registry_and_in_what_is_told() {
    let levels = Levels::new([("editor", Level::CanEdit.permissions())]).unwrap();
    let scene = scene(|options| options.with_policy(Own(levels)));
    let (projects, cat) = (&scene.ground.projects, scene.cat);
    scene.off.store(true, Ordering::SeqCst);
    let entries = |who| vec![(scene.ben, Level::CanEdit.into()), who];
    let share = |who| {
        let list = entries(who);
        let request = ShareRequest::GiveLocal(list);
        block_on(projects.share(&server(), scene.tools, &request)).unwrap();
    };
    share((cat, Permissions::READ | Permissions::UPDATE));
    let tools = format!("syn{}/tools", scene.project.get());
    let push = |name| {
        scene
            .ground
            .decide(&scene.ground.caller(name), Asked::Push, &tools)
    };
    // Ben is in a team, and so certification is asked of him.
    assert!(matches!(push("cat"), Decision::Allow(_)));
    let Decision::Deny(denial) = push("ben") else {
        panic!("he is not certified")
    };
    let told = denial.explanation.unwrap();
    assert_eq!(told.rule, "pushing needs a certified account here");
    let held = |who| block_on(projects.held(&acting(who), scene.tools)).unwrap();
    assert!(held(scene.ben).asked_to_push && !held(cat).asked_to_push);
    assert!(!held(scene.ben).asked_to_make);
    // Cat may not pull, and is told what to ask for in the words of these rules.
    let pull = scene
        .ground
        .decide(&scene.ground.caller("cat"), Asked::Pull, &tools);
    let Decision::Deny(denial) = pull else {
        panic!("cat lacks DOWNLOAD")
    };
    let remedy = denial.explanation.unwrap().remedy;
    assert_eq!(remedy, "ask its administrator for `editor`");
    let subject = Subject::Entity(scene.tools);
    let told = block_on(projects.explain(&acting(cat), &subject, Action::Pull, None)).unwrap();
    assert_eq!(told.obstacles[0].remedy, remedy);
    assert_eq!(
        projects.options().policy.levels().shown(Permissions::READ),
        "custom"
    );
}
