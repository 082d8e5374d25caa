//! Grammars: what the specifications generate is accepted, and what slow recognisers, written
//! down from the specifications step by step, refuse is refused.
//!
//! Digests, names, tags and media types have their recognisers in the tests of their modules.

use proptest::prelude::*;

use crate::{
    ByteRange, ContentDigest, ContentRange, Digest, MediaType, RangeError, Reference,
    RepositoryActions, RepositoryName, Tag, TokenScope,
};

/// `algorithm ":" encoded` of the image specification.
const DIGEST: &str = "[a-z0-9]{1,6}([+._-][a-z0-9]{1,6}){0,3}:[a-zA-Z0-9=_-]{1,80}";
/// The registered algorithms of the image specification.
const REGISTERED: &str = "sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}";
/// `<name>` of the distribution specification.
const NAME: &str = "[a-z0-9]{1,4}((\\.|_|__|-{1,5})[a-z0-9]{1,4}){0,3}(/[a-z0-9]{1,4}((\\.|_|__|-{1,5})[a-z0-9]{1,4}){0,2}){0,3}";
/// `<reference>` as a tag, of the distribution specification.
const TAG: &str = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";
/// `type-name "/" subtype-name` of RFC 6838.
const MEDIA_TYPE: &str =
    "[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}";

/// A digest of a registered algorithm, else a tag; nothing is both.
fn is_reference(text: &str) -> bool {
    let lower_hex = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let word = |c: char| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_');
    match text.split_once(':') {
        Some(("sha256", encoded)) => encoded.len() == 64 && lower_hex(encoded),
        Some(("sha512", encoded)) => encoded.len() == 128 && lower_hex(encoded),
        Some(_) => false,
        None => {
            text.len() <= 128
                && text.starts_with(word)
                && text.chars().all(|c| word(c) || c == '.' || c == '-')
        }
    }
}

/// What a `Range` header means, by RFC 9110 section 14.1.2.
#[derive(Debug, PartialEq)]
enum Range {
    One(Option<u64>, Option<u64>),
    Multiple,
    Unit,
    Malformed,
}

/// `range-unit "=" ( first-pos "-" [ last-pos ] / "-" suffix-length )`, white space around it.
fn range(text: &str) -> Range {
    let Some((unit, set)) = text.split_once('=') else {
        return Range::Malformed;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Range::Unit;
    }
    if set.split(',').count() > 1 {
        return Range::Multiple;
    }
    let Some((first, last)) = set.trim_matches([' ', '\t']).split_once('-') else {
        return Range::Malformed;
    };
    match (position(first), position(last)) {
        (Ok(None), Ok(None)) | (Err(()), _) | (_, Err(())) => Range::Malformed,
        (Ok(Some(first)), Ok(Some(last))) if first > last => Range::Malformed,
        (Ok(first), Ok(last)) => Range::One(first, last),
    }
}

/// `*DIGIT`; what is too large is the largest.
fn position(text: &str) -> Result<Option<u64>, ()> {
    if !text.chars().all(|c| "0123456789".contains(c)) {
        return Err(());
    }
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

/// `[ "bytes" SP ] first "-" last [ "/" ( "*" / complete ) ]`; with the unit, the part behind the
/// slash is required. First, last, complete.
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let number = |text: &str| position(text).ok().flatten();
    let lower = text.to_ascii_lowercase();
    let (unit, rest) = match lower.strip_prefix("bytes ") {
        Some(rest) => (true, rest.trim_start_matches([' ', '\t'])),
        None => (false, lower.as_str()),
    };
    let (range, complete) = match rest.split_once('/') {
        Some((range, complete)) => (range, Some(complete)),
        None => (rest, None),
    };
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let complete = match complete {
        None if unit => return None,
        None | Some("*") => None,
        Some(complete) => Some(number(complete)?),
    };
    let fits = first <= last && last < u64::MAX && complete.is_none_or(|it| last < it);
    fits.then_some((first, last, complete))
}

/// `resourcetype ":" resourcename ":" action *( "," action )`, as the token specification has it,
/// with what counts as an action.
fn scope(text: &str) -> Option<(String, String, Vec<&str>)> {
    let parts: Vec<_> = text.split(':').collect();
    let [kind, name @ .., actions] = &parts[..] else {
        return None;
    };
    if name.is_empty() || text.len() > 1024 {
        return None;
    }
    Some((
        (*kind).to_owned(),
        name.join(":"),
        actions.split(',').collect(),
    ))
}

fn expected_scope(text: &str) -> Option<TokenScope> {
    let (kind, name, actions) = scope(text)?;
    let has = |action| actions.contains(&action) || actions.contains(&"*");
    let known = RepositoryActions::ALL
        .iter()
        .zip([
            RepositoryActions::DELETE,
            RepositoryActions::PULL,
            RepositoryActions::PUSH,
        ])
        .filter(|(action, _)| has(action))
        .fold(RepositoryActions::NONE, |set, (_, action)| set | action);
    Some(match (kind.as_str(), name.parse::<RepositoryName>()) {
        ("repository", Ok(name)) => TokenScope::repository(name, known),
        ("registry", _) if name == "catalog" && actions.contains(&"*") => TokenScope::Catalog,
        _ => TokenScope::Unknown,
    })
}

