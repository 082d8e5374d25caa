//! The keys that sign registry tokens: made at the first start, kept in files of our own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pierhead::auth::token::{KeyRing, SigningKey};

use crate::failure::Failure;
use crate::private;

/// The key that signs.
const SIGNING: &str = "signing.pem";

/// The one before; its tokens are taken for one more life of a token after a start.
const PREVIOUS: &str = "previous.pem";

/// The keys in a directory; makes the directory and the first key when they are not there.
///
/// # Errors
/// When a key cannot be read or written, is none, or others may read it.
pub(crate) fn ring(folder: &Path, token_life: Duration) -> Result<KeyRing, Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| {
            Failure::because(
                format!("the key directory {} cannot be made", folder.display()),
                &error,
            )
        })?;
    let path = folder.join(SIGNING);
    let signing = match read(&path)? {
        Some(key) => key,
        None => make(&path)?,
    };
    let ring = KeyRing::new(signing);
    Ok(match read(&folder.join(PREVIOUS))? {
        Some(previous) => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            ring.with_retired(&previous, (now + token_life).as_secs())
        }
        None => ring,
    })
}

fn make(path: &Path) -> Result<SigningKey, Failure> {
    let key =
        SigningKey::generate().map_err(|error| Failure::because("no key could be made", &error))?;
    private::write(path, key.to_pem().expose()).map_err(|error| {
        Failure::because(
            format!("the key {} cannot be written", path.display()),
            &error,
        )
    })?;
    Ok(key)
}

fn read(path: &Path) -> Result<Option<SigningKey>, Failure> {
    let shown = path.display();
    let unreadable =
        |error: io::Error| Failure::because(format!("the key {shown} cannot be read"), &error);
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(unreadable)?,
    };
    if found.permissions().mode() & 0o077 != 0 {
        return Err(Failure::happened(format!(
            "the key {shown} can be read by others; type `chmod 600 {shown}`, and replace the key \
             if somebody may have read it"
        )));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let text = pierhead::auth::Secret::new(text);
    let key = SigningKey::from_pem(text.expose()).map_err(|error| {
        Failure::because(
            format!("the key {shown} is not usable; bring it back, or move it away for a new one"),
            &error,
        )
    })?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(900);

    #[test]
    fn the_first_start_makes_a_key_and_later_ones_find_it() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let folder = scratch.path().join("keys");
        let first = ring(&folder, LIFE).expect("a new key");
        let again = ring(&folder, LIFE).expect("the key of before");
        assert_eq!(first.signing_key_id(), again.signing_key_id());
        let mode = fs::metadata(folder.join(SIGNING))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_was_moved_aside_is_still_taken_and_another_signs() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let before = ring(scratch.path(), LIFE).expect("a new key");
        let (signing, previous) = (scratch.path().join(SIGNING), scratch.path().join(PREVIOUS));
        fs::rename(signing, previous).expect("a file of ours");
        let after = ring(scratch.path(), LIFE).expect("another key");
        assert_ne!(before.signing_key_id(), after.signing_key_id());
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        assert!(after.accepts(before.signing_key_id(), now + 800));
        assert!(!after.accepts(before.signing_key_id(), now + 1000));
    }

    #[test]
    fn a_key_that_is_none_or_that_others_may_read_is_refused() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        private::write(&scratch.path().join(SIGNING), "hello").expect("a scratch file");
        let error = ring(scratch.path(), LIFE).expect_err("no key").to_string();
        assert!(error.contains("is not usable; bring it back"), "{error}");

        fs::remove_file(scratch.path().join(SIGNING)).expect("a file of ours");
        ring(scratch.path(), LIFE).expect("a new key");
        let path = scratch.path().join(SIGNING);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a file of ours");
        let error = ring(scratch.path(), LIFE)
            .expect_err("others may read it")
            .to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
