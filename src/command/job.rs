//! The main job: find tickets, open them, print them.

mod connection;
pub(super) mod pcapng;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use tktdump::capture::Connection;
use tktdump::escape::Text;
use tktdump::input::{Item, Unreadable};
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::pcapng::BlockWriter;
use tktdump::record::{Place, Record, Shown};
use tktdump::report::{Tally, json, text};
use tktdump::session::Session;
use tktdump::ticket;
use zeroize::Zeroizing;

use super::args::{Format, JobArgs};
use super::key_log::Log;
use super::notes::Notes;
use super::output::Output;
use super::progress::Progress;
use super::source::{self, Sink};
use super::{Exit, Failure, key_files};

pub(super) fn run(args: &JobArgs, notes: &mut Notes) -> anyhow::Result<Exit> {
    let inputs = source::inputs(&args.inputs, &args.keys)?;
    let now = args.at.unwrap_or_else(super::now);
    let ring = load_keys(args, now, notes)?;
    let built_in = if ring.is_empty() { KeyRing::built_in() } else { KeyRing::default() };
    let output = Output::new(args, &ring, now)?;
    let opener = Opener { ring: &ring, built_in: &built_in, no_verify: args.no_verify };
    let mut worker = Worker::new(opener, &output, notes);
    worker.at = args.at;
    worker.key_log = output.is_key_log().then(|| Log::new(args.client_random));
    let mut exit = Exit::Done;
    for path in &inputs {
        worker.begin(path);
        match source::read(path, args.from.form(), &mut worker) {
            Ok(()) => worker.end(path),
            Err(error) if super::is_closed_pipe(&error) => return Err(error),
            Err(error) => {
                worker.flush()?;
                worker.notes.failure(&error);
                exit = Exit::Failed;
            }
        }
    }
    worker.flush()?;
    let (tally, refused, captures) = (worker.tally, worker.refused, worker.captures);
    let lines = worker.key_log.as_ref().map(Log::lines);
    if args.stats || (tally.connections() > 0 && args.format == Format::Text) {
        summary(args, &tally, captures)?;
    }
    if tally.tickets() == 0 && exit == Exit::Done {
        notes.error("no ticket was found");
        notes.hint("give tickets as raw bytes, hex, base64, PEM or DER sessions, an s_client transcript or a capture");
    }
    if let Some(lines) = lines {
        return Ok(exit.max(end_key_log(lines, notes)));
    }
    let all = tally.tickets() > 0 && tally.failures() == 0 && !refused;
    Ok(exit.max(if all { Exit::Done } else { Exit::NotAll }))
}

/// A key log is worth having where it has a line; foreign tickets around it are normal.
fn end_key_log(lines: u64, notes: &Notes) -> Exit {
    if lines == 0 {
        notes.error("no ticket gives a line of a key log");
        return Exit::NotAll;
    }
    notes.warning("the key log decrypts recorded traffic: keep it as safe as the ticket key");
    Exit::Done
}

fn load_keys(args: &JobArgs, now: i64, notes: &Notes) -> anyhow::Result<KeyRing> {
    let mut files = Vec::new();
    for key in key_files::expand(&args.keys, notes)? {
        let loaded = key_files::load(&key, args.key_format.format())?;
        let shown = Text(loaded.path.as_bytes());
        for warning in &loaded.file.warnings {
            notes.warning(format_args!("{shown}: {warning}"));
        }
        notes.detail(format_args!("{shown}: {} bytes, read in {} ways", loaded.length, loaded.file.readings.len()));
        files.push((loaded.path, loaded.file));
    }
    let ring = KeyRing::with_clock(files, Some(now));
    if ring.is_empty() && !args.keys.is_empty() {
        return Err(Failure::new("no key was found in what --key names").into());
    }
    Ok(ring)
}

fn summary(args: &JobArgs, tally: &Tally, captures: bool) -> io::Result<()> {
    if args.format != Format::Json {
        writeln!(io::stderr(), "tktdump: {}", text::summary(tally))?;
        if let Some(connections) = text::connection_summary(tally) {
            writeln!(io::stderr(), "tktdump: {connections}")?;
        }
        return Ok(());
    }
    let mut record = Vec::new();
    let counts = tally.counts().map(|(status, count)| (status.as_str(), count));
    let connections = captures.then(|| tally.connections());
    json::summary(tally.tickets(), counts, connections, &mut record);
    io::stdout().write_all(&record)
}

/// Examines items one after the other and renders them into a buffer that is passed on now and then.
struct Worker<'w> {
    opener: Opener<'w>,
    output: &'w Output<'w>,
    notes: &'w mut Notes,
    source: String,
    index: u64,
    plaintext: Zeroizing<Vec<u8>>,
    rendered: Zeroizing<Vec<u8>>,
    /// Why the output cannot be written; the next pause ends the run with it.
    broken: Option<io::Error>,
    tally: Tally,
    /// Whether there was a capture.
    captures: bool,
    /// Whether a session was opened that the output cannot be made of.
    refused: bool,
    /// The clock that was asked for; packets have one of their own.
    at: Option<i64>,
    key_log: Option<Log>,
    /// Where results go as blocks of a capture instead of as they are.
    blocks: Option<BlockWriter>,
}

