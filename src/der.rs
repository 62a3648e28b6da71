//! DER elements read in place: der-parser's headers over a cursor that knows its offset.
//!
//! Nothing is copied and nothing is allocated: an [`Element`] borrows from the input. Tags above 30 (two-byte
//! identifiers, as `BoringSSL` uses them) are read like any other.

use std::fmt;

use der_parser::asn1_rs::{FromDer, Length};
use der_parser::der::{Class, Header, Tag};

/// What is wrong with an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerErrorKind {
    /// The input ends inside an identifier or length.
    TruncatedHeader,
    /// The length says more than there is.
    TruncatedContent {
        /// Octets the header announces.
        need: usize,
        /// Octets that are left.
        have: usize,
    },
    /// An identifier or length that DER does not allow.
    InvalidHeader,
    /// Another element stands where this one was expected.
    Unexpected {
        /// What should stand there, in words.
        expected: &'static str,
    },
    /// Octets follow where the outermost element ends.
    TrailingData {
        /// How many.
        octets: usize,
    },
}

/// A DER error and the offset of the element it is about, from the start of the outermost input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerError {
    /// What is wrong.
    pub kind: DerErrorKind,
    /// Where: octets from the start of the input.
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
            DerErrorKind::TrailingData { octets } => write!(f, "{octets} bytes follow the end")?,
        }
        write!(f, " at DER byte {}", self.offset)
    }
}

impl std::error::Error for DerError {}

/// One element: identifier, content and the whole encoding, borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Class of the tag.
    pub class: Class,
    /// Whether other elements are inside.
    pub constructed: bool,
    /// Tag number.
    pub tag: u32,
    /// The content octets.
    pub content: &'a [u8],
    /// Identifier, length and content.
    pub der: &'a [u8],
    /// Where the element starts in the outermost input.
    pub offset: usize,
}

impl<'a> Element<'a> {
    /// Whether this is the universal element `tag`.
    #[must_use]
    pub fn is(&self, tag: Tag) -> bool {
        self.class == Class::Universal && self.tag == tag.0
    }

    /// A reader over the elements inside.
    #[must_use]
    pub fn reader(&self) -> Reader<'a> {
        Reader { rest: self.content, end: self.offset + self.der.len() }
    }

    /// The one element inside, where there is no more than one.
    #[must_use]
    #[inline]
    pub fn only(&self) -> Option<Element<'a>> {
        let mut reader = self.reader();
        let inner = reader.read().ok()?;
        (self.constructed && reader.is_empty()).then_some(inner)
    }

    /// The value of an INTEGER that fits an `i64`.
    #[must_use]
    #[inline]
    pub fn integer(&self) -> Option<i64> {
        if !self.is(Tag::Integer) {
            return None;
        }
        let (&first, rest) = self.content.split_first()?;
        if rest.len() >= 8 {
            return None;
        }
        // the first octet carries the sign
        let start = i64::from(first.cast_signed());
        Some(rest.iter().fold(start, |value, &octet| value << 8 | i64::from(octet)))
    }

    /// The content of an OCTET STRING.
    #[must_use]
    pub fn octets(&self) -> Option<&'a [u8]> {
        self.is(Tag::OctetString).then_some(self.content)
    }

    /// The value of a BOOLEAN; any octet but zero is true.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self.content {
            [octet] if self.is(Tag::Boolean) => Some(*octet != 0),
            _ => None,
        }
    }
}

/// Identifier and length.
struct Head {
    class: Class,
    constructed: bool,
    tag: u32,
    /// Octets of both.
    octets: usize,
    /// Octets of the content.
    length: usize,
}

/// Whether the tag stands in the identifier's first octet.
#[inline]
fn has_small_tag(identifier: u8) -> bool {
    identifier & 0x1f != 0x1f
}

impl Head {
    /// One whose tag stands in the first octet.
    #[inline]
    fn new(identifier: u8, octets: usize, length: usize) -> Self {
        let class = match identifier >> 6 {
            0 => Class::Universal,
            1 => Class::Application,
            2 => Class::ContextSpecific,
            _ => Class::Private,
        };
        Self { class, constructed: identifier & 0x20 != 0, tag: u32::from(identifier & 0x1f), octets, length }
    }
}

