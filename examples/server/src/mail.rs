//! Mail as files: each message is left in a directory for whatever carries it further.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use pierhead::model::rfc3339;
use pierhead::projects::{Email, MailError, Mailer, Message};

use crate::failure::Failure;
use crate::private;

/// How many messages wait there at most. Whoever has them carried never sees as many.
const MOST: usize = 1_000;

/// How long a message waits before it makes room for another: what it holds was good for a day.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

/// Whom mail is from unless the configuration says.
pub(crate) const FROM: &str = "pierhead@localhost";

/// Writes each message into a file of its own, `<milliseconds>-<random>.eml`, that nobody else may
/// read, whole or not at all.
#[derive(Debug)]
pub(crate) struct FileMailer {
    files: Files,
    /// How the server is known.
    server: String,
    from: Email,
}

impl FileMailer {
    /// Takes a directory into use, and makes it if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others could put files there.
    pub(crate) fn open(
        directory: PathBuf,
        from: Option<Email>,
        server: String,
    ) -> Result<Self, Failure> {
        let shown = directory.display();
        let unusable = |error: io::Error| {
            Failure::because(
                format!("the mail directory {shown} cannot be used; name another in [mail]"),
                &error,
            )
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(unusable)?;
        let mode = fs::metadata(&directory)
            .map_err(unusable)?
            .permissions()
            .mode();
        if mode & 0o022 != 0 {
            return Err(Failure::told(format!(
                "others can write into the mail directory {shown}; type: chmod go-w {shown}"
            )));
        }
        let from = match from {
            Some(from) => from,
            None => FROM
                .parse()
                .map_err(|_| Failure::happened("the address that mail is from is none"))?,
        };
        let files = Files {
            directory,
            most: MOST,
        };
        Ok(Self {
            files,
            server,
            from,
        })
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        // What stands in a header must be one address, whoever has made the message.
        if message.to.mailable().is_err() {
            return Err(MailError::Refused("its address is none for mail"));
        }
        let now = SystemTime::now();
        let name = name(now).map_err(MailError::unavailable)?;
        let text = written(message, &self.from, &self.server, &name, now);
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || files.put(&name, &text, now));
        let done = done.await.map_err(MailError::unavailable)?;
        done.map_err(MailError::unavailable)
    }
}

/// A directory of messages.
#[derive(Clone, Debug)]
struct Files {
    directory: PathBuf,
    most: usize,
}

impl Files {
    fn put(&self, name: &str, text: &str, now: SystemTime) -> io::Result<()> {
        if self.ours()?.len() >= self.most {
            self.make_room(now)?;
        }
        if self.ours()?.len() >= self.most {
            let shown = self.directory.display();
            return Err(io::Error::other(format!(
                "{} messages wait in {shown}; have them carried, or remove them",
                self.most
            )));
        }
        private::write(&self.directory.join(format!("{name}.eml")), text)
    }

    /// Removes messages of ours that nobody has carried in all their time.
    fn make_room(&self, now: SystemTime) -> io::Result<()> {
        for path in self.ours()? {
            let age = |path: &Path| {
                let written = fs::metadata(path)?.modified()?;
                Ok::<_, io::Error>(now.duration_since(written).unwrap_or_default())
            };
            // Whoever carries them may take one away meanwhile.
            if age(&path).is_ok_and(|age| age > KEPT) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }

    /// The files that this has written, half of one included; whatever else is there is not touched.
    fn ours(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let kind = path.extension().and_then(|kind| kind.to_str());
            let name = path.file_stem().and_then(|name| name.to_str());
            if matches!(kind, Some("eml" | "partial")) && name.is_some_and(is_name) {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// A name that no other message has.
fn name(now: SystemTime) -> Result<String, io::Error> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let random = u64::from_be_bytes(random);
    Ok(format!("{:013}-{random:016x}", since.as_millis()))
}

/// Whether [`name`] could have made it.
fn is_name(text: &str) -> bool {
    text.split_once('-').is_some_and(|(time, random)| {
        time.len() >= 13
            && time.bytes().all(|byte| byte.is_ascii_digit())
            && random.len() == 16
            && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// The message as mail programs read it.
fn written(message: &Message, from: &Email, server: &str, name: &str, now: SystemTime) -> String {
    let from = from.as_str();
    let host = from.split_once('@').map_or("localhost", |(_, host)| host);
    let head = [
        format!("From: Pierhead <{from}>"),
        format!("To: <{}>", message.to.as_str()),
        format!("Subject: {}", message.subject()),
        format!("Date: {}", date(now)),
        format!("Message-ID: <{name}@{host}>"),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: 8bit".to_owned(),
        "Auto-Submitted: auto-generated".to_owned(),
    ];
    let text = message.text(server);
    let lines = head.iter().map(String::as_str);
    let lines = lines.chain([""]).chain(text.lines());
    lines.flat_map(|line| [line, "\r\n"]).collect()
}

/// As in `15 Jan 2027 08:00:00 +0000`.
fn date(at: SystemTime) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // `2027-01-15T08:00:00Z`
    let text = rfc3339(at);
    let part = |range| text.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().unwrap_or(1);
    let month = MONTHS.get(month.saturating_sub(1)).unwrap_or(&"Jan");
    let (day, year, time) = (part(8..10), part(0..4), part(11..19));
    format!("{day} {month} {year} {time} +0000")
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
