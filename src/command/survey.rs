//! `tktdump survey`: tickets grouped by key name; no key is needed.

#[cfg(feature = "audit")]
mod judge;
mod keys;
mod painter;
mod seen;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tktdump::capture::Connection;
use tktdump::capture::sighting::{Carrier, Sighting};
use tktdump::escape::Text;
use tktdump::input::{Guess, Item, Proves, Recorded, RecordedConnection};
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::record::Selection;
use tktdump::report::{Page, html, survey as render, timeline};
use tktdump::resumption::Unrecognised;
use tktdump::session::Session;
use tktdump::survey::{KnownKey, LeftOut, Part, Seen, Survey};
use tktdump::ticket::{self, Malformed};
use zeroize::Zeroizing;

use self::keys::Keys;
use self::painter::Painter;
use self::seen::{add_names, known_key, part, text_of};
use super::args::shared::{Alphabet, Color, FormArg, KeyFormatArg, SeenArgs, SurveyFormat};
use super::capture::Sequence;
use super::exit::Exit;
use super::failure::Failure;
use super::key_files::{self, Unclaimed};
use super::logged::KeyLogArg;
use super::notes::Notes;
use super::output;
use super::redirect::redirect;
use super::sink::Sink;
use super::source;

/// The narrowest terminal that a timeline is drawn for; on others lines are longer.
const MIN_WIDTH: usize = 50;

#[derive(Debug, Args)]
pub(super) struct SurveyArgs {
    /// Captures, tickets in any form, or texts with key names; standard input if none or - is given
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Key file; the survey says which of them each key name is in; repeatable
    #[arg(short, long = "key", value_name = "FILE", env = "TKTDUMP_KEY", hide_env_values = true)]
    pub(super) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) key_format: KeyFormatArg,
    #[command(flatten)]
    pub(super) key_log: KeyLogArg,
    /// Input format
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Auto)]
    pub(super) from: FormArg,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = SurveyFormat::Text)]
    pub(super) format: SurveyFormat,
    /// Draw lanes of time, a server each, as wide as the terminal
    #[arg(long, conflicts_with = "format")]
    pub(super) timeline: bool,
    /// Columns of --timeline [default: those of the terminal, or 80]
    #[arg(long, value_name = "COLUMNS", requires = "timeline", value_parser = clap::value_parser!(u16).range(50..))]
    pub(super) width: Option<u16>,
    /// Draw --timeline with ASCII or Unicode characters; auto goes by the locale
    #[arg(long, value_enum, value_name = "WHICH", requires = "timeline", default_value_t = Alphabet::Auto)]
    pub(super) alphabet: Alphabet,
    #[command(flatten)]
    pub(super) selection: SeenArgs,
    /// Write to a file instead of standard output; a key file is never written over
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Colours in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

pub(super) fn run(args: &SurveyArgs, notes: &Notes) -> anyhow::Result<Exit> {
    if args.timeline || args.format == SurveyFormat::Html {
        return draw(args, notes);
    }
    let ring = load_keys(args, notes)?;
    let mut collector = Collector {
        survey: Survey::default(),
        ring: &ring,
        plaintext: Zeroizing::default(),
        path: Arc::from(""),
        selection: args.selection.selection(),
        tickets: 0,
        left_out: 0,
        unreadable: 0,
        guess: None,
        recorded: Vec::new(),
        sequence: Sequence::new(args.key_log.load(notes)?),
        notes,
    };
    let mut exit = Exit::Done;
    let read = args.key_log.with(&args.keys);
    let inputs = source::inputs(&args.inputs, &read)?;
    redirect(args.output.as_deref(), &[&inputs, &read], false)?;
    let proves: Option<&dyn Proves> = if ring.is_empty() { None } else { Some(&ring) };
    for path in &inputs {
        collector.path = source::display(path);
        // a name alone is of no ticket that could be selected by more than its name
        if args.from == FormArg::Auto && collector.names(path) > 0 {
            continue;
        }
        if let Err(error) = source::read(path, args.from.form(), proves, &mut collector) {
            collector.notes.failure(&error);
            exit = Exit::Failed;
        }
        collector.flush(None);
    }
    args.key_log.tell(collector.sequence.secrets(), notes);
    let Collector { survey, tickets, left_out, unreadable, guess, .. } = collector;
    if tickets + left_out > 0 || exit != Exit::Done {
    } else if let (Some(guess), [only]) = (guess, inputs.as_slice()) {
        source::tell_nothing(only, guess, notes);
    } else {
        say_nothing(notes);
    }
    say_left_out(&survey.left_out(), notes);
    let groups = survey.finish();
    let mut out = Page::new();
    for group in &groups {
        match args.format {
            SurveyFormat::Json => render::json(group, &mut out),
            SurveyFormat::Text | SurveyFormat::Html => render::text(group, output::styles(args.color), &mut out),
        }
    }
    io::stdout().write_all(&out)?;
    Ok(exit.max(if tickets + left_out > 0 && unreadable == 0 { Exit::Done } else { Exit::NotAll }))
}

