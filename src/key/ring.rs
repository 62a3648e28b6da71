//! The keys of a server, in its order, found by name.

mod others;
mod otherwise;
mod place;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr;
use std::sync::{Arc, OnceLock};

use self::others::Others;
use self::otherwise::Otherwise;
use self::place::{Place, newest};
use super::file::KeyFile;
use super::format::KeyBytes;
use super::formats::go_key;
use super::layout::{Layout, Order};
use super::scheme::{Derivation, Mode, Protection};
use super::{KeyFileError, KeyName, Origin, Role, Scheme, TicketKey, Verified, weak};
use crate::ticket::leading_name;

/// Where the built-in keys say they come from.
pub const BUILT_IN: &str = "(built-in)";

/// All keys given, in the server's order.
///
/// A ticket names its key, so the number of keys does not slow the search; keys without a name, and those whose tickets
/// bear none or a derived one, are all tried.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<TicketKey>,
    by_name: HashMap<KeyName, Vec<usize>, BuildHasherDefault<NameHash>>,
    public_names: usize,
    tried: Vec<usize>,
    any_length: bool,
    /// Of built-in keys: further keys with the same MAC key.
    siblings: Vec<OnceLock<Vec<TicketKey>>>,
    others: Others,
    otherwise: Otherwise<Self>,
    /// The clock that it was made with, seconds since 1970.
    now: Option<i64>,
}

/// Hashes a key name, which is random, by a multiplication of its halves: the table holds only names of our own keys,
/// so that nobody on the network can fill it with names that collide.
#[derive(Debug, Clone, Copy, Default)]
struct NameHash(u64);

impl Hasher for NameHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut number = [0; 8];
            number.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            // an odd number with its bits well spread (2^64 over the golden ratio)
            let mixed = (self.0 ^ u64::from_le_bytes(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ mixed >> 32;
        }
    }

    // the length of an array, which is always the same
    fn write_usize(&mut self, _: usize) {}
}

impl KeyRing {
    /// Sets up the keys of `files`, each with the path it was read from.
    #[must_use]
    pub fn new(files: Vec<(Arc<str>, KeyFile)>) -> Self {
        Self::with_clock(files, None)
    }

    /// A ring as [`new`](Self::new) makes it, with the time (seconds since 1970) that keys with validity times are judged by, and at which keys that
    /// are derived from the time are looked for first.
    #[must_use]
    pub fn with_clock(files: Vec<(Arc<str>, KeyFile)>, now: Option<i64>) -> Self {
        Self::taking(files, now, &mut |_, _| ())
    }

    /// A ring as [`with_clock`](Self::with_clock) makes it. What each of its keys was made of is handed on in order, with the
    /// number of its file.
    pub(crate) fn taking(
        files: Vec<(Arc<str>, KeyFile)>,
        now: Option<i64>,
        taken: &mut dyn FnMut(usize, KeyBytes),
    ) -> Self {
        let mut ring = Self { now, ..Self::default() };
        let count = files.len();
        // a vector that grows leaves holes behind, which is felt with a hundred thousand readings
        ring.keys.reserve_exact(files.iter().map(|(_, file)| file.readings.len()).sum());
        let with_format = files_with_format(&files);
        let with_format = Arc::new(with_format);
        for (number, (path, file)) in files.into_iter().enumerate() {
            let KeyFile { mut readings, others, bare, position, doubt, named, .. } = file;
            if let Some(content) = named {
                ring.otherwise.add(Arc::clone(&path), content);
            }
            let has_names = readings.iter().any(|reading| is_named_cbc(&reading.key));
            let place = Place { path, number, position, count, with_format: Arc::clone(&with_format), now };
            let newest = newest(&readings, now);
            let mut format = None;
            // what has become a key gives its memory back: a file may have thousands
            readings.reverse();
            while let Some(reading) = readings.pop() {
                if readings.len() % 4096 == 0 {
                    readings.shrink_to_fit();
                }
                let origin = place.origin(&reading, newest, &mut format);
                let key = TicketKey::new(&reading.key, origin, now);
                if key.is_some() {
                    taken(number, reading.key);
                }
                ring.extend(key);
            }
            let doubt = doubt.map(|error| Box::new(others::Doubt::new(error)));
            ring.others.add(others::File { place, readings: others, bare, has_names, doubt, ready: OnceLock::new() });
        }
        ring.put_sealing_keys_first();
        ring
    }

