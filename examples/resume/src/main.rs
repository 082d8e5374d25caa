//! Uploads a file as a blob over a line that breaks: `pierhead-resume-example URL REPOSITORY FILE`.
//!
//! `REGISTRY_USER` and `REGISTRY_PASSWORD` sign it in. It prints the digest, for a manifest to name.
//! Whenever the line breaks or the registry restarts, it asks how much has arrived and goes on from
//! there; it gives up once a dozen tries in a row got no byte further.
//!
//! It needs nothing of Pierhead, and speaks to any registry that keeps what arrived of a `PATCH`.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};
use ureq::http::{Request, Response, request};
use ureq::{Agent, AsSendBody, Body, SendBody};

/// Tries in a row that got no byte further: a minute of them, in which a registry can restart.
const TRIES: u32 = 12;

/// The longest pause before another try; the first is a hundredth of it.
const PAUSE: Duration = Duration::from_secs(10);

/// How long a request may take. A line that fell silent breaks by this, and an upload that takes
/// longer loses no more by it than by any other break.
const DEADLINE: Duration = Duration::from_secs(300);

/// Why a try came to nothing.
enum Failure {
    /// The next may do better.
    Broken(String),
    /// No other would.
    Refused(String),
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A file on its way.
struct Upload {
    file: File,
    length: u64,
    digest: String,
    /// Where the registry takes it, once that is known.
    location: Option<String>,
    /// The most that the registry has said it has.
    reached: u64,
}

/// Who uploads to where, for one try: connections break and tokens run out.
struct Caller {
    agent: Agent,
    registry: String,
    repository: String,
    bearer: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [registry, repository, path] = words.as_slice() else {
        return Err(
            "give URL REPOSITORY FILE, such as http://127.0.0.1:5000 syn101/data a.tar".into(),
        );
    };
    let told = |name| std::env::var(name).map_err(|_| format!("set {name}"));
    let login = format!("{}:{}", told("REGISTRY_USER")?, told("REGISTRY_PASSWORD")?);
    let mut upload = Upload::of(File::open(path)?)?;
    let (mut tries, mut reached) = (0, 0);
    loop {
        let outcome = Caller::sign_in(registry, repository, &login)
            .and_then(|caller| caller.push(&mut upload));
        let why = match outcome {
            Ok(()) => break,
            Err(Failure::Refused(why)) => return Err(why.into()),
            Err(Failure::Broken(why)) => why,
        };
        tries = if upload.reached > reached {
            1
        } else {
            tries + 1
        };
        reached = upload.reached;
        if tries > TRIES {
            return Err(format!("{TRIES} tries got no byte further; the last: {why}").into());
        }
        eprintln!("broken off: {why}");
        std::thread::sleep(PAUSE.min(PAUSE / 100 * 2_u32.pow(tries - 1)));
    }
    println!("{}", upload.digest);
    Ok(())
}

impl Upload {
    fn of(mut file: File) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut length = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            length += read as u64;
        }
        Ok(Self {
            file,
            length,
            digest: format!("sha256:{}", hex::encode(hash.finalize())),
            location: None,
            reached: 0,
        })
    }
}

