//! The query of a request, read once.

use pierhead_model::parse_query;
use pierhead_projects::MAX_PAGE;

use crate::error::Failure;

/// The parameters of a request, decoded, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        Ok(Self(parse_query(text)?))
    }

    /// The value of a parameter that may stand once. Twice it could mean one thing here and
    /// another to a proxy in front.
    pub(crate) fn one(&self, key: &'static str) -> Result<Option<&str>, Failure> {
        let mut values = self.0.iter().filter(|(name, _)| name == key);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            let reason = format!("the parameter `{key}` stands more than once; send it once");
            return Err(Failure::malformed(reason));
        }
        Ok(first)
    }

    pub(crate) fn required(&self, key: &'static str) -> Result<&str, Failure> {
        self.one(key)?
            .ok_or_else(|| Failure::malformed(format!("the parameter `{key}` is needed; add it")))
    }

    /// `limit`: how many at most, cut to [`MAX_PAGE`].
    pub(crate) fn limit(&self, default: usize) -> Result<usize, Failure> {
        let asked = self.number("limit")?;
        let asked = asked.map(|count| usize::try_from(count).unwrap_or(MAX_PAGE));
        Ok(asked.unwrap_or(default).min(MAX_PAGE))
    }

    /// `offset`: how many to leave out.
    pub(crate) fn offset(&self) -> Result<usize, Failure> {
        let asked = self.number("offset")?.unwrap_or(0);
        Ok(usize::try_from(asked).unwrap_or(usize::MAX))
    }

    /// A whole number of any length; the store's largest stands for all above it.
    pub(crate) fn number(&self, key: &'static str) -> Result<Option<u64>, Failure> {
        let largest = i64::MAX.unsigned_abs();
        let Some(text) = self.one(key)? else {
            return Ok(None);
        };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let reason = format!("`{key}` is a whole number that is not negative; correct it");
            return Err(Failure::malformed(reason));
        }
        // Digits alone can only fail by being too many.
        Ok(Some(text.parse().unwrap_or(largest).min(largest)))
    }

    pub(crate) fn flag(&self, key: &'static str) -> Result<bool, Failure> {
        match self.one(key)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Failure::malformed(format!(
                "`{key}` is `true` or `false`; correct it"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_and_what_is_no_number_is_refused() {
        for (text, limit) in [
            ("", Some(20)),
            ("limit=0", Some(0)),
            ("limit=7", Some(7)),
            ("limit=1000000000", Some(MAX_PAGE)),
            ("limit=99999999999999999999999999", Some(MAX_PAGE)),
            ("limit=-1", None),
            ("limit=%2B1", None),
            ("limit=1e3", None),
            ("limit=", None),
            ("limit=1&limit=1", None),
        ] {
            let query = Query::parse(text).unwrap();
            assert_eq!(query.limit(20).ok(), limit, "{text}");
        }
        let query = Query::parse("offset=99999999999999999999").unwrap();
        assert_eq!(query.offset().unwrap() as u64, i64::MAX.unsigned_abs());
        assert!(Query::parse("a=%zz").is_err());
    }
}
