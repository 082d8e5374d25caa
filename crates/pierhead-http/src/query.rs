//! The query of a request, read once.

use pierhead_model::{ErrorCode, parse_query};

use crate::error::Failure;

/// How large a page may be asked for at most; more is clamped to it.
pub(crate) const MAX_PAGE: usize = 1_000;

/// The parameters of a request, decoded, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string or the body of a form.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        parse_query(text)
            .map(Self)
            .map_err(|error| Failure::malformed(ErrorCode::Unsupported, error.to_string()))
    }

    /// The value of a parameter that may stand once. Twice it could mean one thing here and
    /// another to a proxy in front.
    pub(crate) fn one(&self, key: &'static str) -> Result<Option<&str>, Failure> {
        let mut values = self.all(key);
        let first = values.next();
        if values.next().is_some() {
            let message = format!("the parameter `{key}` must be sent only once");
            return Err(Failure::malformed(ErrorCode::Unsupported, message));
        }
        Ok(first)
    }

    /// Every value of a parameter.
    pub(crate) fn all(&self, key: &'static str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The page that is asked for, by `n` and `last`.
    pub(crate) fn page(&self) -> Result<PageQuery, Failure> {
        let limit = match self.one("n")? {
            None => MAX_PAGE,
            Some(text) => page_size(text)?,
        };
        Ok(PageQuery {
            limit,
            last: self.one("last")?.map(str::to_owned),
        })
    }
}

/// `n`: a whole number of any length that is not negative.
fn page_size(text: &str) -> Result<usize, Failure> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::malformed(
            ErrorCode::PaginationNumberInvalid,
            "`n` must be a whole number that is not negative",
        ));
    }
    // Digits alone can only fail by being too many.
    Ok(text.parse().unwrap_or(MAX_PAGE).min(MAX_PAGE))
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct PageQuery {
    /// At most so many; zero means none, and no link.
    pub(crate) limit: usize,
    /// Only what follows this.
    pub(crate) last: Option<String>,
}
