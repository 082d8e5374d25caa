//! The one reader of manifests. Strict or lenient is a flag, so that what the strict reader
//! accepts means the same to the lenient one.

mod descriptor;

use std::borrow::Cow;

use super::references::{Entry, EntryDigest};
use super::scan::{Cursor, RawStr};
use super::{ManifestError, ManifestRule, Platform, ReferenceRole};
use crate::media_type::MediaType;

pub(super) type Read<T> = Result<T, ManifestError>;

// Statics, not constants: `see` tells them apart by address.
static DOCUMENT_KEYS: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
];

/// How the document is to be read.
pub(super) struct Rules {
    pub(super) strict: bool,
    pub(super) max_depth: usize,
    pub(super) max_references: usize,
    pub(super) max_annotations: usize,
}

/// What was found, before it is judged as a whole.
#[derive(Default)]
pub(super) struct Document {
    pub(super) schema_version: Option<SchemaVersion>,
    /// With the offset of its text.
    pub(super) media_type: Option<(MediaType, usize)>,
    pub(super) artifact_type: Option<Box<str>>,
    pub(super) annotations: Option<Box<str>>,
    pub(super) entries: Vec<Entry>,
    pub(super) keys: Keys,
    pub(super) spelled: Spelled,
    /// The offset behind the closing brace.
    pub(super) end: usize,
}

/// Which keys of the two shapes are there, in any case of letters, and where the last one is.
#[derive(Clone, Copy, Default)]
pub(super) struct Keys {
    pub(super) config: bool,
    pub(super) layers: bool,
    pub(super) manifests: bool,
    pub(super) at: usize,
}

/// Which of them are spelled as they must be, so that what they hold was read.
#[derive(Clone, Copy, Default)]
pub(super) struct Spelled {
    pub(super) config: bool,
    pub(super) layers: bool,
    pub(super) manifests: bool,
}

#[derive(Clone, Copy)]
pub(super) struct SchemaVersion {
    pub(super) value: Option<u64>,
    pub(super) at: usize,
}

pub(super) fn read(bytes: &[u8], rules: &Rules) -> Read<Document> {
    let mut reader = Reader {
        cursor: Cursor::new(bytes, rules.max_depth)?,
        rules,
        document: Document {
            // A descriptor takes some 160 bytes; long lists grow from here.
            entries: Vec::with_capacity((bytes.len() / 160 + 1).min(256)),
            ..Document::default()
        },
        scratch: Vec::new(),
        annotations: 0,
        last_media_type: MediaType::OCTET_STREAM,
    };
    reader.document()?;
    Ok(reader.document)
}

