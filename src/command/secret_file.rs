//! Secrets on their way out: into new files that only their owner can read, or into a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context as _;

use super::failure::Failure;
use super::source;

/// Whether a secret can go there, before the work that it takes: a file must not exist yet, a pipe must be one.
pub(super) fn check(path: &Path) -> anyhow::Result<()> {
    if source::is_stdin(path) {
        if io::stdout().is_terminal() {
            let failure = Failure::new("a key is not written to a terminal");
            return Err(failure.with_hint("-o FILE writes it to a file that only you can read").into());
        }
    } else if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

/// Writes a secret to a file that is new, with mode 0600, or to standard output for `-`.
pub(super) fn write(path: &Path, secret: &[u8]) -> anyhow::Result<()> {
    if source::is_stdin(path) {
        let mut out = io::stdout().lock();
        out.write_all(secret)?;
        out.flush()?;
        return Ok(());
    }
    let mut new = match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(path)),
        other => other.with_context(|| source::shown(path))?,
    };
    new.write_all(secret).with_context(|| source::shown(path))
}

/// Makes a folder for secrets, with mode 0700, unless it is there.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    create_folder(path).with_context(|| source::shown(path))
}

fn exists(path: &Path) -> anyhow::Error {
    let failure = Failure::new(format_args!("{}: the file exists, and is not overwritten", source::shown(path)));
    failure.with_hint("name another file, or move this one away").into()
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
