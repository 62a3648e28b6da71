//! Tickets made here, for tests, benchmarks and comparisons, by code that knows only the crypto crates and what the
//! servers' sources say.
//!
//! [`session`] has the plaintexts, [`tickets`] many of them from one seed, [`capture`] handshakes around tickets; what
//! follows seals.
// each crate that takes this in uses a part of it, and stops where it cannot go on
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

pub mod capture;
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
