//! dnsdist: `ticketKeyFile` of `addTLSLocal` and `addDOHLocal`, blocks of 80 bytes
//! (`OpenSSLTLSTicketKeysRing` in `libssl.cc`). Each block loaded becomes the sealing one, so the last one seals.

use super::Layout;
use super::raw::{Extent, RawFormat, Seals};

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "dnsdist",
    about: "dnsdist: ticketKeyFile",
    takes: "blocks of 80 raw bytes",
    layouts: &[Layout::NAME_AES_HMAC_80],
    extent: Extent::Many,
    seals: Seals::LastKey,
};
