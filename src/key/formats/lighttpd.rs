//! lighttpd: `ssl.stek-file`, 92 bytes: a version (0), the times of activation and expiry, and 80 bytes of key. The
//! numbers are 32 bits in the byte order of the machine (`mod_openssl_session_ticket_key_file` in `src/mod_openssl.c`).
//! The server reads the file again when it changes, and keeps the last three keys; the newest that is active seals.

use zeroize::Zeroizing;

use super::mbedtls;
use crate::key::Role;
use crate::key::carried::{CBC_SHA256, Carried, only};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position, Validity};
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Hash, Scheme};
use crate::key::unwritable::Unwritable;

/// Bytes of version and times.
const HEADER_LENGTH: usize = 12;
/// The last second of a signed number of 32 bits.
const LAST: u32 = 0x7fff_ffff;

pub(super) struct Lighttpd;

impl KeyFormat for Lighttpd {
    fn name(&self) -> &'static str {
        "lighttpd"
    }

    fn about(&self) -> &'static str {
        "lighttpd: ssl.stek-file"
    }

    fn takes(&self) -> &'static str {
        "exactly 92 raw bytes: version 0, activation and expiry of 4 bytes each, then 80 bytes of key"
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let wrong_size = || KeyFileError::size(file, self.name(), self.takes());
        let (header, key) = file.split_at_checked(HEADER_LENGTH).ok_or_else(wrong_size)?;
        if key.len() != Layout::NAME_HMAC_AES_80.size() {
            return Err(wrong_size());
        }
        let (version, times) = header.split_first_chunk().ok_or_else(wrong_size)?;
        if *version != [0; 4] {
            let problem = format!("the version in the first 4 bytes is {}, not 0", hex::encode(version));
            return Err(KeyFileError::Content { problem, format: self.name(), takes: self.takes() });
        }
        let (activation, rest) = times.split_first_chunk().ok_or_else(wrong_size)?;
        let expiry = rest.first_chunk().ok_or_else(wrong_size)?;
        let validity = validity(*activation, *expiry);
        Ok(vec![KeyBytes { validity, ..KeyBytes::new(0, key, Layout::NAME_HMAC_AES_80) }])
    }

    /// The times are those of the key; without any, from 1970 to 2038, when 32 bits end.
    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        let key = only(keys)?;
        let carried = Carried::new(key, &[Hash::Sha256], CBC_SHA256)?;
        if carried.name.is_empty() {
            return Err(Unwritable::NoName);
        }
        let bytes = carried.arrange(Layout::NAME_HMAC_AES_80);
        let bytes = bytes.ok_or_else(|| Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes() })?;
        let time =
            |time: Option<i64>, otherwise: u32| time.and_then(|time| u32::try_from(time).ok()).unwrap_or(otherwise);
        let from = time(key.validity.not_before, 0);
        let to = time(key.validity.not_after, LAST);
        Ok(Zeroizing::new([&[0; 4][..], &from.to_le_bytes(), &to.to_le_bytes(), &bytes].concat()))
    }

    /// `mod_gnutls` takes the first 64 bytes of the key for a master of `GnuTLS`; `mod_mbedtls` 4 bytes of the name and the
    /// AES key. `mod_wolfssl` uses the key as OpenSSL does, in wolfSSL's arrangement.
    fn other_keys(&self, file: &[u8]) -> Vec<KeyBytes> {
        let Ok(keys) = self.read(file) else { return Vec::new() };
        let others = keys.iter().filter_map(|key| {
            let master = key.bytes.get(..Layout::GNUTLS.size())?;
            let gnutls = KeyBytes::new(key.index, master, Layout::GNUTLS).with_scheme(Scheme::GNUTLS);
            let layout = Layout { order: Order::ShortNameKey, aes: 32, hmac: 0 };
            let (name, aes) = (key.bytes.first_chunk::<4>()?, key.bytes.last_chunk::<32>()?);
            let bytes = Zeroizing::new([&name[..], aes].concat());
            let mbedtls = KeyBytes::new(key.index, &bytes, layout).with_scheme(mbedtls::AES_GCM);
            Some([gnutls, mbedtls].map(|other| KeyBytes { validity: key.validity, ..other }))
        });
        others.flatten().collect()
    }

    fn role(&self, place: Position) -> Role {
        match place.newest {
            None | Some(true) => Role::Active,
            Some(false) => Role::Inactive,
        }
    }
}

/// The times, in the byte order in which they follow each other; little-endian, which nearly every machine is, where
/// both do.
fn validity(activation: [u8; 4], expiry: [u8; 4]) -> Validity {
    let little = (u32::from_le_bytes(activation), u32::from_le_bytes(expiry));
    let big = (u32::from_be_bytes(activation), u32::from_be_bytes(expiry));
    let lifetime = |(from, to): (u32, u32)| to.checked_sub(from);
    let (from, to) = match (lifetime(little), lifetime(big)) {
        // swapped bytes turn the days of a key's life into years
        (Some(one), Some(other)) if other < one => big,
        (None, Some(_)) => big,
        _ => little,
    };
    Validity { not_before: Some(from.into()), not_after: Some(to.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_byte_order_is_read() {
        let times = [1_795_421_023_u32, 1_795_507_423];
        let key: Vec<u8> = (0..80).map(|i: u8| i.wrapping_mul(91) ^ 0x5a).collect();
        let file = |bytes: fn(u32) -> [u8; 4]| [&[0; 4][..], &bytes(times[0]), &bytes(times[1]), &key].concat();
        for file in [file(u32::to_le_bytes), file(u32::to_be_bytes)] {
            let read = Lighttpd.read(&file).unwrap().remove(0);
            assert_eq!(read.validity.not_before, Some(1_795_421_023));
            assert_eq!(read.validity.not_after, Some(1_795_507_423));
            assert_eq!(read.bytes.as_slice(), key);
        }
    }

    #[test]
    fn refuses_what_lighttpd_refuses() {
        assert!(Lighttpd.read(&[0; 91]).is_err());
        assert!(Lighttpd.read(&[1; 92]).err().unwrap().to_string().contains("version"));
    }
}
