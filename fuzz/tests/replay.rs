//! Every seed, and every finding that became one, keeps the laws.

use std::path::Path;
use std::{fs, panic};

use pierhead_fuzz::TARGETS;

#[test]
fn every_corpus_keeps_the_laws() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut found: Vec<_> = fs::read_dir(&corpora)
        .expect("the corpora are there")
        .map(|entry| entry.expect("it can be listed").file_name())
        .collect();
    found.sort();
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(
        found, names as Vec<std::ffi::OsString>,
        "one corpus for each target"
    );

    let mut broken = Vec::new();
    for (name, check) in TARGETS {
        let mut files: Vec<_> = fs::read_dir(corpora.join(name))
            .expect("the corpus is there")
            .map(|entry| entry.expect("it can be listed").path())
            .collect();
        files.sort();
        assert!(files.len() >= 12, "{name} has only {} seeds", files.len());
        for file in &files {
            let data = fs::read(file).expect("a seed can be read");
            if panic::catch_unwind(|| check(&data)).is_err() {
                broken.push(file.display().to_string());
            }
        }
        println!("{name}: {} seeds", files.len());
    }
    assert!(broken.is_empty(), "laws are broken by {broken:#?}");
}

/// The bytes of no seed are needed for these.
#[test]
fn trifles_keep_the_laws() {
    for (_, check) in TARGETS {
        for byte in 0..=u8::MAX {
            check(&[]);
            check(&[byte]);
            check(&[byte, byte]);
            check(&[b'a', byte, b'a']);
        }
    }
}