struct Reader<'a, 'r> {
    cursor: Cursor<'a>,
    rules: &'r Rules,
    document: Document,
    /// The annotation keys of one object, with their offsets.
    scratch: Vec<(Cow<'a, str>, usize)>,
    annotations: usize,
    /// Layers tend to share a type; its text is then shared, too.
    last_media_type: MediaType,
}

/// The keys seen in one object.
#[derive(Default)]
struct Seen(u16);

impl Seen {
    #[inline]
    fn has(&self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    #[inline]
    fn add(&mut self, index: usize) {
        self.0 |= 1 << index;
    }
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Read<()> {
        if self.cursor.peek() != Some(b'{') {
            return self
                .cursor
                .fail(ManifestRule::Syntax("a JSON object is expected"));
        }
        let mut seen = Seen::default();
        let mut more = self.cursor.open_object()?;
        while more {
            let key = self.cursor.key()?;
            match self.known_key(key, DOCUMENT_KEYS, &mut seen)? {
                Some(key) => self.or_skip(|reader| reader.document_field(key))?,
                None => self.cursor.skip()?,
            }
            more = self.cursor.more(b'}')?;
        }
        self.document.end = self.cursor.at();
        self.cursor.end()
    }

    fn document_field(&mut self, key: &'static str) -> Read<()> {
        match key {
            "schemaVersion" => {
                let number = self.integer_text(key)?;
                self.document.schema_version = Some(SchemaVersion {
                    value: number.0.parse().ok(),
                    at: number.1,
                });
            }
            "mediaType" => {
                if let Some(text) = self.string_or_null(key)? {
                    let media_type = self.media_type(text)?;
                    self.document.media_type = Some((media_type, text.at));
                }
            }
            "artifactType" => {
                if let Some(text) = self.string_or_null(key)? {
                    let decoded = text.decode();
                    // Go leaves an empty one out; some write it.
                    if !decoded.is_empty() {
                        if self.rules.strict {
                            self.media_type(text)?;
                        }
                        self.document.artifact_type = Some(decoded.into());
                    }
                }
            }
            "config" => {
                self.document.spelled.config = true;
                self.descriptor(ReferenceRole::Config)?;
            }
            "layers" => {
                self.document.spelled.layers = true;
                self.descriptors(key, ReferenceRole::Layer)?;
            }
            "manifests" => {
                self.document.spelled.manifests = true;
                self.descriptors(key, ReferenceRole::Child)?;
            }
            "subject" => {
                if !self.cursor.take_null()? {
                    self.descriptor(ReferenceRole::Subject)?;
                }
            }
            _ => {
                self.cursor.peek();
                let start = self.cursor.at();
                if self.annotations()? {
                    self.document.annotations = Some(self.cursor.slice_from(start).into());
                }
            }
        }
        Ok(())
    }

    /// Which of the known keys this is. `None` for a key that means nothing: an unknown one, a
    /// known one in other letters, and, when reading leniently, a known one again.
    #[inline]
    fn known_key(
        &mut self,
        key: RawStr<'a>,
        known: &'static [&'static str],
        seen: &mut Seen,
    ) -> Read<Option<&'static str>> {
        let text = key.decode();
        if let Some(index) = known.iter().position(|known| *known == text) {
            return self
                .see(key, known, index, seen)
                .map(|new| new.then_some(known[index]));
        }
        // Go takes a key in any case of letters, so to Go this is the known one.
        if self.rules.strict
            && let Some(index) = known.iter().position(|known| folds_to(&text, known))
        {
            self.see(key, known, index, seen)?;
        }
        Ok(None)
    }

