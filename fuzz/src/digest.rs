//! Digests, and the hash behind them.

use pierhead_model::{
    Algorithm, ContentDigest, Digest, HashState, HashStateError, Hasher, MAX_DIGEST_LEN,
};

use crate::{grammar, text};

/// Up to eight lines are digests: each is read by both types, and neighbours are ordered like their texts. The
/// same bytes are also content to hash, and a saved hash.
pub fn check(data: &[u8]) {
    if let Some(text) = text::read(data) {
        let mut before: Option<Digest> = None;
        for line in text.split('\n').take(8) {
            let Some(digest) = one(line) else { continue };
            if let Some(before) = &before {
                order(before, &digest);
            }
            before = Some(digest);
        }
    }
    hash(data);
    resume(data);
}

fn one(text: &str) -> Option<Digest> {
    let digest = text::newtype::<Digest>(text, grammar::digest(text));
    let content = text::newtype::<ContentDigest>(text, grammar::content_digest(text));
    by_oci_spec(text, digest.as_ref());
    let Some(digest) = digest else {
        assert_eq!(content, None, "no digest, but a content digest: {text:?}");
        return None;
    };
    assert!(digest.as_str().len() <= MAX_DIGEST_LEN);
    assert_eq!(format!("{}:{}", digest.algorithm(), digest.encoded()), text);
    assert_eq!(digest.content(), content);
    assert_eq!(ContentDigest::try_from(digest.clone()).ok(), content);
    assert_eq!(
        digest.algorithm().parse::<Algorithm>().is_ok(),
        content.is_some()
    );
    if let Some(content) = content {
        assert_eq!(Digest::from(content), digest);
        let (algorithm, bytes) = (content.algorithm(), content.bytes());
        assert_eq!(bytes.len(), algorithm.digest_len());
        assert_eq!(algorithm.as_str(), digest.algorithm());
        assert_eq!(ContentDigest::from_bytes(algorithm, bytes), Some(content));
        assert_eq!(ContentDigest::from_bytes(algorithm, &bytes[1..]), None);
    }
    Some(digest)
}

/// `oci-spec` agrees, with these known differences: it has no bound on the length, and knows how
/// long a sha384 is, which here is an algorithm like any other.
fn by_oci_spec(text: &str, ours: Option<&Digest>) {
    let theirs = text.parse::<oci_spec::image::Digest>().ok();
    match (ours, &theirs) {
        (Some(ours), Some(theirs)) => {
            assert_eq!(ours.as_str(), theirs.as_ref());
            assert_eq!(Digest::try_from(theirs).ok().as_ref(), Some(ours));
        }
        (None, None) => {}
        (Some(ours), None) => assert_eq!(ours.algorithm(), "sha384", "only we accept {text:?}"),
        (None, Some(_)) => assert!(text.len() > MAX_DIGEST_LEN, "only they accept {text:?}"),
    }
}

fn order(before: &Digest, after: &Digest) {
    let by_text = before.as_str().cmp(after.as_str());
    assert_eq!(before.cmp(after), by_text);
    assert_eq!(before == after, by_text.is_eq());
    if let (Some(before), Some(after)) = (before.content(), after.content()) {
        assert_eq!(before.cmp(&after), by_text);
        assert_eq!(before.verify(after).is_ok(), by_text.is_eq());
    }
}

/// Saved and resumed anywhere, the hash is the one of the whole.
fn hash(data: &[u8]) {
    let Some((&at, content)) = data.split_first() else {
        return;
    };
    let (head, tail) = content.split_at(usize::from(at).min(content.len()));
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(head);
        let saved = hasher.save().as_bytes().to_vec();
        let mut resumed =
            Hasher::resume(&HashState::from_bytes(saved)).expect("what was saved can be resumed");
        resumed.update(tail);
        assert_eq!(resumed.len(), content.len() as u64);
        assert_eq!(resumed.finish(), ContentDigest::of(algorithm, content));
    }
}

/// Any bytes may have been read back; those that resume are those that are saved again.
fn resume(data: &[u8]) {
    let state = HashState::from_bytes(data.to_vec());
    match Hasher::resume(&state) {
        Ok(hasher) => assert_eq!(hasher.save(), state),
        Err(HashStateError::Version { found, expected }) => assert_ne!(found, expected),
        Err(_) => {}
    }
}
