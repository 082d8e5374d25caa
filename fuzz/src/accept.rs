//! `Accept`, `Content-Type` and `If-None-Match`.

use pierhead_model::{AcceptList, MAX_ACCEPT_RANGES, MediaType, etag_matches};

use crate::{grammar, text};

/// How many of the types that were named are asked for; each costs a walk over all ranges.
const ASKED: usize = 8;
/// How many lines are read as the other headers.
const LINES: usize = 8;

/// Lines are headers of one request.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    accept(text);
    for line in text.split('\n').take(LINES) {
        content_type(line);
        if_none_match(line);
    }
}

/// The answer is that of looking for the most specific range first.
fn accept(text: &str) {
    let list = AcceptList::parse(text.split('\n'));
    let (ranges, overflow) = slow_ranges(text);
    assert_eq!(list.is_empty(), ranges.is_empty());
    let asked = ranges.iter().filter_map(|(name, _)| name.parse().ok());
    let asked = asked.take(ASKED);
    for media_type in MediaType::KNOWN.iter().cloned().chain(asked) {
        let text = media_type.as_str().to_ascii_lowercase();
        let main = text.split_once('/').map_or("", |(main, _)| main);
        let decides = [&text, &format!("{main}/*"), "*/*"]
            .into_iter()
            .find_map(|name| ranges.iter().find(|(range, _)| range == name));
        let expected = match decides {
            Some((_, refused)) => !refused,
            None => ranges.is_empty() || overflow,
        };
        assert_eq!(
            list.allows(&media_type),
            expected,
            "{media_type} by {text:?}"
        );
    }
}

/// The ranges in lower case, with whether they are refused, and whether there were too many.
/// RFC 9110 section 12.5.1; what is none is passed over.
fn slow_ranges(text: &str) -> (Vec<(String, bool)>, bool) {
    let mut ranges = Vec::new();
    for item in text.split(['\n', ',']) {
        if ranges.len() == MAX_ACCEPT_RANGES {
            return (ranges, true);
        }
        let mut parts = item
            .split(';')
            .map(|part| part.trim_matches([' ', '\t']).to_ascii_lowercase());
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            part.split_once('=').is_some_and(|(key, value)| {
                let value = value.trim_matches([' ', '\t']);
                key.trim_matches([' ', '\t']) == "q"
                    && value.starts_with('0')
                    && value.trim_matches(['0', '.']).is_empty()
            })
        });
        let valid = match name.strip_suffix("/*") {
            Some("*") => true,
            Some(main) => grammar::media_type(&format!("{main}/x")),
            None => grammar::media_type(&name),
        };
        if valid {
            ranges.push((name, refused));
        }
    }
    (ranges, false)
}

fn content_type(line: &str) {
    text::newtype::<MediaType>(line, grammar::media_type(line));
    let bare = line.split(';').next().unwrap_or_default();
    let bare = bare.trim_matches([' ', '\t']);
    match MediaType::from_content_type(line) {
        Ok(media_type) => {
            assert!(grammar::media_type(bare), "{line:?}");
            assert!(media_type.as_str().eq_ignore_ascii_case(bare));
            let known = MediaType::KNOWN.contains(&media_type);
            assert!(known || media_type.as_str() == bare);
            assert_eq!(
                MediaType::from_content_type(media_type.as_str()),
                Ok(media_type)
            );
        }
        Err(error) => {
            assert!(!grammar::media_type(bare), "{line:?}: {error}");
            text::refused(bare, &error);
        }
    }
}

/// A tag that stands in the list matches, weak or strong; one with other text never does.
fn if_none_match(line: &str) {
    let ours = r#""sha256:0""#;
    if etag_matches(line, ours) {
        let star = line.trim_matches([' ', '\t']) == "*";
        assert!(star || line.contains(ours), "{line:?}");
    }
    assert!(etag_matches(
        &format!(r#"W/"{}", {ours}"#, line.replace('"', "")),
        ours
    ));
    if !line.contains('"') {
        assert!(etag_matches(&format!("\"{line}\""), &format!("\"{line}\"")));
    }
}
