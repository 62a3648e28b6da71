//! What rules see of keys and of the files they are in.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::audit::subject::{Item, Subject};
use crate::key::file::KeyFile;
use crate::key::format::KeyBytes;
use crate::key::layout::{Layout, Order};
use crate::key::ring::KeyRing;
use crate::key::{Fingerprint, KeyName, Role, TicketKey};

/// A key file as it was read.
pub struct LoadedFile {
    /// Path as it was named.
    pub path: Arc<str>,
    /// The host that it is of; `None` if all files are of one.
    pub host: Option<Arc<str>>,
    /// All of its bytes.
    pub content: Zeroizing<Vec<u8>>,
    /// The keys in it.
    pub keys: KeyFile,
    /// Its directory entry; `None` if there is none, as with standard input.
    pub disk: Option<FileFacts>,
}

/// What a directory entry says about a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Permission bits, such as 0o600.
    pub mode: u32,
    /// User ID of the owner.
    pub owner: u32,
    /// User ID of who asks.
    pub caller: u32,
    /// Where the path leads if it is a symbolic link.
    pub link_target: Option<String>,
    /// When the content was last written, seconds since 1970.
    pub modified: Option<i64>,
    /// Whether the file system is kept across a restart, if that is known.
    pub persistent: Option<bool>,
}

/// All keys, in the server's order, and the ring that opens tickets with them.
#[derive(Debug, Default)]
pub struct KeySet {
    ring: KeyRing,
    files: Vec<KeyFileFacts>,
    sealing: OnceLock<Sealing>,
}

/// A key file.
pub struct KeyFileFacts {
    /// Path as it was named.
    pub path: Arc<str>,
    /// The host that it is of; `None` if all files are of one.
    pub host: Option<Arc<str>>,
    /// All of its bytes.
    pub content: Zeroizing<Vec<u8>>,
    /// Its directory entry.
    pub disk: Option<FileFacts>,
    /// Its keys; the same bytes under several layouts are one.
    pub keys: Vec<KeyFacts>,
    /// Whether a format that reads it is one of text.
    pub text_format: bool,
    /// Bytes of its longest keys by any reading, together: the rest of the content is read by no server.
    pub covered: usize,
    /// Every reading of the keys: the formats that have it, joined with `/`, the place in `keys`, and the role.
    readings: Vec<(Arc<str>, usize, Role)>,
    /// Whether the content can be cut into different keys.
    several_splits: bool,
}

/// One key: the same bytes, however they may be divided.
pub struct KeyFacts {
    /// The file it is in.
    pub file: Arc<str>,
    /// n-th key of that file, from 0.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<KeyName>,
    /// Its fingerprint by the first layout.
    pub fingerprint: Fingerprint,
    /// What the server does with it, if all readings agree.
    pub role: Role,
    /// Bits of its AES key: the most that a layout gives it.
    pub aes_bits: usize,
    /// Bits of the AES keys of its file by any split of it: the most.
    pub file_aes_bits: usize,
    /// Name and secrets as the file has them, which may be what they are derived from.
    bytes: Zeroizing<Vec<u8>>,
    /// The secrets, as ranges of `bytes`; one that is not there has no label.
    secrets: [Secret; 2],
}

/// One secret part of a key.
#[derive(Clone, Default)]
struct Secret {
    label: &'static str,
    range: Range<u16>,
}

impl KeyFacts {
    fn new(draft: &Draft, bytes: Zeroizing<Vec<u8>>, key: &TicketKey) -> Self {
        let (start, parts) = secret_parts(draft, key, bytes.len());
        // a key is shorter than this by far
        let short = |length| u16::try_from(length).unwrap_or(u16::MAX);
        let mut start = short(start);
        let mut secrets = <[Secret; 2]>::default();
        for (secret, (label, length)) in secrets.iter_mut().zip(parts) {
            let end = start.saturating_add(short(length));
            *secret = Secret { label, range: start..end };
            start = end;
        }
        Self {
            file: Arc::clone(&key.origin().file),
            index: key.origin().index,
            // the first bytes of a master key are not a name that anybody sees
            name: key.name(),
            fingerprint: key.fingerprint(),
            role: key.origin().role,
            aes_bits: key.layout().aes * 8,
            file_aes_bits: 0,
            secrets,
            bytes,
        }
    }

