//! Long lists: what a page costs does not depend on where it lies, on what surrounds it, or on how
//! much of it all the caller may see.
//!
//! `PIERHEAD_SCALE=100000 cargo test -p pierhead-tests --test all -- scale --nocapture` fills servers
//! with so many repositories and tags, measures, and prints the table of `docs/benchmarks.md`.

mod fill;
mod paged;

use pierhead_model::parse_link_next;
use pierhead_tests::{ADMIN_PASSWORD, Account, Api, Manager, Server, ServerOptions};
use serde_json::{Value, json};

use fill::Fill;
use paged::Cost;

/// How many repositories, or tags, there are.
fn size() -> u64 {
    match std::env::var("PIERHEAD_SCALE") {
        Ok(text) => text.parse().expect("PIERHEAD_SCALE is a number"),
        Err(_) => 20_000,
    }
}

/// How often a page is read.
fn rounds() -> usize {
    if size() > 20_000 { 100 } else { 5 }
}

/// Callers who may see ten repositories, a thousand, and all of them.
struct Callers {
    few: Account,
    some: Account,
    all: Account,
}

impl Callers {
    fn of(manager: &Manager) -> Self {
        let [few, some, all] = ["few", "some", "all"].map(|word| manager.account(word, false));
        Self { few, some, all }
    }

    /// Who may see the repository of this number, of so many.
    fn of_number(&self, number: u64, size: u64) -> Vec<u64> {
        let mut readers = vec![self.all.id];
        if number.is_multiple_of(size / 10) {
            readers.push(self.few.id);
        }
        if number.is_multiple_of(size / 1_000) {
            readers.push(self.some.id);
        }
        readers
    }

    fn each(&self) -> [(&Account, usize); 3] {
        let all = usize::try_from(size()).unwrap();
        [(&self.few, 10), (&self.some, 1_000), (&self.all, all)]
    }
}

/// A server with some people, filled while it stood still.
fn filled<T>(fill: impl FnOnce(&mut Fill, &T), people: impl FnOnce(&Manager) -> T) -> (Server, T) {
    let mut server = Server::start(ServerOptions::default());
    let people = people(&Manager::of(&server.host));
    server.stop();
    let mut rows = Fill::begin(&server.data());
    fill(&mut rows, &people);
    rows.commit();
    (server.again(), people)
}

/// The pages of a list of the registry, which says itself where it goes on.
fn registry<'a>(
    api: &'a Api,
    list: &'a str,
    key: &'a str,
) -> impl Fn(Option<&str>) -> (usize, Option<String>) + 'a {
    move |next| {
        let answer = api.send("GET", next.unwrap_or(list), &[], &[]).expect(200);
        let next = parse_link_next(answer.header("link")).map(str::to_owned);
        (answer.json()[key].as_array().unwrap().len(), next)
    }
}

fn catalog(server: &Server, who: &str, name: &str, password: &str, items: usize) {
    let api = Api::login(&server.host, name, password, &["registry:catalog:*"]);
    if items > 1_000 {
        clamped(&api, "/v2/_catalog", "repositories");
    }
    for list in ["/v2/_catalog", "/v2/_catalog?n=100"] {
        let read = registry(&api, list, "repositories");
        report(format!("`{list}`, {who}"), server, items, &read);
    }
}

/// A page is built in memory, and no larger whatever is asked for.
fn clamped(api: &Api, list: &str, key: &str) {
    let answer = api.send("GET", &format!("{list}?n=1000000000"), &[], &[]);
    let answer = answer.expect(200);
    assert_eq!(
        answer.json()[key].as_array().unwrap().len(),
        1_000,
        "{list}"
    );
    assert!(!answer.header("link").is_empty(), "{list}");
}

fn report(what: String, server: &Server, items: usize, read: &paged::Read<'_>) {
    let cost = Cost::of(what, server.pid(), rounds(), read);
    println!("{}", cost.line());
    cost.check(items);
}

fn catalogs(server: &Server, callers: &Callers, whose: &str) {
    for (caller, items) in callers.each() {
        let who = format!("{items} {whose}");
        catalog(server, &who, &caller.name, &caller.password, items);
    }
}

#[test]
fn a_catalog_of_one_large_project_costs_what_a_page_holds() {
    let size = size();
    let (server, callers) = filled(
        |rows, callers: &Callers| {
            rows.project(101, &[callers.all.id]);
            for number in 0..size {
                let readers = callers.of_number(number, size);
                let own = (readers.len() > 1).then_some(&*readers);
                rows.repository(101, &format!("syn101/r{number}"), own);
            }
        },
        Callers::of,
    );
    catalogs(&server, &callers, "of one project");
    let all = usize::try_from(size).unwrap();
    catalog(&server, "an operator", "admin", ADMIN_PASSWORD, all);
}

