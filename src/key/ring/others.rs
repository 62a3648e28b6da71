//! The keys that libraries without key files would make of the bytes that were given: tried where no other key fits, and
//! counted for nothing until a ticket has proved them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::key::file::KeyFileError;
use crate::key::format::KeyBytes;
use crate::key::scheme::Derivation;
use crate::key::{Origin, TicketKey, Verified};
use crate::ticket::Shape;

/// All of them. They are set up when the first ticket comes that no other key has sealed: most runs need none.
#[derive(Debug, Default)]
pub(super) struct Others {
    waiting: Vec<Waiting>,
    ready: OnceLock<Vec<Option<TicketKey>>>,
    doubts: Vec<Doubt>,
    /// How many secrets of Knot Resolver are among them.
    secrets: usize,
}

/// Secrets for which every epoch is looked at, which takes a moment for each; for more, only those around the clock.
const MAX_SECRETS: usize = 2;

/// One that is not set up.
struct Waiting {
    key: KeyBytes,
    origin: Origin,
    now: Option<i64>,
    /// Whether the file is one of keys that tickets of OpenSSL's shape name: such tickets are then not looked at.
    has_names: bool,
    /// Number of the doubtful file that it is from.
    doubt: Option<usize>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A file that no server takes.
#[derive(Debug)]
struct Doubt {
    path: Arc<str>,
    error: KeyFileError,
    /// Whether there was a ticket that a key in it may have sealed.
    met: AtomicBool,
}

impl Others {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a file that no server takes, and gives its number.
    pub(super) fn doubt(&mut self, path: Arc<str>, error: KeyFileError) -> usize {
        self.doubts.push(Doubt { path, error, met: AtomicBool::new(false) });
        self.doubts.len() - 1
    }

    pub(super) fn add(
        &mut self,
        mut key: KeyBytes,
        origin: Origin,
        now: Option<i64>,
        has_names: bool,
        doubt: Option<usize>,
    ) {
        if key.scheme.derivation == Derivation::Epochs {
            self.secrets += 1;
            if self.secrets > MAX_SECRETS {
                key.scheme.derivation = Derivation::NearEpochs;
            }
        }
        self.waiting.push(Waiting { key, origin, now, has_names, doubt });
    }

    /// The files that no server takes and no ticket speaks for.
    pub(super) fn doubts(&self) -> impl Iterator<Item = (&str, &KeyFileError)> {
        let unmet = self.doubts.iter().filter(|doubt| !doubt.met.load(Ordering::Relaxed));
        unmet.map(|doubt| (&*doubt.path, &doubt.error))
    }

    /// The first key that proves a ticket.
    #[cold]
    pub(super) fn prove<'k, 't>(&'k self, ticket: &'t [u8]) -> Option<Verified<'k, 't>> {
        if self.waiting.is_empty() {
            return None;
        }
        let shape = Shape::of(ticket);
        let set_up = |waiting: &Waiting| TicketKey::new(&waiting.key, waiting.origin.clone(), waiting.now);
        let ready = self.ready.get_or_init(|| self.waiting.iter().map(set_up).collect());
        let keys = self.waiting.iter().zip(ready).filter_map(|(waiting, key)| Some((waiting, key.as_ref()?)));
        let fitting = keys.filter(|(waiting, key)| {
            let names = || key.named_readings(ticket).next().is_some();
            !(waiting.has_names && shape == Shape::OpenSsl) || names()
        });
        let mut proved = None;
        for (waiting, key) in fitting {
            if let Some(doubt) = waiting.doubt.and_then(|number| self.doubts.get(number)) {
                if !doubt.met.load(Ordering::Relaxed) && key.may_have_shape(ticket, shape) {
                    doubt.met.store(true, Ordering::Relaxed);
                }
            }
            proved = key.verify(ticket).ok();
            if proved.is_some() {
                break;
            }
        }
        proved
    }
}
