//! Clients that take nothing of their answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::server;

/// RFC 9113: a frame of this kind.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = [0, 0, length, kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;

/// Over HTTP/2 a client may answer every ping and let nothing of an answer's body come.
#[test]
fn whoever_takes_nothing_of_an_answer_over_http_2_is_cut_off() {
    let server = server(1024, 20_000, "");
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let since = Instant::now();
    let wait = Duration::from_secs(180);
    stream.set_read_timeout(Some(wait)).unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    // An initial window of nothing (SETTINGS_INITIAL_WINDOW_SIZE).
    stream
        .write_all(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]))
        .unwrap();
    // `GET /v2/` by HPACK's static table: method, scheme and a path and an authority in letters.
    let mut request = vec![0x82, 0x86, 0x04, 4];
    request.extend(b"/v2/");
    request.extend([0x01, 9]);
    request.extend(b"localhost");
    stream.write_all(&frame(1, 0x5, 1, &request)).unwrap();
    let (mut answered, mut head) = (false, [0; 9]);
    while stream.read_exact(&mut head).is_ok() {
        assert!(since.elapsed() < wait, "it keeps its place");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if stream.read_exact(&mut payload).is_err() {
            break;
        }
        match (head[3], head[4] & ACK) {
            (0, _) => assert!(payload.is_empty(), "no body is allowed"),
            (1, _) => answered = true,
            (kind @ (SETTINGS | PING), 0) => {
                let back = if kind == PING { &payload[..] } else { &[] };
                // Whoever is cut off is so at any moment.
                let _ = stream.write_all(&frame(kind, ACK, 0, back));
            }
            _ => {}
        }
    }
    let after = since.elapsed();
    assert!(answered, "the answer's header comes");
    let least = Duration::from_secs(55);
    assert!(least < after && after < wait, "after {after:?}");
}