    /// Takes note of another way to read the same bytes.
    fn add_reading(&mut self, draft: &Draft, key: &TicketKey) {
        self.aes_bits = self.aes_bits.max(key.layout().aes * 8);
        if self.role != key.origin().role {
            self.role = Role::Unknown;
        }
        let (_, secrets) = secret_parts(draft, key, self.bytes.len());
        for (secret, (label, _)) in self.secrets.iter_mut().zip(secrets) {
            if secret.label != label {
                secret.label = "AES or HMAC key";
            }
        }
    }

    /// The secret parts, each with its name.
    pub(in crate::audit) fn secrets(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let there = self.secrets.iter().filter(|secret| !secret.label.is_empty());
        there.map(|Secret { label, range }| {
            (*label, self.bytes.get(usize::from(range.start)..usize::from(range.end)).unwrap_or_default())
        })
    }

    /// The secret parts as one, which does not depend on name and order.
    pub(in crate::audit) fn sorted_secrets(&self) -> Vec<&[u8]> {
        let mut secrets: Vec<&[u8]> = self.secrets().map(|(_, secret)| secret).collect();
        secrets.sort_unstable();
        secrets
    }

    /// All bytes of the key.
    pub(in crate::audit) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key as a finding names it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            file: Arc::clone(&self.file),
            item: Item::Key(self.index),
            key_name: self.name,
            fingerprint: Some(self.fingerprint),
            seen: None,
        }
    }
}

impl fmt::Debug for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFacts({})", self.subject())
    }
}

impl fmt::Debug for KeyFileFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFileFacts").field("path", &self.path).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The key that seals.
#[derive(Debug, Clone, Copy)]
pub struct ActiveKey<'k> {
    /// The file it is in.
    pub file: &'k KeyFileFacts,
    /// The key.
    pub key: &'k KeyFacts,
    /// Whether the files tell so; otherwise the first key of the first file stands in.
    pub certain: bool,
}

#[cfg(test)]
impl KeySet {
    /// Gives all keys of a file another role.
    pub(in crate::audit) fn set_role(&mut self, file: usize, role: Role) {
        self.files[file].keys.iter_mut().for_each(|key| key.role = role);
    }
}

impl KeySet {
    /// Takes the key files in the server's order. `now`, seconds since 1970, tells which key of those with validity
    /// times seals.
    #[must_use]
    pub fn new(loaded: Vec<LoadedFile>, now: i64) -> Self {
        let mut files = Vec::new();
        let mut readings = Vec::new();
        for LoadedFile { path, host, content, keys, disk } in loaded {
            let text_format = keys.readings.iter().any(|r| r.formats.iter().any(|format| format.is_text()));
            readings.push((Arc::clone(&path), keys));
            let facts = KeyFileFacts {
                path,
                host,
                content,
                disk,
                keys: Vec::new(),
                text_format,
                covered: 0,
                readings: Vec::new(),
                several_splits: false,
            };
            files.push((facts, Drafts::default()));
        }
        let mut places = Places::default();
        let ring = KeyRing::taking(readings, Some(now), &mut |number, key| {
            if let Some((_, drafts)) = files.get_mut(number) {
                drafts.add(number, key, &mut places);
            }
        });
        // the keys of the ring stand in the order of the readings
        let mut keys = ring.keys().iter();
        let files = files.into_iter().map(|(file, drafts)| file.with_keys(drafts, &mut keys)).collect();
        Self { ring, files, sealing: OnceLock::new() }
    }

    /// The ring that opens tickets.
    #[must_use]
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The files, in order.
    #[must_use]
    pub fn files(&self) -> &[KeyFileFacts] {
        &self.files
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &KeyFacts> {
        self.files.iter().flat_map(|file| &file.keys)
    }

    /// The files of each host; those of no host are one server's.
    pub fn hosts(&self) -> impl Iterator<Item = &[KeyFileFacts]> {
        self.files.chunk_by(|one, next| one.host == next.host)
    }

    /// The key that seals new tickets; of several hosts, the first host's.
    #[must_use]
    pub fn active(&self) -> Option<ActiveKey<'_>> {
        self.hosts().next().and_then(ActiveKey::among)
    }

