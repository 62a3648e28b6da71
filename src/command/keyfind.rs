//! `tktdump keyfind`: finds the key that opens a ticket in a memory image, a core dump or a running process.

mod deliver;
mod image;
mod process;
mod scan;
mod tickets;

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use tktdump::report::Page;
use tktdump::report::keyfind::{self as render, Shown, Summary};
use tktdump::search::{Clues, Finding, Image, Proof, Search};

use self::deliver::{Delivery, Target};
use self::image::Memory;
use self::tickets::Tickets;
use super::args::shared::{Color, ConvertArg, ListFormat, threads};
use super::exit::{self, Exit};
use super::failure::Failure;
use super::notes::Notes;
use super::{output, source};

#[derive(Debug, Args)]
pub(super) struct KeyfindArgs {
    /// Memory images: raw memory, ELF cores, LiME, any of them with gzip or zstd; - is standard input
    #[arg(value_name = "IMAGE", required_unless_present = "pids")]
    images: Vec<PathBuf>,
    /// The ticket whose key is wanted, in any form, captures too; repeatable
    #[arg(long = "ticket", value_name = "FILE", required = true)]
    tickets: Vec<PathBuf>,
    /// A running process and its children (Linux); it is neither stopped nor attached to. Repeatable
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// Write the key as a key file that --key takes, mode 0600; - is a pipe, DIR/ one file for each key name
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    convert: ConvertArg,
    /// Also write an AES key whose MAC key was not found, which proves nothing
    #[arg(long, requires = "output")]
    aes_only: bool,
    /// In the end try every byte, also what does not look random: up to minutes for a gigabyte
    #[arg(long)]
    thorough: bool,
    /// Worker threads [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Text)]
    format: ListFormat,
    /// Colours in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
}

pub(super) fn run(args: &KeyfindArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let begin = Instant::now();
    let stdin = args.images.iter().chain(&args.tickets).filter(|path| source::is_stdin(path)).count();
    if stdin > 1 {
        return Err(Failure::new("standard input can be read only once").into());
    }
    let format = args.convert.format();
    let target = Target::new(args.output.as_deref(), args.format)?;
    if format.is_some() && args.output.is_none() {
        let failure = Failure::new("--convert needs a file to write");
        return Err(failure.with_hint("-o FILE names it").into());
    }
    let tickets = Tickets::read(&args.tickets, notes)?;
    let memories = open(args, notes)?;
    let clues = Clues { times: times(&memories, &tickets), thorough: args.thorough };
    let images: Vec<Image> = memories.iter().map(|memory| memory.image().clone()).collect();
    let bytes = images.iter().map(Image::length).sum();
    let mut search = Search::new(tickets.list(), &clues, images);
    scan::run(&mut search, &memories, args.threads, notes)?;
    let findings = search.findings();
    let delivered = target.deliver(&findings, format, args.aes_only)?;
    let unproved = search.missing();
    report(args, &memories, &findings, &delivered, &tickets, notes, |found| Summary {
        bytes,
        elapsed: begin.elapsed(),
        found,
        missing: search.missing_keys(),
    })?;
    explain(&findings, &unproved, &tickets, args, notes);
    Ok(if unproved.is_empty() { Exit::Done } else { Exit::NotAll })
}

/// The images that were named, and the processes.
fn open(args: &KeyfindArgs, notes: &Notes) -> anyhow::Result<Vec<Memory>> {
    let mut memories = Vec::new();
    for path in &args.images {
        memories.push(Memory::open(path, notes)?);
    }
    memories.extend(process::open(&args.pids, args.thorough, notes)?);
    Ok(memories)
}

/// When the tickets may have been issued: GnuTLS derives its keys from the time.
fn times(memories: &[Memory], tickets: &Tickets) -> Vec<i64> {
    let mut times: Vec<i64> = tickets.times().chain(memories.iter().filter_map(Memory::modified)).collect();
    times.push(exit::now());
    times.dedup();
    times
}

