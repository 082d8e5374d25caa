//! An image that can be made again from a seed, and its push in every way clients push, broken off
//! at a chosen moment.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{Random, Raw, RawAnswer};

pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The bytes of an image manifest; the first descriptor is its configuration.
pub(super) fn manifest(blobs: &[(ContentDigest, usize)]) -> Vec<u8> {
    let descriptor = |kind: &str, (digest, size): (ContentDigest, usize)| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"{digest}","size":{size}}}"#
        )
    };
    let layers: Vec<String> = blobs[1..]
        .iter()
        .map(|blob| descriptor("layer.v1.tar", *blob))
        .collect();
    let mut text = String::new();
    let _ = write!(
        text,
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{},"layers":[{}]}}"#,
        descriptor("config.v1+json", blobs[0]),
        layers.join(",")
    );
    text.into_bytes()
}

/// How a blob goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `POST` with the digest and the bytes.
    Whole,
    /// `POST`, then `PUT` with the bytes.
    Put,
    /// `POST`, one chunked `PATCH`, an empty `PUT`.
    Stream,
    /// `POST`, two `PATCH`es that say where they belong, the rest with the `PUT`.
    Pieces,
}

const WAYS: [Way; 4] = [Way::Whole, Way::Put, Way::Stream, Way::Pieces];

#[derive(Debug)]
pub(super) struct Blob {
    pub(super) digest: ContentDigest,
    pub(super) bytes: Arc<Vec<u8>>,
    way: Way,
}

#[derive(Debug)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) tag: String,
    pub(super) blobs: Vec<Blob>,
    pub(super) manifest: Arc<Vec<u8>>,
}

impl Image {
    pub(super) fn new(random: &mut Random, name: String, tag: String) -> Self {
        let blobs: Vec<Blob> = (0..4)
            .map(|index| {
                let largest = [4 << 10, 256 << 10, 1 << 20, 4 << 20][index];
                let length = 2 + random.below(largest - 2);
                let bytes = random.bytes(length);
                let digest = ContentDigest::sha256(&bytes);
                Blob {
                    digest,
                    bytes: Arc::new(bytes),
                    way: WAYS[random.below(WAYS.len())],
                }
            })
            .collect();
        let all: Vec<_> = blobs
            .iter()
            .map(|blob| (blob.digest, blob.bytes.len()))
            .collect();
        Self {
            name,
            tag,
            manifest: Arc::new(manifest(&all)),
            blobs,
        }
    }

    /// How many bodies its push has: the blobs', then the manifest's.
    pub(super) fn parts(&self) -> usize {
        self.blobs.len() + 1
    }

    pub(super) fn length(&self, part: usize) -> usize {
        self.blobs
            .get(part)
            .map_or(self.manifest.len(), |blob| blob.bytes.len())
    }
}

/// When a push is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// So many bytes into the body of this part.
    Body { part: usize, at: usize },
    /// After the last byte of this part's closing request, or of the answer to it.
    Closing { part: usize, answered: bool },
}

/// An upload that was under way: where, how much of it had been sent.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) part: usize,
    pub(super) location: String,
    pub(super) sent: usize,
}

/// Tells the one who kills, and holds the victim still until it is done.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) moment: Moment,
    pub(super) now: Sender<Instant>,
    pub(super) killed: AtomicBool,
    pub(super) session: Mutex<Option<Session>>,
}

impl Trigger {
    fn fire(&self) {
        self.now
            .send(Instant::now())
            .expect("somebody waits for it");
    }
}

/// Who pushes, and to where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pusher<'a> {
    pub(super) address: SocketAddr,
    pub(super) token: &'a str,
    pub(super) trigger: Option<&'a Trigger>,
}

/// The sending side of one part.
struct Part<'a> {
    pusher: Pusher<'a>,
    raw: Raw,
    index: usize,
    authorization: String,
    sent: usize,
    location: String,
}

impl<'a> Pusher<'a> {
    /// Pushes every blob at once, each over a connection of its own, then the manifest. `done` hears
    /// of every part that was acknowledged.
    pub(super) fn push(self, image: &Image, done: &(dyn Fn(usize) + Sync)) -> io::Result<()> {
        let results: Vec<io::Result<()>> = thread::scope(|scope| {
            let tasks: Vec<_> = (0..image.blobs.len())
                .map(|part| {
                    scope.spawn(move || {
                        created(&self.push_blob(image, part)?)?;
                        done(part);
                        Ok(())
                    })
                })
                .collect();
            tasks
                .into_iter()
                .map(|task| task.join().expect("a pusher does not panic"))
                .collect()
        });
        results.into_iter().collect::<io::Result<()>>()?;
        created(&self.push_manifest(image)?)?;
        done(image.blobs.len());
        Ok(())
    }

