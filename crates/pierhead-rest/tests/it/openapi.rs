//! The document that describes the API.

use std::collections::BTreeSet;
use std::path::Path;

use pierhead_rest::RestService;
use serde_json::{Value, json};

use crate::ground::ground;
use crate::shape::{DOCUMENT, fits};

/// The document as it is kept, in `docs/`; with `PIERHEAD_REWRITE_GOLDEN=1` it is written anew.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/openapi.json");

#[test]
fn what_is_served_is_what_is_kept() {
    let served = ground().document();
    assert_eq!(served.status, 200);
    if std::env::var_os("PIERHEAD_REWRITE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(KEPT, &served.text).unwrap();
    }
    let kept = std::fs::read_to_string(Path::new(KEPT)).unwrap();
    assert!(
        kept == served.text,
        "docs/openapi.json is not what is served; run this test with PIERHEAD_REWRITE_GOLDEN=1"
    );
}

#[test]
fn every_call_stands_in_it_and_nothing_else() {
    let unnamed = |path: &str| {
        let words = path.split('/');
        let words = words.map(|word| if word.starts_with('{') { "{}" } else { word });
        words.collect::<Vec<_>>().join("/")
    };
    let mut written = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            written.insert((method.to_uppercase(), unnamed(path)));
            let id = call["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is there twice");
            let count = path.matches('{').count();
            let parameters = call["parameters"].as_array();
            let named = parameters.into_iter().flatten();
            let named = named.filter(|parameter| parameter["in"] == "path");
            let named: BTreeSet<&str> = named
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(named.len(), count, "{path} names something twice");
        }
    }
    let there: BTreeSet<(String, String)> = RestService::calls()
        .map(|(method, path)| (method.to_string(), path.to_owned()))
        .collect();
    assert_eq!(written, there);
}

/// A name that two types had would be of one of them only.
#[test]
fn every_reference_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(&DOCUMENT, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
    }
    for name in DOCUMENT["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let reference = format!("#/components/schemas/{name}");
        let inline = [
            "Permission",
            "Scope",
            "Time",
            "PrincipalNumber",
            "EntityNumber",
        ];
        assert!(
            found.contains(reference.as_str()) || inline.contains(&name.as_str()),
            "{name} is used nowhere"
        );
    }
}

#[test]
fn the_comparison_refuses_what_is_not_said() {
    let entity = json!({ "$ref": "#/components/schemas/EntityId" });
    assert!(fits(&entity, &json!({ "id": "syn1" })).is_ok());
    for bad in [
        json!({}),
        json!({ "id": 1 }),
        json!({ "id": "syn1", "owner": "ana" }),
        json!("syn1"),
        json!(null),
    ] {
        assert!(fits(&entity, &bad).is_err(), "{bad}");
    }
    let list = json!({ "$ref": "#/components/schemas/AccessControlList" });
    let entry = |name: &str| {
        json!({
            "id": "syn1", "creationDate": "x", "etag": "x",
            "resourceAccess": [{ "principalId": 1, "accessType": [name] }],
        })
    };
    assert!(fits(&list, &entry("READ")).is_ok());
    assert!(fits(&list, &entry("SHOUT")).is_err());
}
