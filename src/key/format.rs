//! What a key file format is: how a file is read, which files the format claims, and which key seals.

use zeroize::Zeroizing;

pub use super::bytes::{KeyBytes, Validity};
use super::file::KeyFileError;
use super::layout::Layout;
use super::origin::Role;
use super::unwritable::Unwritable;

/// How one server keeps its ticket keys.
pub trait KeyFormat: Sync {
    /// The name as an option value and in records.
    fn name(&self) -> &'static str;

    /// What the server calls the file, in a few words.
    fn about(&self) -> &'static str;

    /// The content it takes, to complete "the file must be …".
    fn takes(&self) -> &'static str;

    /// The layouts of its keys, of those that bare bytes can have.
    fn layouts(&self) -> &'static [Layout] {
        &[]
    }

    /// Whether the file is text; such a format goes before those that take any bytes of the right number.
    fn is_text(&self) -> bool {
        false
    }

    /// Reads a file by the server's own rule.
    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError>;

    /// Whether a file looks like this server's when nobody said whose it is.
    fn claims(&self, file: &[u8]) -> bool {
        self.read(file).is_ok()
    }

    /// Whether a text file is this server's beyond doubt, even if there is a mistake in it: the mistake is then what
    /// the user is told of.
    fn recognises(&self, _file: &[u8]) -> bool {
        false
    }

    /// Writes a file with keys, the one that is to encrypt new tickets first: it comes to where the server looks for it.
    /// What the server could not use is an error that says why.
    fn write(&self, _keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        Err(Unwritable::NoWriter)
    }

    /// Whether it is the key of a library that no server keeps in a file. If nobody named the format, such a key counts only
    /// once a ticket has proved it.
    fn is_bare(&self) -> bool {
        false
    }

    /// What other libraries behind the same server make of the file: such keys count only once a ticket has proved them.
    fn other_keys(&self, _file: &[u8]) -> Vec<KeyBytes> {
        Vec::new()
    }

    /// What the server does with a key that stands there; [`Role::Unknown`] if that does not tell.
    fn role(&self, place: Position) -> Role;
}

/// Where a key stands among all that were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// n-th file, from 0.
    pub file: usize,
    /// Number of files; of a format that nothing else can be meant by, number of its files.
    pub files: usize,
    /// n-th key of the file, from 0.
    pub key: usize,
    /// Number of keys in the file.
    pub keys: usize,
    /// Of the keys of the file that are valid now, whether this one became valid last; `None` if that is not known.
    pub newest: Option<bool>,
}
