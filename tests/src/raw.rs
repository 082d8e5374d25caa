//! HTTP/1.1 by hand: every byte and every pause is the test's own.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketType};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
#[derive(Debug)]
pub struct Raw {
    stream: BufReader<TcpStream>,
}

/// What stood in an answer.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// A header's text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The protocol's error code; empty when there is none.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["errors"][0]["code"].as_str().unwrap_or("").to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Raw {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?)
    }

    /// Connects as whoever has another address of this machine.
    ///
    /// # Errors
    /// When nobody listens there, or the address is not this machine's.
    pub fn connect_from(address: SocketAddr, from: IpAddr) -> io::Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let socket = net::socket(family, SocketType::STREAM, None)?;
        net::bind(&socket, &SocketAddr::new(from, 0))?;
        net::connect(&socket, &address)?;
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the other side has gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends the beginning of a request: its line, the headers, and the empty line.
    ///
    /// # Errors
    /// When the other side has gone.
    pub fn begin(&mut self, line: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        let host = self.stream.get_ref().peer_addr()?;
        let mut text = format!("{line} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        self.send(text.as_bytes())
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// When the other side has gone.
    pub fn end(&mut self) -> io::Result<()> {
        self.stream.get_ref().shutdown(Shutdown::Write)
    }

    /// Whether anything comes within this time: a byte, or the end of the connection.
    pub fn hears(&mut self, wait: Duration) -> bool {
        let _ = self.stream.get_ref().set_read_timeout(Some(wait));
        let waits = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
        let heard = !self
            .stream
            .fill_buf()
            .is_err_and(|error| waits.contains(&error.kind()));
        let _ = self.stream.get_ref().set_read_timeout(Some(PATIENCE));
        heard
    }

    /// Whether the server says `100 Continue`: it has read the head of a request that began with
    /// `Expect: 100-continue`, has nothing against it, and waits for the body.
    ///
    /// # Errors
    /// When the other side has gone.
    pub fn goes_on(&mut self) -> io::Result<bool> {
        Ok(self.one_answer(false)?.status == 100)
    }

    /// Reads one answer, passing over `100 Continue`. An answer to `HEAD` has no body.
    ///
    /// # Errors
    /// `UnexpectedEof` when the connection ends without one, or in the middle of it.
    pub fn answer(&mut self, head: bool) -> io::Result<RawAnswer> {
        loop {
            let answer = self.one_answer(head)?;
            if answer.status != 100 {
                return Ok(answer);
            }
        }
    }

    fn one_answer(&mut self, head: bool) -> io::Result<RawAnswer> {
        let line = self.line()?;
        let status = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| io::Error::other(format!("this is no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = RawAnswer {
            status,
            headers,
            body: Vec::new(),
        };
        if head || status == 100 || status == 204 || status == 304 {
            return Ok(answer);
        }
        if answer
            .header("transfer-encoding")
            .eq_ignore_ascii_case("chunked")
        {
            loop {
                let line = self.line()?;
                let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                let from = answer.body.len();
                answer.body.resize(from + length, 0);
                self.stream.read_exact(&mut answer.body[from..])?;
                self.line()?;
                if length == 0 {
                    return Ok(answer);
                }
            }
        }
        match answer.header("content-length").parse() {
            Ok(length) => {
                answer.body = vec![0; length];
                self.stream.read_exact(&mut answer.body)?;
            }
            Err(_) => {
                self.stream.read_to_end(&mut answer.body)?;
            }
        }
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line);
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// A request with a body that is there already.
    ///
    /// # Errors
    /// When the other side has gone before its answer was whole.
    pub fn request(
        &mut self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<RawAnswer> {
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        if !body.is_empty() || !(line.starts_with("GET ") || line.starts_with("HEAD ")) {
            all.push(("Content-Length", &length));
        }
        self.begin(line, &all)?;
        self.send(body)?;
        self.answer(line.starts_with("HEAD "))
    }
}
