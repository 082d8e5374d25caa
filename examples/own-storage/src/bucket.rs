//! Objects under keys.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use pierhead::prelude::async_trait;

/// Keeps objects: each is put as a whole, and there for everybody as soon as `put` has returned.
/// **What was put must outlast a loss of power from then on**: the store promises so to its clients.
#[async_trait]
pub trait Bucket: fmt::Debug + Send + Sync + 'static {
    /// Keeps an object, in the place of the one that was there.
    async fn put(&self, key: &str, bytes: Bytes) -> io::Result<()>;
    /// The object; [`ErrorKind::NotFound`] when there is none.
    async fn get(&self, key: &str) -> io::Result<Bytes>;
    /// Takes an object away; none there is success.
    async fn delete(&self, key: &str) -> io::Result<()>;
    /// Keys that begin with `prefix`, each with its object's length.
    async fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>>;
}

/// A file for each object. Files are written beside, synced and renamed, and then their directory is
/// synced, so an object is there as a whole or not at all.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    /// Itself, to be synced; locked, because writers shut each other out in memory.
    directory: File,
}

/// What a file that is not yet an object begins with; no key does.
const BESIDE: &str = "~";

impl Directory {
    /// Opens a directory, which is made if it is not there. Blocks for a moment.
    ///
    /// # Errors
    /// When it cannot be used, or another process uses it ([`ErrorKind::WouldBlock`]).
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        let directory = File::open(&path)?;
        directory.try_lock()?;
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(BESIDE) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self(Arc::new(Opened { path, directory })))
    }

    /// Files make their thread wait, so they have threads of their own.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Opened) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let opened = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&opened)).await;
        done.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Bucket for Directory {
    async fn put(&self, key: &str, bytes: Bytes) -> io::Result<()> {
        let key = key.to_owned();
        self.run(move |opened| {
            let beside = opened.path.join(format!("{BESIDE}{key}"));
            let mut file = File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&beside, opened.path.join(key))?;
            opened.directory.sync_all()
        })
        .await
    }

    async fn get(&self, key: &str) -> io::Result<Bytes> {
        let key = key.to_owned();
        self.run(move |opened| Ok(fs::read(opened.path.join(key))?.into()))
            .await
    }

    async fn delete(&self, key: &str) -> io::Result<()> {
        let key = key.to_owned();
        self.run(move |opened| match fs::remove_file(opened.path.join(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        })
        .await
    }

    async fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>> {
        let prefix = prefix.to_owned();
        self.run(move |opened| {
            let mut found = Vec::new();
            for entry in fs::read_dir(&opened.path)? {
                let entry = entry?;
                let key = entry.file_name().to_string_lossy().into_owned();
                if key.starts_with(&prefix) && !key.starts_with(BESIDE) {
                    found.push((key, entry.metadata()?.len()));
                }
            }
            Ok(found)
        })
        .await
    }
}
