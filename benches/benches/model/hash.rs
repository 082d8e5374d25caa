//! `hash`: [`Hasher`], and `sha2` alone beside it on the same bytes.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use pierhead_model::{Algorithm, ContentDigest, Hasher};
use sha2::{Digest, Sha256, Sha512};

const SIZES: [(&str, usize); 3] = [("64KiB", 64 << 10), ("1MiB", 1 << 20), ("64MiB", 64 << 20)];

/// `sha256` and `sha512` are ours; each is followed at once by `…_sha2_alone`, so that both are
/// measured in the same state of the machine.
pub(crate) fn hash(c: &mut Criterion) {
    let mut group = c.benchmark_group("hash");
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    for (name, size) in SIZES {
        let bytes = vec![0x5a; size];
        group.throughput(Throughput::Bytes(size as u64));
        for (algorithm, alone) in [
            (Algorithm::Sha256, sha256 as fn(&[u8]) -> u8),
            (Algorithm::Sha512, sha512),
        ] {
            group.bench_with_input(
                BenchmarkId::new(algorithm.as_str(), name),
                &bytes,
                |b, bytes| {
                    b.iter(|| ours(algorithm, black_box(bytes)));
                },
            );
            let alone_name = format!("{algorithm}_sha2_alone");
            group.bench_with_input(BenchmarkId::new(alone_name, name), &bytes, |b, bytes| {
                b.iter(|| alone(black_box(bytes)));
            });
        }
    }
    group.finish();
}

fn ours(algorithm: Algorithm, bytes: &[u8]) -> ContentDigest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

fn sha256(bytes: &[u8]) -> u8 {
    Sha256::digest(bytes)[0]
}

fn sha512(bytes: &[u8]) -> u8 {
    Sha512::digest(bytes)[0]
}
