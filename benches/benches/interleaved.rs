//! What [`Hasher`] adds to `sha2` alone, on a machine where other things run.
//!
//! Criterion measures one function for seconds and then the next, and the machine is another by
//! then. Here the two take turns, and each of five runs is the median of their ratios.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pierhead_model::{Algorithm, ContentDigest, Hasher};
use sha2::{Digest, Sha256, Sha512};

const RUNS: usize = 5;

const SIZES: [(&str, usize, usize); 3] = [
    ("64KiB", 64 << 10, 2001),
    ("1MiB", 1 << 20, 201),
    ("64MiB", 64 << 20, 5),
];

fn main() {
    // `--test` asks whether it works, and no more.
    let smoke = !std::env::args().any(|argument| argument == "--bench")
        || std::env::args().any(|argument| argument == "--test");
    println!("| hash | `Hasher` ÷ `sha2` alone, run by run |");
    println!("|---|---|");
    for (name, size, rounds) in SIZES {
        let bytes = vec![0x5a; size];
        for (algorithm, alone) in [
            (Algorithm::Sha256, sha256 as fn(&[u8]) -> Vec<u8>),
            (Algorithm::Sha512, sha512),
        ] {
            let (runs, rounds) = if smoke { (1, 1) } else { (RUNS, rounds) };
            let ratios: Vec<_> = (0..runs)
                .map(|_| format!("{:.3}", run(algorithm, alone, &bytes, rounds)))
                .collect();
            println!("| `{algorithm}/{name}` | {} |", ratios.join(", "));
        }
    }
}

/// The median over all rounds of our time by theirs.
fn run(algorithm: Algorithm, alone: fn(&[u8]) -> Vec<u8>, bytes: &[u8], rounds: usize) -> f64 {
    let mut ratios: Vec<_> = (0..rounds)
        .map(|round| {
            // Who goes first changes each time.
            let (ours, theirs);
            if round % 2 == 0 {
                ours = time(|| hashed(algorithm, bytes).bytes().to_vec());
                theirs = time(|| alone(bytes));
            } else {
                theirs = time(|| alone(bytes));
                ours = time(|| hashed(algorithm, bytes).bytes().to_vec());
            }
            ours.as_secs_f64() / theirs.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn time(hash: impl FnOnce() -> Vec<u8>) -> Duration {
    let start = Instant::now();
    black_box(hash());
    start.elapsed()
}

fn hashed(algorithm: Algorithm, bytes: &[u8]) -> ContentDigest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(black_box(bytes));
    hasher.finish()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(black_box(bytes)).to_vec()
}

fn sha512(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(black_box(bytes)).to_vec()
}
