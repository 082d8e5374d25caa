//! What there is to push: few enough things that calls meet.

use std::sync::LazyLock;

use bytes::Bytes;
use pierhead_model::{ContentDigest, MediaType};

/// Names, callers, tags, blobs and manifests are known by their place in these lists.
pub(crate) type Name = usize;
pub(crate) type Caller = usize;
pub(crate) type Tag = usize;
pub(crate) type Blob = usize;
pub(crate) type Manifest = usize;

/// In the order in which lists have them.
pub(crate) const NAMES: [&str; 2] = ["blue", "red/boat"];
pub(crate) const CALLERS: [&str; 2] = ["ana", "ben"];
pub(crate) const TAGS: [&str; 3] = ["v1", "v2", "v3"];
pub(crate) const BLOBS: [&[u8]; 5] = [
    b"{}",
    b"the first layer",
    b"the second layer",
    b"a third one",
    b"kept elsewhere",
];
pub(crate) const KINDS: [&str; 2] = ["application/x.sbom", "application/x.signature"];

/// A manifest of the catalogue.
pub(crate) struct Recipe {
    pub(crate) bytes: Bytes,
    pub(crate) digest: ContentDigest,
    pub(crate) media_type: MediaType,
    /// Blobs it names, each with whether it must be there.
    pub(crate) blobs: Vec<(Blob, bool)>,
    pub(crate) children: Vec<Manifest>,
    pub(crate) subject: Option<Manifest>,
    pub(crate) kind: Option<&'static str>,
}

/// Every manifest, each after those it names.
pub(crate) static MANIFESTS: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for recipe in [
        image(0, &[1]),
        image(0, &[1, 2]),
        image(3, &[2]),
        image(0, &[4]),
    ] {
        all.push(recipe);
    }
    all.push(index(&all, &[0, 1]));
    all.push(index(&all, &[4, 2]));
    all.push(artifact(&all, 0, KINDS[0]));
    all.push(artifact(&all, 0, KINDS[1]));
    all.push(artifact(&all, 4, KINDS[0]));
    all
});

pub(crate) fn blob_digest(blob: Blob) -> ContentDigest {
    ContentDigest::sha256(BLOBS[blob])
}

/// Which blob has this digest.
pub(crate) fn blob_of(digest: &ContentDigest) -> Option<Blob> {
    (0..BLOBS.len()).find(|blob| blob_digest(*blob) == *digest)
}

/// Which manifest has this digest.
pub(crate) fn manifest_of(digest: &ContentDigest) -> Option<Manifest> {
    MANIFESTS.iter().position(|it| it.digest == *digest)
}

/// The last blob may be missing wherever it is named: its media type says so.
fn layer(blob: Blob) -> String {
    let media_type = if blob == BLOBS.len() - 1 {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    } else {
        "application/vnd.oci.image.layer.v1.tar"
    };
    let (digest, size) = (blob_digest(blob), BLOBS[blob].len());
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
}

fn config(blob: Blob) -> String {
    let (digest, size) = (blob_digest(blob), BLOBS[blob].len());
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}}"#
    )
}

fn descriptor(of: &Recipe) -> String {
    let (media_type, digest, size) = (&of.media_type, of.digest, of.bytes.len());
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
}

fn recipe(media_type: MediaType, rest: &str) -> Recipe {
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}",{rest}}}"#);
    Recipe {
        digest: ContentDigest::sha256(text.as_bytes()),
        bytes: text.into(),
        media_type,
        blobs: Vec::new(),
        children: Vec::new(),
        subject: None,
        kind: None,
    }
}

fn image(configuration: Blob, layers: &[Blob]) -> Recipe {
    let list: Vec<_> = layers.iter().map(|blob| layer(*blob)).collect();
    let (config, list) = (config(configuration), list.join(","));
    let rest = format!(r#""config":{config},"layers":[{list}]"#);
    let blobs = [configuration].into_iter().chain(layers.iter().copied());
    Recipe {
        blobs: blobs.map(|blob| (blob, blob != BLOBS.len() - 1)).collect(),
        kind: Some("application/vnd.oci.image.config.v1+json"),
        ..recipe(MediaType::OCI_MANIFEST, &rest)
    }
}

fn index(all: &[Recipe], children: &[Manifest]) -> Recipe {
    let list: Vec<_> = children.iter().map(|it| descriptor(&all[*it])).collect();
    Recipe {
        children: children.to_vec(),
        ..recipe(
            MediaType::OCI_INDEX,
            &format!(r#""manifests":[{}]"#, list.join(",")),
        )
    }
}

fn artifact(all: &[Recipe], subject: Manifest, kind: &'static str) -> Recipe {
    let (config, names) = (config(0), descriptor(&all[subject]));
    let rest = format!(
        r#""artifactType":"{kind}","config":{config},"layers":[],"subject":{names},"annotations":{{"of":"{subject}"}}"#
    );
    Recipe {
        blobs: vec![(0, true)],
        subject: Some(subject),
        kind: Some(kind),
        ..recipe(MediaType::OCI_MANIFEST, &rest)
    }
}
