//! Tickets made here, for tests, benchmarks and comparisons, by code that knows only the crypto crates and what the
//! servers' sources say.
//!
//! [`session`] has the plaintexts, [`tickets`] many of them from one seed, [`capture`] handshakes around tickets, [`fleet`] those of several servers while a key is changed; what
//! follows seals.
// each crate that takes this in uses a part of it, and stops where it cannot go on
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

pub mod capture;
pub mod fleet;
pub mod random;
pub mod session;
pub mod tickets;

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// AES-CBC by the size of the key; PKCS#7 padding.
pub fn cbc(key: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let fill = 16 - plaintext.len() % 16;
    let mut padded = plaintext.to_vec();
    padded.resize(plaintext.len() + fill, u8::try_from(fill).unwrap());
    whole_blocks(key, iv, padded)
}

/// The same, filled with zeros.
pub fn cbc_zeros(key: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let mut padded = plaintext.to_vec();
    padded.resize(plaintext.len().next_multiple_of(16), 0);
    whole_blocks(key, iv, padded)
}

fn whole_blocks(key: &[u8], iv: &[u8; 16], mut blocks: Vec<u8>) -> Vec<u8> {
    let length = blocks.len();
    match key.len() {
        16 => {
            cbc::Encryptor::<Aes128>::new_from_slices(key, iv).unwrap().encrypt_padded::<NoPadding>(&mut blocks, length)
        }
        24 => {
            cbc::Encryptor::<Aes192>::new_from_slices(key, iv).unwrap().encrypt_padded::<NoPadding>(&mut blocks, length)
        }
        _ => {
            cbc::Encryptor::<Aes256>::new_from_slices(key, iv).unwrap().encrypt_padded::<NoPadding>(&mut blocks, length)
        }
    }
    .unwrap();
    blocks
}

pub fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn length(ciphertext: &[u8]) -> [u8; 2] {
    u16::try_from(ciphertext.len()).unwrap().to_be_bytes()
}

/// OpenSSL's way, with any HMAC.
pub fn openssl(name: &[u8], aes: &[u8], mac: impl Fn(&[u8]) -> Vec<u8>, iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let message = [name, iv, &cbc(aes, iv, plaintext)].concat();
    let mac = mac(&message);
    [message, mac].concat()
}

/// RFC 5077 section 4: the length of the ciphertext goes before it.
pub fn sent_length(name: &[u8], aes: &[u8], mac: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let ciphertext = cbc(aes, iv, plaintext);
    let message = [name, iv, &length(&ciphertext), &ciphertext].concat();
    let mac = hmac::<Hmac<Sha256>>(mac, &message);
    [message, mac].concat()
}

/// rustls on aws-lc: the MAC is over the length, which is not sent.
pub fn unsent_length(name: &[u8], aes: &[u8], mac: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let ciphertext = cbc(aes, iv, plaintext);
    let message = [name, iv, &length(&ciphertext), &ciphertext].concat();
    [name, iv, &ciphertext, &hmac::<Hmac<Sha256>>(mac, &message)].concat()
}

/// Go, before and since 1.21, with a key of 32 bytes as it is given to `SetSessionTicketKeys`.
pub fn go(key: &[u8], iv: &[u8; 16], plaintext: &[u8], since_1_21: bool) -> Vec<u8> {
    let derived = Sha512::digest(key);
    let (name, aes, mac) = (&derived[..16], &derived[16..32], &derived[32..48]);
    let mut ciphertext = plaintext.to_vec();
    ctr::Ctr128BE::<Aes128>::new_from_slices(aes, iv).unwrap().apply_keystream(&mut ciphertext);
    let message = if since_1_21 { [iv, &ciphertext[..]].concat() } else { [name, iv, &ciphertext].concat() };
    let mac = hmac::<Hmac<Sha256>>(mac, &message);
    [message, mac].concat()
}

/// `GnuTLS`, with the 64 bytes of a slot.
pub fn gnutls(key: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let ciphertext = cbc_zeros(&key[16..48], iv, plaintext);
    let message = [&key[..16], iv, &length(&ciphertext), &ciphertext].concat();
    let mac = hmac::<Hmac<Sha1>>(&key[48..], &message);
    [message, mac].concat()
}

/// Seals with an AEAD: ciphertext, then the tag of 16 bytes.
fn aead<A: aes_gcm::aead::Aead + KeyInit>(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce = aes_gcm::aead::Nonce::<A>::try_from(nonce).unwrap();
    A::new_from_slice(key).unwrap().encrypt(&nonce, aes_gcm::aead::Payload { msg: plaintext, aad }).unwrap()
}

