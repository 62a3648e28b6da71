//! The name of a key, which its tickets begin with.

use std::fmt;

/// Length of a key name in bytes (`TLSEXT_KEYNAME_LENGTH` in OpenSSL's `ssl/ssl_local.h`).
pub const NAME_LENGTH: usize = 16;

/// The public name of a key: the first 16 bytes of the tickets it seals (RFC 5077 section 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(pub [u8; NAME_LENGTH]);

impl KeyName {
    /// Whether the name is 16 zero bytes: a slot that was never initialised, or an all-zero key file
    /// (CVE-2020-13777).
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; NAME_LENGTH]
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({self})")
    }
}
