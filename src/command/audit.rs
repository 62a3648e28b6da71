//! `tktdump audit`: keys and tickets against rules.

mod args;
mod disk;
mod output;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tktdump::audit::baseline::Baseline;
use tktdump::audit::facts::capture::{Around, Offer};
use tktdump::audit::facts::keys::{KeySet, LoadedFile};
use tktdump::audit::facts::ticket::{PskModes, TicketFacts, guessed};
use tktdump::audit::rules::RULES;
use tktdump::audit::{Auditor, Policy, PolicyError};
use tktdump::capture::sighting::Sighting;
use tktdump::capture::{Connection, Remarks};
use tktdump::escape::Text;
use tktdump::input::{Guess, Item, Proves, Recorded, RecordedConnection};
use tktdump::open::Opener;
use tktdump::record::{Place, Selection, Source, examine, examine_connection};
use tktdump::report::findings::text::Renderer;
use tktdump::report::{Page, Tally, Totals, text};
use tktdump::resumption::History;
use zeroize::Zeroizing;

use self::args::AuditFormat;
pub(super) use self::args::{AuditArgs, PolicyArgs};
use self::output::Output;
use super::capture::Sequence;
use super::exit::Exit;
use super::failure::Failure;
use super::help;
use super::key_files::{self, Unclaimed};
use super::notes::Notes;
use super::output::styles;
use super::redirect::redirect;
use super::sink::Sink;
use super::source::{self, Given};

/// The longest policy or baseline that is read.
const MAX_SETTINGS_LENGTH: u64 = 64 << 20;

pub(super) fn run(args: &AuditArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let policy = policy(&args.policy)?;
    if args.list_rules {
        return list_rules(args, &policy);
    }
    let inputs = inputs(args, &policy)?;
    let baseline = baseline(&args.policy)?;
    let now = args.at.unwrap_or_else(super::exit::now);
    let mut given = Given::default();
    let (keys, mut exit) = load_keys(args, now, &mut given, notes)?;
    // what the missing keys seal would be found to be foreign
    if exit == Exit::Failed && (!inputs.is_empty() || keys.files().is_empty()) {
        return Ok(exit);
    }
    let secrets = args.key_log.load(notes)?;
    let read = read_besides(args);
    redirect(args.output.as_deref(), &[&inputs, &read], false)?;
    let mut worker = Worker {
        opener: Opener::new(keys.ring()),
        auditor: Auditor::new(&policy, now),
        keys: &keys,
        given,
        now,
        at: args.at,
        notes,
        output: Output::new(args, baseline),
        selection: args.selection.selection(),
        left_out: 0,
        tally: Tally::default(),
        captures: None,
        guess: None,
        sequence: Sequence::new(secrets),
        history: History::default(),
        source: Source::from(""),
        index: 0,
        recorded: Vec::new(),
        plaintext: Zeroizing::default(),
    };
    let about_keys = worker.auditor.keys(&keys);
    worker.output.take(about_keys);
    let proves: Option<&dyn Proves> = if keys.ring().is_empty() { None } else { Some(keys.ring()) };
    for path in &inputs {
        worker.begin(path);
        match source::read(path, args.from.form(), proves, &mut worker) {
            Ok(()) => worker.end(path),
            Err(error) if super::exit::is_closed_pipe(&error) => return Err(error),
            Err(error) => {
                worker.notes.failure(&error);
                exit = Exit::Failed;
            }
        }
    }
    for (path, error, is_cut) in keys.ring().doubts() {
        worker.notes.failure(&key_files::refused_after_all(path, error, is_cut).into());
        exit = Exit::Failed;
    }
    if !inputs.is_empty() {
        args.key_log.tell(worker.sequence.secrets(), notes);
    }
    let at_the_end = worker.auditor.finish();
    worker.output.take(at_the_end);
    for (rule, count) in worker.auditor.left_out() {
        worker.notes.warning(format_args!(
            "{}: {count} tickets were not judged by this rule in full, since it can remember no more of them",
            rule.id
        ));
    }
    #[cfg(feature = "sarif")]
    worker.output.document(&policy, worker.notes);
    worker.output.finish(&worker.tally, worker.captures, args.stats, exit == Exit::Failed, worker.notes)?;
    if args.stats && args.format != AuditFormat::Json {
        writeln!(io::stderr(), "tktdump: {}", text::summary(&worker.tally))?;
    }
    if let (Some(guess), [only], 0, Exit::Done) =
        (worker.guess, inputs.as_slice(), worker.tally.tickets() + worker.left_out, exit)
    {
        source::tell_nothing(only, guess, worker.notes);
    }
    if policy.thresholds.expect_active && worker.tally.tickets() + worker.left_out == 0 && exit == Exit::Done {
        worker.notes.error("no ticket was found, so that nothing shows which key seals");
        worker
            .notes
            .hint("with TLS 1.3 the client must stay: (sleep 1) | openssl s_client -connect HOST:443 -sess_out FILE");
        exit = Exit::NotAll;
    }
    let failed = worker.output.tally.at_least(policy.fail_on) > 0;
    Ok(exit.max(if failed { Exit::NotAll } else { Exit::Done }))
}

