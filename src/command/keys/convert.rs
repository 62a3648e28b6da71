//! `tktdump keys --convert`: the keys of one server's files as the file of another.

use std::path::Path;
use std::sync::Arc;

use tktdump::escape::Text;
use tktdump::key::format::{KeyBytes, KeyFormat};
use tktdump::key::ring::KeyRing;
use tktdump::key::{Role, TicketKey};

use super::Loaded;
use crate::command::exit::{self, Exit};
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::secret_file;

/// Writes the keys of some files into one file.
pub(super) fn run(
    loaded: Vec<Loaded>,
    format: &'static dyn KeyFormat,
    output: &Path,
    notes: &Notes,
) -> anyhow::Result<Exit> {
    let mut keys: Vec<(Arc<str>, KeyBytes)> = Vec::new();
    for file in &loaded {
        keys.extend(only_reading(file)?.into_iter().map(|key| (Arc::clone(&file.path), key)));
    }
    let files = loaded.into_iter().map(|Loaded { path, file, .. }| (path, file)).collect();
    let ring = KeyRing::with_clock(files, Some(exit::now()));
    let role = |path: &Arc<str>, key: &KeyBytes| {
        let is_it = |known: &&TicketKey| known.origin().file == *path && known.origin().index == key.index;
        ring.keys().iter().find(is_it).map_or(Role::Unknown, |known| known.origin().role)
    };
    let before = keys.len();
    keys.retain(|(path, key)| role(path, key) != Role::Ignored);
    if keys.len() < before {
        notes.warning(format_args!("{} keys that the server itself would not load are left out", before - keys.len()));
    }
    // the one that encrypts first, which every format wants to know
    keys.sort_by_key(|(path, key)| role(path, key) != Role::Active);
    let keys: Vec<KeyBytes> = keys.into_iter().map(|(_, key)| key).collect();
    let file = format.write(&keys).map_err(|error| {
        Failure::new(format_args!("the keys cannot be written as a file of {}: {error}", format.name()))
            .with_hint("what a format carries is in docs/keyfind.md; several keys for a server of one key a file: convert them one by one")
    })?;
    secret_file::write(output, &file)?;
    Ok(Exit::Done)
}

/// The keys of a file that can be read in one way only.
fn only_reading(file: &Loaded) -> Result<Vec<KeyBytes>, Failure> {
    // readings that no server has itself are for tickets to decide
    let is_loadable = file.file.readings.iter().any(|reading| reading.loadable);
    let readings = file.file.readings.iter().filter(|reading| reading.loadable == is_loadable);
    let keys: Vec<KeyBytes> = readings.map(|reading| reading.key.clone()).collect();
    let again = |(at, key): (usize, &KeyBytes)| keys.iter().take(at).any(|other| other.index == key.index);
    if keys.iter().enumerate().any(again) {
        let path = Text(file.path.as_bytes());
        let failure = Failure::new(format_args!("{path}: the bytes can be read as keys in several ways"));
        return Err(failure.with_hint("--key-format names the server that the file is from"));
    }
    Ok(keys)
}

/// The format and the file to write, if that was asked for; looked at before any file is read.
pub(super) fn target<'p>(
    format: Option<&'static dyn KeyFormat>,
    output: Option<&'p Path>,
) -> anyhow::Result<Option<(&'static dyn KeyFormat, &'p Path)>> {
    match (format, output) {
        (Some(_), None) => {
            Err(Failure::new("--convert needs a file to write").with_hint("-o FILE names it, - is a pipe").into())
        }
        (None, Some(_)) => {
            Err(Failure::new("-o is for --convert").with_hint("--convert FORMAT names the server to write for").into())
        }
        (Some(format), Some(output)) => {
            secret_file::check(output)?;
            Ok(Some((format, output)))
        }
        (None, None) => Ok(None),
    }
}
