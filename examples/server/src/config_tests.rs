//! Configuration files, each with what it must say or be told.

use std::time::Duration;

use super::*;

#[test]
fn an_empty_file_says_nothing() {
    assert_eq!(Config::parse(""), Ok(Config::default()));
    assert!(Config::default().storage.sync);
}

#[test]
fn snapshots_are_daily_unless_told_otherwise() {
    let daily = Snapshot {
        every: Span(Duration::from_secs(86_400)),
        keep: 7,
    };
    for (text, snapshot) in [
        ("", daily),
        ("[snapshot]\nkeep = 0", Snapshot { keep: 0, ..daily }),
        (
            "[snapshot]\nevery = \"12h\"\nkeep = 1000",
            Snapshot {
                every: Span(Duration::from_secs(43_200)),
                keep: 1_000,
            },
        ),
    ] {
        let config = Config::parse(text);
        assert_eq!(config.map(|config| config.snapshot), Ok(snapshot), "{text}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "one of every key")]
fn every_key_is_read() {
    let config = Config::parse(
        r#"
        listen = "[::1]:5002"
        public_urls = ["https://registry.example.org", "http://registry.lan:5000"]
        trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
        data = "data"
        provision = "lab.toml"
        service = "registry.example.org"
        certification = "every-push"
        public_download = true
        project_creation = "operators"
        registration = "invitation"
        missing_references = "children"
        opaque_manifests = true
        token_life = "15m"
        session_life = "8h"
        refresh_token_life = "90d"
        drain = "10s"
        [tls]
        certificate = "chain.pem"
        key = "key.pem"
        [storage]
        sync = false
        [limits]
        connections = 100
        header_timeout = "10s"
        body_idle_timeout = "2m"
        manifest = "8MiB"
        blob = "10GiB"
        [collector]
        every = "6h"
        keep = "2h"
        grace = "48h"
        upload_idle = "12h"
        [trash]
        keep = "7d"
        [mail]
        directory = "outbox"
        from = "registry@example.org"
        [retention]
        newest = 10
        younger_than = "90d"
        every = "1h"
        [metrics]
        listen = "127.0.0.1:9100"
        [log]
        level = "debug"
        format = "json"
        requests = true
        "#,
    );
    let seconds = |seconds| Span(Duration::from_secs(seconds));
    let expected = Config {
        listen: Some(Address("[::1]:5002".parse().expect("an address"))),
        public_urls: vec![
            "https://registry.example.org".into(),
            "http://registry.lan:5000".into(),
        ],
        trusted_proxies: vec![
            "127.0.0.1".parse().expect("an address"),
            "10.0.0.0/8".parse().expect("a range"),
        ],
        tls: Some(Tls {
            certificate: "chain.pem".into(),
            key: "key.pem".into(),
        }),
        data: Some("data".into()),
        provision: Some("lab.toml".into()),
        service: Some("registry.example.org".into()),
        certification: Certification::EveryPush,
        public_download: true,
        project_creation: ProjectCreation::Operators,
        registration: Some(Registration::Invitation),
        missing_references: MissingReferences::Children,
        opaque_manifests: true,
        token_life: Some(seconds(900)),
        session_life: Some(seconds(8 * 3600)),
        refresh_token_life: Some(seconds(90 * 86_400)),
        drain: Some(seconds(10)),
        storage: Storage { sync: false },
        limits: Limits {
            connections: 100,
            header_timeout: seconds(10),
            body_idle_timeout: seconds(120),
            manifest: Bytes(8 << 20),
            blob: Some(Bytes(10 << 30)),
        },
        collector: Collector {
            every: Some(seconds(6 * 3600)),
            keep: Some(seconds(2 * 3600)),
            grace: Some(seconds(48 * 3600)),
            upload_idle: Some(seconds(12 * 3600)),
        },
        trash: Trash {
            keep: Some(seconds(7 * 86_400)),
        },
        snapshot: Snapshot::default(),
        mail: Some(Mail {
            directory: Some("outbox".into()),
            from: Some("registry@example.org".parse().expect("an address")),
        }),
        retention: Some(Retention {
            rule: RetentionRule::new(Some(10), Some(Duration::from_secs(90 * 86_400)))
                .expect("it has a bound"),
            every: seconds(3600),
        }),
        metrics: Some(Metrics {
            listen: Address("127.0.0.1:9100".parse().expect("an address")),
        }),
        log: Log {
            level: Level::Debug,
            format: Format::Json,
            requests: true,
        },
    };
    assert_eq!(config, Ok(expected));
}

#[test]
fn a_mistake_is_named_with_its_line() {
    for (text, said) in [
        (
            "\nlisen = \"x\"",
            "2: unknown key `lisen`, expected one of `listen`, `public_urls`",
        ),
        (
            "[storage]\nsynch = false",
            "2: unknown key `synch`, expected `sync`; correct or remove it",
        ),
        ("[stores]\n", "1: unknown key `stores`"),
        (
            "listen = 5000",
            "1: `listen`: invalid type: integer `5000`, expected a string",
        ),
        (
            "listen = \"localhost:5000\"",
            "1: `listen`: `localhost:5000` is no address to listen on",
        ),
        (
            "listen = \"[::1]:1\"\nlisten = \"[::1]:2\"",
            "2: duplicate key",
        ),
        (
            "certification = \"never\"",
            "1: `certification`: unknown variant `never`, expected `new-",
        ),
        (
            "\n\nmissing_references = true",
            "3: `missing_references`: expected a string",
        ),
        (
            "public_urls = \"https://a\"",
            "1: `public_urls`: invalid type: string \"https://a\", exp",
        ),
        (
            "drain = 30",
            "1: `drain`: invalid type: integer `30`, expected a string",
        ),
        (
            "refresh_token_life = \"59s\"",
            "1: `refresh_token_life`: give at least \"60s\" and at most \"365d\"",
        ),
        (
            "refresh_token_life = \"366d\"",
            "1: `refresh_token_life`: give at least \"60s\" and at most \"365d\"",
        ),
        (
            "drain = \"30\"",
            "1: `drain`: invalid value: string \"30\", expected a span of time such",
        ),
        (
            "[limits]\nmanifest = \"4MB\"",
            "2: `manifest`: invalid value: string \"4MB\", expected a",
        ),
        (
            "[limits]\nmanifest = -1",
            "2: `manifest`: expected a number of bytes",
        ),
        (
            "[limits]\nconnections = -1",
            "2: `connections`: invalid value: integer `-1`, expected u32",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "2: `level`: unknown variant `loud`, expected one of `error`",
        ),
        (
            "registration = \"invite\"",
            "1: `registration`: unknown variant `invite`, expected one of `open`, `invitation`",
        ),
        (
            "[mail]\nfrom = \"a@b\\r\\nBcc: c@d\"",
            "2: `from`: an e-mail address is `name@host`",
        ),
        (
            "[mail]\nfrom = \"a,b@c\"",
            "2: `from`: mail goes to addresses",
        ),
        (
            "[metrics]\nlisten = 9100",
            "2: `listen`: invalid type: integer `9100`, expected a string",
        ),
        ("listen = ", "1: `listen`: "),
        ("\u{0}", "1: "),
        ("[limits\n", "1: "),
    ] {
        named(text, said);
    }
}

fn named(text: &str, said: &str) {
    let error = Config::parse(text).expect_err(text);
    assert!(error.starts_with(said), "{text:?}: {error}");
    assert!(!error.contains('\n'), "{text:?}: {error}");
}

#[test]
fn a_mistake_about_who_comes_and_who_looks_is_named_with_its_line() {
    for (text, said) in [
        (
            "trusted_proxies = [\"localhost\"]",
            "1: `trusted_proxies`: `localhost` is no address of a proxy; write one, such as",
        ),
        (
            "trusted_proxies = [\"10.0.0.1/8\"]",
            "1: `trusted_proxies`: that begins within its range; write \"10.0.0.0/8\"",
        ),
        (
            "trusted_proxies = [\"::/0\"]",
            "1: `trusted_proxies`: that trusts everybody, so that anybody",
        ),
        ("[tls]\nkey = \"k\"", "1: missing field `certificate`"),
        ("[metrics]\n", "1: missing field `listen`"),
    ] {
        named(text, said);
    }
}

#[test]
fn paths_are_relative_to_the_file_that_holds_them() {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("pierhead.toml");
    std::fs::write(
        &path,
        "data = \"d\"\nprovision = \"/p\"\n[mail]\ndirectory = \"m\"\n\
         [tls]\ncertificate = \"c\"\nkey = \"/k\"",
    )
    .expect("a scratch file");
    let config = Config::read(&path).expect("a good file");
    assert_eq!(config.data, Some(folder.path().join("d")));
    assert_eq!(config.provision, Some("/p".into()));
    let tls = config.tls.expect("a table");
    assert_eq!(tls.certificate, folder.path().join("c"));
    assert_eq!(tls.key, Path::new("/k"));
    let mail = config.mail.and_then(|mail| mail.directory);
    assert_eq!(mail, Some(folder.path().join("m")));

    std::fs::write(&path, "\ndatum = 1").expect("a scratch file");
    let error = Config::read(&path).expect_err("a bad file").to_string();
    assert!(
        error.starts_with(&format!("{}:2: unknown key `datum`", path.display())),
        "{error}"
    );
    let error = Config::read(&folder.path().join("none"))
        .expect_err("no file")
        .to_string();
    assert!(error.ends_with("name another with --config"), "{error}");
}
