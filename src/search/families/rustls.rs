//! rustls on ring: ChaCha20-Poly1305 under a key of 32 bytes, since 0.23.11 behind a key name that the tag covers
//! (`rustls/src/crypto/ring/ticketer.rs`).

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use zeroize::Zeroizing;

use crate::search::lock::{BareKey, Clues, Cost, FoundKey, Lock, WholeLock};
use crate::session::Session;

/// Bytes of the key.
const KEY: usize = 32;
const NAME: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
/// Bytes of the shortest session: two flags, version, suite, a secret of 32 bytes, times.
const SHORTEST: usize = 54;

pub(super) fn locks(ticket: &[u8], _: &Clues) -> Vec<Lock> {
    [NAME, 0].into_iter().filter_map(|name| lock(ticket, name)).map(Lock::Whole).collect()
}

fn lock(ticket: &[u8], name: usize) -> Option<WholeLock> {
    let (name, rest) = ticket.split_at_checked(name)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
    let (sealed, tag) = rest.split_last_chunk::<TAG>()?;
    if sealed.len() < SHORTEST {
        return None;
    }
    let make = if name.is_empty() { make_nameless } else { make_named };
    let (name, nonce, sealed, tag) = (name.to_vec(), *nonce, sealed.to_vec(), *tag);
    let opens = move |key: &[u8]| {
        let Ok(cipher) = ChaCha20Poly1305::new_from_slice(key) else { return false };
        let mut opened = Zeroizing::new(sealed.clone());
        let right = cipher.decrypt_inout_detached(&nonce.into(), &name, opened.as_mut_slice().into(), &tag.into());
        right.is_ok() && Session::parse(&opened).is_ok()
    };
    Some(WholeLock { length: KEY, step: 1, cost: Cost::Low, opens: Box::new(opens), make })
}

fn make_named(key: &[u8]) -> FoundKey {
    make(key, true)
}

fn make_nameless(key: &[u8]) -> FoundKey {
    make(key, false)
}

fn make(key: &[u8], has_name: bool) -> FoundKey {
    FoundKey::Bare(BareKey {
        has_name,
        family: "rustls",
        layout: "key32",
        cipher: "ChaCha20-Poly1305",
        bytes: Zeroizing::new(key.to_vec()),
    })
}
