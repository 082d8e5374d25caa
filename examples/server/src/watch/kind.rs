//! Which of a few kinds a request is of. Names of repositories and people are never among them.

use hyper::{Method, StatusCode};
use pierhead::rest::RestService;

/// A label's values, each with its place in a table.
macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(super) fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }
    };
}

labels! {
    /// What is asked for.
    Kind {
        Base = "base",
        SignIn = "sign-in",
        Catalog = "catalog",
        Tags = "tags",
        Referrers = "referrers",
        Manifest = "manifest",
        Blob = "blob",
        Upload = "upload",
        Management = "management",
        Health = "health",
        Other = "other",
    }
}

labels! {
    /// What is done to it.
    Class { Read = "read", Write = "write", Delete = "delete", Other = "other" }
}

labels! {
    /// How it was answered.
    Outcome { Informed = "1xx", Done = "2xx", Elsewhere = "3xx", Refused = "4xx", Broken = "5xx" }
}

labels! {
    /// Why somebody was turned away.
    Refusal { Unauthorized = "unauthorized", Forbidden = "forbidden", Throttled = "throttled" }
}

impl Kind {
    /// By the path alone.
    pub(crate) fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/v2/") else {
            return match path {
                "/v2" => Self::Base,
                "/token" | "/auth/v1/login" => Self::SignIn,
                "/healthz" | "/readyz" => Self::Health,
                path if RestService::serves(path) => Self::Management,
                _ => Self::Other,
            };
        };
        match rest {
            "" => return Self::Base,
            "_catalog" => return Self::Catalog,
            _ => {}
        }
        let mut words = rest.rsplit('/');
        let last = words.next().unwrap_or_default();
        match (words.next(), words.next()) {
            (Some("manifests"), Some(_)) => Self::Manifest,
            (Some("blobs"), Some(_)) if last == "uploads" => Self::Upload,
            (Some("blobs"), Some(_)) => Self::Blob,
            (Some("uploads"), Some("blobs")) => Self::Upload,
            (Some("tags"), Some(_)) if last == "list" => Self::Tags,
            (Some("referrers"), Some(_)) => Self::Referrers,
            _ => Self::Other,
        }
    }
}

impl Class {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Read,
            Method::PUT | Method::POST | Method::PATCH => Self::Write,
            Method::DELETE => Self::Delete,
            _ => Self::Other,
        }
    }
}

impl Outcome {
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            ..200 => Self::Informed,
            200..300 => Self::Done,
            300..400 => Self::Elsewhere,
            400..500 => Self::Refused,
            500.. => Self::Broken,
        }
    }
}

impl Refusal {
    pub(super) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::UNAUTHORIZED => Some(Self::Unauthorized),
            StatusCode::FORBIDDEN => Some(Self::Forbidden),
            StatusCode::TOO_MANY_REQUESTS => Some(Self::Throttled),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_one_kind() {
        for (path, kind) in [
            ("/v2/", Kind::Base),
            ("/v2", Kind::Base),
            ("/token", Kind::SignIn),
            ("/auth/v1/login", Kind::SignIn),
            ("/v2/_catalog", Kind::Catalog),
            ("/v2/syn1/a/tags/list", Kind::Tags),
            ("/v2/syn1/a/manifests/latest", Kind::Manifest),
            ("/v2/syn1/manifests/manifests/x", Kind::Manifest),
            ("/v2/syn1/a/blobs/sha256:00", Kind::Blob),
            ("/v2/syn1/a/blobs/uploads/", Kind::Upload),
            ("/v2/syn1/a/blobs/uploads", Kind::Upload),
            ("/v2/syn1/a/blobs/uploads/7", Kind::Upload),
            ("/v2/syn1/a/referrers/sha256:00", Kind::Referrers),
            ("/repo/v1/entity/syn1", Kind::Management),
            ("/pierhead/v1/audit", Kind::Management),
            ("/healthz", Kind::Health),
            ("/v2/manifests/x", Kind::Other),
            ("/favicon.ico", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn a_place_in_a_table_is_that_of_the_label() {
        for (place, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place);
        }
        for (place, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, place);
        }
    }
}
