//! The data directory: made for this server alone, and locked while it is in use.

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::backup;
use crate::failure::Failure;
use crate::private;

const LOCK: &str = "lock";

/// Where everything is kept. Dropping it gives the directory up.
#[derive(Debug)]
pub(crate) struct DataDir {
    layout: Layout,
    _lock: File,
}

impl DataDir {
    /// Takes a directory into use, and makes it if it is not there.
    ///
    /// # Errors
    /// When another server uses it, it holds something else, or it cannot be written to.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        not_as_root(path)?;
        let unusable = |error: io::Error| {
            let remedy = private::remedy(&error);
            Failure::happened(format!(
                "the data directory {shown} cannot be used ({error}); {remedy}, or name another \
                 with --data"
            ))
        };
        private::directory(path).map_err(unusable)?;
        if !path.join(LOCK).exists() && !private::is_empty(path).map_err(unusable)? {
            if path.join(backup::RECORD).exists() {
                return Err(Failure::told(format!(
                    "{shown} is a backup; type: pierhead restore {shown} --data DIR, with a new \
                     directory"
                )));
            }
            unfinished(&Layout::of(path))?;
            return Err(Failure::told(format!(
                "{shown} holds something else than a registry's data; name an empty or a new \
                 directory with --data"
            )));
        }
        let lock = private::lock_file(&path.join(LOCK)).map_err(unusable)?;
        if let Some(open) = readable_by_others(path).map_err(unusable)? {
            let open = open.display();
            return Err(Failure::told(format!(
                "{open} can be read by others, and there are password hashes in it; type: chmod \
                 600 {open}"
            )));
        }
        let lock = hold(lock, path)?;
        let layout = Layout::of(path);
        still_whole(&layout)?;
        Ok(Self {
            layout,
            _lock: lock,
        })
    }
}

impl Deref for DataDir {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.layout
    }
}

/// Refuses to work as root in somebody else's directory.
///
/// # Errors
/// When it would: they could not open what root makes there, today or months later.
pub(crate) fn not_as_root(path: &Path) -> Result<(), Failure> {
    let owner = fs::metadata(path).map_or(0, |found| found.uid());
    if owner == 0 || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::told(format!(
        "{shown} belongs to another user, who could not open what root makes there; type: runuser -u \
         \"$(stat -c %U {shown})\" -- pierhead …"
    )))
}

/// What is where in a data directory, whoever uses it.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    path: PathBuf,
}

impl Layout {
    /// Of this directory. Nothing is looked at.
    pub(crate) fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory, as it was named.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Held while a server runs. A directory without it is no registry's.
    pub(crate) fn lock(&self) -> PathBuf {
        self.path.join(LOCK)
    }

    /// There while a restore is not finished: no server starts then.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.path.join("restore-unfinished")
    }

    /// The blobs.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// The database of everything else.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("metadata.db")
    }

    /// Copies of the database, made by the server itself.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    /// The keys that sign registry tokens.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// Mail that waits to be carried, unless the configuration names another place.
    pub(crate) fn mail(&self) -> PathBuf {
        self.path.join("mail")
    }

    /// Where a made-up password of the operator is left when there is nobody to show it to.
    pub(crate) fn admin_password(&self) -> PathBuf {
        self.path.join("admin-password")
    }
}

/// Takes the lock of a directory that is not in use.
///
/// # Errors
/// When a server runs there.
pub(crate) fn hold(lock: File, path: &Path) -> Result<File, Failure> {
    let shown = path.display();
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::happened(format!(
            "the data directory {shown} is in use by another server; stop that one, or name \
             another directory with --data"
        ))),
        Err(TryLockError::Error(error)) => Err(Failure::because(
            format!("the data directory {shown} cannot be locked"),
            &error,
        )),
    }
}

/// Refuses what a restore has not finished.
fn unfinished(layout: &Layout) -> Result<(), Failure> {
    if !layout.unfinished().exists() {
        return Ok(());
    }
    Err(Failure::happened(format!(
        "a restore into {} was not finished; type the same restore again (from a backup: into a new \
         directory, and remove this one)",
        layout.path().display()
    )))
}

/// Refuses a directory whose database is gone, or is an empty file as some file systems leave after
/// a crash: a server would begin a new one beside blobs that nothing names any more. And one whose
/// blobs are gone: what is pushed to it would be hidden once their disk is mounted again.
fn still_whole(layout: &Layout) -> Result<(), Failure> {
    unfinished(layout)?;
    if fs::metadata(layout.database()).is_ok_and(|found| found.len() > 0) {
        // It is made before any database, and never removed.
        let first = layout.blobs().join("00");
        if first.exists() {
            return Ok(());
        }
        return Err(Failure::happened(format!(
            "the blobs in {} are gone; mount their disk, or put them back, or go back to a backup, \
             into a new directory: pierhead restore BACKUP --data DIR (to go on without any of them, \
             type: mkdir -p {})",
            layout.blobs().display(),
            first.display()
        )));
    }
    let hint = backup::way_back(layout);
    if hint.is_none() && !backup::has_blobs(&layout.blobs())? {
        return Ok(());
    }
    Err(Failure::happened(format!(
        "the database in {} is gone; {}",
        layout.path().display(),
        hint.unwrap_or_else(|| {
            "put metadata.db back, or go back to a backup, into a new directory: pierhead restore \
             BACKUP --data DIR"
                .to_owned()
        })
    )))
}

