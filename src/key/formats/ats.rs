//! Apache Traffic Server: `proxy.config.ssl.server.ticket_key.filename`, blocks of 48 bytes, a remainder ignored
//! (`ticket_block_create` in `src/iocore/net/SSLUtils.cc`). The first block seals.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "ats",
    about: "Apache Traffic Server: ticket_key.filename",
    takes: "blocks of 48 raw bytes",
    layouts: &[Layout::NAME_HMAC_AES_48],
    scheme: Scheme::OPENSSL,
    extent: Extent::Many,
    seals: Seals::FirstKey,
};
