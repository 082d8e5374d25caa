//! A decision asks the heap for nothing, whatever it says. The counting allocator counts one thread
//! only, so tests beside it do not matter.

use std::hint::black_box;

use allocation_counter::measure;
use pierhead_policy::{
    AccessList, AccountFacts, Action, CallerFacts, EntityId, Identity, Options, Permissions,
    PrincipalId, ProjectFacts, RepositoryFacts, Rules as _, Scopes, Target, TrashMark, decide,
};

const ME: PrincipalId = PrincipalId::new(3_000_001);

#[test]
fn the_allocator_counts() {
    let counted = measure(|| drop(black_box(vec![0_u8; 100])));
    assert_eq!(counted.count_total, 1);
}

#[test]
fn no_decision_needs_the_heap() {
    let everybody = (0..1_000).map(|at| (PrincipalId::new(4_000_000 + at), Permissions::READ));
    let many = AccessList::from_stored(everybody).unwrap();
    let lists = [many, AccessList::empty(), AccessList::of_creator(ME)];
    let teams: Vec<_> = (0..100)
        .map(|at| PrincipalId::new(4_000_900 + 7 * at))
        .collect();
    let account = |certified, operator| CallerFacts {
        identity: Identity::Account(AccountFacts {
            id: ME,
            teams: &teams,
            certified,
            operator,
        }),
        scopes: Scopes::ALL,
    };
    let callers = [
        CallerFacts::ANONYMOUS,
        account(false, false),
        account(true, false),
        account(false, true),
        CallerFacts {
            scopes: Scopes::NONE,
            ..account(true, true)
        },
    ];
    let (options, id) = (Options::default(), |number| EntityId::new(number).unwrap());
    let mut asked = 0;
    for list in &lists {
        for trashed in [None, Some(TrashMark { by: ME })] {
            let project = Some(ProjectFacts {
                id: id(101),
                list,
                trashed,
            });
            let repository = |own_list| Target::Repository {
                name_ok: true,
                project,
                repository: Some(RepositoryFacts {
                    id: id(102),
                    own_list,
                    trashed,
                }),
            };
            let new_name = Target::Repository {
                name_ok: true,
                project,
                repository: None,
            };
            let own = Some(&lists[2]);
            let targets = [
                repository(None),
                repository(own),
                new_name,
                Target::Project { project },
                Target::Nothing,
            ];
            for (target, caller) in targets
                .iter()
                .flat_map(|it| callers.iter().map(move |by| (it, by)))
            {
                for action in Action::ALL {
                    let counted = measure(|| {
                        let answer = decide(&options, black_box(caller), action, black_box(target));
                        let narrowed = options.decide(caller, action, target);
                        assert_eq!(black_box(answer), narrowed);
                    });
                    assert_eq!(counted.count_total, 0, "{action:?} {caller:?} {target:?}");
                    asked += 1;
                }
            }
        }
    }
    assert_eq!(asked, 3 * 2 * 5 * 5 * Action::ALL.len());
}
