//! `manifest_parse` and `manifest_references`: an image manifest of 4, 40 and 1,000 layers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use oci_spec::image::{ImageIndex, ImageManifest};
use pierhead_benches::{LAYERS, image_index, image_manifest, indented_manifest, motley_manifest};
use pierhead_model::{Manifest, ManifestLimits, MediaType};
use serde::de::IgnoredAny;
use serde_json::Value;

/// The same bytes to each reader; none of them hashes.
///
/// `floor` only finds out whether the bytes are JSON.
pub(crate) fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("manifest_parse");
    let limits = ManifestLimits::default();
    for layers in LAYERS {
        let json = image_manifest(layers);
        let bytes = json.as_bytes();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("pierhead", layers), bytes, |b, bytes| {
            b.iter(|| {
                Manifest::from_pushed(black_box(bytes), Some(&MediaType::OCI_MANIFEST), &limits)
            });
        });
        group.bench_with_input(BenchmarkId::new("oci_spec", layers), bytes, |b, bytes| {
            b.iter(|| serde_json::from_slice::<ImageManifest>(black_box(bytes)));
        });
        group.bench_with_input(
            BenchmarkId::new("serde_value", layers),
            bytes,
            |b, bytes| {
                b.iter(|| serde_json::from_slice::<Value>(black_box(bytes)));
            },
        );
        group.bench_with_input(BenchmarkId::new("floor", layers), bytes, |b, bytes| {
            b.iter(|| serde_json::from_slice::<IgnoredAny>(black_box(bytes)));
        });
    }
    group.finish();
}

/// Documents of 40 entries that are not the usual compact image: with indents, with as much
/// variety as can be, an index.
pub(crate) fn other(c: &mut Criterion) {
    let mut group = c.benchmark_group("manifest_parse_other");
    let limits = ManifestLimits::default();
    for (name, json) in [
        ("indented", indented_manifest(40)),
        ("motley", motley_manifest(40)),
        ("index", image_index(40)),
    ] {
        let bytes = json.as_bytes();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("pierhead", name), bytes, |b, bytes| {
            b.iter(|| Manifest::from_pushed(black_box(bytes), None, &limits));
        });
        group.bench_with_input(BenchmarkId::new("oci_spec", name), bytes, |b, bytes| {
            if name == "index" {
                b.iter(|| serde_json::from_slice::<ImageIndex>(black_box(bytes)).map(drop));
            } else {
                b.iter(|| serde_json::from_slice::<ImageManifest>(black_box(bytes)).map(drop));
            }
        });
        group.bench_with_input(BenchmarkId::new("floor", name), bytes, |b, bytes| {
            b.iter(|| serde_json::from_slice::<IgnoredAny>(black_box(bytes)));
        });
    }
    group.finish();
}

/// The lenient reading of the same bytes: what the strict rules cost is the difference.
pub(crate) fn stored(c: &mut Criterion) {
    let mut group = c.benchmark_group("manifest_stored");
    for (name, json) in [
        ("1000", image_manifest(1000)),
        ("motley", motley_manifest(40)),
    ] {
        let bytes = json.as_bytes();
        group.bench_with_input(BenchmarkId::new("pierhead", name), bytes, |b, bytes| {
            b.iter(|| Manifest::from_stored(black_box(bytes), &MediaType::OCI_MANIFEST));
        });
    }
    group.finish();
}

/// Parsing, and then looking at the digest and the size of everything referred to.
pub(crate) fn references(c: &mut Criterion) {
    let mut group = c.benchmark_group("manifest_references");
    let limits = ManifestLimits::default();
    for layers in LAYERS {
        let json = image_manifest(layers);
        let bytes = json.as_bytes();
        group.bench_with_input(BenchmarkId::new("pierhead", layers), bytes, |b, bytes| {
            b.iter(|| ours(black_box(bytes), &limits));
        });
        group.bench_with_input(BenchmarkId::new("oci_spec", layers), bytes, |b, bytes| {
            b.iter(|| theirs(black_box(bytes)));
        });
    }
    group.finish();
}

fn ours(bytes: &[u8], limits: &ManifestLimits) -> u64 {
    let manifest = Manifest::from_pushed(bytes, Some(&MediaType::OCI_MANIFEST), limits)
        .expect("the document is good");
    manifest.references().fold(0, |sum, reference| {
        black_box(&reference.digest);
        sum + reference.size
    })
}

fn theirs(bytes: &[u8]) -> u64 {
    let manifest: ImageManifest = serde_json::from_slice(bytes).expect("the document is good");
    std::iter::once(manifest.config())
        .chain(manifest.layers())
        .fold(0, |sum, descriptor| {
            black_box(descriptor.digest());
            sum + descriptor.size()
        })
}
