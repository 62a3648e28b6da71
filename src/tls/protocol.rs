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
    /// DTLS as OpenSSL had it before RFC 4347 (`DTLS1_BAD_VER`), and Cisco's `AnyConnect` has it.
    pub(crate) const DTLS_BAD: u16 = 0x0100;

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
            0x7f00..=0x7f1c => draft(self.0 & 0xff),
            0xfb17..=0xfb1a => ["TLSv1.3 (fizz draft 23)", "TLSv1.3 (fizz draft 24)", "TLSv1.3 (fizz draft 25)"]
                .get(usize::from(self.0 - 0xfb17))
                .copied()
                .unwrap_or("TLSv1.3 (fizz draft 26)"),
            0x7e00..=0x7eff => "TLSv1.3 (experiment)",
            _ => "unknown",
        }
    }

    /// Whether it is TLS 1.3, one of its drafts (0x7f and the number), one of those of fizz (0xfb and the number) or an
    /// experiment of Google's and Facebook's (0x7e).
    #[must_use]
    pub fn is_tls13(self) -> bool {
        self.has_psk() || matches!(self.0, 0x7f00..=0x7f1c | 0xfb17..=0xfb1a | 0x7e00..=0x7eff)
    }

    /// Whether it is a draft of TLS 1.3 whose `ServerHello` has a form of its own: up to 21.
    pub(crate) fn is_early_draft(self) -> bool {
        matches!(self.0, 0x7f00..=0x7f15)
    }

    /// Whether it is known: some sessions do not keep it.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0 != 0
    }

    /// Whether the session holds a resumption PSK instead of a master secret.
    #[must_use]
    pub fn has_psk(self) -> bool {
        matches!(self, Self::TLS_1_3 | Self::DTLS_1_3)
    }
}

/// The name of a draft of TLS 1.3.
fn draft(number: u16) -> &'static str {
    const NAMES: [&str; 29] = [
        "TLSv1.3 (draft 0)",
        "TLSv1.3 (draft 1)",
        "TLSv1.3 (draft 2)",
        "TLSv1.3 (draft 3)",
        "TLSv1.3 (draft 4)",
        "TLSv1.3 (draft 5)",
        "TLSv1.3 (draft 6)",
        "TLSv1.3 (draft 7)",
        "TLSv1.3 (draft 8)",
        "TLSv1.3 (draft 9)",
        "TLSv1.3 (draft 10)",
        "TLSv1.3 (draft 11)",
        "TLSv1.3 (draft 12)",
        "TLSv1.3 (draft 13)",
        "TLSv1.3 (draft 14)",
        "TLSv1.3 (draft 15)",
        "TLSv1.3 (draft 16)",
        "TLSv1.3 (draft 17)",
        "TLSv1.3 (draft 18)",
        "TLSv1.3 (draft 19)",
        "TLSv1.3 (draft 20)",
        "TLSv1.3 (draft 21)",
        "TLSv1.3 (draft 22)",
        "TLSv1.3 (draft 23)",
        "TLSv1.3 (draft 24)",
        "TLSv1.3 (draft 25)",
        "TLSv1.3 (draft 26)",
        "TLSv1.3 (draft 27)",
        "TLSv1.3 (draft 28)",
    ];
    NAMES.get(usize::from(number)).copied().unwrap_or("TLSv1.3 (draft)")
}

/// The cipher suite of a session: 2 bytes, or 3 with SSL 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher<'a>(pub &'a [u8]);

impl Cipher<'_> {
    /// The registry's entry, if there is one.
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