/// AES-GCM by the size of the key and of the nonce.
pub fn gcm(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    use aes_gcm::aead::consts::{U12, U16};
    match (key.len(), nonce.len()) {
        (16, _) => aead::<aes_gcm::Aes128Gcm>(key, nonce, aad, plaintext),
        (24, _) => aead::<aes_gcm::AesGcm<Aes192, U12>>(key, nonce, aad, plaintext),
        (_, 16) => aead::<aes_gcm::AesGcm<Aes256, U16>>(key, nonce, aad, plaintext),
        _ => aead::<aes_gcm::Aes256Gcm>(key, nonce, aad, plaintext),
    }
}

/// AES-CCM by the size of the key.
pub fn ccm(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    use aes_gcm::aead::consts::{U12, U16};
    match key.len() {
        16 => aead::<ccm::Ccm<Aes128, U16, U12>>(key, nonce, aad, plaintext),
        24 => aead::<ccm::Ccm<Aes192, U16, U12>>(key, nonce, aad, plaintext),
        _ => aead::<ccm::Ccm<Aes256, U16, U12>>(key, nonce, aad, plaintext),
    }
}

pub fn chacha(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    aead::<chacha20poly1305::ChaCha20Poly1305>(key, nonce, aad, plaintext)
}

/// What stands behind a header and seals all before it: key, nonce, associated data, plaintext.
pub type Aead = fn(&[u8], &[u8], &[u8], &[u8]) -> Vec<u8>;

/// Mbed TLS (`library/ssl_ticket.c`).
pub fn mbedtls(name: &[u8], key: &[u8], nonce: &[u8], plaintext: &[u8], seal: Aead) -> Vec<u8> {
    let length = u16::try_from(plaintext.len()).unwrap().to_be_bytes();
    let header = [name, nonce, &length].concat();
    [&header[..], &seal(key, nonce, &header, plaintext)].concat()
}

/// s2n-tls (`tls/s2n_resume.c`), from 1.5 on with a key of its own for each ticket.
pub fn s2n(
    material: &[u8],
    name: &[u8; 16],
    info: &[u8; 32],
    nonce: &[u8],
    plaintext: &[u8],
    since_1_5: bool,
) -> Vec<u8> {
    let derive = |key: &[u8], info: &[u8], length: usize| {
        let mut out = vec![0; length];
        hkdf::Hkdf::<Sha256>::new(None, key).expand(info, &mut out).unwrap();
        out
    };
    let derived = derive(material, &[], 44);
    let (aes, implicit) = derived.split_at(32);
    let aad = [implicit, name].concat();
    if since_1_5 {
        let sealed = gcm(&derive(aes, info, 32), nonce, &aad, plaintext);
        [&[1][..], name, info, nonce, &sealed].concat()
    } else {
        [&name[..], nonce, &gcm(aes, nonce, &aad, plaintext)].concat()
    }
}

/// wolfSSL's own callback (`DefTicketEncCb` in `src/internal.c`).
pub fn wolfssl(name: &[u8], key: &[u8], iv: &[u8; 16], plaintext: &[u8], seal: Aead) -> Vec<u8> {
    let length = u16::try_from(plaintext.len()).unwrap().to_be_bytes();
    let header = [name, iv, &length].concat();
    [&header[..], &seal(key, &iv[..12], &header, plaintext), &[0; 16]].concat()
}

/// wolfSSL built to seal with CBC, the MAC over the plaintext; or, with a callback of OpenSSL's kind, over the ciphertext.
pub fn wolfssl_cbc(name: &[u8], aes: &[u8], mac: &[u8], iv: &[u8; 16], plaintext: &[u8], callback: bool) -> Vec<u8> {
    let sealed = if callback { cbc(aes, iv, plaintext) } else { cbc_zeros(aes, iv, plaintext) };
    let length = u16::try_from(sealed.len()).unwrap().to_be_bytes();
    let header = [name, iv, &length].concat();
    let mut padded = plaintext.to_vec();
    padded.resize(sealed.len(), 0);
    let covered = if callback { sealed.clone() } else { [&header[..], &padded].concat() };
    [&header[..], &sealed, &hmac::<Hmac<Sha256>>(mac, &covered)].concat()
}

/// rustls on ring (`src/crypto/ring/ticketer.rs`), with a name from 0.23.11 on.
pub fn rustls(name: &[u8], key: &[u8], nonce: &[u8], plaintext: &[u8]) -> Vec<u8> {
    [name, nonce, &chacha(key, nonce, name, plaintext)].concat()
}

/// Erlang/OTP (`lib/ssl/src/ssl_cipher.erl`).
pub fn otp(seed: &[u8], pad: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let derived = Sha512::digest(seed);
    let (nonce, shard) = (&derived[..16], &derived[16..48]);
    let key: Vec<u8> = shard.iter().zip(pad).map(|(one, other)| one ^ other).collect();
    let length = u16::try_from(plaintext.len() + 16).unwrap().to_be_bytes();
    let aad = [&b"ticket"[..], &length].concat();
    [&gcm(&key, nonce, &aad, plaintext)[..], pad].concat()
}
