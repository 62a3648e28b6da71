//! Protocol versions and cipher suites as TLS numbers them.

use super::registry::{self, CipherSuite};

/// TLS 1.3 on the wire.
pub(crate) const TLS_1_3: u16 = 0x0304;

/// A protocol version as TLS sends it, such as 0x0303.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol(pub u16);

impl Protocol {
    /// TLS 1.3.
    pub const TLS_1_3: Self = Self(TLS_1_3);
    /// DTLS 1.3.
    pub const DTLS_1_3: Self = Self(0xfefc);

    /// OpenSSL's name (`ssl_protocol_to_string` in `ssl/ssl_lib.c`; `SSLv2` as OpenSSL ≤ 1.0.2 had it).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0x0304 => "TLSv1.3",
            0x0303 => "TLSv1.2",
            0x0302 => "TLSv1.1",
            0x0301 => "TLSv1",
            0x0300 => "SSLv3",
            0x0002 => "SSLv2",
            0x0100 => "DTLSv0.9",
            0xfeff => "DTLSv1",
            0xfefd => "DTLSv1.2",
            0xfefc => "DTLSv1.3",
            _ => "unknown",
        }
    }

    /// Whether the session holds a resumption PSK instead of a master secret.
    #[must_use]
    pub fn has_psk(self) -> bool {
        matches!(self, Self::TLS_1_3 | Self::DTLS_1_3)
    }
}

/// The cipher suite of a session: 2 bytes, or 3 with SSL 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher<'a>(pub &'a [u8]);

impl Cipher<'_> {
    /// The registry's entry, where there is one.
    #[must_use]
    pub fn suite(&self) -> Option<&'static CipherSuite> {
        let id = self.0.try_into().ok()?;
        registry::cipher_suite(u16::from_be_bytes(id))
    }

    /// OpenSSL's name, where OpenSSL has one.
    #[must_use]
    pub fn openssl_name(&self) -> Option<&'static str> {
        match self.0 {
            &[a, b, c] => registry::sslv2_cipher(u32::from_be_bytes([0, a, b, c])),
            _ => self.suite()?.openssl,
        }
    }
}
