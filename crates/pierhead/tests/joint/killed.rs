//! A process that is killed in the middle of uploads, and the one that comes after it.
//!
//! The child is this test binary, run again with a variable that only it has. It pushes for ever
//! and says what was acknowledged; the parent kills it at some byte, opens both stores, and looks.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use pierhead_model::{Algorithm, ContentDigest, Hasher};
use pierhead_storage::{
    BlobCommit, BlobRead, BlobStore, CallerId, Fence, NewName, NewUpload, Permit, Progress,
    ReadOptions, RepositoryStore, Touch, Upload, UploadId, UploadOwner, View,
};
use pierhead_storage_fs::{FsBlobStore, FsOptions};
use pierhead_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

/// Where the child finds its stores, and the first upload's number.
const DIRECTORY: &str = "PIERHEAD_TEST_KILLED_DIRECTORY";
const FIRST: &str = "PIERHEAD_TEST_KILLED_FIRST";

const ROUNDS: u64 = 6;
/// Uploads at the same moment.
const TOGETHER: u64 = 3;
const CHUNK: u64 = 30_000;
/// Chunks from one checkpoint to the next.
const STEP: u64 = 4;

struct Stores {
    blobs: FsBlobStore,
    rows: SqliteStore,
}

impl Stores {
    /// With syncing, as an embedder opens them.
    fn open(at: &Path) -> Self {
        Self {
            blobs: FsBlobStore::open(at.join("blobs"), FsOptions::default()).unwrap(),
            rows: SqliteStore::open(at.join("metadata.db"), SqliteOptions::default()).unwrap(),
        }
    }

    /// Goes on with an upload to its end.
    async fn finish(&self, upload: Upload) {
        let id = upload.generation.upload;
        let len = len(id);
        let mut hasher = match &upload.progress {
            Some(progress) => Hasher::resume(&progress.hash).unwrap(),
            None => Hasher::new(Algorithm::Sha256),
        };
        assert_eq!(hasher.len(), upload.offset());
        let from = upload.progress.map(|progress| progress.checkpoint);
        let mut writer = self.blobs.writer(&upload.place, from).await.unwrap();
        while hasher.len() < len {
            for _ in 0..STEP {
                let chunk = content(id, hasher.len(), len.min(hasher.len() + CHUNK));
                hasher.update(&chunk);
                writer.write(chunk).await.unwrap();
            }
            let progress = Progress {
                checkpoint: writer.checkpoint().await.unwrap(),
                hash: hasher.save(),
            };
            let saved = self.rows.save_upload(upload.generation, progress, now());
            saved.await.unwrap();
        }
        let commit = BlobCommit {
            generation: upload.generation,
            size: writer.seal().await.unwrap(),
            digest: hasher.finish(),
            at: now(),
        };
        assert_eq!(commit.size, len);
        self.rows.commit_blob(commit, &permit()).await.unwrap();
    }

    /// Requires an acknowledged blob to be whole.
    async fn holds(&self, id: UploadId) {
        let bytes = content(id, 0, len(id));
        let digest = ContentDigest::sha256(&bytes);
        let view = permit().view;
        let found = self.rows.find_blob(&view, &digest, Touch::No);
        let record = found
            .await
            .unwrap()
            .expect("what was acknowledged is there");
        let how = ReadOptions::default();
        let read = self.blobs.read(&record.place, 0..record.size, &how);
        let BlobRead::Stream(pieces) = read.await.unwrap() else {
            panic!("a directory does not redirect");
        };
        let found = pieces.try_collect::<Vec<_>>().await.unwrap().concat();
        assert!(found == bytes, "upload {} is damaged", id.0);
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30)
}

fn alice() -> CallerId {
    CallerId::new("alice").unwrap()
}

fn permit() -> Permit {
    let view = View::New(NewName {
        name: "red/boat".parse().unwrap(),
        parent: None,
        caller: alice(),
    });
    Permit {
        view,
        fence: Fence::default(),
    }
}

/// A different length for each upload, never a whole number of chunks.
fn len(id: UploadId) -> u64 {
    let few = u64::try_from(id.0 % 7).unwrap();
    200_001 + few * 77_777
}

