//! Every request of the registry after the permission has gone.

use pierhead_tests::{IMAGE_MANIFEST, Tiny, assert_unchanged, fingerprint};

use super::scene::{Scene, TAG};
use super::ways::Target;

/// A request: method, path below the repository, body.
type Request = (&'static str, String, Vec<u8>);

/// Takes the permission away and makes every request with the token from before: each is refused,
/// and changes nothing.
pub(super) fn check(scene: &Scene<'_>) {
    let Scene {
        name,
        way,
        target,
        api,
        ..
    } = scene;
    let what = format!("{way:?} {target:?}");
    let waiting = Tiny::of(format!("waiting for {name}"));
    waiting.push_blob(api, name).expect(201);
    let uploads = [scene.upload(), scene.upload()];
    Tiny::of("at home").push(api, &scene.home, TAG).expect(201);
    let tags = api.send("GET", &format!("/v2/{name}/tags/list"), &[], &[]);
    tags.expect(if *target == Target::New { 404 } else { 200 });

    way.take(scene);
    let before = fingerprint(&scene.ground.data);
    for (method, path, body) in requests(scene, &waiting, &uploads) {
        let path = if path.starts_with('/') {
            path
        } else {
            format!("/v2/{name}/{path}")
        };
        let kind = [("content-type", IMAGE_MANIFEST)];
        let answer = api.send(method, &path, &kind, &body);
        assert_eq!(answer.status, way.status(), "{what}: {method} {path}");
    }
    let after = fingerprint(&scene.ground.data);
    assert_unchanged(&before, &after, &what);

    // What is the account's own is nobody else's to refuse, and a source that may not be read is
    // none.
    let digest = waiting.blob_digest();
    let path = format!(
        "/v2/{}/blobs/uploads/?mount={digest}&from={name}",
        scene.home
    );
    let mounted = api.send("POST", &path, &[], &[]).status;
    let status = if way.status() == 401 { 401 } else { 202 };
    assert_eq!(mounted, status, "{what}: mount");
}

fn requests(scene: &Scene<'_>, waiting: &Tiny, uploads: &[String; 2]) -> Vec<Request> {
    let there = match scene.target {
        Target::New => waiting,
        Target::Existing => &scene.image,
    };
    let (blob, manifest) = (there.blob_digest(), there.digest());
    let late = Tiny::of(format!("too late for {}", scene.name));
    let get = |path: String| ("GET", path, vec![]);
    let [begun, closing] = uploads;
    vec![
        get(format!("manifests/{TAG}")),
        get(format!("manifests/{manifest}")),
        get(format!("blobs/{blob}")),
        get("tags/list".to_owned()),
        get(format!("referrers/{manifest}")),
        get(begun.clone()),
        ("HEAD", format!("manifests/{TAG}"), vec![]),
        ("HEAD", format!("blobs/{blob}"), vec![]),
        ("POST", "blobs/uploads/".to_owned(), vec![]),
        (
            "POST",
            format!("blobs/uploads/?digest={}", late.blob_digest()),
            late.blob.clone(),
        ),
        (
            "POST",
            format!("blobs/uploads/?mount={blob}&from={}", scene.home),
            vec![],
        ),
        ("PATCH", begun.clone(), late.blob.clone()),
        (
            "PUT",
            format!("{closing}?digest={}", late.blob_digest()),
            late.blob.clone(),
        ),
        (
            "PUT",
            "manifests/late".to_owned(),
            waiting.manifest.clone().into_bytes(),
        ),
        ("DELETE", format!("manifests/{TAG}"), vec![]),
        ("DELETE", format!("manifests/{manifest}"), vec![]),
        ("DELETE", format!("blobs/{blob}"), vec![]),
        ("DELETE", begun.clone(), vec![]),
    ]
}
