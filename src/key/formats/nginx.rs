//! nginx and its forks (Angie, `OpenResty`, Tengine): `ssl_session_ticket_key`, one key a file, 48 bytes (since 1.5.7)
//! or 80 (since 1.11.8). The order of the secrets differs between the two sizes
//! (`ngx_ssl_session_ticket_keys` in `src/event/ngx_event_openssl.c`). The first file seals.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "nginx",
    about: "nginx, Angie, OpenResty, Tengine: ssl_session_ticket_key",
    takes: "exactly 48 or 80 raw bytes",
    layouts: &[Layout::NAME_AES_HMAC_48, Layout::NAME_HMAC_AES_80],
    scheme: Scheme::OPENSSL,
    extent: Extent::One,
    seals: Seals::FirstFile,
};
