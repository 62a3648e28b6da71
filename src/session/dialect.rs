//! What a dialect is: whose encoding a session has.

/// Whose encoding a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenSSL's ASN.1 (`ssl/ssl_asn1.c`), shared by quictls and `LibreSSL`.
    OpenSsl,
    /// `BoringSSL`'s ASN.1 (`ssl/ssl_asn1.cc`), shared by AWS-LC: tags from 13 on differ.
    BoringSsl,
    /// Go's crypto/tls (`ticket.go`), before and from 1.21.
    Go,
    /// `GnuTLS`'s packed sessions (`lib/session_pack.c`, `lib/tls13/session_ticket.c`).
    GnuTls,
    /// picotls (`lib/picotls.c`), which H2O uses for TLS 1.3.
    Picotls,
    /// rustls (`src/msgs/persist.rs`).
    Rustls,
    /// Mbed TLS (`library/ssl_tls.c`).
    MbedTls,
    /// s2n-tls (`tls/s2n_resume.c`).
    S2n,
    /// wolfSSL's `InternalTicket` (`wolfssl/internal.h`).
    WolfSsl,
    /// Erlang/OTP (`lib/ssl/src/tls_server_session_ticket.erl`).
    Otp,
    /// The `StatePlaintext` of RFC 5077 section 4.
    Rfc5077,
}

impl Dialect {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::BoringSsl => "boringssl",
            Self::Go => "go",
            Self::GnuTls => "gnutls",
            Self::Picotls => "picotls",
            Self::Rustls => "rustls",
            Self::MbedTls => "mbedtls",
            Self::S2n => "s2n",
            Self::WolfSsl => "wolfssl",
            Self::Otp => "otp",
            Self::Rfc5077 => "rfc5077",
        }
    }

    /// Whether the encoding is an `SSL_SESSION` in ASN.1, which OpenSSL's own tools read.
    #[must_use]
    pub fn is_ssl_session(self) -> bool {
        matches!(self, Self::OpenSsl | Self::BoringSsl)
    }
}