/// Bytes that tell upload and offset.
fn content(id: UploadId, from: u64, to: u64) -> Bytes {
    let seed = u64::try_from(id.0)
        .unwrap()
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = |index: u64| {
        (index ^ seed)
            .wrapping_mul(0xd6e8_feb8_6659_fd93)
            .to_le_bytes()
    };
    let words: Vec<_> = (from / 8..to.div_ceil(8)).map(word).collect();
    let skip = usize::try_from(from % 8).unwrap();
    let len = usize::try_from(to - from).unwrap();
    Bytes::from(words.into_flattened()).slice(skip..skip + len)
}

async fn begin(stores: &Stores, id: UploadId) -> Upload {
    let new = NewUpload {
        id,
        by: alice(),
        place: stores.blobs.allocate(),
        algorithm: Algorithm::Sha256,
        at: now(),
        most: 1_000,
        admission: None,
    };
    stores.rows.open_upload(new, &permit()).await.unwrap()
}

/// What the child does; without its variable it is no child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let first: u128 = std::env::var(FIRST).unwrap().parse().unwrap();
    let stores = Arc::new(Stores::open(Path::new(&directory)));
    let pushers: Vec<_> = (0..u128::from(TOGETHER))
        .map(|lane| {
            let stores = Arc::clone(&stores);
            tokio::spawn(async move {
                for id in (0..).map(|round| UploadId(first + lane + round * u128::from(TOGETHER))) {
                    let upload = begin(&stores, id).await;
                    println!("\nbegun {}", id.0);
                    stores.finish(upload).await;
                    println!("\nacknowledged {}", id.0);
                }
            })
        })
        .collect();
    for pusher in pushers {
        pusher.await.unwrap();
    }
}

/// Runs a child until it has acknowledged a few uploads, and a moment longer. Says what was begun
/// and what was acknowledged.
fn kill_one(directory: &Path, first: u64, moment: Duration) -> (Vec<UploadId>, Vec<UploadId>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::child", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut begun, mut acknowledged) = (Vec::new(), Vec::new());
    let mut note = |line: &str| {
        let parse = |text: &str| text.parse().ok().map(UploadId);
        begun.extend(line.strip_prefix("begun ").and_then(parse));
        acknowledged.extend(line.strip_prefix("acknowledged ").and_then(parse));
        acknowledged.len() as u64
    };
    for line in lines.by_ref().map_while(Result::ok) {
        if note(&line) >= TOGETHER {
            break;
        }
    }
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts too.
    for line in lines.map_while(Result::ok) {
        note(&line);
    }
    (begun, acknowledged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_after_one_that_was_killed_finds_what_was_acknowledged() {
    let directory = TempDir::new().unwrap();
    let owner = UploadOwner {
        view: permit().view,
        by: alice(),
    };
    let (mut whole, mut resumed, mut first) = (Vec::new(), 0, 1);
    for _ in 0..ROUNDS {
        let random = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let moment = Duration::from_micros(u64::from(random / 100) % 40_000);
        let (begun, acknowledged) = kill_one(directory.path(), first, moment);
        assert!(acknowledged.len() as u64 >= TOGETHER);
        first = 1 + u64::try_from(begun.iter().map(|id| id.0).max().unwrap()).unwrap();
        // Of an upload whose beginning was not heard of, the number was used all the same.
        first += TOGETHER;

        let stores = Stores::open(directory.path());
        for id in &begun {
            match stores.rows.take_upload(*id, &owner).await {
                Ok(upload) => {
                    assert!(!acknowledged.contains(id), "{} came back", id.0);
                    resumed += u32::from(upload.offset() > 0);
                    stores.finish(upload).await;
                }
                // Committed, and perhaps not heard of.
                Err(pierhead_storage::StoreError::NotFound) => {}
                Err(error) => panic!("upload {}: {error}", id.0),
            }
        }
        whole.extend(begun);
        for id in &whole {
            stores.holds(*id).await;
        }
    }
    assert!(
        resumed > 0,
        "no kill fell between a checkpoint and its commit"
    );
}
