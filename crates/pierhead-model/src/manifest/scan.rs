//! A cursor over JSON text: strings are borrowed, what is not wanted is passed over, nothing is
//! built. RFC 8259, and nothing beyond it.

mod inside;

use std::borrow::Cow;

use super::{ManifestError, ManifestRule};
use inside::{plain_end, unescape, unicode_escape};

/// Nesting beyond this is refused whatever the limits say: values are passed over by recursion.
pub(super) const HARD_MAX_DEPTH: usize = 128;

type Scan<T> = Result<T, ManifestError>;

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawStr<'a> {
    raw: &'a str,
    escaped: bool,
    /// The offset of the first byte behind the opening quote.
    pub(super) at: usize,
}

impl<'a> RawStr<'a> {
    /// The string it means. Go writes `<`, `>` and `&` as `\u003c` and so on, so escapes are
    /// common, and yet most strings have none.
    pub(super) fn decode(self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(unescape(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], max_depth: usize) -> Scan<Self> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                text,
                at: 0,
                depth: 0,
                max_depth: max_depth.min(HARD_MAX_DEPTH),
            }),
            Err(error) => Err(ManifestError::new(
                ManifestRule::InvalidUtf8,
                error.valid_up_to(),
            )),
        }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn slice_from(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Where the cursor stands, to come back to by [`Cursor::rewind`].
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.at, self.depth)
    }

    pub(super) fn rewind(&mut self, (at, depth): (usize, usize)) {
        self.at = at;
        self.depth = depth;
    }

    pub(super) fn fail<T>(&self, rule: ManifestRule) -> Scan<T> {
        Err(ManifestError::new(rule, self.at))
    }

    #[cold]
    fn syntax<T>(&self, expected: &'static str) -> Scan<T> {
        let expected = if self.at >= self.text.len() {
            "it ends too early"
        } else {
            expected
        };
        self.fail(ManifestRule::Syntax(expected))
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Takes this byte if it is the next token.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Everything from here on.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Passes over bytes that were looked at in [`Cursor::rest`].
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// Takes this text if it stands here, to the byte.
    #[inline]
    pub(super) fn take_word(&mut self, word: &[u8]) -> bool {
        let found = self.rest().starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Takes a string that holds exactly this text, without an escape, if it stands here.
    #[inline]
    pub(super) fn take_quoted(&mut self, text: &str) -> bool {
        let found = self.rest().strip_prefix(b"\"").is_some_and(|rest| {
            rest.get(text.len()) == Some(&b'"') && rest.starts_with(text.as_bytes())
        });
        self.at += if found { text.len() + 2 } else { 0 };
        found
    }

    /// Takes a whole number of at most 18 digits, if one stands here.
    #[inline]
    pub(super) fn small_number(&mut self) -> Option<u64> {
        let rest = self.rest();
        let mut value = 0;
        let mut count = 0;
        while let Some(digit @ b'0'..=b'9') = rest.get(count)
            && count <= 18
        {
            value = value * 10 + u64::from(digit - b'0');
            count += 1;
        }
        let whole = !matches!(rest.get(count), Some(b'.' | b'e' | b'E'));
        let leading_zero = rest.first() == Some(&b'0') && count > 1;
        if whole && !leading_zero && (1..=18).contains(&count) {
            self.at += count;
            Some(value)
        } else {
            None
        }
    }

    /// Takes `null` if it is next.
    #[inline]
    pub(super) fn take_null(&mut self) -> Scan<bool> {
        if self.peek() == Some(b'n') {
            self.literal("null")?;
            Ok(true)
        } else {
            Ok(false)
        }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Scan<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail(ManifestRule::TrailingBytes),
        }
    }

    fn enter(&mut self) -> Scan<()> {
        if self.depth >= self.max_depth {
            let max = self.max_depth;
            return self.fail(ManifestRule::Nesting { max });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Begins an object, whose `{` was peeked; whether it has a first key.
    pub(super) fn open_object(&mut self) -> Scan<bool> {
        self.enter()?;
        Ok(!self.close(b'}'))
    }

    /// Begins an array, whose `[` was peeked; whether it has a first element.
    pub(super) fn open_array(&mut self) -> Scan<bool> {
        self.enter()?;
        Ok(!self.close(b']'))
    }

    fn close(&mut self, bracket: u8) -> bool {
        let closed = self.take(bracket);
        self.depth -= usize::from(closed);
        closed
    }

    /// Behind a member of an object or array: whether another follows.
    #[inline]
    pub(super) fn more(&mut self, bracket: u8) -> Scan<bool> {
        if self.take(b',') {
            Ok(true)
        } else if self.close(bracket) {
            Ok(false)
        } else {
            self.syntax("a comma or a closing bracket is expected")
        }
    }

    /// A key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Scan<RawStr<'a>> {
        if self.peek() != Some(b'"') {
            return self.syntax("a key is expected");
        }
        let key = self.string()?;
        if self.take(b':') {
            Ok(key)
        } else {
            self.syntax("a colon is expected")
        }
    }

    /// A string, whose opening quote was peeked.
    #[inline]
    pub(super) fn string(&mut self) -> Scan<RawStr<'a>> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = plain_end(bytes, self.at);
            match self.byte() {
                Some(b'"') => {
                    let raw = self.slice_from(start);
                    self.at += 1;
                    return Ok(RawStr {
                        raw,
                        escaped,
                        at: start,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.syntax("control characters must be escaped"),
            }
        }
    }

    /// One escape; surrogates must come in pairs.
    fn escape(&mut self) -> Scan<()> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match unicode_escape(&bytes[self.at..]) {
                Some((_, length)) => {
                    self.at += length;
                    Ok(())
                }
                None => self.syntax("a `\\u` escape must name a character by four digits"),
            },
            Some(_) => self.syntax("there is no such escape"),
            None => {
                self.at = bytes.len();
                self.syntax("")
            }
        }
    }

    /// A number as it stands, whose first byte was peeked.
    pub(super) fn number(&mut self) -> Scan<&'a str> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let first = self.byte();
        let whole = self.digits()?;
        if first == Some(b'0') && whole > 1 {
            self.at = start;
            return self.syntax("a number must not begin with 0");
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.slice_from(start))
    }

    fn digits(&mut self) -> Scan<usize> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return self.syntax("a digit is expected");
        }
        Ok(self.at - start)
    }

    fn literal(&mut self, word: &'static str) -> Scan<()> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.syntax("a value is expected")
        }
    }

    /// Passes over any value.
    pub(super) fn skip(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => {
                let mut more = self.open_object()?;
                while more {
                    self.key()?;
                    self.skip()?;
                    more = self.more(b'}')?;
                }
                Ok(())
            }
            Some(b'[') => {
                let mut more = self.open_array()?;
                while more {
                    self.skip()?;
                    more = self.more(b']')?;
                }
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.syntax("a value is expected"),
        }
    }
}
