//! What a search has found, as outputs show it.

use zeroize::Zeroizing;

use super::found::layout;
use super::hit::{Part, PartKind};
use super::lock::{Direction, FoundKey, Lock};
use super::{Search, proof};
use crate::key::format::{KeyBytes, KeyFormat};
use crate::key::scheme::{Hash, Scheme};
use crate::key::{Fingerprint, KeyName, Unwritable, formats};

/// How a key was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The MAC of a ticket verifies under it.
    Mac,
    /// The tag of a ticket's AEAD verifies under it.
    Aead,
    /// It decrypts a ticket to a session, but the MAC key is not there: no proof that the ticket is genuine.
    AesOnly,
}

impl Proof {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Aead => "aead",
            Self::AesOnly => "aes_only",
        }
    }
}

/// The secrets of a finding.
#[derive(Clone)]
pub enum Secrets {
    /// The whole key.
    Key(FoundKey),
    /// The AES key alone; wiped on drop.
    Aes(Zeroizing<Vec<u8>>),
}

/// A key in an image.
#[derive(Clone)]
pub struct Finding {
    /// The name that tickets under the key begin with, if they name it.
    pub key_name: Option<KeyName>,
    /// Whose tickets it seals, such as `openssl`.
    pub family: &'static str,
    /// Its parts as they lie in memory, such as `name16 aes16 hmac16`; `..` for other bytes between them.
    pub layout: String,
    /// The cipher, such as `AES-128-CBC`.
    pub cipher: &'static str,
    /// The MAC, such as `HMAC-SHA256`; `None` for an AEAD, and if it is not known.
    pub mac: Option<&'static str>,
    /// n-th image, from 0.
    pub image: usize,
    /// Where copies of it begin, in bytes of the image, in ascending order.
    pub offsets: Vec<u64>,
    /// The address of the first of them, if the image tells.
    pub address: Option<u64>,
    /// How many copies the image has.
    pub copies: u64,
    /// How it was proved.
    pub proof: Proof,
    /// Numbers of the tickets that it opens, as they were given.
    pub tickets: Vec<usize>,
    /// The key itself.
    pub secrets: Secrets,
}

/// The formats that a key is written in when nobody says which: the first that can carry it.
const NATURAL: [&str; 9] = ["go", "gnutls", "openssl", "h2o", "rustls", "mbedtls", "wolfssl", "s2n", "otp"];

impl Finding {
    /// The key as a file: of a server's format, or of the one that comes first of those that can carry it. An AES key
    /// without a MAC key, and a secret that no format carries, is written as it is.
    pub fn key_file(&self, format: Option<&dyn KeyFormat>) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        let key = match &self.secrets {
            Secrets::Key(FoundKey::Known(key)) => key,
            Secrets::Key(FoundKey::Bare(key)) => return bare(&key.bytes, self.cipher, format),
            Secrets::Aes(key) => return bare(key, self.cipher, format),
        };
        let keys = std::slice::from_ref(key);
        let Some(format) = format else { return natural(key).and_then(|format| format.write(keys)) };
        format.write(keys)
    }

    /// The fingerprint of the key as it is in the [file](Self::key_file).
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let Secrets::Key(FoundKey::Known(key)) = &self.secrets else { return None };
        let written = natural(key).ok().and_then(|format| format.read(&self.key_file(None).ok()?).ok());
        let as_written = written.and_then(|keys| keys.into_iter().next());
        proof::ticket_key(as_written.as_ref().unwrap_or(key)).map(|key| key.fingerprint())
    }
}

