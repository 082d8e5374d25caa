//! Links between pages: what they point at is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::pages::{all_pages, checkout};

#[test]
fn what_a_page_links_to_is_there() {
    let (mut broken, mut count) = (String::new(), 0);
    let others = ["ARCHITECTURE.md", "CHANGELOG.md"].map(|name| checkout().join(name));
    for path in all_pages().into_iter().chain(others) {
        let text = fs::read_to_string(&path).expect("a page");
        for (line, target) in links(&text) {
            if target.contains("://") {
                continue;
            }
            count += 1;
            if !is_there(&path, target) {
                let _ = writeln!(broken, "{}:{line}: {target}", path.display());
            }
        }
    }
    assert!(broken.is_empty(), "nothing is where these point:\n{broken}");
    assert!(count >= 40, "there are {count} links");
}

/// Whether a relative link leads to a file, and to a heading if it names one.
fn is_there(page: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = page.parent().expect("a page is in a folder");
    let path = match file {
        "" => page.to_owned(),
        file => folder.join(file),
    };
    if anchor.is_empty() {
        return path.exists();
    }
    fs::read_to_string(path).is_ok_and(|text| anchors(&text).contains(anchor))
}

/// Where a page links to, by line.
fn links(text: &str) -> Vec<(usize, &str)> {
    let prose = prose(text).flat_map(|(line, text)| {
        let parts = text.split("](").skip(1);
        parts.filter_map(move |part| Some((line, part.split_once(')')?.0)))
    });
    prose.collect()
}

/// The names that headings have in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let name: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => {
                    Some(letter)
                }
                _ => None,
            })
            .collect();
        let mut other = name.clone();
        for number in 1.. {
            if anchors.insert(other) {
                break;
            }
            other = format!("{name}-{number}");
        }
    }
    anchors
}

/// The lines outside blocks of code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    })
}

#[test]
fn links_and_headings_are_found_as_readers_find_them() {
    let text =
        "# A page\n[a](b.md) and [c](#d)\n```sh\n# no [x](y)\n```\n## What, `it` is?\n### A page\n";
    assert_eq!(links(text), [(2, "b.md"), (2, "#d")]);
    let names: Vec<String> = anchors(text).into_iter().collect();
    assert_eq!(names, ["a-page", "a-page-1", "what-it-is"]);
    let readme = checkout().join("README.md");
    for (target, good) in [
        ("docs/management.md", true),
        ("docs/management.md#sharing", true),
        ("docs/management.md#nothing", false),
        ("docs/nothing.md", false),
        ("#test-it", true),
        ("#nothing", false),
    ] {
        assert_eq!(is_there(&readme, target), good, "{target}");
    }
}
