//! The blob of `SSL_CTX_set_tlsext_ticket_keys`: 48 bytes in OpenSSL ≤ 1.0.2, `LibreSSL` and `BoringSSL`, 80 bytes from
//! OpenSSL 1.1.0 on (`SSL_CTRL_SET_TLSEXT_TICKET_KEYS` in `ssl/s3_lib.c`).

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "openssl",
    about: "OpenSSL, LibreSSL, BoringSSL: SSL_CTX_set_tlsext_ticket_keys",
    takes: "exactly 48 or 80 raw bytes",
    layouts: &[Layout::NAME_HMAC_AES_48, Layout::NAME_HMAC_AES_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::OnlyKey,
};
