//! A line to a server that breaks where a test says.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;

/// What the kernel keeps for each side of each connection, in bytes, before it doubles it.
const BUFFER: usize = 64 << 10;

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The server is told that nothing more comes.
    End,
    /// The server is told that the connection is no more.
    Reset,
    /// The server is told nothing, and what it holds of the connection stays.
    Silence,
}

/// Every way, to take turns.
pub const BREAKS: [Break; 3] = [Break::End, Break::Reset, Break::Silence];

/// A proxy between clients and a server. What it counts is what it has handed to the server, heads
/// of requests included; bytes that a client sent and it did not hand on are not among them.
#[derive(Debug)]
pub struct Line {
    /// Host and port, instead of the server's.
    pub host: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Bytes of all connections.
    handed: u64,
    /// What breaks when so many have been handed over, in rising order.
    breaks: VecDeque<(u64, Break)>,
    broken: usize,
    /// The server's side of what fell silent.
    silent: Vec<TcpStream>,
    /// How long each piece takes.
    pace: Duration,
}

impl Line {
    /// A line to a server, which need not be there yet, that breaks at these numbers of bytes.
    pub fn to(server: SocketAddr, breaks: impl IntoIterator<Item = (u64, Break)>) -> Self {
        Self::paced(server, Duration::ZERO, breaks)
    }

    /// The same, with a pause before each piece of at most 32 KiB.
    pub fn paced(
        server: SocketAddr,
        pace: Duration,
        breaks: impl IntoIterator<Item = (u64, Break)>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let host = listener.local_addr().expect("it is bound").to_string();
        // What is accepted has the listener's buffers.
        shrink(&listener).expect("a socket's buffers");
        let state = Arc::new(Mutex::new(State {
            handed: 0,
            breaks: breaks.into_iter().collect(),
            broken: 0,
            silent: Vec::new(),
            pace,
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A server that is not there makes a line that is not there.
                if let Ok(server) = TcpStream::connect(server) {
                    let state = Arc::clone(&shared);
                    thread::spawn(move || carry(client, server, &state));
                }
            }
        });
        Self { host, state }
    }

    /// Bytes handed to the server so far.
    pub fn handed(&self) -> u64 {
        self.state.lock().expect("nobody panics with it").handed
    }

    /// How often it has broken as it was told to.
    pub fn broken(&self) -> usize {
        self.state.lock().expect("nobody panics with it").broken
    }

    /// The server's side of connections that fell silent: what is written there arrives as if the
    /// client had sent it before it went.
    pub fn silent(&self) -> Vec<TcpStream> {
        std::mem::take(&mut self.state.lock().expect("nobody panics with it").silent)
    }
}

/// Carries one connection until either side ends it, or it breaks.
fn carry(client: TcpStream, server: TcpStream, state: &Arc<Mutex<State>>) {
    let ends = || -> io::Result<_> {
        shrink(&server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok((server.try_clone()?, client.try_clone()?))
    };
    let Ok((answers, asker)) = ends() else { return };
    let back = thread::spawn(move || {
        let _ = io::copy(&mut &answers, &mut &asker);
        let _ = asker.shutdown(Shutdown::Both);
    });
    let broken = forward(&client, &server, state);
    // Which the server does not hear of.
    let _ = server.shutdown(Shutdown::Read);
    let _ = back.join();
    match broken {
        None | Some(Break::End) => {}
        Some(Break::Reset) => abort(&server),
        Some(Break::Silence) => {
            let mut state = state.lock().expect("nobody panics with it");
            state.silent.push(server);
        }
    }
    // The client's own end of the line: it hears of every break at once.
    if broken.is_some() {
        abort(&client);
    }
    drop(client);
}

/// Lets a connection end with a reset when it is closed.
fn abort(socket: &TcpStream) {
    let _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}

/// Hands on what the client sends; what broke, if it did not just end.
fn forward(mut client: &TcpStream, mut server: &TcpStream, state: &Mutex<State>) -> Option<Break> {
    let mut buffer = vec![0; 32 << 10];
    loop {
        let read = client.read(&mut buffer).unwrap_or(0);
        if read == 0 {
            return None;
        }
        let mut piece = &buffer[..read];
        let pace = state.lock().expect("nobody panics with it").pace;
        thread::sleep(pace);
        while !piece.is_empty() {
            let room = {
                let state = state.lock().expect("nobody panics with it");
                let next = state.breaks.front();
                next.map_or(u64::MAX, |(at, _)| at.saturating_sub(state.handed))
            };
            let length = piece.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let taken = match server.write(&piece[..length]) {
                Ok(taken) if taken > 0 || length == 0 => taken,
                _ => return None,
            };
            piece = &piece[taken..];
            let mut state = state.lock().expect("nobody panics with it");
            state.handed += taken as u64;
            let handed = state.handed;
            if let Some((at, how)) = state.breaks.front().copied()
                && at <= handed
            {
                state.breaks.pop_front();
                state.broken += 1;
                return Some(how);
            }
        }
    }
}

fn shrink(socket: &impl std::os::fd::AsFd) -> rustix::io::Result<()> {
    sockopt::set_socket_recv_buffer_size(socket, BUFFER)?;
    sockopt::set_socket_send_buffer_size(socket, BUFFER)
}
