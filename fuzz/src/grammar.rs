//! Slow recognisers, written from the specifications and sharing nothing with the parsers.

fn alphanumeric(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9')
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`, at most 255 bytes.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
pub fn repository_name(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(component)
}

fn component(text: &str) -> bool {
    let separator = |run: &str| {
        run.is_empty() || matches!(run, "." | "_" | "__") || (run.len() == run.matches('-').count())
    };
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.split(alphanumeric).all(separator)
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`, of the same page.
pub fn tag(text: &str) -> bool {
    let rest = text.strip_prefix(|c: char| c.is_ascii_alphanumeric() || c == '_');
    rest.is_some_and(|rest| {
        rest.chars().count() <= 127
            && rest
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    })
}

/// `algorithm ":" encoded`, where a registered algorithm must have its digits right; at most 255
/// bytes. <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>
pub fn digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return false;
    };
    let algorithm_fits = algorithm
        .split(['+', '.', '_', '-'])
        .all(|part| !part.is_empty() && part.chars().all(alphanumeric));
    let encoded_fits = !encoded.is_empty()
        && encoded
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "=_-".contains(c));
    let registered = matches!(algorithm, "sha256" | "sha512");
    text.len() <= 255 && algorithm_fits && encoded_fits && (!registered || content_digest(text))
}

/// A digest of a registered algorithm.
pub fn content_digest(text: &str) -> bool {
    let digits = |hex: &str, count| {
        hex.chars().count() == count && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    };
    match text.split_once(':') {
        Some(("sha256", hex)) => digits(hex, 64),
        Some(("sha512", hex)) => digits(hex, 128),
        _ => false,
    }
}

/// `type "/" subtype`, each a `restricted-name` of RFC 6838 section 4.2.
pub fn media_type(text: &str) -> bool {
    let name = |name: &str| {
        (1..=127).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(main, sub)| name(main) && name(sub))
}
