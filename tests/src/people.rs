//! A project, and one person for each way of standing towards it.

use std::fmt::Write as _;

use crate::{Server, ServerOptions};

/// The project that the people have to do with.
pub const PROJECT: &str = "syn101";

/// Somebody, and what rows 1 to 3 of the table of decisions say about them.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a row of a table is what it is"
)]
pub struct Person {
    /// The account's name; empty: nobody signs in.
    pub name: &'static str,
    /// In words.
    pub is: &'static str,
    /// What the project shares with the account.
    pub level: Option<&'static str>,
    /// Whether the account is certified.
    pub certified: bool,
    /// Whether they may push to a name that does not exist yet.
    pub push_new: bool,
    /// Whether they may push to a repository that exists.
    pub push_existing: bool,
    /// Whether they may pull.
    pub pull: bool,
    /// Whether they may delete.
    pub delete: bool,
    /// Whether they run the server.
    pub operator: bool,
}

/// The project's owner, certified: each test makes what the others then try to reach.
pub const OWNER: Person = person("ana", "the certified owner", None, true, [true; 4]);

/// Everybody whom the tests let try: what may they, push something new, push to what exists,
/// pull, delete?
pub const PEOPLE: &[Person] = &[
    person("", "anonymous", None, false, [false, false, false, false]),
    person(
        "sam",
        "a stranger",
        None,
        false,
        [false, false, false, false],
    ),
    person(
        "cat",
        "a certified stranger",
        None,
        true,
        [false, false, false, false],
    ),
    person(
        "vic",
        "a viewer",
        Some("can-view"),
        true,
        [false, false, false, false],
    ),
    person(
        "dan",
        "a downloader",
        Some("can-download"),
        true,
        [false, false, true, false],
    ),
    person(
        "una",
        "an uncertified editor",
        Some("can-edit"),
        false,
        [false, true, true, false],
    ),
    person(
        "eve",
        "a certified editor",
        Some("can-edit"),
        true,
        [true, true, true, false],
    ),
    person(
        "oli",
        "an uncertified administrator",
        Some("administrator"),
        false,
        [false, true, true, true],
    ),
    Person {
        operator: true,
        ..person("ops", "an operator without a share", None, false, [true; 4])
    },
];

const fn person(
    name: &'static str,
    is: &'static str,
    level: Option<&'static str>,
    certified: bool,
    [push_new, push_existing, pull, delete]: [bool; 4],
) -> Person {
    Person {
        name,
        is,
        level,
        certified,
        push_new,
        push_existing,
        pull,
        delete,
        operator: false,
    }
}

impl Person {
    /// Their password.
    pub fn password(&self) -> String {
        format!("the password of {}", self.name)
    }

    /// Whether they see the project at all.
    pub fn sees(&self) -> bool {
        self.level.is_some() || self.operator
    }

    /// How they are called in a repository's name.
    pub fn slug(&self) -> &'static str {
        if self.name.is_empty() {
            "anonymous"
        } else {
            self.name
        }
    }
}

/// A provisioning file that makes the project and these people.
pub fn provision(people: &[Person]) -> String {
    let mut text = String::new();
    for person in [OWNER]
        .iter()
        .chain(people)
        .filter(|person| !person.name.is_empty())
    {
        let (name, password, certified) = (person.name, person.password(), person.certified);
        let _ = writeln!(
            text,
            "[[user]]\nname = \"{name}\"\nemail = \"{name}@example.org\""
        );
        let _ = writeln!(text, "password = \"{password}\"\ncertified = {certified}");
        let _ = writeln!(text, "operator = {}\n", person.operator);
    }
    let _ = writeln!(text, "[[project]]\nid = \"{PROJECT}\"\nname = \"Genomics\"");
    let _ = writeln!(text, "owner = \"{}\"\nshare = [", OWNER.name);
    for person in people {
        if let Some(level) = person.level {
            let _ = writeln!(
                text,
                "  {{ user = \"{}\", level = \"{level}\" }},",
                person.name
            );
        }
    }
    text.push_str("]\n");
    text
}

/// A server with the project and everybody in it.
pub fn lab() -> Server {
    Server::start(ServerOptions {
        provision: Some(provision(PEOPLE)),
        ..ServerOptions::default()
    })
}

/// The same, and [`Server::uploads`] can be asked.
pub fn lab_that_logs_requests() -> Server {
    Server::start(ServerOptions {
        provision: Some(provision(PEOPLE)),
        config: Some("[log]\nlevel = \"debug\"\n".into()),
        ..ServerOptions::default()
    })
}