/// A cursor over consecutive elements.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Where the input ends in the outermost one.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first octet of `input`.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        Self { rest: input, end: input.len() }
    }

    /// Whether all is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads the next element.
    // inlined, so that what nobody looks at is not worked out
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn read(&mut self) -> Result<Element<'a>, DerError> {
        let head = match *self.rest {
            // the tag in one octet and the length in up to three, as nearly all elements have them
            [identifier, length @ ..=0x7f, ..] if has_small_tag(identifier) => Head::new(identifier, 2, length.into()),
            [identifier, 0x81, length, ..] if has_small_tag(identifier) => Head::new(identifier, 3, length.into()),
            [identifier, 0x82, high, low, ..] if has_small_tag(identifier) => {
                Head::new(identifier, 4, u16::from_be_bytes([high, low]).into())
            }
            _ => self.long_head()?,
        };
        let Head { class, constructed, tag, octets, length } = head;
        let parts = self.rest.split_at_checked(octets + length);
        let Some((der, rest)) = parts else { return Err(self.truncated(octets, length)) };
        let content = der.get(octets..).unwrap_or_default();
        let element = Element { class, constructed, tag, content, der, offset: self.offset() };
        self.rest = rest;
        Ok(element)
    }

    /// Any identifier and length, however many octets they take.
    #[cold]
    fn long_head(&self) -> Result<Head, DerError> {
        let (after, header) = Header::from_der(self.rest).map_err(|error| {
            self.fail(match error {
                der_parser::nom::Err::Incomplete(_) => DerErrorKind::TruncatedHeader,
                _ => DerErrorKind::InvalidHeader,
            })
        })?;
        let octets = self.rest.len() - after.len();
        match header.length() {
            Length::Definite(length) if length <= after.len() => Ok(Head {
                class: header.class(),
                constructed: header.constructed(),
                tag: header.tag().0,
                octets,
                length,
            }),
            Length::Definite(length) => Err(self.truncated(octets, length)),
            Length::Indefinite => Err(self.fail(DerErrorKind::InvalidHeader)),
        }
    }

    #[cold]
    fn truncated(&self, head: usize, need: usize) -> DerError {
        self.fail(DerErrorKind::TruncatedContent { need, have: self.rest.len() - head })
    }

    #[cold]
    fn fail(&self, kind: DerErrorKind) -> DerError {
        DerError { kind, offset: self.offset() }
    }

    /// Where the next element starts in the outermost input.
    fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// Reads the next element, which must be the universal `tag`.
    #[inline]
    pub fn expect(&mut self, tag: Tag, expected: &'static str) -> Result<Element<'a>, DerError> {
        let element = self.read()?;
        if element.is(tag) {
            Ok(element)
        } else {
            Err(DerError { kind: DerErrorKind::Unexpected { expected }, offset: element.offset })
        }
    }

    /// Ends the reading: nothing may be left.
    pub fn finish(&self) -> Result<(), DerError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.fail(DerErrorKind::TrailingData { octets: self.rest.len() }))
    }

    /// The octets not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_their_sign() {
        for (der, value) in [
            (&[2, 1, 0][..], Some(0)),
            (&[2, 1, 0xff], Some(-1)),
            (&[2, 5, 0, 0xff, 0xff, 0xff, 0xff], Some(0xffff_ffff)),
            (&[2, 8, 0x7f, 255, 255, 255, 255, 255, 255, 255], Some(i64::MAX)),
            (&[2, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None),
            (&[2, 0], None),
            (&[4, 1, 0], None),
        ] {
            assert_eq!(Reader::new(der).read().unwrap().integer(), value, "{der:02x?}");
        }
    }

    #[test]
    fn high_tags_have_two_byte_identifiers() {
        let element = Reader::new(&[0xbf, 0x1f, 3, 1, 1, 0xff]).read().unwrap();
        assert_eq!((element.class, element.tag), (Class::ContextSpecific, 31));
        assert_eq!(element.reader().read().unwrap().boolean(), Some(true));
    }

    #[test]
    fn headers_are_those_of_der_parser() {
        let mut input = [1; 400];
        for (identifier, length) in (0..=255).flat_map(|identifier| (0..=255).map(move |length| (identifier, length))) {
            input[..2].copy_from_slice(&[identifier, length]);
            let (theirs, ours) = (Header::from_der(&input), Reader::new(&input).read());
            let Ok((after, header)) = theirs else {
                assert_eq!(ours.unwrap_err().kind, DerErrorKind::InvalidHeader, "{:02x?}", &input[..2]);
                continue;
            };
            let need = header.length().definite().unwrap();
            match ours {
                Ok(ours) => {
                    let class = (ours.class, ours.constructed, ours.tag);
                    assert_eq!(class, (header.class(), header.constructed(), header.tag().0));
                    assert_eq!(ours.content, &after[..need]);
                    assert_eq!(ours.der, &input[..input.len() - after.len() + need]);
                }
                Err(error) => {
                    assert_eq!(error.kind, DerErrorKind::TruncatedContent { need, have: after.len() });
                    assert!(need > after.len());
                }
            }
        }
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
