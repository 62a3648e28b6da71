//! OpenSSL's own members: tags 13 to 20 of `ssl/ssl_asn1.c`, 1.1.0 to 4.x.

use crate::session::Session;
use crate::session::der::Explicit;
use crate::session::shared::set;

/// `SSL_SESS_FLAG_EXTMS`.
pub(in crate::session) const FLAG_EXTENDED_MASTER_SECRET: i64 = 1;

/// Takes a member. False: not understood.
#[allow(
    clippy::inline_always,
    reason = "its one caller is in the loop over members: the compiler then sees all tags in one match"
)]
#[inline(always)]
pub(in crate::session) fn member<'a>(session: &mut Session<'a>, explicit: Explicit<'a>) -> bool {
    let Explicit { tag, inner, .. } = explicit;
    let unsigned = || inner.integer().and_then(|number| u32::try_from(number).ok());
    match tag {
        13 => set(&mut session.flags, inner.integer()),
        14 => set(&mut session.ticket_age_add, unsigned()),
        15 => set(&mut session.max_early_data, unsigned().map(i64::from)),
        16 => set(&mut session.alpn, inner.bytes()),
        17 => set(&mut session.max_fragment_length_mode, inner.integer()),
        18 => set(&mut session.ticket_appdata, inner.bytes()),
        19 => set(&mut session.kex_group, inner.integer()),
        20 => set(&mut session.peer_raw_public_key, inner.bytes()),
        _ => false,
    }
}
