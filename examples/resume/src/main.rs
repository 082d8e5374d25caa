//! Uploads a file as a blob over a line that breaks: `pierhead-resume-example URL REPOSITORY FILE`,
//! signed in by `REGISTRY_USER` and `REGISTRY_PASSWORD`. It prints the digest, for a manifest to name.
//!
//! Whenever the line breaks or the registry restarts, it asks how much has arrived and goes on from
//! there, until a dozen tries in a row got no byte further. It needs nothing of Pierhead, and speaks
//! to any registry that keeps what arrived of a `PATCH`.

use std::error::Error;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};
use ureq::http::{Request, Response};
use ureq::{Agent, Body, SendBody};

/// Tries in a row that got no byte further: a minute of them, in which a registry can restart.
const TRIES: u32 = 12;

/// How long a request may take: by this, a line that fell silent breaks.
const DEADLINE: Duration = Duration::from_secs(300);

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A file on its way.
struct Upload {
    registry: String,
    repository: String,
    login: String,
    file: File,
    length: u64,
    digest: String,
    /// Where the registry takes it, once that is known, and the most that it said it has.
    session: Option<String>,
    reached: u64,
}

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [registry, repository, path] = words.as_slice() else {
        return Err("give URL REPOSITORY FILE, as http://127.0.0.1:5000 syn101/data a.tar".into());
    };
    let told = |name| std::env::var(name).map_err(|_| format!("set {name}"));
    let login = format!("{}:{}", told("REGISTRY_USER")?, told("REGISTRY_PASSWORD")?);
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let mut upload = Upload {
        registry: registry.trim_end_matches('/').to_owned(),
        repository: repository.clone(),
        login: format!("Basic {}", BASE64_STANDARD.encode(login)),
        length: file.stream_position()?,
        file,
        digest: format!("sha256:{}", hex::encode(hash.finalize())),
        session: None,
        reached: 0,
    };
    let (mut tries, mut reached) = (0, 0);
    while let Err(why) = upload.go_on() {
        tries = if upload.reached > reached {
            1
        } else {
            tries + 1
        };
        reached = upload.reached;
        // What is refused from the first is refused again: a wrong password, no permission.
        let refused = upload.session.is_none() && !why.is::<ureq::Error>();
        if refused || tries > TRIES {
            return Err(why);
        }
        eprintln!("broken off, {reached} of {} arrived: {why}", upload.length);
        std::thread::sleep(Duration::from_millis(100 << tries.min(6)));
    }
    println!("{}", upload.digest);
    Ok(())
}

impl Upload {
    /// Sends what the registry does not have yet, and closes the upload. Connections break and tokens
    /// run out, so each try begins with both anew.
    fn go_on(&mut self) -> Fallible<()> {
        let config = Agent::config_builder().http_status_as_error(false);
        let agent: Agent = config.timeout_global(Some(DEADLINE)).build().into();
        let shown = self.sign_in(&agent)?;
        let send = |method: &str, url: &str, range: &str, body: SendBody<'static>| {
            let root = if url.starts_with('/') {
                &*self.registry
            } else {
                ""
            };
            let mut request = Request::builder()
                .method(method)
                .uri(format!("{root}{url}"));
            request = request.header("Authorization", &shown);
            if !range.is_empty() {
                request = request.header("Content-Range", range);
            }
            Fallible::Ok(agent.run(request.body(body)?)?)
        };
        let ask =
            |method: &str, url: &str, range: &str, body| good(send(method, url, range, body)?);
        let blobs = format!("/v2/{}/blobs", self.repository);
        let mut stands = None;
        if let Some(session) = &self.session {
            let told = send("GET", session, "", SendBody::none())?;
            if told.status() != 404 {
                let told = good(told)?;
                let last = header(&told, "Range").split_once('-');
                let last: u64 = last
                    .ok_or("the registry does not say what arrived")?
                    .1
                    .parse()?;
                // `Range: 0-0` is one byte or none: not worth to find out.
                stands = (last > 0).then(|| (session.clone(), last + 1));
            }
        }
        let blob = format!("{blobs}/{}", self.digest);
        let (session, at) = match stands {
            Some(place) => place,
            // The first try; or the session is gone, perhaps because an answer of success was lost.
            None if ask("HEAD", &blob, "", SendBody::none()).is_ok() => return Ok(()),
            None => {
                let begun = ask("POST", &format!("{blobs}/uploads/"), "", SendBody::none())?;
                (header(&begun, "Location").to_owned(), 0)
            }
        };
        eprintln!("going on at {at} of {}", self.length);
        if at < self.length {
            let (mut rest, range) = (self.file.try_clone()?, format!("{at}-{}", self.length - 1));
            rest.seek(SeekFrom::Start(at))?;
            self.session = Some(session.clone());
            self.reached = self.reached.max(at);
            ask("PATCH", &session, &range, SendBody::from_owned_reader(rest))?;
        }
        let separator = if session.contains('?') { '&' } else { '?' };
        let close = format!("{session}{separator}digest={}", self.digest);
        ask("PUT", &close, "", SendBody::none())?;
        // The registry has hashed it; that it is there, and whole, is all there is to ask.
        let found = ask("HEAD", &blob, "", SendBody::none())?;
        if header(&found, "Content-Length") != self.length.to_string() {
            return Err("the registry has something else under this digest".into());
        }
        Ok(())
    }

    /// What to show: a token, got where the registry says.
    fn sign_in(&self, agent: &Agent) -> Fallible<String> {
        let asked = agent.get(format!("{}/v2/", self.registry)).call()?;
        let told = |name: &str| {
            let (_, rest) = header(&asked, "WWW-Authenticate").split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0)
        };
        // Where there are no tokens, the password goes with every request.
        let tokens = header(&asked, "WWW-Authenticate").starts_with("Bearer ");
        let Some(realm) = told("realm").filter(|_| tokens) else {
            return Ok(self.login.clone());
        };
        let scope = format!("repository:{}:pull,push", self.repository);
        let request = agent
            .get(realm)
            .query("service", told("service").unwrap_or_default());
        let request = request
            .query("scope", scope)
            .header("Authorization", &self.login);
        let text = good(request.call()?)?.body_mut().read_to_string()?;
        let answer: serde_json::Value = serde_json::from_str(&text)?;
        Ok(format!(
            "Bearer {}",
            answer["token"].as_str().unwrap_or_default()
        ))
    }
}

/// An answer of success.
fn good(mut answer: Response<Body>) -> Fallible<Response<Body>> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    Err(format!("{status}: {}", answer.body_mut().read_to_string()?).into())
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
