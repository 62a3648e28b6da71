//! Collects what pictures are drawn from.

use std::path::Path;

use anyhow::Context as _;
use tktdump::capture::Connection;
use tktdump::capture::container::Time;
use tktdump::capture::sighting::Sighting;
use tktdump::escape::Text;
use tktdump::input::{Form, Item, List};
use tktdump::open::Opener;
use tktdump::record::{Place, Record, Selection, Source, examine, examine_connection};
use tktdump::resumption::{History, Unrecognised};
use tktdump::survey::picture::{Handshake, Overview, Picture, SessionFacts};
use tktdump::survey::stored::{Opened, Reader};
use tktdump::survey::{KnownKey, Part, Seen};
use zeroize::Zeroizing;

#[cfg(feature = "audit")]
use super::judge::Judge;
use super::keys::Keys;
use super::seen::{add_names, known_key, part, text_of};
use crate::command::capture::Sequence;
use crate::command::notes::Notes;
use crate::command::sink::Sink;
use crate::command::source::{self, Chunk, Chunks, shown};

/// Draws nothing itself: what it collects is drawn when all inputs are read.
pub(super) struct Painter<'p> {
    picture: Picture,
    opener: Opener<'p>,
    has_keys: bool,
    #[cfg(feature = "audit")]
    judge: Judge<'p>,
    plaintext: Zeroizing<Vec<u8>>,
    selection: Selection,
    source: Source,
    index: u64,
    history: History,
    pub(super) tickets: u64,
    /// Tickets that were found and not selected.
    pub(super) left_out: u64,
    pub(super) unreadable: u64,
    sequence: Sequence,
    notes: &'p Notes,
}

impl<'p> Painter<'p> {
    pub(super) fn new(
        keys: &'p Keys,
        #[cfg(feature = "audit")] policy: &'p tktdump::audit::Policy,
        #[cfg(feature = "audit")] now: i64,
        selection: Selection,
        notes: &'p Notes,
    ) -> Self {
        Self {
            picture: Picture::default(),
            opener: Opener::new(keys.ring()),
            has_keys: !keys.ring().is_empty(),
            #[cfg(feature = "audit")]
            judge: Judge::new(&keys.set, policy, now),
            plaintext: Zeroizing::default(),
            selection,
            source: Source::from(""),
            index: 0,
            history: History::default(),
            tickets: 0,
            left_out: 0,
            unreadable: 0,
            sequence: Sequence::default(),
            notes,
        }
    }

    pub(super) fn begin(&mut self, path: &Path) {
        self.source = Source::from(&*source::display(path));
        self.index = 0;
        self.history = History::default();
    }

    /// Looks for key names alone in a file that is a text; how many there were.
    pub(super) fn names(&mut self, path: &Path) -> u64 {
        let Some(text) = text_of(path) else { return 0 };
        let (taken, passed) = add_names(&text, &self.selection, self.picture.survey(), &self.source);
        self.tickets += taken;
        self.left_out += passed;
        taken + passed
    }

    /// All of it, ready to be drawn.
    pub(super) fn finish(self) -> Overview {
        #[cfg(feature = "audit")]
        let Self { mut picture, mut judge, has_keys, .. } = self;
        #[cfg(not(feature = "audit"))]
        let Self { picture, .. } = self;
        #[cfg(feature = "audit")]
        if has_keys {
            judge.finish(&mut picture);
        }
        picture.finish()
    }

    fn unreadable(&mut self, line: Option<u64>, error: &dyn std::fmt::Display, hint: &dyn std::fmt::Display) {
        self.unreadable += 1;
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        self.notes.error(format_args!("{}: {line}{error}", Text(self.source.as_bytes())));
        self.notes.hint(hint);
    }

    /// Takes a line of records of ours.
    fn record(&mut self, reader: &mut Reader, line: &[u8], number: u64) {
        let Self { picture, opener, has_keys, plaintext, selection, source, .. } = self;
        #[cfg(feature = "audit")]
        let judge = &mut self.judge;
        let place = Place { source, index: number, line: Some(number), packet: None };
        let mut open = |ticket: &[u8]| -> Option<Opened> {
            if !*has_keys {
                return None;
            }
            let record = examine(place, &Item::Ticket(ticket), opener, plaintext);
            #[cfg(feature = "audit")]
            judge.listed(&record);
            Some((known_key(record.verdict.as_ref().ok()?), SessionFacts::of(&record)))
        };
        if !reader.line(line, selection, &mut open, picture) {
            self.unreadable(
                Some(number),
                &"the line is not a record of tktdump -f json",
                &"give its records as they are",
            );
        }
    }
}

