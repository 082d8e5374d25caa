//! Tests of hashing and its checkpoint.

use proptest::prelude::*;

use super::*;

const BOTH: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

/// Bytes written by version 1. If this fails after an update of `sha2`, its layout has changed
/// and `VERSION` must be raised.
#[test]
fn version_1_is_what_it_was() {
    for (algorithm, expected) in [
        (Algorithm::Sha256, GOLDEN_SHA256),
        (Algorithm::Sha512, GOLDEN_SHA512),
    ] {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(b"pierhead");
        assert_eq!(
            ContentDigest::sha256(hasher.save().as_bytes()).to_string(),
            expected
        );
    }
}

const GOLDEN_SHA256: &str =
    "sha256:ce5f6755e1ac6aa78d00043ce16ebbe13e7648933a1872899a483787855f8dff";
const GOLDEN_SHA512: &str =
    "sha256:59ae95ca417bfc5206c9b4cbb170425d0e0341ef7db146be5f8eab1bad0df860";

#[test]
fn another_version_is_said_to_be_one() {
    let mut bytes = Hasher::new(Algorithm::Sha256).save().as_bytes().to_vec();
    bytes[4] = 2;
    assert_eq!(
        Hasher::resume(&HashState::from_bytes(bytes)).unwrap_err(),
        HashStateError::Version {
            found: 2,
            expected: 1
        }
    );
}

#[test]
fn damaged_bytes_are_never_continued() {
    for algorithm in BOTH {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(b"some content");
        let good = hasher.save().into_bytes();
        for index in 0..good.len() {
            let mut bytes = good.to_vec();
            bytes[index] ^= 1;
            assert!(
                Hasher::resume(&HashState::from_bytes(bytes)).is_err(),
                "byte {index}"
            );
            let short = good.slice(..index);
            assert!(
                Hasher::resume(&HashState::from_bytes(short)).is_err(),
                "cut at {index}"
            );
        }
        let long = [&good[..], b"x"].concat();
        assert!(Hasher::resume(&HashState::from_bytes(long)).is_err());
    }
    for bytes in [&b""[..], b"phhs", &[0; 300]] {
        assert!(Hasher::resume(&HashState::from_bytes(bytes.to_vec())).is_err());
    }
}

#[test]
fn a_hasher_is_clone_and_send() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<Hasher>();
    check::<HashState>();
}

proptest! {
    #[test]
    fn a_checkpoint_at_any_split_equals_one_pass(
        content in proptest::collection::vec(any::<u8>(), 0..600),
        split in any::<proptest::sample::Index>(),
    ) {
        let (head, tail) = content.split_at(split.index(content.len() + 1));
        for algorithm in BOTH {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(head);
            let state = HashState::from_bytes(hasher.save().as_bytes().to_vec());
            let mut resumed = Hasher::resume(&state).unwrap();
            prop_assert_eq!(resumed.algorithm(), algorithm);
            prop_assert_eq!(resumed.len(), head.len() as u64);
            resumed.update(tail);
            prop_assert_eq!(resumed.len(), content.len() as u64);
            prop_assert_eq!(resumed.finish(), ContentDigest::of(algorithm, &content));
        }
    }

    #[test]
    fn any_bytes_can_be_offered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Hasher::resume(&HashState::from_bytes(bytes)).is_err());
    }
}
