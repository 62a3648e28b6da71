//! What an element is, and what is made of its content.

use der_parser::der::{Class, Tag};

/// One element: identifier, content and the whole encoding, borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Class of the tag.
    pub class: Class,
    /// Whether other elements are inside.
    pub constructed: bool,
    /// Tag number.
    pub tag: u32,
    /// The content bytes.
    pub content: &'a [u8],
    /// Identifier, length and content.
    pub der: &'a [u8],
    /// Where the element starts in the outermost input.
    pub offset: usize,
}

impl Element<'_> {
    /// Whether this is the universal element `tag`.
    #[must_use]
    pub(crate) fn is(&self, tag: Tag) -> bool {
        self.class == Class::Universal && self.tag == tag.0
    }
}

/// An element with exactly one inside, whatever its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Explicit<'a> {
    /// Tag number.
    pub tag: u32,
    /// What is inside.
    pub inner: Inner<'a>,
    /// The whole of it: identifier, length and content.
    pub der: &'a [u8],
    /// Bytes of identifier and length.
    pub(super) header: usize,
}

impl<'a> Explicit<'a> {
    /// The encoding of what is inside.
    #[must_use]
    pub(crate) fn inner_der(self) -> &'a [u8] {
        self.der.get(self.header..).unwrap_or_default()
    }

    /// The encoding of what is inside, if that is a SEQUENCE.
    #[must_use]
    pub(crate) fn sequence(self) -> Option<&'a [u8]> {
        self.inner.is(Tag::Sequence).then(|| self.inner_der())
    }
}

/// What is inside an explicit tag: an element of which only matters whether it is a certain universal one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inner<'a> {
    /// The tag number of a universal element, else [`NOT_UNIVERSAL`].
    pub(super) tag: u32,
    /// The content bytes.
    pub content: &'a [u8],
}

/// No universal type has this number.
const NOT_UNIVERSAL: u32 = u32::MAX;

impl<'a> From<Element<'a>> for Inner<'a> {
    fn from(Element { class, tag, content, .. }: Element<'a>) -> Self {
        Self { tag: if class == Class::Universal { tag } else { NOT_UNIVERSAL }, content }
    }
}

impl<'a> Inner<'a> {
    /// Whether this is the universal element `tag`.
    #[must_use]
    pub(crate) fn is(self, tag: Tag) -> bool {
        self.tag == tag.0
    }

    /// The value of an INTEGER that fits an `i64`.
    #[must_use]
    #[inline]
    pub(crate) fn integer(self) -> Option<i64> {
        if self.is(Tag::Integer) { integer(self.content) } else { None }
    }

    /// The content of an OCTET STRING.
    #[must_use]
    pub(crate) fn bytes(self) -> Option<&'a [u8]> {
        self.is(Tag::OctetString).then_some(self.content)
    }

    /// The value of a BOOLEAN; any byte but zero is true.
    #[must_use]
    pub(crate) fn boolean(self) -> Option<bool> {
        match self.content {
            [byte] if self.is(Tag::Boolean) => Some(*byte != 0),
            _ => None,
        }
    }
}

/// The value of an INTEGER, from its content, if it fits an `i64`.
#[must_use]
#[inline]
pub(crate) fn integer(content: &[u8]) -> Option<i64> {
    match *content {
        [a] => Some(i64::from(i8::from_be_bytes([a]))),
        [a, b] => Some(i64::from(i16::from_be_bytes([a, b]))),
        [a, b, c, d] => Some(i64::from(i32::from_be_bytes([a, b, c, d]))),
        _ => integer_of_any_length(content),
    }
}

#[cold]
fn integer_of_any_length(content: &[u8]) -> Option<i64> {
    let (&first, rest) = content.split_first()?;
    if rest.len() >= 8 {
        return None;
    }
    // the first byte carries the sign
    let start = i64::from(i8::from_be_bytes([first]));
    Some(rest.iter().fold(start, |value, &byte| value << 8 | i64::from(byte)))
}
