//! Mbed TLS: name and key as `mbedtls_ssl_ticket_rotate` takes them (`library/ssl_ticket.c`). Of the name the first 4 bytes
//! count; the length of the key is that of the cipher which the application chose. Without a name, every ticket is tried.
//!
//! The library has two keys, of which one seals; a file does not tell which.

use super::bare::{self, Bare, Library};
use crate::key::format::KeyBytes;
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, Scheme};
use crate::ticket::{Arrangement, Frame};

/// Bytes of a key, by the cipher.
const KEY_LENGTHS: [usize; 3] = [16, 24, 32];

/// What the application may have chosen. Camellia and ARIA, which hardly any does, are left out.
const SCHEMES: [Scheme; 3] = [AES_GCM, AES_CCM, CHACHA20_POLY1305];

/// Tickets sealed with that algorithm.
const fn scheme(algorithm: Algorithm) -> Scheme {
    bare::sealed(algorithm, &[Arrangement::Aead(Frame::MBEDTLS)], 50)
}

/// AES-GCM, which lighttpd's `mod_mbedtls` uses (`src/mod_mbedtls.c`).
pub(super) const AES_GCM: Scheme = scheme(Algorithm::AesGcm);
/// AES-CCM.
pub(super) const AES_CCM: Scheme = scheme(Algorithm::AesCcm);
/// ChaCha20-Poly1305, from 3.2 on.
pub(super) const CHACHA20_POLY1305: Scheme = scheme(Algorithm::ChaCha20Poly1305);

pub(super) static FORMAT: Library = Library {
    name: "mbedtls",
    about: "Mbed TLS: mbedtls_ssl_ticket_rotate",
    takes: "keys of 20, 28 or 36 bytes (name of 4, key of 16, 24 or 32), or one key of 16, 24 or 32 bytes without a name; \
     raw, hex or base64",
    keys,
};

fn keys(bytes: &[u8]) -> Bare {
    let named = KEY_LENGTHS.map(|key| Layout { order: Order::ShortNameKey, aes: key, hmac: 0 });
    let nameless = KEY_LENGTHS.map(|key| Layout { order: Order::Key, aes: key, hmac: 0 });
    let alone = nameless.into_iter().filter(|layout| layout.size() == bytes.len());
    // the longest that divides the file: 60 bytes are three keys of 20
    let several = named.into_iter().filter(|layout| !bytes.is_empty() && bytes.len() % layout.size() == 0);
    alone.chain(several).flat_map(|layout| of_layout(bytes, layout)).collect()
}

fn of_layout(bytes: &[u8], layout: Layout) -> impl Iterator<Item = KeyBytes> + '_ {
    bytes.chunks_exact(layout.size()).enumerate().flat_map(move |(index, key)| {
        // other algorithms have no key of that length
        let fits = move |scheme: &Scheme| *scheme != CHACHA20_POLY1305 || layout.aes == 32;
        let schemes = SCHEMES.into_iter().filter(fits);
        schemes.map(move |scheme| KeyBytes::new(index, key, layout).with_scheme(scheme))
    })
}
