//! The official Python client, in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::root;

/// One person's Python, with one signed-in client for as long as it runs, as a notebook has. It
/// may speak to one server and to nothing else. Dropping it ends the process.
#[derive(Debug)]
pub struct Python {
    version: &'static str,
    child: Child,
    steps: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    said: Arc<Mutex<String>>,
    _home: TempDir,
}

impl Python {
    /// The versions of the client that are tested.
    pub const VERSIONS: [&str; 2] = ["4.14.0", "4.5.0"];

    /// Starts a version of the client at a server, with this text as `~/.synapseConfig`.
    pub fn start(version: &'static str, host: &str, config: &str) -> Self {
        let python = root().join(format!("target/tools/synapseclient-{version}/bin/python"));
        assert!(
            python.is_file(),
            "synapseclient {version} is not installed; run scripts/test"
        );
        let home = TempDir::new().expect("a scratch directory");
        fs::write(home.path().join(".synapseConfig"), config).expect("a scratch file");
        // Nothing of the machine's own, proxies and tokens least of all.
        let mut command = Command::new(&python);
        command
            .arg(root().join("tests/python/session.py"))
            .current_dir(home.path())
            .env_clear()
            .env("HOME", home.path())
            .env("PIERHEAD_HOST", host)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("python starts");
        let (steps, answers) = (child.stdin.take(), child.stdout.take().expect("is piped"));
        let (said, mut error) = (Arc::default(), child.stderr.take().expect("is piped"));
        let heard: Arc<Mutex<String>> = Arc::clone(&said);
        thread::spawn(move || {
            let lines = BufReader::new(&mut error).lines().map_while(Result::ok);
            lines.for_each(|line| heard.lock().unwrap().push_str(&(line + "\n")));
        });
        Self {
            version,
            child,
            steps,
            answers: BufReader::new(answers),
            said,
            _home: home,
        }
    }

    /// Takes a step, `file.function` of what is in `tests/python`, with these arguments: what it gives.
    #[track_caller]
    pub fn step(&mut self, step: &str, with: &Value) -> Value {
        let asked = json!({ "step": step, "with": with });
        let steps = self.steps.as_mut().expect("is open until it is dropped");
        writeln!(steps, "{asked}").expect("python runs");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("python runs");
        let answer: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        let version = self.version;
        match answer.get("ok") {
            Some(given) => given.clone(),
            None => panic!(
                "synapseclient {version}, {step}: {}\nwhat was printed:\n{}",
                answer["failed"].as_str().unwrap_or("python has ended"),
                self.said.lock().unwrap()
            ),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.steps.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
