//! The documentation, typed word for word.
//!
//! A block ```` ```console ```` in a page is a terminal's text: `$ ` begins what is typed, `> ` goes
//! on with it, and all else is what is read then. All blocks of a page are typed in order in one
//! shell, on a machine of the page's own as far as it can see (`Place`). In what is read,
//!
//! - `…` stands for any text within a line, and alone in a line for any lines;
//! - `‹name›` stands for any text, and wherever it comes again, in what is typed too, for the same;
//! - a line that ends in `⏎` asks, and what stands behind the question is typed, shown or not.
//!
//! A command must succeed, unless its last line ends in `# fails` or `# fails with 2`. A block
//! ```` ```console server ```` is another terminal of that name, where a command may go on
//! running: it is compared until it is quiet, `^C` interrupts it and must end it, and a block that
//! begins without `$ ` shows what it said since it was last looked at. Any other block whose info
//! string has a second word (```` ```toml lab.toml ````) is saved as that file.

mod expected;
mod page;
mod place;
mod screen;
mod terminal;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use expected::{Names, compare, fill, question};
use page::{Deed, End, Keys, Page, Typed};
use place::Place;
pub(crate) use place::checkout;
use terminal::Terminal;

/// Pages, and how many blocks each has at least.
macro_rules! pages {
    ($($test:ident: $page:literal, $blocks:literal;)*) => {
        const PAGES: &[(&str, usize)] = &[$(($page, $blocks)),*];
        $(#[test]
        fn $test() {
            holds($page);
        })*
    };
}

pages! {
    commands: "docs/commands.md", 6;
    configuring: "docs/configuration.md", 3;
    getting_started: "docs/getting-started.md", 12;
    managing: "docs/management.md", 12;
    operating: "docs/operations.md", 4;
    permissions: "docs/permissions.md", 12;
}

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a command may take to end once it has said all that a page shows.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// How long a terminal must say nothing until what it said is compared.
const QUIET: Duration = Duration::from_millis(400);

/// How long it may say nothing while it has not said what a page shows.
const SILENT: Duration = Duration::from_secs(60);

/// Types a page, which must hold.
fn holds(name: &str) {
    let text = fs::read_to_string(checkout().join(name)).expect("a page");
    let page = Page::read(name, &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    if let Err(difference) = Reader::of(&page).read() {
        panic!("{difference}");
    }
}

/// Somebody who types a page from its first line to its last.
struct Reader<'a> {
    page: &'a Page,
    place: Place,
    in_checkout: bool,
    terminals: BTreeMap<String, Terminal>,
    names: Names,
    transcript: String,
}

impl<'a> Reader<'a> {
    fn of(page: &'a Page) -> Self {
        Self {
            page,
            place: Place::make(page.calls("docker")),
            in_checkout: page.calls("cargo"),
            terminals: BTreeMap::new(),
            names: Names::new(),
            transcript: String::new(),
        }
    }

    fn read(mut self) -> Result<(), String> {
        let page = self.page;
        for step in &page.steps {
            match &step.deed {
                Deed::Save { file, text } => self.place.save(self.in_checkout, file, text),
                Deed::Type(typed) => {
                    let done = self.step(typed);
                    let Err(what) = done else { continue };
                    let (name, line, did) = (&page.name, step.line, typed.name());
                    let before = &self.transcript;
                    return Err(format!(
                        "{name}:{line}: {what}\n{did}\n\n--- all until then:\n{before}"
                    ));
                }
            }
        }
        if std::env::var_os("PIERHEAD_PAGES_SHOW").is_some() {
            println!("{}", self.transcript);
        }
        Ok(())
    }

