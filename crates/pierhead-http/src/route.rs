//! Which thing of the protocol a path names.
//!
//! A repository name may hold slashes and the protocol's own words (`a/blobs/uploads` is a fine
//! name), so a path is read from its right end. There is one spelling of each path: percent-escapes
//! are refused, but for `%3A` in the last segment, which some clients write for the colon of a
//! digest; everything else a path may hold never needs an escape. So no `%2f`, `..`, `//` or
//! `;` can make a path mean something else here than it meant to a proxy in front.

use std::borrow::Cow;

use http::Method;
use pierhead_model::{ContentDigest, ParseError, Reference, RepositoryName};

/// What a path under `/v2/` names.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints>
///
/// ```
/// use pierhead_http::Route;
/// let route = Route::parse("/v2/syn1/blobs/uploads/manifests/v1")?;
/// let Route::Manifest { name, reference } = route else { unreachable!() };
/// assert_eq!(name.as_str(), "syn1/blobs/uploads");
/// assert_eq!(reference.to_string(), "v1");
/// # Ok::<(), pierhead_http::RouteError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/manifests/<reference>`
    Manifest {
        /// The repository.
        name: RepositoryName,
        /// A tag or a digest.
        reference: Reference,
    },
    /// `/v2/<name>/blobs/<digest>`
    Blob {
        /// The repository.
        name: RepositoryName,
        /// The blob.
        digest: ContentDigest,
    },
    /// `/v2/<name>/blobs/uploads/`
    Uploads {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload {
        /// The repository.
        name: RepositoryName,
        /// The id as it stands in the path; what is no id is an upload that is not known.
        id: Box<str>,
    },
    /// `/v2/<name>/referrers/<digest>`
    Referrers {
        /// The repository.
        name: RepositoryName,
        /// The subject.
        digest: ContentDigest,
    },
}

/// A path that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// It has no shape of the protocol.
    #[error("no such path; see the distribution specification for those there are")]
    Unknown,
    /// It has one, but what stands for a name is none.
    #[error(transparent)]
    Name(ParseError),
    /// It has one, but what stands for a tag is none.
    #[error(transparent)]
    Tag(ParseError),
    /// It has one, but what stands for a digest is none.
    #[error(transparent)]
    Digest(ParseError),
}

impl Route {
    /// The shape of every path there is, as the documentation of the variants has it.
    pub const SHAPES: [&'static str; 8] = [
        "/v2/",
        "/v2/_catalog",
        "/v2/<name>/tags/list",
        "/v2/<name>/manifests/<reference>",
        "/v2/<name>/blobs/<digest>",
        "/v2/<name>/blobs/uploads/",
        "/v2/<name>/blobs/uploads/<id>",
        "/v2/<name>/referrers/<digest>",
    ];

    /// Which of [`Route::SHAPES`] its path has: for whoever counts requests by what they are, and
    /// for tests that must miss none.
    pub fn shape(&self) -> &'static str {
        let [
            base,
            catalog,
            tags,
            manifest,
            blob,
            uploads,
            upload,
            referrers,
        ] = Self::SHAPES;
        match self {
            Self::Base => base,
            Self::Catalog => catalog,
            Self::Tags { .. } => tags,
            Self::Manifest { .. } => manifest,
            Self::Blob { .. } => blob,
            Self::Uploads { .. } => uploads,
            Self::Upload { .. } => upload,
            Self::Referrers { .. } => referrers,
        }
    }

    /// Reads the path of a request, as it stands in the request line, without the query.
    ///
    /// # Errors
    /// [`RouteError`], which tells a path of no known shape from one with a malformed part.
    pub fn parse(path: &str) -> Result<Self, RouteError> {
        let rest = match path {
            "/v2" | "/v2/" => return Ok(Self::Base),
            "/v2/_catalog" => return Ok(Self::Catalog),
            _ => path.strip_prefix("/v2/").ok_or(RouteError::Unknown)?,
        };
        if let Some(name) = rest.strip_suffix("/blobs/uploads/") {
            return Ok(Self::Uploads {
                name: parse_name(name)?,
            });
        }
        let (before, last) = rest.rsplit_once('/').ok_or(RouteError::Unknown)?;
        let (name, word) = before.rsplit_once('/').ok_or(RouteError::Unknown)?;
        if last.is_empty() || name.is_empty() {
            return Err(RouteError::Unknown);
        }
        match word {
            "manifests" => Ok(Self::Manifest {
                name: parse_name(name)?,
                reference: parse_reference(&with_colons(last))?,
            }),
            "blobs" => Ok(Self::Blob {
                name: parse_name(name)?,
                digest: parse_digest(last)?,
            }),
            "referrers" => Ok(Self::Referrers {
                name: parse_name(name)?,
                digest: parse_digest(last)?,
            }),
            "tags" if last == "list" => Ok(Self::Tags {
                name: parse_name(name)?,
            }),
            "uploads" => {
                let name = name.strip_suffix("/blobs").ok_or(RouteError::Unknown)?;
                Ok(Self::Upload {
                    name: parse_name(name)?,
                    id: last.into(),
                })
            }
            _ => Err(RouteError::Unknown),
        }
    }

    /// The repository it is about, if it is about one.
    pub fn name(&self) -> Option<&RepositoryName> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::Tags { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Referrers { name, .. } => Some(name),
        }
    }

    /// The methods it answers.
    pub fn methods(&self) -> &'static [Method] {
        match self {
            Self::Base | Self::Catalog | Self::Tags { .. } | Self::Referrers { .. } => {
                &[Method::GET, Method::HEAD]
            }
            Self::Manifest { .. } => &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
            Self::Blob { .. } => &[Method::GET, Method::HEAD, Method::DELETE],
            Self::Uploads { .. } => &[Method::POST],
            Self::Upload { .. } => &[
                Method::GET,
                Method::HEAD,
                Method::PATCH,
                Method::PUT,
                Method::DELETE,
            ],
        }
    }
}

fn parse_name(text: &str) -> Result<RepositoryName, RouteError> {
    text.parse().map_err(RouteError::Name)
}

fn parse_reference(text: &str) -> Result<Reference, RouteError> {
    text.parse().map_err(if text.contains(':') {
        RouteError::Digest
    } else {
        RouteError::Tag
    })
}

fn parse_digest(text: &str) -> Result<ContentDigest, RouteError> {
    with_colons(text).parse().map_err(RouteError::Digest)
}

/// The segment with `%3A` read as a colon, once.
fn with_colons(segment: &str) -> Cow<'_, str> {
    if segment.contains('%') {
        Cow::Owned(segment.replace("%3A", ":").replace("%3a", ":"))
    } else {
        Cow::Borrowed(segment)
    }
}
