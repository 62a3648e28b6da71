//! One reader of big-endian numbers and of vectors behind their length: the presentation language of TLS (RFC 9846,
//! RFC 8446 section 3), and of most session dialects and packet headers.

/// Who sent a record or a datagram.
#[cfg_attr(not(feature = "audit"), expect(unreachable_pub, reason = "the tape of a probe has it in its interface"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Reads fields off the front of a slice. A method returns `None` if too few bytes are left, and then takes nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes, in place.
    pub(crate) fn array_ref<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.array_ref().copied()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        self.array().map(|[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A byte that is 0 for no and 1 for yes.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A vector with its length in one byte.
    pub(crate) fn vec8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector with its length in two bytes.
    pub(crate) fn vec16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector with its length in three bytes.
    pub(crate) fn vec24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }

    /// A vector with its length in four bytes.
    pub(crate) fn vec32(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// The items of a list, up to its end; `None` if one of them cannot be read.
    pub(crate) fn list<T>(list: &'a [u8], mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut reader = Self(list);
        let mut items = Vec::new();
        while !reader.is_empty() {
            items.push(item(&mut reader)?);
        }
        Some(items)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_kept_to() {
        let mut reader = Reader(&[1, 0xaa, 0, 1, 0xbb, 0, 0, 1, 0xcc, 1, 2, 3, 4, 5]);
        assert_eq!(reader.vec8(), Some(&[0xaa][..]));
        assert_eq!(reader.vec16(), Some(&[0xbb][..]));
        assert_eq!(reader.vec24(), Some(&[0xcc][..]));
        assert_eq!(reader.u32(), Some(0x0102_0304));
        assert_eq!(reader.vec8(), None);
        assert!(reader.is_empty());
        assert_eq!(Reader(&[0, 2, 1]).vec16(), None);
        assert_eq!(Reader(&[0, 2]).u24(), None);
    }
}
