//! What is read of a key file.

use zeroize::Zeroizing;

use super::error::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat};

/// The longest key file that is read; servers' own are a few kilobytes.
pub const MAX_FILE_LENGTH: usize = 1 << 20;

/// The keys of one file.
#[derive(Default)]
pub struct KeyFile {
    /// Every reading of every key, in file order.
    pub readings: Vec<Reading>,
    /// What is unusual about the file, one sentence each.
    pub warnings: Vec<String>,
    /// Which file of its server it is, from 0, if a server's configuration told.
    pub position: Option<usize>,
    /// The keys that other libraries behind the same server make of the file. Each counts only once a ticket has proved
    /// it.
    pub others: Vec<Reading>,
    /// What a library that knows no key file may have been given: [`bare_keys`](super::bare_keys) are the keys that it
    /// makes of it. Each counts only once a ticket has proved it.
    pub bare: Option<Zeroizing<Vec<u8>>>,
    /// Why no server takes the file, if [`bare`](Self::bare) keys are all that it may hold.
    pub doubt: Option<KeyFileError>,
    /// All bytes of the file, if a format was named: a ticket may show that it is of another one.
    pub named: Option<Zeroizing<Vec<u8>>>,
}

/// One way to read one key. With `auto`, the same bytes have as many readings as there are layouts of their size, and
/// the MAC of a ticket decides.
pub struct Reading {
    /// The key.
    pub key: KeyBytes,
    /// The formats that read it so.
    pub formats: Vec<&'static dyn KeyFormat>,
    /// Whether the file is one that those servers would load; otherwise their formats lend the layout only.
    pub loadable: bool,
    /// Number of keys in the file, by this reading.
    pub keys: usize,
}
