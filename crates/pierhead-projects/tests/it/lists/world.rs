//! Worlds at random: people, projects, lists, what is in the trash can.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::executor::block_on;
use pierhead_model::{ContentDigest, MediaType};
use pierhead_policy::{AccessList, EntityId, Permissions, PrincipalId};
use pierhead_projects::change::{Batch, Change, EntityRef, NewAccount, Recorded};
use pierhead_projects::{Actor, ChangeStore as _};
use pierhead_storage::{
    CallerId, Fence, ManifestPut, NewName, ParentId, Permit, PutOutcome, RepositoryStore as _, View,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::ground::Ground;

/// The accounts, the last of them an operator; then teams.
pub(crate) const ACCOUNTS: usize = 4;
pub(crate) const TEAMS: usize = 3;

/// Numbers whose order is not that of their texts.
const NUMBERS: [u64; 12] = [1, 2, 9, 10, 11, 19, 99, 100, 101, 1_000, 1_010, 999_999];

/// In the order of bytes a separator is neither first nor last.
const NAMES: [&str; 9] = ["a", "a-b", "a/b", "ab", "b", "b.c", "z", "z/z", "0"];

/// Who is listed with what; a later entry for the same one counts.
type List = Vec<(usize, u8)>;

/// What is referred to: in the order of names on either side of what is pushed.
const ELSEWHERE: [&str; 4] = [
    "docker.io/library/ubuntu",
    "quay.io/a/b",
    "syn101.example/tools",
    "zoo.example/z",
];

#[derive(Clone, Debug)]
struct Repository {
    own: Option<List>,
    trashed: bool,
    made_at: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Project {
    list: List,
    trashed: bool,
    made_at: u64,
    repositories: BTreeMap<&'static str, Repository>,
    references: BTreeMap<&'static str, Repository>,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) members: [[bool; TEAMS]; ACCOUNTS],
    pub(crate) disabled: [bool; ACCOUNTS],
    pub(crate) projects: BTreeMap<u64, Project>,
}

fn lists() -> impl Strategy<Value = List> {
    let bits = select(vec![1_u8, 3, 2, 255, 254]);
    vec((0..ACCOUNTS + TEAMS + 2, bits), 0..4)
}

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let mark = || proptest::bool::weighted(0.15);
    let repository = || {
        let parts = (proptest::option::of(lists()), mark(), 0..4_u64);
        parts.prop_map(|(own, trashed, made_at)| Repository {
            own,
            trashed,
            made_at,
        })
    };
    let repositories = btree_map(select(NAMES.to_vec()), repository(), 0..8);
    let references = btree_map(select(ELSEWHERE.to_vec()), repository(), 0..3);
    let project = (lists(), mark(), 0..4_u64, repositories, references).prop_map(
        |(list, trashed, made_at, repositories, references)| Project {
            list,
            trashed,
            made_at,
            repositories,
            references,
        },
    );
    let projects = btree_map(select(NUMBERS.to_vec()), project, 0..8);
    let people = any::<([[bool; TEAMS]; ACCOUNTS], [bool; ACCOUNTS])>();
    (people, projects).prop_map(|((members, disabled), projects)| World {
        members,
        disabled,
        projects,
    })
}

pub(crate) fn account(number: usize) -> PrincipalId {
    PrincipalId::new(3_000_000 + number as u64)
}

fn list(list: &List) -> AccessList {
    let mut entries = BTreeMap::new();
    for (who, bits) in list {
        let principal = match who.checked_sub(ACCOUNTS + TEAMS) {
            None => account(*who),
            Some(0) => PrincipalId::REGISTERED,
            Some(_) => PrincipalId::PUBLIC,
        };
        entries.insert(principal, Permissions::from_bits(*bits));
    }
    AccessList::from_stored(entries).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Makes the world.
pub(crate) fn make(ground: &Ground, world: &World) {
    let commit = |seconds, change| {
        let batch = Batch {
            actor: Actor::system("test"),
            at: at(seconds),
            expect: Fence::default(),
            changes: vec![Recorded::new(change)],
        };
        block_on(ground.store.commit(batch)).unwrap();
    };
    for number in 0..ACCOUNTS {
        commit(
            0,
            Change::CreateAccount(NewAccount {
                id: account(number),
                name: format!("account{number}").parse().unwrap(),
                email: None,
                password: None,
                certified: false,
                operator: number == ACCOUNTS - 1,
                registered: false,
            }),
        );
    }
    for team in 0..TEAMS {
        let id = account(ACCOUNTS + team);
        let name = format!("team{team}").parse().unwrap();
        commit(0, Change::CreateTeam { id, name });
        for (number, teams) in world.members.iter().enumerate() {
            if teams[team] {
                commit(
                    0,
                    Change::SetMember {
                        team: id,
                        account: account(number),
                        member: true,
                        manager: false,
                    },
                );
            }
        }
    }
    let adorn = |entity, repository: &Repository| {
        if let Some(own) = &repository.own {
            let list = Some(list(own));
            commit(
                0,
                Change::SetList {
                    entity,
                    list,
                    etag: None,
                },
            );
        }
        if repository.trashed {
            let by = Some(account(0));
            commit(0, Change::SetTrash { entity, by });
        }
    };
    for (number, project) in &world.projects {
        let id = EntityId::new(*number).unwrap();
        commit(
            project.made_at,
            Change::CreateProject {
                id,
                // Some have the same name.
                name: format!("Project {}", number % 3),
                description: String::new(),
                owner: account(0),
                list: list(&project.list),
            },
        );
        for (name, repository) in &project.repositories {
            let name = format!("syn{number}/{name}");
            let made = push(ground, id, &name, at(repository.made_at));
            adorn(EntityRef::Repository(made), repository);
        }
        for (name, repository) in &project.references {
            let made = block_on(ground.store.allocate_entities(1)).unwrap()[0];
            let change = Change::CreateReference {
                id: made,
                project: id,
                name: name.parse().unwrap(),
                description: String::new(),
            };
            commit(repository.made_at, change);
            adorn(EntityRef::External(made), repository);
        }
        if project.trashed {
            let (entity, by) = (EntityRef::Project(id), Some(account(0)));
            commit(0, Change::SetTrash { entity, by });
        }
    }
    // Renamed after it was listed.
    if let Some(number) = world.projects.keys().next() {
        let project = EntityId::new(*number).unwrap();
        let name = "Another name".to_owned();
        commit(0, Change::SetProjectName { project, name });
    }
}

fn push(ground: &Ground, project: EntityId, name: &str, at: SystemTime) -> EntityId {
    let bytes = Bytes::from_static(br#"{"schemaVersion":2,"manifests":[]}"#);
    let caller = CallerId::new("3000000").unwrap();
    let put = ManifestPut {
        digest: ContentDigest::sha256(&bytes),
        bytes,
        media_type: MediaType::OCI_INDEX,
        artifact_type: None,
        subject: None,
        annotations: None,
        references: Vec::new(),
        tags: Vec::new(),
        by: caller.clone(),
        at,
        admission: None,
    };
    let permit = Permit {
        view: View::New(NewName {
            name: name.parse().unwrap(),
            parent: Some(ParentId(project.get())),
            caller,
        }),
        fence: Fence::default(),
    };
    match block_on(ground.store.put_manifest(put, &permit)).unwrap() {
        PutOutcome::Stored { repository, .. } => EntityId::new(repository.0).unwrap(),
        PutOutcome::Missing(_) => unreachable!("nothing is referred to"),
    }
}
