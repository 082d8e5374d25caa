//! Clients that are slow, or stay and say nothing: they harm nobody else, and end by a limit.
//!
//! The figures, beside the looser bounds that hold on a machine that does other work, too:
//!
//! ```text
//! PIERHEAD_SLOW_ROUNDS=15 cargo test -p pierhead-tests --test all -- slow::beside --nocapture
//! ```

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pierhead_tests::{ANA_PASSWORD, Api, LAB, Server, ServerOptions};

mod beside;
mod limits;
mod places;
mod taken;

const NAME: &str = "syn101/slow";

/// Starts the server as a system with this limit of open files would, before a program raises it,
/// and after.
fn server(soft: u32, hard: u32, config: &str) -> Server {
    let command = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$@\"");
    Server::start(ServerOptions {
        provision: Some(LAB.into()),
        config: Some(config.into()),
        under: ["sh", "-c", &command, "sh"].map(Into::into).into(),
    })
}

/// A caller, and its token as a header's text.
fn owner(server: &Server) -> (Api, String) {
    let scope = format!("repository:{NAME}:pull,push");
    let api = Api::anonymous(&server.host);
    let answer = api.token("ana", ANA_PASSWORD, &[&scope]).expect(200).json();
    let token = answer["token"].as_str().expect("a token");
    (api.bearing(token), format!("Bearer {token}"))
}

/// The location of a new upload.
fn upload(api: &Api) -> String {
    let begun = api.send("POST", &format!("/v2/{NAME}/blobs/uploads/"), &[], &[]);
    begun.expect(202).header("location").to_owned()
}

/// How many bytes an upload has.
fn kept(api: &Api, location: &str) -> usize {
    let status = api.send("GET", location, &[], &[]).expect(204);
    let last = status.header("range").strip_prefix("0-").expect("a range");
    let last: usize = last.parse().expect("a number");
    if last == 0 { 0 } else { last + 1 }
}

/// What a slow client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing at all.
    Idle,
    /// Sends a request's line, a byte at a time.
    Line,
    /// Sends a header, a byte at a time.
    Header,
    /// Sends the head of an upload and the beginning of its body.
    Body,
}

/// Every way.
const WAYS: [Way; 4] = [Way::Idle, Way::Line, Way::Header, Way::Body];

/// What a slow body brings before it stands still.
const BEGINNING: usize = 16 << 10;

/// In how many turns slow bytes are sent. No multiple of the number of ways.
const TURNS: usize = 49;

/// Slow clients, who go on until this is dropped.
struct Slow {
    clients: Arc<Mutex<Vec<(Way, TcpStream)>>>,
    over: Arc<AtomicBool>,
    dribbles: Option<JoinHandle<()>>,
}

impl Slow {
    /// So many clients, in these ways by turns; those with a body send it to these uploads.
    fn start(at: SocketAddr, ways: &[Way], count: usize, bearer: &str, uploads: &[String]) -> Self {
        let mut uploads = uploads.iter().cycle();
        let clients = ways.iter().cycle().take(count).map(|way| {
            let mut stream = TcpStream::connect(at).expect("the server listens");
            let start = match way {
                Way::Idle | Way::Line => String::new(),
                Way::Header => "GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: ".into(),
                Way::Body => format!(
                    "PATCH {} HTTP/1.1\r\nHost: a\r\nAuthorization: {bearer}\r\n\
                     Content-Length: 100000000\r\n\r\n{}",
                    uploads.next().expect("an upload"),
                    "b".repeat(BEGINNING)
                ),
            };
            stream
                .write_all(start.as_bytes())
                .expect("the server reads");
            (*way, stream)
        });
        let clients = Arc::new(Mutex::new(clients.collect::<Vec<_>>()));
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, told) = (Arc::clone(&clients), Arc::clone(&over));
        let dribbles = thread::spawn(move || {
            for letter in b"GET /v2/".iter().chain([b'a'].iter().cycle()) {
                // A byte of each about twice a second, and never all at once.
                for turn in 0..TURNS {
                    if told.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut clients = theirs.lock().expect("nobody panics with it");
                    for (way, stream) in clients.iter_mut().skip(turn).step_by(TURNS) {
                        // Whoever was sent away writes to nobody.
                        let _ = match way {
                            Way::Line => stream.write(&[*letter]),
                            Way::Header => stream.write(b"a"),
                            Way::Idle | Way::Body => Ok(0),
                        };
                    }
                    drop(clients);
                    thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Self {
            clients,
            over,
            dribbles: Some(dribbles),
        }
    }

    /// What each has heard, once the server has ended all of these connections.
    fn ended(mut self, within: Duration) -> Vec<(Way, String)> {
        let end = Instant::now() + within;
        // Dribbling goes on meanwhile, on another handle.
        let clients = self.clients.lock().expect("nobody panics with it");
        let handles = clients
            .iter()
            .map(|(way, stream)| (*way, stream.try_clone().expect("a handle")));
        let handles: Vec<_> = handles.collect();
        drop(clients);
        let heard = handles.into_iter().map(|(way, mut stream)| {
            let left = end
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1));
            stream.set_read_timeout(Some(left)).expect("a socket");
            let mut heard = Vec::new();
            let read = stream.read_to_end(&mut heard);
            let waits = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
            if let Err(error) = read {
                assert!(!waits.contains(&error.kind()), "{way:?} was not ended");
            }
            (way, String::from_utf8_lossy(&heard).into_owned())
        });
        let heard = heard.collect();
        self.stop();
        heard
    }

    fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(dribbles) = self.dribbles.take() {
            dribbles.join().expect("it does not panic");
        }
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.stop();
    }
}
