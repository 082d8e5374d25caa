//! Where a page is typed: a machine of its own, as far as the page can see.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pierhead_tests::{Engine, HEARING, binary};
use tempfile::TempDir;

use super::terminal::Terminal;

/// Namespaces with a network that is nothing but loopback, so that every port is free, processes
/// that end together, and mounts that nobody else sees: the checkout is what it is, and what a
/// page writes there is gone afterwards. Needs root. Dropping it ends everything in it.
pub(super) struct Place {
    holder: Child,
    inside: String,
    engine: Option<Engine>,
    folder: TempDir,
}

/// `$1` is the checkout, `$2` an empty folder, `$3` the folder of what was built.
const SET_UP: &str = r#"
set -e
ip link set lo up
mount -t tmpfs pages "$2"
mkdir "$2/upper" "$2/work"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" pages "$1"
mkdir -p "$1/target"
[ "$3" -ef "$1/target" ] || mount --bind "$3" "$1/target"
rm -rf "$1/pierhead-data"
echo ready
exec sleep infinity
"#;

impl Place {
    /// Makes one, with a docker engine if a page needs it.
    pub(super) fn make(with_docker: bool) -> Self {
        let folder = TempDir::new().expect("a scratch directory");
        for name in ["bin", "home", "layer", "page"] {
            fs::create_dir(folder.path().join(name)).expect("a scratch directory");
        }
        let built = binary("pierhead");
        let built = built
            .parent()
            .and_then(Path::parent)
            .expect("target/release");
        let mut holder = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--mount-proc",
                "--kill-child",
            ])
            .args(["sh", "-c", SET_UP, "sh"])
            .args([&checkout(), &folder.path().join("layer"), built])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare is in util-linux");
        let mut ready = String::new();
        let said = holder.stdout.take().expect("it is piped");
        let _ = BufReader::new(said).read_line(&mut ready);
        assert_eq!(
            ready, "ready\n",
            "no namespaces; this needs root, and iproute2"
        );
        let pid = holder.id();
        let inside = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let inside = inside.expect("its first process").trim().to_owned();
        let mut place = Self {
            holder,
            inside,
            engine: None,
            folder,
        };
        place.link("pierhead", &binary("pierhead"));
        if with_docker {
            let engine = Engine::start_under(&place.enter());
            place.link("docker", engine.docker());
            place.engine = Some(engine);
        }
        place
    }

    /// Opens a terminal in it, in the checkout or in a folder that is empty at first.
    pub(super) fn terminal(&self, in_checkout: bool) -> Terminal {
        let enter = self.enter();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]);
        let shell =
            r#"cd "$1"; stty cols 120 rows 50; exec bash --noprofile --norc --noediting +H -i"#;
        command.args(["setsid", "--ctty"]).args(HEARING);
        command.args(["sh", "-c", shell, "sh"]);
        command.arg(self.working_folder(in_checkout));
        for (name, _) in std::env::vars_os() {
            let ours = ["PIERHEAD_", "DOCKER_", "XDG_", "HIST", "LC_"];
            if ours.iter().any(|it| name.to_string_lossy().starts_with(it)) {
                command.env_remove(name);
            }
        }
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none() {
                command.env(name, home.join(folder));
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.path().join("bin")].into_iter();
        let folders = folders.chain(std::env::split_paths(&path));
        command
            .env("PATH", std::env::join_paths(folders).expect("a path"))
            .env("HOME", self.folder.path().join("home"))
            .env("LANG", "C.UTF-8")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never");
        if let Some(engine) = &self.engine {
            command.env("DOCKER_HOST", engine.socket());
        }
        Terminal::open(&mut command)
    }

    /// Saves a file where a page is typed.
    pub(super) fn save(&self, in_checkout: bool, file: &str, text: &str) {
        let enter = self.enter();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]).arg("tee");
        command.arg(self.working_folder(in_checkout).join(file));
        let saved = pierhead_tests::run_with(&mut command, text.as_bytes());
        saved.expect_ok("tee");
    }

    fn working_folder(&self, in_checkout: bool) -> PathBuf {
        if in_checkout {
            checkout()
        } else {
            self.folder.path().join("page")
        }
    }

    fn link(&self, name: &str, to: &Path) {
        let link = self.folder.path().join("bin").join(name);
        std::os::unix::fs::symlink(to, link).expect("a scratch directory");
    }

    /// What a command is put behind to run in it.
    fn enter(&self) -> Vec<String> {
        let words = [
            "nsenter",
            "--target",
            &self.inside,
            "--net",
            "--mount",
            "--pid",
        ];
        words.map(str::to_owned).to_vec()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Everything in it ends with its first process, the engine among it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// The workspace's root.
pub(crate) fn checkout() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace").to_owned()
}