    /// The key that seals on the host of a file, by the formats (joined with `/`) of the key that opened a ticket: what
    /// the ticket has proved of the file's format rules out all other readings.
    #[must_use]
    pub fn active_like(&self, path: &str, formats: &str) -> Option<ActiveKey<'_>> {
        let sealing = self.sealing.get_or_init(|| Sealing::of(self.hosts()));
        let host = sealing.hosts.get(path)?;
        let by_format = |format: &str| sealing.by_format.get(&(*host, format.to_owned()));
        let mut active: Vec<Place> =
            formats.split('/').filter_map(by_format).flat_map(|found| &found.active).copied().collect();
        active.sort_unstable();
        active.dedup();
        let (place, certain) = match active.as_slice() {
            [only] => (*only, true),
            _ => (formats.split('/').filter_map(by_format).filter_map(|found| found.first).min()?, false),
        };
        let file = self.files.get(place.0)?;
        Some(ActiveKey { file, key: file.keys.get(place.1)?, certain })
    }
}

/// A file, and a key in it, by their numbers.
type Place = (usize, usize);

/// Which keys seal on each host, by the format of the server.
#[derive(Debug, Default)]
struct Sealing {
    /// The number of the host that a file is of, by its path.
    hosts: HashMap<Arc<str>, usize>,
    by_format: HashMap<(usize, String), Sealers>,
}

/// The first key that a format has on a host, and those that seal by it: no more than two, which are one too many.
#[derive(Debug, Default)]
struct Sealers {
    first: Option<Place>,
    active: Vec<Place>,
}

impl Sealing {
    fn of<'k>(hosts: impl Iterator<Item = &'k [KeyFileFacts]>) -> Self {
        let mut sealing = Self::default();
        let mut number = 0;
        for (host, files) in hosts.enumerate() {
            for file in files {
                sealing.hosts.entry(Arc::clone(&file.path)).or_insert(host);
                for (formats, key, role) in &file.readings {
                    for format in formats.split('/') {
                        let found = sealing.by_format.entry((host, format.to_owned())).or_default();
                        found.add((number, *key), *role);
                    }
                }
                number += 1;
            }
        }
        sealing
    }
}

impl Sealers {
    fn add(&mut self, place: Place, role: Role) {
        self.first.get_or_insert(place);
        if role == Role::Active && self.active.len() < 2 && !self.active.contains(&place) {
            self.active.push(place);
        }
    }
}

impl<'k> ActiveKey<'k> {
    /// That of one server's files.
    pub(in crate::audit) fn among(files: &'k [KeyFileFacts]) -> Option<Self> {
        let all = || files.iter().flat_map(|file| file.keys.iter().map(move |key| (file, key)));
        let mut active = all().filter(|(_, key)| key.role == Role::Active);
        match (active.next(), active.next()) {
            // if a file may be split in several ways, each way has a key that seals
            (Some((file, key)), None) if !files.iter().any(|file| file.several_splits) => {
                Some(ActiveKey { file, key, certain: true })
            }
            _ => all().next().map(|(file, key)| ActiveKey { file, key, certain: false }),
        }
    }
}

/// What the keys of a file were made of: the bytes of each, once.
#[derive(Default)]
struct Drafts {
    list: Vec<Draft>,
    distinct: Vec<Zeroizing<Vec<u8>>>,
}

/// What a key of the ring was made of.
struct Draft {
    /// The number of its bytes among those that differ.
    bytes: usize,
    /// Whether the bytes are what the key is derived from.
    is_seed: bool,
}

/// Where the bytes of each key of a file are, by its number: few readings of each of many keys.
#[derive(Default)]
struct Places {
    /// The number of the file.
    file: usize,
    by_index: HashMap<usize, Vec<usize>>,
}

