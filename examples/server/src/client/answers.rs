//! Answers: all pages of them joined, and their members as tables show them.

use std::time::SystemTime;

use pierhead::model::parse_rfc3339;
use serde_json::Value;

use super::api::Api;
use super::print;
use crate::failure::Failure;
use crate::table::{age, end};
use crate::terminal::plain;

/// How many are asked for at a time.
const PAGE: usize = 500;

/// The most that are put together: a list without end is not to fill the memory.
const MOST: usize = 1_000_000;

/// All items of a list that goes on by `nextPageToken` in the query.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_token(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let next = token.map(|token| format!("{joint}nextPageToken={token}"));
        let mut page = api.get(&format!("{path}{}", next.unwrap_or_default()))?;
        add(api, &mut all, taken(api, &mut page["results"])?)?;
        match page["nextPageToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => return Ok(all),
        }
    }
}

/// All items of a list that goes on by `offset`.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_offset(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let offset = all.len();
        let mut page = api.get(&format!("{path}{joint}limit={PAGE}&offset={offset}"))?;
        let page = taken(api, &mut page["results"])?;
        if page.is_empty() {
            return Ok(all);
        }
        add(api, &mut all, page)?;
    }
}

/// All items of a list that goes on by `before`, the `next` of the page before.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_before(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    let mut before = String::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut page = api.get(&format!("{path}{joint}limit={PAGE}{before}"))?;
        add(api, &mut all, taken(api, &mut page["results"])?)?;
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(all),
        }
    }
}

/// All items of a list that goes on by `after`, the `next` of the page before. The rest of the last
/// page stays about them.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_after(api: &Api, path: &str, member: &str) -> Result<Value, Failure> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let mut page = api.get(&format!("{path}?limit={PAGE}{after}"))?;
        add(api, &mut all, taken(api, &mut page[member])?)?;
        let Some(next) = page["next"].as_str() else {
            page[member] = all.into();
            return Ok(page);
        };
        after = format!("&after={next}");
    }
}

/// All items of a list that is asked for with a body.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_body(api: &Api, path: &str, mut body: Value) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    loop {
        let mut page = api.post(path, &body)?;
        add(api, &mut all, taken(api, &mut page["page"])?)?;
        match page["nextPageToken"].take() {
            Value::Null => return Ok(all),
            next => body["nextPageToken"] = next,
        }
    }
}

/// Puts the items of one more page to those before.
fn add(api: &Api, all: &mut Vec<Value>, page: Vec<Value>) -> Result<(), Failure> {
    if page.len() > MOST - all.len() {
        return Err(api.strange("gave a list without end"));
    }
    all.extend(page);
    Ok(())
}

/// The items of a list, taken out of an answer.
///
/// # Errors
/// When it is none.
pub(crate) fn taken(api: &Api, list: &mut Value) -> Result<Vec<Value>, Failure> {
    match list.take() {
        Value::Array(items) => Ok(items),
        _ => Err(api.strange("gave no list")),
    }
}

/// A text, without what would move a terminal's cursor; nothing where there is none.
pub(crate) fn shown(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}

/// The texts of a list.
pub(crate) fn joined(values: &Value) -> String {
    let texts = values.as_array().into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    plain(&texts.join(", "))
}

/// How long ago a time was.
pub(crate) fn ago(value: &Value, now: SystemTime) -> String {
    let at = value.as_str().and_then(|text| parse_rfc3339(text).ok());
    at.map_or_else(String::new, |at| age(at, now))
}

/// When what may end does, at a time: `in 3 days`.
pub(crate) fn ends(value: &Value, now: SystemTime) -> String {
    let at = value.as_str().and_then(|text| parse_rfc3339(text).ok());
    at.map_or_else(|| "never".to_owned(), |at| end(at, now))
}

/// `yes`, or nothing: what holds is what one looks for.
pub(crate) fn yes(value: &Value) -> String {
    let word = if value == true { "yes" } else { "" };
    word.to_owned()
}

/// Writes one document for programs.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn print_json(document: &Value) -> Result<(), Failure> {
    print(&format!("{document}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_end_is_left() {
        let api = Api::new("http://127.0.0.1:1", None).expect("a URL");
        let mut all = Vec::new();
        let page = || vec![Value::Null; MOST / 4];
        for _ in 0..4 {
            add(&api, &mut all, page()).expect("there is room");
        }
        let said = add(&api, &mut all, vec![Value::Null]).expect_err("it is too long");
        assert!(said.to_string().contains("without end"), "{said}");
        assert_eq!(all.len(), MOST);
    }
}
