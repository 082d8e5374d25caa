//! Paging links and query strings.

use std::fmt::Write as _;

use crate::ParseError;

/// How many parameters [`parse_query`] reads at most.
pub const MAX_QUERY_PAIRS: usize = 128;

/// The value of a `Link` header that leads to the next page (RFC 8288): the path as it is given,
/// and the parameters, encoded.
///
/// ```
/// use pierhead_model::link_next;
/// let link = link_next("/v2/syn1/a/tags/list", &[("n", "2"), ("last", "v1&2")]);
/// assert_eq!(link, r#"</v2/syn1/a/tags/list?n=2&last=v1%262>; rel="next""#);
/// ```
pub fn link_next(path: &str, params: &[(&str, &str)]) -> String {
    let mut link = String::with_capacity(path.len() + 48);
    link.push('<');
    for byte in path.bytes() {
        // The slashes of the path are meant; nothing in it may end the link or the header.
        if byte == b'/' || byte == b':' {
            link.push(char::from(byte));
        } else {
            push_encoded(&mut link, byte);
        }
    }
    for (index, (key, value)) in params.iter().enumerate() {
        link.push(if index == 0 { '?' } else { '&' });
        link.push_str(&percent_encode(key));
        link.push('=');
        link.push_str(&percent_encode(value));
    }
    link.push_str(">; rel=\"next\"");
    link
}

/// The target of the link with `rel=next` in a `Link` header, as it stands there; `None` when
/// there is none. What cannot be read ends the search.
///
/// ```
/// use pierhead_model::parse_link_next;
/// let header = r#"</v2/>; rel=index, </v2/a/tags/list?n=2&last=b>; title="x, y"; rel="next""#;
/// assert_eq!(parse_link_next(header), Some("/v2/a/tags/list?n=2&last=b"));
/// ```
pub fn parse_link_next(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (target, parameters) = rest.strip_prefix('<')?.split_once('>')?;
        rest = parameters;
        let mut relation = None;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            let Some(parameter) = rest.strip_prefix(';') else {
                break;
            };
            let name_end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
            let (name, behind) = parameter.split_at(name_end);
            let (value, behind) = match behind.strip_prefix('=') {
                Some(value) => parameter_value(value)?,
                None => ("", behind),
            };
            // The first one counts (RFC 8288 section 3.3).
            if relation.is_none() && name.trim_matches([' ', '\t']).eq_ignore_ascii_case("rel") {
                relation = Some(value);
            }
            rest = behind;
        }
        let relations = relation.unwrap_or_default().split_ascii_whitespace();
        if relations
            .into_iter()
            .any(|it| it.eq_ignore_ascii_case("next"))
        {
            return Some(target);
        }
    }
}

/// A token or a quoted string, without its quotes, and what is behind it.
fn parameter_value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        return Some(text.split_at(text.find([';', ',']).unwrap_or(text.len())));
    };
    let mut escaped = false;
    let end = quoted.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    Some((&quoted[..end], &quoted[end + 1..]))
}

/// Encodes everything but the unreserved characters of RFC 3986 section 2.3.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        push_encoded(&mut encoded, byte);
    }
    encoded
}

fn push_encoded(out: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(char::from(byte));
    } else {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "%{byte:02X}");
    }
}

/// The pairs of a query string, decoded: `%` escapes, and `+` as a space, in their order.
///
/// A parameter without `=` has an empty value; empty parameters are passed over.
///
/// # Errors
/// [`ParseError`] for an escape that is none, for bytes that are not UTF-8, and for more than
/// [`MAX_QUERY_PAIRS`] parameters.
pub fn parse_query(query: &str) -> Result<Vec<(String, String)>, ParseError> {
    let mut pairs = Vec::new();
    let mut at = 0;
    for parameter in query.split('&') {
        if !parameter.is_empty() {
            if pairs.len() == MAX_QUERY_PAIRS {
                return Err(wrong(query, at, "at most 128 parameters are allowed"));
            }
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            pairs.push((
                decode(query, at, key)?,
                decode(query, at + key.len() + 1, value)?,
            ));
        }
        at += parameter.len() + 1;
    }
    Ok(pairs)
}

/// The text without its `%` escapes, as a path has them: `+` is itself.
///
/// # Errors
/// [`ParseError`] for an escape that is none, and for bytes that are not UTF-8.
pub fn percent_decode(text: &str) -> Result<String, ParseError> {
    unescape(text, b'+').map_err(|(at, reason)| ParseError::new("path", text, at, reason))
}

fn decode(query: &str, start: usize, text: &str) -> Result<String, ParseError> {
    unescape(text, b' ').map_err(|(at, reason)| wrong(query, start + at, reason))
}

/// Takes escapes away; `plus` is what `+` means. An error is where and why.
fn unescape(text: &str, plus: u8) -> Result<String, (usize, &'static str)> {
    let mut decoded = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'+' => decoded.push(plus),
            b'%' => {
                let pair = bytes.get(at + 1..at + 3).and_then(|pair| {
                    let high = char::from(pair[0]).to_digit(16)?;
                    let low = char::from(pair[1]).to_digit(16)?;
                    u8::try_from(high * 16 + low).ok()
                });
                let Some(value) = pair else {
                    return Err((at, "`%` must be followed by two hexadecimal digits"));
                };
                decoded.push(value);
                at += 2;
            }
            other => decoded.push(*other),
        }
        at += 1;
    }
    String::from_utf8(decoded).map_err(|_| (0, "what is escaped must be valid UTF-8"))
}

fn wrong(query: &str, at: usize, reason: &'static str) -> ParseError {
    ParseError::new("query string", query, at, reason)
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