/// Draws pictures of what is in the inputs.
fn draw(args: &SurveyArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let now = super::exit::now();
    let keys = Keys::load(&args.keys, args.key_format.format(), now, notes)?;
    #[cfg(feature = "audit")]
    let policy = tktdump::audit::Policy::default();
    let mut painter = Painter::new(
        &keys,
        #[cfg(feature = "audit")]
        &policy,
        #[cfg(feature = "audit")]
        now,
        args.selection.selection(),
        notes,
    );
    let mut exit = Exit::Done;
    let inputs = source::inputs(&args.inputs, &args.keys)?;
    redirect(args.output.as_deref(), &[&inputs, &args.keys], false)?;
    let proves: Option<&dyn Proves> = if keys.ring().is_empty() { None } else { Some(keys.ring()) };
    for path in &inputs {
        painter.begin(path);
        if args.from == FormArg::Auto && painter.names(path) > 0 {
            continue;
        }
        if let Err(error) = source::read(path, args.from.form(), proves, &mut painter) {
            notes.failure(&error);
            exit = Exit::Failed;
        }
    }
    let (found, unreadable) = (painter.tickets + painter.left_out, painter.unreadable);
    let overview = painter.finish();
    if found == 0 && overview.connections() == 0 && exit == Exit::Done {
        say_nothing(notes);
    }
    say_left_out(&overview.left_out.survey, notes);
    let mut out = Page::new();
    if args.timeline {
        let look = timeline::Look {
            width: args.width.map_or_else(|| output::terminal_width().unwrap_or(80).max(MIN_WIDTH), usize::from),
            is_ascii: args.alphabet.is_ascii(),
            styles: output::styles(args.color),
        };
        timeline::render(&overview, look, &mut out);
    } else {
        let inputs: Vec<String> = inputs.iter().map(|path| source::display(path).to_string()).collect();
        html::page(&overview, html::About { inputs: &inputs, keys: &keys.paths }, &mut out);
    }
    io::stdout().write_all(&out)?;
    Ok(exit.max(if found > 0 && unreadable == 0 { Exit::Done } else { Exit::NotAll }))
}

fn say_nothing(notes: &Notes) {
    notes.error("no ticket was found");
    notes.hint("give captures, tickets as lines of hex or as records of -f json, or texts that show key names");
}

fn load_keys(args: &SurveyArgs, notes: &Notes) -> anyhow::Result<KeyRing> {
    let mut files = Vec::new();
    for loaded in key_files::load(&args.keys, args.key_format.format(), Unclaimed::Refused, notes) {
        let loaded = loaded?;
        files.push((loaded.path, loaded.file));
    }
    let ring = KeyRing::with_clock(files, None);
    if ring.is_empty() && !args.keys.is_empty() {
        return Err(Failure::new("no key was found in what --key names").into());
    }
    Ok(ring)
}

/// Says what found no room.
fn say_left_out(left_out: &LeftOut, notes: &Notes) {
    let LeftOut { names, servers, snis } = *left_out;
    if names > 0 {
        notes.warning(format_args!("{names} tickets are counted without their key name: there are too many names"));
    }
    if servers + snis > 0 {
        notes.warning(format_args!(
            "the lists are not whole: {servers} times a server was left out, {snis} times a host name"
        ));
    }
}

struct Collector<'n> {
    survey: Survey,
    ring: &'n KeyRing,
    plaintext: Zeroizing<Vec<u8>>,
    path: Arc<str>,
    selection: Selection,
    tickets: u64,
    /// Tickets that were found and not selected.
    left_out: u64,
    unreadable: u64,
    /// What the last input seems to be in which nothing was found.
    guess: Option<Guess>,
    /// Tickets of records that wait for the record of their connection.
    recorded: Vec<(Vec<u8>, Recorded)>,
    sequence: Sequence,
    notes: &'n Notes,
}

impl Collector<'_> {
    /// Looks for key names alone in a file that is a text; how many there were.
    fn names(&mut self, path: &Path) -> u64 {
        let Some(text) = text_of(path) else { return 0 };
        let Self { survey, path, selection, left_out, .. } = self;
        let (taken, passed) = add_names(&text, selection, survey, path);
        *left_out += passed;
        self.tickets += taken;
        taken + passed
    }

    fn add(&mut self, seen: Seen<'_>, stream: Option<u64>, key: Option<KnownKey>) {
        let selection = &self.selection;
        let is_wanted =
            selection.takes_ticket(seen.ticket) && selection.takes_name(seen.sni) && selection.takes_stream(stream);
        if !is_wanted {
            self.left_out += 1;
            return;
        }
        self.tickets += 1;
        self.survey.add(seen, key);
    }

    fn bare(&mut self, ticket: &[u8]) {
        let (source, key) = (Arc::clone(&self.path), self.key(ticket));
        self.add(Seen { ticket, time: None, server: None, sni: None, source: &source, part: Part::Unknown }, None, key);
    }

    /// The key that a ticket was sealed with, if it is one of those given.
    fn key(&mut self, ticket: &[u8]) -> Option<KnownKey> {
        if self.ring.is_empty() {
            return None;
        }
        let opener = Opener::new(self.ring);
        known_key(&opener.open(&opener.check(ticket), &mut self.plaintext))
    }
}

