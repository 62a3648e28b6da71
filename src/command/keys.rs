//! `tktdump keys`: what key files hold, without their secrets.

use std::io::{self, Write as _};

use tktdump::escape::Text;
use tktdump::key::TicketKey;
use tktdump::key::ring::KeyRing;
use tktdump::report;

use super::args::{KeysArgs, KeysFormat};
use super::key_files::{self, Loaded};
use super::notes::Notes;
use super::{Exit, Failure, source};

pub(super) fn run(args: &KeysArgs, notes: &Notes) -> anyhow::Result<Exit> {
    if args.files.iter().filter(|path| source::is_stdin(path)).count() > 1 {
        return Err(Failure::new("standard input can be read only once").into());
    }
    let mut exit = Exit::Done;
    let mut loaded = Vec::new();
    for path in key_files::expand(&args.files, notes)? {
        match key_files::load(&path, args.key_format.format()) {
            Ok(file) => loaded.push(file),
            Err(error) => {
                notes.failure(&error);
                exit = Exit::Failed;
            }
        }
    }
    let about: Vec<_> =
        loaded.iter().map(|file| (file.path.clone(), file.length, file.file.warnings.clone())).collect();
    let ring = KeyRing::new(loaded.into_iter().map(|Loaded { path, file, .. }| (path, file)).collect());
    let mut out = Vec::new();
    for (path, length, problems) in &about {
        let keys: Vec<&TicketKey> = ring.keys().iter().filter(|key| key.origin().file == *path).collect();
        match args.format {
            KeysFormat::Json => keys.iter().for_each(|key| report::key_to_json(key, problems, &mut out)),
            KeysFormat::Text => text(&keys, path, *length, problems, &mut out)?,
        }
    }
    io::stdout().write_all(&out)?;
    Ok(exit)
}

fn text(keys: &[&TicketKey], path: &str, length: usize, problems: &[String], out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "{}: {length} bytes", Text(path.as_bytes()))?;
    for problem in problems {
        writeln!(out, "  problem: {problem}")?;
    }
    for key in keys {
        let origin = key.origin();
        let name = key.name().map_or_else(|| "without a name".to_owned(), |name| name.to_string());
        writeln!(out, "  key {}  {name}", origin.index)?;
        writeln!(out, "    formats      {}", origin.format)?;
        writeln!(out, "    layout       {}", key.layout())?;
        writeln!(out, "    algorithms   {}, {}", key.cipher_name(), key.mac_name())?;
        writeln!(out, "    role         {}", origin.role.as_str())?;
        writeln!(out, "    fingerprint  {}", key.fingerprint())?;
    }
    Ok(())
}
