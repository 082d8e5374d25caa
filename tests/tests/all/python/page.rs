//! The page for labs: its code runs as it stands there.

use std::fs;

use pierhead_tests::Python;
use serde_json::json;

use super::{Lab, push, text};

/// The server on the page.
const HOST: &str = "127.0.0.1:5000";

/// Runs the page, section after section, as `ana`.
pub(super) fn runs(lab: &Lab, version: &'static str) {
    let config = format!(
        "{}\n[authentication]\nauthtoken = {}\n",
        config(lab),
        lab.ana.token
    );
    let mut python = Python::start(version, &lab.server.host, &config);
    let page = read().replace(HOST, &lab.server.host);
    let headings = python.step("page.reads", &json!({ "text": page, "version": version }));
    let headings = headings.as_array().expect("headings");
    assert!(headings.len() >= 6, "{headings:?}");
    for heading in headings {
        let project = python.step("page.runs", &json!({ "heading": heading }));
        // The section goes on with a push to the project that it made.
        if !project.is_null() {
            let docker = lab.docker(&lab.ana, &lab.ana.token);
            let image = format!("{}/{}/tools:1", lab.server.host, text(&project));
            push(&docker, &image).expect("it is taken");
        }
    }
}

/// The client's own file, as the page has it, without a token.
pub(super) fn config(lab: &Lab) -> String {
    let page = read();
    let block = page.split("```ini\n").nth(1).expect("a block of the page");
    let block = block.split("[authentication]").next().expect("comes last");
    let named = block.matches(HOST).count();
    assert_eq!(named, 4, "all four endpoints:\n{block}");
    block.replace(HOST, &lab.server.host)
}

fn read() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/python.md");
    fs::read_to_string(path).expect("docs/python.md")
}
