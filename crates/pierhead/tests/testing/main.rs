//! The registry for other crates' tests, asked over HTTP as they ask it.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pierhead::Pierhead;
use pierhead::model::ContentDigest;
use pierhead::prelude::{
    Action, AllowAll, AuthenticationError, Authenticator, Authorizer, Caller, Credentials, Decided,
    Peer, Resource, Visible, allow, async_trait, deny,
};
use pierhead::registry::{Error, Event, MissingReferences};
use pierhead::testing::{Image, Registry, TestingError, block_on};
use ureq::Agent;
use ureq::http::{Response, StatusCode};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

#[test]
fn what_a_test_puts_there_is_served_over_http() {
    let registry = Registry::start().unwrap();
    let image = Image::of("one").and("two");
    let digest = block_on(registry.push("team/app:1", &image)).unwrap();
    assert_eq!(digest, image.digest());

    let mut manifest = get(&registry, "team/app/manifests/1", None);
    assert_eq!(manifest.status(), StatusCode::OK);
    assert_eq!(manifest.headers()["content-type"], OCI);
    let manifest = manifest.body_mut().read_to_vec().unwrap();
    assert_eq!(manifest, image.manifest());
    for blob in [image.config(), "one".into(), "two".into()] {
        let path = format!("team/app/blobs/{}", ContentDigest::sha256(&blob));
        let mut answer = get(&registry, &path, None);
        assert_eq!(answer.body_mut().read_to_vec().unwrap(), blob);
    }
    let mut listed = get(&registry, "_catalog", None);
    let listed = listed.body_mut().read_to_string().unwrap();
    assert_eq!(listed, r#"{"repositories":["team/app"]}"#);
    assert!(registry.events().is_empty());
}

#[test]
fn what_a_client_pushes_is_seen_by_the_test() {
    let registry = Registry::start().unwrap();
    let image = Image::of("layer").with_config(r#"{"made":"by hand"}"#);
    for tag in ["1", "latest"] {
        push_over_http(&registry, "team/app", tag, &image);
    }
    assert_eq!(registry.pushed(), ["team/app:1", "team/app:latest"]);
    let blobs = |event: &Event| matches!(event, Event::BlobAdded { .. });
    assert!(registry.events().iter().any(blobs));

    let by_tag = block_on(registry.pull("team/app:1")).unwrap();
    assert_eq!(by_tag.manifest, image.manifest());
    assert_eq!(
        by_tag.config.as_deref(),
        Some(&br#"{"made":"by hand"}"#[..])
    );
    assert_eq!(by_tag.layers, ["layer"]);
    let by_digest = block_on(registry.pull(&format!("team/app@{}", image.digest()))).unwrap();
    assert_eq!(by_digest, by_tag);
}

#[test]
fn only_users_who_sign_in_are_served() {
    let registry = Registry::with_users([("ana", "swordfish")]).unwrap();
    block_on(registry.push("team/app:1", &Image::of("layer"))).unwrap();
    for (credentials, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("ana:wrong"), StatusCode::UNAUTHORIZED),
        (Some("ben:swordfish"), StatusCode::UNAUTHORIZED),
        (Some("ana:swordfish"), StatusCode::OK),
    ] {
        let answer = get(&registry, "team/app/manifests/1", credentials);
        assert_eq!(answer.status(), expected, "{credentials:?}");
    }
}

#[test]
fn permissions_of_ones_own_count_for_clients_and_not_for_the_test() {
    #[derive(Debug)]
    struct ReadOnly(AllowAll);

    #[async_trait]
    impl Authorizer for ReadOnly {
        async fn decide(&self, _: &Caller, action: Action, _: &Resource<'_>) -> Decided {
            match action {
                Action::Pull | Action::Head => allow(),
                _ => deny("nobody pushes", "ask for it"),
            }
        }
        async fn visible(&self, by: &Caller, after: Option<&str>, limit: usize) -> Visible {
            self.0.visible(by, after, limit).await
        }
    }

    let builder = Pierhead::in_memory();
    let rules = ReadOnly(AllowAll::new(builder.repositories()));
    let registry = Registry::serve(builder.authorizer(Arc::new(rules))).unwrap();
    block_on(registry.push("team/app:1", &Image::of("layer"))).unwrap();
    assert!(
        get(&registry, "team/app/manifests/1", None)
            .status()
            .is_success()
    );
    let refused = agent()
        .post(format!("{}/v2/team/app/blobs/uploads/", registry.url()))
        .send_empty()
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn permissions_are_tried_in_a_few_lines() {
    let registry = Registry::with_users([("ana", "swordfish")]).unwrap();
    let (ana, nobody) = (registry.as_user("ana", "swordfish"), registry.anonymous());
    let image = Image::of(vec![7; 300_000]).and("two");
    let at = format!("team/app@{}", image.digest());

    assert_eq!(nobody.push("team/app:1", &image).unwrap().status, 401);
    assert_eq!(ana.push("team/app:1", &image).unwrap().status, 201);
    assert_eq!(registry.pushed(), ["team/app:1"]);

    let pulled = ana.pull("team/app:1").unwrap();
    assert_eq!((pulled.status, &pulled.body), (200, &image.manifest()));
    assert_eq!(pulled.header("content-type"), Some(OCI));
    assert_eq!(ana.pull(&at).unwrap().body, image.manifest());
    assert_eq!(ana.pull("team/app:2").unwrap().status, 404);
    let tags = ana.tags("team/app").unwrap();
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["1"]}"#);
    let names = ana.catalog().unwrap();
    assert_eq!(names.text(), r#"{"repositories":["team/app"]}"#);
    for refused in [
        nobody.pull("team/app:1").unwrap(),
        nobody.tags("team/app").unwrap(),
        nobody.catalog().unwrap(),
        nobody.delete("team/app:1").unwrap(),
        registry.as_user("ana", "wrong").get("/v2/").unwrap(),
    ] {
        assert_eq!(refused.status, 401, "{refused:?}");
    }

    let begun = ana
        .send("POST", "/v2/team/app/blobs/uploads/", &[], b"")
        .unwrap();
    assert_eq!(begun.status, 202);
    let location = begun.header("location").unwrap();
    assert_eq!(ana.get(location).unwrap().status, 204);
    let url = format!("{}{location}", registry.url());
    assert_eq!(ana.get(&url).unwrap().status, 204);

    assert_eq!(ana.delete("team/app:1").unwrap().status, 202);
    assert_eq!(ana.delete(&at).unwrap().status, 202);
    assert_eq!(ana.pull(&at).unwrap().status, 404);
    let no_name = ana.pull("App:1").unwrap_err();
    assert!(matches!(no_name, TestingError::Name { .. }), "{no_name:?}");
}

#[test]
fn a_blob_that_is_missing_is_told_by_a_pull() {
    let builder = Pierhead::in_memory();
    let rows = builder.repositories();
    let builder = builder
        .authorizer(Arc::new(AllowAll::new(rows)))
        .missing_references(MissingReferences::All);
    let registry = Registry::serve(builder).unwrap();
    let client = registry.anonymous();
    let of = [("content-type", OCI)];
    let manifest = Image::of("never sent").manifest();
    let put = client
        .send("PUT", "/v2/a/manifests/1", &of, &manifest)
        .unwrap();
    assert_eq!(put.status, 201, "{}", put.text());
    assert_eq!(client.pull("a:1").unwrap().status, 404);
}

#[tokio::test]
async fn it_serves_beside_a_runtime_of_one_thread() {
    let registry = Registry::start().unwrap();
    registry.push("a:1", &Image::of("layer")).await.unwrap();
    // Blocks the only thread of this test's runtime: the registry has one of its own.
    assert!(get(&registry, "a/manifests/1", None).status().is_success());
}

#[test]
fn dropped_it_is_gone_and_others_stay() {
    let (first, second) = (Registry::start().unwrap(), Registry::start().unwrap());
    assert_ne!(first.host(), second.host());
    let (host, mut open) = (
        first.host().to_owned(),
        TcpStream::connect(first.host()).unwrap(),
    );
    drop(first);
    assert!(
        TcpStream::connect(&host).is_err(),
        "the port is still taken"
    );
    let read = std::io::Read::read(&mut open, &mut [0]);
    assert!(!matches!(read, Ok(1..)), "the connection is still served");
    assert!(get(&second, "", None).status().is_success());
}

#[test]
fn when_dropped_it_has_let_go_of_all_it_was_given() {
    /// Takes its time to go.
    #[derive(Debug)]
    struct Slow(Arc<AtomicBool>);

    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(200));
            self.0.store(true, Ordering::Release);
        }
    }

    #[async_trait]
    impl Authenticator for Slow {
        async fn authenticate(
            &self,
            _: Credentials,
            _: &Peer,
        ) -> Result<Caller, AuthenticationError> {
            Ok(Caller::anonymous())
        }
    }

    let gone = Arc::new(AtomicBool::new(false));
    let builder = Pierhead::in_memory().authenticator(Arc::new(Slow(gone.clone())));
    drop(Registry::serve(builder).unwrap());
    assert!(gone.load(Ordering::Acquire), "it is still held");
}