impl Caller {
    /// Asks the registry where its tokens are, and gets one.
    fn sign_in(registry: &str, repository: &str, login: &str) -> Result<Self, Failure> {
        let config = Agent::config_builder().http_status_as_error(false);
        let agent: Agent = config.timeout_global(Some(DEADLINE)).build().into();
        let asked = agent.get(format!("{registry}/v2/")).call()?;
        let challenge = header(&asked, "WWW-Authenticate");
        let told = |name: &str| {
            let rest = challenge.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0)
        };
        let (Some(realm), Some(service)) = (told("realm"), told("service")) else {
            return Err(unlike(asked, "a challenge with realm and service"));
        };
        let basic = format!("Basic {}", BASE64_STANDARD.encode(login));
        let token = agent
            .get(realm)
            .query("service", service)
            .query("scope", format!("repository:{repository}:pull,push"))
            .header("Authorization", basic)
            .call()?;
        if token.status() == 401 {
            return Err(Failure::Refused(
                "the registry knows no such user and password".into(),
            ));
        }
        let text = expect(200, token)?.body_mut().read_to_string()?;
        let token: serde_json::Value = serde_json::from_str(&text)?;
        let token = token["token"].as_str().unwrap_or_default();
        Ok(Self {
            agent,
            registry: registry.trim_end_matches('/').to_owned(),
            repository: repository.to_owned(),
            bearer: format!("Bearer {token}"),
        })
    }

    /// Sends what the registry does not have yet, and closes the upload.
    fn push(&self, upload: &mut Upload) -> Result<(), Failure> {
        let (location, at) = match self.stands(upload)? {
            Some(place) => place,
            // The first try; or the session is gone, perhaps because an answer of success was lost.
            None if self.has(upload)? => return Ok(()),
            None => (self.begin()?, 0),
        };
        upload.location = Some(location.clone());
        upload.reached = upload.reached.max(at);
        eprintln!("going on at {at} of {}", upload.length);
        if at < upload.length {
            upload.file.seek(SeekFrom::Start(at))?;
            let patch = self
                .request("PATCH", &location)
                .header("Content-Range", format!("{at}-{}", upload.length - 1))
                .header("Content-Length", upload.length - at);
            let rest = SendBody::from_reader(&mut upload.file);
            expect(202, self.run(patch, rest)?)?;
        }
        let separator = if location.contains('?') { '&' } else { '?' };
        let close = format!("{location}{separator}digest={}", upload.digest);
        expect(201, self.run(self.request("PUT", &close), &[])?)?;
        if self.has(upload)? {
            return Ok(());
        }
        Err(Failure::Refused(
            "the registry has something else under this digest".into(),
        ))
    }

    /// A new session's location.
    fn begin(&self) -> Result<String, Failure> {
        let path = format!("/v2/{}/blobs/uploads/", self.repository);
        let begun = expect(202, self.run(self.request("POST", &path), &[])?)?;
        Ok(header(&begun, "Location").to_owned())
    }

    /// The session's location and how much it has, unless it is gone.
    fn stands(&self, upload: &Upload) -> Result<Option<(String, u64)>, Failure> {
        let Some(location) = &upload.location else {
            return Ok(None);
        };
        let told = self.run(self.request("GET", location), ())?;
        if told.status() == 404 {
            return Ok(None);
        }
        let told = expect(204, told)?;
        let last = header(&told, "Range").split_once('-');
        let Some(last) = last.and_then(|(_, last)| last.parse::<u64>().ok()) else {
            return Err(unlike(told, "how much has arrived"));
        };
        // `0-0` may be a byte or none: not worth to find out.
        Ok((last > 0).then(|| (location.clone(), last + 1)))
    }

    /// Whether the registry has the blob, whole. Its bytes need not be fetched for that: a registry
    /// hashes what it files under a digest.
    fn has(&self, upload: &Upload) -> Result<bool, Failure> {
        let path = format!("/v2/{}/blobs/{}", self.repository, upload.digest);
        let found = self.run(self.request("HEAD", &path), ())?;
        let length = header(&found, "Content-Length").parse();
        Ok(found.status() == 200 && length == Ok(upload.length))
    }

    fn request(&self, method: &str, location: &str) -> request::Builder {
        let registry = if location.starts_with('/') {
            &*self.registry
        } else {
            ""
        };
        Request::builder()
            .method(method)
            .uri(format!("{registry}{location}"))
            .header("Authorization", &self.bearer)
    }

    fn run(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, Failure> {
        Ok(self.agent.run(request.body(body)?)?)
    }
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn expect(status: u16, answer: Response<Body>) -> Result<Response<Body>, Failure> {
    if answer.status() == status {
        return Ok(answer);
    }
    Err(unlike(answer, &format!("status {status}")))
}

/// An answer that was not to be expected. A token that ran out, a session that is gone or stands
/// elsewhere, and a registry in trouble may all be better next time.
fn unlike(mut answer: Response<Body>, expected: &str) -> Failure {
    let status = answer.status();
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    let why = format!("expected {expected}, the registry answered {status}: {text}");
    match status.as_u16() {
        401 | 404 | 408 | 416 | 429 | 500.. => Failure::Broken(why),
        _ => Failure::Refused(why),
    }
}