/// A database file that others can read, in a directory that they can enter.
fn readable_by_others(path: &Path) -> io::Result<Option<PathBuf>> {
    let open = |path: &Path| match fs::metadata(path) {
        Ok(found) => Ok(found.permissions().mode() & 0o077 != 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    if !open(path)? {
        return Ok(None);
    }
    for name in ["metadata.db", "metadata.db-wal"] {
        let file = path.join(name);
        if open(&file)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    }

    #[test]
    fn a_directory_is_made_for_us_alone_and_used_by_one() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("a/data");
        let first = DataDir::take(&path).expect("a new directory");
        assert_eq!(mode(&path), 0o700);
        let error = DataDir::take(&path).expect_err("it is in use").to_string();
        assert!(
            error.ends_with("name another directory with --data"),
            "{error}"
        );
        assert!(error.contains("is in use by another server"), "{error}");
        drop(first);
        assert!(DataDir::take(&path).is_ok(), "it is free again");
    }

    #[test]
    fn root_makes_nothing_in_a_directory_of_somebody_else() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(scratch.path(), Some(12_345), None).expect("root may");
        }
        match DataDir::take(scratch.path()) {
            Ok(_) => assert!(!root, "the server's user could not open what is made there"),
            Err(error) => assert!(root && error.to_string().contains("runuser -u"), "{error}"),
        }
        assert_eq!(scratch.path().join(LOCK).exists(), !root);
    }

    #[test]
    fn a_directory_of_something_else_is_left_alone() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        fs::write(scratch.path().join("thesis.tex"), "").expect("a scratch file");
        let error = DataDir::take(scratch.path())
            .expect_err("it is not ours")
            .to_string();
        assert!(
            error.contains("something else than a registry's data"),
            "{error}"
        );
        assert!(!scratch.path().join(LOCK).exists());
        let error = DataDir::take(&scratch.path().join("thesis.tex")).expect_err("a file");
        assert!(error.to_string().contains("cannot be used"), "{error}");
    }

    #[test]
    fn a_database_that_others_can_read_is_refused() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let data = scratch.path();
        fs::write(data.join(LOCK), "").expect("a scratch file");
        fs::write(data.join("metadata.db"), "").expect("a scratch file");
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        set(&data.join("metadata.db"), 0o644);
        set(data, 0o755);
        let error = DataDir::take(data).expect_err("others can read it");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        set(data, 0o700);
        assert!(DataDir::take(data).is_ok(), "nobody else can come near it");
        set(data, 0o755);
        set(&data.join("metadata.db"), 0o600);
        assert!(DataDir::take(data).is_ok(), "nobody else can read it");
    }

    #[test]
    fn a_database_whose_blobs_are_gone_is_not_gone_on_with() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let data = &scratch.path().join("data");
        drop(DataDir::take(data).expect("there is nothing to lose"));
        fs::write(data.join("metadata.db"), "rows").expect("a scratch file");
        private::directory(&data.join("blobs/00")).expect("a directory");
        drop(DataDir::take(data).expect("they are there"));
        for loss in ["blobs/00", "blobs"] {
            fs::remove_dir(data.join(loss)).expect("it is empty");
            let error = DataDir::take(data).expect_err(loss).to_string();
            assert!(error.contains("are gone; mount their disk"), "{error}");
        }
        private::directory(&data.join("blobs/00")).expect("a directory");
        drop(DataDir::take(data).expect("it was told to"));
    }

    #[test]
    fn a_database_that_is_gone_or_empty_beside_blobs_is_not_begun_anew() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let data = &scratch.path().join("data");
        drop(DataDir::take(data).expect("there is nothing to lose"));
        fs::write(data.join("metadata.db"), "").expect("a scratch file");
        assert!(DataDir::take(data).is_ok(), "a first start was killed");
        let blob = data.join(format!("blobs/ab/ab{}", "0".repeat(30)));
        fs::create_dir_all(data.join("blobs/ab")).expect("a directory");
        fs::write(blob, "bytes").expect("a scratch file");
        for loss in ["empty", "gone"] {
            let error = DataDir::take(data).expect_err(loss).to_string();
            assert!(error.contains("is gone; put metadata.db back"), "{error}");
            let _ = fs::remove_file(data.join("metadata.db"));
        }
    }
}
