//! What a cipher suite of TLS 1.2 and before does to a record.

use crate::tls::aead::Aead;
use crate::tls::registry;

use super::cbc::MacHash;
use super::prf::Prf;

/// The protection of records, and the PRF under TLS 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) protection: Protection,
    pub(super) prf: Prf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// GCM and CCM: 4 bytes of the nonce are secret, 8 are in the record (RFC 5288, RFC 6655).
    ExplicitNonce(Aead),
    /// ChaCha20-Poly1305: the sequence number makes the nonce (RFC 7905).
    ImplicitNonce(Aead),
    /// AES in CBC mode with a key of so many bytes, and HMAC.
    AesCbc(usize, MacHash),
    /// No encryption, but HMAC.
    Null(MacHash),
}

use Aead::{Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Ccm, Aes256Ccm8, Aes256Gcm, ChaCha20Poly1305};
use MacHash::{Md5, Sha1, Sha256, Sha384};
use Protection::{AesCbc, ExplicitNonce, ImplicitNonce, Null};

/// By the end of a suite's IANA name, from the cipher on.
#[rustfmt::skip]
const PARAMETERS: &[(&str, Protection, Prf)] = &[
    ("AES_128_GCM_SHA256",       ExplicitNonce(Aes128Gcm),        Prf::Sha256),
    ("AES_256_GCM_SHA384",       ExplicitNonce(Aes256Gcm),        Prf::Sha384),
    ("AES_128_CCM",              ExplicitNonce(Aes128Ccm),        Prf::Sha256),
    ("AES_256_CCM",              ExplicitNonce(Aes256Ccm),        Prf::Sha256),
    ("AES_128_CCM_SHA256",       ExplicitNonce(Aes128Ccm),        Prf::Sha256),
    ("AES_128_CCM_8",            ExplicitNonce(Aes128Ccm8),       Prf::Sha256),
    ("AES_256_CCM_8",            ExplicitNonce(Aes256Ccm8),       Prf::Sha256),
    ("AES_256_CCM_SHA384",       ExplicitNonce(Aes256Ccm),        Prf::Sha384),
    ("AES_128_CCM_8_SHA256",     ExplicitNonce(Aes128Ccm8),       Prf::Sha256),
    ("CHACHA20_POLY1305_SHA256", ImplicitNonce(ChaCha20Poly1305), Prf::Sha256),
    ("AES_128_CBC_SHA",          AesCbc(16, Sha1),                Prf::Sha256),
    ("AES_256_CBC_SHA",          AesCbc(32, Sha1),                Prf::Sha256),
    ("AES_128_CBC_SHA256",       AesCbc(16, Sha256),              Prf::Sha256),
    ("AES_256_CBC_SHA256",       AesCbc(32, Sha256),              Prf::Sha256),
    ("AES_256_CBC_SHA384",       AesCbc(32, Sha384),              Prf::Sha384),
    ("NULL_MD5",                 Null(Md5),                       Prf::Sha256),
    ("NULL_SHA",                 Null(Sha1),                      Prf::Sha256),
    ("NULL_SHA256",              Null(Sha256),                    Prf::Sha256),
    ("NULL_SHA384",              Null(Sha384),                    Prf::Sha384),
];

/// Of a suite by its number; `None` if its cipher is not one of the above.
pub(super) fn parameters(id: u16) -> Option<Parameters> {
    let (_, cipher) = registry::cipher_suite(id)?.iana.split_once("_WITH_")?;
    let &(_, protection, prf) = PARAMETERS.iter().find(|row| row.0 == cipher)?;
    Some(Parameters { protection, prf })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_suites() {
        for (id, protection, prf) in [
            (0x002f, AesCbc(16, Sha1), Prf::Sha256),
            (0x0035, AesCbc(32, Sha1), Prf::Sha256),
            (0x003b, Null(Sha256), Prf::Sha256),
            (0x003c, AesCbc(16, Sha256), Prf::Sha256),
            (0x003d, AesCbc(32, Sha256), Prf::Sha256),
            (0x009c, ExplicitNonce(Aes128Gcm), Prf::Sha256),
            (0x009d, ExplicitNonce(Aes256Gcm), Prf::Sha384),
            (0x00ae, AesCbc(16, Sha256), Prf::Sha256),
            (0x00af, AesCbc(32, Sha384), Prf::Sha384),
            (0xc014, AesCbc(32, Sha1), Prf::Sha256),
            (0xc028, AesCbc(32, Sha384), Prf::Sha384),
            (0xc02f, ExplicitNonce(Aes128Gcm), Prf::Sha256),
            (0xc030, ExplicitNonce(Aes256Gcm), Prf::Sha384),
            (0xc0a3, ExplicitNonce(Aes256Ccm8), Prf::Sha256),
            (0xc0ac, ExplicitNonce(Aes128Ccm), Prf::Sha256),
            (0xcca8, ImplicitNonce(ChaCha20Poly1305), Prf::Sha256),
            (0xd005, ExplicitNonce(Aes128Ccm), Prf::Sha256),
        ] {
            assert_eq!(parameters(id), Some(Parameters { protection, prf }), "{id:04x}");
        }
    }

    #[test]
    fn suites_that_are_left_out() {
        // RC4, 3DES, the draft of ChaCha20-Poly1305 with another nonce, TLS 1.3, unknown
        for id in [0x0005, 0x000a, 0xcc13, 0x1301, 0xffff] {
            assert_eq!(parameters(id), None, "{id:04x}");
        }
    }
}
