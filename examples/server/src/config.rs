//! The configuration file: TOML in which every key is known and every value has a type.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pierhead::http::HttpOptions;
use pierhead::projects::Email;
use pierhead::registry::RetentionRule;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::failure::Failure;
use crate::net::forwarded::Network;
use crate::private;
use crate::units::{self, Bytes, Span};

/// Everything a configuration file can say. `docs/configuration.md` has a table of the keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: Option<Address>,
    #[serde(deserialize_with = "public_urls")]
    pub(crate) public_urls: Vec<String>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) tls: Option<Tls>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) provision: Option<PathBuf>,
    #[serde(deserialize_with = "service")]
    pub(crate) service: Option<String>,
    pub(crate) certification: Certification,
    pub(crate) public_download: bool,
    pub(crate) project_creation: ProjectCreation,
    pub(crate) registration: Option<Registration>,
    pub(crate) missing_references: MissingReferences,
    pub(crate) opaque_manifests: bool,
    #[serde(deserialize_with = "some_span::<_, 60, 86_400>")]
    pub(crate) token_life: Option<Span>,
    #[serde(deserialize_with = "some_span::<_, 60, { 30 * DAY }>")]
    pub(crate) session_life: Option<Span>,
    #[serde(deserialize_with = "some_span::<_, 60, YEAR>")]
    pub(crate) refresh_token_life: Option<Span>,
    pub(crate) drain: Option<Span>,
    pub(crate) storage: Storage,
    pub(crate) limits: Limits,
    pub(crate) collector: Collector,
    pub(crate) trash: Trash,
    pub(crate) snapshot: Snapshot,
    pub(crate) mail: Option<Mail>,
    pub(crate) retention: Option<Retention>,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) log: Log,
}

/// An address and a port; a host name would leave open which of its addresses is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) SocketAddr);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is no address to listen on; write an IP address and a port, such as \
                 \"127.0.0.1:5000\""
            ))
        })
    }
}

/// URLs that clients can be sent to; checked here so that a mistake has its line.
fn public_urls<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Checked(String);
    impl<'de> Deserialize<'de> for Checked {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let url = String::deserialize(from)?;
            HttpOptions::default()
                .with_public_url(&url)
                .map_err(D::Error::custom)?;
            Ok(Self(url))
        }
    }
    let urls = Vec::<Checked>::deserialize(from)?;
    Ok(urls.into_iter().map(|Checked(url)| url).collect())
}

/// A name that can stand in a challenge.
fn service<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(from)?;
    HttpOptions::default()
        .with_service(&name)
        .map_err(D::Error::custom)?;
    Ok(Some(name))
}

const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;

/// A span of so many seconds at least and at most.
fn span<'de, D: Deserializer<'de>, const LEAST: u64, const MOST: u64>(
    from: D,
) -> Result<Span, D::Error> {
    let span = Span::deserialize(from)?;
    if (LEAST..=MOST).contains(&span.0.as_secs()) {
        return Ok(span);
    }
    let (least, most) = (units::written(LEAST), units::written(MOST));
    Err(D::Error::custom(format!(
        "give at least \"{least}\" and at most \"{most}\""
    )))
}

fn some_span<'de, D: Deserializer<'de>, const LEAST: u64, const MOST: u64>(
    from: D,
) -> Result<Option<Span>, D::Error> {
    span::<D, LEAST, MOST>(from).map(Some)
}

fn connections<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        0 => Err(D::Error::custom("give at least 1")),
        connections => Ok(connections),
    }
}

/// A manifest has to fit.
fn manifest<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    let bytes = Bytes::deserialize(from)?;
    if bytes.0 < 1 << 10 {
        return Err(D::Error::custom("give at least \"1KiB\""));
    }
    Ok(bytes)
}

fn blob<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Bytes>, D::Error> {
    match Bytes::deserialize(from)? {
        Bytes(0) => Err(D::Error::custom(
            "give at least 1, or leave it out for blobs of any length",
        )),
        bytes => Ok(Some(bytes)),
    }
}

/// The certificate that the server shows, and its key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Of whom certification is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Certification {
    #[default]
    NewRepository,
    EveryPush,
}

/// Who makes projects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProjectCreation {
    #[default]
    Everyone,
    Operators,
}

/// Who makes accounts for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Registration {
    Open,
    Invitation,
    Closed,
}

/// Which references of a manifest may be missing when it is pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MissingReferences {
    #[default]
    Refuse,
    Children,
    All,
}

/// How things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) sync: bool,
}

impl Default for Storage {
    fn default() -> Self {
        Self { sync: true }
    }
}

/// What one client, or all of them, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    #[serde(deserialize_with = "connections")]
    pub(crate) connections: u32,
    #[serde(deserialize_with = "span::<_, 1, DAY>")]
    pub(crate) header_timeout: Span,
    #[serde(deserialize_with = "span::<_, 1, DAY>")]
    pub(crate) body_idle_timeout: Span,
    #[serde(deserialize_with = "manifest")]
    pub(crate) manifest: Bytes,
    #[serde(deserialize_with = "blob")]
    pub(crate) blob: Option<Bytes>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            header_timeout: Span(Duration::from_secs(60)),
            body_idle_timeout: Span(Duration::from_secs(60)),
            manifest: Bytes(4 << 20),
            blob: None,
        }
    }
}

