//! The bytes of a key, before it is set up for use.

use std::fmt;

use zeroize::Zeroizing;

use super::layout::Layout;
use super::scheme::Scheme;

/// When a key is used, as far as its file says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validity {
    /// First second, since 1970.
    pub not_before: Option<i64>,
    /// Last second, since 1970.
    pub not_after: Option<i64>,
}

impl Validity {
    /// Whether `now` is inside.
    #[must_use]
    pub fn contains(&self, now: i64) -> bool {
        self.not_before.is_none_or(|first| first <= now) && self.not_after.is_none_or(|last| now <= last)
    }
}

/// One key of a file, before it is set up for use.
#[derive(Clone)]
pub struct KeyBytes {
    /// n-th key of the file, from 0; several readings of the same bytes share it.
    pub index: usize,
    /// Name and secrets, in the order of `layout`; wiped on drop.
    pub bytes: Zeroizing<Vec<u8>>,
    /// How they are divided.
    pub layout: Layout,
    /// What the server makes of them.
    pub scheme: Scheme,
    /// When the key is used.
    pub validity: Validity,
    /// What the bytes were derived from, if the file holds something else; wiped on drop.
    pub seed: Option<Zeroizing<Vec<u8>>>,
    /// Whether what stands in the place of a name may be part of a secret: the file can be cut into keys in another way.
    pub name_is_doubtful: bool,
}

impl fmt::Debug for KeyBytes {
    /// What kind of key it is; nothing of its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBytes({}, {:?})", self.layout, self.scheme)
    }
}

impl KeyBytes {
    /// A key of the most common scheme, OpenSSL's.
    #[must_use]
    pub fn new(index: usize, bytes: &[u8], layout: Layout) -> Self {
        Self {
            index,
            bytes: Zeroizing::new(bytes.to_vec()),
            layout,
            scheme: Scheme::OPENSSL,
            validity: Validity::default(),
            seed: None,
            name_is_doubtful: false,
        }
    }

    /// This key in another scheme.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }
}
