//! Envoy: `session_ticket_keys`, exactly 80 bytes each (`source/common/tls/server_context_config_impl.cc`). The first
//! seals.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "envoy",
    about: "Envoy: session_ticket_keys",
    takes: "exactly 80 raw bytes",
    layouts: &[Layout::NAME_HMAC_AES_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::FirstFile,
};
