//! Go's crypto/tls: the 32-byte keys of `Config.SetSessionTicketKeys`, as raw bytes one after the other, or a hex or
//! base64 key a line. SHA-512 of each gives key name, AES key and HMAC key (`ticketKeyFromBytes` in
//! `crypto/tls/common.go`). The first seals.

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::key::Role;
use crate::key::carried::seeds;
use crate::key::file::{KeyFileError, text};
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::Layout;
use crate::key::scheme::Scheme;
use crate::key::unwritable::Unwritable;

/// Bytes of a key.
pub(super) const KEY_LENGTH: usize = 32;

pub(super) struct Go;

impl KeyFormat for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn about(&self) -> &'static str {
        "Go crypto/tls: SetSessionTicketKeys"
    }

    fn takes(&self) -> &'static str {
        "keys of 32 raw bytes, one after the other, or one a line as hex or base64"
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let wrong_size = || KeyFileError::size(bytes, self.name(), self.takes());
        if let Some(lines) = text::decode_lines(bytes, is_like_keys) {
            let keys =
                lines.iter().enumerate().map(|(index, (key, _))| (key.len() == KEY_LENGTH).then(|| key_of(index, key)));
            return keys.collect::<Option<Vec<_>>>().ok_or_else(wrong_size);
        }
        if bytes.is_empty() || bytes.len() % KEY_LENGTH != 0 {
            return Err(wrong_size());
        }
        Ok(bytes.chunks_exact(KEY_LENGTH).enumerate().map(|(index, key)| key_of(index, key)).collect())
    }

    fn claims(&self, bytes: &[u8]) -> bool {
        !bytes.is_empty() && bytes.len() % KEY_LENGTH == 0
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        if keys.is_empty() {
            return Err(Unwritable::Nothing);
        }
        Ok(Zeroizing::new(seeds(keys)?.concat()))
    }

    fn role(&self, place: Position) -> Role {
        match place.key {
            _ if place.files > 1 && place.keys == 1 => Role::Unknown,
            0 => Role::Active,
            _ => Role::Inactive,
        }
    }
}

/// Whether what a line of text decodes to is a key, or has the length of other keys: such text is not taken for raw bytes.
fn is_like_keys(bytes: &[u8]) -> bool {
    bytes.len() >= KEY_LENGTH && bytes.len() % 16 == 0
}

/// What Go makes of a key.
pub(super) fn key_of(index: usize, seed: &[u8]) -> KeyBytes {
    let mut derived = Zeroizing::new(Sha512::digest(seed).to_vec());
    derived.truncate(Layout::GO.size());
    KeyBytes {
        seed: Some(Zeroizing::new(seed.to_vec())),
        ..KeyBytes::new(index, &derived, Layout::GO).with_scheme(Scheme::GO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_hex_and_base64_are_one() {
        let raw: Vec<u8> = (0..64).map(|i: u8| i.wrapping_mul(37) ^ 0x93).collect();
        let (one, two) = raw.split_at(32);
        let hex = format!("{}\n{}\n", hex::encode(one), hex::encode(two));
        let base64 = data_encoding::BASE64.encode(one) + "\n" + &data_encoding::BASE64.encode(two);
        let keys =
            |file: &[u8]| -> Vec<Vec<u8>> { Go.read(file).unwrap().iter().map(|key| key.bytes.to_vec()).collect() };
        assert_eq!(keys(&raw).len(), 2);
        assert_eq!(keys(hex.as_bytes()), keys(&raw));
        assert_eq!(keys(base64.as_bytes()), keys(&raw));
        assert!(Go.read(&raw[..48]).is_err());
        assert!(Go.read(hex::encode(&raw).as_bytes()).is_err(), "one line of two keys");
    }

    #[test]
    fn names_are_those_on_the_wire() {
        let keys = Go.read(include_bytes!("../../../testdata/go_tls12/ticket.key")).unwrap();
        let ticket = include_bytes!("../../../testdata/go_tls12/ticket.bin");
        assert!(keys.iter().any(|key| key.bytes[..16] == ticket[..16]));
    }
}
