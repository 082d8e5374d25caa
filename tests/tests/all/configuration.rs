//! `docs/configuration.md` beside what the server really takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use pierhead_tests::{ADMIN_PASSWORD, binary};
use tempfile::TempDir;

use crate::pages::{all_pages, checkout};

/// A key that there never is.
const UNKNOWN: &str = "no-such-key";

#[test]
fn every_key_is_in_the_table_and_nothing_else() {
    let mut there: Vec<String> = keys("");
    let rows = table().into_keys();
    // A table that may be left out has a row of its own, in brackets.
    let (tables, mut told): (Vec<String>, Vec<String>) = rows.partition(|key| key.starts_with('['));
    there.sort();
    told.sort();
    for table in tables {
        let within = table.trim_matches(['[', ']']).to_owned() + ".";
        assert!(there.iter().any(|key| key.starts_with(&within)), "{table}");
    }
    assert!(there.len() >= 30, "{there:?}");
    assert_eq!(there, told, "what the server knows, and what the table has");
}

#[test]
fn the_defaults_of_the_table_are_values_of_their_keys() {
    let folder = TempDir::new().unwrap();
    let (mut wrong, mut count) = (String::new(), 0);
    for (key, default) in table() {
        // What is no value stands there in words, and the sender that nobody told has an address
        // that nobody can tell.
        let value = default.trim_matches('`');
        let spelled = default.matches('`').count() == 2 && value.len() + 2 == default.len();
        if !spelled || value.starts_with("./") || key == "mail.from" {
            continue;
        }
        count += 1;
        let beside = if key == "retention.every" {
            "retention.newest = 1\n"
        } else {
            ""
        };
        let said = try_config(folder.path(), &format!("{beside}{key} = {value}\n"));
        if let Some(mistake) = said.mistake() {
            let _ = writeln!(wrong, "{key} = {value}: {mistake}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 20, "{count} defaults are values");
}

#[test]
fn the_examples_of_configuration_files_are_read() {
    let folder = TempDir::new().unwrap();
    let (mut wrong, mut count) = (String::new(), 0);
    for page in all_pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for block in text.split("\n```toml\n").skip(1) {
            let block = block.split("\n```").next().unwrap_or_default();
            if ["[[", "[dependencies]"]
                .iter()
                .any(|other| block.contains(other))
            {
                continue;
            }
            count += 1;
            if let Some(mistake) = try_config(folder.path(), block).mistake() {
                let _ = writeln!(wrong, "{}: {mistake}\n{block}", page.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 2, "there are {count} examples");
}

/// What the table says: each key with its default.
fn table() -> BTreeMap<String, String> {
    let text = fs::read_to_string(checkout().join("docs/configuration.md")).expect("the page");
    let rows = text
        .lines()
        .skip_while(|line| *line != "| key | default | what it does |")
        .skip(2)
        .take_while(|line| line.starts_with("| "));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let key = cells.next().unwrap_or_default().trim_matches('`');
        (key.to_owned(), cells.next().unwrap_or_default().to_owned())
    })
    .collect()
}

/// The keys of a table, and of the tables in it, as the server names them when it is told one
/// that it does not know.
fn keys(table: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let heading = if table.is_empty() {
        String::new()
    } else {
        format!("[{table}]\n")
    };
    let said = try_config(folder.path(), &format!("{heading}{UNKNOWN} = 1\n"));
    let mistake = said.mistake().unwrap_or_default();
    let Some((_, expected)) = mistake.split_once(&format!("unknown key `{UNKNOWN}`, expected "))
    else {
        // It is no table.
        return Vec::new();
    };
    let names = expected.split('`').skip(1).step_by(2);
    names
        .flat_map(|name| {
            let dot = if table.is_empty() { "" } else { "." };
            let key = format!("{table}{dot}{name}");
            let below = keys(&key);
            if below.is_empty() { vec![key] } else { below }
        })
        .collect()
}

/// What the server says of a configuration file, until it listens or ends.
struct Said {
    file: String,
    text: String,
}

impl Said {
    /// What is wrong in the file, if something is.
    fn mistake(&self) -> Option<&str> {
        let place = format!("{}:", self.file);
        self.text.lines().find(|line| line.contains(&place))
    }
}

fn try_config(folder: &Path, text: &str) -> Said {
    let file = folder.join("pierhead.toml");
    // What an example keeps elsewhere is kept here.
    let text = text.replace("/var/lib/", "").replace("/etc/pierhead/", "");
    fs::write(&file, text).expect("a scratch file");
    fs::write(folder.join("lab.toml"), "").expect("a scratch file");
    let mut child = Command::new(binary("pierhead"))
        .arg("--config")
        .arg(&file)
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("data"))
        .env("PIERHEAD_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let errors = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut said = Said {
        file: file.display().to_string(),
        text: String::new(),
    };
    for line in errors.lines().map_while(Result::ok) {
        said.text.push_str(&line);
        said.text.push('\n');
        if line.contains("listening on") {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    said
}
