//! The key files of servers: one file a server, all registered in [`FORMATS`].
//!
//! A new format is one new file in this folder and one line in [`FORMATS`]. Everything else (the command's option,
//! recognition, roles, the names in records) follows from the table; the help in `tests/cmd/refusals.trycmd` names it.

mod apache;
mod ats;
mod bare;
mod caddy;
mod dnsdist;
mod envoy;
mod gnutls;
mod go;
mod h2o;
mod haproxy;
mod knot;
mod lighttpd;
mod mbedtls;
mod nginx;
mod node;
mod openssl;
mod otp;
mod pem;
pub(super) mod raw;
mod rustls;
mod s2n;
mod stunnel;
mod unbound;
mod wolfssl;

pub(super) use self::bare::MAX_LENGTH as MAX_BARE_LENGTH;
use super::format::KeyFormat;
use super::scheme::Scheme;

/// Every format, in the order in which records name those that share a layout.
pub static FORMATS: &[&dyn KeyFormat] = &[
    &nginx::FORMAT,
    &apache::FORMAT,
    &haproxy::Haproxy,
    &ats::FORMAT,
    &envoy::FORMAT,
    &lighttpd::Lighttpd,
    &h2o::H2o,
    &stunnel::Stunnel,
    &unbound::FORMAT,
    &dnsdist::FORMAT,
    &node::FORMAT,
    &openssl::FORMAT,
    &pem::Pem,
    &go::Go,
    &caddy::Caddy,
    &gnutls::FORMAT,
    &mbedtls::FORMAT,
    &s2n::S2n,
    &wolfssl::FORMAT,
    &knot::Knot,
    &rustls::FORMAT,
    &otp::Otp,
];

/// What can be tried on a ticket with nothing but the bytes of an AEAD's key, by the name of the format: what a search
/// goes by. The keys of s2n-tls and Erlang/OTP have a second secret.
pub static BARE_SCHEMES: &[(&str, Scheme)] = &[
    ("mbedtls", mbedtls::AES_GCM),
    ("mbedtls", mbedtls::AES_CCM),
    ("mbedtls", mbedtls::CHACHA20_POLY1305),
    ("s2n", s2n::SCHEME),
    ("wolfssl", wolfssl::CHACHA20_POLY1305),
    ("wolfssl", wolfssl::AES_GCM),
    ("rustls", rustls::SINCE_0_23_11),
    ("rustls", rustls::UNTIL_0_23_10),
    ("otp", otp::SCHEME),
];

/// The n-th key of a list, which Go's crypto/tls makes of a seed of 32 bytes.
pub(crate) fn go_key(index: usize, seed: &[u8]) -> super::format::KeyBytes {
    go::key_of(index, seed)
}

/// The format with that option name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn KeyFormat> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Whether some server takes these bytes for one key or more.
pub(super) fn is_raw_key(bytes: &[u8]) -> bool {
    FORMATS.iter().any(|format| !format.is_bare() && !format.is_text() && format.claims(bytes))
}
