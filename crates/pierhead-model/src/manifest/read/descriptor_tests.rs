//! The usual members: which are taken at once, and that what is not taken is left as it was.

use super::super::{Cursor, Document, Rules};
use super::*;

const SHA256: &str = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

/// What is read at once from this text, in an object in which these keys were there before: media
/// type, digest, size.
#[track_caller]
fn usual(json: &str, before: &[usize]) -> Option<(bool, bool, Option<u64>)> {
    let rules = Rules {
        strict: true,
        max_depth: 1,
        max_references: 1,
        max_annotations: 1,
    };
    let mut reader = Reader {
        cursor: Cursor::new(json.as_bytes(), rules.max_depth).unwrap(),
        rules: &rules,
        document: Document::default(),
        scratch: Vec::new(),
        annotations: 0,
        last_media_type: MediaType::OCTET_STREAM,
    };
    let mut parts = Parts::default();
    let mut seen = Seen::default();
    for key in before {
        seen.add(*key);
    }
    let taken = reader.usual_member(&mut parts, &mut seen);
    if let Some(media_type) = &parts.media_type {
        assert_eq!(media_type, &MediaType::OCTET_STREAM);
    }
    let spaces = json.len() - json.trim_start().len();
    let end = if taken { json.len() - 1 } else { spaces };
    assert_eq!(reader.cursor.at(), end, "{json}");
    let keys = [MEDIA_TYPE, SIZE, DIGEST].map(|key| seen.has(key) && !before.contains(&key));
    let found = [
        parts.media_type.is_some(),
        parts.size.is_some(),
        parts.digest.is_some(),
    ];
    assert_eq!(keys, found, "{json}");
    taken.then_some((found[0], found[2], parts.size))
}

#[test]
fn the_usual_spelling_is_taken_at_once() {
    for json in [
        r#""mediaType":"application/octet-stream","#,
        " \n\"mediaType\": \t\"application/octet-stream\"}",
    ] {
        assert_eq!(usual(json, &[]), Some((true, false, None)));
        assert_eq!(usual(json, &[SIZE, DIGEST]), Some((true, false, None)));
        assert_eq!(usual(json, &[MEDIA_TYPE]), None);
    }
    for space in ["", " ", "\r\n"] {
        let json = format!("{space}\"digest\":{space}\"{SHA256}\",");
        assert_eq!(usual(&json, &[]), Some((false, true, None)));
        assert_eq!(usual(&json, &[DIGEST]), None);
        let json = format!("{space}\"size\":{space}1234,");
        assert_eq!(usual(&json, &[]), Some((false, false, Some(1234))));
        assert_eq!(usual(&json, &[SIZE]), None);
    }
}

#[test]
fn anything_else_is_left_to_the_general_way() {
    for json in [
        "",
        "}",
        r#""mediaType""#,
        r#""mediaType":"#,
        r#""mediaType" :"application/octet-stream","#,
        r#""mediaType":"application/json","#,
        r#""mediaType":"application\/octet-stream","#,
        r#""mediaType":"application/octet-streams","#,
        r#""mediatype":"application/octet-stream","#,
        r#""digest":"sha256:abc","#,
        r#""digest":1,"#,
        r#""size":"1","#,
        r#""size":1.0,"#,
        r#""size":-1,"#,
        r#""size":1234567890123456789,"#,
        r#""sizes":1,"#,
        r#""siz\u0065":1,"#,
        r#""annotations":{},"#,
    ] {
        assert_eq!(usual(json, &[]), None, "{json}");
    }
    for digest in [
        SHA256.to_uppercase(),
        SHA256.replace('b', "B"),
        SHA256.replace("256", "512"),
        SHA256.replace("sha", "\\u0073ha"),
        format!("{SHA256}0"),
        SHA256[..70].to_owned(),
    ] {
        assert_eq!(usual(&format!("\"digest\":\"{digest}\","), &[]), None);
    }
}