/// The policy file, and over it the options.
pub(super) fn policy(args: &PolicyArgs) -> anyhow::Result<Policy> {
    let mut policy = Policy::default();
    if let Some(path) = &args.file {
        let (shown, bytes) = read_settings(path)?;
        let text = std::str::from_utf8(&bytes).with_context(|| shown.clone())?;
        policy.read(text).map_err(|error| {
            let hint = or_meant(&error, "docs/rules.md shows a policy file");
            Failure::new(format_args!("{shown}: {error}")).with_hint(hint)
        })?;
    }
    for (id, worth) in &args.rules {
        policy.set(id, worth).map_err(|error| {
            let hint = or_meant(&error, "tktdump audit --list-rules names every rule");
            Failure::new(format_args!("--rule: {error}")).with_hint(hint)
        })?;
    }
    policy.fail_on = args.fail_on.map_or(policy.fail_on, args::SeverityArg::severity);
    policy.thresholds.min_key_bits = args.min_key_bits.unwrap_or(policy.thresholds.min_key_bits);
    policy.thresholds.max_key_age = args.max_key_age.unwrap_or(policy.thresholds.max_key_age);
    policy.thresholds.max_lifetime = args.max_lifetime.or(policy.thresholds.max_lifetime);
    policy.thresholds.max_ticket_bytes = args.max_ticket_bytes.unwrap_or(policy.thresholds.max_ticket_bytes);
    policy.thresholds.expect_active |= args.expect_active;
    Ok(policy)
}

/// The rule that was meant, or else another hint.
fn or_meant(error: &PolicyError, hint: &str) -> String {
    let meant = error.unknown_rule().and_then(|id| help::like(id, RULES.iter().map(|rule| rule.id)));
    meant.map_or_else(|| hint.to_owned(), |meant| format!("did you mean {meant}? {hint}"))
}

pub(super) fn baseline(args: &PolicyArgs) -> anyhow::Result<Baseline> {
    let Some(path) = &args.baseline else { return Ok(Baseline::default()) };
    let (shown, bytes) = read_settings(path)?;
    Baseline::parse(&bytes).map_err(|error| {
        Failure::new(format_args!("{shown}: {error}"))
            .with_hint("a baseline is what tktdump audit -f json printed")
            .into()
    })
}

fn read_settings(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let shown = Text(source::display(path).as_bytes()).to_string();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| shown.clone())?;
    file.take(MAX_SETTINGS_LENGTH + 1).read_to_end(&mut bytes).with_context(|| shown.clone())?;
    if bytes.len() as u64 > MAX_SETTINGS_LENGTH {
        return Err(Failure::new(format_args!("{shown}: longer than {MAX_SETTINGS_LENGTH} bytes")).into());
    }
    Ok((shown, bytes))
}

fn list_rules(args: &AuditArgs, policy: &Policy) -> anyhow::Result<Exit> {
    if args.format != AuditFormat::Text {
        return Err(Failure::new("--list-rules prints text only").with_hint("-f sarif holds every rule, too").into());
    }
    let renderer = Renderer::new(styles(args.color));
    let mut out = Page::new();
    for rule in RULES {
        renderer.rule(rule, policy.severity(rule), &mut out);
    }
    io::stdout().write_all(&out)?;
    Ok(Exit::Done)
}

