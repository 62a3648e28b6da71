//! The keys that libraries without key files would make of the bytes that were given: tried if no other key fits, and
//! counted for nothing until a ticket has proved them.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use super::place::{Place, newest};
use crate::key::file::{KeyFileError, Reading, bare_keys};
use crate::key::format::KeyBytes;
use crate::key::scheme::Derivation;
use crate::key::{KeyName, TicketKey, Verified, seals};
use crate::ticket::{NAME_LENGTH, Shape, leading_name};

/// Files whose keys are kept when they are set up, for the next ticket: each takes some kilobytes. Those of further files
/// are made anew for each ticket that no other key has sealed.
const MAX_READY: usize = 256;

/// Secrets for which every epoch is looked at, which takes a moment for each; for more, only those around the clock.
const MAX_SECRETS: usize = 2;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Others {
    files: Vec<File>,
    hasher: RandomState,
    /// The first file whose bytes begin in each way, by a hash of the beginning: set up when a ticket asks for it.
    beginnings: OnceLock<HashMap<u64, usize>>,
}

/// A file, whose keys are set up when the first ticket comes that no other key has sealed: most runs need none.
pub(super) struct File {
    pub(super) place: Place,
    /// The keys of other libraries behind the same server.
    pub(super) readings: Vec<Reading>,
    /// What a library that knows no key file may have been given.
    pub(super) bare: Option<Zeroizing<Vec<u8>>>,
    /// Whether the file is one of keys that tickets of OpenSSL's shape name: such tickets are then not looked at.
    pub(super) has_names: bool,
    /// Why no server takes the file.
    pub(super) doubt: Option<Box<Doubt>>,
    pub(super) ready: OnceLock<Vec<TicketKey>>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.place.path).finish_non_exhaustive()
    }
}

/// A file that no server takes.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) error: KeyFileError,
    /// Whether there was a ticket that a key in it may have sealed.
    met: AtomicBool,
    /// Whether there was a ticket that begins as the file does.
    named: AtomicBool,
}

impl Doubt {
    pub(super) fn new(error: KeyFileError) -> Self {
        Self { error, met: AtomicBool::new(false), named: AtomicBool::new(false) }
    }
}

impl Others {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn add(&mut self, file: File) {
        if !file.readings.is_empty() || file.bare.is_some() {
            self.files.push(file);
        }
    }

    /// The files that no server takes and no ticket speaks for, and whether a ticket began as the file does.
    pub(super) fn doubts(&self) -> impl Iterator<Item = (&str, &KeyFileError, bool)> {
        let doubts = self.files.iter().filter_map(|file| Some((&*file.place.path, file.doubt.as_ref()?)));
        doubts
            .filter(|(_, doubt)| !doubt.met.load(Ordering::Relaxed))
            .map(|(path, doubt)| (path, &doubt.error, doubt.named.load(Ordering::Relaxed)))
    }

    /// The file that begins with the name of a key, and how many bytes it has.
    #[cold]
    pub(super) fn beginning_with(&self, name: KeyName) -> Option<(&str, usize)> {
        let beginning = |file: &File| file.bare.as_ref().and_then(|bytes| bytes.first_chunk::<NAME_LENGTH>()).copied();
        let beginnings = self.beginnings.get_or_init(|| {
            let hashed = |(number, file)| Some((self.hasher.hash_one(&beginning(file)?[..]), number));
            self.files.iter().enumerate().rev().filter_map(hashed).collect()
        });
        let file = self.files.get(*beginnings.get(&self.hasher.hash_one(name.as_bytes()))?)?;
        let is_it = beginning(file).is_some_and(|bytes| bytes == name.as_bytes());
        if let Some(doubt) = file.doubt.as_ref().filter(|_| is_it) {
            doubt.named.store(true, Ordering::Relaxed);
        }
        file.bare.as_ref().filter(|_| is_it).map(|bytes| (&*file.place.path, bytes.len()))
    }

    /// The first key that proves a ticket.
    #[cold]
    pub(super) fn prove<'k, 't>(&'k self, ticket: &'t [u8]) -> Option<Verified<'k, 't>> {
        let shape = Shape::of(ticket);
        self.files.iter().enumerate().find_map(|(number, file)| file.prove(number, ticket, shape))
    }
}

impl File {
    fn prove<'k, 't>(&'k self, number: usize, ticket: &'t [u8], shape: Shape) -> Option<Verified<'k, 't>> {
        if number >= MAX_READY && self.doubt.is_none() && self.ready.get().is_none() {
            let may_prove_it = |reading: &Reading| {
                if reading.key.scheme.derives() {
                    // to find out takes a search
                    shape == Shape::GnuTls
                } else {
                    self.may_fit(&reading.key, ticket, shape) && may_prove(&reading.key, ticket)
                }
            };
            let bare = self.keys(number);
            if !self.readings.iter().chain(&bare).any(may_prove_it) {
                return None;
            }
        }
        let ready = self.ready.get_or_init(|| self.set_up(number));
        ready.iter().find_map(|key| {
            let names = || key.named_readings(ticket).next().is_some();
            if self.has_names && shape == Shape::OpenSsl && !names() {
                return None;
            }
            if let Some(doubt) = &self.doubt {
                if !doubt.met.load(Ordering::Relaxed) && key.may_have_shape(ticket, shape) {
                    doubt.met.store(true, Ordering::Relaxed);
                }
            }
            key.verify(ticket).ok()
        })
    }

    /// Whether the ticket may be one of the key, or the file is of no keys that it would name.
    fn may_fit(&self, key: &KeyBytes, ticket: &[u8], shape: Shape) -> bool {
        let name = || key.layout.divide(&key.bytes).and_then(|parts| parts.name);
        let is_named = || name().is_some_and(|name| ticket.starts_with(name));
        !self.has_names || shape != Shape::OpenSsl || (leading_name(ticket).is_some() && is_named())
    }

    /// The keys that the file may hold.
    fn keys(&self, number: usize) -> Vec<Reading> {
        let mut keys: Vec<Reading> = self.bare.as_ref().map(|bytes| bare_keys(bytes)).unwrap_or_default();
        // a file before this one has a secret at least
        let mut secrets = number;
        for reading in keys.iter_mut().filter(|reading| reading.key.scheme.derivation == Derivation::Epochs) {
            secrets += 1;
            if secrets > MAX_SECRETS {
                reading.key.scheme.derivation = Derivation::NearEpochs;
            }
        }
        keys
    }

    fn set_up(&self, number: usize) -> Vec<TicketKey> {
        let bare = self.keys(number);
        let newest = newest(self.readings.iter().chain(&bare), self.place.now);
        let all = self.readings.iter().chain(&bare);
        let mut format = None;
        all.filter_map(|reading| {
            let origin = self.place.origin(reading, newest, &mut format);
            TicketKey::new(&reading.key, origin, self.place.now)
        })
        .collect()
    }
}

/// Whether a key has sealed a ticket, without setting it up for others.
fn may_prove(key: &KeyBytes, ticket: &[u8]) -> bool {
    let parts = key.layout.divide(&key.bytes);
    parts.is_some_and(|parts| seals(&key.scheme, parts.aes, parts.hmac, ticket))
}
