//! A server of one's own.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Api, binary};

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// A provisioning file's text.
    pub provision: Option<String>,
    /// A configuration file's text.
    pub config: Option<String>,
    /// A program (with arguments) that runs the server, such as a system-call tracer.
    pub under: Vec<String>,
}

/// A running server on a loopback port, with a data directory that lives as long as this value.
/// Dropping it kills the process.
#[derive(Debug)]
pub struct Server {
    /// Host and port.
    pub host: String,
    folder: Arc<TempDir>,
    options: ServerOptions,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// The operator's password in every test.
pub const ADMIN_PASSWORD: &str = "operator-of-the-tests";

impl Server {
    /// Starts a server on an empty data directory and waits until it listens.
    pub fn start(options: ServerOptions) -> Self {
        let folder = Arc::new(TempDir::new().expect("a scratch directory"));
        Self::start_in(folder, options, format!("127.0.0.1:{}", free_port()))
    }

    /// The same on the data directory `data` in this folder, where something may be.
    pub fn start_on(folder: TempDir, options: ServerOptions) -> Self {
        Self::start_in(
            Arc::new(folder),
            options,
            format!("127.0.0.1:{}", free_port()),
        )
    }

    fn start_in(folder: Arc<TempDir>, options: ServerOptions, host: String) -> Self {
        let mut arguments = options.under.clone();
        arguments.push(binary("pierhead").display().to_string());
        let mut command = Command::new(&arguments[0]);
        command
            .args(&arguments[1..])
            .args(["serve", "--listen", &host, "--data"]);
        command.arg(folder.path().join("data"));
        for (flag, text) in [
            ("--provision", &options.provision),
            ("--config", &options.config),
        ] {
            if let Some(text) = text {
                let path = folder.path().join(format!("{}.toml", &flag[2..]));
                std::fs::write(&path, text).expect("a scratch file");
                command.arg(flag).arg(path);
            }
        }
        command.env("PIERHEAD_ADMIN_PASSWORD", ADMIN_PASSWORD);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        keep(out, &log);
        keep(err, &log);
        let mut server = Self {
            host,
            folder,
            options,
            child,
            log,
        };
        server.wait_until_listening();
        server
    }

    /// What the server has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// How many blobs a repository has been given so far without a byte (mounted), and how many
    /// uploads were begun there. It is read in the log, which must be at `debug`.
    pub fn uploads(&self, name: &str) -> (usize, usize) {
        let log = self.log_until_now();
        let count = |status: u16| {
            let line = format!(" POST /v2/{name}/blobs/uploads/: {status} ");
            log.matches(&line).count()
        };
        (count(201), count(202))
    }

    /// The log with all that was answered before this: what was asked last is in it.
    fn log_until_now(&self) -> String {
        static MARKS: AtomicU16 = AtomicU16::new(0);
        let mark = format!("/v2/mark-{}", MARKS.fetch_add(1, Ordering::Relaxed));
        Api::anonymous(&self.host).send("GET", &mark, &[], &[]);
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            let log = self.log();
            if log.contains(&format!(" GET {mark}: ")) {
                return log;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not log its requests:\n{}", self.log());
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for the test's own files, removed with the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.host.parse().unwrap()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the process to stop, and waits until it has.
    pub fn stop(&mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the server is there");
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("the server is ours") {
                assert!(
                    status.success(),
                    "the server stopped badly: {status}\n{}",
                    self.log()
                );
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the server did not stop:\n{}", self.log());
    }

    /// A new process on the same data, at the same address. The old one, if it still runs, is
    /// killed.
    pub fn again(self) -> Self {
        let options = self.options.clone();
        self.again_as(options)
    }

    /// The same with other options.
    pub fn again_as(mut self, options: ServerOptions) -> Self {
        self.kill();
        let (folder, host) = (Arc::clone(&self.folder), self.host.clone());
        drop(self);
        Self::start_in(folder, options, host)
    }

    fn wait_until_listening(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if TcpStream::connect(self.address()).is_ok() {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("the server is ours") {
                panic!(
                    "the server ended before it listened: {status}\n{}",
                    self.log()
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not listen:\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("what the server said:\n{}", self.log());
        }
    }
}

/// A loopback port that was free a moment ago. It lies below those the system gives to outgoing
/// connections, so that a server can come back to it, and no two calls of a process give the same.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 100).unwrap_or_default() * 100;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn keep(stream: impl std::io::Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = writeln!(log.lock().unwrap(), "{line}");
        }
    });
}
