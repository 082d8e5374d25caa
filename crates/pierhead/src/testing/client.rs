//! Somebody who asks over HTTP, as docker would, so that permissions can be tested in a few lines.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use pierhead_model::{ContentDigest, Manifest, MediaType, ReferenceRole};

use super::Image;
use super::registry::{Registry, TestingError, parse};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who speaks to a [`Registry`] over HTTP, with a password or without. Whatever a call
/// answers, a refusal too, is an [`Answer`]; an error is that there was none.
///
/// ```
/// use pierhead::testing::{Image, Registry};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::with_users([("ana", "swordfish")])?;
/// let ana = registry.as_user("ana", "swordfish");
/// assert_eq!(ana.push("team/app:1", &Image::of("layer"))?.status, 201);
/// assert_eq!(ana.tags("team/app")?.text(), r#"{"name":"team/app","tags":["1"]}"#);
/// assert_eq!(registry.anonymous().pull("team/app:1")?.status, 401);
/// # Ok(())
/// # }
/// ```
///
/// Its calls make their thread wait, for a minute at most, also in a test with a runtime: the
/// registry has a thread of its own. It shows its password with every request, and fetches no token.
#[derive(Debug)]
pub struct Client<'a> {
    registry: &'a Registry,
    authorization: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// Names, lower-case, and values, in order.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Bytes,
}

impl Answer {
    /// The first header of this name, which is written lower-case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(found, _)| found == name)?;
        Some(value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Registry {
    /// Somebody who signs in.
    pub fn as_user(&self, name: &str, password: &str) -> Client<'_> {
        let login = BASE64_STANDARD.encode(format!("{name}:{password}"));
        Client {
            registry: self,
            authorization: Some(format!("Basic {login}")),
        }
    }

    /// Somebody who does not.
    pub fn anonymous(&self) -> Client<'_> {
        Client {
            registry: self,
            authorization: None,
        }
    }
}

impl Client<'_> {
    /// Pushes an image to a name such as `team/app:1`: 201, or the first answer that is no success.
    ///
    /// # Errors
    /// [`TestingError::Name`] when the name is none, and [`TestingError::Http`].
    pub fn push(&self, name: &str, image: &Image) -> Result<Answer, TestingError> {
        let (name, reference) = parse(name)?;
        for blob in image.blobs() {
            let digest = ContentDigest::sha256(&blob);
            let to = format!("/v2/{name}/blobs/uploads/?digest={digest}");
            let answer = self.send("POST", &to, &[], &blob)?;
            if !answer.is_success() {
                return Ok(answer);
            }
        }
        let of = [("content-type", MediaType::OCI_MANIFEST.as_str())];
        let to = format!("/v2/{name}/manifests/{reference}");
        self.send("PUT", &to, &of, &image.manifest())
    }

    /// Pulls a manifest and the blobs it names: 200 and the manifest, or the first answer that is no
    /// success.
    ///
    /// # Errors
    /// [`TestingError::Name`] when the name is none, and [`TestingError::Http`].
    pub fn pull(&self, name: &str) -> Result<Answer, TestingError> {
        let (name, reference) = parse(name)?;
        let answer = self.get(&format!("/v2/{name}/manifests/{reference}"))?;
        let media_type = answer.header("content-type").map(str::parse);
        let Some(Ok(media_type)) = media_type.filter(|_| answer.is_success()) else {
            return Ok(answer);
        };
        let manifest = Manifest::from_stored(&answer.body, &media_type);
        for named in manifest.iter().flat_map(Manifest::references) {
            if matches!(named.role, ReferenceRole::Config | ReferenceRole::Layer) {
                let blob = self.get(&format!("/v2/{name}/blobs/{}", named.digest))?;
                if !blob.is_success() {
                    return Ok(blob);
                }
            }
        }
        Ok(answer)
    }

    /// The names that this caller may see.
    ///
    /// # Errors
    /// [`TestingError::Http`].
    pub fn catalog(&self) -> Result<Answer, TestingError> {
        self.get("/v2/_catalog")
    }

    /// The tags of a repository, such as `team/app`.
    ///
    /// # Errors
    /// [`TestingError::Http`].
    pub fn tags(&self, repository: &str) -> Result<Answer, TestingError> {
        self.get(&format!("/v2/{repository}/tags/list"))
    }

    /// Deletes a tag, `team/app:1`, or a manifest, `team/app@sha256:…`.
    ///
    /// # Errors
    /// [`TestingError::Name`] when the name is none, and [`TestingError::Http`].
    pub fn delete(&self, name: &str) -> Result<Answer, TestingError> {
        let (name, reference) = parse(name)?;
        let at = format!("/v2/{name}/manifests/{reference}");
        self.send("DELETE", &at, &[], b"")
    }

    /// Reads any path, such as `/v2/`.
    ///
    /// # Errors
    /// [`TestingError::Http`].
    pub fn get(&self, path: &str) -> Result<Answer, TestingError> {
        self.send("GET", path, &[], b"")
    }

    /// Sends any request. `path` begins with a slash, or is a URL of the registry that it gave as a
    /// `location`.
    ///
    /// # Errors
    /// [`TestingError::Http`].
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, TestingError> {
        let path = path.strip_prefix(self.registry.url()).unwrap_or(path);
        // What is answered to HTTP/1.0 ends with its connection.
        let mut head = format!(
            "{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n",
            body.len()
        );
        let authorization = self.authorization.as_deref();
        let authorization = authorization.map(|value| ("authorization", value));
        let all = headers.iter().copied().chain(authorization);
        for (name, value) in all.chain([("host", self.registry.host())]) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.exchange(head.as_bytes(), body)
            .map_err(TestingError::Http)
    }

    fn exchange(&self, head: &[u8], body: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.registry.host())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(head)?;
        // Who refuses a body may not read it, and has answered all the same.
        let sent = stream.write_all(body);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer)
            && answer.is_empty()
        {
            return Err(sent.err().unwrap_or(error));
        }
        understood(&answer.into()).ok_or_else(|| ErrorKind::InvalidData.into())
    }
}

/// An answer that was read to its end.
fn understood(answer: &Bytes) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&answer[..end]).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some(Answer {
        status,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: answer.slice(end + 4..),
    })
}