/// Tickets of records that wait at most.
const MOST_RECORDED: usize = 64;

impl Collector<'_> {
    /// Takes the tickets of the records that were read, with what the record of their connection says, if it is there.
    fn flush(&mut self, connection: Option<&RecordedConnection>) {
        let recorded = std::mem::take(&mut self.recorded);
        let source = Arc::clone(&self.path);
        let sightings = || recorded.iter().filter_map(|(ticket, seen)| seen.sighting(ticket));
        let connection = connection.filter(|connection| {
            let is_of = |sighting: Sighting<'_>| {
                (sighting.number.stream, sighting.client, sighting.server)
                    == (connection.stream, connection.client, connection.server)
            };
            sightings().all(is_of)
        });
        let hellos = sightings().filter_map(|sighting| sighting.hello).max().map_or(0, |last| last + 1);
        for (ticket, seen) in &recorded {
            let sighting = seen.sighting(ticket);
            let part = match (connection, &sighting) {
                (Some(connection), Some(sighting)) => {
                    part(connection.handshake, connection.is_tls13(), hellos, sighting)
                }
                (None, Some(sighting)) if sighting.carrier == Carrier::NewSessionTicket => Some(Part::Issued),
                (None, Some(_)) => Some(Part::Offered),
                (_, None) => Some(Part::Unknown),
            };
            let Some(part) = part else { continue };
            let opener = Opener::new(self.ring);
            let outcome = if self.ring.is_empty() {
                without_keys(ticket)
            } else {
                opener.open(&opener.check(ticket), &mut self.plaintext)
            };
            let unrecognised = sighting.as_ref().and_then(|sighting| Unrecognised::of(sighting, &outcome));
            if matches!(unrecognised, Some(Unrecognised::External | Unrecognised::Encrypted)) {
                continue;
            }
            let (key, stream) = (known_key(&outcome), sighting.map(|sighting| sighting.number.stream));
            let (server, sni) = (seen.server.as_deref(), seen.sni.as_deref().map(str::as_bytes));
            self.add(Seen { ticket, time: seen.time, server, sni, source: &source, part }, stream, key);
        }
    }
}

/// What becomes of a ticket without keys.
fn without_keys(ticket: &[u8]) -> Outcome<'_> {
    match ticket::check_length(ticket) {
        Ok(()) => Outcome::NoKey,
        Err(Malformed::StatefulId) => Outcome::StatefulId,
        Err(error) => Outcome::Malformed(error),
    }
}

impl Sink for Collector<'_> {
    fn nothing(&mut self, guess: Guess) {
        self.guess = Some(guess);
    }

    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        if !matches!(item, Item::Recorded { .. } | Item::Connection(_)) {
            self.flush(None);
        }
        match item {
            Item::Ticket(ticket) | Item::Listed { ticket, .. } => self.bare(ticket),
            Item::Recorded { ticket, seen } => {
                // those of a connection stand together, and its record behind them
                if self.recorded.last().is_some_and(|(_, last)| !seen.is_beside(last))
                    || self.recorded.len() >= MOST_RECORDED
                {
                    self.flush(None);
                }
                self.recorded.push((ticket.to_vec(), seen.clone()));
            }
            Item::Connection(connection) => self.flush(Some(connection)),
            // a session without a ticket was never sealed
            Item::Session(der) => {
                if let Some(ticket) = Session::parse(der).ok().and_then(|session| session.ticket) {
                    self.bare(ticket);
                }
            }
            Item::Unreadable(error) => {
                self.unreadable += 1;
                let line = line.map_or_else(String::new, |line| format!("line {line}: "));
                self.notes.error(format_args!("{}: {line}{error}", Text(self.path.as_bytes())));
                self.notes.hint(error.hint());
            }
        }
    }

    fn connection(&mut self, connection: &Connection) {
        let source = Arc::clone(&self.path);
        let is_tls13 = connection.server_hello().map(|hello| hello.is_tls13);
        let (handshake, hellos) = (connection.handshake(), connection.client_hellos.len());
        for sighting in connection.sightings() {
            let ticket = sighting.ticket;
            let Some(part) = part(handshake, is_tls13, hellos, &sighting) else { continue };
            let opener = Opener::new(self.ring);
            let outcome = if self.ring.is_empty() {
                without_keys(ticket)
            } else {
                opener.open(&opener.check(ticket), &mut self.plaintext)
            };
            // it has no key name, and there is no key that it could be of
            if matches!(Unrecognised::of(&sighting, &outcome), Some(Unrecognised::External | Unrecognised::Encrypted)) {
                continue;
            }
            let (key, server) = (known_key(&outcome), sighting.server.to_string());
            let (time, server, sni) = (Some(sighting.time), Some(&*server), sighting.sni);
            self.add(Seen { ticket, time, server, sni, source: &source, part }, Some(sighting.number.stream), key);
        }
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn notes(&self) -> &Notes {
        self.notes
    }
}
