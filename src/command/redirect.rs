//! `-o FILE`: standard output goes to a file.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use tempfile::NamedTempFile;
use tktdump::identify;
use tktdump::key::file::{self, MAX_FILE_LENGTH};

use super::failure::Failure;
use super::source::{self, Identity};

/// What happens to the file at the end of the run.
enum Pending {
    /// The file was there: what is printed goes to another one beside it, which takes its place at the end.
    Aside(NamedTempFile, PathBuf),
    /// The file is new.
    Created(PathBuf),
}

/// Of the file that standard output goes to.
static PENDING: Mutex<Option<Pending>> = Mutex::new(None);

/// Sends all that is printed from here on to a file, if one is named. What is in it is kept until the run [ends](end);
/// an input or a key file is never written over. `is_secret` makes a new file its owner's only.
pub(super) fn redirect(path: Option<&Path>, read: &[&[PathBuf]], is_secret: bool) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| !source::is_stdin(path)) else { return Ok(()) };
    let shown = source::shown(path);
    let (file, is_new) = open(path, is_secret).with_context(|| shown.clone())?;
    let identity = file.metadata().ok().as_ref().and_then(Identity::of);
    let is_it = |input: &PathBuf| identity.is_some() && of_input(input) == identity;
    if read.iter().copied().flatten().any(is_it) {
        let failure = Failure::new(format_args!("{shown}: the file that -o names is also read"));
        return Err(failure.with_hint("name another file for the output").into());
    }
    if holds_key(&file).with_context(|| shown.clone())? {
        let failure = Failure::new(format_args!("{shown}: a ticket key file is not written over"));
        return Err(failure.with_hint("name another file for the output").into());
    }
    let pending = match identity {
        // a device or a pipe has nothing to lose
        None => None,
        Some(_) if is_new => Some((Pending::Created(path.to_owned()), file.try_clone())),
        Some(_) => aside(path, &file).map(|(new, target)| {
            let output = new.as_file().try_clone();
            (Pending::Aside(new, target), output)
        }),
    };
    let output = if let Some((pending, output)) = pending {
        *PENDING.lock().unwrap_or_else(PoisonError::into_inner) = Some(pending);
        output.with_context(|| shown.clone())?
    } else {
        if identity.is_some() {
            // its folder takes no other file
            file.set_len(0).with_context(|| shown.clone())?;
        }
        file
    };
    become_stdout(output).with_context(|| shown)
}

/// Ends the output to a file when all is written, and says whether the run `succeeded`; `None` if it could not go on. What
/// was in the file stays there in that case, and if the run did not succeed and has printed nothing.
pub(super) fn end(succeeded: Option<bool>) -> anyhow::Result<()> {
    let Some(pending) = take() else { return Ok(()) };
    let is_empty = |metadata: io::Result<Metadata>| metadata.is_ok_and(|it| it.is_file() && it.len() == 0);
    let has_failed = succeeded != Some(true);
    match pending {
        Pending::Aside(..) if succeeded.is_none() => {}
        Pending::Aside(new, _) if has_failed && is_empty(new.as_file().metadata()) => {}
        Pending::Aside(new, target) => {
            new.persist(&target).map_err(|error| error.error).with_context(|| source::shown(&target))?;
        }
        // it was not there before
        Pending::Created(path) if has_failed && is_empty(std::fs::metadata(&path)) => {
            let _ = std::fs::remove_file(path);
        }
        Pending::Created(_) => {}
    }
    Ok(())
}

/// Ends it in the middle: a file that was there stays as it was, and a new one has what was printed.
pub(super) fn abandon() {
    drop(take());
}

fn take() -> Option<Pending> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Which file an input is.
fn of_input(path: &PathBuf) -> Option<Identity> {
    if source::is_stdin(path) {
        return Identity::of_stream(io::stdin());
    }
    std::fs::metadata(path).ok().as_ref().and_then(Identity::of)
}

/// A file beside one that is there, with its mode and, as far as possible, its owner, and the path of that one; `None` if
/// the folder takes no more files.
fn aside(path: &Path, file: &File) -> Option<(NamedTempFile, PathBuf)> {
    // behind a symbolic link, which stays one
    let target = path.canonicalize().ok()?;
    let new = tempfile::Builder::new().prefix(".tktdump-").tempfile_in(target.parent()?).ok()?;
    let metadata = file.metadata().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let _ = std::os::unix::fs::fchown(new.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    }
    new.as_file().set_permissions(metadata.permissions()).ok()?;
    Some((new, target))
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

/// The file, and whether it was not there before.
fn open(path: &Path, is_secret: bool) -> io::Result<(File, bool)> {
    match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((create(path, is_secret)?, true)),
        other => Ok((other?, false)),
    }
}

#[cfg(unix)]
fn create(path: &Path, is_secret: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mode = if is_secret { 0o600 } else { 0o666 };
    File::options().read(true).write(true).create(true).truncate(false).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: bool) -> io::Result<File> {
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
