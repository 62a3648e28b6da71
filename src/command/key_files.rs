//! Key files, directories of them, and documents that hold or name keys.

mod raw;
mod server_config;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tktdump::escape::Text;
use tktdump::input::printed_key;
use tktdump::key::configs;
use tktdump::key::file::{bare_keys, read_auto};
use tktdump::key::format::KeyFormat;

use super::failure::Failure;
use super::notes::Notes;
use super::source;

pub(super) use self::raw::Loaded;
use self::raw::Raw;
pub(super) use self::raw::{Unclaimed, refused_after_all};

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
        match Raw::read(path).and_then(|raw| load_one(raw, format, unclaimed, notes)) {
            Ok(files) => loaded.extend(files.into_iter().map(Ok)),
            Err(error) => loaded.push(Err(error)),
        }
    }
    for Loaded { path, length, file, .. } in loaded.iter().flatten().filter(|_| notes.is_verbose()) {
        let bare = file.bare.as_ref().map_or(0, |bytes| bare_keys(bytes).len());
        let ways = file.readings.len() + file.others.len() + bare;
        notes.detail(format_args!("{}: {length} bytes, read in {ways} ways", Text(path.as_bytes())));
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
        match Raw::read(&path).and_then(|raw| load_beside_others(raw, format, notes)) {
            Ok(files) => loaded.extend(files.into_iter().map(Ok)),
            Err(error) if error.downcast_ref().is_some_and(Failure::is_about_something_else) => {
                notes.warning(format_args!("{error:#}: it is passed over"));
            }
            Err(error) => loaded.push(Err(error)),
        }
    }
    Ok(loaded)
}

/// The keys that a file holds or names.
fn load_one(
    raw: Raw,
    format: Option<&'static dyn KeyFormat>,
    unclaimed: Unclaimed,
    notes: &Notes,
) -> anyhow::Result<Vec<Loaded>> {
    raw.is_no_other_kind()?;
    match configs::read(&raw.content) {
        Some(references) => server_config::load(&raw, &references, format, notes),
        None if format.is_some() => raw.into_key_file(format, None, unclaimed).map(|loaded| vec![loaded]),
        None => by_content(raw, unclaimed, notes).map(|loaded| vec![loaded]),
    }
}

/// The file as a key file of any format, or with the key that a program has printed in it in its place.
fn by_content(raw: Raw, unclaimed: Unclaimed, notes: &Notes) -> anyhow::Result<Loaded> {
    // the lines of a table make as many bytes as several keys have, if chance will have it
    let is_drawn = std::str::from_utf8(&raw.content).is_ok_and(|text| !text.is_ascii() && text.lines().count() > 2);
    let read = read_auto(&raw.content);
    if read.is_ok() && !is_drawn {
        return raw.made_of(read, None, unclaimed);
    }
    let Some(content) = printed_key(&raw.content) else { return raw.made_of(read, None, unclaimed) };
    let shown = source::shown(&raw.path);
    notes.warning(format_args!("{shown}: the key is taken from what a program printed; servers want its bytes"));
    raw.with(content).into_key_file(None, None, unclaimed)
}

/// The keys that a file of a directory holds: configurations that stand there are not followed.
fn load_beside_others(raw: Raw, format: Option<&'static dyn KeyFormat>, notes: &Notes) -> anyhow::Result<Vec<Loaded>> {
    raw.is_no_other_kind()?;
    match configs::read(&raw.content) {
        Some(references) if !references.has_value() => {
            let (server, shown) = (references.server(), source::shown(&raw.path));
            let failure = Failure::new(format_args!("{shown}: {server} configuration, and not a ticket key"));
            Err(failure.with_hint("give it to --key by itself to follow it").about_something_else().into())
        }
        Some(references) => server_config::load(&raw, &references, format, notes),
        None => raw.into_key_file(format, None, Unclaimed::Refused).map(|loaded| vec![loaded]),
    }
}
