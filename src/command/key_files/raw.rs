//! One file: read once, and made a key file of.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tktdump::escape::Text;
use tktdump::identify;
use tktdump::key::file::{self, Cause, KeyFile, KeyFileError, MAX_FILE_LENGTH};
use tktdump::key::format::KeyFormat;
use zeroize::Zeroizing;

use crate::command::failure::Failure;
use crate::command::source::{self, Identity};

/// A key file that was read, and what is unusual about it.
pub(in crate::command) struct Loaded {
    /// How it is named: the path, and behind `#` what stands in a document, if there is more than one.
    pub(in crate::command) path: Arc<str>,
    /// The file that it was read from; `None` for standard input.
    #[cfg_attr(not(feature = "audit"), allow(dead_code))]
    pub(in crate::command) on_disk: Option<PathBuf>,
    pub(in crate::command) length: usize,
    pub(in crate::command) content: Zeroizing<Vec<u8>>,
    /// Who may do what with it, on Unix; `None` for what is not a file.
    pub(in crate::command) mode: Option<u32>,
    /// Which file it is; `None` for what is not a file.
    pub(in crate::command) identity: Option<Identity>,
    pub(in crate::command) file: KeyFile,
}

/// Whether a file that no server takes may be the key of a library that takes bytes of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Unclaimed {
    /// It may: a ticket is to tell.
    Kept,
    /// It is an error.
    Refused,
}

/// A file before it is known what it is.
pub(in crate::command) struct Raw {
    pub(in crate::command) path: PathBuf,
    pub(in crate::command) name: Arc<str>,
    pub(in crate::command) content: Zeroizing<Vec<u8>>,
    metadata: Option<Metadata>,
}

/// How many bytes all key files of a run may have together: the keys in them take up to a hundred times as much memory.
const MAX_TOTAL: usize = 4 << 20;

/// Bytes of key files that may still be read.
static LEFT: AtomicUsize = AtomicUsize::new(MAX_TOTAL);

/// Why a file cannot be read. Who gives a key in place of a path does not see it again.
fn unread(path: &Path, error: io::Error) -> anyhow::Error {
    let is_key = |text: &str| {
        text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=:".contains(&byte))
    };
    // a path as long as a key has a name with a dot or a dash in it, or folders that are there
    let has_folder = path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && folder.is_dir());
    if has_folder || !path.to_str().is_some_and(is_key) {
        return anyhow::Error::new(error).context(source::shown(path));
    }
    let failure = Failure::new("--key and TKTDUMP_KEY take the path of a key file, and this looks like a key itself");
    failure.with_hint("write it to a file that only you can read, or to a pipe: --key <(...)").into()
}

impl Raw {
    /// Reads a file, once and as far as a key file can be long.
    pub(in crate::command) fn read(path: &Path) -> anyhow::Result<Self> {
        let (content, metadata) = read(path).map_err(|error| unread(path, error))?;
        let raw = Self { path: path.to_owned(), name: source::display(path), content, metadata };
        if raw.content.len() > MAX_FILE_LENGTH {
            let shown = source::shown(path);
            let (error, hint) = match identify::kind_of(&raw.content) {
                Some(kind) => (format!("{shown}: {kind}, and not a ticket key"), kind.hint_for_key()),
                None => (
                    format!("{shown}: the file is longer than {MAX_FILE_LENGTH} bytes"),
                    "a ticket key file has a few hundred bytes; is it another file?",
                ),
            };
            return Err(Failure::new(error).with_hint(hint).about_something_else().into());
        }
        Ok(raw)
    }

    /// The file with other content.
    pub(in crate::command) fn with(self, content: Zeroizing<Vec<u8>>) -> Self {
        Self { content, ..self }
    }

    /// Refuses what is certainly something else.
    pub(in crate::command) fn is_no_other_kind(&self) -> anyhow::Result<()> {
        let Some(kind) = identify::kind_of(&self.content) else { return Ok(()) };
        let error = format!("{}: {kind}, and not a ticket key", source::shown(&self.path));
        Err(Failure::new(error).with_hint(kind.hint_for_key()).about_something_else().into())
    }