#[test]
fn what_is_no_name_is_refused_with_what_to_write() {
    let registry = Registry::start().unwrap();
    for text in ["", "app", "App:1", "app:", "app@sha256:1", "a:b:c"] {
        let refused = block_on(registry.pull(text)).unwrap_err();
        assert!(
            matches!(refused, TestingError::Name { .. }),
            "{text}: {refused:?}"
        );
        assert!(refused.to_string().contains("team/app:1"), "{text}");
    }
    let absent = block_on(registry.pull("app:1")).unwrap_err();
    assert!(
        matches!(
            absent,
            TestingError::Registry(Error::ManifestUnknown { .. })
        ),
        "{absent:?}"
    );
}

fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    config.build().into()
}

fn get(registry: &Registry, path: &str, credentials: Option<&str>) -> Response<ureq::Body> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let mut request = agent().get(format!("{}/v2/{path}", registry.url()));
    if let Some(credentials) = credentials {
        let credentials = BASE64_STANDARD.encode(credentials);
        request = request.header("authorization", format!("Basic {credentials}"));
    }
    request.call().unwrap()
}

fn push_over_http(registry: &Registry, name: &str, tag: &str, image: &Image) {
    let root = format!("{}/v2/{name}", registry.url());
    for blob in image.layers().iter().cloned().chain([image.config()]) {
        let digest = ContentDigest::sha256(&blob);
        let sent = agent()
            .post(format!("{root}/blobs/uploads/?digest={digest}"))
            .send(&blob[..]);
        assert_eq!(sent.unwrap().status(), StatusCode::CREATED);
    }
    let sent = agent()
        .put(format!("{root}/manifests/{tag}"))
        .header("content-type", OCI)
        .send(&image.manifest()[..]);
    assert_eq!(sent.unwrap().status(), StatusCode::CREATED);
}
