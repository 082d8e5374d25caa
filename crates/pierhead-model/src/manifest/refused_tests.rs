//! The refusals of the strict reader: by which rule, and at which byte.

use super::pushed_tests::{expand, push};

/// Refused by a rule whose text contains `rule`, at the byte where `!` stands in the template.
#[track_caller]
fn refused(template: &str, rule: &str) {
    let at = expand(template.split('!').next().unwrap()).len();
    let error = push(&template.replace('!', "")).expect_err(template);
    let text = error.rule().to_string();
    assert!(text.contains(rule), "{template}\n  {text}\n  {rule}");
    assert_eq!(error.at(), at, "{template}\n  {text}");
}

#[test]
fn json_that_is_none_is_refused() {
    for (template, rule) in [
        ("!", "a JSON object"),
        ("  !", "a JSON object"),
        ("![]", "a JSON object"),
        ("!null", "a JSON object"),
        ("!\u{feff}{}", "a JSON object"),
        ("{!", "too early"),
        ("{!1:2}", "a key"),
        ("{\"a\"!1}", "a colon"),
        ("{\"a\":!}", "a value"),
        ("{\"a\":1!", "too early"),
        ("{\"a\":1,!}", "a key"),
        ("{\"a\":[1,!]}", "a value"),
        ("{\"a\":[1!}", "a comma"),
        ("{\"a\":!tru}", "a value"),
        ("{\"a\":!01}", "begin with 0"),
        ("{\"a\":-!}", "a digit"),
        ("{\"a\":1.!}", "a digit"),
        ("{\"a\":1e!}", "a digit"),
        ("{\"a\":!+1}", "a value"),
        ("{\"a\":!NaN}", "a value"),
        ("{\"a\":\"b!\n\"}", "control characters"),
        ("{\"a\":\"b!\u{1f}\"}", "control characters"),
        ("{\"a\":\"b!\\x\"}", "no such escape"),
        ("{\"a\":\"b!\\u12g4\"}", "four digits"),
        ("{\"a\":\"!\\ud800\"}", "four digits"),
        ("{\"a\":\"!\\udc00\\ud800\"}", "four digits"),
        ("{\"a\":\"!\\ud800\\u0041\"}", "four digits"),
        ("{\"a\":\"bcd!", "too early"),
        ("{\"a\":\"bcd\\!", "too early"),
        (
            r#"{"schemaVersion":2,"manifests":[]}!{}"#,
            "nothing may follow",
        ),
        (
            r#"{"schemaVersion":2,"manifests":[]} !,"#,
            "nothing may follow",
        ),
        (
            "{\"schemaVersion\":2,\"manifests\":[]}\n!\0",
            "nothing may follow",
        ),
    ] {
        refused(template, rule);
    }
}

