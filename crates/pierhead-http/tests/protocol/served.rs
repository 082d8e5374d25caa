//! The router on a real connection.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Client;

/// A connection to a router that is merged with another one.
async fn connect(client: Client) -> TcpStream {
    let other = axum::Router::new().route("/health", axum::routing::get(|| async { "well" }));
    let router = client.service.into_router::<()>().merge(other);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    TcpStream::connect(address).await.expect("it listens")
}

/// The answer to one request, up to the end of the connection.
async fn exchange(client: Client, request: &str) -> String {
    let mut stream = connect(client).await;
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is read");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it is text");
    answer
}

#[tokio::test]
async fn paths_reach_the_service_as_they_were_sent() {
    for (path, status) in [
        ("/v2", "200"),
        ("/v2/", "200"),
        ("/v2/_catalog", "200"),
        ("/v2/a/b/c/tags/list", "404"),
        ("/v2/a%2fb/tags/list", "400"),
        ("/v2/a/../b/tags/list", "400"),
        ("/v2//_catalog", "404"),
        ("/v2/%ff/tags/list", "400"),
        ("/health", "200"),
        ("/token", "404"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = exchange(Client::open(), &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
    }
    let request = "GET /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(Client::guarded(true), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn who_is_still_sending_reads_the_answer_and_not_a_broken_pipe() {
    let mut stream = connect(Client::guarded(true)).await;
    let head = "PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 800000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it is read");
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        stream
            .write_all(&vec![b' '; 100_000])
            .await
            .expect("it is read on");
    }
    let mut answer = vec![0; 4096];
    let mut length = 0;
    while !answer[..length].ends_with(b"}\n") {
        length += stream
            .read(&mut answer[length..])
            .await
            .expect("the answer comes");
    }
    assert!(answer.starts_with(b"HTTP/1.1 401 "));
    // What was thrown away was all of it, so the connection goes on.
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("it is read");
    let length = stream.read(&mut answer).await.expect("the answer comes");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn nobody_is_told_to_continue_who_will_be_refused() {
    let mut stream = connect(Client::guarded(true)).await;
    let head = "PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 800000\r\n\
                Expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it is read");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it is text");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.ends_with("}\n"), "{answer}");
}
