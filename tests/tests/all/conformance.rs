//! The official conformance runner, read from its results file: on a set-up error it succeeds
//! having run nothing, and its web page counts what is disabled among what was skipped.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pierhead_model::ContentDigest;
use pierhead_tests::{
    Api, OWNER, PROJECT, Server, ServerOptions, binary, free_port, provision, run, tool,
};
use tempfile::TempDir;

/// The version of the specification: its main branch, with all that is optional in it but
/// manifests that name what is not there.
const VERSION: &str = "dev";
/// How many tests the runner has at that version, at least.
const TESTS: u64 = 980;

/// What can be switched on beside the version's own defaults, each by its name.
const SWITCHES: [&str; 28] = [
    "OCI_API_PING",
    "OCI_API_PULL",
    "OCI_API_PUSH",
    "OCI_API_REFERRER",
    "OCI_API_BLOBS_ATOMIC",
    "OCI_API_BLOBS_DELETE",
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_BLOBS_MOUNT_ANONYMOUS",
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_MANIFESTS_ATOMIC",
    "OCI_API_MANIFESTS_DELETE",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_TAG_PARAM",
    "OCI_API_TAGS_ATOMIC",
    "OCI_API_TAGS_DELETE",
    "OCI_API_TAGS_LIST",
    "OCI_DATA_INDEX_LIST",
    "OCI_DATA_SPARSE",
    "OCI_DATA_SUBJECT",
    "OCI_DATA_SUBJECT_MISSING",
    "OCI_DATA_SUBJECT_LIST",
    "OCI_DATA_ARTIFACT_LIST",
    "OCI_DATA_DATA_FIELD",
    "OCI_DATA_NONDISTRIBUTABLE",
    "OCI_DATA_CUSTOM_FIELDS",
    "OCI_DATA_NO_LAYERS",
    "OCI_DATA_EMPTY_BLOB",
    "OCI_DATA_SHA512",
];

/// The counts of a results file.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    disabled: u64,
}

#[test]
fn through_tokens_and_the_permission_engine_everything_conforms_as_installed() {
    let server = served(None);
    let (one, two) = (format!("{PROJECT}/conf1"), format!("{PROJECT}/conf2"));
    let login = (OWNER.name, &*OWNER.password());
    expect_conformance(&server.host, [&one, &two], login, &[]);
}

#[test]
fn with_manifests_that_may_name_what_is_not_there_every_switch_conforms() {
    let server = served(Some("missing_references = \"all\"\n".to_owned()));
    let (one, two) = (format!("{PROJECT}/conf1"), format!("{PROJECT}/conf2"));
    let login = (OWNER.name, &*OWNER.password());
    expect_conformance(&server.host, [&one, &two], login, &SWITCHES);
}

#[test]
fn as_installed_a_manifest_that_names_what_is_not_there_is_refused_by_name() {
    let server = served(None);
    let absent = ContentDigest::sha256(b"nobody pushed this");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{absent}","size":18}},"layers":[]}}"#
    );
    let scope = format!("repository:{PROJECT}/sparse:pull,push");
    let api = Api::login(&server.host, OWNER.name, &OWNER.password(), &[&scope]);
    let path = format!("/v2/{PROJECT}/sparse/manifests/v1");
    let headers = [("content-type", kind)];
    let refused = api.send("PUT", &path, &headers, manifest.as_bytes());
    let refused = refused.expect(404).json();
    assert_eq!(refused["errors"][0]["code"], "MANIFEST_BLOB_UNKNOWN");
    assert!(
        refused.to_string().contains(&absent.to_string()),
        "{refused}"
    );
}

#[test]
fn a_registry_embedded_in_another_application_conforms_in_memory() {
    let embedded = Embedded::start(None);
    let repositories = ["ana/conf1", "ana/conf2"];
    expect_conformance(&embedded.host, repositories, ("ana", "swordfish"), &[]);
}

fn served(config: Option<String>) -> Server {
    Server::start(ServerOptions {
        provision: Some(provision(&[])),
        config,
        ..ServerOptions::default()
    })
}

#[test]
fn the_embedded_registry_keeps_its_directory_over_a_kill() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("registry");
    let basic = [("authorization", "Basic YW5hOnN3b3JkZmlzaA==")];
    let bytes = b"kept on disk";
    let digest = ContentDigest::sha256(bytes).to_string();
    let path = format!("/v2/ana/app/blobs/{digest}");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{digest}","size":{}}},"layers":[]}}"#,
        bytes.len()
    );
    {
        let first = Embedded::start(Some(&directory));
        let api = Api::anonymous(&first.host);
        let upload = format!("/v2/ana/app/blobs/uploads/?digest={digest}");
        api.send("POST", &upload, &basic, bytes).expect(201);
        let headers = [basic[0], ("content-type", kind)];
        let put = "/v2/ana/app/manifests/v1";
        api.send("PUT", put, &headers, manifest.as_bytes())
            .expect(201);
    }
    let second = Embedded::start(Some(&directory));
    let api = Api::anonymous(&second.host);
    let blob = api.send("GET", &path, &basic, &[]).expect(200);
    assert_eq!(blob.body, bytes);
    let found = api.send("GET", "/v2/ana/app/manifests/v1", &basic, &[]);
    assert_eq!(found.expect(200).body, manifest.as_bytes());
}

