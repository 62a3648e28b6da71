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
}

/// Order and sizes of the parts of a key, such as `name16 aes16 hmac16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The order of the parts.
    pub order: Order,
    /// Bytes of the AES key: 16, 24 or 32.
    pub aes: usize,
    /// Bytes of the HMAC key.
    pub hmac: usize,
}

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
        let name = match self.order {
            Order::AesHmac => 0,
            Order::NameAesHmac | Order::NameHmacAes => NAME_LENGTH,
        };
        name + self.aes + self.hmac
    }

    /// Divides `bytes`; `None` where the size is another.
    pub(crate) fn divide<'a>(&self, bytes: &'a [u8]) -> Option<Parts<'a>> {
        if bytes.len() != self.size() {
            return None;
        }
        let (name, secrets) = bytes.split_at_checked(self.size() - self.aes - self.hmac)?;
        let name = (!name.is_empty()).then_some(name);
        let (aes, hmac) = match self.order {
            Order::NameAesHmac | Order::AesHmac => secrets.split_at_checked(self.aes)?,
            Order::NameHmacAes => secrets.split_at_checked(self.hmac).map(|(hmac, aes)| (aes, hmac))?,
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
