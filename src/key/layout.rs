//! How the bytes of one key are divided among name, cipher key and MAC key.

use std::fmt;

use zeroize::Zeroizing;

use crate::ticket::NAME_LENGTH;

/// The order of the parts. It differs between servers, and nothing in the bytes tells which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Key name, AES key, HMAC key: nginx at 48 bytes, `HAProxy`, unbound, dnsdist.
    NameAesHmac,
    /// Key name, HMAC key, AES key: OpenSSL itself, nginx at 80 bytes, Apache, Envoy, Node.js.
    NameHmacAes,
    /// AES key, HMAC key, and no name: every ticket is tried.
    AesHmac,
    /// Key name, key of an AEAD: rustls on ring, wolfSSL.
    NameKey,
    /// Key name of 4 bytes, key of an AEAD: Mbed TLS.
    ShortNameKey,
    /// The key of an AEAD, and no name.
    Key,
    /// The key of an AEAD, then what its tag covers too: s2n-tls.
    KeyData,
    /// The nonce of all tickets, then half of their keys: Erlang/OTP.
    NonceKey,
    /// A secret of any length, from which keys are derived: Knot Resolver.
    Secret,
}

/// Order and sizes of the parts of a key, such as `name16 aes16 hmac16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The order of the parts.
    pub order: Order,
    /// Bytes of the AES key: 16, 24 or 32; of the key of another cipher, or of the secret.
    pub aes: usize,
    /// Bytes of the HMAC key; without an HMAC, of what the key has beside the cipher's.
    pub hmac: usize,
}

/// Length in bytes of the names of Mbed TLS.
const SHORT_NAME_LENGTH: usize = 4;

/// The parts of one key, borrowed from its bytes.
pub(crate) struct Parts<'a> {
    pub(crate) name: Option<&'a [u8]>,
    pub(crate) aes: &'a [u8],
    pub(crate) hmac: &'a [u8],
}

impl Layout {
    /// 48 bytes of nginx (`ngx_ssl_session_ticket_keys` in `src/event/ngx_event_openssl.c`) and `HAProxy`
    /// (`src/ssl_sock.c`).
    pub const NAME_AES_HMAC_48: Self = Self { order: Order::NameAesHmac, aes: 16, hmac: 16 };
    /// 48 bytes of OpenSSL ≤ 1.0.2 (`ssl/s3_lib.c`), `BoringSSL`, Apache, Traffic Server and Node.js.
    pub const NAME_HMAC_AES_48: Self = Self { order: Order::NameHmacAes, aes: 16, hmac: 16 };
    /// 80 bytes of `HAProxy`, unbound and dnsdist.
    pub const NAME_AES_HMAC_80: Self = Self { order: Order::NameAesHmac, aes: 32, hmac: 32 };
    /// 80 bytes of nginx, OpenSSL ≥ 1.1.0 and Envoy.
    pub const NAME_HMAC_AES_80: Self = Self { order: Order::NameHmacAes, aes: 32, hmac: 32 };

    /// What Go takes from the SHA-512 of a 32-byte key (`ticketKeyFromBytes` in `crypto/tls/common.go`).
    pub const GO: Self = Self { order: Order::NameAesHmac, aes: 16, hmac: 16 };
    /// 64 bytes of `GnuTLS` (`lib/stek.c`).
    pub const GNUTLS: Self = Self { order: Order::NameAesHmac, aes: 32, hmac: 16 };

    /// Every division that 48 or 80 bare bytes can have.
    pub const BARE: [Self; 4] =
        [Self::NAME_AES_HMAC_48, Self::NAME_HMAC_AES_48, Self::NAME_HMAC_AES_80, Self::NAME_AES_HMAC_80];

    /// Bytes of a key in this layout.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.name_length() + self.aes + self.hmac
    }

    const fn name_length(&self) -> usize {
        match self.order {
            Order::AesHmac | Order::Key | Order::KeyData | Order::NonceKey | Order::Secret => 0,
            Order::NameAesHmac | Order::NameHmacAes | Order::NameKey => NAME_LENGTH,
            Order::ShortNameKey => SHORT_NAME_LENGTH,
        }
    }

    /// The secrets of a key, without the name before them.
    #[cfg(feature = "keyfind")]
    pub(crate) fn without_name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.name_length()..).unwrap_or(bytes)
    }

    /// Divides `bytes`; `None` if the size is another.
    pub(crate) fn divide<'a>(&self, bytes: &'a [u8]) -> Option<Parts<'a>> {
        if bytes.len() != self.size() {
            return None;
        }
        let (name, secrets) = bytes.split_at_checked(self.name_length())?;
        let name = (!name.is_empty()).then_some(name);
        let (aes, hmac) = match self.order {
            Order::NameHmacAes | Order::NonceKey => {
                secrets.split_at_checked(self.hmac).map(|(hmac, aes)| (aes, hmac))?
            }
            _ => secrets.split_at_checked(self.aes)?,
        };
        Some(Parts { name, aes, hmac })
    }
}

impl Layout {
    /// Puts parts together; `None` if they have other sizes, or a name is missing.
    pub(crate) fn join(&self, name: &[u8], aes: &[u8], hmac: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let name = if self.size() > self.aes + self.hmac { name } else { &[] };
        let [one, other] = if self.order == Order::NameHmacAes { [hmac, aes] } else { [aes, hmac] };
        let bytes = Zeroizing::new([name, one, other].concat());
        (bytes.len() == self.size() && aes.len() == self.aes).then_some(bytes)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { order, aes, hmac } = self;
        match order {
            Order::NameAesHmac => write!(f, "name{NAME_LENGTH} aes{aes} hmac{hmac}"),
            Order::NameHmacAes => write!(f, "name{NAME_LENGTH} hmac{hmac} aes{aes}"),
            Order::AesHmac => write!(f, "aes{aes} hmac{hmac}"),
            Order::NameKey | Order::ShortNameKey => write!(f, "name{} key{aes}", self.name_length()),
            Order::Key => write!(f, "key{aes}"),
            Order::KeyData => write!(f, "key{aes} data{hmac}"),
            Order::NonceKey => write!(f, "nonce{hmac} key{aes}"),
            Order::Secret => write!(f, "secret{aes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_label() {
        let bytes: Vec<u8> = (0..80).collect();
        let parts = Layout::NAME_HMAC_AES_80.divide(&bytes).unwrap();
        assert_eq!((parts.name, parts.hmac, parts.aes), (Some(&bytes[..16]), &bytes[16..48], &bytes[48..]));
        let parts = Layout::NAME_AES_HMAC_48.divide(&bytes[..48]).unwrap();
        assert_eq!((parts.aes, parts.hmac), (&bytes[16..32], &bytes[32..48]));
        assert!(Layout::NAME_AES_HMAC_48.divide(&bytes).is_none());
        assert_eq!(Layout::NAME_AES_HMAC_48.to_string(), "name16 aes16 hmac16");
        let nameless = Layout { order: Order::AesHmac, aes: 32, hmac: 16 };
        assert!(nameless.divide(&bytes[..48]).unwrap().name.is_none());
    }
}
