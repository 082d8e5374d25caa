//! Whether what is sent and answered is what the document says: of every request of every test.

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

use crate::ground::{Reply, ground};

/// The document as it is served.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let ground = ground();
    let text = ground.document().text;
    serde_json::from_str(&text).unwrap()
});

/// What the document says of a call; nothing where there is no such.
fn entry(method: &Method, path: &str) -> Option<&'static Value> {
    let fits = |pattern: &str| {
        let (mut words, mut segments) = (pattern.split('/'), path.split('/'));
        loop {
            match (words.next(), segments.next()) {
                (None, None) => break true,
                (Some(word), Some(segment))
                    if word == segment || (word.starts_with('{') && !segment.is_empty()) => {}
                _ => break false,
            }
        }
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // Of several that fit it is the one with the fewest names.
    let found = paths.iter().filter(|(pattern, _)| fits(pattern));
    let (_, found) = found.min_by_key(|(pattern, _)| pattern.matches('{').count())?;
    let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE].contains(method);
    found.get(method.as_str().to_lowercase()).filter(|_| known)
}

/// Panics where the document does not say what was sent or answered.
pub(crate) fn check(method: &Method, path: &str, sent: Option<&[u8]>, reply: &Reply) {
    let Some(entry) = entry(method, path) else {
        assert!([404, 405].contains(&reply.status), "{method} {path}");
        return;
    };
    let what = format!("{method} {path}: {} {}", reply.status, reply.text);
    let responses = &entry["responses"];
    let response = match responses.get(reply.status.to_string()) {
        Some(response) => response,
        None if reply.status >= 500 => &responses["default"],
        None => panic!("the document does not know this status: {what}"),
    };
    let kind = reply.header("content-type").unwrap();
    let response = match response["$ref"].as_str() {
        Some(name) => DOCUMENT.pointer(&name[1..]).unwrap(),
        None => response,
    };
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{what}");
    for line in documents(kind, &reply.text) {
        let told: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = fits(schema, &told) {
            panic!("not as the document says: {error}: {what}");
        }
    }
    let wanted = &entry["requestBody"]["content"]["application/json"]["schema"];
    let needed = entry["requestBody"]["required"] == true;
    let sent = sent.filter(|sent| needed || !sent.is_empty());
    if let Some(sent) = sent.filter(|_| reply.status < 300 && wanted.is_object()) {
        let sent: Value = serde_json::from_slice(sent).unwrap();
        if let Err(error) = fits_loosely(wanted, &sent) {
            panic!("taken, though the document says otherwise: {error}: {sent}: {what}");
        }
    }
}

fn documents<'t>(kind: &str, text: &'t str) -> Vec<&'t str> {
    if kind == "application/x-ndjson" {
        text.lines().collect()
    } else {
        vec![text]
    }
}

/// Whether a value is as a schema says, without anything that it does not say.
pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    compare(schema, value, true)
}

/// The same, where more may stand than is read.
fn fits_loosely(schema: &Value, value: &Value) -> Result<(), String> {
    compare(schema, value, false)
}

fn compare(schema: &Value, value: &Value, strictly: bool) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.strip_prefix('#').unwrap();
        let schema = DOCUMENT.pointer(pointer).ok_or(format!("no {name}"))?;
        return compare(schema, value, strictly).map_err(|error| format!("{name}: {error}"));
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(all) = schema[several].as_array() {
            let mut errors = Vec::new();
            for one in all {
                match compare(one, value, strictly) {
                    Ok(()) => return Ok(()),
                    Err(error) => errors.push(error),
                }
            }
            return Err(errors.join(" and "));
        }
    }
    assert!(schema["allOf"].is_null(), "not understood here: {schema}");
    if let Some(all) = schema["enum"].as_array()
        && !all.contains(value)
    {
        return Err(format!("{value} is none of {all:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Null => return Ok(()),
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        other => panic!("not understood here: {other}"),
    };
    if !kinds.iter().any(|kind| is(kind, value)) {
        return Err(format!("{value} is no {kinds:?}"));
    }
    if let Some(elements) = value.as_array() {
        for element in elements {
            compare(&schema["items"], element, strictly)?;
        }
    }
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    let known = schema["properties"].as_object();
    for needed in schema["required"].as_array().into_iter().flatten() {
        let needed = needed.as_str().unwrap();
        if !members.contains_key(needed) {
            return Err(format!("`{needed}` is missing"));
        }
    }
    let closed = schema["additionalProperties"] == Value::Bool(false);
    let open = schema["additionalProperties"] == Value::Bool(true);
    for (name, member) in members {
        match known.and_then(|known| known.get(name)) {
            Some(schema) => {
                compare(schema, member, strictly).map_err(|error| format!("`{name}`: {error}"))?;
            }
            None if closed || (strictly && !open) => {
                return Err(format!("nothing is said of `{name}`"));
            }
            None => {}
        }
    }
    Ok(())
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("not understood here: {other}"),
    }
}
