//! Key files and directories of them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tktdump::escape::Text;
use tktdump::key::file::{self, KeyFile, KeyFileError, MAX_FILE_LENGTH};
use tktdump::key::format::KeyFormat;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::notes::Notes;
use super::source::Identity;
use super::{server_config, source};

/// A key file that was read, and what is unusual about it.
pub(super) struct Loaded {
    pub(super) path: Arc<str>,
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

/// Reads one key file.
pub(super) fn load(
    key: &KeyPath,
    format: Option<&'static dyn KeyFormat>,
    unclaimed: Unclaimed,
) -> anyhow::Result<Loaded> {
    let (path, format) = (key.path.as_path(), format.or(key.format));
    let name = source::display(path);
    let shown = Text(name.as_bytes()).to_string();
    let (bytes, metadata) = read(path).with_context(|| shown.clone())?;
    if bytes.len() > MAX_FILE_LENGTH {
        let error = format!("{shown}: the file is longer than {MAX_FILE_LENGTH} bytes");
        return Err(Failure::new(error)
            .with_hint("a ticket key file has a few hundred bytes; is it another file?")
            .into());
    }
    let read = match format {
        Some(format) => file::read_as(format, &bytes),
        None => file::read_auto(&bytes).or_else(|error| match unclaimed {
            Unclaimed::Kept => file::keep(&bytes, error),
            Unclaimed::Refused => Err(error),
        }),
    };
    let mut file = read.map_err(|error| refused(&name, &error))?;
    file.position = key.position;
    let mode = metadata.as_ref().and_then(mode);
    let identity = metadata.as_ref().and_then(Identity::of);
    Ok(Loaded { path: name, length: bytes.len(), content: bytes, mode, identity, file })
}

/// Why a key file gives no keys.
pub(super) fn refused(path: &str, error: &KeyFileError) -> Failure {
    Failure::new(format_args!("{}: {error}", Text(path.as_bytes()))).with_hint(error.hint())
}

/// A key file, and its format where a server configuration named it.
pub(super) struct KeyPath {
    pub(super) path: PathBuf,
    pub(super) format: Option<&'static dyn KeyFormat>,
    /// Which key of its server it is, from 0, where a configuration told.
    pub(super) position: Option<usize>,
}

/// Replaces directories by their regular files in name order, dotfiles left out, and server configurations by the key
/// files that they name.
pub(super) fn expand(paths: &[PathBuf], notes: &Notes) -> anyhow::Result<Vec<KeyPath>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            match server_config::key_files(path, notes)? {
                Some(mut named) => files.append(&mut named),
                None => files.push(KeyPath { path: path.clone(), format: None, position: None }),
            }
            continue;
        }
        let shown = Text(source::display(path).as_bytes()).to_string();
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
        files.extend(inside.into_iter().map(|path| KeyPath { path, format: None, position: None }));
    }
    Ok(files)
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
