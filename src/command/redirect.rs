//! `-o FILE`: standard output goes to a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tktdump::identify;
use tktdump::key::file::{self, MAX_FILE_LENGTH};

use super::failure::Failure;
use super::source::{self, Identity};

/// Sends all that is printed from here on to a file, if one is named. What is in it is lost, unless it is an input or a
/// key file, which are never written over. `is_secret` makes a new file its owner's only.
pub(super) fn redirect(path: Option<&Path>, read: &[&[PathBuf]], is_secret: bool) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| !source::is_stdin(path)) else { return Ok(()) };
    let shown = source::shown(path);
    let file = open(path, is_secret).with_context(|| shown.clone())?;
    let identity = file.metadata().ok().as_ref().and_then(Identity::of);
    let is_it = |input: &PathBuf| {
        identity.is_some() && std::fs::metadata(input).ok().as_ref().and_then(Identity::of) == identity
    };
    if read.iter().copied().flatten().any(is_it) {
        let failure = Failure::new(format_args!("{shown}: the file that -o names is also read"));
        return Err(failure.with_hint("name another file for the output").into());
    }
    if holds_key(&file).with_context(|| shown.clone())? {
        let failure = Failure::new(format_args!("{shown}: a ticket key file is not written over"));
        return Err(failure.with_hint("name another file for the output").into());
    }
    if identity.is_some() {
        file.set_len(0).with_context(|| shown.clone())?;
    }
    become_stdout(file).with_context(|| shown)
}

/// Whether a file that is there can be read as a key file.
fn holds_key(file: &File) -> io::Result<bool> {
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut content = zeroize::Zeroizing::new(Vec::new());
    let mut reader = file;
    reader.take(MAX_FILE_LENGTH as u64 + 1).read_to_end(&mut content)?;
    io::Seek::rewind(&mut reader)?;
    let is_short = !content.is_empty() && content.len() <= MAX_FILE_LENGTH;
    Ok(is_short && identify::kind_of(&content).is_none() && file::read_auto(&content).is_ok())
}

#[cfg(unix)]
fn open(path: &Path, is_secret: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mode = if is_secret { 0o600 } else { 0o666 };
    File::options().read(true).write(true).create(true).truncate(false).mode(mode).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path, _: bool) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
fn become_stdout(file: File) -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdout(file)?)
}

#[cfg(not(unix))]
fn become_stdout(_: File) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "-o is for Unix: redirect the output with >"))
}
