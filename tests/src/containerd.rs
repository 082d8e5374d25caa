//! A containerd of one's own.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Output, run, tool};

/// A running `containerd` with its own root, state and socket. It needs root, and no network: what
/// would run containers is left out. Dropping it stops the process and removes its data.
#[derive(Debug)]
pub struct Containerd {
    child: Child,
    folder: TempDir,
}

impl Containerd {
    /// Starts it and waits until it answers.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a scratch directory");
        let at = |name: &str| folder.path().join(name);
        let config = format!(
            "version = 2\nroot = '{root}'\nstate = '{state}'\n\
             disabled_plugins = ['io.containerd.grpc.v1.cri', 'io.containerd.internal.v1.opt']\n\
             [grpc]\naddress = '{socket}'\n[ttrpc]\naddress = '{socket}.ttrpc'\n",
            root = at("root").display(),
            state = at("state").display(),
            socket = at("socket").display(),
        );
        fs::write(at("config.toml"), config).expect("a scratch file");
        let log = File::create(at("log")).expect("a scratch file");
        let mut command = tool("containerd");
        command
            .arg("--config")
            .arg(at("config.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        let child = command.spawn().expect("containerd starts");
        let mut containerd = Self { child, folder };
        containerd.wait_until_ready();
        containerd
    }

    /// Runs a `ctr` command to its end.
    pub fn ctr(&self, arguments: &[&str]) -> Output {
        let mut command = tool("ctr");
        command
            .arg("--address")
            .arg(self.folder.path().join("socket"));
        run(command.args(arguments))
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if self.ctr(&["version"]).ok {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("containerd is ours") {
                panic!(
                    "containerd ended before it answered: {status}\n{}",
                    self.log()
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("containerd does not answer:\n{}", self.log());
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("what containerd said:\n{}", self.log());
        }
    }
}
