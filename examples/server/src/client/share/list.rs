//! A sharing list as it was read, and what a change does to it.

use std::collections::HashMap;

use pierhead::policy::{Levels, Permission, Permissions};
use serde_json::{Value, json};

use crate::client::answers::shown;
use crate::client::api::Api;
use crate::client::names::{Principal, number};
use crate::failure::Failure;
use crate::table::table;
use crate::terminal::plain;

/// How often the list that counts is looked for while it becomes another one.
const TRIES: usize = 3;

/// The list that counts for something, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct List {
    /// The id of the project or the repository that has it.
    pub(crate) of: String,
    entries: Vec<(u64, Permissions)>,
    document: Value,
}

impl List {
    /// The list that counts for an entity.
    ///
    /// # Errors
    /// When it may not be seen, or the server cannot be asked.
    pub(crate) fn read(api: &Api, id: &str) -> Result<Self, Failure> {
        let mut tries = 0;
        loop {
            let of = api.get(&format!("/repo/v1/entity/{id}/benefactor"))?;
            let of = shown(&of["id"]);
            tries += 1;
            match api.get(&format!("/repo/v1/entity/{of}/acl")) {
                Ok(document) => return Self::of(api, document),
                Err(error) if error.status() == Some(404) && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A list as the server wrote it.
    ///
    /// # Errors
    /// When that is none.
    pub(crate) fn of(api: &Api, document: Value) -> Result<Self, Failure> {
        Self::parse(document).ok_or_else(|| api.strange("gave no sharing list"))
    }

    fn parse(document: Value) -> Option<Self> {
        let mut entries = Vec::new();
        for entry in document["resourceAccess"].as_array()? {
            let permissions = serde_json::from_value(entry["accessType"].clone()).ok()?;
            entries.push((number(&entry["principalId"])?, permissions));
        }
        let of = shown(&document["id"]);
        Some(Self {
            of,
            entries,
            document,
        })
    }

    /// As the server wrote it.
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// Whose number holds what.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Permissions)> {
        self.entries.iter().copied()
    }

    /// What one number's entry gives.
    pub(super) fn held(&self, who: u64) -> Permissions {
        let found = self.entries().find(|(id, _)| *id == who);
        found.map(|(_, held)| held).unwrap_or_default()
    }

    /// Gives a number an entry, in the place of the one that it has.
    pub(super) fn set(&mut self, who: u64, permissions: Permissions) {
        match self.entries.iter_mut().find(|(id, _)| *id == who) {
            Some(entry) => entry.1 = permissions,
            None => self.entries.push((who, permissions)),
        }
    }

    /// Takes a number's entry out, if there is one.
    pub(super) fn remove(&mut self, who: u64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(id, _)| *id != who);
        self.entries.len() < before
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.entries == other.entries
    }

    /// As it is sent: in the place of the one that was read, or anew.
    pub(super) fn sent(&self, replaces: bool) -> Value {
        let entries: Vec<_> = self
            .entries()
            .map(|(who, permissions)| json!({ "principalId": who, "accessType": permissions }))
            .collect();
        let mut sent = json!({ "resourceAccess": entries });
        if replaces {
            sent["etag"] = self.document["etag"].clone();
        }
        sent
    }

    /// A row for each entry, by name.
    pub(super) fn table(&self, known: &HashMap<u64, Principal>) -> String {
        let mut rows: Vec<_> = self
            .entries()
            .map(|(who, held)| {
                let (name, kind) = who_is(known, who);
                [name, kind.to_owned(), level_of(held)]
            })
            .collect();
        rows.sort();
        table(["WHO", "KIND", "LEVEL"], &rows)
    }

    /// All entries in one line.
    pub(crate) fn in_one_line(&self, known: &HashMap<u64, Principal>) -> String {
        let mut words: Vec<_> = self
            .entries()
            .map(|(who, held)| format!("{} {}", who_is(known, who).0, level_of(held)))
            .collect();
        words.sort();
        if words.is_empty() {
            return "nobody".to_owned();
        }
        words.join(" · ")
    }

    /// What is different in another list, if anything is.
    pub(super) fn changes(&self, other: &Self, known: &HashMap<u64, Principal>) -> Option<String> {
        let gone = self.entries().map(|(who, _)| who);
        let new = other.entries().map(|(who, _)| who);
        let mut everybody: Vec<u64> = gone.chain(new).collect();
        everybody.sort_unstable();
        everybody.dedup();
        let mut rows: Vec<_> = everybody
            .into_iter()
            .filter(|who| self.held(*who) != other.held(*who))
            .map(|who| {
                let (name, kind) = who_is(known, who);
                let (before, after) = (level_of(self.held(who)), level_of(other.held(who)));
                [name, kind.to_owned(), before, after]
            })
            .collect();
        rows.sort();
        let heading = ["WHO", "KIND", "BEFORE", "AFTER"];
        (!rows.is_empty()).then(|| table(heading, &rows))
    }
}

fn who_is(known: &HashMap<u64, Principal>, who: u64) -> (String, &'static str) {
    match known.get(&who) {
        Some(found) => (found.name.clone(), found.kind.word()),
        None => (who.to_string(), "unknown"),
    }
}

/// What permissions are called.
fn level_of(held: Permissions) -> String {
    if held.is_empty() {
        return "nothing".to_owned();
    }
    match Levels::default().shown(held) {
        Levels::CUSTOM => format!("custom: {}", joined(held)),
        level => level.to_owned(),
    }
}

fn joined(held: Permissions) -> String {
    let names: Vec<_> = held.iter().map(Permission::name).collect();
    names.join(", ")
}

/// The permissions that were typed: a level's, or some joined by commas.
pub(super) fn level(typed: &str) -> Result<Permissions, Failure> {
    let unknown = match Levels::default().permissions(typed) {
        Ok(found) => return Ok(found),
        Err(unknown) => unknown,
    };
    let each = typed
        .split(',')
        .map(|name| name.trim().parse::<Permission>());
    let custom: Result<Permissions, _> = each.collect();
    custom.map_err(|_| {
        Failure::told(format!(
            "`{}` is {unknown}, or permissions joined by commas, such as READ,UPDATE",
            plain(typed)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::names::Kind;

    fn list(entries: &[(u64, &str)]) -> List {
        let entries: Vec<_> = entries
            .iter()
            .map(|(who, named)| json!({ "principalId": who, "accessType": level(named).unwrap() }))
            .collect();
        let document = json!({ "id": "syn1", "etag": "e", "resourceAccess": entries });
        List::parse(document).expect("a list")
    }

    fn known() -> HashMap<u64, Principal> {
        let person = |id: u64, name: &str, kind| {
            let name = name.to_owned();
            (id, Principal { id, name, kind })
        };
        HashMap::from([
            person(1, "ana", Kind::User),
            person(2, "readers", Kind::Team),
            person(3, "public", Kind::Everyone),
        ])
    }

    #[test]
    fn what_is_typed_is_a_level_or_permissions() {
        for (typed, shown) in [
            ("can-view", "can-view"),
            ("administrator", "administrator"),
            ("READ", "can-view"),
            ("DOWNLOAD,READ", "can-download"),
            ("READ, UPDATE", "custom: READ, UPDATE"),
        ] {
            assert_eq!(level_of(level(typed).unwrap()), shown, "{typed}");
        }
        for typed in ["", "can_view", "Can-View", "READ,", "custom", "read\u{1b}"] {
            let error = level(typed).unwrap_err().to_string();
            assert!(error.contains("can-view, can-download"), "{error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn changes_are_told_by_name_from_what_was_to_what_is() {
        let before = list(&[(1, "administrator"), (3, "can-view"), (9, "can-edit")]);
        let mut after = before.clone();
        after.set(2, level("READ,UPDATE").unwrap());
        after.set(3, level("can-download").unwrap());
        assert!(after.remove(9));
        assert!(!after.remove(9));
        let told = before.changes(&after, &known()).expect("changes");
        let expected = "\
WHO      KIND      BEFORE    AFTER
9        unknown   can-edit  nothing
public   everyone  can-view  can-download
readers  team      nothing   custom: READ, UPDATE
";
        assert_eq!(told, expected);
        assert_eq!(before.changes(&before, &known()), None);
        assert_eq!(
            after.in_one_line(&known()),
            "ana administrator · public can-download · readers custom: READ, UPDATE"
        );
        assert_eq!(list(&[]).in_one_line(&known()), "nobody");
        assert_eq!(after.sent(true)["etag"], "e");
        assert_eq!(after.sent(false)["etag"], Value::Null);
        assert_eq!(after.sent(true)["resourceAccess"][2]["principalId"], 2);
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        for document in [
            json!({}),
            json!({ "resourceAccess": [{}] }),
            json!({ "resourceAccess": [{ "principalId": 1, "accessType": ["FLY"] }] }),
        ] {
            assert!(List::parse(document.clone()).is_none(), "{document}");
        }
    }
}
