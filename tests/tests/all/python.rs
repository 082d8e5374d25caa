//! The official Python client, unchanged, in both of its generations: what it does counts for
//! docker at once, and what docker and others do counts for it.

mod page;

use std::collections::BTreeSet;

use pierhead_tests::{
    ALL, Account, Api, Client, DOWNLOAD, EDIT, Engine, Manager, Python, Server, ServerOptions,
    Tiny, VIEW, scratch_build,
};
use serde_json::{Map, Value, json};

/// Who is there, with others whose names begin alike, and a project of the file's own.
const PROVISION: &str = r#"
[[user]]
name = "ana"
email = "ana@example.org"
password = "the password of ana"
certified = true

[[user]]
name = "ben"
email = "ben@example.org"
password = "the password of ben"
certified = true

[[user]]
name = "c.leo"
password = "the password of c.leo"

[[user]]
name = "anabel"

[[user]]
name = "benedikt"

[[team]]
name = "lab"
members = ["ben"]

[[team]]
name = "labour"
members = ["anabel"]

[[project]]
id = "syn101"
name = "A long list"
owner = "ana"
"#;

/// How many repositories that project has: more than fit on a page.
const MANY: usize = 105;

/// Everybody who is signed in, and anybody at all.
const REGISTERED: u64 = 273_948;
const PUBLIC: u64 = 273_949;

/// One engine takes seconds to start, so that one test goes through everything with it.
#[test]
fn what_the_python_client_does_counts_for_docker_and_the_other_way_round() {
    let lab = Lab::open();
    for version in Python::VERSIONS {
        Story::begin(&lab, version).tell();
        page::runs(&lab, version);
    }
}

/// A server with people, and an engine that has an image.
struct Lab {
    server: Server,
    engine: Engine,
    manager: Manager,
    ana: Account,
    ben: Account,
    cleo: Account,
    /// The number of the team that `ben` is in.
    team: u64,
}

impl Lab {
    fn open() -> Self {
        let server = Server::start(ServerOptions {
            provision: Some(PROVISION.into()),
            ..ServerOptions::default()
        });
        let (engine, manager) = (Engine::start(), Manager::of(&server.host));
        let api = manager.api();
        let account = |name: &str| Account::sign_in(api, name, &format!("the password of {name}"));
        let (ana, ben, cleo) = (account("ana"), account("ben"), account("c.leo"));
        let team = manager.get(&ana, "/pierhead/v1/team?name=lab");
        let team = text(&team.expect(200).json()["id"]).parse().unwrap();
        let image = server.folder().join("image");
        scratch_build(&image, "the base", "analysed");
        engine.client("builder").build(&image, "analysis");
        for number in 0..MANY {
            let name = format!("syn101/number-{number:03}");
            let owner = manager.registry(&ana, &[&name]);
            Tiny::of("one for all").push(&owner, &name, "1").expect(201);
        }
        Self {
            server,
            engine,
            manager,
            ana,
            ben,
            cleo,
            team,
        }
    }

    /// Somebody's python, with nobody signed in.
    fn python(&self, version: &'static str) -> Python {
        Python::start(version, &self.server.host, &page::config(self))
    }

    /// Somebody's python, signed in with a token.
    fn signed_in(&self, version: &'static str, account: &Account, token: &str) -> Python {
        let mut python = self.python(version);
        let id = account.id.to_string();
        let who = json!({ "token": token, "name": account.name, "id": id });
        python.step("people.signs_in", &who);
        python
    }

    /// Somebody's docker, signed in with a token.
    fn docker(&self, account: &Account, token: &str) -> Client {
        let docker = self.engine.client(&account.name);
        let login = docker.login(&self.server.host, &account.name, token);
        login.expect_ok("docker login");
        docker
    }
}

/// One version of the client, in the hands of three people.
struct Story<'l> {
    lab: &'l Lab,
    version: &'static str,
    ana: Python,
    ben: Python,
    cleo: Python,
    bens_docker: Client,
    /// The project that `ana` made.
    project: String,
}

impl<'l> Story<'l> {
    /// Everybody signs in, and `ana` makes a project.
    fn begin(lab: &'l Lab, version: &'static str) -> Self {
        let python = |account: &Account| lab.signed_in(version, account, &account.token);
        let (mut ana, ben, cleo) = (python(&lab.ana), python(&lab.ben), python(&lab.cleo));
        let project = ana.step("projects.keeps_projects", &json!({}));
        Self {
            lab,
            version,
            ana,
            ben,
            cleo,
            bens_docker: lab.docker(&lab.ben, &lab.ben.token),
            project: text(&project),
        }
    }

