//! Prints the medians of the last run as the table of `docs/benchmarks.md`, with what each is of
//! the others in its row.
//!
//! It reads what criterion leaves under `target/criterion`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// The columns.
const COMPARED: [&str; 4] = ["pierhead", "oci_spec", "serde_value", "floor"];

fn main() {
    let root = target().join("criterion");
    println!("| what | pierhead | oci_spec | serde_value | floor | oci_spec ÷ | ÷ floor |");
    println!("|---|---|---|---|---|---|---|");
    for group in ["digest_parse", "digest_display"] {
        compared(&root, group, None);
    }
    for (group, parameters) in [
        ("manifest_parse", &["4", "40", "1000"][..]),
        ("manifest_references", &["4", "40", "1000"]),
        ("manifest_parse_other", &["indented", "motley", "index"]),
    ] {
        for parameter in parameters {
            compared(&root, group, Some(parameter));
        }
    }
    println!("\n| hash | pierhead | sha2 alone | ÷ sha2 |");
    println!("|---|---|---|---|");
    for size in ["64KiB", "1MiB", "64MiB"] {
        for algorithm in ["sha256", "sha512"] {
            hashed(&root, algorithm, size);
        }
    }
    println!("\n| text | pierhead |");
    println!("|---|---|");
    for name in [
        "name_parse/repository",
        "name_parse/repository_255_bytes",
        "name_parse/tag",
        "name_parse/reference",
        "name_parse/media_type_known",
        "name_parse/media_type_other",
        "scope_parse/repository",
        "scope_parse/catalog",
    ] {
        println!("| `{name}` | {} |", shown(median(&root.join(name))));
    }
}

fn compared(root: &Path, group: &str, parameter: Option<&str>) {
    let medians = COMPARED.map(|function| {
        let at = root.join(group).join(function);
        median(&parameter.map_or(at.clone(), |parameter| at.join(parameter)))
    });
    let [ours, oci_spec, _, floor] = medians;
    let title = parameter.map_or(group.to_owned(), |parameter| format!("{group}/{parameter}"));
    println!(
        "| `{title}` | {} | {} | {} |",
        medians.map(shown).join(" | "),
        ratio(oci_spec, ours),
        ratio(ours, floor),
    );
}

fn hashed(root: &Path, algorithm: &str, size: &str) {
    let ours = median(&root.join("hash").join(algorithm).join(size));
    let alone = format!("{algorithm}_sha2_alone");
    let alone = median(&root.join("hash").join(alone).join(size));
    println!(
        "| `{algorithm}/{size}` | {} | {} | {} |",
        shown(ours),
        shown(alone),
        ratio(ours, alone)
    );
}

/// Where cargo puts what it builds, which criterion follows.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    )
}

/// The median of one function, in nanoseconds.
fn median(at: &Path) -> Option<f64> {
    let text = fs::read_to_string(at.join("new/estimates.json")).ok()?;
    let estimates: Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn shown(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "–".to_owned(),
        Some(time) if time < 1e3 => format!("{time:.1} ns"),
        Some(time) if time < 1e6 => format!("{:.2} µs", time / 1e3),
        Some(time) => format!("{:.2} ms", time / 1e6),
    }
}

fn ratio(over: Option<f64>, under: Option<f64>) -> String {
    match (over, under) {
        (Some(over), Some(under)) => format!("{:.2}", over / under),
        _ => "–".to_owned(),
    }
}
