//! Whatever is sent, the answer is one: no panic, no 500, an error that is JSON with a code.

use http::{Method, Request};
use http_body_util::Full;
use pierhead_model::{ContentDigest, ErrorCode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{Client, Reply};

fn paths() -> impl Strategy<Value = String> {
    let digest = ContentDigest::sha256(b"").to_string();
    let part = prop_oneof![
        Just("a".to_owned()),
        Just("blobs".to_owned()),
        Just("uploads".to_owned()),
        Just("manifests".to_owned()),
        Just("tags".to_owned()),
        Just("list".to_owned()),
        Just("referrers".to_owned()),
        Just("_catalog".to_owned()),
        Just("..".to_owned()),
        Just(String::new()),
        Just("0".repeat(32)),
        Just(digest),
        "[a-zA-Z0-9%:;._~é-]{0,12}",
    ];
    vec(part, 0..7).prop_map(|parts| format!("/v2/{}", parts.join("/")))
}

fn queries() -> impl Strategy<Value = String> {
    let digest = ContentDigest::sha256(b"");
    let pair = prop_oneof![
        "(n|last|digest|mount|from|tag|artifactType|digest-algorithm|scope)=[a-z0-9:%+-]{0,12}",
        Just(format!("digest={digest}")),
        Just(format!("mount={digest}")),
        Just("from=a".to_owned()),
        Just("n=0".to_owned()),
    ];
    vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("range"),
        Just("if-range"),
        Just("if-none-match"),
        Just("content-range"),
        Just("content-length"),
        Just("content-type"),
        Just("content-encoding"),
        Just("accept"),
        Just("authorization"),
        Just("host"),
        Just("expect"),
    ];
    let value = prop_oneof![
        "[ -~é]{0,24}",
        "bytes=[0-9]{0,20}-[0-9]{0,20}",
        "[0-9]{1,20}-[0-9]{1,20}",
        "[0-9]{1,20}",
        "(Basic|Bearer) [a-zA-Z0-9=+/.]{0,16}",
    ];
    vec((name.prop_map(str::to_owned), value), 0..5)
}

fn check(method: &Method, uri: &str, reply: &Reply) {
    assert_ne!(reply.status, 500, "{method} {uri}");
    if *method == Method::HEAD {
        assert!(reply.body.is_empty());
    } else if reply.status >= 400 {
        let code = reply.code();
        assert!(
            ErrorCode::ALL.iter().any(|known| known.as_str() == code),
            "{code}"
        );
    }
    let challenges = reply.headers.get_all("www-authenticate").iter().count();
    assert_eq!(
        challenges,
        usize::from(reply.status == 401),
        "{method} {uri}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_request_is_answered(
        method in prop_oneof![
            Just(Method::GET),
            Just(Method::HEAD),
            Just(Method::POST),
            Just(Method::PUT),
            Just(Method::PATCH),
            Just(Method::DELETE),
            Just(Method::OPTIONS),
        ],
        path in prop_oneof![9 => paths(), 1 => Just("/token".to_owned())],
        query in queries(),
        headers in headers(),
        body in vec(any::<u8>(), 0..64),
    ) {
        let uri = format!("{path}?{query}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        for client in [Client::open(), Client::guarded(true), Client::guarded(true).bearer("alice")] {
            let mut request = Request::builder().method(&method).uri(&uri);
            for (name, value) in client.headers().iter().chain(&headers) {
                request = request.header(name, value);
            }
            // What is no request never comes this far.
            let Ok(request) = request.body(Full::new(body.clone().into())) else { continue };
            let reply = runtime.block_on(client.ask(request));
            check(&method, &uri, &reply);
        }
    }
}

#[tokio::test]
async fn no_route_does_anything_for_who_may_not() {
    let digest = ContentDigest::sha256(b"").to_string();
    let client = Client::guarded(true);
    client.bearer("alice").push_image("syn1/a", "v1", "").await;
    for route in [
        "tags/list",
        "manifests/v1",
        "blobs/DIGEST",
        "blobs/uploads/",
        "blobs/uploads/?mount=DIGEST&from=syn1/a",
        "blobs/uploads/?digest=DIGEST",
        "blobs/uploads/00000000000000000000000000000000?digest=DIGEST",
        "referrers/DIGEST",
    ] {
        let route = route.replace("DIGEST", &digest);
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            for (asking, name, allowed) in [
                (client.clone(), "syn1/a", &[401][..]),
                (client.bearer("anonymous"), "syn1/a", &[401, 405]),
                (client.bearer("wrong"), "syn1/a", &[401]),
                (client.bearer("alice"), "secret/a", &[403, 405]),
                (client.bearer("alice-pull"), "syn1/b", &[401, 405]),
            ] {
                let uri = format!("/v2/{name}/{route}");
                let reply = asking.send(method, &uri).await;
                assert!(
                    allowed.contains(&reply.status),
                    "{method} {uri}: {}",
                    reply.status
                );
            }
        }
    }
}
