//! The main job: find tickets, open them, print them.

mod args;
mod connection;
mod files;
mod found;
mod intake;
mod lines;
pub(super) mod pcapng;
mod printer;
mod task;
mod worker;

use std::io::{self, Write};
use std::path::PathBuf;

use tktdump::escape::Text;
use tktdump::input::{self, Proves};
use tktdump::key::ring::KeyRing;
use tktdump::open::Opener;
use tktdump::report::{Page, Tally, Totals, json, text};

pub(super) use self::args::{CommentsArg, Format, JobArgs};
use self::printer::Printer;
use self::task::Job;
use self::worker::Worker;

use super::capture::Sequence;
use super::exit::Exit;
use super::failure::Failure;
use super::key_files::{self, Unclaimed};
use super::key_log::Log;
use super::notes::Notes;
use super::output::Output;
use super::redirect::redirect;
use super::source::{self, Given};
use super::turnstile::Turnstile;

pub(super) fn run(args: &JobArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let read = args.key_log.with(&args.keys);
    let inputs = source::inputs(&args.inputs, &read)?;
    let now = args.at.unwrap_or_else(super::exit::now);
    let mut given = Given::default();
    let ring = load_keys(args, now, &mut given, notes)?;
    let secrets = args.key_log.load(notes)?;
    redirect(args.output.as_deref(), &[&inputs, &read], !args.redact)?;
    let kept = json::Kept::new(&ring);
    let output = Output::new(args, &kept, now)?;
    let opener = Opener::new(&ring).no_verify(args.no_verify);
    let selection = args.selection.selection();
    let job = Job { opener, output, notes, given, selection, at: args.at, threads: args.threads };
    let printer = Turnstile::new(0, Printer::default());
    let mut worker = Worker::new(&job, &printer);
    worker.sequence = Sequence::new(secrets);
    worker.key_log = job.output.is_key_log().then(|| Log::new(args.client_random, args.unproven));
    let exit = read_all(&inputs, args, &ring, &mut worker)?;
    refuse_doubtful(&ring)?;
    worker.flush()?;
    let lines = worker.key_log.as_ref().map(Log::lines);
    args.key_log.tell(worker.sequence.secrets(), notes);
    let guess = worker.guess;
    let captures = worker.captures.then_some(worker.totals);
    drop(worker);
    let Printer { tally, left_out, refused, .. } = printer.into_value();
    if args.stats || (tally.connections() > 0 && args.format == Format::Text) {
        summary(args, &tally, captures)?;
    }
    if tally.tickets() + left_out == 0 && exit == Exit::Done {
        if let (Some(guess), [only]) = (guess, inputs.as_slice()) {
            source::tell_nothing(only, guess, notes);
        } else {
            notes.error("no ticket was found");
            notes.hint(if captures.is_some() { NO_TICKET_IN_CAPTURES } else { input::WHAT_TO_GIVE });
        }
    } else {
        tell_passed_over(tally.passed_over(), notes);
    }
    if let Some(lines) = lines {
        return Ok(exit.max(end_key_log(lines, !args.keys.is_empty(), notes)));
    }
    // without keys nothing was to be opened
    let passed = if ring.is_empty() { tally.unrecognised() } else { 0 };
    let all = tally.tickets() + left_out > 0 && tally.failures() == passed && !refused;
    Ok(exit.max(if all { Exit::Done } else { Exit::NotAll }))
}

/// What to do if captures have been read, and none of them shows a ticket.
const NO_TICKET_IN_CAPTURES: &str = "a capture shows the tickets that clients bring, and those that servers issue up to TLS 1.2; those of TLS 1.3 are \
     encrypted, and --keylog FILE opens them";

/// Reads one input after the other.
fn read_all(inputs: &[PathBuf], args: &JobArgs, ring: &KeyRing, worker: &mut Worker<'_>) -> anyhow::Result<Exit> {
    let (mut exit, mut rest, form) = (Exit::Done, inputs, args.from.form());
    loop {
        let (count, ended) = files::read(rest, form, worker)?;
        exit = exit.max(ended);
        let Some((path, after)) = rest.get(count..).and_then(<[PathBuf]>::split_first) else { return Ok(exit) };
        rest = after;
        worker.begin(path)?;
        let proves: Option<&dyn Proves> = if ring.is_empty() { None } else { Some(ring) };
        match source::read(path, form, proves, worker) {
            Ok(()) => worker.end(path, inputs.len() == 1),
            Err(error) if worker.printer.is_closed() => return Err(error),
            Err(error) => {
                worker.fail(&error)?;
                exit = Exit::Failed;
            }
        }
    }
}

/// Says once how much nobody looked at any further.
fn tell_passed_over(count: u64, notes: &Notes) {
    match count {
        0 => {}
        1 => notes.hint("one run of bytes or line was passed over: nothing there says that it is a ticket"),
        count => notes.hint(format_args!(
            "{count} runs of bytes or lines were passed over: nothing there says that they are tickets"
        )),
    }
}

/// A key log is worth having if it has a line; foreign tickets around it are normal.
fn end_key_log(lines: u64, has_keys: bool, notes: &Notes) -> Exit {
    if lines == 0 {
        notes.error("no ticket gives a line of a key log");
        if !has_keys {
            notes.hint("a key log is made with the server's ticket key: --key FILE");
        }
        return Exit::NotAll;
    }
    notes.warning("the key log decrypts recorded traffic: keep it as safe as the ticket key");
    Exit::Done
}

fn load_keys(args: &JobArgs, now: i64, given: &mut Given, notes: &Notes) -> anyhow::Result<KeyRing> {
    let mut files = Vec::new();
    for loaded in key_files::load(&args.keys, args.key_format.format(), Unclaimed::Kept, notes) {
        let loaded = loaded?;
        given.add(&loaded.content, loaded.identity);
        let shown = Text(loaded.path.as_bytes());
        for warning in &loaded.file.warnings {
            notes.warning(format_args!("{shown}: {warning}"));
        }
        files.push((loaded.path, loaded.file));
    }
    let ring = KeyRing::with_clock(files, Some(now));
    if ring.is_empty() && !args.keys.is_empty() {
        return Err(Failure::new("no key was found in what --key names").into());
    }
    Ok(ring)
}

/// A file that no server takes is an error after all if no ticket came that it could be the key of.
fn refuse_doubtful(ring: &KeyRing) -> Result<(), Failure> {
    let mut doubts = ring.doubts().map(|(path, error, is_cut)| key_files::refused_after_all(path, error, is_cut));
    doubts.next().map_or(Ok(()), Err)
}

fn summary(args: &JobArgs, tally: &Tally, captures: Option<Totals>) -> io::Result<()> {
    if args.format != Format::Json {
        writeln!(io::stderr(), "tktdump: {}", text::summary(tally))?;
        if let Some(connections) = text::connection_summary(tally) {
            writeln!(io::stderr(), "tktdump: {connections}")?;
        }
        return Ok(());
    }
    let mut record = Page::new();
    let counts: Vec<_> = tally.counts().map(|(status, count)| (status.as_str(), count)).collect();
    let connections = (captures.is_some() || tally.connections() > 0).then(|| tally.connections());
    json::summary(tally.tickets(), &counts, tally.passed_over(), connections, captures, &mut record);
    io::stdout().write_all(&record)
}
