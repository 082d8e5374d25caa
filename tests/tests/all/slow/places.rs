//! Who keeps a place when others wait for one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use pierhead_tests::{Api, Raw, digest};

use super::{NAME, owner, server};

#[test]
fn an_answer_is_read_to_its_end_however_many_wait() {
    let server = server(1024, 20_000, "[limits]\nconnections = 1\n");
    let (api, bearer) = owner(&server);
    let bytes: Vec<u8> = (0..24_usize << 20)
        .map(|at| u8::try_from(at / 7 % 251).expect("it fits"))
        .collect();
    let name = digest(&bytes);
    api.push_blob(NAME, &name, &bytes).expect(201);
    drop(api);

    let mut slow = TcpStream::connect(server.address()).expect("the server listens");
    let host = server.host.clone();
    let asked = format!(
        "GET /v2/{NAME}/blobs/{name} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n"
    );
    slow.write_all(asked.as_bytes()).expect("the server reads");
    let newcomer = thread::spawn(move || {
        let newcomer = Api::anonymous(&host).send("GET", "/v2/", &[], &[]);
        newcomer.expect(401);
    });
    let (mut heard, mut part, mut begins) = (Vec::new(), vec![0; 1 << 20], None);
    while begins.is_none_or(|begins| heard.len() < begins + bytes.len()) {
        thread::sleep(Duration::from_millis(150));
        let read = slow.read(&mut part).expect("the server writes");
        let missing = begins.map_or(0, |begins| begins + bytes.len() - heard.len());
        assert!(read > 0, "cut off with {missing} bytes to come");
        heard.extend_from_slice(&part[..read]);
        if begins.is_none() {
            let ends = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            begins = ends.map(|at| at + 4);
        }
    }
    assert!(heard.ends_with(&bytes), "what comes is what was pushed");
    drop(slow);
    newcomer.join().expect("it is answered in the end");
}

#[test]
fn whoever_has_just_come_has_a_moment_to_ask_for_something() {
    let server = server(1024, 20_000, "[limits]\nconnections = 4\n");
    let all: Vec<_> = (0..16)
        .map(|_| {
            let at = server.address();
            thread::spawn(move || {
                let mut client = Raw::connect(at).expect("the server listens");
                thread::sleep(Duration::from_millis(300));
                let answer = client.request("GET /v2/", &[], &[]);
                assert_eq!(answer.expect("an answer").status, 401);
                thread::sleep(Duration::from_millis(100));
            })
        })
        .collect();
    for client in all {
        client.join().expect("each is answered");
    }
}
