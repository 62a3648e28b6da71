//! `-f pcapng`: a capture again, its key log inside as Decryption Secrets Blocks ahead of the packets, and what became of
//! its tickets and connections as comments on them.
//!
//! The capture is read twice, once for the key log and the comments and once for the packets, so that it is not held in
//! memory.

mod target;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use anyhow::Context as _;
use tktdump::input;
use tktdump::open::Opener;
use tktdump::report::comments::Kept;
use tktdump::report::json;

use self::target::Target;
use super::{CommentsArg, Job, JobArgs, Log, Output, Printer, Turnstile, Worker, load_keys, refuse_doubtful};
use crate::command::capture::{self, Feed, Sequence};
use crate::command::exit::Exit;
use crate::command::failure::Failure;
use crate::command::gzip::Decompressed;
use crate::command::notes::Notes;
use crate::command::progress::{Input, Progress};
use crate::command::redirect::redirect;
use crate::command::source::Given;
use crate::command::{gzip, source};

pub(in crate::command) fn run(args: &JobArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let read = args.key_log.with(&args.keys);
    let inputs = source::inputs(&args.inputs, &read)?;
    let [path] = inputs.as_slice() else {
        let failure = Failure::new("-f pcapng takes one capture at a time");
        return Err(failure.with_hint("mergecap puts several together").into());
    };
    let shown = source::shown(path);
    let now = args.at.unwrap_or_else(crate::command::exit::now);
    let mut given = Given::default();
    let ring = load_keys(args, now, &mut given, notes)?;
    // what an earlier run has written must not change what this one does
    let secrets = args.key_log.load(notes)?.without_derived();
    redirect(args.output.as_deref(), &[&inputs, &read], !args.redact)?;
    let kept = json::Kept::new(&ring);
    let output = Output::new(args, &kept, now)?;
    source::refuse_output(path)?;
    let mut file = open(path, notes.progress()).with_context(|| shown.clone())?;
    let mut head = Vec::new();
    Decompressed::new(&mut file)
        .and_then(|input| input.take(4).read_to_end(&mut head))
        .with_context(|| shown.clone())
        .map_err(gzip::explain)?;
    if !input::begins_capture(&head) {
        let failure = Failure::new(format_args!("{shown}: no capture, which is what -f pcapng writes again"));
        return Err(failure.with_hint("-f keylog takes tickets in other forms, with --client-random").into());
    }
    let mut log = Log::new(None, args.unproven);
    let target = Target::begin(&mut file, args.redact, &mut log).with_context(|| shown.clone())?;
    let opener = Opener::new(&ring);
    let selection = args.selection.selection();
    let job = Job { opener, output, notes, given, selection, at: args.at, threads: args.threads };
    let printer = Turnstile::new(0, Printer::of_blocks(target.blocks()));
    let mut worker = Worker::new(&job, &printer);
    worker.key_log = (!args.redact).then_some(log);
    worker.sequence = Sequence::new(secrets);
    worker.begin(path)?;
    file.rewind()?;
    let (input, watch) = notes.progress().watch(file.try_clone()?);
    capture::read(Feed::new(Decompressed::new(input)?), &shown, &mut worker)?;
    drop(watch);
    refuse_doubtful(&ring)?;
    worker.flush()?;
    let mut comments = std::mem::take(&mut worker.comments);
    comments.sort();
    file.rewind()?;
    let (input, watch) = notes.progress().watch(file);
    let no_room = target.finish(input, &comments).with_context(|| shown.clone())?;
    drop(watch);
    args.key_log.tell(worker.sequence.secrets(), notes);
    tell_left_out(&comments, no_room, &shown, notes);
    if args.redact && worker.client_certificates {
        notes.warning(format_args!(
            "{shown}: clients showed certificates in handshakes that are not encrypted: they are still in the capture"
        ));
    }
    Ok(end(args, worker.key_log.as_ref(), comments.count() as u64 > no_room, notes))
}

/// What there was no room for.
fn tell_left_out(comments: &Kept, no_room: u64, shown: &str, notes: &Notes) {
    match no_room {
        0 => {}
        1 => notes.warning(format_args!(
            "{shown}: one comment was left out: its packet is in a block that has no room for it (Simple Packet Block)"
        )),
        count => notes.warning(format_args!(
            "{shown}: {count} comments were left out: their packets are in blocks that have no room for them \
             (Simple Packet Blocks)"
        )),
    }
    if comments.left_out() > 0 {
        let count = comments.left_out();
        notes.warning(format_args!("{shown}: {count} comments were left out: there are too many"));
    }
}

/// The capture is worth having if it has a line of a key log or a comment: foreign tickets in it are normal.
fn end(args: &JobArgs, log: Option<&Log>, has_comments: bool, notes: &Notes) -> Exit {
    let has_lines = log.is_some_and(Log::has_lines);
    if log.is_some_and(|log| log.lines() > 0) {
        notes.warning("the key log decrypts recorded traffic: keep it as safe as the ticket key");
    }
    if has_lines || has_comments {
        if !has_lines && !args.redact && !args.keys.is_empty() {
            notes.hint("no ticket gives a line of a key log: the capture has comments, and nothing that decrypts it");
        }
        return Exit::Done;
    }
    if args.redact || args.comments == CommentsArg::All {
        notes.error("there was nothing to write a comment on");
    } else {
        notes.error("no ticket gives a line of a key log");
    }
    if args.keys.is_empty() && !args.redact {
        notes.hint("a key log is made with the server's ticket key: --key FILE");
    }
    Exit::NotAll
}

/// A file that can be read twice.
fn open(path: &Path, progress: &Progress) -> io::Result<File> {
    if source::is_stdin(path) {
        return spool(io::stdin(), progress);
    }
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { spool(file, progress) }
}

fn spool(input: impl Input, progress: &Progress) -> io::Result<File> {
    let (mut input, _watch) = progress.watch(input);
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    file.rewind()?;
    Ok(file)
}
