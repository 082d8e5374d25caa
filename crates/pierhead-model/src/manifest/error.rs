//! Why a manifest is refused.

use crate::ParseError;
use crate::media_type::MediaType;

/// A manifest that is refused: the rule it breaks, and where.
// Boxed, because every step of the reader returns it, and nearly none does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the manifest is refused at byte {}: {}", self.at(), self.rule())]
pub struct ManifestError(Box<(ManifestRule, usize)>);

impl ManifestError {
    #[cold]
    pub(super) fn new(rule: ManifestRule, at: usize) -> Self {
        Self(Box::new((rule, at)))
    }

    /// The rule that was broken.
    pub fn rule(&self) -> &ManifestRule {
        &self.0.0
    }

    /// The byte offset at which it was found out.
    pub fn at(&self) -> usize {
        self.0.1
    }
}

/// A rule of the strict reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestRule {
    /// Longer than the limit.
    #[error("it is longer than the {max} bytes that are allowed")]
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("it must be valid UTF-8")]
    InvalidUtf8,
    /// Not JSON.
    #[error("it must be JSON: {0}")]
    Syntax(&'static str),
    /// Something after the end of the object.
    #[error("nothing may follow the JSON object")]
    TrailingBytes,
    /// Objects or arrays too deep in each other.
    #[error("it is nested deeper than the {max} levels that are allowed")]
    Nesting {
        /// The limit.
        max: usize,
    },
    /// A known key that stands in an object twice, or twice but for the case of letters.
    #[error("the key `{0}` must stand in its object only once, in any case of letters")]
    DuplicateKey(&'static str),
    /// An annotation key that stands in its object twice.
    #[error("an annotation key must stand in its object only once")]
    DuplicateAnnotation,
    /// A required key that is not there.
    #[error("the key `{0}` is required")]
    MissingKey(&'static str),
    /// A known key with a value of another type.
    #[error("the value of `{key}` must be {expected}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What its value must be.
        expected: &'static str,
    },
    /// `schemaVersion` other than 2.
    #[error("`schemaVersion` must be 2")]
    SchemaVersion,
    /// A Docker manifest of schema 1.
    #[error("Docker schema 1 is not supported; push the image again with a newer client")]
    Schema1,
    /// The keys of an index and of an image in one document.
    #[error("`manifests` and `layers` or `config` must not stand in one manifest")]
    BothShapes,
    /// `mediaType` and `Content-Type` differ.
    #[error("its `mediaType` `{body}` must equal the content type `{header}`")]
    MediaTypeMismatch {
        /// What the request says.
        header: MediaType,
        /// What the document says.
        body: MediaType,
    },
    /// The media type says image and the keys say index, or the other way round.
    #[error("its keys must be those of its media type `{0}`")]
    ShapeMismatch(MediaType),
    /// A media type that is not known here.
    #[error("the media type `{0}` is not supported")]
    UnknownMediaType(MediaType),
    /// Neither a media type nor the keys of an image or an index.
    #[error("it must have the keys of an image (`config`, `layers`) or of an index (`manifests`)")]
    NoShape,
    /// A size that is no whole number of bytes in `0..=i64::MAX`.
    #[error("a size must be a whole number from 0 to 9223372036854775807")]
    SizeRange,
    /// Too many descriptors.
    #[error("it holds more than the {max} descriptors that are allowed")]
    TooManyReferences {
        /// The limit.
        max: usize,
    },
    /// Too many annotations.
    #[error("it holds more than the {max} annotations that are allowed")]
    TooManyAnnotations {
        /// The limit.
        max: usize,
    },
    /// A digest or a media type that is none.
    #[error(transparent)]
    Text(#[from] ParseError),
}
