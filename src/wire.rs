//! The presentation language of TLS (RFC 8446 section 3), read from the front of a slice.

/// Who sent a record or a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What is left to read; every method is `None` where the bytes do not suffice.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|&[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<u32> {
        self.array().map(|&[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().copied().map(u32::from_be_bytes)
    }

    /// A vector whose length stands in one byte.
    pub(crate) fn vec8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector whose length stands in two bytes.
    pub(crate) fn vec16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector whose length stands in three bytes.
    pub(crate) fn vec24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length.try_into().ok()?)
    }

    pub(crate) fn is_empty(&self) -> bool {
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