impl Drafts {
    fn add(&mut self, file: usize, key: KeyBytes, places: &mut Places) {
        if places.file != file {
            *places = Places { file, ..Places::default() };
        }
        let is_seed = key.seed.is_some();
        let content = key.seed.unwrap_or(key.bytes);
        let places = places.by_index.entry(key.index).or_default();
        let same = |&at: &usize| self.distinct.get(at).is_some_and(|known| **known == *content);
        let bytes = places.iter().copied().find(same).unwrap_or_else(|| {
            places.push(self.distinct.len());
            self.distinct.push(content);
            self.distinct.len() - 1
        });
        self.list.push(Draft { bytes, is_seed });
    }
}

impl KeyFileFacts {
    fn with_keys<'k>(mut self, drafts: Drafts, ring: &mut impl Iterator<Item = &'k TicketKey>) -> Self {
        let Drafts { list, mut distinct } = drafts;
        let mut places: Vec<Option<usize>> = vec![None; distinct.len()];
        let mut indices = HashSet::new();
        // a vector that grows leaves holes behind
        self.keys.reserve_exact(distinct.len());
        self.readings.reserve_exact(list.len());
        for (draft, key) in list.into_iter().zip(ring) {
            let Some((bytes, place)) = distinct.get_mut(draft.bytes).zip(places.get_mut(draft.bytes)) else { continue };
            let (formats, role) = (Arc::clone(&key.origin().format), key.origin().role);
            if let Some(known) = place.and_then(|at| self.keys.get_mut(at)) {
                self.readings.push((formats, place.unwrap_or_default(), role));
                known.add_reading(&draft, key);
                continue;
            }
            self.several_splits |= !indices.insert(key.origin().index);
            *place = Some(self.keys.len());
            self.readings.push((formats, self.keys.len(), role));
            self.keys.push(KeyFacts::new(&draft, std::mem::take(bytes), key));
        }
        let most = self.keys.iter().map(|key| key.aes_bits).max().unwrap_or(0);
        self.keys.iter_mut().for_each(|key| key.file_aes_bits = most);
        self.covered = self.longest_split();
        self
    }

    /// The most of the content that keys of one size take.
    fn longest_split(&self) -> usize {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        self.keys.iter().for_each(|key| *counts.entry(key.bytes.len()).or_default() += 1);
        counts.into_iter().map(|(size, count)| size * count).max().unwrap_or(0)
    }
}

/// How many bytes go before the secrets, and what those are, with their lengths, in order. `length` is that of the key.
fn secret_parts(draft: &Draft, key: &TicketKey, length: usize) -> (usize, Vec<(&'static str, usize)>) {
    if draft.is_seed {
        return (0, vec![("key", length)]);
    }
    if key.scheme().derives() {
        return (0, vec![("master key", length)]);
    }
    let layout = key.layout();
    let Layout { order, aes, hmac } = layout;
    let secrets = match order {
        Order::NameHmacAes => vec![("HMAC key", hmac), ("AES key", aes)],
        Order::NameAesHmac | Order::AesHmac => vec![("AES key", aes), ("HMAC key", hmac)],
        // what stands beside the key is not a secret by itself
        Order::NonceKey => vec![("nonce", hmac), ("key", aes)],
        Order::KeyData => vec![("key", aes), ("data", hmac)],
        Order::NameKey | Order::ShortNameKey | Order::Key | Order::Secret => vec![("key", aes)],
    };
    (layout.size() - aes - hmac, secrets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing;

    #[test]
    fn one_key_in_two_orders_is_one_key() {
        let set = testing::key_set(&[("a.key", include_bytes!("../../../testdata/nginx80_tls12/ticket.key"))]);
        let keys: Vec<&KeyFacts> = set.keys().collect();
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].aes_bits, keys[0].role), (256, Role::Active));
        let labels: Vec<&str> = keys[0].secrets().map(|(label, _)| label).collect();
        assert_eq!(labels, ["AES or HMAC key"; 2]);
        assert_eq!(set.files()[0].covered, 80);
        assert!(set.active().unwrap().certain);
    }

    #[test]
    fn debug_shows_no_secret() {
        let set = testing::key_set(&[("a.key", &[0xab; 80])]);
        let shown = format!("{set:?}");
        assert!(!shown.contains("171") && !shown.contains(&"ab".repeat(17)), "{shown}");
    }
}