    /// Does one thing, and compares what is seen then.
    fn step(&mut self, typed: &Typed) -> Result<(), String> {
        if !self.terminals.contains_key(&typed.terminal) {
            let opened = self.place.terminal(self.in_checkout);
            self.terminals.insert(typed.terminal.clone(), opened);
        }
        let terminal = self
            .terminals
            .get_mut(&typed.terminal)
            .expect("just opened");
        match &typed.keys {
            Keys::Command(_) if !terminal.wait(ENDS_WITHIN, Terminal::is_idle) => {
                return Err("the command before it still runs".to_owned());
            }
            Keys::Command(command) => terminal.command(&fill(command, &self.names)),
            Keys::Interrupt => terminal.interrupt(),
            Keys::None => {}
        }
        let shown = typed.shown.as_slice();
        let asked = ask(terminal, shown, &self.names);
        let interrupted = matches!(typed.keys, Keys::Interrupt);
        let may_go_on = !typed.terminal.is_empty() && !interrupted;
        // Who types `cargo` may have to wait for a compiler.
        let silent = if self.in_checkout { PATIENCE } else { SILENT };
        let ended = if may_go_on {
            let names = self.names.clone();
            terminal.wait(PATIENCE, |terminal| {
                let as_shown = || is_seen(shown, &terminal.lines(), &names).is_some();
                let silence = terminal.silence();
                terminal.status().is_some() || silence > silent || (silence > QUIET && as_shown())
            });
            terminal.status().is_some()
        } else {
            let done = |terminal: &Terminal| terminal.status().is_some() || terminal.asks();
            terminal.wait(PATIENCE, done);
            terminal.status().is_some()
        };
        let (lines, status) = (terminal.lines(), terminal.status());
        if !ended {
            terminal.read_on();
        }
        let _ = writeln!(self.transcript, "{}\n{}", typed.name(), lines.join("\n"));
        asked?;
        if !ended && !may_go_on {
            return Err(format!(
                "it does not end; seen until then:\n{}",
                lines.join("\n")
            ));
        }
        let Some(names) = is_seen(shown, &lines, &self.names) else {
            let (shown, seen) = (shown.join("\n"), lines.join("\n"));
            return Err(format!(
                "something else is seen\n--- the page shows:\n{shown}\n--- seen:\n{seen}\n---"
            ));
        };
        self.names = names;
        match status {
            Some(status) if !typed.end().is(status) => Err(format!(
                "it ended with status {status}; seen:\n{}",
                lines.join("\n")
            )),
            None if typed.end() != End::Well => Err("it goes on running".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Answers what a program asks, as the page says.
fn ask(terminal: &mut Terminal, shown: &[String], names: &Names) -> Result<(), String> {
    for (prompt, answer) in shown.iter().filter_map(|line| question(line)) {
        let prompt = prompt.trim_end();
        let asked = terminal.wait(SILENT, |terminal| {
            let lines = terminal.lines();
            terminal.status().is_some() || lines.last().is_some_and(|line| line.ends_with(prompt))
        });
        if !asked || terminal.status().is_some() {
            let seen = terminal.lines().join("\n");
            return Err(format!("it does not ask `{prompt}`; seen:\n{seen}"));
        }
        // A program asks first, and then hides what is typed.
        thread::sleep(Duration::from_millis(300));
        terminal.answer(&fill(answer, names));
    }
    Ok(())
}

fn is_seen(shown: &[String], lines: &[String], names: &Names) -> Option<Names> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // Empty lines at an end are nobody's business.
    let end = shown.iter().rposition(|line| !line.trim().is_empty());
    compare(&shown[..end.map_or(0, |end| end + 1)], &lines, names)
}

/// The only block of a page that has this info string, or the first of several.
pub(crate) fn block(page: &str, info: &str) -> String {
    let found = blocks(page, info).into_iter().next();
    found.unwrap_or_else(|| panic!("{page} has no block of {info}"))
}

/// All blocks of a page that have this info string.
pub(crate) fn blocks(page: &str, info: &str) -> Vec<String> {
    let text = fs::read_to_string(checkout().join(page)).expect("a page");
    let begins = format!("```{info}\n");
    let inside = text.split(&begins).skip(1);
    let blocks = inside.map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

/// Every page there is.
pub(crate) fn all_pages() -> Vec<PathBuf> {
    let root = checkout();
    let mut folders = vec![root.join("docs")];
    for parent in ["crates", "examples"] {
        let entries = fs::read_dir(root.join(parent)).expect("a folder of the workspace");
        folders.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    let mut pages = vec![root.join("README.md")];
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(folder).expect("a folder of the workspace");
        let files = entries.map(|entry| entry.expect("an entry").path());
        pages.extend(files.filter(|file| file.extension().is_some_and(|end| end == "md")));
    }
    pages.sort();
    pages
}

#[test]
fn every_page_with_commands_is_typed() {
    let mut typed: Vec<&str> = Vec::new();
    for path in all_pages() {
        let name = path
            .strip_prefix(checkout())
            .expect("it is of the workspace");
        let text = fs::read_to_string(&path).expect("a page");
        let page = Page::read(&name.display().to_string(), &text);
        let page = page.unwrap_or_else(|mistake| panic!("{mistake}"));
        let listed = PAGES.iter().find(|(listed, _)| Path::new(listed) == name);
        match listed {
            Some((_, least)) => assert!(page.blocks >= *least, "{}: {}", page.name, page.blocks),
            None => assert_eq!(page.blocks, 0, "add {} to the list of pages", page.name),
        }
        typed.extend(listed.map(|(listed, _)| *listed));
    }
    assert_eq!(typed.len(), PAGES.len(), "a page of the list is gone");
}

/// Its blocks have no `$ `, to be copied as they are.
#[test]
fn the_first_command_of_the_readme_is_typed_on_the_page_for_beginners() {
    let read = |name| fs::read_to_string(checkout().join(name)).expect("a page");
    let readme = read("README.md");
    let first = readme
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let page = Page::read("docs/getting-started.md", &read("docs/getting-started.md")).unwrap();
    let Some(Deed::Type(typed)) = page.steps.first().map(|step| &step.deed) else {
        panic!("the page begins with a command");
    };
    assert_eq!(typed.name(), format!("$ {}", first.unwrap_or_default()));
}

#[test]
fn a_page_that_is_wrong_fails_by_name_and_line() {
    for (text, said) in [
        ("```console\n$ echo a\na\n```\n", ""),
        (
            "```console\n$ echo a\nb\n```\n",
            "wrong.md:2: something else is seen\n--- the page shows:\nb\n--- seen:\na\n",
        ),
        ("```console\n$ echo a\n```\n", "wrong.md:2: something else"),
        (
            "```console\n$ true\n\n$ false\n```\n",
            "wrong.md:4: it ended with status 1",
        ),
        ("```console\n$ (exit 2) # fails with 2\n```\n", ""),
        (
            "```console\n$ (exit 1) # fails with 2\n```\n",
            "wrong.md:2: it ended with status 1",
        ),
        (
            "```console\n$ true # fails\n```\n",
            "wrong.md:2: it ended with status 0",
        ),
        (
            "```console\n$ read -p 'Name: ' a; echo $a\nName: ana⏎\nana\n```\n",
            "",
        ),
        (
            "```console\n$ read -sp 'Word: ' a; echo; echo $a\nWord: ana⏎\n‹it›\n$ echo ‹it›\nana\n```\n",
            "",
        ),
        (
            "```console\n$ echo Name\nName: ana⏎\n```\n",
            "wrong.md:2: it does not ask `Name:`",
        ),
        (
            "```console server\n$ echo up; sleep 60\nup\n```\n```console server\n^C\n```\n",
            "wrong.md:6: it ended with status 130",
        ),
        (
            "```console server\n$ trap '' INT; (echo up; sleep 4)\nup\n```\n```console server\n^C\n```\n",
            "",
        ),
        (
            "```console server\n$ echo up; sleep 60; echo down\nup\n$ echo\n```\n",
            "wrong.md:4: the command before it still runs",
        ),
        (
            "```console server\n$ trap 'exit 0' INT; (echo up; sleep 60)\nup\n```\n```console\n$ ls\n```\n",
            "",
        ),
        (
            "```sh file\n# a\n```\n```console\n$ cat <<X file -\n> b\n> X\n# a\nb\n```\n",
            "",
        ),
        (
            "```console\n$ cat /proc/net/dev | wc -l\n3\n$ ls\n$ touch a\n```\n",
            "",
        ),
    ] {
        let page = Page::read("wrong.md", text).unwrap();
        let read = Reader::of(&page).read().err().unwrap_or_default();
        assert!(
            read.starts_with(said) && read.is_empty() == said.is_empty(),
            "{text}\n{read}"
        );
    }
}
