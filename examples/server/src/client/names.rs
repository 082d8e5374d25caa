//! What people type, as the ids that a server knows it by.

use std::collections::{BTreeSet, HashMap};

use pierhead::model::percent_encode;
use pierhead::policy::PrincipalId;
use serde_json::{Value, json};

use super::answers::shown;
use super::api::Api;
use super::{Repository, is_host};
use crate::failure::Failure;
use crate::terminal::plain;

/// How many numbers are asked about at a time: a path of fewer than 8 KiB.
const BATCH: usize = 500;

/// Whom a sharing list can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What somebody is whom a list can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Team,
    /// `registered` or `public`.
    Everyone,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Everyone => "everyone",
        }
    }
}

/// The user, the team or everybody of a name; a number is an id.
///
/// # Errors
/// When nobody has the name, and when the server cannot be asked.
pub(crate) fn principal(api: &Api, typed: &str) -> Result<Principal, Failure> {
    if let Some(found) = everyone(typed) {
        return Ok(found);
    }
    let nobody = || {
        let typed = plain(typed);
        Failure::answered(
            404,
            format!("there is no user and no team `{typed}`; correct the name"),
        )
    };
    if let Ok(id) = typed.parse() {
        let found = principals(api, [id])?.remove(&id);
        return found.ok_or_else(nobody);
    }
    let path = format!("/pierhead/v1/principal?name={}", percent_encode(typed));
    let found = api.get(&path).map_err(|error| match error.status() {
        Some(404) => nobody(),
        _ => error,
    })?;
    let id = number(&found["id"]).ok_or_else(|| api.strange("gave no number"))?;
    let kind = if found["kind"] == "team" {
        Kind::Team
    } else {
        Kind::User
    };
    let name = shown(&found["name"]);
    Ok(Principal { id, name, kind })
}

/// The user of a name or a number.
///
/// # Errors
/// As for [`principal`], and when it is something else.
pub(crate) fn user(api: &Api, typed: &str) -> Result<Principal, Failure> {
    of_kind(api, typed, Kind::User)
}

/// The team of a name or a number.
///
/// # Errors
/// As for [`principal`], and when it is something else.
pub(crate) fn team(api: &Api, typed: &str) -> Result<Principal, Failure> {
    of_kind(api, typed, Kind::Team)
}

fn of_kind(api: &Api, typed: &str, wanted: Kind) -> Result<Principal, Failure> {
    let found = principal(api, typed)?;
    if found.kind == wanted {
        return Ok(found);
    }
    let (typed, wanted) = (plain(typed), wanted.word());
    Err(Failure::happened(match found.kind {
        Kind::Everyone => format!("`{typed}` stands for everybody; name one {wanted}"),
        is => format!("`{typed}` is a {}; name a {wanted}", is.word()),
    }))
}

fn everyone(typed: &str) -> Option<Principal> {
    let (name, id) = [
        ("registered", PrincipalId::REGISTERED),
        ("public", PrincipalId::PUBLIC),
    ]
    .into_iter()
    .find(|(name, id)| typed.eq_ignore_ascii_case(name) || typed == id.get().to_string())?;
    Some(Principal {
        id: id.get(),
        name: name.to_owned(),
        kind: Kind::Everyone,
    })
}

/// Who some numbers are; those that nobody has are left out.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) fn principals(
    api: &Api,
    ids: impl IntoIterator<Item = u64>,
) -> Result<HashMap<u64, Principal>, Failure> {
    let mut known = HashMap::new();
    let mut asked = Vec::new();
    for id in BTreeSet::from_iter(ids) {
        let text = id.to_string();
        match everyone(&text) {
            Some(found) => drop(known.insert(id, found)),
            None => asked.push(text),
        }
    }
    for some in asked.chunks(BATCH) {
        let path = format!("/repo/v1/userGroupHeaders/batch?ids={}", some.join(","));
        let found = api.get(&path)?;
        for found in found["children"].as_array().into_iter().flatten() {
            let id = number(&found["ownerId"]).ok_or_else(|| api.strange("gave no number"))?;
            let kind = if found["isIndividual"] == false {
                Kind::Team
            } else {
                Kind::User
            };
            let name = shown(&found["userName"]);
            known.insert(id, Principal { id, name, kind });
        }
    }
    Ok(known)
}

