//! Server configurations and other documents given as key files: the files that they name are opened here.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tktdump::key::config::{Reference, Value, What};
use tktdump::key::configs::{self, References};
use tktdump::key::file::MAX_FILE_LENGTH;
use tktdump::key::format::KeyFormat;
use zeroize::Zeroizing;

use super::raw::{self, Loaded, Raw, Unclaimed, refused};
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::source;

/// How deep configurations may include each other.
const MAX_DEPTH: usize = 8;
/// How many may be included in all.
const MAX_INCLUDED: usize = 1000;

/// The keys that a configuration names or holds, in the server's order. `format` is the one that the user named.
pub(super) fn load(
    raw: &Raw,
    references: &References,
    format: Option<&'static dyn KeyFormat>,
    notes: &Notes,
) -> anyhow::Result<Vec<Loaded>> {
    let folder = raw.path.parent().unwrap_or(Path::new("")).to_owned();
    let own = references.format();
    let mut walk = Walk {
        references,
        root: folder.clone(),
        folder,
        found: Vec::new(),
        known: HashSet::new(),
        position: 0,
        included: 0,
        notes,
    };
    walk.follow(&references.list, &raw.path, 0)?;
    let found = walk.found;
    let shown = source::shown(&raw.path);
    if found.is_empty() {
        return Err(no_key(&shown, references).into());
    }
    let count = found.len();
    notes.detail(format_args!("{shown}: {}, {count} keys or key files", references.server()));
    let mut loaded = Vec::new();
    let (mut values, mut names): (Vec<Named>, Names) = Default::default();
    for named in found {
        // the values of one server are the keys of one file
        let goes_on = named.is_value() && values.last().is_none_or(|last| last.position < named.position);
        if !goes_on {
            load_values(std::mem::take(&mut values), raw, count, format, own, &mut names, &mut loaded)?;
        }
        match named.key {
            Key::Value(_) => values.push(named),
            Key::File(ref path) => {
                let file = Raw::read(path).map_err(|error| named.cannot_read(path, &error))?;
                loaded.push(file.into_key_file(format.or(own), Some(named.position), Unclaimed::Refused)?);
            }
        }
    }
    load_values(values, raw, count, format, own, &mut names, &mut loaded)?;
    Ok(loaded)
}

/// The error for a configuration of which no key comes.
fn no_key(shown: &str, references: &References) -> Failure {
    match references.setting() {
        Some(setting) => {
            Failure::new(format_args!("{shown}: no ticket key is configured: the server makes its own in memory"))
                .with_hint(format!("{} takes a key file by: {setting}", references.server()))
        }
        None => Failure::new(format_args!("{shown}: no ticket key is in it"))
            .with_hint("a value is taken for a key if its name speaks of tickets or keys, and it has the size of one")
            .about_something_else(),
    }
}

/// Adds the values of one server: as one file if they are a key each.
fn load_values(
    values: Vec<Named>,
    raw: &Raw,
    count: usize,
    format: Option<&'static dyn KeyFormat>,
    own: Option<&'static dyn KeyFormat>,
    names: &mut Names,
    loaded: &mut Vec<Loaded>,
) -> anyhow::Result<()> {
    let Some(first) = values.first() else { return Ok(()) };
    let (position, number) = (first.position, values.len());
    let lines: Vec<Option<usize>> = values.iter().map(|named| named.line).collect();
    let values: Vec<Value> = values.into_iter().filter_map(Named::into_value).collect();
    let files = configs::files_of(&values, format, own).map_err(|(at, error)| {
        let name = values.get(at).map(|value| value.name.as_str()).unwrap_or_default();
        let line = lines.get(at).copied().flatten();
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        refused(&format!("{}: {line}{name}", source::shown(&raw.path)), &error)
    })?;
    if files.len() == 1 && number == count {
        // what stands around the values is not part of a key file
        let content = Zeroizing::new(values.iter().flat_map(|value| value.content.iter().copied()).collect());
        for (_, mut file) in files {
            file.position = Some(position);
            loaded.push(Loaded { length: raw.content.len(), ..raw.part(file, "", Zeroizing::clone(&content))? });
        }
        return Ok(());
    }
    for ((offset, (name, mut file)), value) in files.into_iter().enumerate().zip(values) {
        file.position = Some(position + offset);
        loaded.push(raw.part(file, &names.distinct(name), value.content)?);
    }
    Ok(())
}

/// The names of the parts of a file, and how often each came.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    /// A name that no other part has.
    fn distinct(&mut self, name: String) -> String {
        let count = self.0.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count == 1 { name } else { format!("{name}.{count}") }
    }
}

