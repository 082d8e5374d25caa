//! What a decision costs: the function that production calls, on facts that are there already.

#![allow(
    clippy::expect_used,
    reason = "measuring what went wrong would be worse than stopping"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pierhead_policy::{
    AccessList, AccountFacts, Action, CallerFacts, EntityId, Identity, Options, Permissions,
    PrincipalId, ProjectFacts, RepositoryFacts, Scopes, Target, decide,
};

/// The caller, who is listed by name in some lists.
const ME: u64 = 3_000_001;
/// Everybody else, and teams among them.
const OTHERS: u64 = 4_000_000;

/// A repository, its project's list, and who asks.
struct Scene {
    project: AccessList,
    own: Option<AccessList>,
    teams: Vec<PrincipalId>,
}

impl Scene {
    /// So many entries of others, who stand among the caller's teams by number; the caller is in so
    /// many teams, none of which is listed.
    fn new(entries: u64, teams: u64) -> Self {
        let others = (0..entries).map(|at| (PrincipalId::new(OTHERS + 2 * at), Permissions::ALL));
        let apart = entries / teams.max(1);
        let teams = (0..teams).map(|at| PrincipalId::new(OTHERS + 2 * at * apart + 1));
        Self {
            project: AccessList::from_stored(others).expect("each stands once"),
            own: None,
            teams: teams.collect(),
        }
    }

    /// The same where one of the entries is that of `whom`.
    fn listing(mut self, whom: PrincipalId) -> Self {
        let kept = self.project.entries().iter().skip(1);
        let kept = kept.map(|entry| (entry.principal, entry.permissions));
        let pull = Permissions::READ | Permissions::DOWNLOAD;
        let list = AccessList::from_stored(kept.chain([(whom, pull)]));
        self.project = list.expect("each stands once");
        self
    }

    /// The same where the list is the repository's own.
    fn local(mut self) -> Self {
        self.own = Some(self.project);
        self.project = AccessList::empty();
        self
    }

    fn measure(&self, c: &mut Criterion, name: &str, allowed: bool) {
        let options = Options::default();
        let caller = CallerFacts {
            identity: Identity::Account(AccountFacts {
                id: PrincipalId::new(ME),
                teams: &self.teams,
                certified: false,
                operator: false,
            }),
            scopes: Scopes::ALL,
        };
        let target = Target::Repository {
            name_ok: true,
            project: Some(ProjectFacts {
                id: EntityId::new(101).expect("a number of one"),
                list: &self.project,
                trashed: None,
            }),
            repository: Some(RepositoryFacts {
                id: EntityId::new(102).expect("a number of one"),
                own_list: self.own.as_ref(),
                trashed: None,
            }),
        };
        let ask = || {
            decide(
                black_box(&options),
                black_box(&caller),
                black_box(Action::Pull),
                black_box(&target),
            )
        };
        assert_eq!(ask().is_allowed(), allowed, "{name}");
        c.bench_function(&format!("policy/{name}"), |b| b.iter(ask));
    }
}

fn decisions(c: &mut Criterion) {
    let me = PrincipalId::new(ME);
    Scene::new(20, 5).listing(me).measure(c, "own", true);
    let many = Scene::new(1_000, 100);
    let last = *many.teams.last().expect("a hundred");
    many.listing(last).measure(c, "team_of_1000", true);
    let local = Scene::new(20, 5).listing(me).local();
    local.measure(c, "local_list", true);
    Scene::new(20, 5).measure(c, "denied", false);
    Scene::new(1_000, 100).measure(c, "denied_of_1000", false);
}

/// What is done once for a list, when it is read from the store.
fn preparation(c: &mut Criterion) {
    for entries in [20, 1_000] {
        let list = Scene::new(entries, 0).project;
        let stored: Vec<_> = list
            .entries()
            .iter()
            .rev()
            .map(|entry| (entry.principal, entry.permissions))
            .collect();
        c.bench_function(&format!("policy/list_of_{entries}"), |b| {
            b.iter(|| AccessList::from_stored(black_box(&stored).iter().copied()));
        });
    }
}

criterion_group!(benches, decisions, preparation);
criterion_main!(benches);