/// The first format that carries a key; otherwise why the last that could have does not.
fn natural(key: &KeyBytes) -> Result<&'static dyn KeyFormat, Unwritable> {
    let keys = std::slice::from_ref(key);
    let mut refusal = Unwritable::NoWriter;
    for format in NATURAL.iter().filter_map(|name| formats::by_name(name)) {
        match format.write(keys) {
            Ok(_) => return Ok(format),
            // what a seed is missing for says more than what other servers want
            Err(_) if matches!(refusal, Unwritable::NoSeed { .. }) => {}
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// A single secret, which no server's format carries.
fn bare(secret: &[u8], cipher: &str, format: Option<&dyn KeyFormat>) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
    match format {
        Some(format) => Err(Unwritable::Algorithms { key: format!("{cipher} alone"), server: format.about() }),
        None => Ok(Zeroizing::new(secret.to_vec())),
    }
}

impl Search {
    /// What was found, in the order in which the tickets were given.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let keys = (0..self.keys.len()).filter_map(|number| self.proved(number));
        let mut findings: Vec<Finding> = keys.chain(self.halves()).collect();
        findings.sort_by_key(|finding| finding.tickets.first().copied());
        findings
    }

    /// The tickets whose key is not proved, with whether a family known here can have sealed them.
    #[must_use]
    pub fn missing(&self) -> Vec<(usize, bool)> {
        let target = |number: usize| self.targets.iter().find(|target| target.tickets.contains(&number));
        let open = |number: usize| target(number).is_none_or(|target| target.key.is_none());
        let numbers = (0..self.tickets).filter(|number| open(*number));
        numbers.map(|number| (number, target(number).is_some())).collect()
    }

    /// How many keys are not proved: of each key name, and of each ticket without one, one.
    #[must_use]
    pub fn missing_keys(&self) -> usize {
        let sealed = self.targets.iter().filter(|target| target.key.is_none()).count();
        sealed + self.missing().iter().filter(|(_, known)| !known).count()
    }

    fn proved(&self, number: usize) -> Option<Finding> {
        let found = self.keys.get(number)?;
        let target = self.targets.iter().find(|target| target.key == Some(number))?;
        let (cipher, mac, named) = match &found.key {
            FoundKey::Known(key) => {
                let ready = proof::ticket_key(key)?;
                let mac = (!key.scheme.is_aead()).then(|| ready.mac_name());
                (ready.cipher_name(), mac, proof::names_its_key(key, &target.ticket))
            }
            FoundKey::Bare(key) => (key.cipher, None, key.has_name),
        };
        let mut offsets = found.offsets.clone();
        offsets.sort_unstable();
        if offsets.is_empty() {
            offsets.push(found.start());
        }
        Some(Finding {
            key_name: named.then_some(target.name),
            family: proof::family(&found.key, &target.ticket),
            layout: found.layout(),
            cipher,
            mac,
            image: found.image,
            address: offsets.first().and_then(|offset| self.images.get(found.image)?.address(*offset)),
            copies: found.copies.max(1),
            offsets,
            proof: if mac.is_some() { Proof::Mac } else { Proof::Aead },
            tickets: found.tickets.clone(),
            secrets: Secrets::Key(found.key.clone()),
        })
    }

    fn halves(&self) -> impl Iterator<Item = Finding> {
        self.halves.iter().filter_map(|half| {
            let target = self.targets.get(half.target).filter(|target| target.key.is_none())?;
            let lock = target.locks.get(half.lock).and_then(Lock::pair)?;
            let seal = lock.seals.first()?;
            let key = proof::pair(&target.ticket, &half.key, &[], *seal)?;
            let offset = half.offsets.first().copied()?;
            let part = Part { kind: PartKind::Aes, offset, length: half.key.len() };
            // several MACs are possible as long as none has verified
            let mac = (lock.seals.len() == 1).then(|| mac_name(seal.hash));
            Some(Finding {
                key_name: seal.arrangement.has_key_name().then_some(target.name),
                family: if lock.direction == Direction::Encrypt { "go" } else { family_of(seal.scheme) },
                layout: layout(&[part]),
                cipher: proof::ticket_key(&key)?.cipher_name(),
                mac,
                image: half.image,
                address: self.images.get(half.image)?.address(offset),
                copies: half.offsets.len() as u64,
                offsets: half.offsets.clone(),
                proof: Proof::AesOnly,
                tickets: target.tickets.clone(),
                secrets: Secrets::Aes(half.key.clone()),
            })
        })
    }
}

fn family_of(scheme: Scheme) -> &'static str {
    if scheme.derives() { "gnutls" } else { "openssl" }
}

fn mac_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "HMAC-SHA1",
        Hash::Sha256 => "HMAC-SHA256",
        Hash::Sha384 => "HMAC-SHA384",
        Hash::Sha512 => "HMAC-SHA512",
    }
}