/// The example of embedding, as its readers run it.
struct Embedded {
    host: String,
    child: Child,
}

impl Embedded {
    fn start(directory: Option<&Path>) -> Self {
        let host = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(binary("pierhead-embed-example"));
        let child = command
            .arg(&host)
            .args(directory)
            .stdin(Stdio::null())
            .spawn()
            .expect("the example starts");
        let embedded = Self { host, child };
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&embedded.host).is_err() {
            assert!(Instant::now() < end, "the example does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        embedded
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs everything that the runner does at its version, and what is switched on beside.
fn expect_conformance(
    host: &str,
    repositories: [&str; 2],
    (user, password): (&str, &str),
    switches: &[&str],
) {
    let folder = TempDir::new().unwrap();
    let mut command = tool("conformance");
    command.current_dir(folder.path());
    for (name, value) in [
        ("OCI_REGISTRY", host),
        ("OCI_TLS", "disabled"),
        ("OCI_VERSION", VERSION),
        ("OCI_REPO1", repositories[0]),
        ("OCI_REPO2", repositories[1]),
        ("OCI_USERNAME", user),
        ("OCI_PASSWORD", password),
    ] {
        command.env(name, value);
    }
    command.envs(switches.iter().map(|switch| (switch, "true")));
    let started = SystemTime::now();
    let output = run(&mut command);
    let results = read(&folder.path().join("results/junit.xml"), started);
    let results = results.unwrap_or_else(|why| panic!("{why}\n{}", output.text));
    let counts = counts(&results).expect("a results file that we can read");
    let failed = failed(&results).join("\n");
    println!("conformance of {host}: {counts:?}");
    assert!(output.ok, "the runner failed: {counts:?}\n{failed}");
    let wrong = [counts.failures, counts.errors, counts.skipped];
    assert_eq!((wrong, counts.disabled), ([0; 3], 0), "{failed}");
    assert!(counts.tests >= TESTS, "only {} tests ran", counts.tests);
}

/// The results, if they were written since.
fn read(path: &Path, since: SystemTime) -> Result<String, String> {
    let about = |error| format!("{}: {error}", path.display());
    let written = fs::metadata(path)
        .and_then(|data| data.modified())
        .map_err(about)?;
    if written < since {
        return Err(format!("{} is older than this run", path.display()));
    }
    fs::read_to_string(path).map_err(about)
}

/// The counts of the one suite in a results file. A count that is zero may be left out there, but
/// for these three.
fn counts(results: &str) -> Option<Counts> {
    let mut suites = results
        .lines()
        .filter(|line| line.trim_start().starts_with("<testsuite "));
    let suite = suites.next()?;
    let count = |name: &str| -> Option<u64> {
        let (_, value) = suite.split_once(&format!(" {name}=\""))?;
        value.split('"').next()?.parse().ok()
    };
    let counts = Counts {
        tests: count("tests")?,
        failures: count("failures")?,
        errors: count("errors")?,
        skipped: count("skipped").unwrap_or(0),
        disabled: count("disabled").unwrap_or(0),
    };
    suites.next().is_none().then_some(counts)
}

/// The names of the tests that neither passed nor were disabled.
fn failed(results: &str) -> Vec<&str> {
    let cases = results
        .lines()
        .filter(|line| line.trim_start().starts_with("<testcase "));
    let bad = |line: &&str| {
        ["failure", "error", "skipped"]
            .iter()
            .any(|kind| line.contains(&format!("status=\"{kind}\"")))
    };
    cases
        .filter(bad)
        .filter_map(|line| line.split('"').nth(1))
        .collect()
}

#[test]
fn results_are_read_from_the_suite_and_from_nothing_older() {
    let case = |status: &str| format!("    <testcase name=\"a/{status}\" status=\"{status}\">\n");
    let file = |numbers: &str| {
        let cases: String = ["passed", "failure", "disabled"].map(case).concat();
        format!("<testsuites tests=\"9\">\n  <testsuite name=\"x\" {numbers}>\n{cases}")
    };
    let all = "tests=\"3\" failures=\"1\" errors=\"0\" disabled=\"1\" skipped=\"4\"";
    let read_all = Counts {
        tests: 3,
        failures: 1,
        errors: 0,
        skipped: 4,
        disabled: 1,
    };
    assert_eq!(counts(&file(all)), Some(read_all));
    let few = Counts {
        tests: 3,
        failures: 1,
        errors: 0,
        skipped: 0,
        disabled: 0,
    };
    assert_eq!(
        counts(&file("tests=\"3\" failures=\"1\" errors=\"0\"")),
        Some(few)
    );
    for unreadable in [
        "",
        &file("tests=\"3\" failures=\"1\""),
        &file(all).repeat(2),
    ] {
        assert_eq!(counts(unreadable), None, "{unreadable}");
    }
    assert_eq!(failed(&file(all)), ["a/failure"]);

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("junit.xml");
    let before = SystemTime::now();
    assert!(read(&path, before).is_err(), "nothing was written");
    fs::write(&path, "x").unwrap();
    fs::File::open(&path)
        .unwrap()
        .set_modified(before - Duration::from_secs(1))
        .unwrap();
    assert!(read(&path, before).unwrap_err().contains("older"));
}
