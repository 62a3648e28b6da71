//! Node.js `ticketKeys` and Netty's `OpenSslSessionTicketKey`: 48 bytes, AES-128-CBC on every OpenSSL
//! (`src/crypto/crypto_context.cc`).

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "node",
    about: "Node.js ticketKeys, Netty OpenSslSessionTicketKey",
    takes: "exactly 48 raw bytes",
    layouts: &[Layout::NAME_HMAC_AES_48],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::OnlyKey,
};
