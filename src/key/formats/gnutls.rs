//! `GnuTLS`: the 64 bytes of `gnutls_session_ticket_enable_server`: key name, AES key, MAC key (`lib/stek.c`). Up to
//! 3.6.3 they are the ticket key; from 3.6.4 on they are a master key, from which one is derived for each slot of time.
//! Both are tried.

use super::raw::{Extent, RawFormat, Seals};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;

pub(super) static FORMAT: RawFormat = RawFormat {
    name: "gnutls",
    about: "GnuTLS: gnutls_session_ticket_enable_server",
    takes: "exactly 64 raw bytes",
    layouts: &[Layout::GNUTLS],
    scheme: Scheme::GNUTLS,
    extent: Extent::One,
    seals: Seals::OnlyKey,
};
