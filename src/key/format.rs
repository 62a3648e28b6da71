//! What a key file format is: how a file is read, which files the format claims, and which key seals.

use std::fmt;

use zeroize::Zeroizing;

use super::file::KeyFileError;
use super::layout::Layout;
use super::scheme::Scheme;
use super::{Role, TicketKey, Unwritable};

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

    /// What the server does with a key that stands there; [`Role::Unknown`] where that does not tell.
    fn role(&self, place: Position) -> Role;
}

/// When a key is used, as far as its file says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validity {
    /// First second, since 1970.
    pub not_before: Option<i64>,
    /// Last second, since 1970.
    pub not_after: Option<i64>,
}

impl Validity {
    /// Whether `now` is inside.
    #[must_use]
    pub fn contains(&self, now: i64) -> bool {
        self.not_before.is_none_or(|first| first <= now) && self.not_after.is_none_or(|last| now <= last)
    }
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
    /// What the server makes of them.
    pub scheme: Scheme,
    /// When the key is used.
    pub validity: Validity,
    /// What the bytes were derived from, where the file holds something else; wiped on drop.
    pub seed: Option<Zeroizing<Vec<u8>>>,
    /// Whether what stands in the place of a name may be part of a secret: the file can be cut into keys in another way.
    pub name_is_doubtful: bool,
}

impl fmt::Debug for KeyBytes {
    /// What kind of key it is; nothing of its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBytes({}, {:?})", self.layout, self.scheme)
    }
}

impl KeyBytes {
    /// A key of the most common scheme, OpenSSL's.
    #[must_use]
    pub fn new(index: usize, bytes: &[u8], layout: Layout) -> Self {
        Self {
            index,
            bytes: Zeroizing::new(bytes.to_vec()),
            layout,
            scheme: Scheme::OPENSSL,
            validity: Validity::default(),
            seed: None,
            name_is_doubtful: false,
        }
    }

    /// The same key in another scheme.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// The key set up for use.
    pub(super) fn into_key(self, origin: super::Origin, now: Option<i64>) -> Option<TicketKey> {
        TicketKey::new(&self, origin, now)
    }
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
    /// Of the keys of the file that are valid now, whether this one became valid last; `None` where that is not known.
    pub newest: Option<bool>,
}
