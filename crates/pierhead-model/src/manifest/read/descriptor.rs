//! Descriptors, and the platforms in them.

use super::{
    Entry, EntryDigest, ManifestError, ManifestRule, MediaType, Platform, RawStr, Read, Reader,
    ReferenceRole, Seen, text_error,
};
use crate::digest::{self, ContentDigest};

static DESCRIPTOR_KEYS: &[&str] = &[
    "mediaType",
    "size",
    "digest",
    "annotations",
    "platform",
    "artifactType",
    "urls",
    "data",
];
/// Where these stand among [`DESCRIPTOR_KEYS`].
const MEDIA_TYPE: usize = 0;
const SIZE: usize = 1;
const DIGEST: usize = 2;

/// The length of a sha256 digest with its quotes.
const SHA256_QUOTED: usize = 73;

static PLATFORM_KEYS: &[&str] = &["architecture", "os", "variant", "os.version", "os.features"];

/// A descriptor in the making.
#[derive(Default)]
struct Parts {
    media_type: Option<MediaType>,
    digest: Option<EntryDigest>,
    size: Option<u64>,
    platform: Option<Box<Platform>>,
}

impl Reader<'_, '_> {
    pub(super) fn descriptor(&mut self, role: ReferenceRole) -> Read<()> {
        if self.cursor.peek() != Some(b'{') {
            return self.wrong(role.key(), "an object");
        }
        let start = self.cursor.at();
        if self.document.entries.len() >= self.rules.max_references {
            let max = self.rules.max_references;
            return self.cursor.fail(ManifestRule::TooManyReferences { max });
        }
        let mut parts = Parts::default();
        let mut seen = Seen::default();
        let mut more = self.cursor.open_object()?;
        while more {
            if !self.usual_member(&mut parts, &mut seen) {
                let key = self.cursor.key()?;
                match self.known_key(key, DESCRIPTOR_KEYS, &mut seen)? {
                    Some(key) => self.or_skip(|reader| reader.descriptor_field(key, &mut parts))?,
                    None => self.cursor.skip()?,
                }
            }
            more = self.cursor.more(b'}')?;
        }
        let missing = |key| ManifestError::new(ManifestRule::MissingKey(key), start);
        let strict = self.rules.strict;
        let media_type = match parts.media_type {
            None if strict => return Err(missing("mediaType")),
            found => found.unwrap_or(MediaType::OCTET_STREAM),
        };
        let size = match parts.size {
            None if strict => return Err(missing("size")),
            found => found.unwrap_or(0),
        };
        // Without a digest there is nothing to keep alive.
        let digest = parts.digest.ok_or_else(|| missing("digest"))?;
        self.document.entries.push(Entry {
            role,
            digest,
            size,
            media_type,
            platform: parts.platform.filter(|_| role == ReferenceRole::Child),
        });
        Ok(())
    }

    /// Takes a member that nearly every descriptor has, in the spelling nearly everybody writes:
    /// the media type of the descriptor before, a sha256 digest, a size of at most 18 digits.
    ///
    /// Whatever is not exactly that is left untouched to the general way, which alone refuses.
    #[inline]
    fn usual_member(&mut self, parts: &mut Parts, seen: &mut Seen) -> bool {
        self.cursor.peek();
        let mark = self.cursor.mark();
        let key = if self.cursor.take_word(b"\"mediaType\":") {
            MEDIA_TYPE
        } else if self.cursor.take_word(b"\"digest\":") {
            DIGEST
        } else if self.cursor.take_word(b"\"size\":") {
            SIZE
        } else {
            return false;
        };
        self.cursor.peek();
        let taken = !seen.has(key)
            && match key {
                MEDIA_TYPE => self.usual_media_type(parts),
                DIGEST => self.usual_digest(parts),
                _ => {
                    parts.size = self.cursor.small_number();
                    parts.size.is_some()
                }
            };
        if taken {
            seen.add(key);
        } else {
            self.cursor.rewind(mark);
        }
        taken
    }

