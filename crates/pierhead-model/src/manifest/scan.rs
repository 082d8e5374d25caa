//! A cursor over JSON text: strings are borrowed, what is not wanted is passed over, nothing is
//! built. RFC 8259, and nothing beyond it.

use std::borrow::Cow;

use super::{ManifestError, ManifestRule};

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

    /// The text, if it stands as it is.
    pub(super) fn plain(self) -> Option<&'a str> {
        (!self.escaped).then_some(self.raw)
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

/// The next quote, backslash or control character from here, or the end: eight bytes at a time.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some((word, _)) = bytes[at..].split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        // The lowest high bit that is set marks the first byte that is zero, or below 0x20;
        // borrows can only set further bits above it.
        let zero = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let found = zero & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// The character of the `\uXXXX`, or pair of them, at the beginning, and its length in bytes.
fn unicode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let escape = bytes.get(at..at + 6)?;
        if !escape.starts_with(b"\\u") {
            return None;
        }
        escape[2..].iter().try_fold(0, |value, byte| {
            Some(value * 16 + char::from(*byte).to_digit(16)?)
        })
    };
    let first = unit(0)?;
    if !(0xd800..0xdc00).contains(&first) {
        // A low surrogate alone is no character.
        return char::from_u32(first).map(|found| (found, 6));
    }
    let second = unit(6).filter(|second| (0xdc00..0xe000).contains(second))?;
    let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    char::from_u32(code).map(|found| (found, 12))
}

/// Decodes a string whose escapes were found to be good.
#[cold]
fn unescape(raw: &str) -> String {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes().get(1) {
            Some(b'u') => {
                let Some((found, length)) = unicode_escape(rest.as_bytes()) else {
                    break;
                };
                decoded.push(found);
                length
            }
            Some(byte) => {
                decoded.push(match byte {
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(*other),
                });
                2
            }
            None => break,
        };
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded
}