    /// The keys that anybody can guess, under any name: what is tried on tickets when no key was given.
    ///
    /// There is one for each MAC key of the [list](super::weak); if it verifies, every AES key of the list is tried.
    /// Behind them stand `GnuTLS`'s master key of 64 zero bytes, as its tickets were sealed with it itself
    /// (CVE-2020-13777) and as keys are derived from it, and what Go makes of the 32-byte keys of the list.
    #[must_use]
    pub fn built_in() -> Self {
        let mut ring = Self::default();
        for (index, mac) in weak::mac_keys().iter().enumerate() {
            ring.extend(built_in_key(index, mac, mac));
            ring.siblings.push(OnceLock::new());
        }
        let zeros = vec![0; Layout::GNUTLS.size()];
        for derivation in [Derivation::None, Derivation::Slots] {
            let master = |index| KeyBytes::new(index, &zeros, Layout::GNUTLS);
            ring.add_built_in(|index| master(index).with_scheme(Scheme { derivation, ..Scheme::GNUTLS }));
        }
        for seed in weak::seeds() {
            ring.add_built_in(|index| go_key(index, &seed));
        }
        ring
    }

    /// Adds a key behind the built-in list; `key` makes it with its number.
    fn add_built_in(&mut self, key: impl FnOnce(usize) -> KeyBytes) {
        let index = self.keys.len();
        self.extend(TicketKey::new(&key(index), built_in_origin(index), None));
    }

    /// The keys of the built-in list with the same MAC key and another AES key: they are set up when that MAC key has
    /// verified a ticket. A key that was given has none.
    pub(crate) fn siblings(&self, key: &TicketKey) -> &[TicketKey] {
        let index = key.origin().index;
        let Some(siblings) = self.siblings.get(index) else { return &[] };
        siblings.get_or_init(|| {
            let Some(mac) = weak::mac_keys().into_iter().nth(index) else { return Vec::new() };
            weak::secrets().filter_map(|aes| built_in_key(index, &aes, &mac)).collect()
        })
    }

    /// A key that stands in a file several times is the one that seals, if it seals in one of its places.
    fn put_sealing_keys_first(&mut self) {
        let keys = &self.keys;
        let seals = |key: &usize| keys.get(*key).is_some_and(|key| key.origin().role == Role::Active);
        for same_name in self.by_name.values_mut() {
            same_name.sort_by_key(|key| !seals(key));
        }
    }

    fn extend(&mut self, key: Option<TicketKey>) {
        let Some(key) = key else { return };
        if let Some(name) = key.direct_name() {
            let same_name = self.by_name.entry(name).or_default();
            self.public_names += usize::from(same_name.is_empty() && key.name().is_some());
            same_name.push(self.keys.len());
        }
        let scheme = key.scheme();
        if key.direct_name().is_none() || scheme.derives() || scheme.has_nameless() {
            self.tried.push(self.keys.len());
        }
        self.any_length |= matches!(scheme.protection, Protection::Mac { mode: Mode::Ctr, .. } | Protection::Aead(_));
        self.keys.push(key);
    }

