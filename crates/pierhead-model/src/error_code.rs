//! The error codes of the protocol, as text.

use std::str::FromStr;

use crate::ParseError;
use crate::error::text_newtype;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A code in the `errors` list of a protocol answer.
        /// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it stands in an answer, for example `BLOB_UNKNOWN`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The blob is not known in this repository.
    BlobUnknown = "BLOB_UNKNOWN",
    /// The upload cannot go on.
    BlobUploadInvalid = "BLOB_UPLOAD_INVALID",
    /// There is no such upload.
    BlobUploadUnknown = "BLOB_UPLOAD_UNKNOWN",
    /// The digest is no digest, or not that of the content.
    DigestInvalid = "DIGEST_INVALID",
    /// The manifest names something that is not there.
    ManifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN",
    /// The manifest is not a manifest.
    ManifestInvalid = "MANIFEST_INVALID",
    /// There is no such manifest.
    ManifestUnknown = "MANIFEST_UNKNOWN",
    /// The manifest failed a check of its signature or digest.
    ManifestUnverified = "MANIFEST_UNVERIFIED",
    /// Not a repository name.
    NameInvalid = "NAME_INVALID",
    /// There is no such repository.
    NameUnknown = "NAME_UNKNOWN",
    /// The length is not that of the content.
    SizeInvalid = "SIZE_INVALID",
    /// Not a tag.
    TagInvalid = "TAG_INVALID",
    /// A range that does not fit.
    RangeInvalid = "RANGE_INVALID",
    /// Credentials are needed, or those sent are not good.
    Unauthorized = "UNAUTHORIZED",
    /// The caller may not do this.
    Denied = "DENIED",
    /// The server does not do this.
    Unsupported = "UNSUPPORTED",
    /// Too many requests; come back later.
    TooManyRequests = "TOOMANYREQUESTS",
    /// The page size is no number.
    PaginationNumberInvalid = "PAGINATION_NUMBER_INVALID",
    /// The server cannot do this now.
    Unavailable = "UNAVAILABLE",
    /// Something else went wrong.
    Unknown = "UNKNOWN",
}

impl FromStr for ErrorCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.iter().find(|code| code.as_str() == text);
        known.copied().ok_or_else(|| {
            ParseError::new("error code", text, 0, "a code of the protocol is expected")
        })
    }
}

text_newtype!(ErrorCode, "an error code of the protocol");
