//! What is told of one manifest, to people and to programs.

use std::collections::BTreeMap;
use std::fmt;

use pierhead_model::{
    ContentDigest, Digest, Manifest, ManifestError, ManifestKind, ManifestLimits, Platform,
    ReferenceRole,
};
use serde_json::{Value, json};

/// One manifest.
pub(crate) struct Report {
    pub(crate) digest: ContentDigest,
    pub(crate) size: usize,
    /// What a strict registry makes of it.
    pub(crate) read: Result<Parsed, ManifestError>,
    /// In a layout: whether its bytes are those it is referred to for.
    pub(crate) content: Option<Content>,
}

/// What it says.
pub(crate) struct Parsed {
    kind: ManifestKind,
    media_type: String,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
    pub(crate) references: Vec<Referred>,
}

/// One thing it refers to.
pub(crate) struct Referred {
    pub(crate) role: ReferenceRole,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    media_type: String,
    platform: Option<Platform>,
    /// In a layout: what was found.
    pub(crate) content: Option<Content>,
}

/// What the bytes of a digest turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// They hash to it, and are as many as was said.
    Good,
    /// They are not in the layout.
    Missing,
    /// They are other bytes.
    Damaged,
    /// The digest is of an algorithm that cannot be computed here.
    Unknown,
}

impl Report {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let read = Manifest::from_pushed(bytes, None, &ManifestLimits::default());
        Self {
            digest: ContentDigest::sha256(bytes),
            size: bytes.len(),
            read: read.map(|manifest| Parsed::of(&manifest)),
            content: None,
        }
    }

    /// Whether a registry would take it, and no bytes are damaged. What is missing may be elsewhere,
    /// but for what an image cannot be without.
    pub(crate) fn is_good(&self) -> bool {
        let Ok(parsed) = &self.read else { return false };
        let mut found = parsed.references.iter().map(|it| (it.role, it.content));
        self.content != Some(Content::Damaged)
            && found.all(|(role, content)| match content {
                Some(Content::Damaged) => false,
                Some(Content::Missing) => role == ReferenceRole::Subject,
                _ => true,
            })
    }

    pub(crate) fn json(&self) -> Value {
        let mut value = json!({ "digest": self.digest.to_string(), "size": self.size });
        if let Some(content) = self.content {
            value["content"] = content.word().into();
        }
        match &self.read {
            Err(error) => {
                let rule = error.rule().to_string();
                value["refused"] = json!({ "rule": rule, "at": error.at() });
            }
            Ok(parsed) => {
                value["kind"] = kind(parsed.kind).into();
                value["mediaType"] = (*parsed.media_type).into();
                value["artifactType"] = parsed.artifact_type.as_deref().into();
                value["annotations"] = json!(parsed.annotations);
                let all = parsed.references.iter();
                value["references"] = all.map(Referred::json).collect();
            }
        }
        value
    }
}

impl Parsed {
    fn of(manifest: &Manifest) -> Self {
        let annotations = manifest.annotations_json().map(serde_json::from_str);
        let references = manifest.references().map(|reference| Referred {
            role: reference.role,
            digest: reference.digest.clone(),
            size: reference.size,
            media_type: reference.media_type.to_string(),
            platform: reference.platform.cloned(),
            content: None,
        });
        Self {
            kind: manifest.kind(),
            media_type: manifest.media_type().to_string(),
            artifact_type: manifest.artifact_type().map(str::to_owned),
            annotations: annotations.and_then(Result::ok).unwrap_or_default(),
            references: references.collect(),
        }
    }
}

impl Referred {
    fn json(&self) -> Value {
        json!({
            "as": self.role.key(),
            "digest": self.digest.to_string(),
            "size": self.size,
            "mediaType": self.media_type,
            "platform": self.platform,
            "content": self.content.map(Content::word),
        })
    }
}

impl Content {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
        }
    }
}

fn kind(kind: ManifestKind) -> &'static str {
    match kind {
        ManifestKind::Image => "image",
        ManifestKind::Index => "index",
        _ => "other",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content.map_or("", Content::word);
        writeln!(f, "{} {} {content}", self.digest, size(self.size as u64))?;
        let parsed = match &self.read {
            Ok(parsed) => parsed,
            Err(error) => return writeln!(f, "  refused at byte {}: {}", error.at(), error.rule()),
        };
        writeln!(f, "  {} {}", kind(parsed.kind), parsed.media_type)?;
        if let Some(artifact_type) = &parsed.artifact_type {
            writeln!(f, "  artifact type {artifact_type}")?;
        }
        for (key, value) in &parsed.annotations {
            // As it would stand in JSON: an annotation may hold anything, a terminal's commands too.
            writeln!(f, "  {key:?} = {value:?}")?;
        }
        for it in &parsed.references {
            let (role, platform) = (it.role.key(), Shown(it.platform.as_ref()));
            let content = it.content.map_or("", Content::word);
            let told = [&*it.media_type, &platform.to_string(), content];
            let told: Vec<_> = told.into_iter().filter(|word| !word.is_empty()).collect();
            let (size, told) = (size(it.size), told.join(" "));
            writeln!(f, "  {role:<9} {} {size:>10}  {told}", it.digest)?;
        }
        Ok(())
    }
}

/// A platform as docker writes it: `linux/arm64/v8`.
struct Shown<'a>(Option<&'a Platform>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(platform) = self.0 else {
            return Ok(());
        };
        let (os, architecture) = (&platform.os, &platform.architecture);
        write!(f, "{}/{}", os.escape_debug(), architecture.escape_debug())?;
        match &platform.variant {
            Some(variant) => write!(f, "/{}", variant.escape_debug()),
            None => Ok(()),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
fn size(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}
