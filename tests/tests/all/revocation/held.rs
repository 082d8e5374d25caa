//! A PUT that was let in, and whose last byte comes when the permission has gone.

use std::collections::BTreeMap;

use pierhead_tests::{IMAGE_MANIFEST, Raw, Tiny, fingerprint};

use super::scene::Scene;

/// What is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Put {
    /// The closing request of an upload.
    Closing,
    /// A whole blob in one request.
    Whole,
    Manifest,
}

impl Put {
    pub(super) const EVERY: [Self; 3] = [Self::Closing, Self::Whole, Self::Manifest];
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// What the last byte changed in the stores, but for the upload itself.
    pub(super) changes: Vec<String>,
    /// Whether anything of it is there later, when the account may look again.
    pub(super) is_seen: bool,
}

/// Puts something, takes the permission away before the last byte, and looks what came of it.
pub(super) fn held(scene: &Scene<'_>, put: Put) -> Outcome {
    let Scene { name, way, .. } = scene;
    let image = Tiny::of(format!("pushed to {name} too late"));
    let (line, body) = match put {
        Put::Closing => {
            let digest = image.blob_digest();
            let line = format!("PUT {}?digest={digest}", scene.upload());
            (line, image.blob.clone())
        }
        Put::Whole => {
            let digest = image.blob_digest();
            let line = format!("POST /v2/{name}/blobs/uploads/?digest={digest}");
            (line, image.blob.clone())
        }
        Put::Manifest => {
            image.push_blob(&scene.api, name).expect(201);
            let line = format!("PUT /v2/{name}/manifests/late");
            (line, image.manifest.clone().into_bytes())
        }
    };
    let (last, first) = body.split_last().expect("there is a last byte");
    let mut raw = begin(scene, &line, body.len());
    raw.send(first).expect("the server reads");
    way.take(scene);
    let before = kept(scene);
    raw.send(&[*last]).expect("the server reads");
    let answer = raw.answer(false).expect("an answer");
    let changes = changes(&before, &kept(scene));
    way.give_back(scene);
    Outcome {
        status: answer.status,
        changes,
        is_seen: is_seen(scene, &image, put),
    }
}

/// Sends the head of a request, and waits until the server asks for its body, which it does only
/// when it has let the request in.
fn begin(scene: &Scene<'_>, line: &str, length: usize) -> Raw {
    let mut raw = Raw::connect(scene.ground.address).expect("the server listens");
    let (bearer, length) = (format!("Bearer {}", scene.token), length.to_string());
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Length", &length),
        ("Content-Type", IMAGE_MANIFEST),
        ("Expect", "100-continue"),
    ];
    raw.begin(line, &headers).expect("the server reads");
    assert!(raw.goes_on().expect("an answer"), "{line} is not let in");
    raw
}

/// What counts of the stores: how far an upload is, and that its bytes are given up, is nobody's
/// but its owner's.
fn kept(scene: &Scene<'_>) -> BTreeMap<String, String> {
    let mut found = fingerprint(&scene.ground.data);
    let passing = ["row upload ", "row place ", "file blobs/"];
    found.retain(|name, _| !passing.iter().any(|kind| name.starts_with(kind)));
    found
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let less = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, sign: char| {
        let gone = a.iter().filter(|(name, text)| b.get(*name) != Some(text));
        gone.map(|(name, _)| format!("{sign} {name}"))
            .collect::<Vec<_>>()
    };
    [less(before, after, '-'), less(after, before, '+')].concat()
}

/// Whether the account, which may look again, or an operator finds what was put.
fn is_seen(scene: &Scene<'_>, image: &Tiny, put: Put) -> bool {
    let Scene { ground, name, .. } = scene;
    let manager = &ground.manager;
    let paths = match put {
        Put::Closing | Put::Whole => vec![format!("blobs/{}", image.blob_digest())],
        Put::Manifest => vec![
            "manifests/late".to_owned(),
            format!("manifests/{}", image.digest()),
        ],
    };
    let lookers = [scene.again(), manager.registry(&manager.operator, &[name])];
    let mut statuses = Vec::new();
    for path in paths {
        for api in &lookers {
            let path = format!("/v2/{name}/{path}");
            statuses.push(api.send("HEAD", &path, &[], &[]).status);
        }
    }
    let known = statuses.iter().all(|status| matches!(status, 200 | 404));
    assert!(known, "{statuses:?}");
    statuses.contains(&200)
}
