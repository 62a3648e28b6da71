//! A text that is being written, before it goes to a page.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroize as _;

/// A text that may hold secrets: what was written is wiped when it goes. The room that was never written to need not be.
pub(super) struct Draft(String);

impl Draft {
    /// What nearly every record fits in, in bytes: text that grows leaves copies of itself behind.
    const ROOM: usize = 1 << 13;

    /// An empty text.
    pub(super) fn new() -> Self {
        Self(String::with_capacity(Self::ROOM))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_bytes().as_mut_slice().zeroize();
    }
}

impl Deref for Draft {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut String {
        &mut self.0
    }
}
