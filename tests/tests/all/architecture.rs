//! Data flows one way: each crate may depend on the crates below it and on no others.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use pierhead_tests::run;
use serde_json::Value;

/// Which of our crates each of our crates may name as a normal dependency.
const ALLOWED: &[(&str, &[&str])] = &[
    ("pierhead-model", &[]),
    ("pierhead-policy", &[]),
    ("pierhead-storage", &["pierhead-model"]),
    (
        "pierhead-storage-testing",
        &["pierhead-model", "pierhead-storage"],
    ),
    ("pierhead-storage-fs", &["pierhead-storage"]),
    (
        "pierhead-storage-sqlite",
        &[
            "pierhead-auth",
            "pierhead-model",
            "pierhead-policy",
            "pierhead-projects",
            "pierhead-storage",
        ],
    ),
    ("pierhead-auth", &["pierhead-model"]),
    ("pierhead-registry", &["pierhead-model", "pierhead-storage"]),
    (
        "pierhead-projects",
        &[
            "pierhead-auth",
            "pierhead-model",
            "pierhead-policy",
            "pierhead-registry",
            "pierhead-storage",
        ],
    ),
    (
        "pierhead-http",
        &["pierhead-model", "pierhead-registry", "pierhead-storage"],
    ),
    (
        "pierhead-rest",
        &[
            "pierhead-auth",
            "pierhead-model",
            "pierhead-policy",
            "pierhead-projects",
            "pierhead-registry",
        ],
    ),
];

/// Crates that may not appear below a crate of ours, however far down.
const BANNED: &[(&str, &[&str])] = &[
    ("pierhead-model", &["http", "tokio", "rusqlite"]),
    (
        "pierhead-policy",
        &["tokio", "http", "serde_json", "rusqlite"],
    ),
    ("pierhead-storage", &["tokio", "http", "rusqlite"]),
    (
        "pierhead-http",
        &[
            "tokio",
            "hyper",
            "rusqlite",
            "pierhead-policy",
            "pierhead-projects",
        ],
    ),
    (
        "pierhead-rest",
        &["tokio", "hyper", "rusqlite", "pierhead-http"],
    ),
];

#[test]
fn each_crate_depends_only_on_the_crates_below_it() {
    let packages = packages();
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for (name, dependencies) in &packages {
        let Some(allowed) = allowed.get(name.as_str()) else {
            assert!(name == "pierhead", "{name} is not in the list of crates");
            continue;
        };
        for dependency in dependencies
            .iter()
            .filter(|name| name.starts_with("pierhead"))
        {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} may not use {dependency}"
            );
        }
    }
    assert_eq!(
        packages.len(),
        ALLOWED.len() + 1,
        "every listed crate exists"
    );
}

#[test]
fn what_a_crate_must_not_know_is_nowhere_below_it() {
    for (name, banned) in BANNED {
        let tree = run(Command::new(env!("CARGO")).current_dir(root()).args([
            "tree", "--locked", "-e", "normal", "--prefix", "none", "-p", name,
        ]))
        .expect_ok("cargo tree");
        let below: Vec<&str> = tree
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        for banned in *banned {
            assert!(!below.contains(banned), "{banned} is below {name}");
        }
    }
}

#[test]
fn each_crate_has_a_readme_that_is_its_documentation_and_true() {
    for package in metadata() {
        let name = text(&package["name"]);
        let directory = format!("{}/crates/{name}", root());
        let read = |file: &str| {
            let path = format!("{directory}/{file}");
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let (readme, lib) = (read("README.md"), read("src/lib.rs"));
        assert!(
            readme.starts_with(&format!("# {name}\n")),
            "{name}: its name"
        );
        // The only place where it is told, and where its examples are compiled and run.
        assert!(
            lib.starts_with("#![") && lib.contains(r#"doc = include_str!("../README.md")"#),
            "{name}: src/lib.rs begins with the README"
        );
        for part in ["```rust\n", "\n## What it is not\n", "\n## Features\n"] {
            assert!(readme.contains(part), "{name}: {part:?} is missing");
        }
        let (rust, licence) = (text(&package["rust_version"]), text(&package["license"]));
        let last = format!("\n## Versions and licence\n\nRust {rust} or later. {licence}.\n");
        assert!(readme.ends_with(&last), "{name}: ends with{last}");
        let features = package["features"].as_object().into_iter().flatten();
        for (feature, _) in features.filter(|(feature, _)| *feature != "default") {
            assert!(
                readme.contains(&format!("\n| `{feature}`")),
                "{name}: the feature {feature} is in the table"
            );
        }
    }
}

#[test]
fn a_registry_in_an_application_takes_under_60_lines() {
    let path = format!("{}/examples/embed/src/main.rs", root());
    let source = fs::read_to_string(path).expect("the example is there");
    assert!(source.lines().count() < 60);
}

/// The crates under `crates/`, each with its normal dependencies.
fn packages() -> BTreeMap<String, Vec<String>> {
    let all = metadata().into_iter().map(|package| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
        (
            text(&package["name"]),
            normal.map(|dependency| text(&dependency["name"])).collect(),
        )
    });
    all.collect()
}

/// What cargo says of the crates under `crates/`.
fn metadata() -> Vec<Value> {
    let metadata = run(Command::new(env!("CARGO")).current_dir(root()).args([
        "metadata",
        "--locked",
        "--no-deps",
        "--format-version",
        "1",
        "--quiet",
    ]))
    .expect_ok("cargo metadata");
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata speaks JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let crates = format!("{}/crates/", text(&metadata["workspace_root"]));
    let ours = packages.iter().filter(|package| {
        package["manifest_path"]
            .as_str()
            .is_some_and(|at| at.starts_with(&crates))
    });
    ours.cloned().collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn root() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/..")
}