    /// Whether no key was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.others.is_empty()
    }

    /// The key of another library that proves a ticket, among those that the bytes of the files may also be. They are no
    /// part of [`keys`](Self::keys): nothing but such a proof shows that they are keys.
    #[must_use]
    pub fn prove<'k, 't>(&'k self, ticket: &'t [u8]) -> Option<Verified<'k, 't>> {
        self.others.prove(ticket)
    }

    /// The file that begins with the name of a key and holds no key of that name, and how many bytes it has: what is left
    /// of a key file that was cut. Files of which no bytes can be a key by themselves are not looked at.
    #[must_use]
    pub fn cut_file(&self, name: KeyName) -> Option<(&str, usize)> {
        let holds_it = self.candidates(name).any(|key| key.direct_name() == Some(name) && !key.scheme().derives());
        if holds_it { None } else { self.others.beginning_with(name) }
    }

    /// The key that would prove a ticket if the files were read by their content and not by the format that was named.
    #[must_use]
    pub fn prove_otherwise(&self, ticket: &[u8]) -> Option<&TicketKey> {
        let name = leading_name(ticket)?;
        let ring = self.otherwise.ring(|files| Self::with_clock(files, self.now))?;
        let proves = ring.candidates(name).find(|key| key.verify(ticket).is_ok());
        proves.or_else(|| ring.prove(ticket).map(|verified| verified.key()))
    }

    /// The files that no server takes, and of which no ticket was seen that they could be the key of: path, error, and
    /// whether a ticket began as the file does, which is then the rest of a key file that was cut.
    pub fn doubts(&self) -> impl Iterator<Item = (&str, &KeyFileError, bool)> {
        self.others.doubts()
    }

    /// Whether a key is among them whose tickets can have any length, not only whole blocks.
    #[must_use]
    pub fn takes_any_length(&self) -> bool {
        self.any_length
    }

    /// Every key, in order; several readings of the same bytes follow each other.
    #[must_use]
    pub fn keys(&self) -> &[TicketKey] {
        &self.keys
    }

    /// The distinct key names, in order of first appearance.
    pub fn names(&self) -> impl Iterator<Item = KeyName> {
        let first = |index: usize, name| self.by_name.get(&name).and_then(|all| all.first()) == Some(&index);
        self.keys.iter().enumerate().filter_map(move |(index, key)| key.name().filter(|name| first(index, *name)))
    }

    /// The number of a key in [`keys`](Self::keys); `None` for a key of another ring.
    pub(crate) fn number(&self, key: &TicketKey) -> Option<usize> {
        let offset = ptr::from_ref(key).addr().checked_sub(self.keys.as_ptr().addr())?;
        let number = offset / size_of::<TicketKey>();
        self.keys.get(number).filter(|own| ptr::eq(*own, key)).map(|_| number)
    }

    /// How many distinct key names there are.
    #[must_use]
    pub fn name_count(&self) -> usize {
        self.public_names
    }

    /// Whether tickets of one of the keys begin with that name.
    #[must_use]
    pub fn has_name(&self, name: KeyName) -> bool {
        self.by_name.contains_key(&name)
    }

    /// The keys a ticket that begins with that name may have been sealed with: those of the name, then those that are
    /// tried on every ticket.
    pub fn candidates(&self, name: KeyName) -> impl Iterator<Item = &TicketKey> {
        let named = self.by_name.get(&name).map(Vec::as_slice).unwrap_or_default();
        let others = self.tried.iter().filter_map(|&index| self.keys.get(index));
        let others = others.filter(move |key| key.direct_name() != Some(name));
        named.iter().filter_map(|&index| self.keys.get(index)).chain(others)
    }
}

/// Whether tickets under the key have OpenSSL's shape and name it.
fn is_named_cbc(key: &KeyBytes) -> bool {
    matches!(key.scheme.protection, Protection::Mac { mode: Mode::Cbc, .. }) && key.layout.order != Order::AesHmac
}

