//! The key files of servers: one file a server, all registered in [`FORMATS`].
//!
//! A new format is one new file in this folder and one line in [`FORMATS`]. Everything else (the command's option,
//! recognition, roles, the names in records) follows from the table.

mod apache;
mod ats;
mod caddy;
mod dnsdist;
mod envoy;
mod gnutls;
mod go;
mod h2o;
mod haproxy;
mod lighttpd;
mod nginx;
mod node;
mod openssl;
mod pem;
pub(super) mod raw;
mod stunnel;
mod unbound;

use super::format::{KeyBytes, KeyFormat};

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
];

/// The key that Go's crypto/tls makes of a seed of 32 bytes.
pub(crate) fn go_key(seed: &[u8]) -> KeyBytes {
    go::key_of(0, seed)
}

/// The format with that option name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn KeyFormat> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}