    fn tell(mut self) {
        self.people_are_found();
        self.a_project_named_alike_is_not_taken_for_hers();
        let repository = self.what_docker_pushed_is_found();
        self.a_team_is_shared_with(&repository);
        self.a_list_of_its_own_counts_alone(&repository);
        self.everybody_is_shared_with(&repository);
        self.what_is_put_away_is_gone_at_once(&repository);
        self.what_is_kept_elsewhere_is_referred_to();
        self.who_is_not_certified_makes_nothing_new();
        self.teams_come_and_go();
        self.all_of_it_is_in_the_record(&repository);
        self.the_scopes_of_a_token_count();
        self.a_revoked_token_is_shut_out();
    }

    fn name(&self) -> String {
        format!("{}/analysis", self.project)
    }

    fn image(&self) -> String {
        format!("{}/{}:1", self.lab.server.host, self.name())
    }

    fn people_are_found(&mut self) {
        let lab = self.lab;
        let user = |(account, certified): (&Account, bool)| {
            let known = json!({ "id": account.id.to_string(), "certified": certified });
            (account.name.clone(), known)
        };
        let users = [(&lab.ana, true), (&lab.ben, true), (&lab.cleo, false)];
        let users: Map<_, _> = users.map(user).into_iter().collect();
        let team = json!({ "id": lab.team.to_string(), "name": "lab", "members": ["ben"] });
        let known = json!({ "users": users, "team": team });
        self.ana.step("people.looks_people_up", &known);
        self.cleo.step("people.looks_people_up", &known);
        let token = &lab.ana.token;
        let script = json!({ "token": token, "name": "ana" });
        self.ana.step("people.signs_in_as_scripts_do", &script);
    }

    fn a_project_named_alike_is_not_taken_for_hers(&mut self) {
        let name = self
            .ana
            .step("projects.name_of", &json!({ "entity": self.project }));
        let alike = json!({ "name": name, "partner": self.lab.ana.id });
        self.ben.step("projects.makes_one_alike", &alike);
        let own = json!({ "project": self.project });
        self.ana.step("projects.finds_her_own", &own);
    }

    /// Pushes by docker, and finds it by python: the repository's id.
    fn what_docker_pushed_is_found(&mut self) -> String {
        let (lab, name) = (self.lab, self.name());
        let docker = lab.docker(&lab.ana, &lab.ana.token);
        let digest = push(&docker, &self.image()).expect("a push tells the digest");
        // More tags than fit on a page.
        let mut tags = Map::from_iter([("1".to_owned(), json!(digest))]);
        let owner = lab.manager.registry(&lab.ana, &[&name]);
        for number in 0..25 {
            let (tag, tiny) = (
                format!("tiny-{number}"),
                Tiny::of(format!("image {number}")),
            );
            tiny.push(&owner, &name, &tag).expect(201);
            tags.insert(tag, json!(tiny.digest()));
        }
        let id = lab.manager.repository_id(&name);
        let full = format!("{}/{name}", lab.server.host);
        let there = json!({ "project": self.project, "id": id, "name": full, "tags": tags });
        self.ana.step("projects.finds_repositories", &there);
        self.ana.step(
            "projects.lists",
            &json!({ "project": "syn101", "count": MANY }),
        );
        for entity in [&self.project, &id] {
            self.ana
                .step("sharing.may", &json!({ "entity": entity, "what": ALL }));
        }
        id
    }

    fn a_team_is_shared_with(&mut self, repository: &str) {
        let (lab, project) = (self.lab, self.project.clone());
        let team = json!(lab.team);
        self.ben
            .step("sharing.sees_nothing", &json!({ "entity": repository }));
        self.share("sharing.shares", &project, &team, DOWNLOAD);
        // From here on nobody renews this token.
        let held = lab.manager.registry(&lab.ben, &[&self.name()]);
        for step in ["sharing.shares", "sharing.shares_as_model"] {
            self.share(step, &project, &team, DOWNLOAD);
            self.ben_is_let_in(true, repository, &held);
            let own = json!({ "project": project });
            self.ben.step("sharing.may_not_write", &own);
            let held_there = json!({ "entity": repository, "what": DOWNLOAD });
            self.ben.step("sharing.may", &held_there);
            lab.manager.member(lab.team, &lab.ben, "DELETE");
            self.ben_is_let_in(false, repository, &held);
            lab.manager.member(lab.team, &lab.ben, "PUT");
            self.ben_is_let_in(true, repository, &held);
            self.share(step, &project, &team, &[]);
            self.ben_is_let_in(false, repository, &held);
        }
        // The client itself looks for the number of a user's name.
        let again = self.image() + "-again";
        for (what, may_push) in [(EDIT, true), (DOWNLOAD, false)] {
            self.share("sharing.shares", &project, &json!("ben"), what);
            self.ben_is_let_in(true, repository, &held);
            let pushed = push(&self.bens_docker, &again);
            assert_eq!(pushed.is_some(), may_push, "{what:?}");
        }
    }

