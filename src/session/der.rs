//! DER elements read in place: der-parser's headers over a cursor that knows its offset.
//!
//! Nothing is copied and nothing is allocated: an [`Element`] borrows from the input. Tags above 30 (two-byte
//! identifiers, as `BoringSSL` uses them) are read like any other.

mod element;

use std::fmt;

use der_parser::asn1_rs::{FromDer, Length};
use der_parser::der::{Header, Tag};

pub(crate) use self::element::{Element, Explicit, Inner, integer};

/// What is wrong with an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerErrorKind {
    /// The input ends inside an identifier or length.
    TruncatedHeader,
    /// The length says more than there is.
    TruncatedContent {
        /// Bytes the header announces.
        need: usize,
        /// Bytes that are left.
        have: usize,
    },
    /// An identifier or length that DER does not allow.
    InvalidHeader,
    /// Another element than the one that was expected.
    Unexpected {
        /// What should stand there, in words.
        expected: &'static str,
    },
    /// Bytes follow where the outermost element ends.
    TrailingData {
        /// How many.
        bytes: usize,
    },
}

/// A DER error and the offset of the element it is about, from the start of the outermost input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerError {
    /// What is wrong.
    pub kind: DerErrorKind,
    /// Where: bytes from the start of the input.
    pub offset: usize,
}

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DerErrorKind::TruncatedHeader => write!(f, "the header is cut short")?,
            DerErrorKind::TruncatedContent { need, have } => {
                write!(f, "the element announces {need} bytes, {have} are left")?;
            }
            DerErrorKind::InvalidHeader => write!(f, "the header is not DER")?,
            DerErrorKind::Unexpected { expected } => write!(f, "expected {expected}")?,
            DerErrorKind::TrailingData { bytes } => write!(f, "{bytes} bytes follow the end")?,
        }
        write!(f, " at DER byte {}", self.offset)
    }
}

impl std::error::Error for DerError {}

