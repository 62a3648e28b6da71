//! The members of `BoringSSL` and AWS-LC: tags 13 to 33 of `ssl/ssl_asn1.cc`.

use crate::session::Session;
use crate::session::der::{Explicit, Inner};
use crate::session::shared::set;

/// Takes a member. False: not understood.
#[allow(
    clippy::inline_always,
    reason = "its one caller is in the loop over members: the compiler then sees all tags in one match"
)]
#[inline(always)]
pub(in crate::session) fn member<'a>(session: &mut Session<'a>, explicit: Explicit<'a>) -> bool {
    let Explicit { tag, inner, .. } = explicit;
    let own = session.boringssl.get_or_insert_default();
    match tag {
        13 => set(&mut own.peer_sha256, inner.bytes()),
        14 => set(&mut own.original_handshake_hash, inner.bytes()),
        15 => set(&mut own.signed_certificate_timestamps, inner.bytes()),
        16 => set(&mut own.ocsp_response, inner.bytes()),
        17 => set(&mut session.extended_master_secret, inner.boolean()),
        18 => set(&mut session.kex_group, inner.integer()),
        // certificates stand directly under the tag: here there is one
        19 => set(&mut own.certificate_chain, Some(explicit.inner_der())),
        21 => set(&mut session.ticket_age_add, age_add(inner)),
        22 => set(&mut own.is_server, inner.boolean()),
        23 => set(&mut own.peer_signature_algorithm, inner.integer()),
        24 => set(&mut session.max_early_data, inner.integer()),
        25 => set(&mut own.auth_timeout, inner.integer()),
        26 => set(&mut session.alpn, inner.bytes()),
        27 => set(&mut own.is_quic, inner.boolean()),
        28 => set(&mut own.quic_early_data_context, inner.bytes()),
        29 => set(&mut own.local_application_settings, inner.bytes()),
        30 => set(&mut own.peer_application_settings, inner.bytes()),
        31 => set(&mut own.resumable_across_names, inner.boolean()),
        32 => set(&mut own.peer_certificate_type, inner.integer()),
        // a `SubjectPublicKeyInfo`, bare or inside an OCTET STRING
        33 => set(&mut session.peer_raw_public_key, inner.bytes().or_else(|| explicit.sequence())),
        _ => false,
    }
}

/// Four bytes, big-endian.
fn age_add(inner: Inner<'_>) -> Option<u32> {
    inner.bytes()?.try_into().ok().map(u32::from_be_bytes)
}
