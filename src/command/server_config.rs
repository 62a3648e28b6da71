//! Server configurations given as key files: the files that they name are opened here.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tktdump::escape::Text;
use tktdump::key::config::Reference;
use tktdump::key::configs;
use tktdump::key::file::MAX_FILE_LENGTH;
use tktdump::key::format::KeyFormat;

use super::failure::Failure;
use super::key_files::{self, KeyPath};
use super::notes::Notes;
use super::source;

/// How deep configurations may include each other.
const MAX_DEPTH: usize = 8;
/// How many may be included in all.
const MAX_INCLUDED: usize = 1000;

/// The key files that a configuration names, in the server's order; `None` where the file is none.
pub(super) fn key_files(path: &Path, notes: &Notes) -> anyhow::Result<Option<Vec<KeyPath>>> {
    if source::is_stdin(path) {
        return Ok(None);
    }
    // whoever loads it as a key file says why it cannot be read
    let Ok((bytes, _)) = key_files::read(path) else { return Ok(None) };
    let Some(references) = Some(bytes).filter(|bytes| bytes.len() <= MAX_FILE_LENGTH).and_then(|b| configs::read(&b))
    else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut walk = Walk { format: references.format, root: folder, found: Vec::new(), position: 0, included: 0, notes };
    walk.follow(&references.list, 0)?;
    if walk.found.is_empty() {
        let error = format!("{}: the configuration names no ticket key file", shown(path));
        return Err(Failure::new(error).with_hint("give the key file itself").into());
    }
    notes.detail(format_args!("{}: a configuration that names {} key files", shown(path), walk.found.len()));
    Ok(Some(walk.found))
}

/// A walk through configurations that include each other.
struct Walk<'n> {
    format: &'static dyn KeyFormat,
    /// What relative paths start from.
    root: PathBuf,
    found: Vec<KeyPath>,
    /// How many keys the virtual server at hand has named so far.
    position: usize,
    included: usize,
    notes: &'n Notes,
}

impl Walk<'_> {
    fn follow(&mut self, references: &[Reference], depth: usize) -> anyhow::Result<()> {
        for reference in references {
            match reference {
                Reference::Key(path) => {
                    let path = self.root.join(path);
                    // several virtual servers may have the same list
                    if self.found.iter().all(|key| key.path != path) {
                        self.found.push(KeyPath { path, format: Some(self.format), position: Some(self.position) });
                    }
                    self.position += 1;
                }
                Reference::Server => self.position = 0,
                Reference::Root(path) => self.root = PathBuf::from(path),
                Reference::Include(pattern) => self.include(pattern, depth + 1)?,
            }
        }
        Ok(())
    }

    fn include(&mut self, pattern: &str, depth: usize) -> anyhow::Result<()> {
        let pattern = self.root.join(pattern);
        let name = shown(&pattern);
        let too_many = |what| Failure::new(format_args!("{name}: {what}")).with_hint("give the key files themselves");
        if depth > MAX_DEPTH {
            return Err(too_many("configurations include each other too deep").into());
        }
        let pattern = if pattern.is_dir() { pattern.join("*") } else { pattern };
        let paths = glob::glob(&pattern.to_string_lossy()).with_context(|| name.clone())?;
        let mut any = false;
        for path in paths.flatten().filter(|path| path.is_file()) {
            any = true;
            self.included += 1;
            if self.included > MAX_INCLUDED {
                return Err(too_many("configurations include too many others").into());
            }
            let (bytes, _) = key_files::read(&path).with_context(|| shown(&path))?;
            if bytes.len() <= MAX_FILE_LENGTH {
                self.follow(&configs::read_included(self.format.name(), &bytes), depth)?;
            }
        }
        if !any {
            self.notes.detail(format_args!("{name}: the include matches no file"));
        }
        Ok(())
    }
}

fn shown(path: &Path) -> String {
    Text(source::display(path).as_bytes()).to_string()
}
