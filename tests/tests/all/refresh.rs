//! Refresh tokens, where they are configured: clients keep one in the place of the password.

use std::fs;
use std::path::Path;

use pierhead_tests::{
    Client, Engine, Layout, Manager, OWNER, Output, PEOPLE, PROJECT, Server, ServerOptions,
    provision, run, scratch_build, tool,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const ON: &str = "refresh_token_life = \"90d\"\n[log]\nlevel = \"debug\"\n";

/// One engine takes seconds to start, so that one test goes through everything with it.
#[test]
fn docker_keeps_a_refresh_token_and_every_client_goes_on_with_it_until_it_is_revoked() {
    let scratch = TempDir::new().unwrap();
    let options = |config: &str| ServerOptions {
        provision: Some(provision(PEOPLE)),
        config: Some(config.to_owned()),
        ..ServerOptions::default()
    };
    let mut server = Server::start(options(ON));
    let engine = Engine::start();
    let owner = engine.client("owner");
    sign_in(&owner, &server);
    let kept = kept(&owner, &server);
    assert!(kept.starts_with("phr_"), "{kept}");

    // docker pushes and pulls, and the password is nowhere in it.
    let image = format!("{}/{PROJECT}/small:1", server.host);
    scratch_build(&scratch.path().join("1"), "the base", "version 1");
    owner.build(&scratch.path().join("1"), &image);
    owner.docker(&["push", &image]).expect_ok("docker push");
    let id = owner.id(&image);
    owner.docker(&["rmi", "--force", &id]).expect_ok("rmi");
    owner.docker(&["pull", &image]).expect_ok("docker pull");
    let log = server.log();
    assert_eq!(log.matches(" GET /token: 200 ").count(), 1, "{log}");
    assert!(log.matches(" POST /token: 200 ").count() >= 2, "{log}");

    // Others read what docker keeps.
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "refresh");
    others_come_with_it(&owner, &server, &layout, scratch.path());
    assert_eq!(self::kept(&owner, &server), kept, "it is never another one");

    // A restart changes nothing, and switching it off does.
    server = server.again();
    owner.docker(&["pull", &image]).expect_ok("docker pull");
    server = server.again_as(options("[log]\nlevel = \"debug\"\n"));
    let said = owner.docker(&["pull", &image]).expect_refused("pull");
    assert!(said.contains("sign in again"), "{said}");
    server = server.again_as(options(ON));
    owner.docker(&["pull", &image]).expect_ok("docker pull");

    // Whoever sees it in the list revokes it. Signing in again is what helps.
    let manager = Manager::of(&server.host);
    let session = manager.api().session(OWNER.name, &OWNER.password());
    let path = "/pierhead/v1/refreshToken";
    let ask = |method: &str, path: &str| {
        let answer = manager.ask(&session, method, path, &Value::Null);
        answer.expect(200).json()
    };
    let listed = ask("GET", path);
    let [token] = listed["results"].as_array().unwrap().as_slice() else {
        panic!("{listed}");
    };
    assert_eq!(token["from"], "127.0.0.1");
    assert_ne!(token["lastUsed"], Value::Null);
    ask(
        "DELETE",
        &format!("{path}/{}", token["id"].as_str().unwrap()),
    );
    for _ in 0..2 {
        let said = owner.docker(&["pull", &image]).expect_refused("pull");
        assert!(said.contains("sign in again"), "{said}");
    }
    let crane = crane(&owner, &["digest", &image]).expect_refused("crane");
    assert!(crane.contains("sign in again"), "{crane}");
    sign_in(&owner, &server);
    owner.docker(&["pull", &image]).expect_ok("docker pull");
    owner.docker(&["logout", &server.host]).expect_ok("logout");
    owner.docker(&["pull", &image]).expect_refused("pull");
}

fn others_come_with_it(owner: &Client, server: &Server, layout: &Layout, scratch: &Path) {
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let config = owner.config().join("config.json");
    let config = config.to_str().unwrap();
    let before = server.log().matches(" GET /token: ").count();

    let from = layout.path.to_str().unwrap();
    crane(owner, &["push", "--index", from, &image("crane:1")]).expect_ok("crane push");
    crane(owner, &["validate", "--remote", &image("crane:1")]).expect_ok("crane validate");
    crane(owner, &["copy", &image("crane:1"), &image("copied:1")]).expect_ok("crane copy");

    let from = format!("oci:{from}:multi");
    let to = format!("docker://{}", image("skopeo:1"));
    let out = format!("dir:{}", scratch.join("out").display());
    for (from, to) in [(&from, &to), (&to, &out)] {
        let copied = run(tool("skopeo")
            .args(["copy", "--all", "--authfile", config])
            .args(["--src-tls-verify=false", "--dest-tls-verify=false"])
            .args([from, to]));
        copied.expect_ok("skopeo copy");
    }

    let fetched = run(tool("oras")
        .args(["manifest", "fetch", "--plain-http"])
        .args(["--registry-config", config, &image("skopeo:1")]));
    fetched.expect_ok("oras manifest fetch");

    let after = server.log().matches(" GET /token: ").count();
    assert_eq!(after, before, "none of them asks with a password");
}

fn sign_in(client: &Client, server: &Server) {
    let said = client.login(&server.host, OWNER.name, &OWNER.password());
    said.expect_ok("docker login");
}

/// The token that docker keeps for the server, without a password.
fn kept(client: &Client, server: &Server) -> String {
    let text = fs::read_to_string(client.config().join("config.json")).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    let kept = &config["auths"][&server.host];
    // `ana` and a colon, in base 64.
    assert_eq!(kept["auth"], json!("YW5hOg=="), "{kept}");
    kept["identitytoken"].as_str().unwrap().to_owned()
}

fn crane(client: &Client, arguments: &[&str]) -> Output {
    run(tool("crane")
        .env("DOCKER_CONFIG", client.config())
        .args(arguments))
}
