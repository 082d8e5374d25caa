//! A docker engine of one's own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Output, run, run_with, tool};

/// A running `dockerd` with its own data, its own containerd and its own socket, so that nothing
/// on the machine but the programs themselves is shared. It needs root, and no network: it makes
/// no bridge and no firewall rule. Dropping it stops both processes and removes its data.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    docker: PathBuf,
    folder: TempDir,
}

/// Somebody at the engine: a docker command line with credentials of its own.
#[derive(Debug)]
pub struct Client {
    docker: PathBuf,
    socket: String,
    config: PathBuf,
}

impl Engine {
    /// Starts an engine and waits until it answers.
    pub fn start() -> Self {
        Self::start_under(&[])
    }

    /// The same, run by a program (with arguments), such as one that enters another network.
    pub fn start_under(under: &[String]) -> Self {
        let folder = TempDir::new().expect("a scratch directory");
        let at = |name: &str| folder.path().join(name);
        // An empty configuration keeps the machine's own out.
        fs::write(at("daemon.json"), "{}").expect("a scratch file");
        let log = File::create(at("log")).expect("a scratch file");
        let dockerd = PathBuf::from(tool("dockerd").get_program());
        let docker = docker_beside(&dockerd);
        let mut words = under.iter().map(OsStr::new).chain([dockerd.as_os_str()]);
        let mut command = Command::new(words.next().expect("dockerd at least"));
        command.args(words);
        command
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .args([
                "--ip-forward=false",
                "--ip-masq=false",
                "--userland-proxy=false",
            ])
            .args(["--storage-driver", "vfs"])
            .arg("--config-file")
            .arg(at("daemon.json"))
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .arg("--host")
            .arg(socket(folder.path()))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        let child = command.spawn().expect("dockerd starts");
        let mut engine = Self {
            child,
            docker,
            folder,
        };
        engine.wait_until_ready();
        engine
    }

    /// A command line for one person. Each call gives an empty one: nobody is signed in.
    pub fn client(&self, name: &str) -> Client {
        let config = self.folder.path().join("clients").join(name);
        let _ = fs::remove_dir_all(&config);
        fs::create_dir_all(&config).expect("a scratch directory");
        Client {
            docker: self.docker.clone(),
            socket: socket(self.folder.path()),
            config,
        }
    }

    /// The command line of the engine's own version.
    pub fn docker(&self) -> &Path {
        &self.docker
    }

    /// Where it listens, as `DOCKER_HOST` says it.
    pub fn socket(&self) -> String {
        socket(self.folder.path())
    }

    /// What the engine has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let client = self.client("nobody");
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if client.docker(&["version"]).ok {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("dockerd is ours") {
                panic!("dockerd ended before it answered: {status}\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("dockerd does not answer:\n{}", self.log());
    }

    /// The pid that the engine's containerd wrote down; none when it has gone.
    fn containerd(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.folder.path().join("exec/containerd/containerd.pid"));
        let pid: i32 = text.ok()?.trim().parse().ok()?;
        // A pid may have passed to somebody else by now: ours has our folder in its arguments.
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = self.folder.path().to_str()?.to_owned();
        String::from_utf8_lossy(&line)
            .contains(&ours)
            .then(|| Pid::from_raw(pid))?
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let containerd = self.containerd();
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // dockerd stops its containerd when it stops in good order.
        if let Some(pid) = containerd.filter(|_| self.containerd().is_some()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if thread::panicking() {
            eprintln!("what the engine said:\n{}", self.log());
        }
    }
}

impl Client {
    /// Runs a docker command to its end.
    pub fn docker(&self, arguments: &[&str]) -> Output {
        run(self.command().args(arguments))
    }

    /// Signs in, the password on standard input.
    pub fn login(&self, host: &str, user: &str, password: &str) -> Output {
        let arguments = ["login", host, "--username", user, "--password-stdin"];
        run_with(self.command().args(arguments), password.as_bytes())
    }

    /// The folder where docker keeps what it signed in with; other clients read it, too.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Builds what is in a folder with a `Dockerfile`.
    pub fn build(&self, folder: &Path, image: &str) -> String {
        let output = run(self
            .command()
            .args(["build", "--quiet", "--tag", image])
            .arg(folder));
        output.expect_ok("docker build")
    }

    /// What identifies an image: the digest of its configuration, which names its layers' bytes.
    pub fn id(&self, image: &str) -> String {
        let output = self.docker(&["image", "inspect", "--format", "{{.Id}}", image]);
        output.expect_ok("docker image inspect").trim().to_owned()
    }

    /// The digest of everything an image holds, as the engine would hand it out.
    pub fn fingerprint(&self, image: &str, scratch: &Path) -> String {
        let archive = scratch.join("saved.tar");
        let saved = run(self
            .command()
            .args(["save", &self.id(image), "--output"])
            .arg(&archive));
        saved.expect_ok("docker save");
        let sum = run(tool("sha256sum").arg(&archive)).expect_ok("sha256sum");
        fs::remove_file(&archive).expect("a scratch file");
        sum.split(' ').next().unwrap_or_default().to_owned()
    }

    /// Runs a line as somebody would paste it into a shell.
    pub fn paste(&self, line: &str) -> Output {
        let mut command = Command::new("sh");
        let docker = format!("docker() {{ {} \"$@\"; }}", self.docker.display());
        command
            .args(["-c", &format!("{docker}; {line}")])
            .env("DOCKER_HOST", &self.socket)
            .env("DOCKER_CONFIG", &self.config);
        run(&mut command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.docker);
        command
            .env("DOCKER_HOST", &self.socket)
            .env("DOCKER_CONFIG", &self.config);
        // Newer command lines build with a plug-in that this engine does not have.
        command.env("DOCKER_BUILDKIT", "0");
        command
    }
}

fn socket(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

/// The command line of the same package as the engine, so that what people read is known: a
/// newer one may come first in the path.
fn docker_beside(dockerd: &Path) -> PathBuf {
    let beside = dockerd
        .parent()
        .and_then(Path::parent)
        .map(|prefix| prefix.join("bin/docker"));
    match beside {
        Some(path) if path.is_file() => path,
        _ => PathBuf::from(tool("docker").get_program()),
    }
}