#[test]
fn a_catalog_of_many_projects_costs_what_a_page_holds() {
    let size = size();
    let (server, (callers, crowd)) = filled(
        |rows, (callers, crowd): &(Callers, Account)| {
            let teams = rows.teams(1_000, crowd.id);
            for project in 0..size / 10 {
                let id = 1_000 + project;
                let mut readers = callers.of_number(project, size);
                let turn = usize::try_from(project).unwrap() % teams.len();
                readers.push(teams[turn]);
                rows.project(id, &readers);
                for number in 0..10 {
                    rows.repository(id, &format!("syn{id}/r{number}"), None);
                }
            }
        },
        |manager| (Callers::of(manager), manager.account("crowd", false)),
    );
    catalogs(&server, &callers, "of many projects");
    let all = usize::try_from(size).unwrap();
    catalog(
        &server,
        "through 1,000 teams",
        &crowd.name,
        &crowd.password,
        all,
    );
    catalog(&server, "an operator", "admin", ADMIN_PASSWORD, all);
}

#[test]
fn lists_with_local_settings_cost_what_a_page_holds() {
    let size = size();
    let (server, callers) = filled(
        |rows, callers: &Callers| {
            let everybody = callers.each().map(|(caller, _)| caller.id);
            rows.project(101, &everybody);
            for number in 0..size {
                let readers = callers.of_number(number, size);
                rows.repository(101, &format!("syn101/r{number}"), Some(&readers));
            }
        },
        Callers::of,
    );
    catalogs(&server, &callers, "with local lists");
    let api = Api::anonymous(&server.host);
    for (caller, items) in callers.each() {
        for (by, way) in [("NAME", "ASC"), ("NAME", "DESC"), ("CREATED_ON", "DESC")] {
            let read = |next: Option<&str>| {
                let sent = json!({ "parentId": "syn101", "sortBy": by, "sortDirection": way,
                    "includeTypes": ["dockerrepo"], "nextPageToken": next });
                let answer = api.manage(&caller.token, "POST", "/repo/v1/entity/children", &sent);
                let page = answer.expect(200).json();
                let next = page["nextPageToken"].as_str().map(str::to_owned);
                (page["page"].as_array().unwrap().len(), next)
            };
            let what = format!("`entity/children` by {by} {way}, {items}");
            report(what, &server, items, &read);
        }
    }
}

#[test]
fn tags_cost_what_a_page_holds() {
    let size = size();
    let (server, reader) = filled(
        |rows, reader: &Account| {
            rows.project(101, &[reader.id]);
            let repository = rows.repository(101, "syn101/app", None);
            for number in 0..size {
                // Later names were not pushed later.
                let at = number * 7_919 % 1_000_003;
                rows.tag(repository, &format!("v{number}"), at);
            }
        },
        |manager| manager.account("reader", false),
    );
    let all = usize::try_from(size).unwrap();
    let scopes = ["repository:syn101/app:pull"];
    let api = Api::login(&server.host, &reader.name, &reader.password, &scopes);
    clamped(&api, "/v2/syn101/app/tags/list", "tags");
    for list in ["/v2/syn101/app/tags/list", "/v2/syn101/app/tags/list?n=100"] {
        let read = registry(&api, list, "tags");
        report(format!("`{list}`"), &server, all, &read);
    }
    let manager = Manager::of(&server.host);
    let id = manager.repository_id("syn101/app");
    for (sort, ascending) in [("TAG", true), ("CREATED_ON", false), ("CREATED_ON", true)] {
        let read = |next: Option<&str>| {
            let offset: usize = next.map_or(0, |text| text.parse().unwrap());
            let path = format!(
                "/repo/v1/entity/{id}/dockerTag?sort={sort}&ascending={ascending}&limit=100&offset={offset}"
            );
            let page = api.manage(&reader.token, "GET", &path, &Value::Null);
            let page = page.expect(200).json();
            assert_eq!(page["totalNumberOfResults"], size);
            let count = page["results"].as_array().unwrap().len();
            let next = offset + count;
            (count, (next < all).then(|| next.to_string()))
        };
        let what = format!("`dockerTag` by {sort}, {ascending}");
        report(what, &server, all, &read);
    }
}