    /// The file as a key file; `position` is its place among those of its server, if a configuration told.
    pub(in crate::command) fn into_key_file(
        self,
        format: Option<&'static dyn KeyFormat>,
        position: Option<usize>,
        unclaimed: Unclaimed,
    ) -> anyhow::Result<Loaded> {
        let (read, unclaimed) = match format {
            Some(format) => (file::read_as(format, &self.content), Unclaimed::Refused),
            None => (file::read_auto(&self.content), unclaimed),
        };
        self.made_of(read, position, unclaimed)
    }

    /// The file as the key file that it was `read` as.
    pub(in crate::command) fn made_of(
        self,
        read: Result<KeyFile, KeyFileError>,
        position: Option<usize>,
        unclaimed: Unclaimed,
    ) -> anyhow::Result<Loaded> {
        let read = read.or_else(|error| match unclaimed {
            Unclaimed::Kept => file::keep(&self.content, error),
            Unclaimed::Refused => Err(error),
        });
        let mut file = read.map_err(|error| refused(&source::shown(&self.path), &error))?;
        file.position = position;
        let content = self.content.clone();
        self.part(file, "", content)
    }

    /// What stands in the file, under a name of its own unless it is all that does.
    pub(in crate::command) fn part(
        &self,
        file: KeyFile,
        name: &str,
        content: Zeroizing<Vec<u8>>,
    ) -> anyhow::Result<Loaded> {
        let take = |left: usize| left.checked_sub(content.len());
        if LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            let shown = source::shown(&self.path);
            let error = format!("{shown}: the key files have more than {} MiB together", MAX_TOTAL >> 20);
            return Err(Failure::new(error).with_hint("give fewer of them at a time").into());
        }
        let on_disk = (!source::is_stdin(&self.path)).then(|| self.path.clone());
        let path = if name.is_empty() { Arc::clone(&self.name) } else { format!("{}#{name}", self.name).into() };
        let length = content.len();
        let mode = self.metadata.as_ref().and_then(mode);
        let identity = self.metadata.as_ref().and_then(Identity::of);
        Ok(Loaded { path, on_disk, length, content, mode, identity, file })
    }
}

/// A file that is not a key file, with what to do about it.
pub(in crate::command) fn refused(shown: &str, error: &KeyFileError) -> Failure {
    // a slip in a key is worth an error wherever the file is
    let is_damaged = match error {
        KeyFileError::Size { cause, .. } => matches!(cause, Some(Cause::DamagedHex { .. } | Cause::TrailingNewline)),
        KeyFileError::Line { .. } | KeyFileError::Content { .. } => true,
        _ => false,
    };
    let failure = Failure::new(format_args!("{shown}: {error}")).with_hint(error.hint());
    if is_damaged { failure } else { failure.about_something_else() }
}

/// The error for a file that no server takes after all; `is_cut` if a ticket began as the file does.
pub(in crate::command) fn refused_after_all(path: &str, error: &KeyFileError, is_cut: bool) -> Failure {
    let failure = refused(&Text(path.as_bytes()).to_string(), error);
    if is_cut {
        failure.with_hint("a ticket begins with the same 16 bytes: the file was cut, as such a key has 48 bytes or 80")
    } else {
        failure
    }
}

/// Whether it is a device: a disk or a source of random bytes is not a key, and may have no end.
#[cfg(unix)]
fn is_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    metadata.is_file().then(|| metadata.mode())
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// The content of a file, as far as a key file can be long, and its directory entry.
pub(in crate::command) fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, Option<Metadata>)> {
    let limit = MAX_FILE_LENGTH as u64 + 1;
    // room from the start: a buffer that grows leaves copies behind
    let room = |length: u64| Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default()));
    if source::is_stdin(path) {
        let mut bytes = room(1 << 14);
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
        return Ok((bytes, None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if is_device(&metadata) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a device, which holds no ticket key"));
    }
    // to see the end takes a byte more; what is not a file does not say how long it is
    let length = if metadata.is_file() { metadata.len().min(limit) + 1 } else { 1 << 14 };
    let mut bytes = room(length);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes, Some(metadata)))
}
