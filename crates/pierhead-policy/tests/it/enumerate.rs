//! The engine against the reference, over every combination that fits into a second or two.

use pierhead_policy::{
    Action, Certification, Decision, Grant, ProjectIds, Reason, decide, explain,
};

use crate::reference::{No, Yes, reference};
use crate::world::{
    ALL, CREATE, DELETE, Kind, List, ME, MY_TEAM, OTHER, PUBLIC, READ, REGISTERED, SHARE,
    THEIR_TEAM, World,
};

fn plain(decision: Decision) -> Result<Yes, No> {
    match decision {
        Decision::Allow {
            row,
            by,
            new_name,
            unchanged,
        } => Ok((row.number(), new_name, unchanged, by == Grant::Operator)),
        Decision::Deny { reason, .. } => Err(match reason {
            Reason::NotAName => No::NotAName,
            Reason::NoSuchProject => No::MissingProject,
            Reason::ProjectInTrash => No::ProjectInTrash,
            Reason::InTrash => No::InTrash,
            Reason::Absent => No::Absent,
            Reason::AnonymousCaller => No::Anonymous,
            Reason::NotCertified { .. } => No::NotCertified,
            Reason::Missing { .. } => No::List,
            Reason::ScopeLacks { .. } => No::Scope,
            Reason::OperatorsOnly => No::OperatorsOnly,
            Reason::NoOwnMark => No::Unmarked,
            Reason::NotTrasher { .. } => No::NotTrasher,
            _ => No::Nonsense,
        }),
    }
}

/// Every action on one world; how many cases that was.
fn check(world: &World) -> usize {
    world.shown(|options, caller, target| {
        for action in Action::ALL {
            let answer = decide(options, caller, action, target);
            let expected = reference(world, action);
            assert_eq!(
                plain(answer),
                expected,
                "{action:?} in {world:?}: {answer:?}"
            );
        }
    });
    Action::ALL.len()
}

/// Anonymous, plain, certified, operator, certified operator.
fn callers(world: &World) -> impl Iterator<Item = World> {
    let kinds = [
        (false, false, false),
        (true, false, false),
        (true, true, false),
        (true, false, true),
        (true, true, true),
    ];
    kinds
        .into_iter()
        .map(|(signed_in, certified, operator)| World {
            signed_in,
            certified,
            operator,
            ..world.clone()
        })
}

fn settings(world: &World) -> impl Iterator<Item = World> {
    let asked = [
        Certification::NewRepository,
        Certification::EveryPush,
        Certification::Never,
    ];
    asked.into_iter().flat_map(move |certification| {
        [false, true].into_iter().map(move |public_download| World {
            certification,
            public_download,
            ..world.clone()
        })
    })
}

fn scopes(world: &World) -> impl Iterator<Item = World> {
    (0..8_u8).map(|bits| {
        world
            .clone()
            .scopes(bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)
    })
}

#[test]
fn every_source_and_permission_at_project_and_repository_agrees_with_the_reference() {
    let sources = [ME, MY_TEAM, REGISTERED, PUBLIC, THEIR_TEAM];
    let mut lists: Vec<List> = vec![vec![]];
    for source in sources {
        lists.extend((0..8).map(|bit| vec![(source, 1 << bit)]));
    }
    lists.push(vec![(ME, CREATE), (MY_TEAM, ALL & !CREATE)]);
    let own_lists = lists.iter().cloned().map(Some).chain([None]);
    let mut cases = 0;
    for own in own_lists {
        for project in &lists {
            let mut world = World::with_repository(project);
            world.repository = Some((own.clone(), None));
            for mut world in callers(&world) {
                world.public_download = true;
                cases += check(&world);
            }
        }
        let mut world = World::with_repository(&[(ME, SHARE)]);
        world.repository = Some((own.clone(), Some(OTHER)));
        cases += callers(&world).map(|world| check(&world)).sum::<usize>();
    }
    assert!(cases > 150_000, "{cases}");
}

#[test]
fn every_state_scope_and_setting_agrees_with_the_reference() {
    let lists: [List; 3] = [
        vec![(PUBLIC, ALL)],
        vec![(ME, READ | CREATE), (REGISTERED, DELETE)],
        vec![(MY_TEAM, ALL)],
    ];
    let marks = [None, Some(ME), Some(OTHER)];
    let mut projects = vec![None];
    let mut repositories = vec![None];
    for mark in marks {
        projects.extend(lists.iter().map(|list| Some((list.clone(), mark))));
        let own = [None, Some(vec![]), Some(lists[2].clone())];
        repositories.extend(own.map(|list| Some((list, mark))));
    }
    let mut cases = 0;
    for project in &projects {
        let mut worlds = vec![
            (Kind::Nothing, true, None),
            (Kind::Project, true, None),
            (Kind::Repository, false, None),
        ];
        worlds.extend(
            repositories
                .iter()
                .map(|found| (Kind::Repository, true, found.clone())),
        );
        for (kind, name_ok, repository) in worlds {
            let world = World {
                kind,
                name_ok,
                project: project.clone(),
                repository,
                ..World::with_repository(&[])
            };
            for world in callers(&world) {
                for mut world in
                    settings(&world).flat_map(|world| scopes(&world).collect::<Vec<_>>())
                {
                    world.operators_create = kind == Kind::Nothing && world.public_download;
                    cases += check(&world);
                }
            }
        }
    }
    assert!(cases > 400_000, "{cases}");
}

#[test]
fn an_explanation_gives_the_decision_and_its_reason_first() {
    let lists: [List; 3] = [vec![], vec![(REGISTERED, READ)], vec![(ME, ALL)]];
    for list in &lists {
        for mark in [None, Some(ME), Some(OTHER)] {
            let plain = World::with_repository(list);
            let worlds = [
                plain.clone(),
                plain.clone().local(&[(MY_TEAM, READ)]),
                World::with_new_name(list),
                World::with_project(list),
            ];
            for world in worlds {
                let marked = match mark {
                    Some(who) => world.repository_trashed_by(who),
                    None => world.project_trashed_by(OTHER),
                };
                for world in callers(&marked).flat_map(|world| scopes(&world).collect::<Vec<_>>()) {
                    world.shown(|options, caller, target| {
                        for action in Action::ALL {
                            let answer = decide(options, caller, action, target);
                            let ids = ProjectIds::default();
                            let told = explain(options, &ids, caller, action, target);
                            assert_eq!(told.decision, answer);
                            let first = told.obstacles.first().map(|obstacle| obstacle.reason);
                            assert_eq!(first, answer.reason());
                        }
                    });
                }
            }
        }
    }
}
