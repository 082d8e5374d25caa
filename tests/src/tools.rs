//! Other people's programs, and ours.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// One of our own programs, as `scripts/test` built it.
pub fn binary(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let path = target.join("release").join(name);
    assert!(
        path.is_file(),
        "{} is not built; run scripts/test",
        path.display()
    );
    path
}

/// A client that `scripts/test` installs, by its name.
pub fn tool(name: &str) -> Command {
    let ours = root().join("target/tools/bin").join(name);
    if ours.is_file() {
        return Command::new(ours);
    }
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    Command::new(found.unwrap_or_else(|| panic!("`{name}` is not installed; run scripts/test")))
}

/// What a command is put behind to hear Ctrl-C: whoever runs the tests in the background of a script
/// has that signal ignored, and so have its children.
pub const HEARING: [&str; 2] = ["env", "--default-signal=INT,QUIT"];

/// What a program said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Whether it succeeded.
    pub ok: bool,
    /// Both of its streams, standard output first.
    pub text: String,
}

impl Output {
    /// Requires success.
    #[track_caller]
    pub fn expect_ok(self, what: &str) -> String {
        assert!(self.ok, "{what} failed:\n{}", self.text);
        self.text
    }

    /// Requires a refusal.
    #[track_caller]
    pub fn expect_refused(self, what: &str) -> String {
        assert!(!self.ok, "{what} succeeded:\n{}", self.text);
        self.text
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Output {
    run_with(command, &[])
}

/// Runs a program to its end, with these bytes on its standard input.
pub fn run_with(command: &mut Command, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    // A program that ends without reading is one that has something to say about it.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let output = child.wait_with_output().expect("the program is ours");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Output {
        ok: output.status.success(),
        text,
    }
}
