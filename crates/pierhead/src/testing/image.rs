//! The smallest images that are still images.

use bytes::Bytes;
use pierhead_model::{ContentDigest, MediaType};
use serde_json::json;

/// The media type of an image's configuration.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The media type of a layer that is not compressed.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image for linux on amd64, of layers that are any bytes. To be run by an engine they must be
/// tar archives; to be pushed and pulled they need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    layers: Vec<Bytes>,
    config: Option<Bytes>,
}

impl Image {
    /// An image of one layer.
    pub fn of(layer: impl Into<Bytes>) -> Self {
        Self {
            layers: vec![layer.into()],
            config: None,
        }
    }

    /// The same with one more layer.
    pub fn and(mut self, layer: impl Into<Bytes>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// The same with this configuration, whatever it says of the layers.
    pub fn with_config(mut self, json: impl Into<Bytes>) -> Self {
        self.config = Some(json.into());
        self
    }

    /// Its layers.
    pub fn layers(&self) -> &[Bytes] {
        &self.layers
    }

    /// Its configuration: as given, or one that fits its layers.
    pub fn config(&self) -> Bytes {
        self.config.clone().unwrap_or_else(|| {
            let layers = self.layers.iter();
            let ids: Vec<_> = layers
                .map(|layer| ContentDigest::sha256(layer).to_string())
                .collect();
            let config = json!({
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": { "type": "layers", "diff_ids": ids },
            });
            config.to_string().into()
        })
    }

    /// Its manifest, an OCI image manifest: the same image has the same bytes.
    pub fn manifest(&self) -> Bytes {
        let descriptor = |media_type: &str, bytes: &Bytes| {
            json!({
                "mediaType": media_type,
                "digest": ContentDigest::sha256(bytes).to_string(),
                "size": bytes.len(),
            })
        };
        let layers = self.layers.iter();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST.as_str(),
            "config": descriptor(CONFIG, &self.config()),
            "layers": layers.map(|layer| descriptor(LAYER, layer)).collect::<Vec<_>>(),
        });
        manifest.to_string().into()
    }

    /// The digest of its manifest.
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::sha256(&self.manifest())
    }

    /// The blobs that its manifest names.
    pub(super) fn blobs(&self) -> impl Iterator<Item = Bytes> {
        std::iter::once(self.config()).chain(self.layers.clone())
    }
}

/// What a registry holds under a tag or a digest, wherever it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// The digest of the manifest.
    pub digest: ContentDigest,
    /// Its media type.
    pub media_type: MediaType,
    /// The manifest, as it was pushed.
    pub manifest: Bytes,
    /// The configuration; an index has none.
    pub config: Option<Bytes>,
    /// The layers, in order; an index has none.
    pub layers: Vec<Bytes>,
}