/// The inputs: none if the keys alone are to be judged, standard input if nothing is named.
fn inputs(args: &AuditArgs, policy: &Policy) -> anyhow::Result<Vec<PathBuf>> {
    if policy.thresholds.expect_active && !args.has_keys() {
        let failure = Failure::new("--expect-active needs the keys that the server is to seal with");
        return Err(failure.with_hint("--key FILE, in the server's own order").into());
    }
    if args.inputs.is_empty() && args.has_keys() {
        if policy.thresholds.expect_active {
            let failure =
                Failure::new("--expect-active needs tickets: no key file tells which key a server seals with");
            return Err(failure.with_hint("name a session that openssl s_client -sess_out wrote, or -").into());
        }
        return Ok(Vec::new());
    }
    source::inputs(&args.inputs, &read_besides(args))
}

/// What is read besides the inputs.
fn read_besides(args: &AuditArgs) -> Vec<PathBuf> {
    let keys: Vec<PathBuf> = args.keys.iter().chain(args.hosts.iter().map(|host| &host.keys)).cloned().collect();
    args.key_log.with(&keys)
}

/// Loads what can be loaded, and says whether that is all.
fn load_keys(args: &AuditArgs, now: i64, given: &mut Given, notes: &Notes) -> anyhow::Result<(KeySet, Exit)> {
    let mut files = Vec::new();
    let mut exit = Exit::Done;
    let unclaimed = if args.inputs.is_empty() { Unclaimed::Refused } else { Unclaimed::Kept };
    let of_hosts = args.hosts.iter().map(|host| (Some(Arc::from(&*host.name)), std::slice::from_ref(&host.keys)));
    for (host, paths) in std::iter::once((None, args.keys.as_slice())).chain(of_hosts) {
        for (number, loaded) in
            key_files::load(paths, args.key_format.format(), unclaimed, notes).into_iter().enumerate()
        {
            match loaded {
                Ok(key_files::Loaded { path, on_disk, content, identity, mut file, .. }) => {
                    given.add(&content, identity);
                    let disk = on_disk.as_deref().and_then(disk::facts);
                    // the order of a host's keys does not depend on the hosts before it
                    file.position = file.position.or(host.as_ref().map(|_: &Arc<str>| number));
                    files.push(LoadedFile { path, host: host.clone(), content, keys: file, disk });
                }
                Err(error) => {
                    notes.failure(&error);
                    exit = Exit::Failed;
                }
            }
        }
    }
    if files.is_empty() && exit == Exit::Done && args.has_keys() {
        return Err(Failure::new("no key was found in what --key and --host name").into());
    }
    Ok((KeySet::new(files, now), exit))
}

/// Opens and judges items one after the other.
struct Worker<'w> {
    opener: Opener<'w>,
    auditor: Auditor<'w>,
    keys: &'w KeySet,
    given: Given,
    now: i64,
    /// The clock that was asked for; packets have one of their own.
    at: Option<i64>,
    notes: &'w Notes,
    output: Output,
    selection: Selection,
    tally: Tally,
    /// What was counted in captures, if there were any.
    captures: Option<Totals>,
    /// Tickets that were found and not selected.
    left_out: u64,
    sequence: Sequence,
    /// What the last input seems to be in which nothing was found.
    guess: Option<Guess>,
    /// Of the capture.
    history: History,
    source: Source,
    index: u64,
    /// Tickets that records showed since the last connection.
    recorded: Vec<Kept>,
    plaintext: Zeroizing<Vec<u8>>,
}

/// Tickets of records that wait for the record of their connection, which stands behind them.
const MOST_RECORDED: usize = 64;

/// A ticket of a record.
struct Kept {
    index: u64,
    line: Option<u64>,
    ticket: Vec<u8>,
    seen: Recorded,
}

impl Worker<'_> {
    fn begin(&mut self, path: &Path) {
        self.source = Source::from(&*source::display(path));
        self.index = 0;
        self.history = History::default();
        if source::is_stdin(path) && io::stdin().is_terminal() {
            self.notes.hint("reading tickets from the terminal; Ctrl-D ends them");
        }
    }

    fn end(&mut self, path: &Path) {
        self.recorded.clear();
        if self.index == 0 {
            let name = source::display(path);
            self.notes.warning(format_args!("{}: no ticket in it", Text(name.as_bytes())));
        }
    }
}

