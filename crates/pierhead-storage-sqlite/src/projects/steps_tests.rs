//! What a page of a list costs, counted in steps of SQLite's machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pierhead_model::ContentDigest;
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::listing::{
    AccountQuery, CatalogQuery, ChildOrder, ChildrenQuery, TagOrder, TagQuery,
};
use pierhead_projects::principals::{MemberQuery, PrincipalKind, PrincipalQuery};
use rusqlite::{Connection, params};

use super::{catalog, children, listing, principals, survey, unmended};
use crate::codec::key;
use crate::migrate::migrate;
use crate::snapshot::ensure_epoch;

const PAGE: usize = 100;

/// Steps are counted by so many.
const EACH: u64 = 10;

const ONE_PROJECT: u64 = 101;

/// Readers of ten repositories, of a thousand, of all; and some teams.
const FEW: u64 = 3_000_001;
const SOME: u64 = 3_000_002;
const ALL: u64 = 3_000_003;
const CROWD: std::ops::Range<u64> = 3_100_000..3_100_100;

/// The steps of each page of a list, and how many items it has in all.
type Walk = (Vec<u64>, usize);

/// A database that counts the steps of what it is asked.
struct World {
    connection: Connection,
    steps: Arc<AtomicU64>,
    size: u64,
}

impl World {
    /// One project of so many repositories: of each list, which of them inherit.
    fn of_one_project(size: u64, inherits: bool) -> Self {
        let world = Self::new(size);
        let readers = [ALL, FEW, SOME];
        world.project(ONE_PROJECT, &readers[..if inherits { 1 } else { 3 }]);
        for number in 0..size {
            let readers = world.readers(number);
            let inherits = inherits && readers.len() == 1;
            world.repository(ONE_PROJECT, number, (!inherits).then_some(&readers));
        }
        world.counting()
    }

    /// One project of ten repositories, and so many references beside them: half of these inherit.
    fn of_references(size: u64) -> Self {
        let world = Self::new(1_000);
        world.project(ONE_PROJECT, &[ALL]);
        for number in 0..10 {
            world.repository(ONE_PROJECT, number, (number < 5).then_some(&vec![ALL]));
        }
        for number in 0..size {
            let id = 6_000_000 + number;
            world.run(
                "INSERT INTO entity (id, kind, external, parent, name, who, at, etag, own_list)
                 VALUES (?1, 2, 1, ?2, 'docker.io/r' || ?1, '1', ?1, 1, ?1 % 2)",
                params![id.cast_signed(), ONE_PROJECT.cast_signed()],
            );
            if id % 2 == 1 {
                world.list(id, &[ALL]);
            }
        }
        world.counting()
    }

    /// Projects of which one in so many has nobody left who is active.
    fn of_unmended(size: u64, one_in: u64) -> Self {
        let world = Self::new(size);
        world.run(
            "INSERT INTO account (id, confirmed, certified, operator, disabled, generation)
             VALUES (?1, 1, 0, 0, 0, 1)",
            [ALL.cast_signed()],
        );
        for project in 0..size {
            let mends = !project.is_multiple_of(one_in);
            world.project(1_000 + project, &[FEW]);
            let who = if mends { ALL } else { SOME };
            world.run(
                "INSERT INTO entry (entity, principal, bits) VALUES (?1, ?2, 255)",
                params![(1_000 + project).cast_signed(), who.cast_signed()],
            );
        }
        world.counting()
    }

    /// Projects of ten repositories each.
    fn of_many_projects(size: u64) -> Self {
        let world = Self::new(size);
        for project in 0..size / 10 {
            let mut readers = world.readers(project);
            readers.push(CROWD.start + project % (CROWD.end - CROWD.start));
            world.project(1_000 + project, &readers);
            for number in 0..10 {
                world.repository(1_000 + project, project * 10 + number, None);
            }
        }
        world.counting()
    }

    /// One repository of so many tags.
    fn of_tags(size: u64) -> Self {
        let world = Self::new(size);
        let digest = key(&ContentDigest::sha256(b""));
        for number in 0..size {
            world.run(
                "INSERT INTO tag (repository, name, digest, pushed_at)
                 VALUES (?1, ?2, ?4, ?3)",
                params![
                    ONE_PROJECT.cast_signed(),
                    format!("v{number}"),
                    (number * 7_919 % 1_000_003).cast_signed(),
                    digest
                ],
            );
        }
        world.counting()
    }