proptest! {
    #[test]
    fn what_the_specifications_generate_is_accepted(
        digest in DIGEST, registered in REGISTERED, name in NAME, tag in TAG, media_type in MEDIA_TYPE,
    ) {
        let algorithm = digest.split(':').next().unwrap_or_default();
        if !["sha256", "sha512"].contains(&algorithm) {
            prop_assert_eq!(digest.parse::<Digest>().unwrap().to_string(), digest);
        }
        prop_assert_eq!(registered.parse::<Digest>().unwrap().to_string(), registered.as_str());
        prop_assert_eq!(registered.parse::<ContentDigest>().unwrap().to_string(), registered.as_str());
        prop_assert_eq!(registered.parse::<Reference>().unwrap().to_string(), registered);
        prop_assert_eq!(name.parse::<RepositoryName>().unwrap().to_string(), name);
        prop_assert_eq!(tag.parse::<Tag>().unwrap().to_string(), tag.as_str());
        prop_assert_eq!(tag.parse::<Reference>().unwrap().to_string(), tag);
        prop_assert_eq!(media_type.parse::<MediaType>().unwrap().to_string(), media_type);
    }

    #[test]
    fn references_agree_with_the_reference(
        text in prop_oneof![
            "(sha256|sha512|sha384|a):([0-9a-f]{64}|[0-9a-f]{128}|[0-9a-fA-F]{63,65})",
            "[a-zA-Z0-9_.:/-]{0,12}",
            "[a-z.]{120,136}",
            "\\PC{0,8}",
        ],
    ) {
        let parsed = text.parse::<Reference>();
        prop_assert_eq!(parsed.is_ok(), is_reference(&text), "{}", text);
        if let Ok(parsed) = parsed {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn ordered_like_their_text(
        tags in (TAG, TAG), media_types in (MEDIA_TYPE, MEDIA_TYPE), digests in (DIGEST, REGISTERED),
    ) {
        let order = |left: &str, right: &str| left.cmp(right);
        let (left, right) = (tags.0.parse::<Tag>().unwrap(), tags.1.parse::<Tag>().unwrap());
        prop_assert_eq!(left.cmp(&right), order(&tags.0, &tags.1));
        let (left, right): (MediaType, MediaType) =
            (media_types.0.parse().unwrap(), media_types.1.parse().unwrap());
        prop_assert_eq!(left.cmp(&right), order(&media_types.0, &media_types.1));
        if let (Ok(left), Ok(right)) = (digests.0.parse::<Digest>(), digests.1.parse::<Digest>()) {
            prop_assert_eq!(left.cmp(&right), order(&digests.0, &digests.1));
            prop_assert_eq!(left == right, digests.0 == digests.1);
        }
    }

    #[test]
    fn ranges_agree_with_the_reference(
        text in prop_oneof![
            4 => "(bytes|BYTES|byte|)=?[ \t]{0,1}[0-9]{0,3}-?[0-9]{0,3}[ \t]{0,1}",
            2 => "bytes=[0-9]{18,22}-[0-9]{18,22}",
            1 => "bytes=[0-9,= -]{0,12}",
            1 => "\\PC{0,10}",
        ],
    ) {
        let expected = range(&text);
        let found = match ByteRange::parse(&text) {
            Ok(ByteRange::FromTo(first, last)) => Range::One(Some(first), Some(last)),
            Ok(ByteRange::From(first)) => Range::One(Some(first), None),
            Ok(ByteRange::Last(count)) => Range::One(None, Some(count)),
            Err(RangeError::Multiple) => Range::Multiple,
            Err(RangeError::Unit) => Range::Unit,
            Err(RangeError::Malformed(error)) => {
                prop_assert!(error.at() <= text.len());
                Range::Malformed
            }
        };
        prop_assert_eq!(found, expected, "{}", text);
    }

    #[test]
    fn content_ranges_agree_with_the_reference(
        text in prop_oneof![
            4 => "(bytes |Bytes \t| |)[0-9]{0,3}-?[0-9]{0,3}(/[0-9]{0,3}|/\\*|/|)( |)",
            1 => "(bytes |)[0-9]{18,21}-[0-9]{18,21}(/[0-9]{18,22}|)",
            1 => "\\PC{0,10}",
        ],
    ) {
        let found = ContentRange::parse(&text).ok().map(|it| (it.start(), it.end(), it.total()));
        prop_assert_eq!(found, content_range(&text), "{}", text);
    }

    #[test]
    fn scopes_agree_with_the_reference(
        text in prop_oneof![
            4 => "(repository|registry|repository\\(plugin\\)|)(:[a-z]{1,4}(/[a-z0-9]{1,3}|:[0-9]{2}/a|){0,2}|:catalog|){0,2}:((pull|push|delete|\\*|fly|)(,|)){0,4}",
            1 => "[a-z:,*]{0,30}",
            1 => "\\PC{0,20}",
            1 => "repository:[a-z]{1000,1030}:pull",
        ],
    ) {
        let found = TokenScope::parse(&text);
        prop_assert_eq!(found.ok(), expected_scope(&text), "{}", text);
    }
}
