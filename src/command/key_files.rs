//! Key files, directories of them, and documents that hold or name keys.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tktdump::identify;
use tktdump::key::configs;
use tktdump::key::file::{self, Cause, KeyFile, KeyFileError, MAX_FILE_LENGTH};
use tktdump::key::format::KeyFormat;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::notes::Notes;
use super::source::Identity;
use super::{server_config, source};

/// A key file that was read, and what is unusual about it.
pub(super) struct Loaded {
    /// How it is named: the path, and behind `#` what stands in a document, if there is more than one.
    pub(super) path: Arc<str>,
    /// The file that it was read from; `None` for standard input.
    #[cfg_attr(not(feature = "audit"), allow(dead_code))]
    pub(super) on_disk: Option<PathBuf>,
    pub(super) length: usize,
    pub(super) content: Zeroizing<Vec<u8>>,
    /// Who may do what with it, on Unix; `None` for what is no file.
    pub(super) mode: Option<u32>,
    /// Which file it is; `None` for what is no file.
    pub(super) identity: Option<Identity>,
    pub(super) file: KeyFile,
}

/// Whether a file that no server takes may be the key of a library that takes bytes of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclaimed {
    /// It may: a ticket is to tell.
    Kept,
    /// It is an error.
    Refused,
}

/// Reads all key files that `paths` stand for, in order; each that cannot be read is an error of its own.
///
/// A directory stands for its regular files in name order, dotfiles left out; a server configuration for the key files
/// that it names; a document for the keys in it.
pub(super) fn load(
    paths: &[PathBuf],
    format: Option<&'static dyn KeyFormat>,
    unclaimed: Unclaimed,
    notes: &Notes,
) -> Vec<anyhow::Result<Loaded>> {
    let mut loaded = Vec::new();
    for path in paths {
        if !source::is_stdin(path) && path.is_dir() {
            match directory(path, format, notes) {
                Ok(mut inside) => loaded.append(&mut inside),
                Err(error) => loaded.push(Err(error)),
            }
            continue;
        }
        match Raw::read(path).and_then(|raw| raw.load(format, unclaimed, notes)) {
            Ok(files) => loaded.extend(files.into_iter().map(Ok)),
            Err(error) => loaded.push(Err(error)),
        }
    }
    loaded
}

/// The key files of a directory; what is none is passed over with a warning.
fn directory(
    path: &Path,
    format: Option<&'static dyn KeyFormat>,
    notes: &Notes,
) -> anyhow::Result<Vec<anyhow::Result<Loaded>>> {
    let shown = source::shown(path);
    let mut inside = Vec::new();
    for entry in fs::read_dir(path).with_context(|| shown.clone())? {
        let entry = entry.with_context(|| shown.clone())?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // a link to a regular file counts as one: secret stores mount keys that way
        let is_file = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_file(),
            _ => entry.path().is_file(),
        };
        if !hidden && is_file {
            inside.push(entry.path());
        }
    }
    if inside.is_empty() {
        notes.warning(format_args!("{shown}: the directory holds no key files"));
    }
    inside.sort();
    let mut loaded = Vec::new();
    for path in inside {
        match Raw::read(&path).and_then(|raw| raw.load_beside_others(format, notes)) {
            Ok(files) => loaded.extend(files.into_iter().map(Ok)),
            Err(error) if error.downcast_ref().is_some_and(Failure::is_about_something_else) => {
                notes.warning(format_args!("{error:#}: it is passed over"));
            }
            Err(error) => loaded.push(Err(error)),
        }
    }
    Ok(loaded)
}

/// A file before it is known what it is.
pub(super) struct Raw {
    pub(super) path: PathBuf,
    pub(super) name: Arc<str>,
    pub(super) content: Zeroizing<Vec<u8>>,
    metadata: Option<Metadata>,
}

impl Raw {
    /// Reads a file, once and as far as a key file can be long.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let (content, metadata) = read(path).with_context(|| source::shown(path))?;
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

