//! What files hold if they are not read by the format that was named: only to say so of a ticket that nothing opened.

use std::fmt;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::KeyRing;
use crate::key::TicketKey;
use crate::key::file::read_auto;
use crate::ticket;

/// The files, and the keys that they hold by their content, which are set up when the first ticket asks for them.
#[derive(Default)]
pub(super) struct Otherwise {
    files: Vec<(Arc<str>, Zeroizing<Vec<u8>>)>,
    now: Option<i64>,
    ring: OnceLock<Box<KeyRing>>,
}

impl fmt::Debug for Otherwise {
    /// How many files there are; nothing of their bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otherwise").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl Otherwise {
    pub(super) fn add(&mut self, path: Arc<str>, content: Zeroizing<Vec<u8>>, now: Option<i64>) {
        self.files.push((path, content));
        self.now = now;
    }

    /// The first key that proves a ticket.
    #[cold]
    pub(super) fn prove(&self, ticket: &[u8]) -> Option<&TicketKey> {
        let name = ticket::leading_name(ticket).filter(|_| !self.files.is_empty())?;
        let ring = self.ring.get_or_init(|| {
            let read =
                |(path, content): &(Arc<str>, Zeroizing<Vec<u8>>)| Some((Arc::clone(path), read_auto(content).ok()?));
            Box::new(KeyRing::with_clock(self.files.iter().filter_map(read).collect(), self.now))
        });
        let proves = ring.candidates(name).find(|key| key.verify(ticket).is_ok());
        proves.or_else(|| ring.prove(ticket).map(|verified| verified.key()))
    }
}
