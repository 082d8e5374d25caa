//! Files and directories for their owner alone, whole or not at all, whose names outlast a loss of
//! power.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Makes a directory, and those above it, unless it is there. Each is synced into the one above
/// before anything is made inside it.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn directory(path: &Path) -> io::Result<()> {
    // Without `.`, which names no directory that could be made.
    let path: &PathBuf = &path.components().collect();
    let create = || match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        made => made.map(|()| true),
    };
    let mut made = create();
    if let Err(error) = &made
        && error.kind() == io::ErrorKind::NotFound
        && let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty())
    {
        directory(above)?;
        made = create();
    }
    let made = made?;
    match sync_folder_of(path) {
        // Others made it, where this user may not look.
        Err(error) if !made && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

pub(crate) fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

/// A file that is there to be locked, made empty if it is not there.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// The same, for a file whose being there says something: it is there after a loss of power.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn mark(path: &Path) -> io::Result<File> {
    let file = lock_file(path)?;
    file.sync_all()?;
    sync_folder_of(path)?;
    Ok(file)
}

/// Opens a file to be read. A pipe in its place keeps nobody waiting.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Writes a file, in the place of one of that name.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let put = |mut file: &File| file.write_all(text.as_bytes());
    whole(path, &path.with_extension("partial"), put)
}

/// Copies a file, to where there is none.
///
/// # Errors
/// When it cannot be read or written.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let put = |mut file: &File| io::copy(&mut File::open(from)?, &mut file).map(drop);
    // Beside a database it must not look like one of its parts.
    whole(to, &to.with_extension("db.partial"), put)
}

fn whole(path: &Path, partial: &Path, put: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)?;
    let written = put(&file)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(partial, path))
        .and_then(|()| sync_folder_of(path));
    if written.is_err() {
        // On a full disk, half a file keeps it so.
        let _ = fs::remove_file(partial);
    }
    written
}

/// Makes sure that a name outlasts a loss of power: a file's own sync does not promise that.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// What to do about a file that cannot be read.
pub(crate) fn unread(error: &io::Error, otherwise: &'static str) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "let the user that the server runs as read it (chgrp, chmod g+r)"
        }
        _ => otherwise,
    }
}

/// What to do about a directory that cannot be used.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "give it and all in it to this user (chown -R)",
        _ => "mend that",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_not_called_another() {
        let said = |kind: io::ErrorKind| unread(&kind.into(), "name another");
        assert!(said(io::ErrorKind::PermissionDenied).contains("chmod g+r"));
        assert_eq!(said(io::ErrorKind::NotFound), "name another");
    }

    #[test]
    fn a_directory_can_be_named_by_any_path_and_is_nobody_elses() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let at = |path: &str| scratch.path().join(path);
        fs::create_dir(at("there")).expect("a directory");
        fs::set_permissions(at("there"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        std::os::unix::fs::symlink("there", at("link")).expect("a link");
        for path in ["there", "a/b/c", "link/d", "link", "a/./e/.", "a/../f"] {
            for _ in 0..2 {
                directory(&at(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
            assert!(at(path).is_dir(), "{path}");
        }
        for (path, expected) in [("a", 0o700), ("a/b", 0o700), ("there", 0o755)] {
            let mode = fs::metadata(at(path)).expect("a directory");
            assert_eq!(mode.permissions().mode() & 0o777, expected, "{path}");
        }
        fs::write(at("file"), "").expect("a scratch file");
        for path in ["file", "file/deeper"] {
            assert!(directory(&at(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_private_file_is_whole_and_nobody_elses() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("key.pem");
        for text in ["first", "second"] {
            write(&path, text).expect("a scratch file");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
            let mode = fs::metadata(&path)
                .expect("it is there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(
            fs::read_dir(scratch.path()).expect("a directory").count(),
            1
        );
    }
}
