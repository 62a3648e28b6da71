//! The name of a key, which its tickets begin with.

use std::fmt;
use std::hash::{Hash, Hasher};

/// Length of a key name in bytes (`TLSEXT_KEYNAME_LENGTH` in OpenSSL's `ssl/ssl_local.h`).
pub const NAME_LENGTH: usize = 16;

/// The public name of a key, which stands at the beginning of the tickets it seals: 16 bytes (RFC 9846, RFC 5077
/// section 4), in some
/// families 4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// The name, then zeros.
    bytes: [u8; NAME_LENGTH],
    length: u8,
}

/// Length in bytes of the names of Mbed TLS, Botan and JSSE.
const SHORT_NAME_LENGTH: u8 = 4;

impl KeyName {
    /// A name of 16 bytes.
    #[must_use]
    #[inline]
    pub const fn new(bytes: [u8; NAME_LENGTH]) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "16")]
        let length = NAME_LENGTH as u8;
        Self { bytes, length }
    }

    /// The name of 16 or of 4 bytes that stands here; `None` if it has another length.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let long = || bytes.try_into().ok().map(<[u8; NAME_LENGTH]>::into);
        long().or_else(|| bytes.try_into().ok().map(<[u8; 4]>::into))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or(&self.bytes)
    }

    /// Whether both begin with the same four bytes: the rest is then a salt (wangle and fizz seal so).
    pub(crate) fn shares_prefix(&self, other: &Self) -> bool {
        let [one, other] = [self, other].map(|name| name.as_bytes().first_chunk::<{ SHORT_NAME_LENGTH as usize }>());
        one == other
    }

    /// Whether the name is all zero bytes: a slot that was never initialised, or an all-zero key file
    /// (CVE-2020-13777).
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.bytes == [0; NAME_LENGTH]
    }
}

impl From<[u8; NAME_LENGTH]> for KeyName {
    #[inline]
    fn from(bytes: [u8; NAME_LENGTH]) -> Self {
        Self::new(bytes)
    }
}

impl From<[u8; 4]> for KeyName {
    fn from(name: [u8; 4]) -> Self {
        let mut bytes = [0; NAME_LENGTH];
        bytes.iter_mut().zip(name).for_each(|(to, from)| *to = from);
        Self { bytes, length: SHORT_NAME_LENGTH }
    }
}

// the length hardly ever tells names apart
impl Hash for KeyName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::display(self.as_bytes()))
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({self})")
    }
}
