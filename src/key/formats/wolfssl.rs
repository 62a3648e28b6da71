//! wolfSSL: the blob of `wolfSSL_CTX_get_tlsext_ticket_keys` (`src/ssl.c`): a name of 16 bytes, two keys, and for each the
//! time it expires at (seconds since 1970, 4 bytes). The last bit of the name says which of the keys sealed a ticket.
//! 88 bytes with keys of 32 bytes, 56 with AES-128, 120 and more in builds that seal with AES-CBC and HMAC. A single key of
//! an own callback, name of 16 and key of 32 bytes, is taken too.
//!
//! What seals through `wolfSSL_CTX_set_tlsext_ticket_key_cb`, as OpenSSL's servers do, has the key file of the server.

use super::bare::{self, Bare, Library};
use crate::key::format::{KeyBytes, Validity};
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, Derivation, Hash, Mode, Protection, Scheme};
use crate::ticket::{Arrangement, Frame, NAME_LENGTH};

/// Bytes of the two times.
const TIMES_LENGTH: usize = 8;
/// Seconds that a key lives (`WOLFSSL_TICKET_KEY_LIFETIME`).
const LIFETIME: i64 = 3600;
/// Bytes of AES and HMAC keys in builds that have both.
const CBC_KEYS: [(usize, Hash); 6] = [
    (16, Hash::Sha256),
    (32, Hash::Sha256),
    (16, Hash::Sha384),
    (32, Hash::Sha384),
    (16, Hash::Sha512),
    (32, Hash::Sha512),
];

/// wolfSSL's own callback: the AEAD is the build's.
const fn sealed(algorithm: Algorithm) -> Scheme {
    bare::sealed(algorithm, &[Arrangement::Aead(Frame::WOLFSSL)], 57)
}

/// ChaCha20-Poly1305.
pub(super) const CHACHA20_POLY1305: Scheme = sealed(Algorithm::ChaCha20Poly1305);
/// AES-GCM.
pub(super) const AES_GCM: Scheme = sealed(Algorithm::AesGcm);

/// `WOLFSSL_TICKET_ENC_CBC_HMAC`: the MAC covers the plaintext, whose last block is filled with zeros.
const fn cbc(hash: Hash) -> Scheme {
    Scheme {
        protection: Protection::Mac { mode: Mode::CbcZeroPadded, hash },
        arrangements: &[Arrangement::PlaintextMac],
        derivation: Derivation::None,
    }
}

/// Nothing tells which of the two keys seals: the first until shortly before it expires, then the second, whose time begins
/// with its first ticket.
pub(super) static FORMAT: Library = Library {
    name: "wolfssl",
    about: "wolfSSL: wolfSSL_CTX_get_tlsext_ticket_keys",
    takes: "56 or 88 bytes (name of 16, two keys, two times of 4), 120 or 152 with CBC and HMAC-SHA256, or 48 bytes (name of \
     16, key of 32); raw, hex or base64",
    keys,
};

fn keys(bytes: &[u8]) -> Bare {
    let key = |length| Layout { order: Order::NameKey, aes: length, hmac: 0 };
    let aead = |length: usize| {
        let schemes: &[Scheme] = if length == 32 { &[CHACHA20_POLY1305, AES_GCM] } else { &[AES_GCM] };
        schemes.iter().map(move |&scheme| (key(length), scheme))
    };
    let mac = CBC_KEYS.into_iter().map(|(aes, hash)| {
        let layout = Layout { order: Order::NameAesHmac, aes, hmac: hash.length() };
        (layout, cbc(hash))
    });
    let kinds: Vec<(Layout, Scheme)> = aead(32).chain(aead(16)).chain(mac).collect();
    if bytes.len() == key(32).size() {
        return aead(32).map(|(layout, scheme)| KeyBytes::new(0, bytes, layout).with_scheme(scheme)).collect();
    }
    kinds.into_iter().filter_map(|(layout, scheme)| pair(bytes, layout, scheme)).flatten().collect()
}

/// The two keys of a blob.
fn pair(blob: &[u8], layout: Layout, scheme: Scheme) -> Option<[KeyBytes; 2]> {
    let (name, rest) = blob.split_first_chunk::<NAME_LENGTH>()?;
    let (secrets, times) = rest.split_at_checked(rest.len().checked_sub(TIMES_LENGTH)?)?;
    let (one, other) = secrets.split_at_checked(layout.size() - NAME_LENGTH)?;
    (one.len() == other.len()).then_some(())?;
    let (first, second) = times.split_first_chunk::<4>()?;
    let expiries = [*first, *second.first_chunk()?].map(u32::from_be_bytes);
    let key = |index: usize, secret: &[u8], expiry: u32| {
        let mut name = *name;
        if let Some(last) = name.last_mut() {
            *last = *last & !1 | u8::from(index == 1);
        }
        let bytes = zeroize::Zeroizing::new([&name[..], secret].concat());
        let not_after = Some(i64::from(expiry)).filter(|&expiry| expiry != 0);
        let validity = Validity { not_before: not_after.map(|expiry| expiry - LIFETIME), not_after };
        KeyBytes { validity, ..KeyBytes::new(index, &bytes, layout).with_scheme(scheme) }
    };
    Some([key(0, one, expiries[0]), key(1, other, expiries[1])])
}
