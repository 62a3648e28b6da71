//! Apache httpd: `SSLSessionTicketKeyFile`, of which the first 48 bytes are read and the rest is ignored
//! (`ssl_init_ticket_key` in `modules/ssl/ssl_engine_init.c`). A virtual host has one key.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "apache",
    about: "Apache httpd: SSLSessionTicketKeyFile",
    takes: "48 raw bytes (more are ignored)",
    layouts: &[Layout::NAME_HMAC_AES_48],
    scheme: Scheme::OPENSSL,
    extent: Extent::FirstOfLonger,
    seals: Seals::OnlyKey,
};