#[test]
fn a_known_key_stands_once_in_any_case_of_letters() {
    for (template, rule) in [
        (
            r#"{"schemaVersion":2,"!schemaVersion":2}"#,
            "`schemaVersion` must stand",
        ),
        (
            r#"{"schemaVersion":2,"!SCHEMAVERSION":2}"#,
            "`schemaVersion` must stand",
        ),
        (
            r#"{"mediaType":"a/b","!mediaType":"a/b"}"#,
            "`mediaType` must stand",
        ),
        (
            r#"{"config":@C,"layers":[],"!layers":[]}"#,
            "`layers` must stand",
        ),
        (
            r#"{"config":@C,"layers":[],"!Layers":[]}"#,
            "`layers` must stand",
        ),
        (
            r#"{"config":@C,"Layers":[],"!layers":[]}"#,
            "`layers` must stand",
        ),
        (r#"{"Layers":[],"!LAYERS":[]}"#, "`layers` must stand"),
        (r#"{"layers":[],"!l\u0061yers":[]}"#, "`layers` must stand"),
        (
            "{\"manifests\":[],\"!manife\u{17f}ts\":[]}",
            "`manifests` must stand",
        ),
        (
            r#"{"manifests":[],"!manife\u017fts":[]}"#,
            "`manifests` must stand",
        ),
        (r#"{"subject":@M,"!subject":@M}"#, "`subject` must stand"),
        (
            r#"{"annotations":{},"!annotations":{}}"#,
            "`annotations` must stand",
        ),
        (
            r#"{"artifactType":"a/b","!artifacttype":"a/b"}"#,
            "`artifactType` must stand",
        ),
        (
            r#"{"config":{"digest":"@D","!digest":"@D"}}"#,
            "`digest` must stand",
        ),
        (
            r#"{"config":{"digest":"@D","!Digest":"@D"}}"#,
            "`digest` must stand",
        ),
        (r#"{"layers":[{"size":1,"!size":1}]}"#, "`size` must stand"),
        (
            r#"{"manifests":[{"platform":{"os":"a","!OS":"a"}}]}"#,
            "`os` must stand",
        ),
        (
            r#"{"annotations":{"a":"1","b":"2","!a":"3"}}"#,
            "annotation key",
        ),
        (
            r#"{"annotations":{"a":"1","!\u0061":"3"}}"#,
            "annotation key",
        ),
        (
            r#"{"config":{"annotations":{"a":"1","!a":"1"}}}"#,
            "annotation key",
        ),
    ] {
        refused(template, rule);
    }
}

#[test]
fn a_document_has_one_shape() {
    for (template, rule) in [
        (
            r#"{"schemaVersion":2,"manifests":[],"!layers":[]}"#,
            "must not stand in one",
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"!manifests":[]}"#,
            "must not stand in one",
        ),
        (
            r#"{"schemaVersion":2,"layers":null,"!manifests":null}"#,
            "must not stand in one",
        ),
        (
            r#"{"schemaVersion":2,"manifests":[],"!Config":1}"#,
            "must not stand in one",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","!config":@C}"#,
            "must be those of its media type",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","!layers":[]}"#,
            "must be those of its media type",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","!manifests":[]}"#,
            "must be those of its media type",
        ),
    ] {
        refused(template, rule);
    }
}

#[test]
fn the_schema_version_is_2() {
    for (template, rule) in [
        (
            r#"{"config":@C,"layers":[]}!"#,
            "`schemaVersion` is required",
        ),
        (r#"{"schemaVersion":!3,"manifests":[]}"#, "must be 2"),
        (r#"{"schemaVersion":!2.0,"manifests":[]}"#, "must be 2"),
        (
            r#"{"schemaVersion":!20000000000000000000000,"manifests":[]}"#,
            "must be 2",
        ),
        (
            r#"{"schemaVersion":!"2","manifests":[]}"#,
            "`schemaVersion` must be a number",
        ),
        (
            r#"{"schemaVersion":!null,"manifests":[]}"#,
            "`schemaVersion` must be a number",
        ),
        (
            r#"{"schemaVersion":!1,"name":"a","fsLayers":[]}"#,
            "schema 1",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"!application/vnd.docker.distribution.manifest.v1+json"}"#,
            "schema 1",
        ),
        (
            r#"{"mediaType":"!application/vnd.docker.distribution.manifest.v1+prettyjws"}"#,
            "schema 1",
        ),
    ] {
        refused(template, rule);
    }
}

#[test]
fn the_keys_are_those_of_the_media_type() {
    for (template, rule) in [
        (r"{}!", "must have the keys"),
        (r#"{"schemaVersion":2}!"#, "must have the keys"),
        (
            r#"{"schemaVersion":2,"config":@C}!"#,
            "`layers` is required",
        ),
        (
            r#"{"schemaVersion":2,"layers":[]}!"#,
            "`config` is required",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}!"#,
            "`manifests` is required",
        ),
        // In other letters it holds nothing here.
        (
            r#"{"schemaVersion":2,"Config":@C,"layers":[]}!"#,
            "`config` is required",
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"Layers":[@L]}!"#,
            "`layers` is required",
        ),
        (
            r#"{"schemaVersion":2,"Manifests":[@M]}!"#,
            "`manifests` is required",
        ),
        (
            r#"{"mediaType":"application/vnd.oci.image.index.v1+json","config":@C,"!layers":[]}"#,
            "those of its media type",
        ),
        (
            r#"{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","!manifests":[]}"#,
            "those of its media type",
        ),
        (
            r#"{"schemaVersion":2,"mediaType":"!a/b","config":@C,"layers":[]}"#,
            "`a/b` is not supported",
        ),
    ] {
        refused(template, rule);
    }
}

#[test]
fn values_are_of_the_type_of_their_key() {
    for (template, rule) in [
        (r#"{"mediaType":!1}"#, "`mediaType` must be a string"),
        (r#"{"mediaType":"a!"}"#, "not a media type"),
        (r#"{"mediaType":"a/b!\r\nX: y"}"#, "not a media type"),
        (r#"{"artifactType":"!é/x"}"#, "not a media type"),
        (r#"{"config":!null}"#, "`config` must be an object"),
        (r#"{"config":![]}"#, "`config` must be an object"),
        (r#"{"layers":!{}}"#, "`layers` must be an array"),
        (r#"{"layers":[!null]}"#, "`layers` must be an object"),
        (r#"{"manifests":[@M,!1]}"#, "`manifests` must be an object"),
        (r#"{"subject":!"a"}"#, "`subject` must be an object"),
        (r#"{"annotations":![]}"#, "`annotations` must be an object"),
        (r#"{"annotations":{"a":!1}}"#, "an object of strings"),
        (r#"{"annotations":{"a":!null}}"#, "an object of strings"),
    ] {
        refused(template, rule);
    }
}

#[test]
fn descriptors_are_complete_and_valid() {
    for (template, rule) in [
        (
            r#"{"config":!{"digest":"@D","size":1}}"#,
            "`mediaType` is required",
        ),
        (
            r#"{"config":!{"mediaType":"a/b","size":1}}"#,
            "`digest` is required",
        ),
        (
            r#"{"config":!{"mediaType":"a/b","digest":"@D"}}"#,
            "`size` is required",
        ),
        (
            r#"{"config":{"mediaType":!null}}"#,
            "`mediaType` must be a string",
        ),
        (r#"{"config":{"digest":!1}}"#, "`digest` must be a string"),
        (
            r#"{"config":{"digest":"sha256:!../../etc"}}"#,
            "not a digest",
        ),
        (r#"{"config":{"digest":"!SHA256:abc"}}"#, "not a digest"),
        (r#"{"config":{"size":!-1}}"#, "whole number"),
        (r#"{"config":{"size":!-0}}"#, "whole number"),
        (r#"{"config":{"size":!1.0}}"#, "whole number"),
        (r#"{"config":{"size":!1e3}}"#, "whole number"),
        (
            r#"{"config":{"size":!9223372036854775808}}"#,
            "whole number",
        ),
        (
            r#"{"config":{"size":!99999999999999999999999999}}"#,
            "whole number",
        ),
        (r#"{"config":{"size":!"1"}}"#, "`size` must be a number"),
        (r#"{"config":{"urls":!"u"}}"#, "`urls` must be an array"),
        (r#"{"config":{"urls":[!1]}}"#, "`urls` must be a string"),
        (r#"{"config":{"data":!{}}}"#, "`data` must be a string"),
        (
            r#"{"manifests":[{"platform":![]}]}"#,
            "`platform` must be an object",
        ),
        (
            r#"{"manifests":[{"platform":{"os":!1}}]}"#,
            "`os` must be a string",
        ),
        (
            r#"{"manifests":[{"platform":{"os.features":!"f"}}]}"#,
            "`os.features` must be an array",
        ),
    ] {
        refused(template, rule);
    }
}
