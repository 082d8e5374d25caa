//! The trash can: who puts in, takes out, looks and empties, and what is left of what is gone.

use std::time::Duration;

use futures::executor::block_on;
use pierhead_model::{Algorithm, ContentDigest};
use pierhead_policy::{EntityId, Level, PrincipalId, Reason};
use pierhead_projects::{ProjectsError, Purged, TrashPage};
use pierhead_registry::{Action, Clock as _};
use pierhead_storage::{
    BlobCommit, CollectRule, NewUpload, Place, RepositoryStore, StoreError, UploadId, UploadOwner,
};

use crate::ground::{Ground, acting, ground, server};

const DAY: u64 = 86_400;
const DAY_LONG: Duration = Duration::from_secs(DAY);

struct Scene {
    ground: Ground,
    ana: PrincipalId,
    eve: PrincipalId,
    project: EntityId,
    repository: EntityId,
}

/// Ana owns a project with `tools` in it, in which eve edits and deletes.
fn scene() -> Scene {
    let ground = ground();
    let (ana, eve) = (ground.account("ana", true), ground.account("eve", true));
    let project = ground.project(ana, &[(eve, Level::CanEditAndDelete)]);
    let repository = ground.push(
        &ground.caller("ana"),
        &format!("syn{}/tools", project.get()),
    );
    Scene {
        ground,
        ana,
        eve,
        project,
        repository,
    }
}

impl Scene {
    fn trash(&self, who: PrincipalId, entity: EntityId) -> Result<(), ProjectsError> {
        block_on(self.ground.projects.trash(&acting(who), entity))
    }

    fn restore(&self, who: PrincipalId, entity: EntityId) -> Result<(), ProjectsError> {
        block_on(self.ground.projects.restore(&acting(who), entity))
    }

    fn purge(&self, who: PrincipalId, entity: EntityId) -> Result<(), ProjectsError> {
        block_on(self.ground.projects.purge(&acting(who), entity))
    }

    fn can(&self, who: PrincipalId) -> Vec<EntityId> {
        let page = block_on(self.ground.projects.trash_can(&acting(who), 0, 10)).unwrap();
        ids(&page)
    }

    fn empty(&self) -> u64 {
        let Purged { entities, .. } = block_on(self.ground.projects.empty_trash()).unwrap();
        entities
    }

    fn exists(&self, entity: EntityId) -> bool {
        let found = block_on(self.ground.projects.entity(entity)).unwrap();
        found.repository.is_some() || found.project.is_some()
    }
}

fn ids(page: &TrashPage) -> Vec<EntityId> {
    page.items.iter().map(|item| item.entity.id).collect()
}

