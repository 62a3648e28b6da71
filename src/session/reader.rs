//! A cursor over big-endian numbers and vectors with their length in front, as TLS and most dialects write them.

/// The peer's own certificate, and those after it.
pub(super) type Certificates<'a> = (Option<&'a [u8]>, Vec<&'a [u8]>);

/// Reads from the front; every method is `None` where too little is left.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { rest: input, length: input.len() }
    }

    /// How much was read.
    pub(super) fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number that says yes or no.
    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Seconds since 1970.
    pub(super) fn time(&mut self) -> Option<i64> {
        i64::try_from(self.u64()?).ok()
    }

    /// A vector with its length in one octet.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector with its length in two octets.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector with its length in three octets.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A vector with its length in four octets.
    pub(super) fn vector32(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// What is left, if `all` of it can be read.
    pub(super) fn list<T>(input: &'a [u8], mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut reader = Self::new(input);
        let mut items = Vec::new();
        while !reader.is_empty() {
            items.push(item(&mut reader)?);
        }
        Some(items)
    }

    /// Certificates, each with its length in three octets: the peer's own, and those after it.
    pub(super) fn certificates(list: &'a [u8]) -> Option<Certificates<'a>> {
        let mut certificates = Self::list(list, Self::vector24)?;
        let first = (!certificates.is_empty()).then(|| certificates.remove(0));
        Some((first, certificates))
    }
}

/// Whether a name is one that a host can have: what an encoding that is not sure is taken for.
pub(super) fn is_host_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_'))
}