    #[inline]
    fn usual_media_type(&mut self, parts: &mut Parts) -> bool {
        let taken = self.cursor.take_quoted(self.last_media_type.as_str());
        if taken {
            parts.media_type = Some(self.last_media_type.clone());
        }
        taken
    }

    #[inline]
    fn usual_digest(&mut self, parts: &mut Parts) -> bool {
        let Some([b'"', text @ .., b'"']) = self.cursor.rest().first_chunk::<SHA256_QUOTED>()
        else {
            return false;
        };
        let Some(digest) = ContentDigest::parse_bytes(text) else {
            return false;
        };
        parts.digest = Some(EntryDigest::Content(digest));
        self.cursor.advance(SHA256_QUOTED);
        true
    }

    fn descriptor_field(&mut self, key: &'static str, parts: &mut Parts) -> Read<()> {
        match key {
            "mediaType" => {
                let text = self.string(key)?;
                parts.media_type = Some(self.media_type(text)?);
            }
            "digest" => {
                let text = self.string(key)?;
                parts.digest = Some(digest(text)?);
            }
            "size" => {
                let (number, at) = self.integer_text(key)?;
                let size = number
                    .parse()
                    .ok()
                    .filter(|size| i64::try_from(*size).is_ok());
                parts.size =
                    Some(size.ok_or_else(|| ManifestError::new(ManifestRule::SizeRange, at))?);
            }
            "platform" => parts.platform = self.platform()?,
            "annotations" => {
                self.annotations()?;
            }
            "urls" => {
                if !self.cursor.take_null()? {
                    self.array(key, |reader| reader.string(key).map(drop))?;
                }
            }
            _ => {
                self.string_or_null(key)?;
            }
        }
        Ok(())
    }

    fn platform(&mut self) -> Read<Option<Box<Platform>>> {
        if self.cursor.take_null()? {
            return Ok(None);
        }
        if self.cursor.peek() != Some(b'{') {
            return self.wrong("platform", "an object");
        }
        let mut platform = Box::<Platform>::default();
        let mut seen = Seen::default();
        let mut more = self.cursor.open_object()?;
        while more {
            let key = self.cursor.key()?;
            match self.known_key(key, PLATFORM_KEYS, &mut seen)? {
                Some(key) => self.or_skip(|reader| reader.platform_field(key, &mut platform))?,
                None => self.cursor.skip()?,
            }
            more = self.cursor.more(b'}')?;
        }
        Ok(Some(platform))
    }

    fn platform_field(&mut self, key: &'static str, platform: &mut Platform) -> Read<()> {
        if key == "os.features" {
            if self.cursor.take_null()? {
                return Ok(());
            }
            return self.array(key, |reader| {
                let feature = reader.string(key)?;
                platform.os_features.push(feature.decode().into_owned());
                Ok(())
            });
        }
        let Some(text) = self.string_or_null(key)? else {
            return Ok(());
        };
        let text = text.decode().into_owned();
        match key {
            "architecture" => platform.architecture = text,
            "os" => platform.os = text,
            // Go leaves empty ones out.
            "variant" => platform.variant = Some(text).filter(|text| !text.is_empty()),
            _ => platform.os_version = Some(text).filter(|text| !text.is_empty()),
        }
        Ok(())
    }
}

fn digest(text: RawStr<'_>) -> Read<EntryDigest> {
    let decoded = text.decode();
    if let Some(content) = ContentDigest::parse_bytes(decoded.as_bytes()) {
        Ok(EntryDigest::Content(content))
    } else if digest::is_other_digest(decoded.as_bytes()) {
        Ok(EntryDigest::Other(decoded.as_ref().into()))
    } else {
        match decoded.parse::<digest::Digest>() {
            Err(error) => Err(text_error(error, text)),
            Ok(_) => Ok(EntryDigest::Other(decoded.as_ref().into())),
        }
    }
}

#[cfg(test)]
#[path = "descriptor_tests.rs"]
mod tests;
