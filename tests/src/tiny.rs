//! The smallest image.

use serde_json::json;

use crate::{Answer, Api, digest};

/// The media type of its manifest.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image of one blob, which is all that its manifest names.
#[derive(Clone, Debug)]
pub struct Tiny {
    /// The blob.
    pub blob: Vec<u8>,
    /// The manifest.
    pub manifest: String,
}

impl Tiny {
    /// The image of this blob.
    pub fn of(blob: impl Into<Vec<u8>>) -> Self {
        let blob = blob.into();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": digest(&blob),
                "size": blob.len(),
            },
            "layers": [],
        });
        let manifest = manifest.to_string();
        Self { blob, manifest }
    }

    /// The blob's digest.
    pub fn blob_digest(&self) -> String {
        digest(&self.blob)
    }

    /// The manifest's digest.
    pub fn digest(&self) -> String {
        digest(self.manifest.as_bytes())
    }

    /// Uploads the blob.
    pub fn push_blob(&self, api: &Api, name: &str) -> Answer {
        api.push_blob(name, &self.blob_digest(), &self.blob)
    }

    /// Puts the manifest.
    pub fn put(&self, api: &Api, name: &str, tag: &str) -> Answer {
        let path = format!("/v2/{name}/manifests/{tag}");
        let kind = [("content-type", IMAGE_MANIFEST)];
        api.send("PUT", &path, &kind, self.manifest.as_bytes())
    }

    /// Pushes all of it: the first answer that is no success, or the last.
    pub fn push(&self, api: &Api, name: &str, tag: &str) -> Answer {
        let blob = self.push_blob(api, name);
        if blob.status == 201 {
            self.put(api, name, tag)
        } else {
            blob
        }
    }
}
