//! What whoever looks after the server sees: figures, health, and names of requests.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use pierhead_tests::{
    Api, OWNER, PEOPLE, PROJECT, Raw, Server, ServerOptions, Shell, Tiny, free_port, provision,
    run, scope,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn started(config: &str) -> Server {
    Server::start(ServerOptions {
        provision: Some(provision(PEOPLE)),
        config: Some(config.to_owned()),
        ..ServerOptions::default()
    })
}

fn owner(server: &Server, name: &str) -> Api {
    Api::login(&server.host, OWNER.name, &OWNER.password(), &[&scope(name)])
}

/// The values of a page, by series.
fn figures(at: &str) -> BTreeMap<String, f64> {
    let answer = Api::anonymous(at)
        .send("GET", "/metrics", &[], &[])
        .expect(200);
    let format = answer.header("content-type");
    assert!(
        format.starts_with("application/openmetrics-text; version=1.0.0"),
        "{format}"
    );
    let page = String::from_utf8(answer.body).unwrap();
    assert!(page.ends_with("# EOF\n"), "{page}");
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let values = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').expect(line);
        (series.to_owned(), value.parse().expect(line))
    });
    values.collect()
}

#[test]
fn a_push_and_a_pull_are_counted_and_nobody_is_named() {
    let metrics = format!("127.0.0.1:{}", free_port());
    let config = format!("[metrics]\nlisten = \"{metrics}\"\n[collector]\nevery = \"1s\"\n");
    let server = started(&config);
    let name = format!("{PROJECT}/counted");
    let (api, tiny) = (owner(&server, &name), Tiny::of("counted bytes"));
    let before = figures(&metrics);
    tiny.push(&api, &name, "1").expect(201);
    api.send("GET", &format!("/v2/{name}/manifests/1"), &[], &[])
        .expect(200);
    api.token(OWNER.name, "a wrong password", &[]).expect(401);
    let grown = |series: &str| {
        let value = |page: &BTreeMap<String, f64>| page.get(series).copied().expect(series);
        value(&figures(&metrics)) - value(&before)
    };
    for (series, by) in [
        ("pierhead_pushes_total", 1.0),
        ("pierhead_pulls_total", 1.0),
        (
            "pierhead_requests_total{kind=\"manifest\",method=\"write\",status=\"2xx\"}",
            1.0,
        ),
        (
            "pierhead_requests_total{kind=\"manifest\",method=\"read\",status=\"2xx\"}",
            1.0,
        ),
        (
            "pierhead_request_duration_seconds_count{kind=\"manifest\"}",
            2.0,
        ),
        (
            "pierhead_refusals_total{kind=\"sign-in\",why=\"unauthorized\"}",
            1.0,
        ),
    ] {
        assert!(
            (grown(series) - by).abs() < f64::EPSILON,
            "{series}: {}",
            grown(series)
        );
    }
    assert!(grown("pierhead_received_bytes_total") > 13.0);
    let page = figures(&metrics);
    for series in [
        "pierhead_disk_free_bytes",
        "pierhead_process_resident_memory_bytes",
    ] {
        assert!(page[series] > 1e6, "{series}");
    }
    assert!(
        page.keys().all(|series| !series.contains("counted")
            && !series.contains(&format!("\"{}\"", OWNER.name)))
    );

    let good = "pierhead_work_rounds_total{work=\"collector\",outcome=\"good\"}";
    until(|| {
        figures(&metrics)
            .get(good)
            .is_some_and(|rounds| *rounds >= 1.0)
    });
    let last = figures(&metrics)["pierhead_work_last_good_time_seconds{work=\"collector\"}"];
    assert!(last > page["pierhead_process_start_time_seconds"]);
    for (method, path, status) in [("GET", "/", 404), ("POST", "/metrics", 405)] {
        Api::anonymous(&metrics)
            .send(method, path, &[], &[])
            .expect(status);
    }
    Api::anonymous(&server.host)
        .send("GET", "/metrics", &[], &[])
        .expect(404);
}

#[test]
fn health_is_told_to_anybody_and_nothing_else() {
    let server = started("");
    let api = Api::anonymous(&server.host);
    for path in ["/healthz", "/readyz"] {
        let answer = api.send("GET", path, &[], &[]).expect(200);
        assert_eq!(answer.body, b"ok\n");
        api.send("HEAD", path, &[], &[]).expect(200);
        api.send("DELETE", path, &[], &[]).expect(405);
        for other in [
            format!("{path}/"),
            format!("/v2{path}"),
            format!("/x{path}"),
        ] {
            let status = api.send("GET", &other, &[], &[]).status;
            assert!(status == 404 || status == 401, "{other}: {status}");
        }
    }
    assert!(!server.log().contains("healthz"), "{}", server.log());
}

