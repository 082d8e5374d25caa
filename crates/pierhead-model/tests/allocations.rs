//! How often the heap is asked, by a counting allocator.
//!
//! It counts for one thread only, so tests beside it do not matter.

use std::fmt::Write as _;
use std::hint::black_box;

use allocation_counter::measure;
use pierhead_model::{Algorithm, ContentDigest, Digest, Manifest, ManifestLimits, MediaType};

#[test]
fn the_allocator_counts() {
    let counted = measure(|| drop(black_box(vec![0_u8; 100])));
    assert_eq!(counted.count_total, 1);
}

#[test]
fn a_registered_digest_needs_no_heap() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let text = ContentDigest::of(algorithm, b"x").to_string();
        let mut written = String::with_capacity(text.len());
        let counted = measure(|| {
            let digest: ContentDigest = black_box(&text).parse().unwrap();
            let any: Digest = black_box(&text).parse().unwrap();
            assert_eq!(any.content(), Some(digest));
            assert!(any.as_str() == text && digest == digest.max(digest));
            write!(written, "{digest}").unwrap();
        });
        assert_eq!(counted.count_total, 0, "{text}");
        assert_eq!(written, text);
    }
}

#[test]
fn a_manifest_of_a_thousand_layers_needs_at_most_eight() {
    let layers = 1000;
    let digest = ContentDigest::sha256(b"layer");
    for media_type in ["application/vnd.oci.image.layer.v1.tar+gzip", "a/b.c"] {
        let layer = format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":1}}"#);
        let json = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{layer},"layers":[{}]}}"#,
            MediaType::OCI_MANIFEST,
            vec![layer.as_str(); layers].join(","),
        );
        let limits = ManifestLimits::default();
        let mut sum = 0;
        let counted = measure(|| {
            let manifest = Manifest::from_pushed(json.as_bytes(), None, &limits).unwrap();
            sum = manifest.references().map(|it| it.size).sum();
        });
        assert_eq!(sum, layers as u64 + 1);
        assert!(counted.count_total <= 8, "{counted:?}");
    }
}
