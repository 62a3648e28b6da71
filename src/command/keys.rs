//! `tktdump keys`: what key files hold, without their secrets.

mod args;
mod compare;
mod convert;

use std::io::{self, Write as _};
use std::sync::Arc;

use tktdump::escape::Text;
use tktdump::key::TicketKey;
use tktdump::key::problems;
use tktdump::key::ring::KeyRing;
use tktdump::report::{self, Page};
use tktdump::time::utc;

pub(super) use self::args::KeysArgs;
use super::args::shared::ListFormat;
use super::exit::Exit;
use super::failure::Failure;
use super::key_files::{self, Loaded, Unclaimed};
use super::notes::Notes;
use super::source;

/// Bytes of the list that are written at once.
const FLUSH_LENGTH: usize = 1 << 16;

pub(super) fn run(args: &KeysArgs, notes: &Notes) -> anyhow::Result<Exit> {
    if args.files.iter().filter(|path| source::is_stdin(path)).count() > 1 {
        return Err(Failure::new("standard input can be read only once").into());
    }
    if args.compare {
        return compare::run(args, notes);
    }
    let target = convert::target(args.convert.format(), args.output.as_deref())?;
    let mut exit = Exit::Done;
    let mut loaded = Vec::new();
    for key in key_files::load(&args.files, args.key_format.format(), Unclaimed::Refused, notes) {
        match key {
            Ok(file) => loaded.push(file),
            Err(error) => {
                notes.failure(&error);
                exit = Exit::Failed;
            }
        }
    }
    if let Some((format, path)) = target {
        // all keys or none: a file that lacks some is not what was asked for
        return if exit == Exit::Done { convert::run(loaded, format, path, notes) } else { Ok(exit) };
    }
    let about: Vec<About> = loaded.iter().map(About::of).collect();
    let files = loaded.into_iter().map(|Loaded { path, file, .. }| (path, file)).collect();
    let ring = KeyRing::with_clock(files, Some(super::exit::now()));
    let problems = problems::of(ring.keys());
    let mut out = Page::new();
    // keys stand in the order of their files
    let mut rest = ring.keys().iter().zip(&problems).peekable();
    for about in &about {
        let keys = std::iter::from_fn(|| rest.next_if(|(key, _)| Arc::ptr_eq(&key.origin().file, &about.path)));
        match args.format {
            ListFormat::Json => {
                for (key, problems) in keys {
                    let all: Vec<String> = about.problems.iter().chain(problems).cloned().collect();
                    report::key_to_json(key, &all, &mut out);
                    flush(&mut out)?;
                }
            }
            ListFormat::Text => text(keys, about, &mut out)?,
        }
    }
    io::stdout().write_all(&out)?;
    Ok(exit)
}

/// Writes what there is, if it is much.
fn flush(out: &mut Page) -> io::Result<()> {
    if out.len() >= FLUSH_LENGTH {
        io::stdout().write_all(out)?;
        out.clear();
    }
    Ok(())
}

/// What is known of a file as a whole.
struct About {
    path: Arc<str>,
    length: usize,
    problems: Vec<String>,
}

impl About {
    fn of(loaded: &Loaded) -> Self {
        let problems = loaded.file.warnings.iter().cloned().chain(loaded.mode.and_then(mode_problem)).collect();
        Self { path: Arc::clone(&loaded.path), length: loaded.length, problems }
    }
}

/// Whether others than the owner may read a file of that mode, or change it.
fn mode_problem(mode: u32) -> Option<String> {
    let may = |bits| mode & bits != 0;
    let who = match () {
        () if may(0o006) => "everybody",
        () if may(0o060) => "its group",
        () => return None,
    };
    let what = if may(0o022) { "read or change" } else { "read" };
    Some(format!("{who} may {what} the file (mode {:04o}): chmod 600 keeps the keys to its owner", mode & 0o7777))
}

fn text<'k>(
    keys: impl Iterator<Item = (&'k TicketKey, &'k Vec<String>)>,
    about: &About,
    out: &mut Page,
) -> io::Result<()> {
    writeln!(out, "{}: {} bytes", Text(about.path.as_bytes()), about.length)?;
    for problem in &about.problems {
        writeln!(out, "  problem: {problem}")?;
    }
    for (key, problems) in keys {
        let origin = key.origin();
        let name = key.name().map_or_else(|| "without a name".to_owned(), |name| name.to_string());
        writeln!(out, "  key {}  {name}", origin.index)?;
        writeln!(out, "    formats      {}", origin.format)?;
        writeln!(out, "    layout       {}", key.layout())?;
        writeln!(out, "    algorithms   {}, {}", key.cipher_name(), key.mac_name())?;
        writeln!(out, "    role         {}", origin.role.as_str())?;
        for (label, seconds) in [("not before", key.validity().not_before), ("not after", key.validity().not_after)] {
            if let Some(seconds) = seconds {
                let time = utc(seconds).unwrap_or_else(|| seconds.to_string());
                writeln!(out, "    {label:<11}  {time}")?;
            }
        }
        writeln!(out, "    fingerprint  {}", key.fingerprint())?;
        for problem in problems {
            writeln!(out, "    problem      {problem}")?;
        }
        flush(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read_keys() {
        assert_eq!(mode_problem(0o100_600), None);
        assert_eq!(mode_problem(0o100_400), None);
        assert!(mode_problem(0o100_640).unwrap().starts_with("its group may read the file (mode 0640)"));
        assert!(mode_problem(0o100_644).unwrap().starts_with("everybody may read the"));
        assert!(mode_problem(0o100_666).unwrap().starts_with("everybody may read or change"));
    }
}