/// The names of the numbers that stand in a member of some answers.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) fn names_in(
    api: &Api,
    rows: &[Value],
    member: &str,
) -> Result<HashMap<u64, Principal>, Failure> {
    principals(api, rows.iter().filter_map(|row| number(&row[member])))
}

/// The name of the number in an answer, or the number where nobody has it any more.
pub(crate) fn name_of(known: &HashMap<u64, Principal>, id: &Value) -> String {
    match number(id) {
        None => String::new(),
        Some(id) => known
            .get(&id)
            .map_or_else(|| id.to_string(), |found| found.name.clone()),
    }
}

/// A number of somebody, which some calls write as text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A project or a repository as people type it, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Typed<'a> {
    pub(crate) host: Option<&'a str>,
    pub(crate) what: What<'a>,
}

/// How it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// `syn101` or `101`, of either.
    Id(&'a str),
    /// `syn101/tools`.
    Repository(&'a str),
    /// What a project is called.
    Project(&'a str),
}

/// A project or a repository that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_project: bool,
}

impl<'a> Typed<'a> {
    /// Reads what was typed. A host is one only before `syn101` or `syn101/tools`, because projects may
    /// be called anything; one that is called by a number is named by its id.
    ///
    /// # Errors
    /// When it is nothing that could have a name, or says more than the name.
    pub(crate) fn read(text: &'a str) -> Result<Self, Failure> {
        if text.trim().is_empty() {
            return Err(Failure::told(
                "name a project (`syn101`) or a repository (`syn101/tools`)",
            ));
        }
        let read = Repository::read(text);
        let after_host = text.split_once('/').filter(|(host, rest)| {
            is_host(host) && is_syn(rest.split(['/', ':', '@']).next().unwrap_or_default())
        });
        let first = text.split(['/', ':', '@']).next().unwrap_or_default();
        let (host, name) = match (read, after_host) {
            (Ok(read), Some(_)) => (read.host, read.name),
            (Err(error), Some(_)) => return Err(error),
            (Err(error), None) if is_syn(first) || text.contains("://") => return Err(error),
            _ => (None, text),
        };
        let what = match name.split_once('/') {
            None if is_id(name) => What::Id(name),
            Some((project, _)) if is_syn(project) => What::Repository(name),
            _ => What::Project(name),
        };
        Ok(Self { host, what })
    }

    /// Finds it.
    ///
    /// # Errors
    /// When there is none that may be seen, or several, and when the server cannot be asked.
    pub(crate) fn find(&self, api: &Api) -> Result<Entity, Failure> {
        let id = match self.what {
            What::Id(id) => id.to_owned(),
            What::Repository(name) => Repository { host: None, name }.id(api)?,
            What::Project(name) => project_called(api, name)?,
        };
        header(api, &id).map_err(|error| match (self.what, error.status()) {
            (What::Id(typed), Some(status @ 404)) if is_digits(typed) => Failure::answered(
                status,
                format!(
                    "there is no syn{typed} that you may see; correct the id, which `pierhead \
                     project list` shows"
                ),
            ),
            _ => error,
        })
    }
}

fn project_called(api: &Api, name: &str) -> Result<String, Failure> {
    let found = api.post("/repo/v1/entity/child", &json!({ "entityName": name }));
    let name = plain(name);
    let found = found.map_err(|error| match error.status() {
        Some(status @ 404) => Failure::answered(
            status,
            format!(
                "no project that you may see is called `{name}`; `pierhead project list` shows \
                 which there are, and a repository is written as `syn101/tools`"
            ),
        ),
        Some(status @ 409) => Failure::answered(
            status,
            format!(
                "several projects are called `{name}`; write the id instead, which \
                 `pierhead project list` shows"
            ),
        ),
        _ => error,
    })?;
    Ok(shown(&found["id"]))
}

/// The project or the repository of an id.
///
/// # Errors
/// When there is none that may be seen, and when the server cannot be asked.
pub(crate) fn header(api: &Api, id: &str) -> Result<Entity, Failure> {
    let found = api.get(&format!("/repo/v1/entity/{}/type", percent_encode(id)))?;
    Ok(Entity {
        id: shown(&found["id"]),
        name: shown(&found["name"]),
        is_project: shown(&found["type"]).ends_with(".Project"),
    })
}

/// The host before some names, if there is one.
///
/// # Errors
/// When there are two: a command asks one server.
pub(crate) fn one_host<'a>(typed: &[Typed<'a>]) -> Result<Option<&'a str>, Failure> {
    let mut hosts = typed.iter().filter_map(|typed| typed.host);
    let first = hosts.next();
    match hosts.find(|host| first.is_some_and(|first| !first.eq_ignore_ascii_case(host))) {
        None => Ok(first),
        Some(other) => Err(Failure::told(format!(
            "{} and {} are two servers; name what is on one of them",
            plain(first.unwrap_or_default()),
            plain(other)
        ))),
    }
}

