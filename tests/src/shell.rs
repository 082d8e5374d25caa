//! Somebody at a shell, with the program's commands.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{HEARING, Output, Server, binary};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place for one's own sessions, and an environment without anybody else's.
#[derive(Debug)]
pub struct Shell {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit status; none after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Requires an exit status.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "\n{}{}", self.out, self.err);
        self
    }

    /// For a transcript: both streams, and the exit status unless it is 0.
    pub fn output(&self) -> Output {
        let end = match self.status {
            Some(0) => String::new(),
            Some(status) => format!("exit status {status}\n"),
            None => "ended by a signal\n".to_owned(),
        };
        let text = format!("{}{}{end}", self.out, self.err);
        Output {
            ok: self.status == Some(0),
            text,
        }
    }
}

impl Shell {
    /// Somebody who has not logged in anywhere, and has set nothing.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a scratch directory"),
            variables: Vec::new(),
        }
    }

    /// Somebody whose commands go to a server.
    pub fn at(server: &Server) -> Self {
        Self::new().with("PIERHEAD_URL", &format!("http://{}", server.host))
    }

    /// The same with another variable in the environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// The file of sessions.
    pub fn sessions(&self) -> PathBuf {
        self.folder.path().join("pierhead/sessions.json")
    }

    /// Runs one of the program's commands with nobody at the terminal.
    pub fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "")
    }

    /// The same with a text on its standard input.
    pub fn run_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.dressed(Command::new(binary("pierhead")));
        command.args(words);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // A program that ends without reading is one that has something to say about it.
        let stdin = child.stdin.take();
        let _ = stdin.map(|mut stdin| stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("the program is ours");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            status: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Runs a line of the shell at a terminal, where `pierhead` is the program.
    pub fn terminal(&self, line: &str) -> Terminal {
        let mut script = self.dressed(Command::new(HEARING[0]));
        // `script` gives it a terminal.
        script.args(&HEARING[1..]).arg("script");
        let line = format!("{line}; exit");
        script.args([
            "--quiet",
            "--flush",
            "--return",
            "--command",
            &line,
            "/dev/null",
        ]);
        let folder = binary("pierhead");
        let folder = folder.parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        script
            .env("PATH", format!("{folder}:{path}"))
            .env("SHELL", "/bin/sh");
        script.stdin(Stdio::piped());
        script.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().expect("script starts");
        let mut out = child.stdout.take().expect("it is piped");
        let (send, shown) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            child,
            shown,
            text: String::new(),
        }
    }

    fn dressed(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars() {
            if name.starts_with("PIERHEAD_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.folder.path());
        command.envs(self.variables.iter().cloned());
        command
    }
}

impl Default for Shell {
    fn default() -> Self {
        Self::new()
    }
}

/// A terminal in which a line runs.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    shown: Receiver<Vec<u8>>,
    text: String,
}

impl Terminal {
    /// Waits until it shows a text, beyond what was waited for before.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        while !self.text.contains(text) {
            let left = end.saturating_duration_since(Instant::now());
            let more = self.shown.recv_timeout(left);
            let more = more.unwrap_or_else(|_| panic!("`{text}` is not shown:\n{}", self.text));
            self.text += &String::from_utf8_lossy(&more).replace('\r', "");
        }
        self
    }

    /// Types keys.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        let _ = stdin.write_all(keys.as_bytes());
        let _ = stdin.flush();
        self
    }

    /// All that it showed to its end.
    pub fn end(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        while let Ok(more) = self
            .shown
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.text += &String::from_utf8_lossy(&more).replace('\r', "");
        }
        let _ = self.child.wait();
        self.text.clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
