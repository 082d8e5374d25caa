//! Lists show exactly what the table allows: for any world, any caller, any page.

mod world;

use std::sync::Arc;
use std::time::SystemTime;

use futures::executor::block_on;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_model::RepositoryName;
use pierhead_policy::{
    Action, CallerFacts, Decision, EntityId, Grant, Options, PrincipalId, Reason, Row, Rules,
    Scopes, Target, can_be_mended, decide,
};
use pierhead_projects::change::{Batch, Change, Recorded};
use pierhead_projects::listing::{CatalogQuery, ChildOrder};
use pierhead_projects::record::{CallerRecord, TargetLookup, TargetRecord};
use pierhead_projects::{
    AccountStore as _, Actor, AsStored, CallerExtra, ChangeStore as _, Directory as _,
    FIRST_ENTITY, ListRequest, ProjectStore as _, Projects, ProjectsError, ThreadOffload,
};
use pierhead_registry::{Caller, Peer};
use pierhead_storage::{CallerId, Fence, RepositoryStore as _};
use proptest::prelude::*;

use crate::ground::{Ground, acting, ground, server};
use world::{ACCOUNTS, TEAMS, World, account, make, worlds};

/// Somebody, as the registry and the management API know them.
struct Somebody {
    record: Option<CallerRecord>,
    caller: Caller,
    actor: Actor,
}

impl Somebody {
    fn everybody(ground: &Ground) -> Vec<Self> {
        let nobody = Self {
            record: None,
            caller: Caller::anonymous(),
            actor: Actor::anonymous(&Peer::default()),
        };
        let account = |number| {
            let who = account(number);
            let record = block_on(ground.store.caller(who, None)).unwrap().unwrap();
            let extra = CallerExtra {
                account: who,
                credential: None,
                scopes: Scopes::ALL,
                generation: record.generation,
                epoch: record.versions[0].1.epoch,
            };
            let id = CallerId::new(&who.to_string()).unwrap();
            Self {
                caller: Caller::new(id, "somebody").with_extra(Arc::new(extra)),
                actor: acting(who),
                record: Some(record),
            }
        };
        (0..ACCOUNTS).map(account).chain([nobody]).collect()
    }

    fn sees(&self, target: &TargetRecord) -> bool {
        let mut resolved = None;
        let caller = match &self.record {
            Some(record) => resolved
                .insert(AsStored.resolve(record))
                .facts(record, Scopes::ALL),
            None => CallerFacts::ANONYMOUS,
        };
        let decision = decide(
            &Options::default(),
            &caller,
            Action::See,
            &target.as_entity(),
        );
        matches!(decision, Decision::Allow { .. })
    }

    /// Everybody they match in a list; none for an operator.
    fn readers(&self) -> Option<Vec<PrincipalId>> {
        let Some(record) = &self.record else {
            return Some(vec![PrincipalId::PUBLIC]);
        };
        let named = [PrincipalId::PUBLIC, PrincipalId::REGISTERED, record.id];
        let matched = named.into_iter().chain(record.teams.iter().copied());
        (!record.operator).then(|| matched.collect())
    }
}

/// Everything there is: repositories in the order of their names, projects, references.
type Everything = (
    Vec<(String, TargetRecord)>,
    Vec<TargetRecord>,
    Vec<TargetRecord>,
);

fn everything(ground: &Ground, world: &World) -> Everything {
    let all = block_on(ground.store.repositories(None, 1_000)).unwrap();
    let target = |lookup| block_on(ground.store.target(&lookup)).unwrap();
    let repositories = all.into_iter().map(|found| {
        let id = EntityId::new(found.id.0).unwrap();
        (found.name.to_string(), target(TargetLookup::Entity(id)))
    });
    let numbers = world.projects.keys();
    let projects = numbers.map(|id| target(TargetLookup::Entity(EntityId::new(*id).unwrap())));
    // Numbers are given out one after the other.
    let made = (FIRST_ENTITY..).map(|id| target(TargetLookup::Entity(EntityId::new(id).unwrap())));
    let made = made.take_while(|found| found.repository.is_some());
    let external = |found: &TargetRecord| found.repository.as_ref().is_some_and(|it| it.external);
    (
        repositories.collect(),
        projects.collect(),
        made.filter(external).collect(),
    )
}

fn names(found: &[RepositoryName]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

/// Pages of so many, joined.
fn joined(limit: usize, mut page: impl FnMut(Option<&str>) -> Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let found = page(all.last().map(String::as_str));
        let ended = found.len() < limit;
        all.extend(found);
        if ended {
            return all;
        }
    }
}

