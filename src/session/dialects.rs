//! The dialects, one file each, and which of them a plaintext is in.
//!
//! A new dialect is one new file in this folder, one variant of [`Dialect`](super::Dialect), its library in `producer.rs`
//! and one line in [`PARSERS`]; those in ASN.1 share `asn1.rs` instead. A parser takes a plaintext only if all of it is one session of its dialect, so that the order matters
//! little.

pub(super) mod asn1;
mod boringssl;
mod gnutls;
mod go;
mod mbedtls;
mod openssl;
mod otp;
mod picotls;
mod rfc5077;
mod rustls;
mod s2n;
mod wolfssl;

use super::{Session, SessionError};

/// Reads a plaintext. `None`: it is not in this dialect. An error: it is, beyond doubt, and is damaged.
type Parser = for<'a> fn(&'a [u8]) -> Option<Result<Session<'a>, SessionError>>;

/// Those with a mark that cannot be mistaken go first.
static PARSERS: &[Parser] = &[
    picotls::parse,
    gnutls::parse,
    go::parse,
    rustls::parse,
    s2n::parse,
    mbedtls::parse,
    otp::parse,
    rfc5077::parse,
    wolfssl::parse,
];

/// Reads a session that is not in ASN.1.
// apart, so that it does not weigh on those that are
#[inline(never)]
pub(super) fn parse(plaintext: &[u8]) -> Result<Session<'_>, SessionError> {
    PARSERS.iter().find_map(|parse| parse(plaintext)).unwrap_or(Err(SessionError::Unrecognised))
}
