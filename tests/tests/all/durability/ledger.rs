//! What was acknowledged, held against what a server shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pierhead_model::ContentDigest;
use pierhead_tests::{Answer, Api};
use serde_json::Value;

/// Everything a 201 was received for, by repository.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) blobs: BTreeMap<(String, String), Arc<Vec<u8>>>,
    pub(crate) manifests: BTreeMap<(String, String), Arc<Vec<u8>>>,
}

/// What one look found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) blobs: usize,
    pub(crate) manifests: usize,
    pub(crate) bytes: usize,
}

impl Ledger {
    /// Requires that whatever was acknowledged is there, byte for byte, and that whatever else is
    /// visible is whole.
    pub(crate) fn check(&self, api: &Api) -> Seen {
        let mut seen = Seen::default();
        for ((name, tag), bytes) in &self.manifests {
            let answer = api.send("GET", &format!("/v2/{name}/manifests/{tag}"), &[], &[]);
            let answer = acknowledged(answer, name, tag);
            assert_eq!(
                &answer.body, &**bytes,
                "{name}:{tag} is not what was acknowledged"
            );
            let digest = ContentDigest::sha256(bytes);
            let path = format!("/v2/{name}/manifests/{digest}");
            acknowledged(api.send("GET", &path, &[], &[]), name, &digest.to_string());
        }
        let mut whole = BTreeSet::new();
        for ((name, digest), bytes) in &self.blobs {
            let answer = api.send("GET", &format!("/v2/{name}/blobs/{digest}"), &[], &[]);
            let answer = acknowledged(answer, name, digest);
            assert!(
                answer.body == **bytes,
                "{name}@{digest} is not what was acknowledged"
            );
            seen.bytes += bytes.len();
            whole.insert((name.clone(), digest.clone()));
        }
        let known: BTreeSet<String> = self
            .manifests
            .keys()
            .map(|(name, _)| name.clone())
            .collect();
        let listed = names(
            &api.send("GET", "/v2/_catalog", &[], &[]).expect(200),
            "repositories",
        );
        for name in &known {
            assert!(listed.contains(name), "{name} is not in the catalog");
        }
        for name in &listed {
            let tags = api
                .send("GET", &format!("/v2/{name}/tags/list"), &[], &[])
                .expect(200);
            for tag in names(&tags, "tags") {
                seen.manifests += 1;
                visible(api, name, &tag, &mut whole, &mut seen);
            }
        }
        seen.blobs = whole.len();
        seen
    }
}

#[track_caller]
fn acknowledged(answer: Answer, name: &str, what: &str) -> Answer {
    assert_eq!(
        answer.status, 200,
        "{name}: {what} was acknowledged and is lost"
    );
    answer
}

/// A tag that is shown has a manifest that is whole, and so is every blob it names.
fn visible(
    api: &Api,
    name: &str,
    tag: &str,
    whole: &mut BTreeSet<(String, String)>,
    seen: &mut Seen,
) {
    let answer = api
        .send("GET", &format!("/v2/{name}/manifests/{tag}"), &[], &[])
        .expect(200);
    let digest = ContentDigest::sha256(&answer.body).to_string();
    assert_eq!(
        answer.header("docker-content-digest"),
        digest,
        "{name}:{tag}"
    );
    let manifest = answer.json();
    let layers = manifest["layers"].as_array().expect("an image has layers");
    for descriptor in layers.iter().chain([&manifest["config"]]) {
        let digest = descriptor["digest"].as_str().expect("a digest").to_owned();
        if whole.contains(&(name.to_owned(), digest.clone())) {
            continue;
        }
        let blob = api.send("GET", &format!("/v2/{name}/blobs/{digest}"), &[], &[]);
        assert_eq!(
            blob.status, 200,
            "{name}:{tag} is visible and misses {digest}"
        );
        assert_eq!(
            ContentDigest::sha256(&blob.body).to_string(),
            digest,
            "{name}:{tag}"
        );
        assert_eq!(
            descriptor["size"].as_u64(),
            Some(blob.body.len() as u64),
            "{name}:{tag}"
        );
        seen.bytes += blob.body.len();
        whole.insert((name.to_owned(), digest));
    }
}

fn names(answer: &Answer, key: &str) -> Vec<String> {
    let json = answer.json();
    let names = json[key].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
