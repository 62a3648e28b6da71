//! The keys that were given, to know them again where tickets should be.

use std::collections::HashSet;
use std::fs::Metadata;

use sha2::{Digest as _, Sha256};
use tktdump::key::file::{self, MAX_FILE_LENGTH};

use super::Identity;

/// The key files of a run: which files they are, and a hash of what is in them, however it was written.
#[derive(Debug, Default)]
pub(in crate::command) struct Given {
    files: HashSet<Identity>,
    contents: HashSet<[u8; 32]>,
    /// Bytes of the longest content.
    longest: usize,
}

impl Given {
    /// Takes note of a key file.
    pub(in crate::command) fn add(&mut self, content: &[u8], identity: Option<Identity>) {
        self.files.extend(identity);
        self.longest = self.longest.max(content.len());
        self.contents.extend(hashes(content, content.len()));
    }

    /// Whether an input is the file of a key.
    pub(super) fn is_file(&self, metadata: &Metadata) -> bool {
        Identity::of(metadata).is_some_and(|identity| self.files.contains(&identity))
    }

    /// Whether an input is a copy of a key file, written in the same way or in another one.
    pub(super) fn is_copy(&self, input: &[u8]) -> bool {
        let may_be = !self.contents.is_empty() && input.len() <= MAX_FILE_LENGTH;
        may_be && hashes(input, self.longest).any(|hash| self.contents.contains(&hash))
    }
}

/// Hashes of what a file holds, as far as it has no more than `longest` bytes.
fn hashes(content: &[u8], longest: usize) -> impl Iterator<Item = [u8; 32]> {
    file::contents(content, longest)
        .into_iter()
        .filter(|content| !content.is_empty())
        .map(|it| Sha256::digest(&it).into())
}