impl Sink for Painter<'_> {
    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        if matches!(item, Item::Connection(_)) {
            return;
        }
        if let Item::Unreadable(error) = &item {
            return self.unreadable(line, error, &error.hint());
        }
        let place = Place { source: &self.source, index: self.index, line, packet: None };
        self.index += 1;
        let record = examine(place, &item, &self.opener, &mut self.plaintext);
        // a session without a ticket was never sealed
        if record.bytes.is_empty() {
            return;
        }
        if !takes(&self.selection, record.bytes, None, None) {
            self.left_out += 1;
            return;
        }
        self.tickets += 1;
        #[cfg(feature = "audit")]
        if self.has_keys {
            self.judge.listed(&record);
            self.judge.tell(&mut self.picture);
        }
        if let Some(facts) = SessionFacts::of(&record) {
            self.picture.session(facts);
        }
        let key = record.verdict.as_ref().ok().and_then(known_key);
        let source = &self.source;
        let seen = Seen { ticket: record.bytes, time: None, server: None, sni: None, source, part: Part::Unknown };
        self.picture.add(seen, key, None);
    }

    fn lines(&mut self, list: List, mut chunks: Chunks, path: &Path) -> anyhow::Result<()> {
        if list.form() != Form::Records {
            return crate::command::sink::each_line(&list, chunks, path, self);
        }
        let (mut chunk, mut reader, mut number) = (Chunk::default(), Reader::default(), 0);
        while chunks.next(&mut chunk).with_context(|| shown(path))? {
            for line in chunk.lines() {
                number += 1;
                self.record(&mut reader, line, number);
            }
        }
        reader.finish(&mut self.picture);
        self.tickets += reader.tickets;
        self.left_out += reader.left_out;
        Ok(())
    }

    fn connection(&mut self, connection: &Connection) {
        let is_tls13 = connection.server_hello().map(|hello| hello.is_tls13);
        let (handshake, hellos) = (connection.handshake(), connection.client_hellos.len());
        let first = self.index;
        let Self { picture, opener, plaintext, selection, source, index, history, tickets, left_out, .. } = self;
        #[cfg(feature = "audit")]
        let (judge, has_keys) = (&mut self.judge, self.has_keys);
        let mut taken: Vec<Taken> = Vec::new();
        let source = &*source;
        let record = examine_connection(connection, source, first, opener, history, None, plaintext, &mut |record| {
            *index += 1;
            let Some(sighting) = &record.capture else { return };
            let Some(part) = part(handshake, is_tls13, hellos, sighting) else { return };
            // it has no key name, and there is no key that it could be of
            if matches!(record.unrecognised(), Some(Unrecognised::External | Unrecognised::Encrypted)) {
                return;
            }
            if !takes(selection, record.bytes, sighting.sni, Some(sighting.number.stream)) {
                *left_out += 1;
                return;
            }
            *tickets += 1;
            #[cfg(feature = "audit")]
            if has_keys {
                judge.seen(record, connection, sighting);
                judge.tell(picture);
            }
            if let Some(facts) = SessionFacts::of(record) {
                picture.session(facts);
            }
            taken.push(Taken::of(record, sighting, part));
        });
        let server = connection.server.to_string();
        for Taken { ticket, time, sni, key, part } in &taken {
            let (time, server, sni) = (Some(*time), Some(&*server), sni.as_deref());
            let seen = Seen { ticket, time, server, sni, source, part: *part };
            picture.add(seen, key.clone(), Some(record.reason));
        }
        if connection.has_hello() && selection.takes_connection(&record, !taken.is_empty()) {
            let client = connection.client.to_string();
            picture.connection(&Handshake::of(&record, &client, &server));
        }
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn notes(&self) -> &Notes {
        self.notes
    }
}

/// A ticket of a connection, kept until it is known why that went as it did.
struct Taken {
    ticket: Vec<u8>,
    time: Time,
    sni: Option<Vec<u8>>,
    key: Option<KnownKey>,
    part: Part,
}

impl Taken {
    fn of(record: &Record<'_>, sighting: &Sighting<'_>, part: Part) -> Self {
        Self {
            ticket: record.bytes.to_vec(),
            time: sighting.time,
            sni: sighting.sni.map(<[u8]>::to_vec),
            key: record.verdict.as_ref().ok().and_then(known_key),
            part,
        }
    }
}

fn takes(selection: &Selection, ticket: &[u8], sni: Option<&[u8]>, stream: Option<u64>) -> bool {
    selection.takes_ticket(ticket) && selection.takes_name(sni) && selection.takes_stream(stream)
}