impl<'w> Worker<'w> {
    /// How much is rendered before it is written.
    const FLUSH_LENGTH: usize = 1 << 16;

    fn new(opener: Opener<'w>, output: &'w Output<'w>, notes: &'w mut Notes) -> Self {
        Self {
            opener,
            output,
            notes,
            source: String::new(),
            index: 0,
            // at full size from the start: what grows leaves copies of itself behind
            plaintext: Zeroizing::new(Vec::with_capacity(ticket::MAX_LENGTH)),
            rendered: Zeroizing::new(Vec::with_capacity(2 * Self::FLUSH_LENGTH)),
            broken: None,
            tally: Tally::default(),
            captures: false,
            refused: false,
            at: None,
            key_log: None,
            blocks: None,
        }
    }

    fn begin(&mut self, path: &Path) {
        self.source.clear();
        self.source.push_str(&source::display(path));
        self.index = 0;
        if source::is_stdin(path) && io::stdin().is_terminal() {
            self.notes.hint("reading tickets from the terminal; Ctrl-D ends them");
        }
    }

    fn end(&mut self, path: &Path) {
        if self.index == 0 {
            let name = source::display(path);
            self.notes.warning(format_args!("{}: no ticket in it", Text(name.as_bytes())));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.rendered.is_empty() || self.broken.is_some() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match self.blocks {
            None => stdout.write_all(&self.rendered)?,
            Some(blocks) => {
                let mut block = Zeroizing::new(Vec::new());
                blocks.tls_key_log(&self.rendered, &mut block).map_err(io::Error::other)?;
                stdout.write_all(&block)?;
            }
        }
        self.rendered.clear();
        stdout.flush()
    }
}

impl Sink for Worker<'_> {
    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        let place = Place { source: &self.source, index: self.index, line, packet: None };
        let record = examine(place, item, &self.opener, &mut self.plaintext);
        self.output.render(&record, &mut self.rendered);
        self.tally.add(record.status());
        self.index += 1;
        if let (Some(log), Ok(Outcome::Decrypted { session, key, .. })) = (&mut self.key_log, &record.verdict) {
            log.add_bare_ticket(session, key.origin(), &mut self.rendered, self.notes);
        }
        note(&record, self.output, self.opener.ring, &mut self.refused, self.notes);
        if self.rendered.len() >= Self::FLUSH_LENGTH {
            self.broken = self.flush().err();
        }
    }

    fn capture(&mut self) {
        self.captures = true;
    }

    fn connection(&mut self, connection: &Connection) {
        self.examine_connection(connection);
        if self.rendered.len() >= Self::FLUSH_LENGTH {
            self.broken = self.flush().err();
        }
    }

    fn progress(&self) -> &Progress {
        self.notes.progress()
    }

    fn warn(&mut self, message: &str) {
        self.notes.warning(message);
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        match self.broken.take() {
            Some(error) => Err(error.into()),
            None => Ok(self.flush()?),
        }
    }
}

/// Says on stderr what is wrong or unusual about a ticket.
fn note(record: &Record<'_>, output: &Output<'_>, ring: &KeyRing, refused: &mut bool, notes: &mut Notes) {
    let place = record.place;
    let quiet = output.has_every_record() || output.is_key_log();
    if record.opened_with_built_in_key() {
        notes.warning(format_args!("{place}: opened with a key that anybody can guess"));
    }
    if record.session().is_some_and(Shown::is_unverified) && !quiet {
        notes.warning(format_args!("{place}: the session is unverified, anybody may have written it"));
    }
    if (!record.status().is_success() || output.leaves_out(record))
        && let Some(problem) = record.problem(ring)
    {
        notes.ticket(format_args!("{place}: {}", problem.error), &problem.hint, quiet);
    }
    if let Some(dialect) = output.refuses(record) {
        let error = format_args!(
            "{place}: the session is in the dialect {}, which is no SSL_SESSION of OpenSSL's",
            dialect.as_str()
        );
        *refused = true;
        notes.ticket(error, "-f text and -f json show it, -f der writes its plaintext", false);
    }
}

/// Opens what an item holds.
pub(super) fn examine<'a>(
    place: Place<'a>,
    item: Item<'a>,
    opener: &Opener<'a>,
    plaintext: &'a mut Vec<u8>,
) -> Record<'a> {
    let record = |bytes, outcome| Record { place, bytes, verdict: Ok(outcome), client_session: None, capture: None };
    match item {
        Item::Ticket(bytes) | Item::Recorded { ticket: bytes, .. } => record(bytes, opener.open(bytes, plaintext)),
        Item::Unreadable(error) => {
            Record { place, bytes: &[], verdict: Err(error), client_session: None, capture: None }
        }
        Item::Session(der) => match Session::parse(der) {
            Ok(session) => match session.ticket {
                Some(ticket) => {
                    Record { client_session: Some(session), ..record(ticket, opener.open(ticket, plaintext)) }
                }
                None => record(&[], Outcome::PlainSession { session }),
            },
            Err(error) => {
                let verdict = Err(Unreadable::Session(error));
                Record { place, bytes: &[], verdict, client_session: None, capture: None }
            }
        },
    }
}
