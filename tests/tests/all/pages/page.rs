//! What of a page is typed, what is saved, and what it says comes of that.

use std::fmt::Write as _;

/// A page of documentation as a list of what a reader does, in order.
#[derive(Debug)]
pub(super) struct Page {
    /// Its path in the repository.
    pub(super) name: String,
    /// What is done.
    pub(super) steps: Vec<Step>,
    /// How many blocks of commands there are.
    pub(super) blocks: usize,
}

/// One thing that a reader does.
#[derive(Debug)]
pub(super) struct Step {
    /// The line of the page, counted from 1.
    pub(super) line: usize,
    /// What is done.
    pub(super) deed: Deed,
}

/// What a reader can do.
#[derive(Debug)]
pub(super) enum Deed {
    /// Saves a block as a file.
    Save { file: String, text: String },
    /// Types something in a terminal, and reads on.
    Type(Typed),
}

/// Something typed in a terminal.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// The terminal's name; the one that needs none has an empty one.
    pub(super) terminal: String,
    /// What is typed.
    pub(super) keys: Keys,
    /// The lines that are shown then.
    pub(super) shown: Vec<String>,
}

/// What is typed.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Keys {
    /// Nothing: the terminal's program goes on by itself.
    #[default]
    None,
    /// A command, perhaps of several lines.
    Command(String),
    /// Control and C.
    Interrupt,
}

/// How a command has to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// With status 0.
    Well,
    /// With any other.
    Badly,
    /// With this one.
    With(i32),
}

impl End {
    /// Whether a status is such an end.
    pub(super) fn is(self, status: i32) -> bool {
        match self {
            Self::Well => status == 0,
            Self::Badly => status != 0,
            Self::With(wanted) => status == wanted,
        }
    }
}

/// Stands before the end of a command that must fail: `# fails`, or `# fails with 2`.
const FAILS: &str = "# fails";

impl Typed {
    /// How it must end, as its last line says.
    pub(super) fn end(&self) -> End {
        let Keys::Command(command) = &self.keys else {
            return End::Well;
        };
        let last = command.lines().last().unwrap_or_default();
        match last.rsplit_once(FAILS).map(|(_, with)| with.trim()) {
            Some("") => End::Badly,
            Some(with) => {
                let status = with.strip_prefix("with ").map(str::parse);
                status.and_then(Result::ok).map_or(End::Well, End::With)
            }
            None => End::Well,
        }
    }

    /// What is done, in a word or a line.
    pub(super) fn name(&self) -> String {
        match &self.keys {
            Keys::None => "(nothing is typed)".to_owned(),
            Keys::Command(command) => format!("$ {}", command.replace('\n', "\n> ")),
            Keys::Interrupt => "^C".to_owned(),
        }
    }
}