    /// So many users, of three teams, of one of which all are managers and two are members.
    fn of_people(size: u64) -> Self {
        let world = Self::new(size);
        let principal = "INSERT INTO principal VALUES (?1, ?2, ?3, ?3)";
        for team in 0..3 {
            let id = (ONE_PROJECT + team).cast_signed();
            world.run(principal, params![id, 2, format!("team{team}")]);
        }
        for number in 0..size {
            let id = (FEW + number).cast_signed();
            world.run(principal, params![id, 1, format!("person{number}")]);
            let member = number.is_multiple_of(size / 2);
            world.run(
                "INSERT INTO member VALUES (?1, ?2, ?3, 1)",
                params![id, ONE_PROJECT.cast_signed(), member],
            );
        }
        world.counting()
    }

    /// So many teams, and a hundredth of them accounts in between.
    fn of_accounts(size: u64) -> Self {
        let world = Self::new(size);
        for number in 0..size {
            let user = number.is_multiple_of(100);
            let id = 3_000_000 + number.cast_signed();
            let kind = if user { 1 } else { 2 };
            let name = format!("n{number:07}");
            world.run(
                "INSERT INTO principal VALUES (?1, ?2, ?3, ?3)",
                params![id, kind, name],
            );
            if user {
                world.run(
                    "INSERT INTO account VALUES (?1, NULL, NULL, 1, NULL, 0, 0, 0, 1, 1)",
                    [id],
                );
            }
        }
        world.counting()
    }

    fn new(size: u64) -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        ensure_epoch(&mut connection).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = off; BEGIN")
            .unwrap();
        Self {
            connection,
            steps: Arc::default(),
            size,
        }
    }

    /// Counts from now on: filling is quicker without.
    fn counting(mut self) -> Self {
        self.connection.execute_batch("COMMIT").unwrap();
        let counted = Arc::clone(&self.steps);
        let count = move || {
            counted.fetch_add(EACH, Ordering::Relaxed);
            false
        };
        let each = i32::try_from(EACH).unwrap();
        self.connection.progress_handler(each, Some(count)).unwrap();
        self
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        statement.execute(values).unwrap();
    }

    fn readers(&self, number: u64) -> Vec<u64> {
        let mut readers = vec![ALL];
        if number.is_multiple_of(self.size / 10) {
            readers.push(FEW);
        }
        if number.is_multiple_of(self.size / 1_000) {
            readers.push(SOME);
        }
        readers
    }

    fn project(&self, id: u64, readers: &[u64]) {
        self.run(
            "INSERT INTO entity (id, kind, name, owner, who, at, etag, own_list)
             VALUES (?1, 1, 'p' || ?1, 1, '1', ?1, 1, 1)",
            [id.cast_signed()],
        );
        self.list(id, readers);
    }

    fn repository(&self, project: u64, number: u64, readers: Option<&Vec<u64>>) {
        let id = 5_000_000 + number;
        self.run(
            "INSERT INTO repository (id, name, parent, creator, created_at)
             VALUES (?1, ?2, ?3, '1', ?4)",
            params![
                id.cast_signed(),
                format!("syn{project}/r{number}"),
                project.cast_signed(),
                (number * 7_919 % 1_000_003).cast_signed()
            ],
        );
        if let Some(readers) = readers {
            self.run(
                "UPDATE entity SET own_list = 1 WHERE id = ?1",
                [id.cast_signed()],
            );
            self.list(id, readers);
        }
    }

    fn list(&self, of: u64, readers: &[u64]) {
        for reader in readers {
            self.run(
                "INSERT INTO entry (entity, principal, bits, parent, name, at, external)
                 SELECT id, ?2, 1, parent, name, at, external FROM entity WHERE id = ?1",
                [of.cast_signed(), reader.cast_signed()],
            );
        }
    }

    fn counted<T>(&self, read: impl FnOnce(&Connection) -> T) -> (T, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let found = read(&self.connection);
        (found, self.steps.load(Ordering::Relaxed) - before)
    }

    /// Walks the catalog.
    fn catalog(&self, readers: Option<&[u64]>) -> Walk {
        let (mut pages, mut total, mut after) = (Vec::new(), 0, None);
        loop {
            let query = CatalogQuery {
                readers: readers.map(principals),
                after,
                limit: PAGE,
            };
            let (found, steps) =
                self.counted(|connection| catalog::catalog(connection, &query).unwrap());
            pages.push(steps);
            total += found.len();
            after = found.last().map(|(name, _)| name.to_string());
            if found.len() < PAGE {
                return (pages, total);
            }
        }
    }

    /// The same of the children of a project, or of all projects.
    fn children(
        &self,
        parent: Option<u64>,
        first: &ChildOrder,
        descending: bool,
        readers: Option<&[u64]>,
    ) -> Walk {
        let (mut pages, mut total, mut order) = (Vec::new(), 0, first.clone());
        loop {
            let query = ChildrenQuery {
                parent: parent.and_then(EntityId::new),
                order,
                descending,
                readers: readers.map(principals),
                limit: PAGE,
            };
            let (found, steps) =
                self.counted(|connection| children::children(connection, &query).unwrap());
            pages.push(steps);
            total += found.len();
            if found.len() < PAGE {
                return (pages, total);
            }
            let last = found.last().unwrap();
            let (id, name, at) = match (&last.repository, &last.project) {
                (Some(found), _) => (found.id, &found.name, found.about.created.at),
                (None, Some(found)) => (found.id, &found.name, found.about.created.at),
                (None, None) => unreachable!("something was found"),
            };
            order = match first {
                ChildOrder::Name(_) | ChildOrder::From(_) => {
                    ChildOrder::Name(Some((name.clone(), id)))
                }
                ChildOrder::Created(_) => ChildOrder::Created(Some((at, id))),
            };
        }
    }
}