/// A key that a configuration names.
struct Named {
    key: Key,
    /// Which key of its server it is, from 0.
    position: usize,
    /// The configuration.
    by: PathBuf,
    line: Option<usize>,
}

enum Key {
    File(PathBuf),
    Value(Value),
}

impl Named {
    fn is_value(&self) -> bool {
        matches!(self.key, Key::Value(_))
    }

    fn into_value(self) -> Option<Value> {
        match self.key {
            Key::Value(value) => Some(value),
            Key::File(_) => None,
        }
    }

    /// The error for a file that cannot be read: who names it, and where it was looked for.
    fn cannot_read(&self, path: &Path, error: &anyhow::Error) -> anyhow::Error {
        let Some(cause) = error.downcast_ref::<io::Error>() else { return anyhow::Error::msg(format!("{error:#}")) };
        let line = self.line.map_or_else(String::new, |line| format!("line {line}: "));
        let (by, path) = (source::shown(&self.by), source::shown(&absolute(path)));
        Failure::new(format_args!("{by}: {line}the key file {path} cannot be read: {cause}"))
            .with_hint("the path is the server's: give the key files themselves if they are elsewhere here")
            .into()
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A walk through configurations that include each other.
struct Walk<'n> {
    references: &'n References,
    /// What relative paths start from by the server's rule.
    root: PathBuf,
    /// The folder of the configuration that was given.
    folder: PathBuf,
    found: Vec<Named>,
    known: HashSet<PathBuf>,
    /// How many keys the virtual server at hand has named so far.
    position: usize,
    included: usize,
    notes: &'n Notes,
}

impl Walk<'_> {
    fn follow(&mut self, references: &[Reference], by: &Path, depth: usize) -> anyhow::Result<()> {
        for reference in references {
            match &reference.what {
                What::Key(path) => {
                    let path = self.resolve(path, by);
                    self.add(Key::File(path), reference, by);
                }
                What::Value(value) => self.add(Key::Value(value.clone()), reference, by),
                What::Variable(name) => {
                    let value = self.variable(name, reference, by)?;
                    self.add(Key::Value(value), reference, by);
                }
                What::Server => self.position = 0,
                What::Root(path) => self.root = self.folder.join(path),
                What::Include(pattern) => self.include(pattern, by, depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, key: Key, reference: &Reference, by: &Path) {
        // several virtual servers may have the same list
        let is_known = match &key {
            Key::File(path) => !self.known.insert(path.clone()),
            Key::Value(_) => false,
        };
        if !is_known {
            self.found.push(Named { key, position: self.position, by: by.to_owned(), line: reference.line });
        }
        self.position += 1;
    }

    /// Where a path leads: by the server's rule, else from the folder of the configuration.
    fn resolve(&self, path: &str, by: &Path) -> PathBuf {
        let ruled = self.root.join(path);
        let beside = [self.folder.join(path), by.parent().unwrap_or(Path::new("")).join(path)];
        if ruled.exists() { ruled } else { beside.into_iter().find(|path| path.exists()).unwrap_or(ruled) }
    }

    /// What the server has in a variable of its environment, if it is in ours too.
    fn variable(&self, name: &str, reference: &Reference, by: &Path) -> anyhow::Result<Value> {
        let content = std::env::var_os(name).map(|value| Zeroizing::new(value.into_encoded_bytes()));
        let content = content.ok_or_else(|| {
            let line = reference.line.map_or_else(String::new, |line| format!("line {line}: "));
            let shown = source::shown(by);
            let name = source::shown(Path::new(name));
            let server = self.references.server();
            Failure::new(format_args!(
                "{shown}: {line}{server} has the key in its environment variable {name}, which is not set here"
            ))
            .with_hint("set it for this run, or give the key as a file")
        })?;
        Ok(Value { name: name.to_owned(), content, format: None })
    }

    fn include(&mut self, pattern: &str, by: &Path, depth: usize) -> anyhow::Result<()> {
        let pattern = self.resolve(pattern, by);
        let name = source::shown(&pattern);
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
            let (bytes, _) = raw::read(&path).with_context(|| source::shown(&path))?;
            if bytes.len() <= MAX_FILE_LENGTH {
                let references = self.references.included(&bytes);
                self.follow(&references, &path, depth)?;
            }
        }
        if !any {
            self.notes.detail(format_args!("{name}: the include matches no file"));
        }
        Ok(())
    }
}