/// In how many files each format has a reading.
fn files_with_format(files: &[(Arc<str>, KeyFile)]) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for (_, file) in files {
        let formats = file.readings.iter().flat_map(|reading| &reading.formats);
        let names: HashSet<&str> = formats.map(|format| format.name()).collect();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

fn built_in_key(index: usize, aes: &[u8], mac: &[u8]) -> Option<TicketKey> {
    let layout = Layout { order: Order::AesHmac, aes: aes.len(), hmac: mac.len() };
    TicketKey::new(&KeyBytes::new(index, &[aes, mac].concat(), layout), built_in_origin(index), None)
}

fn built_in_origin(index: usize) -> Origin {
    Origin { file: BUILT_IN.into(), index, role: Role::Unknown, format: "".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::file::read_auto;

    fn ring(files: &[&[u8]]) -> KeyRing {
        KeyRing::new(files.iter().map(|file| (Arc::from("a.key"), read_auto(file).unwrap())).collect())
    }

    fn roles(ring: &KeyRing) -> Vec<(String, Role)> {
        ring.keys().iter().map(|key| (key.origin().format.to_string(), key.origin().role)).collect()
    }

    #[test]
    fn a_single_key_is_the_active_one() {
        assert!(roles(&ring(&[&[7; 48]])).iter().all(|(_, role)| *role == Role::Active));
        assert!(roles(&ring(&[&[7; 80]])).iter().all(|(_, role)| *role == Role::Active));
    }

    #[test]
    fn with_several_files_the_first_seals_where_servers_agree() {
        let roles = roles(&ring(&[&[7; 80], &[8; 80]]));
        let of = |format: &str| -> Vec<Role> {
            roles.iter().filter(|(formats, _)| formats.starts_with(format)).map(|(_, role)| *role).collect()
        };
        assert_eq!(of("nginx"), [Role::Active, Role::Inactive]);
        assert_eq!(of("unbound"), [Role::Active, Role::Inactive]);
    }

    #[test]
    fn the_last_block_of_dnsdist_seals_and_the_first_of_traffic_server() {
        let first_seals = ring(&[&[[7; 48], [8; 48]].concat()]);
        let ats: Vec<Role> =
            first_seals.keys().iter().filter(|key| &*key.origin().format == "ats").map(|k| k.origin().role).collect();
        assert_eq!(ats, [Role::Active, Role::Inactive]);
        let last_seals = ring(&[&[[7; 80], [8; 80]].concat()]);
        let dnsdist: Vec<Role> = last_seals
            .keys()
            .iter()
            .filter(|key| &*key.origin().format == "dnsdist")
            .map(|key| key.origin().role)
            .collect();
        assert_eq!(dnsdist, [Role::Inactive, Role::Active]);
    }

    /// The key stands in a file of dnsdist three times, of which the last place seals.
    #[test]
    fn of_keys_with_one_name_the_one_that_seals_is_tried_first() {
        let file = [[7; 80], [8; 80], [7; 80]].concat();
        let dnsdist = crate::key::formats::by_name("dnsdist").unwrap();
        let files = vec![(Arc::from("a.key"), crate::key::file::read_as(dnsdist, &file).unwrap())];
        let ring = KeyRing::new(files);
        assert_eq!(
            roles(&ring).into_iter().map(|(_, role)| role).collect::<Vec<_>>(),
            [Role::Inactive, Role::Inactive, Role::Active]
        );
        let first = |name: [u8; 16]| ring.candidates(name.into()).next().map(|key| key.origin().role);
        assert_eq!((first([7; 16]), first([8; 16])), (Some(Role::Active), Some(Role::Inactive)));
    }

    #[test]
    fn files_of_other_servers_do_not_matter() {
        let roles = roles(&ring(&[&[&[0; 4][..], &[7; 88]].concat(), &[3; 64], &[[7; 48], [8; 48]].concat()]));
        assert_eq!(roles[0], ("lighttpd".to_owned(), Role::Active));
        assert!(roles.contains(&("gnutls".to_owned(), Role::Active)));
        assert!(roles.contains(&("ats".to_owned(), Role::Inactive)));
        // a file of several keys is one server's
        assert!(roles.iter().all(|(format, role)| format != "go" || *role != Role::Unknown));
    }

    #[test]
    fn the_newest_valid_key_of_h2o_seals() {
        let entry = |name: u8, from: i64, to: i64| {
            let (name, key) = (hex::encode([name; 16]), hex::encode([name; 96]));
            format!(
                "- name: {name}\n  cipher: AES-256-CBC\n  hash: SHA256\n  key: {key}\n  not_before: {from}\n  not_after: {to}\n"
            )
        };
        let file = [entry(1, 100, 400), entry(2, 200, 500), entry(3, 300, 600)].concat();
        let roles = |now| {
            let files = vec![(Arc::from("h2o.yaml"), read_auto(file.as_bytes()).unwrap())];
            roles(&KeyRing::with_clock(files, now)).into_iter().map(|(_, role)| role).collect::<Vec<_>>()
        };
        let (active, inactive) = (Role::Active, Role::Inactive);
        assert_eq!(roles(Some(250)), [inactive, active, inactive]);
        assert_eq!(roles(Some(350)), [inactive, inactive, active]);
        assert_eq!(roles(None), [Role::Unknown; 3]);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", ring(&[&[0xab; 80]]));
        let secret = "abab".repeat(9);
        assert!(!shown.contains(&secret), "{shown}");
    }
}