fn principals(readers: &[u64]) -> Vec<PrincipalId> {
    readers.iter().map(|id| PrincipalId::new(*id)).collect()
}

const LARGE: u64 = 10_000;
const SMALL: u64 = 2_000;

/// Requires of a list in a small and a large world that no page of the large one costs more than
/// the dearest of the small one, but for a quarter and what a batch may have over.
#[track_caller]
fn flat(what: &str, small: &Walk, large: &Walk, shown: u64) {
    let most = |pages: &[u64]| *pages.iter().max().unwrap();
    let allowed = most(&small.0) * 5 / 4 + 5_000;
    assert_eq!(large.1 as u64, shown, "{what}");
    assert!(
        most(&large.0) <= allowed,
        "{what}: a page takes {} steps, {allowed} are allowed",
        most(&large.0),
    );
    println!("{what}: {} and {} steps", most(&small.0), most(&large.0));
}

/// Whom lists are read for, and how much they show in one project; `None` sees everything.
const READERS: [(Option<&[u64]>, u64); 4] = [
    (Some(&[FEW]), 10),
    (Some(&[FEW, SOME]), 1_000),
    (Some(&[FEW, SOME, ALL]), LARGE),
    (None, LARGE),
];

#[test]
fn a_page_of_the_catalog_costs_what_it_holds() {
    for inherits in [true, false] {
        let [small, large] = [SMALL, LARGE].map(|size| World::of_one_project(size, inherits));
        for (readers, shown) in READERS {
            let what = format!("{readers:?}, inherited: {inherits}");
            flat(
                &what,
                &small.catalog(readers),
                &large.catalog(readers),
                shown,
            );
        }
    }
    let [small, large] = [SMALL, LARGE].map(World::of_many_projects);
    let crowd: Vec<u64> = CROWD.collect();
    for (readers, shown) in [
        (Some(&[FEW][..]), 10),
        (Some(&[FEW, SOME]), 1_000),
        (Some(&[FEW, SOME, ALL]), LARGE),
        (Some(&crowd), LARGE),
        (None, LARGE),
    ] {
        let what = format!("many projects, {} readers", readers.map_or(0, <[u64]>::len));
        flat(
            &what,
            &small.catalog(readers),
            &large.catalog(readers),
            shown,
        );
    }
}

#[test]
fn a_page_of_children_costs_what_it_holds() {
    let orders = [ChildOrder::Name(None), ChildOrder::Created(None)];
    let ways = orders
        .iter()
        .flat_map(|order| [(order, false), (order, true)]);
    let [small, large] = [SMALL, LARGE].map(|size| World::of_one_project(size, false));
    let inside = Some(ONE_PROJECT);
    for (order, descending) in ways.clone() {
        for (readers, shown) in READERS {
            let pages = |world: &World| world.children(inside, order, descending, readers);
            let what = format!("{order:?}, {descending}, {readers:?}");
            flat(&what, &pages(&small), &pages(&large), shown);
        }
    }
    let [small, large] = [SMALL, LARGE].map(World::of_many_projects);
    for (order, descending) in ways {
        for (readers, shown) in [
            (Some(&[FEW][..]), 1),
            (Some(&[SOME]), 100),
            (Some(&[ALL, SOME]), 1_000),
            (None, 1_000),
        ] {
            let pages = |world: &World| world.children(None, order, descending, readers);
            let what = format!("projects, {order:?}, {descending}, {readers:?}");
            flat(&what, &pages(&small), &pages(&large), shown);
        }
    }
}

