//! Sessions that are kept between commands: a file of one's own, one session for each server.
//!
//! A session is found by scheme, host and port, and shown to no other server than the one that gave
//! it. The password is never kept.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use pierhead::auth::Secret;
use serde::{Deserialize, Serialize};

use super::variable;
use crate::failure::Failure;
use crate::private;
use crate::settings::host_of;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The file of sessions, as it was read.
pub(crate) struct Sessions {
    folder: PathBuf,
    kept: Kept,
}

#[derive(Default, Deserialize, Serialize)]
struct Kept {
    /// The server that was logged in to last.
    default: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, Session>,
}

/// A session at one server.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Session {
    /// Who logged in.
    pub(crate) user: String,
    secret: String,
    /// When it ends, as the server said.
    pub(crate) until: Option<String>,
    /// The certificates that the server is known by.
    pub(crate) ca: Option<PathBuf>,
}

impl Session {
    pub(crate) fn new(
        user: String,
        session: &Secret,
        until: Option<String>,
        ca: Option<PathBuf>,
    ) -> Self {
        Self {
            user,
            secret: session.expose().to_owned(),
            until,
            ca,
        }
    }

    /// What shows it.
    pub(crate) fn secret(&self) -> Secret {
        Secret::from(&*self.secret)
    }
}

impl Sessions {
    /// Those of whoever runs the command; none if there is no file.
    ///
    /// # Errors
    /// When others can read or write it, or it is something else.
    pub(crate) fn read() -> Result<Self, Failure> {
        folder().map_or_else(
            // Whoever has no place of their own keeps none.
            |_| {
                Ok(Self {
                    folder: PathBuf::new(),
                    kept: Kept::default(),
                })
            },
            Self::read_in,
        )
    }

    fn read_in(folder: PathBuf) -> Result<Self, Failure> {
        let path = file_in(&folder);
        let shown = path.display();
        let unread = |error: io::Error| {
            Failure::because(format!("the sessions in {shown} cannot be read"), &error)
        };
        let file = match private::open(&path) {
            Ok(file) => file,
            // Nor is there one below `/dev/null`, the home of many who only run programs.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Self {
                    folder,
                    kept: Kept::default(),
                });
            }
            Err(error) => return Err(unread(error)),
        };
        nobody_elses(&path, &file.metadata().map_err(unread)?, 0o077, "600")?;
        nobody_elses(
            &folder,
            &fs::metadata(&folder).map_err(unread)?,
            0o022,
            "700",
        )?;
        let mut text = String::new();
        file.take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(unread)?;
        let kept = serde_json::from_str(&text).map_err(|_| {
            Failure::told(format!(
                "{shown} is not as `pierhead login` wrote it; type: rm {shown}"
            ))
        })?;
        Ok(Self { folder, kept })
    }

    /// The session at a server, by scheme, host and port.
    pub(crate) fn at(&self, origin: &str) -> Option<&Session> {
        self.kept.servers.get(origin)
    }

    /// The server that was logged in to last.
    pub(crate) fn default(&self) -> Option<&str> {
        self.kept.default.as_deref()
    }

    /// The server of this host and port, if there is a session at one: first over TLS.
    pub(crate) fn server_of(&self, host: &str) -> Option<&str> {
        let known = self.kept.servers.keys().rev();
        let mut known = known.filter(|origin| host_of(origin) == host);
        known.next().map(String::as_str)
    }

    /// Keeps a session, in the place of the one at this server before, which it gives back. The
    /// server is the default from now on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep(origin: &str, session: Session) -> Result<Option<Session>, Failure> {
        Self::change_in(&folder()?, |kept| {
            kept.default = Some(origin.to_owned());
            kept.servers.insert(origin.to_owned(), session)
        })
    }

    /// Keeps another session of the same user at a server, if one is kept there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn go_on(
        origin: &str,
        session: &Secret,
        until: Option<String>,
    ) -> Result<(), Failure> {
        Self::change_in(&folder()?, |kept| {
            if let Some(kept) = kept.servers.get_mut(origin) {
                session.expose().clone_into(&mut kept.secret);
                kept.until = until;
            }
        })
    }

    /// Forgets the session at a server, and gives it back. If one other is left, that is the default.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn forget(origin: &str) -> Result<Option<Session>, Failure> {
        Self::change_in(&folder()?, |kept| kept.forget(origin))
    }

    fn change_in<T>(folder: &Path, change: impl FnOnce(&mut Kept) -> T) -> Result<T, Failure> {
        let unwritten = |error: io::Error| {
            let shown = folder.display();
            Failure::because(
                format!(
                    "the session cannot be kept in {shown}; mend that, or name another directory \
                     in PIERHEAD_CONFIG"
                ),
                &error,
            )
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(unwritten)?;
        // Of two commands at once none undoes what the other did.
        let lock = File::open(folder).map_err(unwritten)?;
        lock.lock().map_err(unwritten)?;
        nobody_elses(folder, &lock.metadata().map_err(unwritten)?, 0o022, "700")?;
        let mut sessions = Self::read_in(folder.to_owned())?;
        let changed = change(&mut sessions.kept);
        let text = serde_json::to_string_pretty(&sessions.kept)
            .map_err(|error| Failure::because("the session cannot be written", &error))?;
        private::write(&file_in(&sessions.folder), &(text + "\n")).map_err(unwritten)?;
        Ok(changed)
    }
}

impl Kept {
    fn forget(&mut self, origin: &str) -> Option<Session> {
        let gone = self.servers.remove(origin);
        if self.default.as_deref() == Some(origin) {
            self.default = match self.servers.len() {
                1 => self.servers.keys().next().cloned(),
                _ => None,
            };
        }
        gone
    }
}

/// Requires that nobody else has these permissions on what is ours.
fn nobody_elses(path: &Path, found: &Metadata, others: u32, mode: &str) -> Result<(), Failure> {
    let shown = path.display();
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Failure::told(format!(
            "{shown} belongs to somebody else; name a directory of your own in PIERHEAD_CONFIG"
        )));
    }
    if found.mode() & others != 0 {
        return Err(Failure::told(format!(
            "others can come to the sessions in {shown}; type: chmod {mode} {shown}"
        )));
    }
    Ok(())
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("sessions.json")
}

/// `PIERHEAD_CONFIG`, else `pierhead` where people keep their settings.
fn folder() -> Result<PathBuf, Failure> {
    folder_by(variable)
}

fn folder_by(variable: impl Fn(&str) -> Option<String>) -> Result<PathBuf, Failure> {
    if let Some(told) = variable("PIERHEAD_CONFIG") {
        return Ok(told.into());
    }
    // What is not absolute there means nothing.
    let settings = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let settings = settings.filter(|path| path.is_absolute());
    let of_home = || Some(PathBuf::from(variable("HOME")?).join(".config"));
    let settings = settings.or_else(of_home).ok_or_else(|| {
        Failure::told("where are your sessions kept? name a directory in PIERHEAD_CONFIG")
    })?;
    Ok(settings.join("pierhead"))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
