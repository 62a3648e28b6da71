//! unbound: `tls-session-ticket-keys`, exactly 80 bytes each (`listen_sslctx_setup_ticket_keys` in `util/net_help.c`).
//! The first file seals.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "unbound",
    about: "unbound: tls-session-ticket-keys",
    takes: "exactly 80 raw bytes",
    layouts: &[Layout::NAME_AES_HMAC_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::FirstFile,
};
