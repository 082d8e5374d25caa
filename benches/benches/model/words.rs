//! `name_parse` and `scope_parse`: short texts of every request.

use std::hint::black_box;

use criterion::Criterion;
use pierhead_model::{MediaType, Reference, RepositoryName, Tag, TokenScope};

pub(crate) fn names(c: &mut Criterion) {
    let mut group = c.benchmark_group("name_parse");
    group.bench_function("repository", |b| {
        b.iter(|| black_box("syn12345678/tools/aligner-gpu").parse::<RepositoryName>());
    });
    let longest = "component/".repeat(25) + "lasts";
    group.bench_function("repository_255_bytes", |b| {
        b.iter(|| black_box(longest.as_str()).parse::<RepositoryName>());
    });
    group.bench_function("tag", |b| {
        b.iter(|| black_box("2026.11.0-rc.1").parse::<Tag>());
    });
    group.bench_function("reference", |b| {
        b.iter(|| black_box("2026.11.0-rc.1").parse::<Reference>());
    });
    group.bench_function("media_type_known", |b| {
        b.iter(|| black_box("application/vnd.oci.image.layer.v1.tar+gzip").parse::<MediaType>());
    });
    group.bench_function("media_type_other", |b| {
        b.iter(|| black_box("application/vnd.example.report.v1+json").parse::<MediaType>());
    });
    group.finish();
}

pub(crate) fn scopes(c: &mut Criterion) {
    let mut group = c.benchmark_group("scope_parse");
    group.bench_function("repository", |b| {
        b.iter(|| {
            TokenScope::parse(black_box(
                "repository:syn12345678/tools/aligner-gpu:pull,push",
            ))
        });
    });
    group.bench_function("catalog", |b| {
        b.iter(|| TokenScope::parse(black_box("registry:catalog:*")));
    });
    group.finish();
}