    fn part(self, index: usize) -> io::Result<Part<'a>> {
        Ok(Part {
            pusher: self,
            raw: Raw::connect(self.address)?,
            index,
            authorization: format!("Bearer {}", self.token),
            sent: 0,
            location: String::new(),
        })
    }

    fn push_blob(self, image: &Image, index: usize) -> io::Result<RawAnswer> {
        let blob = &image.blobs[index];
        let (digest, bytes) = (blob.digest, &blob.bytes[..]);
        let mut part = self.part(index)?;
        let uploads = format!("/v2/{}/blobs/uploads/", image.name);
        if blob.way == Way::Whole {
            return part.request(&format!("POST {uploads}?digest={digest}"), &[], bytes, true);
        }
        let started = part.request(&format!("POST {uploads}"), &[], &[], false)?;
        if started.status != 202 {
            return Ok(started);
        }
        started.header("location").clone_into(&mut part.location);
        let location = part.location.clone();
        let close = format!("PUT {location}?digest={digest}");
        match blob.way {
            Way::Whole | Way::Put => part.request(&close, &[], bytes, true),
            Way::Stream => {
                let answer = part.chunked(&format!("PATCH {location}"), bytes)?;
                if answer.status != 202 {
                    return Ok(answer);
                }
                part.request(&close, &[], &[], true)
            }
            Way::Pieces => {
                let third = bytes.len().div_ceil(3);
                let mut at = 0;
                for piece in bytes.chunks(third).take(2) {
                    let range = format!("{at}-{}", at + piece.len() - 1);
                    let headers = [("Content-Range", range.as_str())];
                    let answer =
                        part.request(&format!("PATCH {location}"), &headers, piece, false)?;
                    if answer.status != 202 {
                        return Ok(answer);
                    }
                    at += piece.len();
                }
                part.request(&close, &[], &bytes[at..], true)
            }
        }
    }

    fn push_manifest(self, image: &Image) -> io::Result<RawAnswer> {
        let mut part = self.part(image.blobs.len())?;
        let line = format!("PUT /v2/{}/manifests/{}", image.name, image.tag);
        part.request(
            &line,
            &[("Content-Type", MANIFEST_TYPE)],
            &image.manifest,
            true,
        )
    }
}

impl Part<'_> {
    fn request(
        &mut self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        closing: bool,
    ) -> io::Result<RawAnswer> {
        let length = body.len().to_string();
        let authorization = self.authorization.clone();
        let mut all = vec![
            ("Authorization", authorization.as_str()),
            ("Content-Length", &length),
        ];
        all.extend_from_slice(headers);
        self.raw.begin(line, &all)?;
        self.body(body, false)?;
        if closing {
            self.closed(false);
        }
        let answer = self.raw.answer(false)?;
        if closing {
            self.closed(true);
        }
        Ok(answer)
    }

    fn chunked(&mut self, line: &str, body: &[u8]) -> io::Result<RawAnswer> {
        let authorization = self.authorization.clone();
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Transfer-Encoding", "chunked"),
        ];
        self.raw.begin(line, &headers)?;
        self.body(body, true)?;
        self.raw.send(b"0\r\n\r\n")?;
        self.raw.answer(false)
    }

    /// Sends a body in pieces, and stops for good at the byte that was chosen.
    fn body(&mut self, body: &[u8], chunked: bool) -> io::Result<()> {
        let stop = match self.pusher.trigger.map(|trigger| trigger.moment) {
            Some(Moment::Body { part, at }) if part == self.index => Some(at),
            _ => None,
        };
        let mut rest = body;
        while !rest.is_empty() {
            let mut length = rest.len().min(32 << 10);
            let room = stop.map(|at| at - self.sent);
            if let Some(room) = room {
                length = length.min(room);
            }
            if room == Some(0) {
                return self.hold();
            }
            let (piece, more) = rest.split_at(length);
            if chunked {
                self.raw.send(format!("{length:x}\r\n").as_bytes())?;
            }
            self.raw.send(piece)?;
            if chunked {
                self.raw.send(b"\r\n")?;
            }
            self.sent += length;
            rest = more;
        }
        Ok(())
    }

    /// Says that the moment has come, and waits until the other side is dead.
    fn hold(&mut self) -> io::Result<()> {
        let Some(trigger) = self.pusher.trigger else {
            return Ok(());
        };
        if !self.location.is_empty() {
            *trigger.session.lock().expect("nobody panics with it") = Some(Session {
                part: self.index,
                location: self.location.clone(),
                sent: self.sent,
            });
        }
        trigger.fire();
        while !trigger.killed.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    fn closed(&self, answered: bool) {
        if let Some(trigger) = self.pusher.trigger
            && trigger.moment
                == (Moment::Closing {
                    part: self.index,
                    answered,
                })
        {
            trigger.fire();
        }
    }
}

fn created(answer: &RawAnswer) -> io::Result<()> {
    if answer.status == 201 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{}: {}",
        answer.status,
        answer.text()
    )))
}