/// When what nothing reaches any more is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Collector {
    #[serde(deserialize_with = "some_span::<_, 1, YEAR>")]
    pub(crate) every: Option<Span>,
    pub(crate) keep: Option<Span>,
    #[serde(deserialize_with = "some_span::<_, 1, YEAR>")]
    pub(crate) grace: Option<Span>,
    #[serde(deserialize_with = "some_span::<_, 1, YEAR>")]
    pub(crate) upload_idle: Option<Span>,
}

/// How the trash can is emptied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Trash {
    #[serde(deserialize_with = "some_span::<_, 1, { 10 * YEAR }>")]
    pub(crate) keep: Option<Span>,
}

/// How often the server copies its database, and how many copies stay; with none of them it does
/// not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Snapshot {
    #[serde(deserialize_with = "span::<_, 1, YEAR>")]
    pub(crate) every: Span,
    #[serde(deserialize_with = "copies")]
    pub(crate) keep: u32,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            every: Span(Duration::from_secs(DAY)),
            keep: 7,
        }
    }
}

fn copies<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        copies @ 0..=1000 => Ok(copies),
        _ => Err(D::Error::custom("give at most 1000, or 0 for no snapshots")),
    }
}

/// Where mail is left for whatever carries it, and whom it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) directory: Option<PathBuf>,
    #[serde(deserialize_with = "sender")]
    pub(crate) from: Option<Email>,
}

/// An address that can stand in a header.
fn sender<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Email>, D::Error> {
    let text = String::deserialize(from)?;
    if text == crate::mail::FROM {
        return Ok(None);
    }
    let email: Email = text.parse().map_err(D::Error::custom)?;
    email.mailable().map_err(D::Error::custom)?;
    Ok(Some(email))
}

/// Which former versions of tags are taken away, and how often that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RetentionKeys")]
pub(crate) struct Retention {
    pub(crate) rule: RetentionRule,
    pub(crate) every: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionKeys {
    newest: Option<u32>,
    #[serde(default, deserialize_with = "some_span::<_, 1, { 100 * YEAR }>")]
    younger_than: Option<Span>,
    #[serde(default, deserialize_with = "some_span::<_, 1, YEAR>")]
    every: Option<Span>,
}

impl TryFrom<RetentionKeys> for Retention {
    type Error = &'static str;

    fn try_from(keys: RetentionKeys) -> Result<Self, Self::Error> {
        let newest = keys.newest.map(|newest| newest as usize);
        let rule = RetentionRule::new(newest, keys.younger_than.map(|span| span.0));
        let every = keys.every.unwrap_or(Span(Duration::from_secs(6 * 3_600)));
        rule.map(|rule| Self { rule, every })
            .ok_or("say what stays: `newest` versions of each tag, `younger_than`, or both")
    }
}

/// Where the server's figures are to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) listen: Address,
}

/// What is written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: Level,
    pub(crate) format: Format,
    /// Whether every request has a line, whatever came of it.
    pub(crate) requests: bool,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

impl Config {
    /// Reads a file. Its relative paths are relative to the folder it is in.
    ///
    /// # Errors
    /// When it cannot be read, or the first thing wrong in it, with its line.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| {
            let remedy = private::unread(&error, "name another with --config");
            Failure::told(format!(
                "the configuration file {} cannot be read ({error}); {remedy}",
                path.display()
            ))
        })?;
        let text = text(path, bytes)?;
        let mut config = Self::parse(&text)
            .map_err(|error| Failure::told(format!("{}:{error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mail = config
            .mail
            .as_mut()
            .and_then(|mail| mail.directory.as_mut());
        let tls = config.tls.as_mut();
        let tls = tls
            .into_iter()
            .flat_map(|tls| [&mut tls.certificate, &mut tls.key]);
        let paths = [config.data.as_mut(), config.provision.as_mut(), mail];
        for path in paths.into_iter().flatten().chain(tls) {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// The line and what is wrong with it, as `3: …`.
    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| mistake(text, &error))
    }
}

/// A mistake in TOML as `line: what`, with the key unless the message names one.
pub(crate) fn mistake(text: &str, error: &toml::de::Error) -> String {
    let place = error.span().map_or(0, |span| span.start);
    let line = line_of(text, place);
    let message = error.message().replace('\n', "; ");
    let message = message.replacen("wanted string or table", "expected a string", 1);
    if let Some(rest) = message.strip_prefix("unknown field") {
        return format!("{line}: unknown key{rest}; correct or remove it");
    }
    let key = text
        .lines()
        .nth(line - 1)
        .and_then(|line| line.split_once('='));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match key.map(|(key, _)| key.trim()) {
        Some(key)
            if !["missing field", "duplicate key"]
                .iter()
                .any(|it| message.starts_with(it))
                && !key.is_empty()
                && key.bytes().all(plain) =>
        {
            format!("{line}: `{key}`: {message}")
        }
        _ => format!("{line}: {message}"),
    }
}

/// The text in a file, or the line where it stops being text.
///
/// # Errors
/// When it is not UTF-8.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = line_of(&String::from_utf8_lossy(error.as_bytes()), good);
        Failure::told(format!(
            "{}:{line}: not UTF-8; save the file as UTF-8",
            path.display()
        ))
    })
}

/// The line of a place in a text, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.matches('\n').count()
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
