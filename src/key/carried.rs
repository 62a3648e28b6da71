//! What a server's key file takes of a key.

use super::Unwritable;
use super::bytes::KeyBytes;
use super::layout::Layout;
use super::scheme::{Hash, Mode};

/// AES-CBC with HMAC-SHA256, as nearly every server has it.
pub(super) const CBC_SHA256: &str = "AES-CBC and HMAC-SHA256";

/// The parts of a key of OpenSSL's scheme, for a format that has room for them.
pub(super) struct Carried<'k> {
    /// Empty if tickets under the key do not name it.
    pub(super) name: &'k [u8],
    pub(super) aes: &'k [u8],
    /// Without the zeros at its end, which HMAC adds anyway.
    pub(super) mac: &'k [u8],
}

impl<'k> Carried<'k> {
    /// The parts of a key for AES-CBC, with one of some hashes.
    pub(super) fn new(key: &'k KeyBytes, hashes: &[Hash], server: &'static str) -> Result<Self, Unwritable> {
        let scheme = key.scheme;
        let fits = matches!(scheme.mac(), Some((Mode::Cbc, hash)) if hashes.contains(&hash));
        if scheme.derives() || !fits {
            return Err(Unwritable::Algorithms { key: algorithms(key), server });
        }
        let sizes = || Unwritable::Sizes { layout: key.layout.to_string(), takes: server };
        let parts = key.layout.divide(&key.bytes).ok_or_else(sizes)?;
        let end = parts.hmac.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Ok(Self {
            name: parts.name.unwrap_or_default(),
            aes: parts.aes,
            mac: parts.hmac.get(..end).unwrap_or_default(),
        })
    }

    /// The MAC key with so many bytes; `None` if it has more.
    pub(super) fn mac(&self, length: usize) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let missing = length.checked_sub(self.mac.len())?;
        let mut mac = zeroize::Zeroizing::new(Vec::with_capacity(length));
        mac.extend_from_slice(self.mac);
        mac.extend(std::iter::repeat_n(0, missing));
        Some(mac)
    }

    /// The bytes of a key in a layout.
    pub(super) fn arrange(&self, layout: Layout) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let mac = self.mac(layout.hmac).filter(|_| self.aes.len() == layout.aes)?;
        layout.join(self.name, self.aes, &mac)
    }
}

/// The only key of a file that holds one.
pub(super) fn only(keys: &[KeyBytes]) -> Result<&KeyBytes, Unwritable> {
    match keys {
        [] => Err(Unwritable::Nothing),
        [key] => Ok(key),
        _ => Err(Unwritable::TooMany { found: keys.len(), limit: 1 }),
    }
}

/// The seeds of keys of Go.
pub(super) fn seeds(keys: &[KeyBytes]) -> Result<Vec<&[u8]>, Unwritable> {
    keys.iter().map(seed).collect()
}

fn seed(key: &KeyBytes) -> Result<&[u8], Unwritable> {
    if key.scheme != super::Scheme::GO {
        return Err(Unwritable::Algorithms { key: algorithms(key), server: "AES-128-CTR and HMAC-SHA256" });
    }
    let seed = key.seed.as_ref().ok_or(Unwritable::NoSeed { secret: "a seed of 32 bytes" })?;
    Ok(seed.as_slice())
}

/// What a key is for.
pub(super) fn algorithms(key: &KeyBytes) -> String {
    let Some((mode, hash)) = key.scheme.mac() else { return "an AEAD".to_owned() };
    let (cipher, hash) = (if mode == Mode::Ctr { "CTR" } else { "CBC" }, hash.name());
    let slots = if key.scheme.derives() { ", derived from a master key for each slot of time" } else { "" };
    format!("AES-{}-{cipher} and HMAC-{hash}{slots}", 8 * key.layout.aes)
}