    /// Marks a key as seen; whether it is so for the first time.
    #[inline]
    fn see(
        &mut self,
        key: RawStr<'a>,
        known: &'static [&'static str],
        index: usize,
        seen: &mut Seen,
    ) -> Read<bool> {
        let again = seen.has(index);
        seen.add(index);
        if again && self.rules.strict {
            return Err(ManifestError::new(
                ManifestRule::DuplicateKey(known[index]),
                key.at,
            ));
        }
        if std::ptr::eq(known, DOCUMENT_KEYS) {
            self.note_shape(known[index], key.at)?;
        }
        Ok(!again)
    }

    /// Keeps count of the keys that make the shape.
    fn note_shape(&mut self, key: &'static str, at: usize) -> Read<()> {
        let keys = &mut self.document.keys;
        match key {
            "config" => keys.config = true,
            "layers" => keys.layers = true,
            "manifests" => keys.manifests = true,
            _ => return Ok(()),
        }
        keys.at = at;
        if self.rules.strict && keys.manifests && (keys.config || keys.layers) {
            return Err(ManifestError::new(ManifestRule::BothShapes, at));
        }
        Ok(())
    }

    /// Runs a step; when reading leniently, a value that it cannot use is passed over instead.
    #[inline]
    fn or_skip(&mut self, step: impl FnOnce(&mut Self) -> Read<()>) -> Read<()> {
        let mark = self.cursor.mark();
        match step(self) {
            Err(_) if !self.rules.strict => {
                // JSON that is broken is found to be so again.
                self.cursor.rewind(mark);
                self.cursor.skip()
            }
            done => done,
        }
    }

    fn descriptors(&mut self, key: &'static str, role: ReferenceRole) -> Read<()> {
        if self.cursor.take_null()? {
            return Ok(());
        }
        self.array(key, |reader| {
            reader.or_skip(|reader| reader.descriptor(role))
        })
    }

    fn array(
        &mut self,
        key: &'static str,
        mut element: impl FnMut(&mut Self) -> Read<()>,
    ) -> Read<()> {
        if self.cursor.peek() != Some(b'[') {
            return self.wrong(key, "an array");
        }
        let mut more = self.cursor.open_array()?;
        while more {
            element(self)?;
            more = self.cursor.more(b']')?;
        }
        Ok(())
    }

    /// Passes over an object of strings, looking that no key is there twice; whether there is
    /// one and not `null`.
    fn annotations(&mut self) -> Read<bool> {
        if self.cursor.take_null()? {
            return Ok(false);
        }
        if self.cursor.peek() != Some(b'{') {
            return self.wrong("annotations", "an object");
        }
        if !self.rules.strict {
            self.cursor.skip()?;
            return Ok(true);
        }
        self.scratch.clear();
        let mut more = self.cursor.open_object()?;
        while more {
            let key = self.cursor.key()?;
            if self.annotations >= self.rules.max_annotations {
                let max = self.rules.max_annotations;
                return self.cursor.fail(ManifestRule::TooManyAnnotations { max });
            }
            self.annotations += 1;
            self.scratch.push((key.decode(), key.at));
            if self.cursor.peek() != Some(b'"') {
                return self.wrong("annotations", "an object of strings");
            }
            self.cursor.string()?;
            more = self.cursor.more(b'}')?;
        }
        // Sorting bounds the work whatever the keys are; hashing would need a secret.
        self.scratch.sort_unstable();
        match self.scratch.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(ManifestError::new(
                ManifestRule::DuplicateAnnotation,
                pair[1].1,
            )),
            None => Ok(true),
        }
    }

    fn string(&mut self, key: &'static str) -> Read<RawStr<'a>> {
        if self.cursor.peek() == Some(b'"') {
            self.cursor.string()
        } else {
            self.wrong(key, "a string")
        }
    }

    fn string_or_null(&mut self, key: &'static str) -> Read<Option<RawStr<'a>>> {
        if self.cursor.take_null()? {
            Ok(None)
        } else {
            self.string(key).map(Some)
        }
    }

    /// A number as it stands, with its offset.
    fn integer_text(&mut self, key: &'static str) -> Read<(&'a str, usize)> {
        if let Some(b'-' | b'0'..=b'9') = self.cursor.peek() {
            let at = self.cursor.at();
            Ok((self.cursor.number()?, at))
        } else {
            self.wrong(key, "a number")
        }
    }

    fn media_type(&mut self, text: RawStr<'a>) -> Read<MediaType> {
        let decoded = text.decode();
        if *decoded != *self.last_media_type.as_str() {
            self.last_media_type = decoded.parse().map_err(|error| text_error(error, text))?;
        }
        Ok(self.last_media_type.clone())
    }

    fn wrong<T>(&self, key: &'static str, expected: &'static str) -> Read<T> {
        self.cursor.fail(ManifestRule::WrongType { key, expected })
    }
}

#[cold]
fn text_error(error: crate::ParseError, text: RawStr<'_>) -> ManifestError {
    // Exact when the string has no escapes.
    let at = text.at + error.at();
    ManifestError::new(ManifestRule::Text(error), at)
}

/// Whether Go's `encoding/json` takes the key for the known one: letters in any case, and the two
/// letters beyond ASCII that fold into it.
fn folds_to(key: &str, known: &str) -> bool {
    let mut folded = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    // A key of megabytes is left at the first letter that differs.
    known
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .all(|c| folded.next() == Some(c))
        && folded.next().is_none()
}
