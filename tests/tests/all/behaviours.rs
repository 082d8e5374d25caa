//! What clients send and expect of the real server, beyond what the other files drive it with; and
//! that every rule has its tests.

use std::fs;
use std::path::Path;

use pierhead_tests::{ANA_PASSWORD, Api, LAB, Server, ServerOptions};
use serde::Deserialize;

fn served() -> Server {
    Server::start(ServerOptions {
        provision: Some(LAB.to_owned()),
        ..ServerOptions::default()
    })
}

#[test]
fn no_refresh_token_is_given_unless_that_is_configured() {
    let server = served();
    let api = Api::anonymous(&server.host);
    let service = format!("service={}", server.host);
    // Docker's and crane's request, then containerd's.
    let basic = [("authorization", &*basic("ana", ANA_PASSWORD))];
    let login = format!("/token?account=ana&client_id=docker&offline_token=true&{service}");
    let got = api.send("GET", &login, &basic, &[]).expect(200).json();
    let form = format!(
        "grant_type=password&{service}&client_id=containerd&access_type=offline&username=ana&password={ANA_PASSWORD}"
    );
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let posted = api.send("POST", "/token", &kind, form.as_bytes());
    let posted = posted.expect(200).json();
    for answer in [got, posted] {
        assert_eq!(answer.get("refresh_token"), None);
        assert_eq!(answer["token"], answer["access_token"]);
        assert!(answer["expires_in"].as_u64().is_some_and(|life| life >= 60));
    }
}

#[test]
fn the_longest_token_answer_is_one_that_crane_reads() {
    let server = served();
    let long = "a".repeat(255 - "syn101/".len() - 3);
    let scopes: Vec<String> = (10..42)
        .map(|number| format!("repository:syn101/{long}{number}:pull,push,delete"))
        .collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let token = Api::anonymous(&server.host).token("ana", ANA_PASSWORD, &scopes);
    let answer = token.expect(200);
    assert!(answer.body.len() < 64 << 10, "{} bytes", answer.body.len());
    // It works: the header that carries it is not too long either.
    let api = Api::login(&server.host, "ana", ANA_PASSWORD, &scopes);
    api.send("GET", "/v2/", &[], &[]).expect(200);
}

#[test]
fn a_host_of_this_machine_is_asked_to_sign_in_at_the_host_it_came_to() {
    let server = served();
    let port = server.address().port();
    for host in [format!("localhost:{port}"), server.host.clone()] {
        let api = Api::anonymous(&server.host);
        let asked = api.send("GET", "/v2/", &[("host", &host)], &[]).expect(401);
        let realm = format!("realm=\"http://{host}/token\"");
        let challenge = asked.header("www-authenticate");
        assert!(challenge.contains(&realm), "{challenge}");
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// What is sent, or must be survived.
    says: String,
    /// Where that is shown: a file, and the name of a test in it.
    tests: Vec<[String; 2]>,
}

#[test]
fn every_rule_of_the_protocol_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("tests/data/rules.toml")).expect("the rules");
    let Rules { rule } = toml::from_str(&text).expect("rules as they are written");
    assert!(rule.len() > 40, "only {} rules", rule.len());
    for Rule { says, tests } in rule {
        assert!(!tests.is_empty(), "{says}: no test");
        for [file, function] in tests {
            let source = fs::read_to_string(root.join(&file)).unwrap_or_default();
            // Requests of a file of data have a rule for a name, tests are functions.
            let named = [format!("rule = \"{function}\""), format!("fn {function}(")];
            let shown = named.iter().any(|name| source.contains(name));
            assert!(shown, "{says}: `{function}` is not in {file}");
        }
    }
}