#[test]
fn a_page_of_users_and_teams_costs_what_it_holds() {
    let [small, large] = [SMALL, LARGE].map(World::of_people);
    let query = |prefix: &str, kind| PrincipalQuery {
        prefix: prefix.to_owned(),
        kind,
        offset: 0,
        limit: PAGE,
    };
    let (user, team) = (Some(PrincipalKind::User), Some(PrincipalKind::Team));
    for (query, shown) in [
        (query("", None), PAGE),
        (query("p", user), PAGE),
        (query("", team), 3),
        (query("t", team), 3),
        (query("none", None), 0),
    ] {
        let read = |connection: &Connection| principals::by_prefix(connection, &query).unwrap();
        alike(
            &format!("{query:?}"),
            [&small, &large].map(|world| world.counted(read)),
            shown,
        );
    }
    for (managers, after, shown) in [
        (false, None, 2),
        (true, None, PAGE),
        (true, Some(FEW), PAGE),
    ] {
        let query = MemberQuery {
            team: PrincipalId::new(ONE_PROJECT),
            managers,
            after: after.map(PrincipalId::new),
            offset: 0,
            limit: PAGE,
        };
        let read = |connection: &Connection| principals::members(connection, &query).unwrap();
        alike(
            &format!("{query:?}"),
            [&small, &large].map(|world| world.counted(read)),
            shown,
        );
    }
}

/// As many are found, and at about the same cost.
fn alike<T>(what: &str, [small, large]: [(Vec<T>, u64); 2], shown: usize) {
    assert_eq!([small.0.len(), large.0.len()], [shown; 2], "{what}");
    assert!(
        large.1 <= small.1 * 2 + 100,
        "{what}: {} and {}",
        small.1,
        large.1
    );
}

#[test]
fn references_cost_the_catalog_nothing_and_are_listed_beside_repositories() {
    let [small, large] = [100, LARGE].map(World::of_references);
    let inside = Some(ONE_PROJECT);
    for readers in [Some(&[ALL][..]), None] {
        let what = format!("references, {readers:?}");
        flat(&what, &small.catalog(readers), &large.catalog(readers), 10);
        for order in [ChildOrder::Name(None), ChildOrder::Created(None)] {
            let pages = |world: &World| world.children(inside, &order, false, readers);
            flat(&what, &pages(&small), &pages(&large), LARGE + 10);
        }
    }
}

#[test]
fn a_page_of_what_nobody_can_mend_looks_at_so_many_projects_and_no_more() {
    for (one_in, shown) in [(1, LARGE), (100, LARGE / 100), (LARGE, 1)] {
        let world = World::of_unmended(LARGE, one_in);
        let (mut after, mut found, mut most) = (None, 0, 0);
        loop {
            let read =
                |connection: &Connection| unmended::unmended(connection, after, PAGE).unwrap();
            let (page, steps) = world.counted(read);
            found += page.found.len() as u64;
            most = most.max(steps);
            after = page.last;
            if after.is_none() {
                break;
            }
        }
        println!("one in {one_in}: {most} steps");
        assert_eq!(found, shown);
        assert!(most < 100_000, "one in {one_in}: {most}");
    }
}

#[test]
fn a_page_of_accounts_costs_what_it_holds_however_many_teams_lie_between() {
    let walk = |world: World| -> Walk {
        let (mut pages, mut total, mut after) = (Vec::new(), 0, None);
        loop {
            let query = AccountQuery {
                prefix: "n".to_owned(),
                after,
                limit: 10,
            };
            let read = |connection: &Connection| survey::accounts(connection, &query).unwrap();
            let (found, steps) = world.counted(read);
            pages.push(steps);
            total += found.len();
            after = found.last().map(|found| found.name.clone());
            if found.len() < 10 {
                return (pages, total);
            }
        }
    };
    let [small, large] = [SMALL, LARGE].map(|size| walk(World::of_accounts(size)));
    flat("accounts", &small, &large, LARGE / 100);
    let most = large.0.iter().max().unwrap();
    assert!(*most < 1_000, "{most}");
}

/// They are counted, and what is left out is walked through: a few steps of an index for each tag,
/// from the nearer end.
#[test]
fn a_page_of_tags_costs_a_few_steps_for_each_tag_there_is() {
    let world = World::of_tags(LARGE);
    for order in [TagOrder::Created, TagOrder::Name] {
        for (offset, each) in [(0, 4), (LARGE / 2, 6), (LARGE - 100, 4)] {
            let query = TagQuery {
                repository: EntityId::new(ONE_PROJECT).unwrap(),
                external: false,
                order,
                descending: true,
                offset: usize::try_from(offset).unwrap(),
                limit: PAGE,
            };
            let read = |connection: &Connection| listing::tags(connection, &query).unwrap();
            let (found, steps) = world.counted(read);
            assert_eq!((found.total, found.rows.len()), (LARGE, PAGE));
            println!("{order:?} at {offset}: {steps} steps");
            assert!(
                steps < LARGE * each + 10_000,
                "{order:?} at {offset}: {steps}"
            );
        }
    }
}
