//! `tktdump keys --compare A B`: the keys of two hosts.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tktdump::escape::Text;
use tktdump::key::TicketKey;
use tktdump::key::compare::{Compared, Comparison, Entry, compare, entries};
use tktdump::key::ring::KeyRing;
use tktdump::report::{self, Page};

use super::KeysArgs;
use crate::command::args::shared::ListFormat;
use crate::command::exit::{self, Exit};
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::{key_files, source};

pub(super) fn run(args: &KeysArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let [a, b] = args.files.as_slice() else {
        let failure = Failure::new(format_args!("--compare takes two hosts, not {}", args.files.len()));
        return Err(failure.with_hint("name a directory, a key file or a configuration for each").into());
    };
    let (Some(a), Some(b)) = (load(a, args, notes)?, load(b, args, notes)?) else { return Ok(Exit::Failed) };
    let (of_a, of_b) = (entries(a.keys()), entries(b.keys()));
    let all = compare(&of_a, &of_b);
    let mut out = Page::new();
    match args.format {
        ListFormat::Json => all.iter().for_each(|compared| report::compared_to_json(compared, &mut out)),
        ListFormat::Text => text(&all, args, &mut out)?,
    }
    io::stdout().write_all(&out)?;
    let differs = all.iter().any(|compared| compared.comparison != Comparison::Same);
    Ok(if differs { Exit::NotAll } else { Exit::Done })
}

/// The keys of a host; `None` if one of its files cannot be read, which was then said.
fn load(path: &PathBuf, args: &KeysArgs, notes: &Notes) -> anyhow::Result<Option<KeyRing>> {
    let (mut files, mut failed) = (Vec::new(), false);
    for loaded in key_files::load(std::slice::from_ref(path), args.key_format.format(), notes) {
        match loaded {
            Ok(loaded) => files.push((loaded.path, loaded.file)),
            Err(error) => {
                notes.failure(&error);
                failed = true;
            }
        }
    }
    if files.is_empty() && !failed {
        return Err(Failure::new(format_args!("{}: no key was found", source::shown(path))).into());
    }
    Ok((!failed).then(|| KeyRing::with_clock(files, Some(exit::now()))))
}

fn text(all: &[Compared<'_>], args: &KeysArgs, out: &mut Page) -> io::Result<()> {
    for compared in all {
        let Some(key) = compared.entry.first() else { continue };
        let name = key.name().map_or_else(|| "without a name".to_owned(), |name| name.to_string());
        writeln!(out, "{:<12} {name}  {}", word(compared.comparison), place(key))?;
        if let Some(other) = compared.other.as_ref().and_then(Entry::first) {
            writeln!(out, "{:<12} {}  {}", "", " ".repeat(name.len()), place(other))?;
        }
        // hosts that are compared by hand are compared by the layout that their server uses
        for (layout, fingerprint) in compared.entry.fingerprints() {
            writeln!(out, "{:<12} fingerprint {fingerprint}  as {layout}", "")?;
        }
    }
    let count = |wanted| all.iter().filter(|compared| compared.comparison == wanted).count();
    let counts: Vec<String> =
        Comparison::ALL.iter().map(|comparison| format!("{} {}", count(*comparison), word(*comparison))).collect();
    writeln!(out, "{}", counts.join(", "))?;
    let shown = |n: usize| args.files.get(n).map(|path| source::shown(path)).unwrap_or_default();
    writeln!(out, "A is {}, B is {}", shown(0), shown(1))
}

fn word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Same => "same",
        Comparison::OtherOrder => "other order",
        Comparison::OnlyA => "only in A",
        Comparison::OnlyB => "only in B",
    }
}

fn place(key: &TicketKey) -> String {
    format!("{}, key {}", Text(key.origin().file.as_bytes()), key.origin().index)
}