impl Page {
    /// Reads the blocks of a page.
    ///
    /// # Errors
    /// When a block is not closed, or cannot be typed.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, String> {
        let mut page = Self {
            name: name.to_owned(),
            steps: Vec::new(),
            blocks: 0,
        };
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            // Blocks in lists are indented.
            let fence = line.trim_start();
            let indent = line.len() - fence.len();
            let Some(info) = fence.strip_prefix("```") else {
                continue;
            };
            let mut body = Vec::new();
            loop {
                match lines.next() {
                    Some((_, line)) if line.trim() == "```" => break,
                    Some((_, line)) => body.push(line.get(indent..).unwrap_or_default()),
                    None => return Err(format!("{name}:{}: the block is not closed", at + 1)),
                }
            }
            page.block(at + 2, info.trim(), &body)?;
        }
        Ok(page)
    }

    fn block(&mut self, first: usize, info: &str, body: &[&str]) -> Result<(), String> {
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        match (language, rest) {
            ("console", terminal) => self.console(first, terminal, body),
            (_, "") => Ok(()),
            (_, file) => {
                let text = body.iter().flat_map(|line| [line, "\n"]).collect();
                let file = file.to_owned();
                self.steps.push(Step {
                    line: first,
                    deed: Deed::Save { file, text },
                });
                Ok(())
            }
        }
    }

    fn console(&mut self, first: usize, terminal: &str, body: &[&str]) -> Result<(), String> {
        self.blocks += 1;
        let new = |keys| Typed {
            terminal: terminal.to_owned(),
            keys,
            shown: Vec::new(),
        };
        let mut steps: Vec<(usize, Typed)> = Vec::new();
        // Whether the command goes on in the next line.
        let mut open = false;
        for (line, text) in (first..).zip(body) {
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push((line, new(Keys::Command(command.to_owned()))));
                open = true;
            } else if *text == "^C" {
                steps.push((line, new(Keys::Interrupt)));
                open = false;
            } else if let Some((_, Typed { keys, .. })) = steps.last_mut().filter(|_| open)
                && let Some(more) = text.strip_prefix("> ").or((*text == ">").then_some(""))
                && let Keys::Command(command) = keys
            {
                let _ = write!(command, "\n{more}");
            } else {
                open = false;
                if steps.is_empty() {
                    steps.push((line, new(Keys::None)));
                }
                if let Some((_, step)) = steps.last_mut() {
                    step.shown.push((*text).to_owned());
                }
            }
        }
        if terminal.is_empty() && steps.iter().any(|(_, step)| step.keys == Keys::None) {
            return Err(format!(
                "{}:{first}: the block begins with no `$ ` and is of no terminal of its own",
                self.name
            ));
        }
        self.steps
            .extend(steps.into_iter().map(|(line, typed)| Step {
                line,
                deed: Deed::Type(typed),
            }));
        Ok(())
    }

    /// Whether a program is called in it.
    pub(super) fn calls(&self, program: &str) -> bool {
        self.steps.iter().any(|step| match &step.deed {
            Deed::Type(Typed {
                keys: Keys::Command(command),
                ..
            }) => command.split_whitespace().any(|word| word == program),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_what_its_reader_does() {
        let text = "# Page\n\n```toml lab.toml\na = 1\n```\n\n```sh\nnot typed\n```\n\
            1. List\n   ```console\n   $ cat <<X\n   > one\n   >\n   > X\n   one\n\n   $ false  # fails\n   ```\n\
            ```console server\n^C\nstopped\n$ serve\n```\n```console server\nmore\n```\n";
        let page = Page::read("a.md", text).unwrap();
        assert_eq!(page.blocks, 3);
        let done: Vec<(usize, String)> = page
            .steps
            .iter()
            .map(|step| match &step.deed {
                Deed::Save { file, text } => (step.line, format!("save {file}: {text}")),
                Deed::Type(typed) => {
                    let shown = typed.shown.join("|");
                    let (terminal, name) = (&typed.terminal, typed.name());
                    (
                        step.line,
                        format!("{terminal}{name} → {shown} {:?}", typed.end()),
                    )
                }
            })
            .collect();
        let done: Vec<(usize, &str)> = done.iter().map(|(at, text)| (*at, &**text)).collect();
        assert_eq!(
            done,
            [
                (4, "save lab.toml: a = 1\n"),
                (12, "$ cat <<X\n> one\n> \n> X → one| Well"),
                (18, "$ false  # fails →  Badly"),
                (21, "server^C → stopped Well"),
                (23, "server$ serve →  Well"),
                (26, "server(nothing is typed) → more Well"),
            ]
        );
        assert!(page.calls("cat") && !page.calls("typed"));
    }

    #[test]
    fn what_cannot_be_typed_is_a_mistake_with_its_line() {
        for (text, said) in [
            ("a\n```console\n$ a\n", "p.md:2: the block is not closed"),
            (
                "```console\na\n```\n",
                "p.md:2: the block begins with no `$ `",
            ),
        ] {
            let mistake = Page::read("p.md", text).unwrap_err();
            assert!(mistake.starts_with(said), "{mistake}");
        }
    }

    #[test]
    fn a_status_is_said_in_a_comment() {
        for (command, end) in [
            ("false", End::Well),
            ("false  # fails", End::Badly),
            ("a \\\n  b # fails with 2", End::With(2)),
            ("a # fails, says the lab", End::Well),
        ] {
            let keys = Keys::Command(command.to_owned());
            let typed = Typed {
                keys,
                ..Typed::default()
            };
            assert_eq!(typed.end(), end, "{command}");
        }
    }
}
