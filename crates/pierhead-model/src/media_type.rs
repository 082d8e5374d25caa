//! Media types: RFC 6838 names, with the known ones at hand.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::ParseError;
use crate::error::text_newtype;

/// The longest media type, in bytes: two names of at most 127 and the slash.
pub const MAX_MEDIA_TYPE_LEN: usize = 255;

/// A media type without parameters: `type "/" subtype`, as RFC 6838 section 4.2 restricts them.
///
/// No white space, CR or LF can be in it, so it is safe in a header. The known ones cost no heap;
/// cloning is always cheap. Letters keep their case, and comparing minds it, because descriptors
/// are compared byte for byte by everybody else; [`MediaType::from_content_type`] folds the known
/// ones.
///
/// ```
/// use pierhead_model::MediaType;
/// let media_type: MediaType = "application/vnd.oci.image.manifest.v1+json".parse()?;
/// assert_eq!(media_type, MediaType::OCI_MANIFEST);
/// # Ok::<(), pierhead_model::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MediaType(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Known(&'static str),
    Other(Arc<str>),
}

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl MediaType {
            $($(#[$doc])* #[doc = concat!("\n\n`", $text, "`")]
            pub const $name: Self = Self(Repr::Known($text));)*

            /// Every media type that has a name here.
            pub const KNOWN: &'static [Self] = &[$(Self::$name,)*];

            fn known(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

known! {
    /// An OCI image manifest.
    OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI image index.
    OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    /// The configuration of an OCI image.
    OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    /// The empty JSON object, `{}`.
    OCI_EMPTY = "application/vnd.oci.empty.v1+json";
    /// A layer.
    OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    /// A layer, compressed by gzip.
    OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// A layer, compressed by zstd.
    OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// A layer that may not be distributed.
    OCI_LAYER_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    /// A layer that may not be distributed, compressed by gzip.
    OCI_LAYER_NONDISTRIBUTABLE_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    /// A layer that may not be distributed, compressed by zstd.
    OCI_LAYER_NONDISTRIBUTABLE_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
    /// A Docker image manifest, schema 2.
    DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    /// A Docker manifest list.
    DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// The configuration of a Docker image.
    DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
    /// The configuration of a Docker plugin.
    DOCKER_PLUGIN_CONFIG = "application/vnd.docker.plugin.v1+json";
    /// A Docker layer.
    DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// A Docker layer that may not be distributed.
    DOCKER_LAYER_FOREIGN_GZIP = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    /// A Docker manifest of schema 1: recognised, and refused.
    DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json";
    /// A signed Docker manifest of schema 1: recognised, and refused.
    DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// Any bytes.
    OCTET_STREAM = "application/octet-stream";
    /// Any JSON.
    JSON = "application/json";
}

impl MediaType {
    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(text) => text,
            Repr::Other(text) => text,
        }
    }

    /// Reads a `Content-Type` header: parameters and the white space around them are dropped, and
    /// a known type is recognised in any case of letters (RFC 9110 section 8.3.1).
    ///
    /// # Errors
    /// [`ParseError`] when what is before the first `;` is no media type.
    pub fn from_content_type(header: &str) -> Result<Self, ParseError> {
        let text = header.split(';').next().unwrap_or_default();
        let text = text.trim_matches([' ', '\t']);
        if let Some(known) = Self::KNOWN
            .iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(text))
        {
            return Ok(known.clone());
        }
        text.parse()
    }

    /// Whether it is an image manifest, OCI or Docker schema 2.
    pub fn is_image_manifest(&self) -> bool {
        *self == Self::OCI_MANIFEST || *self == Self::DOCKER_MANIFEST
    }

    /// Whether it is an index, OCI or a Docker manifest list.
    pub fn is_index(&self) -> bool {
        *self == Self::OCI_INDEX || *self == Self::DOCKER_LIST
    }

    /// Whether it is a Docker manifest of schema 1.
    pub fn is_schema1(&self) -> bool {
        *self == Self::DOCKER_SCHEMA1 || *self == Self::DOCKER_SCHEMA1_SIGNED
    }

    /// Whether content of this type may be missing because it must not be distributed: the four
    /// non-distributable layer types, and any later one named after them.
    pub fn is_nondistributable(&self) -> bool {
        *self == Self::DOCKER_LAYER_FOREIGN_GZIP
            || self
                .as_str()
                .starts_with(Self::OCI_LAYER_NONDISTRIBUTABLE.as_str())
    }
}

impl FromStr for MediaType {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(known) = Self::known(text) {
            return Ok(known);
        }
        match fault(text.as_bytes()) {
            None => Ok(Self(Repr::Other(text.into()))),
            Some((at, reason)) => Err(ParseError::new("media type", text, at, reason)),
        }
    }
}

text_newtype!(MediaType, "a media type");

/// RFC 6838 section 4.2: `restricted-name "/" restricted-name`.
fn fault(text: &[u8]) -> Option<(usize, &'static str)> {
    let Some(slash) = text.iter().position(|byte| *byte == b'/') else {
        return Some((text.len().min(127), "a `/` must separate type and subtype"));
    };
    for (start, name) in [(0, &text[..slash]), (slash + 1, &text[slash + 1..])] {
        for (at, byte) in name.iter().enumerate() {
            let allowed = byte.is_ascii_alphanumeric()
                || at > 0
                    && matches!(
                        byte,
                        b'!' | b'#' | b'$' | b'&' | b'-' | b'^' | b'_' | b'.' | b'+'
                    );
            if !allowed {
                return Some((
                    start + at,
                    "a letter or a digit, then letters, digits and `!#$&-^_.+` are allowed",
                ));
            }
            if at == 127 {
                return Some((start + at, "type and subtype have at most 127 bytes each"));
            }
        }
        if name.is_empty() {
            return Some((start, "type and subtype must not be empty"));
        }
    }
    None
}

impl PartialEq for MediaType {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for MediaType {}

impl Hash for MediaType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Ord for MediaType {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for MediaType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
#[path = "media_type_tests.rs"]
mod tests;