    fn a_list_of_its_own_counts_alone(&mut self, repository: &str) {
        let lab = self.lab;
        let held = lab.manager.registry(&lab.ben, &[&self.name()]);
        let it = json!({ "entity": repository });
        // It begins as a copy, in which ben is.
        self.share("sharing.shares", repository, &json!("c.leo"), VIEW);
        self.ben_is_let_in(true, repository, &held);
        self.share(
            "sharing.shares_as_model",
            repository,
            &json!(lab.ben.id),
            &[],
        );
        self.ben_pulls(false, &held);
        let seen = json!({ "entity": repository, "what": VIEW });
        self.cleo.step("sharing.may", &seen);
        let told = json!({ "entity": repository, "who": lab.cleo.id, "what": VIEW });
        self.ana.step("sharing.holds", &told);
        self.ana.step("sharing.inherits_again", &it);
        self.ben_is_let_in(true, repository, &held);
        self.cleo.step("sharing.sees_nothing", &it);
    }

    fn everybody_is_shared_with(&mut self, repository: &str) {
        let (lab, project) = (self.lab, self.project.clone());
        let (it, image) = (json!({ "entity": repository }), self.image());
        let docker = lab.docker(&lab.cleo, &lab.cleo.token);
        self.ana
            .step("sharing.sees_nothing_without_signing_in", &it);
        for (what, may_pull) in [(DOWNLOAD, true), (VIEW, false)] {
            self.share("sharing.shares", &project, &json!(REGISTERED), what);
            self.cleo.step(
                "sharing.may",
                &json!({ "entity": repository, "what": what }),
            );
            assert_eq!(docker.docker(&["pull", &image]).ok, may_pull, "{what:?}");
            self.ana
                .step("sharing.sees_nothing_without_signing_in", &it);
        }
        self.share("sharing.shares", &project, &json!(REGISTERED), &[]);
        self.cleo.step("sharing.sees_nothing", &it);

        let own = json!({ "entity": project });
        self.ana.step("sharing.may_not_share_too_much", &own);
        self.share("sharing.shares", &project, &json!("PUBLIC"), VIEW);
        self.ana.step("sharing.sees_without_signing_in", &it);
        self.share("sharing.shares_as_model", &project, &json!(PUBLIC), &[]);
        self.ana
            .step("sharing.sees_nothing_without_signing_in", &it);
    }

    fn what_is_put_away_is_gone_at_once(&mut self, repository: &str) {
        let (lab, project) = (self.lab, self.project.clone());
        let held = lab.manager.registry(&lab.ben, &[&self.name()]);
        let owner = lab.manager.registry(&lab.ana, &[&self.name()]);
        // A list of its own comes back with it.
        lab.manager
            .share(repository, &[(lab.ana.id, ALL), (lab.ben.id, DOWNLOAD)]);
        for entity in [repository, &project] {
            let it = json!({ "entity": entity });
            self.ana.step("projects.puts_away", &it);
            self.ben_pulls(false, &held);
            for entity in [repository, entity] {
                self.ben
                    .step("sharing.is_told_where_it_is", &json!({ "entity": entity }));
            }
            let late = Tiny::of("too late").push_blob(&owner, &self.name());
            assert_eq!(late.status, 403);
            self.ana.step("projects.restores", &it);
            self.ben_is_let_in(true, repository, &held);
        }
        self.ana
            .step("sharing.inherits_again", &json!({ "entity": repository }));
    }

    fn what_is_kept_elsewhere_is_referred_to(&mut self) {
        let own = format!("{}/{}/by-hand", self.lab.server.host, self.project);
        let with = json!({ "project": self.project, "own": own });
        self.ana.step("projects.refers_elsewhere", &with);
    }