#[test]
fn a_server_that_stops_is_not_ready() {
    let mut server = started("drain = \"20s\"\n");
    // The request's header is half there when the stop begins.
    let mut raw = Raw::connect(server.address()).unwrap();
    raw.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    raw.send(b"\r\n").unwrap();
    let answer = raw.answer(false).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (503, "stopping\n"));
    until(|| server.log().contains("stopped"));
    server.kill();
}

#[test]
fn a_full_or_read_only_disk_is_not_ready_until_it_has_room_again() {
    let mount = "for word; do [ \"$before\" = --data ] && data=$word; before=$word; done\n\
                 mkdir -p \"$data\" && mount -t tmpfs -o size=64m,mode=700 none \"$data\" && exec \"$@\"";
    let under = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        mount,
        "sh",
    ];
    let server = Server::start(ServerOptions {
        under: under.map(str::to_owned).to_vec(),
        ..ServerOptions::default()
    });
    let inside = |line: &str| {
        let mut command = Command::new("nsenter");
        let pid = server.pid().to_string();
        command
            .args(["--target", &pid, "--mount", "sh", "-c", line, "sh"])
            .arg(server.data());
        run(&mut command)
    };
    let ready = || {
        let answer = Api::anonymous(&server.host).send("GET", "/readyz", &[], &[]);
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let becomes = |status: u16, word: &str| until(|| ready() == (status, word.to_owned()));
    becomes(200, "ok\n");
    inside("dd if=/dev/zero of=\"$1/filler\" bs=1M 2>/dev/null");
    becomes(503, "the disk is full\n");
    let said = Shell::at(&server).run(&["status"]).expect(1);
    assert!(
        said.out.contains("not ready: the disk is full\n"),
        "{said:?}"
    );
    inside("rm \"$1/filler\"").expect_ok("rm");
    becomes(200, "ok\n");
    let blobs = "mount --bind \"$1/blobs\" \"$1/blobs\" && mount -o remount,bind,ro \"$1/blobs\"";
    inside(blobs).expect_ok("mount");
    becomes(503, "the data directory cannot be written\n");
    inside("umount \"$1/blobs\"").expect_ok("umount");
    becomes(200, "ok\n");
    Api::anonymous(&server.host)
        .send("GET", "/healthz", &[], &[])
        .expect(200);
}

#[test]
fn a_requests_name_is_in_its_answer_and_in_every_line_about_it() {
    let config = "trusted_proxies = [\"127.0.0.1\"]\n[log]\nformat = \"json\"\nrequests = true\n";
    let server = started(config);
    let name = format!("{PROJECT}/named");
    let (api, tiny) = (owner(&server, &name), Tiny::of("named bytes"));
    let id = tiny
        .push(&api, &name, "1")
        .expect(201)
        .header("x-request-id")
        .to_owned();
    assert!(
        id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{id}"
    );
    let of = |id: &str| -> Vec<Value> {
        let log = server.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["span"]["id"] == id).collect()
    };
    until(|| of(&id).len() == 2);
    let lines = of(&id);
    assert!(
        lines[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("pushed syn101/named"),
        "{lines:?}"
    );
    let asked = format!("PUT /v2/{name}/manifests/1: 201");
    assert_eq!(lines[1]["message"], asked.as_str());
    assert_eq!(lines[1]["peer"], "127.0.0.1");

    for (given, kept) in [("from-the.proxy_1", true), ("not one", false), ("", false)] {
        let headers = [("x-request-id", given), ("x-forwarded-for", "192.0.2.9")];
        let answer = api
            .send("GET", &format!("/v2/{name}/manifests/1"), &headers, &[])
            .expect(200);
        let id = answer.header("x-request-id");
        assert_eq!(id == given, kept, "{given}");
        until(|| of(id).len() == 1);
        assert_eq!(of(id)[0]["peer"], "192.0.2.9");
    }
    // Whoever is no proxy gets a name of the server's making, and is who they are.
    let server = started("[log]\nrequests = true\n");
    let headers = [("x-request-id", "mine"), ("x-forwarded-for", "192.0.2.9")];
    let answer = Api::anonymous(&server.host)
        .send("GET", "/v2/", &headers, &[])
        .expect(401);
    let id = answer.header("x-request-id").to_owned();
    assert_ne!(id, "mine");
    let line = format!("request{{id={id}}}: GET /v2/: 401 peer=127.0.0.1");
    until(|| server.log().contains(&line));
    // What cannot be seen in a path is written so that it can.
    let mut raw = Raw::connect(server.address()).expect("it listens");
    raw.begin("GET /v2/\u{202e}a\u{2028}\u{9b}b", &[])
        .expect("it reads");
    assert_eq!(raw.answer(false).expect("an answer").status, 401);
    let line = r": GET /v2/\u{202e}a\u{2028}\u{9b}b: 401 peer=127.0.0.1";
    until(|| server.log().contains(line));
}

#[track_caller]
fn until(done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "it does not come to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}
