//! The key files of servers: one module a server, all registered in [`FORMATS`].
//!
//! A new format is one new file beside the others and one line in [`FORMATS`]: it says how it reads a file, which
//! files it takes for its own, and which of its keys seals. Everything else (the command's option, recognition,
//! roles, the names in records) follows from the table.

mod apache;
mod ats;
mod dnsdist;
mod envoy;
mod haproxy;
mod nginx;
mod node;
mod openssl;
mod pem;
mod raw;
mod unbound;

use zeroize::Zeroizing;

use super::file::KeyFileError;
use super::layout::Layout;
use super::{Role, TicketKey};

/// Every format, in the order in which records name those that share a layout.
pub static FORMATS: &[&dyn KeyFormat] = &[
    &nginx::FORMAT,
    &apache::FORMAT,
    &haproxy::Haproxy,
    &ats::FORMAT,
    &envoy::FORMAT,
    &unbound::FORMAT,
    &dnsdist::FORMAT,
    &node::FORMAT,
    &openssl::FORMAT,
    &pem::Pem,
];

/// The format with that option name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn KeyFormat> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// How one server keeps its ticket keys.
pub trait KeyFormat: Sync {
    /// The name as an option value and in records.
    fn name(&self) -> &'static str;

    /// What the server calls the file, in a few words.
    fn about(&self) -> &'static str;

    /// The content it takes, to complete "the file must be …".
    fn takes(&self) -> &'static str;

    /// The layouts of its keys.
    fn layouts(&self) -> &'static [Layout];

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

    /// What the server does with a key that stands there; [`Role::Unknown`] where that does not tell.
    fn role(&self, place: Place) -> Role;
}

/// One key of a file, before it is set up for use.
#[derive(Clone)]
pub struct KeyBytes {
    /// n-th key of the file, from 0; several readings of the same bytes share it.
    pub index: usize,
    /// Name and secrets, in the order of `layout`; wiped on drop.
    pub bytes: Zeroizing<Vec<u8>>,
    /// How they are divided.
    pub layout: Layout,
}

impl KeyBytes {
    pub(super) fn new(index: usize, bytes: &[u8], layout: Layout) -> Self {
        Self { index, bytes: Zeroizing::new(bytes.to_vec()), layout }
    }

    /// The key set up for use.
    pub(super) fn into_key(self, origin: super::Origin) -> Option<TicketKey> {
        TicketKey::new(&self.bytes, self.layout, origin)
    }
}

/// Where a key stands among all that were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// n-th file, from 0.
    pub file: usize,
    /// Number of files.
    pub files: usize,
    /// n-th key of the file, from 0.
    pub key: usize,
    /// Number of keys in the file.
    pub keys: usize,
}
