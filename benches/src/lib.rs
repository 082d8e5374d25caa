//! The documents that are measured, the same for every reader.
//!
//! What is measured, how to run it and what came out last stands in `docs/benchmarks.md`.

use std::fmt::Write as _;

use pierhead_model::ContentDigest;
use serde_json::Value;

/// How many layers the measured manifests have: a usual image, a large one, a hostile one.
pub const LAYERS: [usize; 3] = [4, 40, 1000];

/// An OCI image manifest with this many gzip layers, written as compactly as Go's
/// `encoding/json` writes it. Every layer has a digest and a size of its own.
pub fn image_manifest(layers: usize) -> String {
    let config = ContentDigest::sha256(b"config");
    let mut json = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":7023}},"layers":["#
    );
    for layer in 0..layers {
        let digest = ContentDigest::sha256(&layer.to_le_bytes());
        let size = 1_048_576 + layer * 65_537;
        let comma = if layer == 0 { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(
            json,
            r#"{comma}{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{digest}","size":{size}}}"#
        );
    }
    json.push_str("]}");
    json
}

/// The same, written with line breaks and indents, as `docker buildx` pushes it.
pub fn indented_manifest(layers: usize) -> String {
    let value: Value = serde_json::from_str(&image_manifest(layers)).unwrap_or_default();
    format!("{value:#}")
}

/// The same, every layer of another kind than the one before, its members in another order, with
/// an annotation: what helps the least.
pub fn motley_manifest(layers: usize) -> String {
    let config = ContentDigest::sha256(b"config");
    let mut json = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":["#
    );
    for layer in 0..layers {
        let digest = ContentDigest::sha256(&layer.to_le_bytes());
        let comma = if layer == 0 { "" } else { "," };
        let kind = ["tar", "tar+gzip", "tar+zstd"][layer % 3];
        // Writing to a `String` cannot fail.
        let _ = write!(
            json,
            r#"{comma}{{"annotations":{{"org.opencontainers.image.title":"layer-{layer}.tar"}},"size":{layer},"digest":"{digest}","mediaType":"application/vnd.oci.image.layer.v1.{kind}"}}"#
        );
    }
    json.push_str("]}");
    json
}

/// An image index of this many platforms.
pub fn image_index(platforms: usize) -> String {
    let mut json = String::from(
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#,
    );
    for platform in 0..platforms {
        let digest = ContentDigest::sha256(&platform.to_le_bytes());
        let comma = if platform == 0 { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(
            json,
            r#"{comma}{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":1{platform},"platform":{{"architecture":"arm","os":"linux","variant":"v{platform}"}}}}"#
        );
    }
    json.push_str("]}");
    json
}

#[cfg(test)]
mod tests {
    use pierhead_model::{Manifest, ManifestLimits};

    use super::*;

    #[test]
    fn every_document_is_accepted() {
        for layers in LAYERS {
            for (json, references) in [
                (image_manifest(layers), layers + 1),
                (indented_manifest(layers), layers + 1),
                (motley_manifest(layers), layers + 1),
                (image_index(layers), layers),
            ] {
                let manifest =
                    Manifest::from_pushed(json.as_bytes(), None, &ManifestLimits::default())
                        .unwrap();
                assert_eq!(manifest.references().len(), references);
            }
        }
    }
}
