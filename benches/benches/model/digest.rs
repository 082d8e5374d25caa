//! `digest_parse` and `digest_display`: one sha256 digest.

use std::hint::black_box;

use criterion::Criterion;
use pierhead_model::ContentDigest;

const TEXT: &str = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

pub(crate) fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("digest_parse");
    group.bench_function("pierhead", |b| {
        b.iter(|| black_box(TEXT).parse::<ContentDigest>());
    });
    group.bench_function("oci_spec", |b| {
        b.iter(|| black_box(TEXT).parse::<oci_spec::image::Digest>());
    });
    group.finish();
}

pub(crate) fn display(c: &mut Criterion) {
    let mut group = c.benchmark_group("digest_display");
    let ours: ContentDigest = TEXT.parse().expect("the text is a digest");
    let theirs: oci_spec::image::Digest = TEXT.parse().expect("the text is a digest");
    group.bench_function("pierhead", |b| b.iter(|| black_box(&ours).to_string()));
    group.bench_function("oci_spec", |b| b.iter(|| black_box(&theirs).to_string()));
    group.finish();
}