/// A cursor over consecutive elements.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Where the input ends in the outermost one.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `input`.
    #[must_use]
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input, end: input.len() }
    }

    /// Whether all is read.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads the next element.
    pub(crate) fn read(&mut self) -> Result<Element<'a>, DerError> {
        let (after, header) = Header::from_der(self.rest).map_err(|error| {
            self.fail(match error {
                der_parser::nom::Err::Incomplete(_) => DerErrorKind::TruncatedHeader,
                _ => DerErrorKind::InvalidHeader,
            })
        })?;
        let Length::Definite(length) = header.length() else {
            return Err(self.fail(DerErrorKind::InvalidHeader));
        };
        let Some((content, rest)) = after.split_at_checked(length) else {
            return Err(self.fail(DerErrorKind::TruncatedContent { need: length, have: after.len() }));
        };
        let (der, _) = self.rest.split_at(self.rest.len() - rest.len());
        let element = Element {
            class: header.class(),
            constructed: header.constructed(),
            tag: header.tag().0,
            content,
            der,
            offset: self.offset(),
        };
        self.rest = rest;
        Ok(element)
    }

    /// Reads the content of the next element, if it is the universal `tag` as DER has it and its length takes one byte;
    /// else nothing is read.
    #[allow(clippy::inline_always, reason = "inlined, so that it comes down to a few comparisons")]
    #[inline(always)]
    fn short(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let &[identifier, length @ ..=0x7f, ref rest @ ..] = self.rest else { return None };
        self.begun(tag, identifier, length.into(), rest)
    }

    /// Reads the content as [`short`](Self::short) does, if the length takes two bytes or three.
    #[inline]
    fn longer(&mut self, tag: Tag) -> Option<&'a [u8]> {
        match *self.rest {
            [identifier, 0x81, length, ref rest @ ..] => self.begun(tag, identifier, length.into(), rest),
            [identifier, 0x82, high, low, ref rest @ ..] => {
                self.begun(tag, identifier, u16::from_be_bytes([high, low]).into(), rest)
            }
            _ => None,
        }
    }

    /// Takes `length` bytes of `rest`, which follows the header, if it is that of `tag`.
    #[allow(clippy::inline_always, reason = "inlined as its callers are: what is asked of the tag is known there")]
    #[inline(always)]
    fn begun(&mut self, tag: Tag, identifier: u8, length: usize, rest: &'a [u8]) -> Option<&'a [u8]> {
        let constructed = if matches!(tag, Tag::Sequence | Tag::Set) { 0x20 } else { 0 };
        if u32::from(identifier) != tag.0 | constructed {
            return None;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(content)
    }

    /// Reads the next element, if it has a context tag up to 30 and exactly one element inside that is primitive and
    /// universal, and both lengths take one byte. Else nothing is read.
    ///
    /// Nearly all members of a session look like this; [`read`](Self::read) and [`Element::explicit`] give the same.
    #[allow(clippy::inline_always, reason = "inlined, so that what nobody looks at is not worked out")]
    #[inline(always)]
    pub(crate) fn short_explicit(&mut self) -> Option<Explicit<'a>> {
        let &[outer @ 0xa0..=0xbe, outer_length @ ..=0x7f, tag @ ..=0x1e, length, ..] = self.rest else { return None };
        let (der, rest) = self.rest.split_at_checked(4 + usize::from(length))?;
        if outer_length != length.wrapping_add(2) {
            return None;
        }
        let (_, content) = der.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(Explicit { tag: (outer & 0x1f).into(), inner: Inner { tag: tag.into(), content }, der, header: 2 })
    }

    #[cold]
    fn fail(&self, kind: DerErrorKind) -> DerError {
        DerError { kind, offset: self.offset() }
    }

    /// Where the next element starts in the outermost input.
    #[must_use]
    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// Reads the content of the next element, which must be the universal `tag`; else nothing is read.
    #[allow(clippy::inline_always, reason = "inlined, so that a short one comes down to a few comparisons")]
    #[inline(always)]
    pub(crate) fn expect(&mut self, tag: Tag, expected: &'static str) -> Result<&'a [u8], DerError> {
        if let Some(content) = self.short(tag) {
            return Ok(content);
        }
        let (content, rest) = self.clone().expect_any(tag, expected)?;
        self.rest = rest;
        Ok(content)
    }

    /// The content of the next element, which must be the universal `tag`, and what follows.
    // a reader that is handed over as a value can be kept in registers elsewhere
    #[cold]
    fn expect_any(mut self, tag: Tag, expected: &'static str) -> Result<(&'a [u8], &'a [u8]), DerError> {
        let element = self.read()?;
        if element.is(tag) {
            Ok((element.content, self.rest))
        } else {
            Err(DerError { kind: DerErrorKind::Unexpected { expected }, offset: element.offset })
        }
    }

    /// Reads the next element, which must be the universal `tag`, and gives a reader over what is inside.
    pub(crate) fn enter(&mut self, tag: Tag, expected: &'static str) -> Result<Self, DerError> {
        let content = match self.longer(tag) {
            Some(content) => content,
            None => self.expect(tag, expected)?,
        };
        Ok(Self { rest: content, end: self.offset() })
    }

    /// Ends the reading: nothing may be left.
    pub(crate) fn finish(&self) -> Result<(), DerError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.fail(DerErrorKind::TrailingData { bytes: self.rest.len() }))
    }

    /// The bytes not read yet.
    #[must_use]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// What is inside an element.
impl<'a> Element<'a> {
    /// A reader over the elements inside.
    #[must_use]
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader { rest: self.content, end: self.offset + self.der.len() }
    }

    /// The one element inside, if there is no more than one.
    #[must_use]
    pub(crate) fn only(&self) -> Option<Self> {
        let mut reader = self.reader();
        let inner = reader.read().ok()?;
        (self.constructed && reader.is_empty()).then_some(inner)
    }

    /// The element as an explicit tag and what is inside.
    #[must_use]
    pub(crate) fn explicit(&self) -> Option<Explicit<'a>> {
        let header = self.der.len() - self.content.len();
        Some(Explicit { tag: self.tag, inner: self.only()?.into(), der: self.der, header })
    }
}

#[cfg(test)]
mod tests {
    use der_parser::der::Class;

    use super::*;