    /// The keys that the file holds or names.
    fn load(
        self,
        format: Option<&'static dyn KeyFormat>,
        unclaimed: Unclaimed,
        notes: &Notes,
    ) -> anyhow::Result<Vec<Loaded>> {
        self.is_no_other_kind()?;
        match configs::read(&self.content) {
            Some(references) => server_config::load(&self, &references, format, notes),
            None => self.into_key_file(format, None, unclaimed).map(|loaded| vec![loaded]),
        }
    }

    /// The keys that a file of a directory holds: configurations that stand there are not followed.
    fn load_beside_others(self, format: Option<&'static dyn KeyFormat>, notes: &Notes) -> anyhow::Result<Vec<Loaded>> {
        self.is_no_other_kind()?;
        match configs::read(&self.content) {
            Some(references) if !references.has_value() => {
                let server = references.server();
                let shown = source::shown(&self.path);
                let failure = Failure::new(format_args!("{shown}: {server} configuration, and not a ticket key"));
                Err(failure.with_hint("give it to --key by itself to follow it").about_something_else().into())
            }
            Some(references) => server_config::load(&self, &references, format, notes),
            None => self.into_key_file(format, None, Unclaimed::Refused).map(|loaded| vec![loaded]),
        }
    }

    /// Refuses what is certainly something else.
    fn is_no_other_kind(&self) -> anyhow::Result<()> {
        let Some(kind) = identify::kind_of(&self.content) else { return Ok(()) };
        let error = format!("{}: {kind}, and not a ticket key", source::shown(&self.path));
        Err(Failure::new(error).with_hint(kind.hint_for_key()).about_something_else().into())
    }

    /// The file as a key file; `position` is its place among those of its server, if a configuration told.
    pub(super) fn into_key_file(
        self,
        format: Option<&'static dyn KeyFormat>,
        position: Option<usize>,
        unclaimed: Unclaimed,
    ) -> anyhow::Result<Loaded> {
        let read = match format {
            Some(format) => file::read_as(format, &self.content),
            None => file::read_auto(&self.content).or_else(|error| match unclaimed {
                Unclaimed::Kept => file::keep(&self.content, error),
                Unclaimed::Refused => Err(error),
            }),
        };
        let mut file = read.map_err(|error| refused(&source::shown(&self.path), &error))?;
        file.position = position;
        let content = self.content.clone();
        Ok(self.part(file, "", content))
    }

    /// What stands in the file, under a name of its own unless it is all that does.
    pub(super) fn part(&self, file: KeyFile, name: &str, content: Zeroizing<Vec<u8>>) -> Loaded {
        let on_disk = (!source::is_stdin(&self.path)).then(|| self.path.clone());
        let path = if name.is_empty() { Arc::clone(&self.name) } else { format!("{}#{name}", self.name).into() };
        let length = content.len();
        let mode = self.metadata.as_ref().and_then(mode);
        let identity = self.metadata.as_ref().and_then(Identity::of);
        Loaded { path, on_disk, length, content, mode, identity, file }
    }
}

/// A file that is not a key file, with what to do about it.
pub(super) fn refused(shown: &str, error: &KeyFileError) -> Failure {
    // a slip in a key is worth an error wherever the file is
    let is_damaged = match error {
        KeyFileError::Size { cause, .. } => matches!(cause, Some(Cause::DamagedHex { .. } | Cause::TrailingNewline)),
        KeyFileError::Line { .. } | KeyFileError::Content { .. } => true,
        _ => false,
    };
    let failure = Failure::new(format_args!("{shown}: {error}")).with_hint(error.hint());
    if is_damaged { failure } else { failure.about_something_else() }
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
pub(super) fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, Option<Metadata>)> {
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
    // to see the end takes a byte more; what is no file does not say how long it is
    let length = if metadata.is_file() { metadata.len().min(limit) + 1 } else { 1 << 14 };
    let mut bytes = room(length);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes, Some(metadata)))
}
