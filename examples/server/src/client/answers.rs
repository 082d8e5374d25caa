//! Answers: all pages of them joined, and their members as tables show them.

use std::fmt::Write as _;
use std::time::SystemTime;

use pierhead::model::parse_rfc3339;
use serde_json::Value;

use super::api::Api;
use super::print;
use crate::failure::Failure;
use crate::table::{age, end};
use crate::terminal::{is_obeyed, plain};

/// How many are asked for at a time.
const PAGE: usize = 500;

/// The most that are put together, and in how many bytes: a list without end is not to fill the
/// memory.
const MOST: usize = 1_000_000;
const MOST_BYTES: u64 = 256 << 20;

/// What a page counts for at least, so that those with nothing in them come to an end, too.
const LEAST: u64 = 16 << 10;

/// All items of a list that goes on by `nextPageToken` in the query.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_token(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = List::of(api);
    let mut token: Option<String> = None;
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let next = token.map(|token| format!("{joint}nextPageToken={token}"));
        let mut page = api.get(&format!("{path}{}", next.unwrap_or_default()))?;
        all.add(taken(api, &mut page["results"])?)?;
        match page["nextPageToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => return Ok(all.items),
        }
    }
}

/// All items of a list that goes on by `offset`.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_offset(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = List::of(api);
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let offset = all.items.len();
        let mut page = api.get(&format!("{path}{joint}limit={PAGE}&offset={offset}"))?;
        let page = taken(api, &mut page["results"])?;
        if page.is_empty() {
            return Ok(all.items);
        }
        all.add(page)?;
    }
}

/// All items of a list that goes on by `before`, the `next` of the page before.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_before(api: &Api, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = List::of(api);
    let mut before = String::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut page = api.get(&format!("{path}{joint}limit={PAGE}{before}"))?;
        all.add(taken(api, &mut page["results"])?)?;
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(all.items),
        }
    }
}

/// All items of a list that goes on by `after`, the `next` of the page before. The rest of the last
/// page stays about them.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub(crate) fn by_after(api: &Api, path: &str, member: &str) -> Result<Value, Failure> {
    let mut all = List::of(api);
    let mut after = String::new();
    loop {
        let mut page = api.get(&format!("{path}?limit={PAGE}{after}"))?;
        all.add(taken(api, &mut page[member])?)?;
        let Some(next) = page["next"].as_str() else {
            page[member] = all.items.into();
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
    let mut all = List::of(api);
    loop {
        let mut page = api.post(path, &body)?;
        all.add(taken(api, &mut page["page"])?)?;
        match page["nextPageToken"].take() {
            Value::Null => return Ok(all.items),
            next => body["nextPageToken"] = next,
        }
    }
}

/// A list while its pages are joined.
struct List<'a> {
    api: &'a Api,
    /// What the server had answered before.
    heard: u64,
    pages: u64,
    items: Vec<Value>,
}

impl<'a> List<'a> {
    fn of(api: &'a Api) -> Self {
        Self {
            api,
            heard: api.heard(),
            pages: 0,
            items: Vec::new(),
        }
    }

    /// Puts the items of one more page to those before.
    fn add(&mut self, page: Vec<Value>) -> Result<(), Failure> {
        self.pages += 1;
        let bytes = self.api.heard() - self.heard;
        if page.len() > MOST - self.items.len() || bytes.max(self.pages * LEAST) > MOST_BYTES {
            return Err(self.api.strange("gave a list without end"));
        }
        self.items.extend(page);
        Ok(())
    }
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
    print(&format!("{}\n", written(document)))
}

/// A document, of which a terminal obeys no letter: those it would obey stand in texts alone, where
/// any may be written by its number.
fn written(document: &Value) -> String {
    let mut text = String::new();
    for letter in document.to_string().chars() {
        if is_obeyed(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_the_same_to_programs_and_moves_no_cursor() {
        let document =
            json!({ "na\u{9b}me": "a\u{1b}[2J\u{9b}2J\u{7f}\u{202e}gpj\nÄrzte 東京 🐭" });
        let text = written(&document);
        assert!(!text.chars().any(is_obeyed), "{text:?}");
        assert!(text.contains("Ärzte 東京 🐭"), "{text}");
        let read: Value = serde_json::from_str(&text).expect("a document");
        assert_eq!(read, document);
    }

    #[test]
    fn a_list_without_end_is_left() {
        let api = Api::new("http://127.0.0.1:1", None).expect("a URL");
        let mut full = List::of(&api);
        let page = || vec![Value::Null; MOST / 4];
        for _ in 0..4 {
            full.add(page()).expect("there is room");
        }
        let said = full.add(vec![Value::Null]).expect_err("it is too long");
        assert!(said.to_string().contains("without end"), "{said}");
        assert_eq!(full.items.len(), MOST);

        // Nor are pages read for ever that hold nothing.
        let mut empty = List::of(&api);
        let pages = (0..=MOST_BYTES / LEAST).map(|_| empty.add(Vec::new()));
        assert_eq!(pages.filter(Result::is_err).count(), 1);
    }
}