impl Worker<'_> {
    /// Takes what a record says of a connection, whose tickets stand before it.
    fn recorded(&mut self, connection: &RecordedConnection) {
        let kept = std::mem::take(&mut self.recorded);
        let is_of = |sighting: &Sighting<'_>| {
            (sighting.number.stream, sighting.client, sighting.server)
                == (connection.stream, connection.client, connection.server)
        };
        let hellos = kept.iter().filter_map(|kept| kept.seen.sighting(&kept.ticket).filter(is_of)?.hello);
        let around = Around::recorded(connection, hellos.max().unwrap_or(0));
        let mut any = false;
        for Kept { index, line, ticket, seen } in &kept {
            let Some(sighting) = seen.sighting(ticket).filter(is_of) else { continue };
            let place = Place { source: &self.source, index: *index, line: *line, packet: None };
            let record = examine(place, &Item::Recorded { ticket, seen }, &self.opener, &mut self.plaintext);
            if !self.selection.takes(&record) {
                continue;
            }
            any = true;
            if let Some(offer) = Offer::of(&around, &sighting, &record) {
                self.auditor.offer(&offer);
            }
        }
        if any || self.selection.takes_recorded(connection) {
            self.tally.add_connection(connection.handshake, false);
        }
    }
}

impl Sink for Worker<'_> {
    fn nothing(&mut self, guess: Guess) {
        self.guess = Some(guess);
    }

    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        let place = Place { source: &self.source, index: self.index, line, packet: None };
        match item {
            Item::Connection(connection) => return self.recorded(connection),
            Item::Recorded { ticket, seen } if self.recorded.len() < MOST_RECORDED => {
                self.recorded.push(Kept { index: self.index, line, ticket: ticket.to_vec(), seen: seen.clone() });
            }
            _ => {}
        }
        let record = examine(place, &item, &self.opener, &mut self.plaintext);
        self.index += 1;
        if !self.selection.takes(&record) {
            self.left_out += 1;
            return;
        }
        let psk_modes = PskModes::default();
        let guessed = guessed(&record);
        // a record of a capture is judged by the packet's time, as the capture is
        let now = record.capture.filter(|_| self.at.is_none()).map_or(self.now, |sighting| sighting.time.seconds);
        let ticket = TicketFacts { record: &record, keys: self.keys, guessed, psk_modes, now };
        self.tally.add(record.status());
        let findings = self.auditor.ticket(&ticket);
        self.output.take(findings);
    }

    fn connection(&mut self, connection: &Connection) {
        let first = self.index;
        let Self {
            opener,
            auditor,
            keys,
            at,
            output,
            selection,
            tally,
            left_out,
            source,
            index,
            history,
            plaintext,
            ..
        } = self;
        let mut any = false;
        let around = Around::of(connection);
        let record = examine_connection(connection, source, first, opener, history, *at, plaintext, &mut |record| {
            let Some(sighting) = &record.capture else { return };
            *index += 1;
            if !selection.takes(record) {
                *left_out += 1;
                return;
            }
            any = true;
            let now = at.unwrap_or(sighting.time.seconds);
            let psk_modes = PskModes::of(connection, sighting);
            let ticket = TicketFacts { record, keys, guessed: guessed(record), psk_modes, now };
            tally.add(record.status());
            let findings = auditor.ticket(&ticket);
            if let Some(offer) = around.and_then(|around| Offer::of(&around, sighting, record)) {
                auditor.offer(&offer);
            }
            output.take(findings);
        });
        if selection.takes_connection(&record, any) {
            tally.add_connection(connection.handshake(), false);
        }
    }

    fn given(&self) -> Option<&Given> {
        Some(&self.given)
    }

    fn capture(&mut self) {
        self.captures.get_or_insert_default();
    }

    fn totals(&mut self, remarks: &Remarks, dropped: u64) {
        self.captures.get_or_insert_default().add(remarks, dropped);
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn notes(&self) -> &Notes {
        self.notes
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(self.output.flush()?)
    }
}
