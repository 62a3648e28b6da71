//! What files hold if they are not read by the format that was named: only to say so of a ticket that nothing opened.

use std::fmt;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::key::file::{KeyFile, read_auto};

/// The files, and the ring of the keys that they hold by their content, which is set up when the first ticket asks for it.
pub(super) struct Otherwise<R> {
    files: Vec<(Arc<str>, Zeroizing<Vec<u8>>)>,
    ring: OnceLock<Box<R>>,
}

impl<R> Default for Otherwise<R> {
    fn default() -> Self {
        Self { files: Vec::new(), ring: OnceLock::new() }
    }
}

impl<R> fmt::Debug for Otherwise<R> {
    /// How many files there are; nothing of their bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otherwise").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl<R> Otherwise<R> {
    pub(super) fn add(&mut self, path: Arc<str>, content: Zeroizing<Vec<u8>>) {
        self.files.push((path, content));
    }

    /// The ring that `set_up` makes of the files; `None` if there are none.
    pub(super) fn ring(&self, set_up: impl FnOnce(Vec<(Arc<str>, KeyFile)>) -> R) -> Option<&R> {
        let read =
            |(path, content): &(Arc<str>, Zeroizing<Vec<u8>>)| Some((Arc::clone(path), read_auto(content).ok()?));
        let ring = || Box::new(set_up(self.files.iter().filter_map(read).collect()));
        (!self.files.is_empty()).then(|| &**self.ring.get_or_init(ring))
    }
}
