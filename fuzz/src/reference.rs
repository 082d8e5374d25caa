//! Tags and references.

use pierhead_model::{ContentDigest, Reference, Tag};

use crate::{grammar, text};

/// A reference is a digest when it has a colon and else a tag, and never both.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    let tag = text::newtype::<Tag>(text, grammar::tag(text));
    let digest = text::newtype::<ContentDigest>(text, grammar::content_digest(text));
    let expected = tag.is_some() || digest.is_some();
    let Some(reference) = text::newtype::<Reference>(text, expected) else {
        return;
    };
    assert_eq!(reference.tag(), tag.as_ref());
    assert_eq!(reference.digest(), digest);
    assert!(tag.is_some() != digest.is_some(), "{text:?}");
    // It is put into paths and headers as it is.
    assert!(!text.contains(['/', '%', '?', '#', '"', '\\']) && !text.contains(char::is_whitespace));
}
