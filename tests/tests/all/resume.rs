//! Uploads over bad lines: what the example client sends over a line that breaks, and to a server
//! that stops or is killed, arrives whole and costs little more than its size.
//!
//! The points at which things break come from `PIERHEAD_SEED`, which is printed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{ANA_PASSWORD, Api, LAB, Random, Server, ServerOptions, binary};

mod broken;
mod ended;

const NAME: &str = "syn101/resume";

/// How much is uploaded.
const SIZE: usize = 64 << 20;

/// A server whose stop waits for uploads for one second only.
fn server() -> Server {
    Server::start(ServerOptions {
        provision: Some(LAB.into()),
        config: Some("drain = \"1s\"\n".into()),
        ..ServerOptions::default()
    })
}

fn owner(server: &Server) -> Api {
    let scopes = [format!("repository:{NAME}:pull,push")];
    Api::login(&server.host, "ana", ANA_PASSWORD, &[&scopes[0]])
}

/// The seed of this run.
fn seed() -> u64 {
    let seed = std::env::var("PIERHEAD_SEED").map_or(20_261_126, |text| {
        text.parse().expect("`PIERHEAD_SEED` must be a number")
    });
    println!("PIERHEAD_SEED={seed}");
    seed
}

/// The bytes to upload and the file that has them.
fn file(server: &Server, random: &mut Random) -> (Vec<u8>, PathBuf) {
    let bytes = random.bytes(SIZE);
    let path = server.folder().join("upload");
    std::fs::write(&path, &bytes).expect("a scratch file");
    (bytes, path)
}

/// Requires the blob to be what was sent, byte for byte.
#[track_caller]
fn assert_stored(server: &Server, bytes: &[u8]) {
    let digest = ContentDigest::sha256(bytes);
    let path = format!("/v2/{NAME}/blobs/{digest}");
    let found = owner(server).send("GET", &path, &[], &[]).expect(200);
    assert!(found.body == bytes, "other bytes are stored");
}

/// The example client at work.
struct Client {
    child: Child,
    said: Arc<Mutex<String>>,
    reads: Option<JoinHandle<()>>,
}

impl Client {
    fn start(host: &str, file: &PathBuf) -> Self {
        let mut child = Command::new(binary("pierhead-resume-example"))
            .args([&format!("http://{host}"), NAME])
            .arg(file)
            .env("REGISTRY_USER", "ana")
            .env("REGISTRY_PASSWORD", ANA_PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client starts");
        let errors = child.stderr.take().expect("it is piped");
        let said = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&said);
        let reads = thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut said = kept.lock().expect("nobody panics with it");
                said.push_str(&(line + "\n"));
            }
        });
        Self {
            child,
            said,
            reads: Some(reads),
        }
    }

    fn said(&self) -> String {
        self.said.lock().expect("nobody panics with it").clone()
    }

    /// Where it began, then where it went on.
    fn places(&self) -> Vec<u64> {
        let said = self.said();
        let lines = said.lines().filter_map(|line| {
            let rest = line.strip_prefix("going on at ")?;
            rest.split_once(" of ")?.0.parse().ok()
        });
        lines.collect()
    }

    fn is_done(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_some()
    }

    /// Waits until this holds, or fails.
    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !holds(self) {
            let over = Instant::now() > end || self.is_done();
            assert!(!over || holds(self), "{what} never came:\n{}", self.said());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for its end, which must be a success that names this blob.
    #[track_caller]
    fn finish(mut self, bytes: &[u8]) {
        self.reads.take().map(JoinHandle::join);
        let status = self.child.wait().expect("it is ours");
        let mut digest = String::new();
        let out = self.child.stdout.as_mut().expect("it is piped");
        out.read_to_string(&mut digest).expect("text");
        assert!(status.success(), "{status}\n{}", self.said());
        assert_eq!(digest.trim_end(), ContentDigest::sha256(bytes).to_string());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