/// The same accounts and projects under an embedder's table.
fn every_other_of(ground: &Ground) -> Projects {
    Projects::new(
        ground.store.clone(),
        ground.store.clone(),
        KeyRing::new(SigningKey::generate().unwrap()),
        ground.projects.options().clone().with_policy(EveryOther),
        ground.clock.clone(),
        Arc::new(ThreadOffload),
    )
}

/// The numbers of what a list of children shows, by pages of so many.
fn children(
    ground: &Ground,
    who: &Somebody,
    parent: Option<EntityId>,
    first: &ChildOrder,
    descending: bool,
    limit: usize,
) -> Result<Vec<EntityId>, ProjectsError> {
    let (mut all, mut order) = (Vec::new(), first.clone());
    loop {
        let request = ListRequest {
            parent,
            order,
            descending,
            limit,
        };
        let page = block_on(ground.projects.list(&who.actor, &request))?;
        all.extend(page.items.iter().map(|item| item.id));
        match page.reached() {
            Some(last) => order = last.follows(first),
            None => return Ok(all),
        }
    }
}

/// The numbers of what somebody sees of these, in this order.
fn expected(
    who: &Somebody,
    of: &[&TargetRecord],
    order: &ChildOrder,
    descending: bool,
) -> Vec<EntityId> {
    let mut seen: Vec<(String, SystemTime, EntityId)> = Vec::new();
    for target in of.iter().filter(|target| who.sees(target)) {
        let (name, about, id) = match (&target.repository, &target.project) {
            (Some(found), _) => (&found.name, &found.about, found.id),
            (None, Some(found)) => (&found.name, &found.about, found.id),
            (None, None) => unreachable!("it was made"),
        };
        seen.push((name.clone(), about.created.at, id));
    }
    match order {
        ChildOrder::Name(_) | ChildOrder::From(_) => {
            seen.sort_by(|one, two| (&one.0, one.2).cmp(&(&two.0, two.2)));
        }
        ChildOrder::Created(_) => seen.sort_by_key(|one| (one.1, one.2)),
    }
    if descending {
        seen.reverse();
    }
    seen.into_iter().map(|(_, _, id)| id).collect()
}

/// An embedder's table: every other repository is not to be seen, and one that the policy hides is.
#[derive(Debug)]
struct EveryOther;

