//! The tickets whose keys are wanted, taken from inputs of any form.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::anyhow;
use tktdump::capture::Connection;
use tktdump::escape::Text;
use tktdump::input::Item;
use tktdump::session::Session;
use tktdump::ticket::{Malformed, check_length};

use crate::command::capture::Sequence;
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::sink::Sink;
use crate::command::source;

/// The most tickets that are kept, and their bytes: those of one key are needed once.
const MOST: usize = 4096;
const MOST_BYTES: usize = 8 << 20;

/// Tickets, each once, and where they came from.
#[derive(Default)]
pub(super) struct Tickets {
    list: Vec<Vec<u8>>,
    /// The n-th path of each, and which of its tickets it is, from 1.
    origins: Vec<(usize, usize)>,
    paths: Vec<PathBuf>,
    times: Vec<i64>,
}

impl Tickets {
    /// Reads the tickets of some inputs.
    pub(super) fn read(paths: &[PathBuf], notes: &Notes) -> anyhow::Result<Self> {
        let mut collector = Collector {
            tickets: Self { paths: paths.to_vec(), ..Self::default() },
            known: HashSet::new(),
            path: 0,
            count: 0,
            handles: 0,
            bytes: 0,
            left_out: 0,
            sequence: Sequence::default(),
            notes,
        };
        for (number, path) in paths.iter().enumerate() {
            (collector.path, collector.count) = (number, 0);
            source::read(path, None, None, &mut collector)?;
            collector.tickets.times.extend(modified(path));
        }
        let Collector { tickets, handles, left_out, .. } = collector;
        if left_out > 0 {
            notes.warning(format_args!(
                "{left_out} tickets are left out: {MOST} of them, or {} MiB, are searched for at once",
                MOST_BYTES >> 20
            ));
        }
        if tickets.list.is_empty() {
            return Err(none(handles));
        }
        Ok(tickets)
    }

    pub(super) fn list(&self) -> &[Vec<u8>] {
        &self.list
    }

    /// When the inputs were written.
    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        self.times.iter().copied()
    }

    /// The input of a ticket.
    pub(super) fn path(&self, number: usize) -> Option<&Path> {
        let (path, _) = self.origins.get(number)?;
        self.paths.get(*path).map(PathBuf::as_path)
    }

    /// Names a ticket for people.
    pub(super) fn describe(&self, number: usize) -> String {
        let path = self.path(number).map(source::shown).unwrap_or_default();
        match self.origins.get(number) {
            Some((of, nth)) if self.origins.iter().filter(|(path, _)| path == of).count() > 1 => {
                format!("{path}, ticket {nth}")
            }
            _ => path,
        }
    }
}

/// When a file was written, seconds since 1970.
pub(super) fn modified(path: &Path) -> Option<i64> {
    let time = std::fs::metadata(path).ok()?.modified().ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn none(handles: usize) -> anyhow::Error {
    if handles == 0 {
        return anyhow!("no ticket was found").context(
            Failure::new("no ticket was found")
                .with_hint("give tickets as files, lines of hex, an s_client session (-sess_out) or a capture"),
        );
    }
    Failure::new("the tickets are 32-byte session IDs of the server, and nothing is sealed in them")
        .with_hint("such a server keeps its sessions in a cache: there is no ticket key to find")
        .into()
}

struct Collector<'n> {
    tickets: Tickets,
    known: HashSet<Vec<u8>>,
    /// The input that is read.
    path: usize,
    /// Tickets of it.
    count: usize,
    /// Session IDs in the place of tickets.
    handles: usize,
    /// Bytes of the tickets that are kept.
    bytes: usize,
    /// Tickets that are not.
    left_out: u64,
    sequence: Sequence,
    notes: &'n Notes,
}

impl Collector<'_> {
    fn add(&mut self, ticket: &[u8]) {
        self.count += 1;
        match check_length(ticket) {
            Ok(()) => {}
            Err(Malformed::StatefulId) => {
                self.handles += 1;
                return;
            }
            Err(_) => return,
        }
        if self.known.contains(ticket) {
            return;
        }
        if self.tickets.list.len() >= MOST || self.bytes + ticket.len() > MOST_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += ticket.len();
        self.known.insert(ticket.to_vec());
        self.tickets.list.push(ticket.to_vec());
        self.tickets.origins.push((self.path, self.count));
    }
}

impl Sink for Collector<'_> {
    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        match item {
            Item::Ticket(ticket) | Item::Recorded { ticket, .. } | Item::Listed { ticket, .. } => self.add(ticket),
            Item::Session(der) => {
                if let Some(ticket) = Session::parse(der).ok().and_then(|session| session.ticket) {
                    self.add(ticket);
                }
            }
            Item::Connection(_) => {}
            Item::Unreadable(error) => {
                let line = line.map_or_else(String::new, |line| format!("line {line}: "));
                let path = self.tickets.paths.get(self.path).map(|path| source::display(path)).unwrap_or_default();
                self.notes.warning(format_args!("{}: {line}{error}", Text(path.as_bytes())));
            }
        }
    }

    fn connection(&mut self, connection: &Connection) {
        for sighting in connection.sightings() {
            self.add(sighting.ticket);
        }
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn notes(&self) -> &Notes {
        self.notes
    }
}