/// Prints the records; with the key on standard output, they go to standard error.
fn report(
    args: &KeyfindArgs,
    memories: &[Memory],
    findings: &[Finding],
    delivered: &[Delivery],
    tickets: &Tickets,
    notes: &Notes,
    summary: impl FnOnce(usize) -> Summary,
) -> anyhow::Result<()> {
    let mut out = Page::new();
    for (finding, delivery) in findings.iter().zip(delivered) {
        let image = memories.get(finding.image).map(Memory::name).unwrap_or_default();
        let next = next_command(finding, delivery, args, tickets);
        let written = delivery.path();
        let shown = Shown { finding, image, written: written.as_deref(), next: &next };
        match args.format {
            ListFormat::Json => render::json(&shown, &mut out),
            ListFormat::Text => render::text(&shown, output::styles(args.color), &mut out),
        }
    }
    let proved = findings.iter().filter(|finding| finding.proof != Proof::AesOnly).count();
    let summary = summary(proved);
    match args.format {
        ListFormat::Json => render::json_summary(&summary, &mut out),
        ListFormat::Text => notes.detail(render::text_summary(&summary)),
    }
    if args.output.as_deref().is_some_and(source::is_stdin) {
        notes.progress().suspend(|| io::stderr().write_all(&out))?;
    } else {
        io::stdout().write_all(&out)?;
    }
    Ok(())
}

/// What to type next.
fn next_command(finding: &Finding, delivery: &Delivery, args: &KeyfindArgs, tickets: &Tickets) -> String {
    let ticket = finding.tickets.first().and_then(|number| tickets.path(*number)).map(quoted).unwrap_or_default();
    match delivery {
        Delivery::File(path) if finding.proof != Proof::AesOnly => {
            format!("tktdump --key {} {ticket}", quoted(path))
        }
        Delivery::Nothing if finding.proof != Proof::AesOnly && finding.key_file(args.convert.format()).is_ok() => {
            let images = args.images.iter().map(|path| format!(" {}", quoted(path)));
            let pids = args.pids.iter().map(|pid| format!(" --pid {pid}"));
            let given: String = images.chain(pids).collect();
            format!("tktdump keyfind{given} --ticket {ticket} -o ticket.key")
        }
        _ => String::new(),
    }
}

/// A path as a shell takes it.
fn quoted(path: &std::path::Path) -> String {
    let name = source::display(path);
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+,:=@%".contains(character);
    if !name.is_empty() && name.chars().all(is_plain) {
        name.to_string()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

/// Says what was not found, and what that means.
fn explain(findings: &[Finding], unproved: &[(usize, bool)], tickets: &Tickets, args: &KeyfindArgs, notes: &Notes) {
    for finding in findings.iter().filter(|finding| finding.proof == Proof::AesOnly) {
        let name = finding.key_name.map_or_else(|| "without a name".to_owned(), |name| name.to_string());
        notes.error(format_args!(
            "key {name}: the AES key is there, but no MAC key beside it: nothing proves that the tickets are genuine"
        ));
        notes.hint(
            "after a reload the old key is freed and soon overwritten: take the image before the reload; --aes-only -o FILE writes the AES key alone",
        );
    }
    let half: Vec<usize> = findings.iter().flat_map(|finding| finding.tickets.iter().copied()).collect();
    let missing: Vec<&(usize, bool)> = unproved.iter().filter(|(number, _)| !half.contains(number)).collect();
    for (number, known) in missing.iter().take(MOST_SAID) {
        let ticket = tickets.describe(*number);
        if *known {
            notes.error(format_args!("{ticket}: its key is not in the images"));
        } else {
            notes.error(format_args!("{ticket}: not sealed in any way that keyfind knows"));
        }
    }
    if missing.len() > MOST_SAID {
        notes.error(format_args!("and {} more tickets", missing.len() - MOST_SAID));
    }
    if missing.iter().any(|(_, known)| *known) {
        notes.hint(if args.thorough {
            "is it the process that sealed the ticket, and as old as the ticket? docs/keyfind.md says which process to take"
        } else {
            "is it the process that sealed the ticket, and as old as the ticket? --thorough also tries every byte"
        });
    }
}

/// Tickets without a key that are named one by one.
const MOST_SAID: usize = 10;