    #[test]
    fn integers_keep_their_sign() {
        for (der, value) in [
            (&[2, 1, 0][..], Some(0)),
            (&[2, 1, 0xff], Some(-1)),
            (&[2, 2, 0x80, 1], Some(-0x7fff)),
            (&[2, 3, 0xff, 0x7f, 0xfe], Some(-0x8002)),
            (&[2, 3, 1, 2, 3], Some(0x01_0203)),
            (&[2, 4, 0x80, 0, 0, 1], Some(-0x7fff_ffff)),
            (&[2, 5, 0, 0xff, 0xff, 0xff, 0xff], Some(0xffff_ffff)),
            (&[2, 8, 0x7f, 255, 255, 255, 255, 255, 255, 255], Some(i64::MAX)),
            (&[2, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None),
            (&[2, 0], None),
            (&[4, 1, 0], None),
        ] {
            assert_eq!(Inner::from(Reader::new(der).read().unwrap()).integer(), value, "{der:02x?}");
        }
    }

    #[test]
    fn high_tags_have_two_byte_identifiers() {
        let element = Reader::new(&[0xbf, 0x1f, 3, 1, 1, 0xff]).read().unwrap();
        assert_eq!((element.class, element.tag), (Class::ContextSpecific, 31));
        assert_eq!(Inner::from(element.only().unwrap()).boolean(), Some(true));
    }

    #[test]
    fn short_forms_are_read_as_all_others() {
        let mut input = [1; 400];
        for (identifier, length) in (0..=255).flat_map(|identifier| (0..=255).map(move |length| (identifier, length))) {
            input[..2].copy_from_slice(&[identifier, length]);
            let mut reader = Reader::new(&input);
            let element = reader.read();
            for tag in [Tag::Integer, Tag::OctetString, Tag::Sequence] {
                let mut expecting = Reader::new(&input);
                match (&element, expecting.expect(tag, "a tag")) {
                    (Ok(element), Ok(content)) => {
                        assert_eq!((element.content, true), (content, element.is(tag)));
                        assert_eq!(expecting.rest(), reader.rest());
                    }
                    (Ok(element), Err(_)) => assert!(!element.is(tag) && expecting.rest() == input),
                    (Err(read), expected) => assert_eq!(expected, Err(*read)),
                }
                let mut entering = Reader::new(&input);
                match (&element, entering.enter(tag, "a tag")) {
                    (Ok(element), Ok(inside)) => {
                        assert_eq!((inside.rest(), inside.end), (element.content, element.der.len()));
                        assert_eq!((element.is(tag), entering.rest()), (true, reader.rest()));
                    }
                    (Ok(element), Err(_)) => assert!(!element.is(tag) && entering.rest() == input),
                    (Err(read), entered) => assert_eq!(entered.map(|_| ()), Err(*read)),
                }
            }
        }
    }

    #[test]
    fn short_members_are_read_as_all_others() {
        let bytes = [0, 1, 2, 3, 4, 0x1f, 0x24, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xbe, 0xbf, 0xff];
        let two = || bytes.iter().flat_map(|&first| bytes.map(|second| [first, second]));
        for (outer, inner) in two().flat_map(|outer| two().map(move |inner| (outer, inner))) {
            let input = [&outer[..], &inner, &[1; 140]].concat();
            let (mut short, mut any) = (Reader::new(&input), Reader::new(&input));
            let Some(explicit) = short.short_explicit() else { continue };
            let element = any.read().unwrap();
            assert_eq!((element.class, element.explicit()), (Class::ContextSpecific, Some(explicit)));
            assert_eq!(Some(explicit.inner_der()), element.only().map(|inner| inner.der));
            assert_eq!(short.rest(), any.rest());
        }
        let mut reader = Reader::new(&[0xa1, 3, 2, 1, 7, 9]);
        assert_eq!(reader.short_explicit().and_then(|explicit| explicit.inner.integer()), Some(7));
        assert_eq!(reader.rest(), [9]);
    }

    #[test]
    fn errors_say_where() {
        let mut reader = Reader::new(&[4, 1, 0, 0x30, 5, 1]);
        reader.read().unwrap();
        let error = reader.read().unwrap_err();
        assert_eq!(error.to_string(), "the element announces 5 bytes, 1 are left at DER byte 3");
        assert_eq!(Reader::new(&[0x30]).read().unwrap_err().kind, DerErrorKind::TruncatedHeader);
        assert_eq!(Reader::new(&[0x30, 0x80]).read().unwrap_err().kind, DerErrorKind::InvalidHeader);
    }
}
