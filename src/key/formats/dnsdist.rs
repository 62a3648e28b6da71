//! dnsdist: `ticketKeyFile` of `addTLSLocal` and `addDOHLocal`, blocks of 80 bytes
//! (`OpenSSLTLSTicketKeysRing` in `libssl.cc`). Each block loaded becomes the sealing one, so the last one seals.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "dnsdist",
    about: "dnsdist: ticketKeyFile",
    takes: "blocks of 80 raw bytes",
    layouts: &[Layout::NAME_AES_HMAC_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::Many,
    seals: Seals::LastKey,
};
