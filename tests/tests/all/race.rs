//! Two first manifests of one name at once.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use pierhead::policy::{Action, CallerFacts, Decision, Rules, Target, decide};
use pierhead_tests::{
    ALL, Account, Answer, Inside, InsideOptions, Manager, Server, ServerOptions, Tiny,
};
use rusqlite::{Connection, OpenFlags};

/// Both are certified and hold CREATE on the project, and nothing else: of two first manifests one
/// creates the repository, and the other is a push to it, which asks for UPDATE.
#[test]
fn of_two_first_manifests_one_makes_the_repository_and_the_other_is_refused() {
    let server = Server::start(ServerOptions::default());
    let wrong = wrong_rounds(&server.host, &server.data(), 100);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn where_a_push_to_what_exists_asks_for_create_the_same_race_shows_it() {
    let server = Inside::start(InsideOptions {
        policy: || Arc::new(CreateForUpdate),
        ..InsideOptions::default()
    });
    let wrong = wrong_rounds(&server.host, &server.data(), 5);
    assert_eq!(wrong.len(), 5, "{wrong:?}");
}

/// The policy's table, but that a push to what exists is decided as one to a new name.
#[derive(Debug)]
struct CreateForUpdate;

impl Rules for CreateForUpdate {
    fn decide(&self, caller: &CallerFacts<'_>, action: Action, target: &Target<'_>) -> Decision {
        let target = match *target {
            Target::Repository {
                name_ok, project, ..
            } if action == Action::Push => Target::Repository {
                name_ok,
                project,
                repository: None,
            },
            target => target,
        };
        decide(self, caller, action, &target)
    }
}

/// The rounds after which there is not one answer of success, one refusal and one repository, each
/// with what there is.
fn wrong_rounds(host: &str, data: &Path, rounds: usize) -> Vec<String> {
    let manager = Manager::of(host);
    let owner = manager.account("owner", false);
    let project = manager.project(&owner);
    let racers = ["one", "two"].map(|word| manager.account(word, true));
    let [one, two] = racers.each_ref().map(|racer| (racer.id, &["CREATE"][..]));
    manager.share(&project, &[(owner.id, ALL), one, two]);
    let database = open(data);
    let mut wrong = Vec::new();
    for round in 0..rounds {
        let name = format!("{project}/round-{round}");
        let image = |racer: &Account| Tiny::of(format!("{name} by {}", racer.name));
        let images = racers.each_ref().map(image);
        let answers = race(&manager, &racers, &name, &images);
        let outcome = answers.map(|answer| (answer.status, answer.code()));
        let made = made(&database, &name);
        let won = |one: usize, other: usize| {
            let refused = (403, "DENIED".to_owned());
            let first = (racers[one].id.to_string(), images[one].digest());
            outcome[one].0 == 201 && outcome[other] == refused && made == [first]
        };
        if !won(0, 1) && !won(1, 0) {
            wrong.push(format!("{name}: {outcome:?} {made:?}"));
        }
    }
    let id: i64 = project[3..].parse().expect("a number");
    let children = "SELECT count(*) FROM entity WHERE parent = ?1";
    let children: i64 = database
        .query_row(children, [id], |row| row.get(0))
        .expect("a number");
    assert_eq!(usize::try_from(children), Ok(rounds), "entities");
    wrong
}

/// Both upload their own blob, then put their manifests at one moment, under one tag.
fn race(manager: &Manager, racers: &[Account; 2], name: &str, images: &[Tiny; 2]) -> [Answer; 2] {
    let start = &Barrier::new(2);
    thread::scope(|scope| {
        let run = |racer, image: &Tiny| {
            let api = manager.registry(racer, &[name]);
            image.push_blob(&api, name).expect(201);
            start.wait();
            image.put(&api, name, "first")
        };
        let one = scope.spawn(move || run(&racers[0], &images[0]));
        let two = run(&racers[1], &images[1]);
        [one.join().expect("an answer"), two]
    })
}

/// The repositories of a name, each with who made it and every push of a tag there.
fn made(database: &Connection, name: &str) -> Vec<(String, String)> {
    let query = "SELECT entity.who, hex(history.digest) FROM repository
        JOIN entity USING (id) LEFT JOIN history ON history.repository = repository.id
        WHERE repository.name = ?1";
    let mut statement = database.prepare(query).expect("a query");
    let row = |row: &rusqlite::Row<'_>| {
        let hex: String = row.get(1)?;
        // The number of the algorithm stands before the digest's bytes.
        Ok((row.get(0)?, format!("sha256:{}", hex[2..].to_lowercase())))
    };
    let rows = statement.query_map([name], row).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn open(data: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(data.join("metadata.db"), flags).expect("a database")
}
