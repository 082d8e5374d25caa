//! The order of system calls behind a 201.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{ANA_PASSWORD, Api, LAB, Random, Server, ServerOptions, tool};
use tempfile::TempDir;

use super::trace::{self, Broken};

/// What the trace has to show.
const CALLS: &str = "trace=fsync,fdatasync,read,readv,recvfrom,recvmsg,write,writev,pwrite64,\
                     pwritev,pwritev2,sendto,sendmsg,openat,rename,renameat,renameat2,link,linkat";

#[test]
fn file_directory_and_database_are_synced_before_the_first_byte_of_the_201() {
    let [blob, manifest] = traced(None);
    assert_eq!(blob, Broken::default(), "a blob");
    assert_eq!(manifest, Broken::default(), "a manifest");
}

#[test]
fn the_same_check_fails_when_syncing_is_switched_off() {
    let [blob, manifest] = traced(Some("[storage]\nsync = false\n"));
    for (found, what) in [(&blob, "the blob's file"), (&blob, "the blob's directory")] {
        assert!(
            found.0.iter().any(|text| text.starts_with(what)),
            "{what}: {found:?}"
        );
    }
    for found in [&blob, &manifest] {
        assert!(
            found.0.iter().any(|text| text.starts_with("the database")),
            "{found:?}"
        );
    }
}

/// Pushes one blob and one manifest to a server under the tracer; what was not synced for each.
fn traced(config: Option<&str>) -> [Broken; 2] {
    let folder = TempDir::new().expect("a scratch directory");
    let output = folder.path().join("trace");
    // `-D`: the server stays our own child, the tracer stands aside.
    let mut under = vec![tool("strace").get_program().to_string_lossy().into_owned()];
    let file = output.display().to_string();
    let flags = [
        "-D",
        "-f",
        "-ttt",
        "-y",
        "-s",
        "64",
        "-e",
        CALLS,
        "-e",
        "signal=none",
        "-o",
    ];
    under.extend(flags.iter().map(|flag| (*flag).to_owned()));
    under.push(file);
    let mut server = Server::start(ServerOptions {
        provision: Some(LAB.into()),
        config: config.map(str::to_owned),
        under,
    });
    let api = Api::login(
        &server.host,
        "ana",
        ANA_PASSWORD,
        &["repository:syn101/a:pull,push"],
    );
    let bytes = Random::new(7).bytes(300_000);
    let digest = ContentDigest::sha256(&bytes);
    api.push_blob("syn101/a", &digest.to_string(), &bytes)
        .expect(201);
    let manifest = super::push::manifest(&[(digest, bytes.len()), (digest, bytes.len())]);
    let kind = [("content-type", super::push::MANIFEST_TYPE)];
    api.send("PUT", "/v2/syn101/a/manifests/v1", &kind, &manifest)
        .expect(201);
    let blobs = server
        .data()
        .join("blobs")
        .canonicalize()
        .expect("the blob directory");
    server.stop();
    let calls = trace::read(&whole(&output));
    [
        trace::unsynced(&calls, &blobs, "PUT /v2/syn101/a/blobs/uploads/", true),
        trace::unsynced(&calls, &blobs, "PUT /v2/syn101/a/manifests/v1", false),
    ]
}

/// The trace, once the tracer has written its end.
fn whole(output: &Path) -> String {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let text = String::from_utf8_lossy(&std::fs::read(output).unwrap_or_default()).into_owned();
        if text
            .lines()
            .last()
            .is_some_and(|line| line.contains("+++ exited with"))
        {
            return text;
        }
        assert!(Instant::now() < end, "the trace has no end");
        thread::sleep(Duration::from_millis(20));
    }
}