impl Rules for EveryOther {
    fn decide(&self, caller: &CallerFacts<'_>, action: Action, target: &Target<'_>) -> Decision {
        let Target::Repository {
            repository: Some(found),
            ..
        } = target
        else {
            return decide(self, caller, action, target);
        };
        if found.id.get() % 2 == 0 {
            return decide(self, caller, action, target);
        }
        if caller.is_anonymous() {
            let by = Grant::SignedIn;
            let row = Row::See;
            return Decision::Allow {
                row,
                by,
                new_name: false,
                unchanged: false,
            };
        }
        Decision::Deny {
            row: Row::See,
            reason: Reason::Absent,
            may_know: false,
            holds_asked: false,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_catalog_is_what_the_table_allows_in_the_order_of_names(world in worlds()) {
        let ground = ground();
        make(&ground, &world);
        let (repositories, ..) = everything(&ground, &world);
        let authorizer = ground.projects.authorizer();
        for who in Somebody::everybody(&ground) {
            let seen: Vec<String> = repositories
                .iter()
                .filter(|(_, target)| who.sees(target))
                .map(|(name, _)| name.clone())
                .collect();
            for limit in [1, 2, 3, 5, 100] {
                let shown = joined(limit, |after| {
                    names(&block_on(authorizer.visible(&who.caller, after, limit)).unwrap())
                });
                prop_assert_eq!(&shown, &seen);
                // What the store gives is no more than that, so that nothing is walked in vain.
                let stored = joined(limit, |after| {
                    let query = CatalogQuery {
                        readers: who.readers(),
                        after: after.map(str::to_owned),
                        limit,
                    };
                    let found = block_on(ground.store.catalog(&query)).unwrap();
                    found.iter().map(|(name, _)| name.to_string()).collect()
                });
                prop_assert_eq!(&stored, &seen);
            }
            let narrowed = every_other_of(&ground).authorizer();
            let even = repositories.iter().filter(|(_, target)| {
                let id = target.repository.as_ref().unwrap().id.get();
                who.sees(target) && (id % 2 == 0 || who.record.is_none())
            });
            let even: Vec<String> = even.map(|(name, _)| name.clone()).collect();
            let shown = joined(2, |after| {
                names(&block_on(narrowed.visible(&who.caller, after, 2)).unwrap())
            });
            prop_assert_eq!(&shown, &even, "a table that narrows is asked, one that widens is not");
            for after in ["0", "syn", "syn1", "syn1/", "syn1/aa", "syn10", "syn101/zz", "syn9", "z"] {
                let found = block_on(authorizer.visible(&who.caller, Some(after), 100)).unwrap();
                let behind = seen.iter().filter(|name| name.as_str() > after);
                prop_assert_eq!(names(&found), behind.cloned().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn children_are_what_the_table_allows_in_every_order(world in worlds()) {
        let ground = ground();
        make(&ground, &world);
        let (repositories, projects, references) = everything(&ground, &world);
        let orders = [ChildOrder::Name(None), ChildOrder::Created(None)];
        for who in Somebody::everybody(&ground) {
            for (order, descending) in orders.iter().flat_map(|it| [(it, false), (it, true)]) {
                for limit in [1, 2, 100] {
                    let all: Vec<_> = projects.iter().collect();
                    let shown = children(&ground, &who, None, order, descending, limit).unwrap();
                    prop_assert_eq!(shown, expected(&who, &all, order, descending));
                    for project in &projects {
                        let id = project.project.as_ref().unwrap().id;
                        let shown = children(&ground, &who, Some(id), order, descending, limit);
                        if !who.sees(project) {
                            prop_assert!(shown.is_err());
                            continue;
                        }
                        let inside = repositories.iter().map(|(_, target)| target);
                        let inside = inside.chain(&references);
                        let inside = inside.filter(|target| {
                            target.project.as_ref().is_some_and(|of| of.id == id)
                        });
                        let inside: Vec<_> = inside.collect();
                        prop_assert_eq!(shown.unwrap(), expected(&who, &inside, order, descending));
                    }
                }
            }
        }
    }

    #[test]
    fn what_nobody_can_mend_is_what_the_policy_says(
        world in worlds(),
        gone in proptest::option::of(0..ACCOUNTS + TEAMS),
    ) {
        let ground = ground();
        make(&ground, &world);
        let active = world.disabled.map(|disabled| !disabled);
        for (number, active) in active.iter().enumerate().filter(|(_, active)| !**active) {
            // The store has no opinion about the last operator.
            let change = Change::SetDisabled { account: account(number), disabled: !active };
            commit(&ground, change);
        }
        let deleted = gone.map(account);
        match gone {
            Some(number) if number < ACCOUNTS => {
                commit(&ground, Change::DeleteAccount { account: account(number) });
            }
            Some(number) => commit(&ground, Change::DeleteTeam { team: account(number) }),
            None => {}
        }
        let (repositories, projects, references) = everything(&ground, &world);
        let repositories = repositories.iter().map(|(_, target)| target);
        for target in repositories.chain(&references).chain(&projects) {
            let lists = target.repository.iter().filter_map(|found| found.own_list.as_ref());
            let lists = lists.chain(target.project.iter().map(|found| &found.list));
            for list in lists {
                prop_assert!(deleted.is_none_or(|gone| list.get(gone).is_none()));
            }
        }
        let is_active = |who: PrincipalId| {
            let number = usize::try_from(who.get() - account(0).get()).unwrap();
            let there = |number: usize| active[number] && Some(number) != gone;
            match number.checked_sub(ACCOUNTS) {
                None => there(number),
                Some(team) => (0..ACCOUNTS).any(|it| there(it) && world.members[it][team]),
            }
        };
        let lost = projects.iter().filter_map(|found| found.project.as_ref());
        let lost = lost.filter(|found| !can_be_mended(&found.list, is_active));
        let lost: Vec<EntityId> = lost.map(|found| found.id).collect();
        for limit in [1, 2, 100] {
            let (mut shown, mut after) = (Vec::new(), None);
            loop {
                let page = block_on(ground.projects.unmended(&server(), after, limit)).unwrap();
                prop_assert!(page.items.len() <= limit);
                shown.extend(page.items.iter().map(|(view, _)| view.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(&shown, &lost);
        }
    }
}

fn commit(ground: &Ground, change: Change) {
    let batch = Batch {
        actor: server(),
        at: SystemTime::UNIX_EPOCH,
        expect: Fence::default(),
        changes: vec![Recorded::new(change)],
    };
    block_on(ground.store.commit(batch)).unwrap();
}
