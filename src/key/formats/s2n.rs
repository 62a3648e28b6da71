//! s2n-tls: the key material of `s2n_config_add_ticket_crypto_key`, of any length, from which HKDF-SHA256 makes an AES-256
//! key and 12 bytes that go under the tag (`tls/s2n_resume.c`). The key's name is in the tickets and is not needed; a file
//! may have it anyway, as `name:key in hex`.
//!
//! Each key seals for two hours from the time that the application names, and which of several seals is drawn at random.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::bare;
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::key::{Role, Unwritable};
use crate::ticket::{Arrangement, Frame};

/// Both kinds of tickets.
pub(super) const SCHEME: Scheme = Scheme {
    protection: Protection::Aead(Sealing {
        algorithm: Algorithm::AesGcm,
        data: AssociatedData::SecretAndName,
        key: KeySource::Salted,
        shortest: 60,
    }),
    arrangements: &[Arrangement::Aead(Frame::S2N), Arrangement::Aead(Frame::S2N_UNTIL_1_4)],
    derivation: Derivation::None,
};

/// What HKDF makes: `S2N_AES256_KEY_LEN` and `S2N_TICKET_AAD_IMPLICIT_LEN`.
const LAYOUT: Layout = Layout { order: Order::KeyData, aes: 32, hmac: 12 };

pub(super) struct S2n;

impl KeyFormat for S2n {
    fn name(&self) -> &'static str {
        "s2n"
    }

    fn about(&self) -> &'static str {
        "s2n-tls: s2n_config_add_ticket_crypto_key"
    }

    fn takes(&self) -> &'static str {
        "1 to 1024 bytes of key material, raw or as text; lines of name:key, the key in hex; or 44 bytes, key of 32 and 12 \
         of associated data, as they lie in memory"
    }

    fn is_bare(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        if let Some(keys) = named(file) {
            return Ok(keys);
        }
        let seeds = bare::seeds(file);
        let state = |bytes: &Zeroizing<Vec<u8>>| {
            (bytes.len() == LAYOUT.size()).then(|| KeyBytes::new(0, bytes, LAYOUT).with_scheme(SCHEME))
        };
        let keys: Vec<KeyBytes> =
            seeds.iter().filter_map(|seed| key_of(0, seed)).chain(seeds.iter().filter_map(state)).collect();
        if keys.is_empty() { Err(KeyFileError::size(file, self.name(), self.takes())) } else { Ok(keys) }
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        bare::write(self, keys)
    }

    fn role(&self, _: Position) -> Role {
        Role::Unknown
    }
}

/// The keys of a file of `name:key` lines.
fn named(file: &[u8]) -> Option<Vec<KeyBytes>> {
    let lines = file.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let key = |(index, line): (usize, &[u8])| {
        let (name, key) = line.split_at_checked(memchr::memchr(b':', line)?)?;
        let key = hex::decode(key.get(1..)?).map(Zeroizing::new).ok()?;
        // hex digits alone before the colon are bytes of a key, as `openssl` writes them
        let is_name = name.len() <= 16 && name.iter().any(|byte| !byte.is_ascii_hexdigit());
        if is_name { key_of(index, &key) } else { None }
    };
    lines.enumerate().map(key).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}

/// What s2n-tls makes of key material.
fn key_of(index: usize, material: &[u8]) -> Option<KeyBytes> {
    let mut derived = Zeroizing::new(vec![0; LAYOUT.size()]);
    Hkdf::<Sha256>::new(None, material).expand(&[], &mut derived).ok()?;
    Some(KeyBytes {
        seed: Some(Zeroizing::new(material.to_vec())),
        ..KeyBytes::new(index, &derived, LAYOUT).with_scheme(SCHEME)
    })
}