    fn who_is_not_certified_makes_nothing_new(&mut self) {
        let lab = self.lab;
        let own = text(&self.cleo.step("projects.is_not_certified", &json!({})));
        let docker = lab.docker(&lab.cleo, &lab.cleo.token);
        let image = format!("{}/{own}/new:1", lab.server.host);
        assert_eq!(push(&docker, &image), None);
    }

    fn teams_come_and_go(&mut self) {
        let (lab, version) = (self.lab, self.version.replace('.', "-"));
        let new = json!({ "name": format!("writers-{version}"), "member": lab.ben.id.to_string() });
        let teams = self.ana.step("people.makes_teams", &new);
        let gone = json!({ "session": lab.ana.session, "teams": teams });
        self.ana.step("people.deletes_teams", &gone);
    }

    /// Whatever python did is written down with who did it.
    fn all_of_it_is_in_the_record(&self, repository: &str) {
        let by_ana = json!(self.lab.ana.id.to_string());
        for (entity, kinds) in [
            (
                &*self.project,
                "create-project describe restore set-list trash",
            ),
            (repository, "describe restore set-list trash"),
        ] {
            let path = format!("/pierhead/v1/audit?limit=1000&entity={entity}");
            let record = self.lab.manager.get(&self.lab.ana, &path);
            let record = record.expect(200).json();
            let rows = record["results"].as_array().expect("rows").iter();
            let hers = rows.filter(|row| row["who"] == by_ana);
            let did: BTreeSet<String> = hers.map(|row| text(&row["what"])).collect();
            let did: Vec<String> = did.into_iter().collect();
            assert_eq!(did.join(" "), kinds, "{entity}");
        }
    }

    fn the_scopes_of_a_token_count(&self) {
        let (lab, project) = (self.lab, &self.project);
        let token = |scopes: &[&str]| lab.ana.make_token(lab.manager.api(), scopes).1;
        let mut python = lab.signed_in(self.version, &lab.ana, &token(&["view"]));
        python.step("people.only_reads", &json!({ "project": project }));
        let token = json!({ "token": token(&["download", "modify"]) });
        lab.python(self.version)
            .step("people.does_not_sign_in", &token);
    }

    fn a_revoked_token_is_shut_out(self) {
        let (lab, image) = (self.lab, self.image());
        let all = ["view", "download", "modify"];
        let (id, token) = lab.ben.make_token(lab.manager.api(), &all);
        let mut python = lab.signed_in(self.version, &lab.ben, &token);
        let docker = lab.docker(&lab.ben, &token);
        python.step("sharing.sees", &json!({ "entity": self.project }));
        docker.docker(&["pull", &image]).expect_ok("docker pull");
        let path = format!("/auth/v1/personalAccessToken/{id}");
        let session = &lab.ben.session;
        let revoked = lab.manager.ask(session, "DELETE", &path, &Value::Null);
        revoked.expect(200);
        python.step("people.is_shut_out", &json!({}));
        let pulled = docker.docker(&["pull", &image]);
        pulled.expect_refused("a pull with a revoked token");
    }

    /// Gives somebody these permissions, and reads them back.
    fn share(&mut self, step: &str, entity: &str, who: &Value, what: &[&str]) {
        let with = json!({ "entity": entity, "who": who, "what": what });
        self.ana.step(step, &with);
        self.ana.step("sharing.holds", &with);
    }

    /// Whether `ben` sees and pulls, or neither, on the very next request.
    fn ben_is_let_in(&mut self, may: bool, repository: &str, held: &Api) {
        self.ben_pulls(may, held);
        let step = if may {
            "sharing.sees"
        } else {
            "sharing.sees_nothing"
        };
        self.ben.step(step, &json!({ "entity": repository }));
    }

    fn ben_pulls(&self, may: bool, held: &Api) {
        let path = format!("/v2/{}/manifests/1", self.name());
        let status = held.send("GET", &path, &[], &[]).status;
        assert_eq!(status == 200, may, "{status} with a token from before");
        let pulled = self.bens_docker.docker(&["pull", &self.image()]);
        assert_eq!(pulled.ok, may, "{}", pulled.text);
    }
}

/// Pushes the image under a name: the digest, if it was taken.
fn push(docker: &Client, image: &str) -> Option<String> {
    let tagged = docker.docker(&["tag", "analysis", image]);
    tagged.expect_ok("docker tag");
    let pushed = docker.docker(&["push", image]);
    let mut words = pushed.text.split_whitespace();
    let digest = words.find(|word| word.starts_with("sha256:"));
    digest.filter(|_| pushed.ok).map(ToOwned::to_owned)
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("`{value}` is no text"))
        .to_owned()
}
