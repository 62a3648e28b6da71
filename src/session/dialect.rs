//! The dialects, and which of them a plaintext is in.
//!
//! A new dialect is one new file beside the others, one variant of [`Dialect`] and one line in [`PARSERS`]. A parser
//! takes a plaintext only if all of it is one session of its dialect, so that the order matters little.

use super::{Session, SessionError, gnutls, go, picotls, rfc5077, rustls};

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
            Self::Rfc5077 => "rfc5077",
        }
    }

    /// Whether the encoding is an `SSL_SESSION` in ASN.1, which OpenSSL's own tools read.
    #[must_use]
    pub fn is_ssl_session(self) -> bool {
        matches!(self, Self::OpenSsl | Self::BoringSsl)
    }
}

/// Reads a plaintext. `None`: it is not in this dialect. An error: it is, beyond doubt, and is damaged.
type Parser = for<'a> fn(&'a [u8]) -> Option<Result<Session<'a>, SessionError>>;

/// Those with a mark that cannot be mistaken go first.
static PARSERS: &[Parser] = &[picotls::parse, gnutls::parse, go::parse, rustls::parse, rfc5077::parse];

/// Reads a session that is not in ASN.1.
// apart, so that it does not weigh on those that are
#[inline(never)]
pub(super) fn parse(plaintext: &[u8]) -> Result<Session<'_>, SessionError> {
    PARSERS.iter().find_map(|parse| parse(plaintext)).unwrap_or(Err(SessionError::Unrecognised))
}