fn is_id(text: &str) -> bool {
    is_syn(text) || is_digits(text)
}

fn is_syn(text: &str) -> bool {
    let digits = text.get(3..).unwrap_or_default();
    text.get(..3)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("syn"))
        && is_digits(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_an_id_a_repository_or_what_a_project_is_called() {
        for (text, host, what) in [
            ("syn101", None, What::Id("syn101")),
            ("SYN101", None, What::Id("SYN101")),
            ("101", None, What::Id("101")),
            ("syn101/tools", None, What::Repository("syn101/tools")),
            ("syn101/a.b/c", None, What::Repository("syn101/a.b/c")),
            (
                "127.0.0.1:5000/syn101/a",
                Some("127.0.0.1:5000"),
                What::Repository("syn101/a"),
            ),
            (
                "r.example.org/syn101",
                Some("r.example.org"),
                What::Id("syn101"),
            ),
            ("Genomics", None, What::Project("Genomics")),
            ("Synapse", None, What::Project("Synapse")),
            ("syn", None, What::Project("syn")),
            (
                "Mouse: brain @ 12h",
                None,
                What::Project("Mouse: brain @ 12h"),
            ),
            ("a.b/c", None, What::Project("a.b/c")),
            ("Mouse: brain/2", None, What::Project("Mouse: brain/2")),
            ("library/ubuntu", None, What::Project("library/ubuntu")),
            ("101/tools", None, What::Project("101/tools")),
            ("s\u{fc}n1", None, What::Project("s\u{fc}n1")),
            ("sy\u{fc}", None, What::Project("sy\u{fc}")),
        ] {
            let read = Typed::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read, Typed { host, what }, "{text}");
        }
        for text in [
            "",
            " ",
            "syn101/tools:v1",
            "syn101/tools@sha256:0",
            "syn101:v1",
            "r.example.org/syn1/a:v1",
            "http://r.example.org/syn1",
        ] {
            assert!(Typed::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_command_asks_one_server() {
        let read = |texts: &[&'static str]| {
            let typed: Vec<_> = texts
                .iter()
                .map(|text| Typed::read(text).unwrap())
                .collect();
            one_host(&typed).map_err(|error| error.to_string())
        };
        assert_eq!(read(&["syn1", "syn2"]), Ok(None));
        assert_eq!(read(&["syn1", "a.b/syn2", "A.b/syn3"]), Ok(Some("a.b")));
        let two = read(&["a.b/syn1", "c.d/syn2"]).unwrap_err();
        assert!(two.contains("two servers"), "{two}");
    }

    #[test]
    fn everybody_has_two_names_and_two_numbers() {
        for (typed, name) in [
            ("registered", Some("registered")),
            ("Public", Some("public")),
            ("273948", Some("registered")),
            ("273949", Some("public")),
            ("0273949", None),
            ("ana", None),
        ] {
            let found = everyone(typed).map(|found| found.name);
            assert_eq!(found.as_deref(), name, "{typed}");
        }
    }
}