fn reason(done: Result<(), ProjectsError>) -> Reason {
    match done {
        Err(ProjectsError::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_purge_is_for_who_put_it_there_and_frees_the_name_but_not_the_number() {
    let scene = scene();
    assert_eq!(
        reason(scene.purge(scene.eve, scene.repository)),
        Reason::NoOwnMark
    );
    scene.trash(scene.eve, scene.repository).unwrap();
    let refused = scene.purge(scene.ana, scene.repository);
    assert!(matches!(reason(refused), Reason::NotTrasher { .. }));
    assert!(scene.exists(scene.repository));
    scene.purge(scene.eve, scene.repository).unwrap();
    assert!(!scene.exists(scene.repository));
    let name = format!("syn{}/tools", scene.project.get());
    let again = scene.ground.push(&scene.ground.caller("ana"), &name);
    assert_ne!(again, scene.repository);
    assert_eq!(
        reason(scene.restore(scene.eve, scene.repository)),
        Reason::Absent
    );
}

#[test]
fn a_project_goes_with_its_repositories_sessions_and_staged_blobs() {
    let scene = scene();
    let ground = &scene.ground;
    let caller = ground.caller("ana");
    let new = format!("syn{}/new", scene.project.get());
    let permit = ground.allowed(&caller, Action::Push, &new).unwrap();
    let upload = |id| NewUpload {
        id: UploadId(id),
        place: Place::new(&format!("place-{id}")).unwrap(),
        algorithm: Algorithm::Sha256,
        by: caller.id.clone(),
        at: scene.ground.clock.now(),
        most: 1_000,
        admission: None,
    };
    let store = &ground.store;
    block_on(store.open_upload(upload(1), &permit)).unwrap();
    let staged = block_on(store.open_upload(upload(2), &permit)).unwrap();
    let digest = ContentDigest::sha256(b"staged");
    let commit = BlobCommit {
        generation: staged.generation,
        digest,
        size: 6,
        at: scene.ground.clock.now(),
    };
    block_on(store.commit_blob(commit, &permit)).unwrap();
    scene.trash(scene.ana, scene.project).unwrap();
    scene.purge(scene.ana, scene.project).unwrap();
    assert!(!scene.exists(scene.project));
    let name = format!("syn{}/tools", scene.project.get());
    assert!(ground.allowed(&caller, Action::Pull, &name).is_none());
    let boss = {
        ground.operator("boss");
        ground.caller("boss")
    };
    assert!(ground.allowed(&boss, Action::Pull, &name).is_none());
    let owner = UploadOwner {
        view: permit.view.clone(),
        by: caller.id.clone(),
    };
    let session = block_on(store.find_upload(UploadId(1), &owner));
    assert!(matches!(session, Err(StoreError::NotFound)), "{session:?}");
    let blob = block_on(store.find_blob(&permit.view, &digest, pierhead_storage::Touch::No));
    assert_eq!(blob.unwrap(), None);
    assert!(ground.allowed(&caller, Action::Push, &new).is_none());
}

#[test]
fn what_has_its_own_mark_stays_in_the_trash_when_its_project_comes_back() {
    let scene = scene();
    let other = scene.ground.push(
        &scene.ground.caller("ana"),
        &format!("syn{}/other", scene.project.get()),
    );
    scene
        .ground
        .local(scene.repository, &[(scene.eve, Level::CanDownload)]);
    scene.trash(scene.ana, scene.repository).unwrap_err();
    block_on(scene.ground.projects.trash(&server(), scene.repository)).unwrap();
    scene.trash(scene.ana, scene.project).unwrap();
    for refused in [
        scene.trash(scene.ana, other),
        scene.restore(scene.ana, scene.repository),
        scene.purge(scene.ana, scene.repository),
    ] {
        assert_eq!(reason(refused), Reason::ProjectInTrash);
    }
    assert_eq!(scene.can(scene.ana), [scene.project]);
    scene.restore(scene.ana, scene.project).unwrap();
    let found = block_on(scene.ground.projects.entity(scene.repository)).unwrap();
    assert!(found.repository.unwrap().trashed.is_some());
    // Ana did not put it there, but shares the project; the list it had comes back with it.
    assert_eq!(scene.can(scene.ana), [scene.repository]);
    scene.restore(scene.ana, scene.repository).unwrap();
    let found = block_on(scene.ground.projects.entity(scene.repository)).unwrap();
    assert_eq!(
        found.repository.unwrap().own_list.unwrap().entries().len(),
        1
    );
}

#[test]
fn everybody_sees_in_the_trash_can_what_they_could_restore() {
    let scene = scene();
    let caller = scene.ground.caller("ana");
    let bob = scene.ground.account("bob", true);
    let boss = scene.ground.operator("boss");
    let mut trashed = Vec::new();
    for (name, who) in [("one", scene.eve), ("two", scene.ana), ("three", scene.eve)] {
        let id = scene
            .ground
            .push(&caller, &format!("syn{}/{name}", scene.project.get()));
        scene.trash(who, id).unwrap();
        scene.ground.clock.advance(1);
        trashed.insert(0, id);
    }
    assert_eq!(scene.can(scene.ana), trashed);
    assert_eq!(scene.can(boss), trashed);
    assert_eq!(scene.can(scene.eve), [trashed[0], trashed[2]]);
    assert_eq!(scene.can(bob), []);
    let page = block_on(scene.ground.projects.trash_can(&acting(scene.ana), 1, 1)).unwrap();
    assert_eq!((page.total, ids(&page)), (3, vec![trashed[1]]));
    let of = |who| {
        block_on(
            scene
                .ground
                .projects
                .trash_of(&acting(who), scene.project, 0, 10),
        )
    };
    assert_eq!(ids(&of(scene.ana).unwrap()), trashed);
    assert!(of(scene.eve).is_err());
}

#[test]
fn the_trash_can_is_emptied_after_thirty_days_and_not_before() {
    let scene = scene();
    scene.trash(scene.eve, scene.repository).unwrap();
    scene.ground.clock.advance(29 * DAY);
    assert_eq!(scene.empty(), 0);
    // A trashed project holds what is in it, however old its mark.
    scene.trash(scene.ana, scene.project).unwrap();
    scene.ground.clock.advance(2 * DAY);
    assert_eq!(scene.empty(), 0);
    assert!(scene.exists(scene.repository));
    scene.restore(scene.ana, scene.project).unwrap();
    assert_eq!(scene.empty(), 1);
    assert!(!scene.exists(scene.repository) && scene.exists(scene.project));
    scene.trash(scene.ana, scene.project).unwrap();
    scene.ground.clock.advance(31 * DAY);
    assert_eq!(scene.empty(), 1);
    assert!(!scene.exists(scene.project));
}

#[test]
fn a_large_project_is_gone_at_once_and_swept_up_step_by_step() {
    let scene = scene();
    let caller = scene.ground.caller("ana");
    let large = scene.ground.project(scene.ana, &[]);
    let mut repositories = Vec::new();
    for number in 0..600 {
        let name = format!("syn{}/{number}", large.get());
        repositories.push((scene.ground.push(&caller, &name), name));
    }
    scene.trash(scene.ana, large).unwrap();
    scene.purge(scene.ana, large).unwrap();
    let left = |id| scene.exists(id);
    assert_eq!(
        repositories.iter().filter(|(id, _)| left(*id)).count(),
        600 - 256
    );
    for (id, name) in &repositories {
        assert!(scene.ground.allowed(&caller, Action::Pull, name).is_none());
        let seen = block_on(scene.ground.projects.view(&acting(scene.ana), *id));
        assert!(matches!(
            seen,
            Err(ProjectsError::Refused {
                may_know: false,
                ..
            })
        ));
    }
    assert_eq!(scene.can(scene.ana), []);
    collect(&scene);
    assert!(!repositories.iter().any(|(id, _)| left(*id)));
}

fn collect(scene: &Scene) {
    let rule = CollectRule {
        at: scene.ground.clock.now(),
        link_grace: DAY_LONG,
        staged_grace: DAY_LONG,
        upload_idle: DAY_LONG,
    };
    while block_on(scene.ground.store.condemn(&rule, 100)).unwrap() > 0 {}
}

#[test]
fn emptying_goes_past_what_a_trashed_project_holds() {
    let scene = scene();
    let caller = scene.ground.caller("ana");
    let held = scene.ground.project(scene.ana, &[]);
    for number in 0..220 {
        let id = scene
            .ground
            .push(&caller, &format!("syn{}/{number}", held.get()));
        scene.trash(scene.ana, id).unwrap();
    }
    scene.trash(scene.ana, held).unwrap();
    scene.ground.clock.advance(DAY);
    block_on(scene.ground.projects.restore(&server(), held)).unwrap();
    scene.trash(scene.ana, held).unwrap();
    scene.ground.clock.advance(29 * DAY + DAY / 2);
    assert_eq!(scene.empty(), 0);
    scene.ground.clock.advance(DAY);
    assert_eq!(scene.empty(), 1);
    assert!(!scene.exists(held));
}
